"""Users: entered, disabled and given new passwords by administrators."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from app.access import Permission, Viewer, record
from app.access.passwords import hash_password, require_strong_password
from app.access.tokens import RESERVED
from app.db import utc_now
from app.errors import DuplicateError, InvalidInputError
from app.models import ApiToken, AuditEvent, Office, UserAccount, UserSession
from app.models.vocabulary import AuditAction, UserState
from app.services.access.scope import get_user, require_other
from app.services.people import UNSET, Unset
from app.services.people.identity import checked_name
from app.services.versions import expect_version

LOGIN = re.compile(r"[a-z][a-z0-9._-]{2,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDraft:
    """A user to be made. Without a ``password`` one is made up and told once."""

    login: str
    name: str
    password: str | None = None


def checked_login(login: str) -> str:
    """The login in its one spelling, or ``InvalidInputError``."""
    plain = login.strip().lower()
    if not LOGIN.fullmatch(plain):
        raise InvalidInputError(
            "A login has 3 to 40 letters a-z, digits, dots, dashes or underscores, and begins with a letter.",
            "登录名须以字母开头，由3至40个小写字母、数字、点、短横或下划线组成。",
            path=("login",),
        )
    return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPassword:
    """A password that somebody else sets, with its hash.

    It is made before the transaction that stores it: hashing takes some 50 ms, and a writer must not hold others up
    so long.
    """

    clear: str = field(repr=False)
    hashed: str = field(repr=False)


def first_password(draft: UserDraft) -> FirstPassword:
    """The first password of a user who is to be made: the one that is stated, or one that is made up."""
    login = checked_login(draft.login)
    password = draft.password or made_up_password()
    require_strong_password(password, login=login)
    return FirstPassword(clear=password, hashed=hash_password(password))


def new_first_password() -> FirstPassword:
    """A password that is made up for a user who is there already."""
    password = made_up_password()
    return FirstPassword(clear=password, hashed=hash_password(password))


def create_user(session: Session, viewer: Viewer, draft: UserDraft, first: FirstPassword) -> UserAccount:
    """Enter a user under a first password, who has to choose an own one at the first sign-in."""
    viewer.require(Permission.MANAGE_USERS)
    login = checked_login(draft.login)
    name = checked_name(draft.name, ("name",))
    # A token says by its label who did something: that name must not be somebody else's login.
    tokens = select(ApiToken.id).where(func.lower(ApiToken.label) == login, col(ApiToken.office_id).is_(None))
    known = session.exec(select(UserAccount.id).where(col(UserAccount.login) == login)).first()
    # A closed account has lost its login, the trail has not: two people must not stand in it under one name.
    told = select(AuditEvent.id).where(col(AuditEvent.actor) == login).limit(1)
    if login in RESERVED or known is not None or any(session.exec(each).first() is not None for each in (tokens, told)):
        raise DuplicateError(
            f"The login {login} is taken, by a user, by the label of a token, or by whoever bore it before; choose "
            "another.",
            f"登录名 {login} 已被用户、令牌名称或以往用户占用，请更换。",
            path=("login",),
        )
    user = UserAccount(
        login=login,
        name=name,
        password_hash=first.hashed,
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(user)
    session.flush()
    record(session, viewer, AuditAction.USER_CREATED, f"UserAccount {user.id}", login=login)
    return user


def made_up_password() -> str:
    """A password that is told once: 20 characters, 100 random bits, without those that look alike."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789-"
    return "".join(secrets.choice(alphabet) for _ in range(20))


def update_user(
    session: Session,
    viewer: Viewer,
    user_id: UUID,
    *,
    name: str | Unset = UNSET,
    state: UserState | Unset = UNSET,
    expected_version: int | None = None,
) -> UserAccount:
    """Change a user. One who is disabled is signed out everywhere, and the own tokens end."""
    user = get_user(session, viewer, user_id)
    expect_version(session, user, expected_version)
    changed: dict[str, Any] = {}
    if not isinstance(name, Unset) and checked_name(name, ("name",)) != user.name:
        user.name = checked_name(name, ("name",))
        changed["name"] = "changed"
    if not isinstance(state, Unset) and state is not user.state:
        require_other(viewer, user)
        changed["state"] = [user.state.value, state.value]
        user.state = state
        if state is UserState.DISABLED:
            close_sessions(session, user, now=utc_now())
            revoke_tokens(session, viewer, user, now=utc_now())
    if changed:
        stamp_user(user, viewer)
        session.add(user)
        record(session, viewer, AuditAction.USER_CHANGED, f"UserAccount {user.id}", login=user.login, **changed)
    return user


def reset_password(session: Session, viewer: Viewer, user_id: UUID, first: FirstPassword) -> UserAccount:
    """Give a user a new first password; ends the user's sessions, tokens and a lock-out."""
    user = get_user(session, viewer, user_id)
    require_other(viewer, user)
    user.password_hash, user.password_changed_at = first.hashed, utc_now()
    user.must_change_password = True
    user.failed_sign_ins, user.locked_until = 0, None
    close_sessions(session, user, now=utc_now())
    revoke_tokens(session, viewer, user, now=utc_now())
    stamp_user(user, viewer)
    session.add(user)
    record(session, viewer, AuditAction.PASSWORD_RESET, f"UserAccount {user.id}", login=user.login)
    return user


def end_sessions(session: Session, viewer: Viewer, user_id: UUID) -> tuple[UserAccount, int]:
    """Sign a user out everywhere; the user and how many sessions ended."""
    user = get_user(session, viewer, user_id)
    n_ended = close_sessions(session, user, now=utc_now())
    record(session, viewer, AuditAction.SESSIONS_ENDED, f"UserAccount {user.id}", login=user.login, sessions=n_ended)
    return user, n_ended


def close_sessions(session: Session, user: UserAccount, *, now: datetime) -> int:
    """End the sessions of a user that are still open; how many."""
    open_ones = [col(UserSession.user_id) == user.id, col(UserSession.ended_at).is_(None)]
    count = session.exec(select(func.count()).select_from(UserSession).where(*open_ones)).one()
    session.exec(update(UserSession).where(*open_ones).values(ended_at=now))
    return count


def revoke_tokens(session: Session, viewer: Viewer, user: UserAccount, *, now: datetime) -> None:
    """End every token of a user."""
    offices = select(col(Office.id)).where(col(Office.user_id) == user.id)
    session.exec(
        update(ApiToken)
        .where(col(ApiToken.office_id).in_(offices), col(ApiToken.revoked_at).is_(None))
        .values(revoked_at=now, updated_at=now, updated_by=viewer.subject, version=ApiToken.version + 1)
    )


def stamp_user(user: UserAccount, viewer: Viewer) -> None:
    """Say who changed a user."""
    user.updated_at, user.updated_by, user.version = utc_now(), viewer.subject, user.version + 1
