"""What an officer asks for: changes of a plan, and taking one back."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapDraft:
    """The mentors of two filled seats change places."""

    mentee_id: UUID
    slot_code: str
    other_mentee_id: UUID
    other_slot_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPinDraft:
    """This mentor for this mentee, in one slot or (``slot_code`` ``None``) in any."""

    mentee_id: UUID
    mentor_id: UUID
    slot_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForbidDraft:
    """Never these two, in this plan."""

    mentee_id: UUID
    mentor_id: UUID


ChangeDraft = SwapDraft | PlanPinDraft | ForbidDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentDraft:
    """Changes of one plan that are made together or not at all; a preview writes nothing and needs no reason."""

    plan_id: UUID
    changes: tuple[ChangeDraft, ...]
    reason: str | None = None
    expected_version: int | None = None
    is_preview: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoDraft:
    """One adjustment to be taken back, whatever was adjusted after it."""

    adjustment_id: UUID
    expected_version: int | None = None
    is_preview: bool = False
