"""Which batch a viewer may touch, and in which state."""

from uuid import UUID

from sqlmodel import Session

from app.access import Viewer, covers_division, get_in_county
from app.errors import InvalidStateError, NotFoundError
from app.labels import label
from app.models import Division, ImportBatch
from app.models.vocabulary import ImportState

OPEN_STATES = frozenset({ImportState.UPLOADED, ImportState.PARSED, ImportState.HAS_ERRORS, ImportState.READY})


def get_batch(session: Session, viewer: Viewer, batch_id: UUID, *, lock: bool = False) -> ImportBatch:
    """The batch; below county level that of another officer reads as absent, and one's own of a former office."""
    batch = get_in_county(session, viewer, ImportBatch, batch_id, path=("batch_id",))
    county = session.get_one(Division, batch.county_id)
    is_own = batch.created_by == viewer.subject and covers_division(viewer, batch.sender_code)
    if not is_own and not covers_division(viewer, county.code):
        raise NotFoundError(
            f"No ImportBatch {batch_id} in your territory.", f"辖区内没有导入批次 {batch_id}。", path=("batch_id",)
        )
    if lock:
        session.refresh(batch, with_for_update=True)
    return batch


def require_open(batch: ImportBatch) -> None:
    """Refuse a batch that was committed, discarded or taken back."""
    if batch.state not in OPEN_STATES:
        raise wrong_state(batch)


def wrong_state(batch: ImportBatch) -> InvalidStateError:
    """The refusal of a step that the state of the batch does not allow."""
    return InvalidStateError(
        f"The batch is {batch.state}; upload the file again.",
        f"该批次{label(batch.state)}，不能再作此操作；如需重新导入，请再次上传文件。",
        path=("batch_id",),
    )
