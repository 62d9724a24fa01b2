"""The certified curve between geography and experience: what more of the one costs of the other, plan by plan."""

from matching.tradeoff.apart import CurvePoint, CurveResult, curve, curve_from_json, curve_to_json
from matching.tradeoff.envelope import Ceiling, Cut, Envelope
from matching.tradeoff.fairness import fairness_axis
from matching.tradeoff.points import (
    FairnessAxis,
    FairnessPoint,
    PointMethod,
    PresetPoint,
    Region,
    TradeOff,
    TradeOffPoint,
)
from matching.tradeoff.run import trade_off

__all__ = [
    "Ceiling",
    "CurvePoint",
    "CurveResult",
    "Cut",
    "Envelope",
    "FairnessAxis",
    "FairnessPoint",
    "PointMethod",
    "PresetPoint",
    "Region",
    "TradeOff",
    "TradeOffPoint",
    "curve",
    "curve_from_json",
    "curve_to_json",
    "fairness_axis",
    "trade_off",
]
