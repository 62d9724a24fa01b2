"""Who is asking, what the role may do, and the one territory filter that every read and write goes through."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, true
from sqlmodel import Session, col, select

from app.db import utc_now
from app.errors import ForbiddenError, InvalidInputError, NotFoundError
from app.models import ApiToken, AuditEvent, Division, Person
from app.models.columns import Row
from app.models.vocabulary import DivisionLevel, Role

CODE_LENGTH = {
    DivisionLevel.PROVINCE: 2,
    DivisionLevel.PREFECTURE: 4,
    DivisionLevel.COUNTY: 6,
    DivisionLevel.TOWNSHIP: 9,
    DivisionLevel.VILLAGE: 12,
}
"""How many leading digits of the 12-digit code a division shares with everything inside it."""


def code_prefix(division: Division) -> str:
    """The leading digits that the codes of everything inside the division begin with."""
    return division.code[: CODE_LENGTH[division.level]]


class Permission(StrEnum):
    """What a root field can ask for."""

    READ = "READ"
    READ_OWN = "READ_OWN"
    READ_PLANS = "READ_PLANS"
    EDIT_PEOPLE = "EDIT_PEOPLE"
    RUN = "RUN"
    APPROVE = "APPROVE"
    EXPORT = "EXPORT"


_OFFICERS = frozenset({Role.SYSTEM_ADMIN, Role.PREFECTURE_OFFICER, Role.COUNTY_ADMIN})
ROLES_BY_PERMISSION: dict[Permission, frozenset[Role]] = {
    Permission.READ: _OFFICERS | {Role.COUNTY_APPROVER, Role.TOWNSHIP_OFFICER, Role.AUDITOR, Role.READER},
    Permission.READ_OWN: frozenset(Role),
    Permission.READ_PLANS: _OFFICERS | {Role.COUNTY_APPROVER},
    Permission.EDIT_PEOPLE: _OFFICERS | {Role.TOWNSHIP_OFFICER},
    Permission.RUN: _OFFICERS,
    Permission.APPROVE: frozenset({Role.SYSTEM_ADMIN, Role.PREFECTURE_OFFICER, Role.COUNTY_APPROVER}),
    Permission.EXPORT: _OFFICERS | {Role.COUNTY_APPROVER},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who is asking.

    ``code_prefix`` is the territory as leading digits of division codes (empty: the whole country); ``county_ids``
    are the counties that territory touches, ``None`` for all. ``person_id`` is set for mentors and mentees.
    """

    subject: str
    role: Role
    code_prefix: str = ""
    county_ids: frozenset[UUID] | None = None
    person_id: UUID | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the role holds the permission."""
        return self.role in ROLES_BY_PERMISSION[permission]

    def require(self, permission: Permission) -> None:
        """Raise ``ForbiddenError`` unless the role holds the permission."""
        if not self.may(permission):
            allowed = ", ".join(sorted(ROLES_BY_PERMISSION[permission]))
            raise ForbiddenError(
                f"Role {self.role} may not do this ({permission}); roles that may: {allowed}.",
                f"角色 {self.role} 无此权限（{permission}）；有此权限的角色：{allowed}。",
            )


SYSTEM_VIEWER = Viewer(subject="system", role=Role.SYSTEM_ADMIN)
"""The command line on the machine itself."""


def territory_clause(
    viewer: Viewer, county_column: object, division_column: object | None = None
) -> ColumnElement[bool]:
    """The condition that a row lies in the viewer's territory.

    ``county_column`` holds the county of the row, ``division_column`` the village, township or county it belongs to;
    without the latter a viewer below county level sees nothing.
    """
    if viewer.role in (Role.MENTOR, Role.MENTEE):
        return false()
    if viewer.county_ids is None:
        return true()
    county = col(county_column).in_(viewer.county_ids)
    if len(viewer.code_prefix) <= CODE_LENGTH[DivisionLevel.COUNTY]:
        return county
    if division_column is None:
        return false()
    inside = select(col(Division.id)).where(col(Division.code).startswith(viewer.code_prefix))
    return and_(county, col(division_column).in_(inside))


def person_clause(viewer: Viewer, person_column: object) -> ColumnElement[bool]:
    """The condition that ``person_column`` points at a person in the viewer's territory."""
    if viewer.county_ids is None and viewer.role not in (Role.MENTOR, Role.MENTEE):
        return true()
    inside = select(col(Person.id)).where(territory_clause(viewer, Person.county_id, Person.division_id))
    return col(person_column).in_(inside)


def covers_division(viewer: Viewer, code: str) -> bool:
    """Whether the division with this 12-digit code lies in the viewer's territory."""
    return viewer.role not in (Role.MENTOR, Role.MENTEE) and code.startswith(viewer.code_prefix)


def require_division(session: Session, viewer: Viewer, division_id: UUID, *, path: Iterable[str] = ()) -> Division:
    """The division, if it exists and lies in the viewer's territory; raises ``NotFoundError`` otherwise."""
    division = session.get(Division, division_id)
    if division is None or not covers_division(viewer, division.code):
        raise NotFoundError(
            f"No division {division_id} in your territory.", f"辖区内没有区划 {division_id}。", path=tuple(path)
        )
    return division


RowT = TypeVar("RowT", bound=Row)


