"""Sessions of users in browsers: a secret in a cookie, its hash in the table, an end that comes by itself."""

import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.access.grants import Credential, CredentialKind, Grant
from app.access.offices import BEFORE_PASSWORD, end_of_office, local_day, office_on, viewer_of_office
from app.db import utc_now
from app.models import UserAccount, UserSession

SESSION_LASTS, SESSION_IDLES = timedelta(hours=12), timedelta(minutes=60)
"""A session ends with the working day, and when nothing was asked for so long."""

TOUCHING = timedelta(minutes=1)
"""How old the last use of a session must be before a further one is written down."""


def hash_secret(secret: str) -> str:
    """SHA-256 of a session's secret, which carries 256 random bits, so that no slow hash is needed."""
    return sha256(secret.encode("utf-8")).hexdigest()


def csrf_token(secret: str) -> str:
    """What a page of ours sends in a header beside the cookie; no other page can read or guess it."""
    return hmac.new(secret.encode("utf-8"), b"touyan csrf", sha256).hexdigest()


def has_csrf_token(secret: str, token: str | None) -> bool:
    """Whether a token belongs to a session, told in constant time."""
    return token is not None and hmac.compare_digest(csrf_token(secret).encode(), token.encode("utf-8"))


def begin_session(session: Session, user: UserAccount, *, now: datetime | None = None) -> str:
    """Store a new session of a user and return its secret, which is stored nowhere."""
    secret = secrets.token_urlsafe(32)
    instant = now or utc_now()
    session.add(
        UserSession(
            secret_hash=hash_secret(secret),
            user_id=user.id,
            created_at=instant,
            last_used_at=instant,
            expires_at=instant + SESSION_LASTS,
        )
    )
    return secret


def find_session(session: Session, secret: str, *, now: datetime | None = None) -> UserSession | None:
    """The session of a secret while it lasts."""
    row = session.exec(select(UserSession).where(col(UserSession.secret_hash) == hash_secret(secret))).first()
    return row if row is not None and lasts(row, now or utc_now()) else None


def lasts(row: UserSession, now: datetime) -> bool:
    """Whether a session has neither been ended nor outlived its time."""
    return row.ended_at is None and now < row.expires_at and now < row.last_used_at + SESSION_IDLES


def must_touch(row: UserSession, now: datetime) -> bool:
    """Whether a use of the session is to be written down."""
    return now >= row.last_used_at + TOUCHING


def touch_session(session: Session, session_id: UUID, *, now: datetime) -> None:
    """Write down that a session is in use; one that was ended meanwhile stays ended."""
    session.exec(
        update(UserSession)
        .where(col(UserSession.id) == session_id, col(UserSession.ended_at).is_(None))
        .values(last_used_at=now)
    )


def session_grant(session: Session, row: UserSession, *, now: datetime) -> Grant | None:
    """What a session gives at this moment; ``None`` when it is over, or its user has no office today."""
    user = session.get(UserAccount, row.user_id)
    if user is None or not lasts(row, now):
        return None
    office = office_on(session, user.id, local_day(now))
    scopes = BEFORE_PASSWORD if user.must_change_password else None
    viewer = viewer_of_office(session, user, office, scopes=scopes)
    if viewer is None or office is None:
        return None
    ends = [end for end in (row.expires_at, end_of_office(office)) if end is not None]
    return Grant(viewer=viewer, credential=Credential(kind=CredentialKind.SESSION, id=row.id), expires_at=min(ends))


def grants_by_session(session: Session, ids: Iterable[UUID], *, now: datetime) -> dict[UUID, Grant]:
    """What sessions give at this moment; those that are over are left out."""
    rows = session.exec(select(UserSession).where(col(UserSession.id).in_(list(ids)))).all()
    grants = {row.id: session_grant(session, row, now=now) for row in rows}
    return {key: grant for key, grant in grants.items() if grant is not None}
