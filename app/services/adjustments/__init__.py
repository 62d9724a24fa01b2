"""Adjusting a plan by hand: checked at once against every rule, shown with what it moves and costs, and undoable."""

from app.services.adjustments.drafts import AdjustmentDraft, ForbidDraft, PlanPinDraft, SwapDraft, UndoDraft
from app.services.adjustments.effect import LevelChange, LinkChange, PlanEffect, SeatRef
from app.services.adjustments.service import Adjusted, adjust_match_plan, undo_plan_adjustment

__all__ = [
    "Adjusted",
    "AdjustmentDraft",
    "ForbidDraft",
    "LevelChange",
    "LinkChange",
    "PlanEffect",
    "PlanPinDraft",
    "SeatRef",
    "SwapDraft",
    "UndoDraft",
    "adjust_match_plan",
    "undo_plan_adjustment",
]
