"""Reading access: who a token or a session stands for, and the division that is the viewer's territory."""

import asyncio
from collections.abc import Iterable
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Credential, CredentialKind, Grant, Viewer, find_grant, grants_by_token
from app.access.sessions import (
    find_session,
    grants_by_session,
    has_csrf_token,
    must_touch,
    session_grant,
    touch_session,
)
from app.db import Database, run_in_transaction, utc_now
from app.errors import ForbiddenError
from app.models import Division


async def find_grant_for_header(database: Database, authorization: str | None) -> Grant | None:
    """What an ``Authorization: Bearer`` header gives, looked up on a worker thread; ``None`` for anything else."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None

    def look_up() -> Grant | None:
        with database.read() as session:
            return find_grant(session, token.strip())

    return await asyncio.to_thread(look_up)


async def find_grant_for_cookie(database: Database, secret: str, *, csrf: str | None, is_safe: bool) -> Grant | None:
    """What the cookie of a session gives, looked up on a worker thread; ``None`` when the session is over.

    A browser sends the cookie by itself, whoever asked it to: ``ForbiddenError`` unless the page shows the session's
    CSRF token too. Only what is ``is_safe``, a file that is fetched, is answered without.
    """
    if not is_safe and not has_csrf_token(secret, csrf):
        raise ForbiddenError(
            "Send the session's CSRF token as well: header X-CSRF-Token (GET /session tells it).",
            "请同时发送会话的 CSRF 令牌：请求头 X-CSRF-Token（可由 GET /session 获取）。",
        )

    def look_up() -> Grant | None:
        now = utc_now()
        with database.read() as session:
            row = find_session(session, secret, now=now)
            grant = None if row is None else session_grant(session, row, now=now)
            is_old = row is not None and must_touch(row, now)
        if grant is not None and is_old:
            session_id = grant.credential.id
            run_in_transaction(database, lambda session: touch_session(session, session_id, now=now))
        return grant

    return await asyncio.to_thread(look_up)


def viewers_of(database: Database, credentials: Iterable[Credential]) -> dict[Credential, Viewer]:
    """Whom credentials stand for at this moment; those that expired or were ended are left out."""
    by_kind: dict[CredentialKind, list[UUID]] = {kind: [] for kind in CredentialKind}
    for credential in credentials:
        by_kind[credential.kind].append(credential.id)
    with database.read() as session:
        grants = (
            *grants_by_token(session, by_kind[CredentialKind.TOKEN]).values(),
            *grants_by_session(session, by_kind[CredentialKind.SESSION], now=utc_now()).values(),
        )
    return {grant.credential: grant.viewer for grant in grants}


def territory_division(session: Session, viewer: Viewer) -> Division | None:
    """The division in force that is the viewer's territory; ``None`` for the whole country."""
    if not viewer.code_prefix:
        return None
    code = viewer.code_prefix.ljust(12, "0")
    newest = select(Division).where(col(Division.code) == code).order_by(col(Division.valid_from).desc())
    return session.exec(newest).first()
