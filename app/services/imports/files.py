"""Uploaded files: kept encrypted with their batch, so that they can be read again whenever something is corrected."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePath
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.access import CODE_LENGTH, Permission, Viewer, covers_division
from app.crypto import PersonalDataCipher, WrongDataKeyError
from app.errors import InvalidInputError, InvalidStateError, NotFoundError
from app.models import Division, ImportBatch, ImportSource
from app.models.vocabulary import DivisionLevel, ImportState, Role
from app.services.imports.corrections import Correction, corrections_of
from app.services.imports.mappings import remembered_headers
from app.services.privacy.numbers import without_personal_numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A file with everything that was said about it: what reading it depends on, next to the county's records."""

    batch_id: UUID
    version: int
    county: Division
    file_name: str
    data: bytes
    mappings: Mapping[str, Any]
    remembered: Mapping[tuple[str, str], str | None]
    corrections: Mapping[tuple[str, str], Correction]


def receive_file(
    session: Session,
    viewer: Viewer,
    cipher: PersonalDataCipher,
    *,
    county_code: str,
    file_name: str,
    data: bytes,
    sender_code: str | None = None,
) -> ImportBatch:
    """Keep an uploaded file as a batch that has not been read yet.

    ``sender_code`` is the division that the file came from, by default the viewer's own territory inside the county:
    what is said about headers is remembered for the next file of the same sender.
    """
    viewer.require(Permission.EDIT_PEOPLE)
    county = county_of_import(session, viewer, county_code)
    batch = ImportBatch(
        county_id=county.id,
        sender_code=_sender(session, viewer, county, sender_code),
        file_name=_named(file_name),
        file_sha256=sha256(data).hexdigest(),
        state=ImportState.UPLOADED,
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(batch)
    session.flush()
    session.add(
        ImportSource(batch_id=batch.id, content_encrypted=cipher.encrypt(base64.b64encode(data).decode("ascii")))
    )
    session.flush()
    return batch


def _named(file_name: str) -> str:
    """The name under which a file is kept, in clear and for everybody who sees the batch: without any number."""
    return without_personal_numbers(PurePath(file_name.replace("\\", "/")).name)[-200:] or "workbook.xlsx"


def material_of(session: Session, cipher: PersonalDataCipher, batch: ImportBatch) -> Material:
    """The file of a batch with its corrections and mappings; refused once its content was let go."""
    source = session.exec(select(ImportSource).where(col(ImportSource.batch_id) == batch.id)).first()
    if source is None or source.content_encrypted is None or batch.county_id is None:
        raise InvalidStateError(
            "The file of this batch is not kept any more; upload it again.",
            "该批次的文件已不再保留，请重新上传。",
            path=("batch_id",),
        )
    try:
        data = base64.b64decode(cipher.decrypt(source.content_encrypted))
    except WrongDataKeyError:
        raise InvalidStateError(
            "The file cannot be decrypted with the present data keys; upload it again.",
            "现有密钥无法解密已上传的文件；请重新上传。",
            path=("batch_id",),
        ) from None
    return Material(
        batch_id=batch.id,
        version=batch.version,
        county=session.get_one(Division, batch.county_id),
        file_name=batch.file_name,
        data=data,
        mappings=dict(batch.mappings),
        remembered=remembered_headers(session, batch.county_id, batch.sender_code),
        corrections=corrections_of(session, batch.id, cipher),
    )


def drop_unread(session: Session, batch_id: UUID) -> None:
    """Remove a batch whose file turned out to be unreadable: nothing of it is worth keeping."""
    for table in (ImportSource, ImportBatch):
        key = ImportSource.batch_id if table is ImportSource else ImportBatch.id
        session.connection().execute(delete(table).where(col(key) == batch_id))


def county_of_import(session: Session, viewer: Viewer, county_code: str) -> Division:
    """The county of a 6- or 12-digit code, if the viewer's territory touches it."""
    code = county_code.strip()
    statement = select(Division).where(
        col(Division.level) == DivisionLevel.COUNTY, col(Division.code).in_([code, f"{code}000000"])
    )
    county = session.exec(statement.order_by(col(Division.valid_from).desc())).first()
    is_inside = county is not None and (viewer.county_ids is None or county.id in viewer.county_ids)
    if county is None or not is_inside or viewer.role in (Role.MENTOR, Role.MENTEE):
        raise NotFoundError(
            "No county of this code in your territory.", "辖区内没有该代码的县。", path=("county_code",)
        )
    return county


def _sender(session: Session, viewer: Viewer, county: Division, code: str | None) -> str:
    if code is None:
        own = viewer.code_prefix
        return own.ljust(12, "0") if len(own) > CODE_LENGTH[DivisionLevel.COUNTY] else county.code
    full = code.strip().ljust(12, "0")
    known = session.exec(
        select(Division.id).where(col(Division.code) == full, col(Division.county_id) == county.id)
    ).first()
    if known is None or not covers_division(viewer, full):
        raise InvalidInputError(
            f"No division {code.strip()[:12]} of this county in your territory; name the township that sent the file.",
            f"辖区内本县没有代码为 {code.strip()[:12]} 的区划；请填写报送该文件的乡镇代码。",
            path=("sender_code",),
        )
    return full
