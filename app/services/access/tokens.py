"""API tokens of users: each is worth no more than the office of its user, and only for some permissions."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, record
from app.access.administration import tokens_in_scope
from app.access.offices import local_day, office_on
from app.access.tokens import checked_label, new_token
from app.db import utc_now
from app.errors import ForbiddenError, InvalidInputError, NotFoundError
from app.models import ApiToken, UserAccount
from app.models.vocabulary import AuditAction
from app.services.people.records import stamp

LONGEST_DAYS = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDraft:
    """A token to be made by its user, for ``days`` days and no permissions but the ``scopes``."""

    label: str
    scopes: tuple[Permission, ...]
    days: int = 90


def create_own_token(session: Session, viewer: Viewer, draft: TokenDraft) -> tuple[ApiToken, str]:
    """Make a token under the own office; the row, and the clear text that is told once."""
    viewer.require(Permission.READ_OWN)
    user = session.exec(select(UserAccount).where(col(UserAccount.login) == viewer.subject)).first()
    office = None if user is None else office_on(session, user.id, local_day(utc_now()))
    if office is None or viewer.scopes is not None:
        raise ForbiddenError(
            "Tokens are made by users who have signed in with a password of their own.",
            "令牌须由以本人密码登录的用户创建。",
        )
    label = checked_label(draft.label)
    if not draft.scopes:
        raise InvalidInputError(
            "Name the permissions that the token needs.", "请指定令牌所需的权限。", path=("scopes",)
        )
    for scope in draft.scopes:
        viewer.require(scope)
    if not 1 <= draft.days <= LONGEST_DAYS:
        raise InvalidInputError(
            f"A token lasts 1 to {LONGEST_DAYS} days.", f"令牌有效期应为1至{LONGEST_DAYS}天。", path=("days",)
        )
    scopes = frozenset(draft.scopes)
    row, clear = new_token(
        label=label,
        role=office.role,
        division_id=office.division_id,
        person_id=office.person_id,
        office_id=office.id,
        scopes=scopes,
        expires_at=utc_now() + timedelta(days=draft.days),
        author=viewer.subject,
    )
    session.add(row)
    session.flush()
    record(session, viewer, AuditAction.TOKEN_CREATED, f"ApiToken {row.id}", scopes=row.scopes, days=draft.days)
    return row, clear


def revoke_token(session: Session, viewer: Viewer, token_id: UUID) -> ApiToken:
    """End a token of one's own, or of a user whom one looks after; those of the machine are for system administrators.

    One that is revoked already stays as it is.
    """
    # Locked first, judged then, in a statement of its own (see ``scope.get_user``).
    session.exec(select(ApiToken.id).where(col(ApiToken.id) == token_id).with_for_update()).first()
    statement = select(ApiToken).where(col(ApiToken.id) == token_id, tokens_in_scope(viewer))
    row = session.exec(statement.execution_options(populate_existing=True)).first()
    if row is None:
        raise NotFoundError(
            f"No token {token_id} of yours, or of a user whom you look after.",
            f"您或您管理的用户没有令牌 {token_id}。",
            path=("token_id",),
        )
    if row.revoked_at is None:
        row.revoked_at = utc_now()
        stamp(row, viewer)
        session.add(row)
        record(session, viewer, AuditAction.TOKEN_REVOKED, f"ApiToken {row.id}")
    return row
