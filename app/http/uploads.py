"""Doors that take a file: who may send one, how large it may be, and what a refusal reads like."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from typing import ClassVar
from uuid import UUID

from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from app.access import Permission, Viewer
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
    InvalidStateError,
    NotFoundError,
    StorageFullError,
    WorkbookError,
)
from app.reads.access import find_grant_for_cookie, find_grant_for_header

FORM_BYTES = 16_384
"""What the form takes beside the file."""
BODY_WAIT_S = 120.0
"""Seconds within which a file must have arrived: 20 MB over a slow line."""
MOST_AT_ONCE = 2
"""Files that are read at once: each takes a core and some hundred MB."""
MOST_ARRIVING = 8
"""Files of one door that arrive at once: each is held in memory."""
PERSONAL = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Vary": "Cookie"}

GlobalId = Callable[[str, UUID], str]
"""The id under which GraphQL knows a row of a type."""


class TooLargeError(Exception):
    """The body of a request is larger than allowed."""


class _InMemory(MultiPartParser):
    """The library's parser, keeping the file in memory: it must not lie on a disk in clear, not even for a moment."""

    spool_max_size = 1 << 40


class UploadDoor(ABC):
    """A door that takes a form with a file; ``turn`` is shared by all of them."""

    permission: ClassVar[Permission]
    wanted: ClassVar[tuple[str, str]]
    """What the form has to hold, in English and Chinese."""

    def __init__(
        self,
        database: Database,
        cipher: PersonalDataCipher,
        settings: Settings,
        global_id: GlobalId,
        turn: asyncio.Semaphore,
    ) -> None:
        self.global_id = global_id
        self.database = database
        self.cipher = cipher
        self.max_bytes = settings.max_upload_mb * 2**20
        self.is_production = settings.profile is Profile.PRODUCTION
        self.turn = turn
        self.arriving = asyncio.Semaphore(MOST_ARRIVING)

    @abstractmethod
    def take(self, viewer: Viewer, request: Request, file_name: str, data: bytes, form: FormData) -> JSONResponse:
        """Answer with what the file comes to; runs on a thread of its own."""

    async def answer(self, request: Request) -> JSONResponse:
        """Take a file of somebody who may send it."""
        try:
            grant = await self._grant(request)
            if grant is None:
                refusal = _told(401, "UNAUTHENTICATED", "Sign in with a valid token.", "请使用有效令牌登录。")
                refusal.headers["WWW-Authenticate"] = "Bearer"
                return refusal
            request.state.grant = grant
            # Asked before the body is read: nobody else may make the server hold a file.
            grant.viewer.require(self.permission)
            async with self.arriving, asyncio.timeout(BODY_WAIT_S):
                form = await self._form(request)
                try:
                    file = form.get("file")
                    if not isinstance(file, UploadFile):
                        raise self.incomplete()
                    data = await file.read()
                finally:
                    await form.close()
            name = file.filename or "workbook.xlsx"
            # A slow line must not keep others from being read.
            async with self.turn:
                return await asyncio.to_thread(self.take, grant.viewer, request, name, data, form)
        except TooLargeError:
            most = self.max_bytes // 2**20
            return _told(
                413,
                "TOO_LARGE",
                f"The file is larger than {most} MB; split it by township.",
                f"文件超过{most} MB，请按乡镇拆分。",
            )
        except (AuditTrailError, DatabaseUnavailableError, StorageFullError) as refusal:
            return _refusal(503, refusal)
        except ForbiddenError as refusal:
            return _refusal(403, refusal)
        except NotFoundError as refusal:
            return _refusal(404, refusal)
        except InvalidStateError as refusal:
            return _refusal(409, refusal)
        except WorkbookError as refusal:
            return _refusal(422, refusal)
        except AppError as refusal:
            return _refusal(400, refusal)
        except TimeoutError:
            return _told(408, "TIMED_OUT", "The file did not arrive in time.", "文件未在规定时间内传完。")
        except (ClientDisconnect, MultiPartException, FormParserError):
            return _told(400, "BAD_REQUEST", "The form did not arrive whole.", "表单不完整。")

    def incomplete(self) -> InvalidInputError:
        """The refusal of a form without what it has to hold."""
        english, chinese = self.wanted
        return InvalidInputError(f"The form needs {english}.", f"表单须包含{chinese}。")

    async def _grant(self, request: Request) -> Grant | None:
        header = request.headers.get("authorization")
        secret = secret_of(request.cookies, is_production=self.is_production)
        if header is None and secret is not None:
            csrf = request.headers.get(CSRF_HEADER)
            return await find_grant_for_cookie(self.database, secret, csrf=csrf, is_safe=False)
        return await find_grant_for_header(self.database, header)

    async def _form(self, request: Request) -> FormData:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
            english, chinese = self.wanted
            raise InvalidInputError(
                f"Send multipart/form-data with {english}.", f"请以 multipart/form-data 提交{chinese}。"
            )
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self.max_bytes + FORM_BYTES:
            raise TooLargeError
        parser = _InMemory(request.headers, self._counted(request), max_files=1, max_fields=4, max_part_size=FORM_BYTES)
        return await parser.parse()

    async def _counted(self, request: Request) -> AsyncGenerator[bytes, None]:
        """The body, cut off where it grows too large, whatever its headers announced."""
        n_bytes = 0
        async for chunk in request.stream():
            n_bytes += len(chunk)
            if n_bytes > self.max_bytes + FORM_BYTES:
                raise TooLargeError
            yield chunk


def text_field(form: FormData, name: str) -> str | None:
    """The trimmed text of a field; ``None`` when nothing is in it."""
    value = form.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _refusal(status: int, error: AppError) -> JSONResponse:
    return _told(status, error.code, error.message, error.message_zh)


def _told(status: int, code: str, message: str, message_zh: str) -> JSONResponse:
    error = {"message": message, "extensions": {"code": code, "messageZh": message_zh}}
    return JSONResponse({"errors": [error]}, status_code=status, headers=PERSONAL)
