"""Signing in and out by password: ``POST``, ``GET`` and ``DELETE /session``. The cookie is for browsers only."""

import asyncio
import math
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from app.access import Viewer
from app.access.cookies import CSRF_HEADER, cookie_name, secret_of
from app.access.sessions import SESSION_LASTS, csrf_token
from app.config import Profile, Settings
from app.db import Database, run_in_transaction
from app.errors import AppError, AuditTrailError, DatabaseUnavailableError, ForbiddenError, StorageFullError
from app.rate import RateLimit
from app.reads.access import find_grant_for_cookie
from app.services.access import SignInRefusedError, sign_in, sign_out

MAX_BYTES, BODY_WAIT_S = 4_096, 10.0
"""What a login and a password take at most, and the seconds within which they must have arrived."""
IPV6_SITE = 64
"""Bits of an IPv6 address that all machines of a site have in common (RFC 4291, 2.5.4)."""
MOST_AT_ONCE, MOST_WAITING = 2, 30
"""Passwords that are looked at at once, each with 64 MiB, and sign-ins that may wait for it."""

FAILURES_AT_ONCE, SECONDS_PER_FAILURE = 30, 4.0
"""Sign-ins that may fail from one address at once, and after how long it may fail once more: an office of hundreds
behind one address mistypes less often, and what succeeds costs nothing."""

PERSONAL = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Vary": "Cookie"}


class SessionDoor:
    """The three answers of ``/session``."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.is_production = settings.profile is Profile.PRODUCTION
        self.turn = asyncio.Semaphore(MOST_AT_ONCE)
        self.n_waiting = 0
        self.failures = RateLimit(capacity=FAILURES_AT_ONCE, per_second=1 / SECONDS_PER_FAILURE)

    async def answer(self, request: Request) -> JSONResponse:
        """Sign in, tell who is signed in, or sign out."""
        try:
            if request.method == "POST":
                return await self._sign_in(request)
            if request.method == "DELETE":
                return await self._sign_out(request)
            return await self._tell(request)
        except (AuditTrailError, DatabaseUnavailableError, StorageFullError) as refusal:
            return _refusal(503, refusal)
        except SignInRefusedError as refusal:
            return _refusal(401, refusal)
        except AppError as refusal:
            return _refusal(403, refusal)
        except ClientDisconnect:
            return _told(400, "BAD_REQUEST", "The body did not arrive.", "请求体不完整。")

    async def _sign_in(self, request: Request) -> JSONResponse:
        if not _is_own_page(request):
            raise ForbiddenError("Pages of another origin cannot sign in here.", "不允许其他来源的页面登录。")
        given = await _body(request)
        if given is None:
            return _told(
                400,
                "BAD_REQUEST",
                'Send {"login": "...", "password": "..."} as application/json.',
                "请以 application/json 发送 login 与 password。",
            )
        if self.n_waiting >= MOST_WAITING:
            return _later(2, "Too many sign-ins at once; try again.", "登录请求过多，请稍后重试。")
        address = _address(request)
        # Taken before and given back, so that many at once are not more than the limit either.
        wait_s = self.failures.take(address, 1)
        if wait_s > 0:
            return _later(
                math.ceil(wait_s),
                "Too many sign-ins have failed from this address; try again later.",
                "该地址登录失败次数过多，请稍后重试。",
            )
        self.n_waiting += 1
        is_failure = True
        try:
            async with self.turn:
                signed_in = await asyncio.to_thread(sign_in, self.database, given["login"], given["password"])
            is_failure = False
        except AppError as refusal:
            is_failure = isinstance(refusal, SignInRefusedError)
            raise
        finally:
            self.n_waiting -= 1
            if not is_failure:
                self.failures.give_back(address, 1)
        response = JSONResponse(
            _shown(signed_in.viewer, signed_in.csrf, must_change_password=signed_in.must_change_password),
            headers=PERSONAL,
        )
        response.set_cookie(
            cookie_name(is_production=self.is_production),
            signed_in.secret,
            max_age=int(SESSION_LASTS.total_seconds()),
            path="/",
            secure=self.is_production,
            httponly=True,
            samesite="strict",
        )
        return response

    async def _tell(self, request: Request) -> JSONResponse:
        secret = secret_of(request.cookies, is_production=self.is_production)
        grant = None
        if secret is not None:
            grant = await find_grant_for_cookie(self.database, secret, csrf=None, is_safe=True)
        if secret is None or grant is None:
            return _told(401, "UNAUTHENTICATED", "Nobody is signed in here.", "尚未登录。")
        return JSONResponse(
            _shown(grant.viewer, csrf_token(secret), must_change_password=grant.viewer.scopes is not None),
            headers=PERSONAL,
        )

    async def _sign_out(self, request: Request) -> JSONResponse:
        secret = secret_of(request.cookies, is_production=self.is_production)
        if secret is not None:
            # Asked for its CSRF token like every other change.
            await find_grant_for_cookie(self.database, secret, csrf=request.headers.get(CSRF_HEADER), is_safe=False)
            await asyncio.to_thread(run_in_transaction, self.database, lambda session: sign_out(session, secret))
        response = JSONResponse({"signedOut": True}, headers=PERSONAL)
        response.delete_cookie(
            cookie_name(is_production=self.is_production),
            path="/",
            secure=self.is_production,
            httponly=True,
            samesite="strict",
        )
        return response


def _is_own_page(request: Request) -> bool:
    """Whether a page of this host asks, or no page at all: browsers always name the origin of a POST."""
    origin = request.headers.get("origin")
    if origin is None:
        return True
    scheme, _, host = origin.partition("://")
    return scheme in ("http", "https") and host == request.headers.get("host")


def _address(request: Request) -> str:
    """The address that a request comes from; of IPv6 the network of the site, which has addresses without end."""
    host = "" if request.client is None else request.client.host
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, IPV6_SITE), strict=False))
    return host


async def _body(request: Request) -> dict[str, str] | None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return None
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WAIT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BYTES:
                    return None
    except TimeoutError:
        return None
    try:
        given: Any = orjson.loads(bytes(body))
    except orjson.JSONDecodeError:
        return None
    is_right = isinstance(given, dict) and all(isinstance(given.get(name), str) for name in ("login", "password"))
    # Of a login only: passwords may hold whatever was accepted when they were set, wide spaces and emoji too.
    return given if is_right and given["login"].isprintable() else None


def _shown(viewer: Viewer, csrf: str, *, must_change_password: bool) -> dict[str, object]:
    return {
        "subject": viewer.subject,
        "role": viewer.role.value,
        "codePrefix": viewer.code_prefix,
        "mustChangePassword": must_change_password,
        "csrfToken": csrf,
    }


def _later(seconds: int, message: str, message_zh: str) -> JSONResponse:
    refusal = _told(429, "RATE_LIMITED", message, message_zh)
    refusal.headers["Retry-After"] = str(seconds)
    return refusal


def _refusal(status: int, error: AppError) -> JSONResponse:
    return _told(status, error.code, error.message, error.message_zh)


def _told(status: int, code: str, message: str, message_zh: str) -> JSONResponse:
    error = {"message": message, "extensions": {"code": code, "messageZh": message_zh}}
    return JSONResponse({"errors": [error]}, status_code=status, headers=PERSONAL)
