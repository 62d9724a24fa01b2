"""Which users an administrator looks after: everybody, or those with offices inside the own county."""

from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, or_, true
from sqlalchemy.orm import aliased
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
    office: Any = aliased(Office)  # not the one that the statement around it may read
    inside = office.division_id.in_(select(col(Division.id)).where(col(Division.code).startswith(viewer.code_prefix)))
    own = office.user_id == col(UserAccount.id)
    lasts = or_(office.valid_to.is_(None), office.valid_to >= local_day(utc_now()))
    roles = ROLES_GIVEN_BY.get(viewer.role, frozenset())
    could_give = and_(office.division_id.is_not(None), inside, office.role.in_(roles))
    beyond = select(office.id).where(own, lasts, not_(could_give)).exists()
    known = or_(select(office.id).where(own, inside).exists(), col(UserAccount.created_by) == viewer.subject)
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
