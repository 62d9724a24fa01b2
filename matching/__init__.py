"""Mentor matching as a pure library: facts and a policy in, a verified plan out."""

from matching.errors import (
    EmptyPoolError,
    InvalidFactsError,
    InvalidPolicyError,
    MatchingError,
    PinConflictError,
    SolverFailedError,
)
from matching.facts import (
    Exclusion,
    Facts,
    Geography,
    Kinship,
    Mentee,
    Mentor,
    Pin,
    Place,
    Preference,
)
from matching.policy import PRESETS, WEIGHT_PRESETS, Policy
from matching.result import Contribution, ExcludedMentee, FilledSeat, Level, Result
from matching.rules import MenteeExclusion, explain_blocked
from matching.shortfalls import Shortfall
from matching.solution import LevelName
from matching.solve import solve
from matching.verify import Violation, verify

__all__ = [
    "PRESETS",
    "WEIGHT_PRESETS",
    "Contribution",
    "EmptyPoolError",
    "ExcludedMentee",
    "Exclusion",
    "Facts",
    "FilledSeat",
    "Geography",
    "InvalidFactsError",
    "InvalidPolicyError",
    "Kinship",
    "Level",
    "LevelName",
    "MatchingError",
    "Mentee",
    "MenteeExclusion",
    "Mentor",
    "Pin",
    "PinConflictError",
    "Place",
    "Policy",
    "Preference",
    "Result",
    "Shortfall",
    "SolverFailedError",
    "Violation",
    "explain_blocked",
    "solve",
    "verify",
]
