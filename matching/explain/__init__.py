"""Explanations of a plan: why this mentor, why not that one, why nobody, and at what price."""

from matching.explain.answers import Explainer
from matching.explain.contexts import explainer, explainer_of_links, explainer_of_result
from matching.explain.records import (
    Alternative,
    Hindrance,
    LevelPrice,
    MentorExplanation,
    Move,
    Pricing,
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
    "Pricing",
    "Reason",
    "SeatExplanation",
    "SeatRulesBroken",
    "ServedMentee",
    "WhyNot",
    "explainer",
    "explainer_of_links",
    "explainer_of_result",
]
