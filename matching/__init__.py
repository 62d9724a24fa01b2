"""Mentor matching as a pure library: facts and a policy in, a verified plan out."""

from matching.errors import (
    EmptyPoolError,
    InvalidFactsError,
    InvalidPolicyError,
    InvalidTradeOffError,
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
from matching.policy_options import FairnessMode
from matching.result import Contribution, ExcludedMentee, FilledSeat, Level, Result
from matching.rules import MenteeExclusion, explain_blocked
from matching.shortfalls import Shortfall
from matching.solution import LevelName
from matching.solve import solve
from matching.tradeoff import FairnessAxis, PointMethod, TradeOff, TradeOffPoint, fairness_axis, trade_off
from matching.verify import Violation, verify

__all__ = [
    "PRESETS",
    "WEIGHT_PRESETS",
    "Contribution",
    "EmptyPoolError",
    "ExcludedMentee",
    "Exclusion",
    "Facts",
    "FairnessAxis",
    "FairnessMode",
    "FilledSeat",
    "Geography",
    "InvalidFactsError",
    "InvalidPolicyError",
    "InvalidTradeOffError",
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
    "PointMethod",
    "Policy",
    "Preference",
    "Result",
    "Shortfall",
    "SolverFailedError",
    "TradeOff",
    "TradeOffPoint",
    "Violation",
    "explain_blocked",
    "fairness_axis",
    "solve",
    "trade_off",
    "verify",
]
