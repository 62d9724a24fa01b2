"""Which users an administrator looks after: everybody, or those with offices inside the own county."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, not_, or_, true
from sqlmodel import Session, col, select

from app.access import Permission, Viewer
from app.access.offices import local_day
from app.db import utc_now
from app.errors import ForbiddenError, NotFoundError
from app.models import Division, Office, UserAccount
from app.models.vocabulary import Role

ROLES_GIVEN_BY: dict[Role, frozenset[Role]] = {
    Role.SYSTEM_ADMIN: frozenset(Role),
    # Who enters and runs does not choose who approves, nor who audits.
    Role.COUNTY_ADMIN: frozenset({Role.TOWNSHIP_OFFICER, Role.READER, Role.MENTOR, Role.MENTEE}),
}
"""Which offices each role may give."""


def users_in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """The condition that a viewer looks after a user.

    The user has or had an office inside the own territory, or was made by the viewer; and has none, today or later,
    that the viewer could not have given.
    """
    if viewer.role is Role.SYSTEM_ADMIN and viewer.county_ids is None:
        return true()
    inside = col(Office.division_id).in_(
        select(col(Division.id)).where(col(Division.code).startswith(viewer.code_prefix))
    )
    own = col(Office.user_id) == col(UserAccount.id)
    lasts = or_(col(Office.valid_to).is_(None), col(Office.valid_to) >= local_day(utc_now()))
    could_give = and_(
        col(Office.division_id).is_not(None), inside, col(Office.role).in_(ROLES_GIVEN_BY.get(viewer.role, frozenset()))
    )
    beyond = exists().where(own, lasts, not_(could_give))
    known = or_(exists().where(own, inside), col(UserAccount.created_by) == viewer.subject)
    return and_(not_(beyond), known)


def get_user(session: Session, viewer: Viewer, user_id: UUID, *, path: tuple[str, ...] = ("user_id",)) -> UserAccount:
    """A user whom the viewer looks after, its row locked; raises ``NotFoundError``."""
    viewer.require(Permission.MANAGE_USERS)
    statement = select(UserAccount).where(col(UserAccount.id) == user_id, users_in_scope(viewer)).with_for_update()
    user = session.exec(statement.execution_options(populate_existing=True)).first()
    if user is None:
        raise NotFoundError(f"No user {user_id} whom you look after.", f"您管理的范围内没有用户 {user_id}。", path=path)
    return user


def require_other(viewer: Viewer, user: UserAccount) -> None:
    """Raise ``ForbiddenError`` when somebody would change the own rights."""
    if viewer.subject == user.login:
        raise ForbiddenError(
            "Nobody changes the own rights; ask another administrator.", "不能更改本人的权限，请由其他管理员办理。"
        )
