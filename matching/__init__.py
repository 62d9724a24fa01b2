"""Mentor matching as a pure library: facts and a policy in, a verified plan out."""

from matching.diagnose import (
    Certificate,
    Claim,
    Diagnosis,
    HallSet,
    Remedy,
    RemedyKind,
    Words,
    apply_remedy,
    certificate_words,
    conflict_words,
    diagnose,
    remedy_words,
)
from matching.errors import (
    ConstraintKind,
    EmptyPoolError,
    InvalidFactsError,
    InvalidPolicyError,
    InvalidTradeOffError,
    MatchingError,
    PinConflictError,
    PinConstraint,
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
    "Certificate",
    "Claim",
    "ConstraintKind",
    "Contribution",
    "Diagnosis",
    "EmptyPoolError",
    "ExcludedMentee",
    "Exclusion",
    "Facts",
    "FairnessAxis",
    "FairnessMode",
    "FilledSeat",
    "Geography",
    "HallSet",
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
    "PinConstraint",
    "Place",
    "PointMethod",
    "Policy",
    "Preference",
    "Remedy",
    "RemedyKind",
    "Result",
    "Shortfall",
    "SolverFailedError",
    "TradeOff",
    "TradeOffPoint",
    "Violation",
    "Words",
    "apply_remedy",
    "certificate_words",
    "conflict_words",
    "diagnose",
    "explain_blocked",
    "fairness_axis",
    "remedy_words",
    "solve",
    "trade_off",
    "verify",
]
