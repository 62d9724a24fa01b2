"""Signing in and out, and the lock that stops guessing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, record
from app.access.offices import local_day, office_on, viewer_of_office
from app.access.passwords import NOBODY, hash_password, is_password, must_hash_anew, normal, require_strong_password
from app.access.sessions import begin_session, csrf_token, find_session
from app.db import Database, run_in_transaction, utc_now
from app.errors import AppError, ForbiddenError, InvalidInputError
from app.models import UserAccount
from app.models.vocabulary import AuditAction, Role, UserState
from app.services.access.strangers import strangers_of
from app.services.access.users import close_sessions, stamp_user

MOST_FAILURES = 5
"""Attempts in a row that may fail before a login is locked, and again after each lock."""

FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=15), timedelta(hours=24)
"""How long a login is locked for the first time; each further lock lasts twice as long."""

STRANGER = Viewer(subject="stranger", role=Role.READER)
"""Whoever tried to sign in under a login that does not exist. What was typed is not kept: it may be a password."""


class SignInRefusedError(AppError):
    """Login and password do not fit, or the login is locked: both look the same."""

    code = "SIGN_IN_REFUSED"

    def __init__(self) -> None:
        minutes = FIRST_LOCK // timedelta(minutes=1)
        super().__init__(
            f"Login or password is wrong, or the login is locked: after {MOST_FAILURES} failures it is so for "
            f"{minutes} minutes or longer. An administrator can give a new password.",
            f"登录名或密码错误，或该登录名已锁定（连续失败{MOST_FAILURES}次后锁定至少{minutes}分钟）；可由管理员重置密码。",
        )


class NoOfficeError(AppError):
    """The user is known, and is nothing in the service today."""

    code = "NO_OFFICE"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A sign-in that succeeded: the secret for the cookie, and what the page shows and sends."""

    secret: str
    csrf: str
    viewer: Viewer
    must_change_password: bool


def sign_in(database: Database, login: str, password: str, *, now: datetime | None = None) -> SignedIn:
    """Sign in with a password; raises ``SignInRefusedError`` or ``NoOfficeError``.

    The attempt is counted before the password is looked at, in a transaction of its own: many attempts at once cannot
    look at more passwords than the limit allows. No transaction is open while the password is hashed.
    """
    instant = now or utc_now()
    plain = login.strip().lower()
    user = run_in_transaction(database, lambda session: _count_attempt(session, plain, instant))
    # A password is looked at in every case, so that the time tells nothing.
    fits = is_password(NOBODY if user is None else user.password_hash, password)
    if user is None or not fits:
        _tell_failure(database, user, instant)
        raise SignInRefusedError
    anew = hash_password(password) if must_hash_anew(user.password_hash) else None
    user_id, seen = user.id, user.password_hash
    signed_in = run_in_transaction(database, lambda session: _begin(session, user_id, seen, anew, instant))
    if signed_in is None:
        raise NoOfficeError(
            "You have no office in the service today; ask the administrator who looks after users.",
            "您今天在系统中没有任职，请联系用户管理员。",
        )
    return signed_in


def _count_attempt(session: Session, login: str, now: datetime) -> UserAccount | None:
    """The user behind a login whose password may be looked at, with this attempt counted."""
    statement = select(UserAccount).where(col(UserAccount.login) == login).with_for_update()
    user = session.exec(statement).first()
    if user is None or user.state is not UserState.ACTIVE:
        return None
    if user.locked_until is not None and now < user.locked_until:
        return None
    user.failed_sign_ins += 1
    if user.failed_sign_ins % MOST_FAILURES == 0:
        n_locks = user.failed_sign_ins // MOST_FAILURES
        user.locked_until = now + min(FIRST_LOCK * 2 ** min(n_locks - 1, 10), LONGEST_LOCK)
    session.add(user)
    return user


def _tell_failure(database: Database, user: UserAccount | None, now: datetime) -> None:
    if user is not None:
        run_in_transaction(database, lambda session: _record_failure(session, user, now))
        return
    n_attempts = strangers_of(database).count(now)
    if n_attempts:
        action = AuditAction.SIGN_IN_FAILED
        run_in_transaction(
            database, lambda session: record(session, STRANGER, action, "UserAccount", attempts=n_attempts)
        )


