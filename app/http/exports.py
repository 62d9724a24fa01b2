"""Downloads of files made of rosters."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote
from uuid import UUID

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from app.access import Permission, Viewer, record
from app.access.cookies import secret_of
from app.db import Database, run_in_transaction
from app.errors import (
    AppError,
    AuditTrailError,
    DatabaseUnavailableError,
    ForbiddenError,
    NotFoundError,
    StorageFullError,
)
from app.models import ExportJob
from app.models.vocabulary import AuditAction, ExportFormat, ExportState
from app.reads.access import find_grant_for_cookie, find_grant_for_header
from app.reads.rosters import export_chunk, export_size, find_export
from app.rosters.exporter import require_form_classes

MEDIA_TYPES = {
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.PDF: "application/pdf",
}
CHUNK_BYTES = 262_144
"""Bytes of a file that are held at a time."""
PERSONAL = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


async def download_export(request: Request) -> Response:
    """The bytes of one export for a viewer whose territory holds all of it; every download is recorded."""
    database: Database = request.app.state.database
    try:
        header = request.headers.get("authorization")
        secret = secret_of(request.cookies, is_production=request.app.state.is_production)
        if header is None and secret is not None:
            # A link of our own page: the cookie does not come along with links of other sites.
            grant = await find_grant_for_cookie(database, secret, csrf=None, is_safe=True)
        else:
            grant = await find_grant_for_header(database, header)
        if grant is None:
            refusal = _refusal(401, "UNAUTHENTICATED", "Sign in with a valid token: Authorization: Bearer <token>.")
            refusal.headers["WWW-Authenticate"] = "Bearer"
            return refusal
        request.state.grant = grant
        job, size = await asyncio.to_thread(
            run_in_transaction, database, lambda session: _hand_out(session, grant.viewer, request.path_params["id"])
        )
    except (AuditTrailError, DatabaseUnavailableError, StorageFullError) as error:
        return _refusal(503, error.code, error.message)
    except AppError as error:
        return _refusal(403 if isinstance(error, ForbiddenError) else 404, error.code, error.message)
    headers = PERSONAL | {"Content-Disposition": content_disposition(job.file_name), "Content-Length": str(size)}
    return StreamingResponse(_chunks(database, job.id, size), media_type=MEDIA_TYPES[job.format], headers=headers)


async def _chunks(database: Database, export_id: UUID, size: int) -> AsyncIterator[bytes]:
    """The file, read bit by bit as the client takes it; a file never changes, but may be let go meanwhile."""

    def read(start: int) -> bytes | None:
        with database.read() as session:
            return export_chunk(session, export_id, start, CHUNK_BYTES)

    for start in range(0, size, CHUNK_BYTES):
        chunk = await asyncio.to_thread(read, start)
        if not chunk:
            # The headers are sent: all that can be done is to break off before the announced length.
            raise NotFoundError(f"File {export_id} was let go while it was sent.", f"文件 {export_id} 已按期清除。")
        yield chunk


def content_disposition(file_name: str) -> str:
    """The header for a file name in any script (RFC 5987), with an ASCII name for old clients.

    >>> content_disposition("花名册.xlsx")
    'attachment; filename="___.xlsx"; filename*=UTF-8\\'\\'%E8%8A%B1%E5%90%8D%E5%86%8C.xlsx'
    """
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "._- ") else "_" for char in file_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def _hand_out(session: Session, viewer: Viewer, text: str) -> tuple[ExportJob, int]:
    if not viewer.may(Permission.EXPORT):
        viewer.require(Permission.READ)
    require_form_classes(viewer)
    job = find_export(session, viewer, UUID(text)) if _is_uuid(text) else None
    size = export_size(session, job.id) if job is not None else None
    if job is None or job.state is not ExportState.DONE or size is None:
        raise NotFoundError(f"No file {text} in your territory.", f"辖区内没有文件 {text}。")
    record(
        session,
        viewer,
        AuditAction.EXPORT_DOWNLOADED,
        f"ExportJob {job.id}",
        county_id=job.county_id,
        form=job.form.value,
        roster=job.roster_id,
        purpose=job.purpose,
        mask_level=job.mask_level.value,
        row_count=job.row_count,
        sha256=job.file_sha256,
    )
    return job, size


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _refusal(status: int, code: str, message: str) -> JSONResponse:
    body = {"errors": [{"message": message, "extensions": {"code": code}}]}
    return JSONResponse(body, status_code=status, headers=PERSONAL)
