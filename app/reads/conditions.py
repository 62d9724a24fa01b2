"""Conditions of filters: each helper gives one condition, or nothing for what the client left out."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col, select

from app.access import Viewer
from app.errors import InvalidInputError
from app.folding import folded
from app.models import Mentee, Mentor, Pairing, PairingMember, PairingProgram, Person
from app.models.columns import SearchedRow
from app.reads.scope import mentees_in_scope, of_persons_in_scope, persons_in_scope, under_code

DayT = TypeVar("DayT", date, datetime)
Condition = ColumnElement[bool] | None

MAX_SEARCH_LENGTH = 200
"""Characters of a text to search for: more than any name has. SQLite refuses patterns of more than 50,000 bytes."""

MAX_CHOICES = 200
"""Values that one condition may name; no enum has as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span(Generic[DayT]):
    """A span of days, both ends included, or of instants, the end left out; ``None`` leaves an end open."""

    start: DayT | None = None
    end: DayT | None = None


def only(*conditions: Condition) -> list[ColumnElement[bool]]:
    """The conditions that were given."""
    return [condition for condition in conditions if condition is not None]


def equals(column: Any, value: Any) -> Condition:
    """The column has this value."""
    return None if value is None else col(column) == value


def among(column: Any, values: Collection[Any] | None) -> Condition:
    """The column has one of these values."""
    if values is None:
        return None
    # Said twice is said once: a statement has only so many parameters.
    different = tuple(dict.fromkeys(values))
    if len(different) > MAX_CHOICES:
        raise InvalidInputError(
            f"A filter names {len(different)} values; at most {MAX_CHOICES} are accepted.",
            f"筛选条件共 {len(different)} 个取值，最多 {MAX_CHOICES} 个。",
            path=["filter"],
        )
    return col(column).in_(different)


def is_set(column: Any, wanted: bool | None) -> Condition:
    """The column has a value, or (``False``) has none."""
    if wanted is None:
        return None
    return col(column).is_not(None) if wanted else col(column).is_(None)


def on_days(column: Any, span: Span[date] | None) -> Condition:
    """The day lies in the span; an empty one in no span."""
    if span is None:
        return None
    ends = only(
        None if span.start is None else col(column) >= span.start,
        None if span.end is None else col(column) <= span.end,
    )
    return and_(col(column).is_not(None), *ends)


def at_instants(column: Any, span: Span[datetime] | None) -> Condition:
    """The instant lies in the span."""
    if span is None:
        return None
    ends = only(
        None if span.start is None else col(column) >= span.start,
        None if span.end is None else col(column) < span.end,
    )
    return and_(col(column).is_not(None), *ends)


def under(code: str | None, division_column: Any) -> Condition:
    """The row's division lies under a code."""
    return None if code is None else under_code(code, division_column)


def under_program_of(code: str | None, program_column: Any) -> Condition:
    """The division of the row's programme lies under a code."""
    if code is None:
        return None
    inside = select(col(PairingProgram.id)).where(under_code(code, PairingProgram.division_id))
    return col(program_column).in_(inside)


def wanted_text(search: str | None) -> str | None:
    """The folded text to search for; nothing for nothing. Refuses one that is longer than any name."""
    if search is not None and len(search) > MAX_SEARCH_LENGTH:
        raise InvalidInputError(
            f"`search` has {len(search)} characters; at most {MAX_SEARCH_LENGTH} are searched for, shorten it.",
            f"search 共{len(search)}字，最多{MAX_SEARCH_LENGTH}字，请缩短。",
            path=["filter", "search"],
        )
    return None if search is None else folded(search)


def named(table: type[SearchedRow], search: str | None) -> Condition:
    """The folded name of the row contains the folded text."""
    text = wanted_text(search)
    return col(table.search_text).contains(text, autoescape=True) if text else None


def person_found(viewer: Viewer, search: str | None) -> Condition:
    """The joined ``Person`` is one whose file the viewer may see, by a part of the name or the beginning of 编号."""
    text = wanted_text(search)
    if not text:
        return None
    return and_(persons_in_scope(viewer), or_(_has_name(text), _has_code(text)))


def mentee_found(viewer: Viewer, search: str | None, mentee_column: Any) -> Condition:
    """The row's mentee is a person whom the viewer may see and the text finds."""
    found = person_found(viewer, search)
    if found is None:
        return None
    return col(mentee_column).in_(select(col(Mentee.id)).join(Person, _is_person_of(Mentee)).where(found))


def mentor_found(viewer: Viewer, search: str | None, mentor_column: Any) -> Condition:
    """The row's mentor is a person whom the viewer may see and the text finds."""
    found = person_found(viewer, search)
    if found is None:
        return None
    return col(mentor_column).in_(select(col(Mentor.id)).join(Person, _is_person_of(Mentor)).where(found))


def either(*conditions: Condition) -> Condition:
    """One of the conditions holds, of those that were given."""
    held = only(*conditions)
    return or_(*held) if held else None


def participant_found(viewer: Viewer, search: str | None) -> Condition:
    """A pairing of somebody whom the text finds.

    The names of both sides are shown to everybody who sees the pairing, so they are searched; the 编号 of a person is
    searched only where the file may be seen.
    """
    text = wanted_text(search)
    if not text:
        return None
    found = or_(_has_name(text), and_(persons_in_scope(viewer), _has_code(text)))
    mentees = select(col(Mentee.id)).join(Person, _is_person_of(Mentee)).where(found)
    seats = (
        select(col(PairingMember.pairing_id))
        .join(Mentor, col(Mentor.id) == col(PairingMember.mentor_id))
        .join(Person, _is_person_of(Mentor))
        .where(found)
    )
    return or_(col(Pairing.mentee_id).in_(mentees), col(Pairing.id).in_(seats))


def of_mentee(viewer: Viewer, mentee_id: UUID | None, mentee_column: Any) -> Condition:
    """The row belongs to this mentee, who lies in the territory; nobody outside can be asked for."""
    if mentee_id is None:
        return None
    return col(mentee_column).in_(select(col(Mentee.id)).where(col(Mentee.id) == mentee_id, mentees_in_scope(viewer)))


def of_mentor(viewer: Viewer, mentor_id: UUID | None, mentor_column: Any) -> Condition:
    """The row belongs to this mentor, whose file lies in the territory; nobody outside can be asked for."""
    if mentor_id is None:
        return None
    inside = of_persons_in_scope(viewer, Mentor.person_id)
    return col(mentor_column).in_(select(col(Mentor.id)).where(col(Mentor.id) == mentor_id, inside))


def _is_person_of(table: type[Mentee] | type[Mentor]) -> ColumnElement[bool]:
    return col(Person.id) == col(table.person_id)


def _has_name(text: str) -> ColumnElement[bool]:
    return col(Person.search_text).contains(text, autoescape=True)


def _has_code(text: str) -> ColumnElement[bool]:
    return col(Person.code).startswith(text, autoescape=True)
