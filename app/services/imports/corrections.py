"""Corrections of an uploaded file: a text in place of a cell, or a row left out. The file itself is never changed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, record
from app.crypto import PersonalDataCipher
from app.errors import InvalidInputError
from app.models import ImportBatch, ImportCorrection
from app.models.vocabulary import AuditAction, ImportState
from app.services.imports.state import require_open
from app.services.people.records import stamp

MOST_AT_ONCE = 1_000
MAX_TEXT = 500
_CELL = re.compile(r"[A-Z]{1,3}[1-9]\d{0,6}")
_ROW = re.compile(r"[1-9]\d{0,6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A text for a cell, or the leaving out of a row."""

    text: str | None = None
    is_row_skipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionDraft:
    """One correction: the text that a cell is to hold (empty: nothing), a row to leave out, or an end of either.

    ``cell`` is an address such as ``E17``, ``row`` the number of a row; exactly one of them is given.
    """

    sheet: str
    cell: str | None = None
    row: int | None = None
    text: str | None = None
    is_withdrawn: bool = False


def corrections_of(session: Session, batch_id: UUID, cipher: PersonalDataCipher) -> dict[tuple[str, str], Correction]:
    """The corrections of a batch by sheet and address."""
    rows = session.exec(select(ImportCorrection).where(col(ImportCorrection.batch_id) == batch_id))
    return {
        (row.sheet, row.cell): Correction(
            text=None if row.text_encrypted is None else cipher.decrypt(row.text_encrypted),
            is_row_skipped=row.is_row_skipped,
        )
        for row in rows
    }


def correct_import(
    session: Session,
    viewer: Viewer,
    cipher: PersonalDataCipher,
    batch: ImportBatch,
    drafts: Sequence[CorrectionDraft],
) -> None:
    """Keep corrections of an open batch, all or none; it must be read again before it can be committed."""
    viewer.require(Permission.EDIT_PEOPLE)
    require_open(batch)
    if not 1 <= len(drafts) <= MOST_AT_ONCE:
        raise InvalidInputError(
            f"Give 1 to {MOST_AT_ONCE} corrections at a time.",
            f"一次请提交1至{MOST_AT_ONCE}条更正。",
            path=("corrections",),
        )
    stored = {
        (row.sheet, row.cell): row
        for row in session.exec(select(ImportCorrection).where(col(ImportCorrection.batch_id) == batch.id))
    }
    for place, draft in enumerate(drafts):
        key = (draft.sheet, _address(draft, place))
        row = stored.get(key)
        if draft.is_withdrawn:
            if row is not None:
                session.delete(stored.pop(key))
            continue
        if row is None:
            row = stored[key] = ImportCorrection(
                batch_id=batch.id, sheet=key[0], cell=key[1], created_by=viewer.subject, updated_by=viewer.subject
            )
        else:
            stamp(row, viewer)
        row.is_row_skipped = draft.row is not None
        row.text_encrypted = None if draft.row is not None else cipher.encrypt((draft.text or "").strip())
        session.add(row)
    batch.state = ImportState.UPLOADED
    stamp(batch, viewer)
    session.add(batch)
    record(
        session,
        viewer,
        AuditAction.IMPORT_CORRECTED,
        f"ImportBatch {batch.id}",
        county_id=batch.county_id,
        n_corrections=len(drafts),
        file_sha256=batch.file_sha256,
    )
    session.flush()


def _address(draft: CorrectionDraft, place: int) -> str:
    path = ("corrections", str(place))
    if (draft.cell is None) == (draft.row is None):
        raise InvalidInputError(
            f"Correction {place + 1} must name either a cell or a row.",
            f"第{place + 1}条更正须指明单元格或行号（二者选一）。",
            path=path,
        )
    address = str(draft.row) if draft.cell is None else draft.cell.strip().upper()
    if not (_ROW if draft.cell is None else _CELL).fullmatch(address) or not 1 <= len(draft.sheet) <= 80:
        raise InvalidInputError(
            f"Correction {place + 1} names no cell such as E17, or no sheet.",
            f"第{place + 1}条更正的单元格（如E17）或工作表名称有误。",
            path=path,
        )
    if draft.text is not None and (draft.row is not None or len(draft.text) > MAX_TEXT):
        raise InvalidInputError(
            f"Correction {place + 1} has a text longer than {MAX_TEXT} characters, or one for a row that is left out.",
            f"第{place + 1}条更正的内容超过{MAX_TEXT}字，或在跳过的行上填写了内容。",
            path=path,
        )
    return address
