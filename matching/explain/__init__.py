"""Explanations of a plan: why this mentor, why not that one, why nobody, and at what price."""

from matching.explain.answers import Explainer, explainer, explainer_of_result
from matching.explain.records import (
    Alternative,
    Hindrance,
    LevelPrice,
    MentorExplanation,
    Move,
    Reason,
    SeatExplanation,
    SeatRulesBroken,
    ServedMentee,
    WhyNot,
)

__all__ = [
    "Alternative",
    "Explainer",
    "Hindrance",
    "LevelPrice",
    "MentorExplanation",
    "Move",
    "Reason",
    "SeatExplanation",
    "SeatRulesBroken",
    "ServedMentee",
    "WhyNot",
    "explainer",
    "explainer_of_result",
]