def _record_failure(session: Session, user: UserAccount, now: datetime) -> None:
    found = session.get_one(UserAccount, user.id)
    known = viewer_of_office(session, found, office_on(session, found.id, local_day(now)))
    actor = known or Viewer(subject=found.login, role=Role.READER)
    record(session, actor, AuditAction.SIGN_IN_FAILED, f"UserAccount {found.id}", failures=found.failed_sign_ins)
    if found.locked_until is not None and now < found.locked_until:
        record(session, actor, AuditAction.USER_LOCKED, f"UserAccount {found.id}", until=found.locked_until.isoformat())


def _begin(session: Session, user_id: UUID, seen: str, anew: str | None, now: datetime) -> SignedIn | None:
    """Begin a session; ``None`` for a user without an office today, which is recorded."""
    user = session.get_one(UserAccount, user_id, with_for_update=True)
    if user.password_hash != seen or user.state is not UserState.ACTIVE:
        raise SignInRefusedError  # changed while the password was looked at
    viewer = viewer_of_office(session, user, office_on(session, user.id, local_day(now)))
    if viewer is None:
        user.failed_sign_ins, user.locked_until = 0, None
        session.add(user)
        _record_failure(session, user, now)
        return None
    user.failed_sign_ins, user.locked_until, user.last_sign_in_at = 0, None, now
    user.password_hash = anew or user.password_hash
    secret = begin_session(session, user, now=now)
    session.add(user)
    record(session, viewer, AuditAction.SIGNED_IN, f"UserAccount {user.id}")
    return SignedIn(
        secret=secret, csrf=csrf_token(secret), viewer=viewer, must_change_password=user.must_change_password
    )


def sign_out(session: Session, secret: str, *, now: datetime | None = None) -> bool:
    """End a session; ``False`` when it was over already."""
    row = find_session(session, secret, now=now)
    if row is None:
        return False
    instant = now or utc_now()
    row.ended_at = instant
    session.add(row)
    user = session.get_one(UserAccount, row.user_id)
    viewer = viewer_of_office(session, user, office_on(session, user.id, local_day(instant)))
    record(
        session,
        viewer or Viewer(subject=user.login, role=Role.READER),
        AuditAction.SIGNED_OUT,
        f"UserAccount {user.id}",
    )
    return True


def change_password(database: Database, viewer: Viewer, *, present: str, new: str, now: datetime | None = None) -> None:
    """Change the own password; all sessions of the user end, the tokens stay.

    It is counted as an attempt to sign in: whoever finds an open browser cannot guess without end. Raises
    ``SignInRefusedError`` for a wrong present password, ``InvalidInputError`` for a new one that is not accepted,
    ``ForbiddenError`` for a token that was made on the machine.
    """
    viewer.require(Permission.READ_OWN)
    instant = now or utc_now()
    with database.read() as session:
        if session.exec(select(UserAccount.id).where(col(UserAccount.login) == viewer.subject)).first() is None:
            raise ForbiddenError("A token that was made on the machine has no password.", "系统令牌没有密码。")
    # Before anything is counted: a weak new password is no failed attempt.
    require_strong_password(new, login=viewer.subject, path=("new_password",))
    user = run_in_transaction(database, lambda session: _count_attempt(session, viewer.subject, instant))
    if not is_password(NOBODY if user is None else user.password_hash, present) or user is None:
        _tell_failure(database, user, instant)
        raise SignInRefusedError
    if normal(new) == normal(present):
        user_id = user.id
        run_in_transaction(database, lambda session: _forgive(session, user_id))
        raise InvalidInputError(
            "The new password is the present one; choose another.",
            "新密码与当前密码相同，请更换。",
            path=("new_password",),
        )
    user_id, seen, hashed = user.id, user.password_hash, hash_password(new)
    run_in_transaction(database, lambda session: _replace_password(session, viewer, user_id, seen, hashed, instant))


def _forgive(session: Session, user_id: UUID) -> None:
    """Take the count of attempts back: the password was right."""
    user = session.get_one(UserAccount, user_id, with_for_update=True)
    user.failed_sign_ins, user.locked_until = 0, None
    session.add(user)


def _replace_password(session: Session, viewer: Viewer, user_id: UUID, seen: str, hashed: str, now: datetime) -> None:
    user = session.get_one(UserAccount, user_id, with_for_update=True)
    if user.password_hash != seen:
        raise SignInRefusedError  # changed while the password was looked at
    user.password_hash, user.password_changed_at, user.must_change_password = hashed, now, False
    user.failed_sign_ins, user.locked_until = 0, None
    close_sessions(session, user, now=now)
    stamp_user(user, viewer)
    session.add(user)
    record(session, viewer, AuditAction.PASSWORD_CHANGED, f"UserAccount {user.id}")
