"""Uploading files: ``POST /imports``, a form with the file, the county and, if known, the sender."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from uuid import UUID

from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from app.access import Permission
from app.access.cookies import CSRF_HEADER, secret_of
from app.access.grants import Grant
from app.config import Profile, Settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import (
    AppError,
    AuditTrailError,
    DatabaseUnavailableError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    StorageFullError,
    WorkbookError,
)
from app.models import ImportBatch
from app.reads.access import find_grant_for_cookie, find_grant_for_header
from app.rosters.importer import receive_and_read

FORM_BYTES = 16_384
"""What the form takes beside the file."""
BODY_WAIT_S = 120.0
"""Seconds within which a file must have arrived: 20 MB over a slow line."""
MOST_AT_ONCE = 2
"""Files that are read at once: each takes a core and some hundred MB."""
PERSONAL = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Vary": "Cookie"}


GlobalId = Callable[[str, UUID], str]
"""The id under which GraphQL knows a row of a type."""


class TooLargeError(AppError):
    """The body of a request is larger than allowed."""

    code = "TOO_LARGE"


class _InMemory(MultiPartParser):
    """The library's parser, keeping the file in memory: it must not lie on a disk in clear, not even for a moment."""

    spool_max_size = 1 << 40


class ImportDoor:
    """The answer of ``/imports``."""

    def __init__(self, database: Database, cipher: PersonalDataCipher, settings: Settings, global_id: GlobalId) -> None:
        self.global_id = global_id
        self.database = database
        self.cipher = cipher
        self.max_bytes = settings.max_upload_mb * 2**20
        self.is_production = settings.profile is Profile.PRODUCTION
        self.turn = asyncio.Semaphore(MOST_AT_ONCE)

    async def answer(self, request: Request) -> JSONResponse:
        """Keep and read a file; the batch is then looked at, corrected and committed through GraphQL."""
        try:
            grant = await self._grant(request)
            if grant is None:
                refusal = _told(401, "UNAUTHENTICATED", "Sign in with a valid token.", "请使用有效令牌登录。")
                refusal.headers["WWW-Authenticate"] = "Bearer"
                return refusal
            request.state.grant = grant
            # Asked before the body is read: nobody else may make the server hold a file.
            grant.viewer.require(Permission.EDIT_PEOPLE)
            async with self.turn, asyncio.timeout(BODY_WAIT_S) as waiting:
                form = await self._form(request)
                try:
                    file, county, sender = _fields(form)
                    data = await file.read()
                finally:
                    await form.close()
                waiting.reschedule(None)
                batch = await asyncio.to_thread(
                    receive_and_read,
                    self.database,
                    grant.viewer,
                    self.cipher,
                    county_code=county,
                    file_name=file.filename or "workbook.xlsx",
                    data=data,
                    sender_code=sender,
                )
        except TooLargeError as refusal:
            return _refusal(413, refusal)
        except (AuditTrailError, DatabaseUnavailableError, StorageFullError) as refusal:
            return _refusal(503, refusal)
        except ForbiddenError as refusal:
            return _refusal(403, refusal)
        except NotFoundError as refusal:
            return _refusal(404, refusal)
        except WorkbookError as refusal:
            return _refusal(422, refusal)
        except AppError as refusal:
            return _refusal(400, refusal)
        except TimeoutError:
            return _told(408, "TIMED_OUT", "The file did not arrive in time.", "文件未在规定时间内传完。")
        except (ClientDisconnect, MultiPartException, FormParserError):
            return _told(400, "BAD_REQUEST", "The form did not arrive whole.", "表单不完整。")
        return JSONResponse({"importBatch": self._shown(batch)}, status_code=201, headers=PERSONAL)

    def _shown(self, batch: ImportBatch) -> dict[str, object]:
        return {
            "id": self.global_id("ImportBatch", batch.id),
            "fileName": batch.file_name,
            "fileSha256": batch.file_sha256,
            "state": batch.state.value,
            "counts": batch.counts,
        }

    async def _grant(self, request: Request) -> Grant | None:
        header = request.headers.get("authorization")
        secret = secret_of(request.cookies, is_production=self.is_production)
        if header is None and secret is not None:
            csrf = request.headers.get(CSRF_HEADER)
            return await find_grant_for_cookie(self.database, secret, csrf=csrf, is_safe=False)
        return await find_grant_for_header(self.database, header)

    async def _form(self, request: Request) -> FormData:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
            raise InvalidInputError(
                "Send multipart/form-data with the fields file and county.",
                "请以 multipart/form-data 提交 file 与 county 字段。",
            )
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self.max_bytes + FORM_BYTES:
            raise self._too_large()
        parser = _InMemory(request.headers, self._counted(request), max_files=1, max_fields=4, max_part_size=FORM_BYTES)
        return await parser.parse()

    async def _counted(self, request: Request) -> AsyncGenerator[bytes, None]:
        """The body, cut off where it grows too large, whatever its headers announced."""
        n_bytes = 0
        async for chunk in request.stream():
            n_bytes += len(chunk)
            if n_bytes > self.max_bytes + FORM_BYTES:
                raise self._too_large()
            yield chunk

    def _too_large(self) -> TooLargeError:
        most = self.max_bytes // 2**20
        return TooLargeError(
            f"The file is larger than {most} MB; split it by township.", f"文件超过{most} MB，请按乡镇拆分。"
        )


def _fields(form: FormData) -> tuple[UploadFile, str, str | None]:
    file, county, sender = form.get("file"), form.get("county"), form.get("sender")
    if not isinstance(file, UploadFile) or not isinstance(county, str) or not county.strip():
        raise InvalidInputError(
            "The form needs the file in the field file and the code of the county in the field county.",
            "表单须包含文件（file）和县级区划代码（county）。",
        )
    return file, county, sender.strip() if isinstance(sender, str) and sender.strip() else None


def _refusal(status: int, error: AppError) -> JSONResponse:
    return _told(status, error.code, error.message, error.message_zh)


def _told(status: int, code: str, message: str, message_zh: str) -> JSONResponse:
    error = {"message": message, "extensions": {"code": code, "messageZh": message_zh}}
    return JSONResponse({"errors": [error]}, status_code=status, headers=PERSONAL)
