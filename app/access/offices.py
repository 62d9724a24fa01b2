"""Offices: what a user is on a day, and the viewer that follows from it."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from app.access.permissions import EXPLICIT, Permission
from app.access.territory import viewer_for_division
from app.access.viewers import Viewer
from app.models import Division, Office, UserAccount
from app.models.vocabulary import UserState

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The one time of the country, without summer time: offices begin and end at its midnight."""

BEFORE_PASSWORD = frozenset({Permission.READ_OWN})
"""All that a user may do before a password that somebody else has set is replaced."""


def local_day(instant: datetime) -> date:
    """The day in China at an instant."""
    return instant.astimezone(CHINA).date()


def office_on(session: Session, user_id: UUID, day: date) -> Office | None:
    """The office of a user on a day: at most one."""
    in_force = select(Office).where(
        col(Office.user_id) == user_id,
        col(Office.valid_from) <= day,
        or_(col(Office.valid_to).is_(None), col(Office.valid_to) >= day),
    )
    return session.exec(in_force).first()


def end_of_office(office: Office) -> datetime | None:
    """The instant at which an office ends: the midnight after its last day; ``None`` for one without an end."""
    if office.valid_to is None:
        return None
    return datetime.combine(office.valid_to + timedelta(days=1), time(), CHINA).astimezone(UTC)


def viewer_of_office(
    session: Session, user: UserAccount, office: Office | None, *, scopes: frozenset[Permission] | None = None
) -> Viewer | None:
    """Who a user is by an office; ``None`` without one, or when the user may not sign in."""
    if user.state is not UserState.ACTIVE or office is None:
        return None
    division = session.get(Division, office.division_id) if office.division_id else None
    named = {Permission(name) for name in office.explicit_permissions}
    return viewer_for_division(
        session,
        subject=user.login,
        role=office.role,
        division=division,
        person_id=office.person_id,
        explicit=frozenset(named & EXPLICIT),
        scopes=scopes,
    )
