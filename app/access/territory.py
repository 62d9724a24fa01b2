"""The one territory filter that every read and write goes through."""

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlmodel import Session, col, select

from app.access.permissions import Permission
from app.access.viewers import Viewer
from app.errors import NotFoundError
from app.models import AuditEvent, Division, Person
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


def trail_clause(viewer: Viewer) -> ColumnElement[bool]:
    """The condition that an entry of the audit trail concerns the viewer's territory: by its actor or by its county."""
    if viewer.role in (Role.MENTOR, Role.MENTEE):
        return false()
    if viewer.county_ids is None:
        return true()
    by_actor = col(AuditEvent.territory_code).startswith(viewer.code_prefix)
    if len(viewer.code_prefix) > CODE_LENGTH[DivisionLevel.COUNTY]:
        return by_actor
    return or_(by_actor, col(AuditEvent.county_id).in_(viewer.county_ids))


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
    session: Session,
    *,
    subject: str,
    role: Role,
    division: Division | None,
    person_id: UUID | None = None,
    explicit: frozenset[Permission] = frozenset(),
    scopes: frozenset[Permission] | None = None,
) -> Viewer:
    """A viewer whose territory is ``division`` (``None``: the whole country)."""
    prefix = "" if division is None else code_prefix(division)
    counties: frozenset[UUID] | None = None
    if division is not None:
        inside = select(Division.id).where(
            col(Division.level) == DivisionLevel.COUNTY,
            col(Division.code).startswith(prefix[: CODE_LENGTH[DivisionLevel.COUNTY]]),
        )
        counties = frozenset(session.exec(inside))
    return Viewer(
        subject=subject,
        role=role,
        code_prefix=prefix,
        county_ids=counties,
        person_id=person_id,
        explicit=explicit,
        scopes=scopes,
    )
