"""Reading users, their offices and tokens: for administrators, and for each the own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.access import Viewer
from app.access.administration import is_own_account, tokens_in_scope, users_in_scope
from app.access.offices import local_day
from app.db import utc_now
from app.models import ApiToken, Office, UserAccount
from app.models.vocabulary import Role, UserState
from app.reads.conditions import Condition, among, named, only, under, wanted_text
from app.reads.paging import Key, Listing, group_by_key


class UserOrder(StrEnum):
    """Orders of the list of users."""

    LOGIN = "LOGIN"
    NAME = "NAME"
    CREATED_AT = "CREATED_AT"


class TokenOrder(StrEnum):
    """Orders of the list of tokens."""

    CREATED_AT = "CREATED_AT"
    EXPIRES_AT = "EXPIRES_AT"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Which users; ``None`` leaves a condition out. Division and roles ask for one office of today."""

    division_code: str | None = None
    roles: tuple[Role, ...] | None = None
    states: tuple[UserState, ...] | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFilter:
    """Which tokens; ``None`` leaves a condition out."""

    division_code: str | None = None
    user_id: UUID | None = None
    is_valid: bool | None = None
    search: str | None = None


def _seen(viewer: Viewer) -> ColumnElement[bool]:
    return or_(is_own_account(viewer), users_in_scope(viewer))


def _users(viewer: Viewer, wanted: UserFilter) -> SelectOfScalar[UserAccount]:
    conditions = only(
        under(wanted.division_code, Office.division_id),
        among(Office.role, wanted.roles),
    )
    held: Condition = None
    if conditions:
        today = local_day(utc_now())
        held = (
            select(col(Office.id))
            .where(
                col(Office.user_id) == col(UserAccount.id),
                col(Office.valid_from) <= today,
                or_(col(Office.valid_to).is_(None), col(Office.valid_to) >= today),
                *conditions,
            )
            .exists()
        )
    text = wanted_text(wanted.search)
    by_login = col(UserAccount.login).contains(text, autoescape=True) if text else None
    by_name = named(UserAccount, wanted.search)
    found = None if by_name is None or by_login is None else or_(by_name, by_login)
    return select(UserAccount).where(_seen(viewer), *only(held, among(UserAccount.state, wanted.states), found))


def _tokens(viewer: Viewer, wanted: TokenFilter) -> SelectOfScalar[ApiToken]:
    now = utc_now()
    lasts = and_(col(ApiToken.revoked_at).is_(None), col(ApiToken.expires_at) > now)
    is_over = or_(col(ApiToken.revoked_at).is_not(None), col(ApiToken.expires_at) <= now)
    valid = None if wanted.is_valid is None else (lasts if wanted.is_valid else is_over)
    offices = select(col(Office.id)).where(col(Office.user_id) == wanted.user_id)
    of_user = None if wanted.user_id is None else col(ApiToken.office_id).in_(offices)
    text = wanted_text(wanted.search)
    found = col(ApiToken.label).icontains(text, autoescape=True) if text else None
    return select(ApiToken).where(
        tokens_in_scope(viewer), *only(under(wanted.division_code, ApiToken.division_id), of_user, valid, found)
    )


_USER_ID, _TOKEN_ID = Key(column=UserAccount.id, kind=UUID), Key(column=ApiToken.id, kind=UUID)
USERS: Listing[UserFilter, UserAccount] = Listing(
    name="users",
    table=UserAccount,
    statement=_users,
    orders={
        UserOrder.LOGIN: (Key(column=UserAccount.login, kind=str), _USER_ID),
        UserOrder.NAME: (Key(column=UserAccount.name, kind=str), _USER_ID),
        UserOrder.CREATED_AT: (Key(column=UserAccount.created_at, kind=datetime), _USER_ID),
    },
)
TOKENS: Listing[TokenFilter, ApiToken] = Listing(
    name="apiTokens",
    table=ApiToken,
    statement=_tokens,
    orders={
        TokenOrder.CREATED_AT: (Key(column=ApiToken.created_at, kind=datetime), _TOKEN_ID),
        TokenOrder.EXPIRES_AT: (Key(column=ApiToken.expires_at, kind=datetime), _TOKEN_ID),
    },
)


def users_by_id(session: Session, viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, UserAccount]:
    """Users by key: the own account, and those whom the viewer looks after."""
    rows = session.exec(select(UserAccount).where(col(UserAccount.id).in_(keys), _seen(viewer)))
    return {row.id: row for row in rows}


def find_own_account(session: Session, viewer: Viewer) -> UserAccount | None:
    """The viewer's own account; none for a token that was made on the machine."""
    return session.exec(select(UserAccount).where(is_own_account(viewer))).first()


def offices_by_id(session: Session, viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, Office]:
    """Offices by key, of users whom the viewer sees."""
    statement = (
        select(Office)
        .join(UserAccount, col(UserAccount.id) == col(Office.user_id))
        .where(col(Office.id).in_(keys), _seen(viewer))
    )
    return {row.id: row for row in session.exec(statement)}


def offices_by_user(session: Session, viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, list[Office]]:
    """The offices of each user, newest first."""
    statement = (
        select(Office)
        .join(UserAccount, col(UserAccount.id) == col(Office.user_id))
        .where(col(Office.user_id).in_(keys), _seen(viewer))
        .order_by(col(Office.valid_from).desc())
    )
    return group_by_key(keys, [(row.user_id, row) for row in session.exec(statement)])


def tokens_by_id(session: Session, viewer: Viewer, keys: Sequence[UUID]) -> dict[UUID, ApiToken]:
    """Tokens by key, of users whom the viewer sees."""
    rows = session.exec(select(ApiToken).where(col(ApiToken.id).in_(keys), tokens_in_scope(viewer)))
    return {row.id: row for row in rows}
