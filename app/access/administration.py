"""Which users an administrator looks after: everybody, or those with offices inside the own county."""

from sqlalchemy import ColumnElement, and_, exists, false, not_, or_, true
from sqlmodel import col, select

from app.access.offices import local_day
from app.access.permissions import Permission
from app.access.viewers import Viewer
from app.db import utc_now
from app.models import ApiToken, Division, Office, UserAccount
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
    if not viewer.may(Permission.MANAGE_USERS):
        return false()
    if viewer.county_ids is None:
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


def is_own_account(viewer: Viewer) -> ColumnElement[bool]:
    """The condition that a user is the viewer; a token that was made on the machine is nobody's."""
    return col(UserAccount.login) == viewer.subject


def tokens_in_scope(viewer: Viewer) -> ColumnElement[bool]:
    """The condition that a token is the viewer's own, or of a user whom the viewer looks after.

    Those that were made on the machine itself are for administrators of the whole country.
    """
    owners = select(col(Office.id)).join(UserAccount, col(UserAccount.id) == col(Office.user_id))
    of_users = col(ApiToken.office_id).in_(owners.where(or_(is_own_account(viewer), users_in_scope(viewer))))
    is_for_all = viewer.county_ids is None and viewer.may(Permission.MANAGE_USERS)
    return or_(of_users, col(ApiToken.office_id).is_(None)) if is_for_all else of_users