def get_in_county(
    session: Session, viewer: Viewer, table: type[RowT], row_id: UUID, *, path: Iterable[str] = ()
) -> RowT:
    """The row of a table with a county, if its county lies in the viewer's territory; else ``NotFoundError``.

    Rows of persons are checked down to the township; other rows down to the county.
    """
    row = session.get(table, row_id)
    county_id = getattr(row, "county_id", None)
    inside = row is not None and viewer.role not in (Role.MENTOR, Role.MENTEE)
    if inside and viewer.county_ids is not None:
        inside = county_id in viewer.county_ids
        person_id = row.id if isinstance(row, Person) else getattr(row, "person_id", None)
        if inside and person_id is not None and len(viewer.code_prefix) > CODE_LENGTH[DivisionLevel.COUNTY]:
            clause = territory_clause(viewer, Person.county_id, Person.division_id)
            inside = session.exec(select(Person.id).where(col(Person.id) == person_id, clause)).first() is not None
    if row is None or not inside:
        raise NotFoundError(
            f"No {table.__name__} {row_id} in your territory.",
            f"辖区内没有编号为 {row_id} 的记录（{table.__name__}）。",
            path=tuple(path),
        )
    return row


def viewer_for_division(
    session: Session, *, subject: str, role: Role, division: Division | None, person_id: UUID | None = None
) -> Viewer:
    """A viewer whose territory is ``division`` (``None``: the whole country)."""
    if division is None:
        return Viewer(subject=subject, role=role, person_id=person_id)
    prefix = code_prefix(division)
    counties = session.exec(
        select(Division.id).where(
            col(Division.level) == DivisionLevel.COUNTY,
            col(Division.code).startswith(prefix[: CODE_LENGTH[DivisionLevel.COUNTY]]),
        )
    )
    return Viewer(subject=subject, role=role, code_prefix=prefix, county_ids=frozenset(counties), person_id=person_id)


LABEL_LENGTH = 80
"""The label of a token is the name under which everything is recorded that is done with it."""


def hash_token(token: str) -> str:
    """SHA-256 of a bearer token; tokens carry 256 random bits, so no slow hash is needed."""
    return sha256(token.encode("utf-8")).hexdigest()


def create_token(
    session: Session,
    *,
    role: Role,
    label: str,
    division: Division | None,
    person: Person | None = None,
    valid_for: timedelta = timedelta(days=90),
    now: datetime | None = None,
) -> str:
    """Store a new token, record that it was made, and return its clear text, which is shown once, stored nowhere."""
    if not 0 < len(label.strip()) <= LABEL_LENGTH:
        raise InvalidInputError(
            f"The label of a token says who holds it, in 1 to {LABEL_LENGTH} characters.",
            f"令牌名称须写明持有人（1至{LABEL_LENGTH}字）。",
            path=["label"],
        )
    if role in (Role.MENTOR, Role.MENTEE) and person is None:
        raise InvalidInputError(
            f"A token for role {role} needs the person it stands for (--person 编号).",
            f"角色 {role} 的令牌须指定本人编号（--person）。",
        )
    if role not in (Role.SYSTEM_ADMIN, Role.AUDITOR, Role.READER, Role.MENTOR, Role.MENTEE) and division is None:
        raise InvalidInputError(
            f"A token for role {role} needs a division (--division CODE).",
            f"角色 {role} 的令牌须指定区划代码（--division）。",
        )
    clear = "ty_" + secrets.token_urlsafe(32)
    row = ApiToken(
        token_hash=hash_token(clear),
        label=label.strip(),
        role=role,
        division_id=division.id if division else None,
        person_id=person.id if person else None,
        expires_at=(now or utc_now()) + valid_for,
        created_by=SYSTEM_VIEWER.subject,
        updated_by=SYSTEM_VIEWER.subject,
    )
    session.add(row)
    record(
        session,
        SYSTEM_VIEWER,
        "TOKEN_CREATED",
        f"ApiToken {row.id}",
        role=role.value,
        division=division.code if division else None,
        person=person.code if person else None,
    )
    session.flush()
    return clear


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a token gives: whom it stands for, and until when."""

    viewer: Viewer
    token_id: UUID
    expires_at: datetime


def find_grant(session: Session, token: str, *, now: datetime | None = None) -> Grant | None:
    """What a bearer token gives; ``None`` when it is unknown, expired or revoked."""
    row = session.exec(select(ApiToken).where(col(ApiToken.token_hash) == hash_token(token))).first()
    return _grant_of(session, row, now or utc_now())


def grants_by_token(session: Session, token_ids: Iterable[UUID], *, now: datetime | None = None) -> dict[UUID, Grant]:
    """What tokens give at this moment; those that expired or were revoked are left out."""
    rows = session.exec(select(ApiToken).where(col(ApiToken.id).in_(list(token_ids)))).all()
    grants = {row.id: _grant_of(session, row, now or utc_now()) for row in rows}
    return {token_id: grant for token_id, grant in grants.items() if grant is not None}


def _grant_of(session: Session, row: ApiToken | None, now: datetime) -> Grant | None:
    if row is None or row.revoked_at is not None or row.expires_at <= now:
        return None
    division = session.get(Division, row.division_id) if row.division_id else None
    viewer = viewer_for_division(session, subject=row.label, role=row.role, division=division, person_id=row.person_id)
    return Grant(viewer=viewer, token_id=row.id, expires_at=row.expires_at)


def record(session: Session, viewer: Viewer, action: str, target: str, **detail: object) -> None:
    """Append one audit event in the caller's transaction; ``detail`` must not hold personal values."""
    session.add(AuditEvent(actor=viewer.subject, role=viewer.role, action=action, target=target, detail=detail))
