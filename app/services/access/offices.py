"""Offices: given for a period by an administrator, never by oneself, and at most one on any day."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from app.access import EXPLICIT, Permission, Viewer, get_in_county, record, require_division
from app.access.administration import ROLES_GIVEN_BY
from app.access.offices import local_day
from app.db import utc_now
from app.errors import DuplicateError, ForbiddenError, InvalidInputError, NotFoundError
from app.models import Division, Office, Person, UserAccount
from app.models.vocabulary import AuditAction, DivisionLevel, Role
from app.services.access.scope import get_user, require_other
from app.services.access.users import FirstPassword, reset_password
from app.services.people.records import stamp
from app.services.versions import expect_version

LEVELS_BY_ROLE: dict[Role, frozenset[DivisionLevel]] = {
    Role.PREFECTURE_OFFICER: frozenset({DivisionLevel.PREFECTURE}),
    Role.COUNTY_ADMIN: frozenset({DivisionLevel.COUNTY}),
    Role.COUNTY_APPROVER: frozenset({DivisionLevel.COUNTY}),
    Role.TOWNSHIP_OFFICER: frozenset({DivisionLevel.TOWNSHIP}),
    Role.MENTOR: frozenset({DivisionLevel.COUNTY}),
    Role.MENTEE: frozenset({DivisionLevel.COUNTY}),
}
"""The level of the division that an office is over; roles that are not named take any, or the whole country."""

OF_ONE_PERSON = frozenset({Role.MENTOR, Role.MENTEE})


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeDraft:
    """An office to be given. Both days are included; without a last day it lasts until it is ended."""

    user_id: UUID
    role: Role
    division_id: UUID | None = None
    person_id: UUID | None = None
    valid_from: date
    valid_to: date | None = None
    explicit_permissions: tuple[Permission, ...] = ()


def give_office(
    session: Session, viewer: Viewer, draft: OfficeDraft, anew: FirstPassword
) -> tuple[Office, FirstPassword | None]:
    """Give a user an office for a period.

    Whoever made the account, or gave it a password since, may know that password, and could act in an office that is
    not theirs to give. With an office beyond counties the account therefore starts ``anew`` with that first password,
    which is returned then: its sessions and tokens end. Only an account that has this very password already keeps it:
    the one that is made and gets its office in one transaction.
    """
    user = get_user(session, viewer, draft.user_id)
    require_other(viewer, user)
    if draft.role not in ROLES_GIVEN_BY.get(viewer.role, frozenset()):
        raise ForbiddenError(
            f"Role {viewer.role} does not give the office {draft.role}; ask a system administrator.",
            f"角色 {viewer.role} 不能授予 {draft.role}，请联系系统管理员。",
            path=("role",),
        )
    division = _division_of(session, viewer, draft)
    person = _person_of(session, viewer, draft)
    _require_period(session, user, draft)
    named = _named(viewer, draft)
    office = Office(
        user_id=user.id,
        role=draft.role,
        division_id=None if division is None else division.id,
        person_id=None if person is None else person.id,
        explicit_permissions=named,
        valid_from=draft.valid_from,
        valid_to=draft.valid_to,
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(office)
    session.flush()
    record(
        session,
        viewer,
        AuditAction.OFFICE_GIVEN,
        f"Office {office.id}",
        login=user.login,
        role=draft.role.value,
        division=None if division is None else division.code,
        person=None if person is None else person.code,
        permissions=named,
        valid_from=draft.valid_from.isoformat(),
        valid_to=None if draft.valid_to is None else draft.valid_to.isoformat(),
    )
    is_beyond_counties = bool(named) or draft.role not in ROLES_GIVEN_BY[Role.COUNTY_ADMIN]
    if is_beyond_counties and user.password_hash != anew.hashed:
        reset_password(session, viewer, user.id, anew)
        return office, anew
    return office, None


def end_office(
    session: Session,
    viewer: Viewer,
    office_id: UUID,
    *,
    last_day: date | None = None,
    expected_version: int | None = None,
) -> Office:
    """End an office with a last day, today unless stated; one that has not begun yet never begins."""
    viewer.require(Permission.MANAGE_USERS)
    office = session.get(Office, office_id, with_for_update=True)
    if office is None:
        raise NotFoundError(f"No office {office_id} of a user.", f"没有任职 {office_id}。", path=("office_id",))
    user = get_user(session, viewer, office.user_id, path=("office_id",))
    require_other(viewer, user)
    expect_version(session, office, expected_version)
    today = local_day(utc_now())
    day = last_day or today
    if day < today or (office.valid_to is not None and day > office.valid_to):
        raise InvalidInputError(
            "The last day lies before today, or behind the one the office has already.",
            "终止日期早于今天，或晚于原定终止日期。",
            path=("last_day",),
        )
    if office.valid_from > today and last_day is None:
        _record_end(session, viewer, user, office, None)
        session.delete(office)
        return office
    if office.valid_from > day:
        raise InvalidInputError(
            f"The office begins on {office.valid_from}, behind that day; end it on its first day or later.",
            f"该任职自 {office.valid_from} 起生效，终止日期不得早于该日。",
            path=("last_day",),
        )
    _record_end(session, viewer, user, office, day)
    office.valid_to = day
    stamp(office, viewer)
    session.add(office)
    return office


def _record_end(session: Session, viewer: Viewer, user: UserAccount, office: Office, day: date | None) -> None:
    """Record that an office ends on a day, or (``None``) never begins."""
    record(
        session,
        viewer,
        AuditAction.OFFICE_ENDED,
        f"Office {office.id}",
        login=user.login,
        role=office.role.value,
        valid_to=[office.valid_to, day],
    )


def _division_of(session: Session, viewer: Viewer, draft: OfficeDraft) -> Division | None:
    levels = LEVELS_BY_ROLE.get(draft.role)
    if draft.division_id is None:
        if levels is None and viewer.county_ids is None:
            return None
        raise InvalidInputError(
            f"The office {draft.role} is over a division; name it.", f"{draft.role} 须指定辖区。", path=("division_id",)
        )
    division = require_division(session, viewer, draft.division_id, path=("division_id",))
    if levels is not None and division.level not in levels:
        wanted = ", ".join(sorted(levels))
        raise InvalidInputError(
            f"The office {draft.role} is over a division of level {wanted}; {division.code} is a {division.level}.",
            f"{draft.role} 的辖区级别应为 {wanted}，而 {division.code} 为 {division.level}。",
            path=("division_id",),
        )
    return division


def _person_of(session: Session, viewer: Viewer, draft: OfficeDraft) -> Person | None:
    if (draft.person_id is not None) is not (draft.role in OF_ONE_PERSON):
        raise InvalidInputError(
            "Offices of mentors and mentees name the person they stand for; others name none.",
            "导师与帮带对象的任职须指定本人，其他任职不指定人员。",
            path=("person_id",),
        )
    if draft.person_id is None:
        return None
    return get_in_county(session, viewer, Person, draft.person_id, path=("person_id",))


def _require_period(session: Session, user: UserAccount, draft: OfficeDraft) -> None:
    if draft.valid_to is not None and draft.valid_to < draft.valid_from:
        raise InvalidInputError("The last day lies before the first.", "终止日期早于起始日期。", path=("valid_to",))
    if draft.valid_from < local_day(utc_now()):
        raise InvalidInputError(
            "An office begins today or later: nobody gets rights for days that are over.",
            "任职起始日期不得早于今天。",
            path=("valid_from",),
        )
    same_days = [
        col(Office.user_id) == user.id,
        or_(col(Office.valid_to).is_(None), col(Office.valid_to) >= draft.valid_from),
    ]
    if draft.valid_to is not None:
        same_days.append(col(Office.valid_from) <= draft.valid_to)
    other = session.exec(select(Office).where(*same_days)).first()
    if other is not None:
        raise DuplicateError(
            f"The user is {other.role} from {other.valid_from} to {other.valid_to or 'an open end'}: one office at a "
            "time. End that one first.",
            f"该用户自 {other.valid_from} 至 {other.valid_to or '未定'} 已任 {other.role}，"
            "同一时间只能有一个任职，请先终止。",
            path=("valid_from",),
        )


def _named(viewer: Viewer, draft: OfficeDraft) -> list[str]:
    named = frozenset(draft.explicit_permissions)
    if not named:
        return []
    if viewer.role is not Role.SYSTEM_ADMIN:
        raise ForbiddenError(
            "Only a system administrator gives permissions by name.",
            "仅系统管理员可单独授予权限。",
            path=("explicit_permissions",),
        )
    if not named <= EXPLICIT or draft.role is not Role.COUNTY_ADMIN:
        allowed = ", ".join(sorted(EXPLICIT))
        raise InvalidInputError(
            f"Only {allowed} is given by name, and only to a COUNTY_ADMIN; every other permission comes with the role.",
            f"仅可向 COUNTY_ADMIN 单独授予 {allowed}，其他权限随角色授予。",
            path=("explicit_permissions",),
        )
    return sorted(named)
