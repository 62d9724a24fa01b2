"""What the forms of present data have in common: places in official order, and how dates and codes are printed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import code_prefix
from app.models import Division
from app.models.vocabulary import DivisionLevel
from app.services.place_names import printed_village_name

ItemT = TypeVar("ItemT")
_MOST_KEYS = 5_000
"""Keys in one statement: SQLite takes 32,766 values, PostgreSQL 65,535."""


def month_text(day: date | None) -> str:
    """``1985.06``; empty for nothing."""
    return f"{day.year}.{day.month:02d}" if day is not None else ""


def long_day(day: date) -> str:
    """``2025年3月15日``."""
    return f"{day.year}年{day.month}月{day.day}日"


def in_parts(items: Sequence[ItemT]) -> Iterator[Sequence[ItemT]]:
    """The items in parts that one statement can name."""
    for start in range(0, len(items), _MOST_KEYS):
        yield items[start : start + _MOST_KEYS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a row belongs: names as printed, and its place in official order (建制顺序)."""

    county: str
    township: str
    village: str
    order: tuple[int | str, ...]


def places_under(session: Session, scope: Division) -> dict[UUID, Place]:
    """Every division at or under ``scope``, and those above it up to the county, by key."""
    inside = select(Division).where(col(Division.code).startswith(code_prefix(scope)))
    rows = {row.id: row for row in session.exec(inside)}
    above: set[UUID | None] = {scope.parent_id, scope.county_id}
    while wanted := {key for key in above if key is not None and key not in rows}:
        found = list(session.exec(select(Division).where(col(Division.id).in_(wanted))))
        rows.update((row.id, row) for row in found)
        above = {row.parent_id for row in found if row.level not in (DivisionLevel.COUNTY, DivisionLevel.PROVINCE)}
    return {key: _place(row, rows) for key, row in rows.items()}


def _place(row: Division, rows: dict[UUID, Division]) -> Place:
    line: dict[DivisionLevel, Division] = {}
    step: Division | None = row
    while step is not None:
        line[step.level] = step
        step = rows.get(step.parent_id) if step.parent_id else None
    order: list[int | str] = []
    for level in (DivisionLevel.COUNTY, DivisionLevel.TOWNSHIP, DivisionLevel.VILLAGE):
        # What belongs to the county itself stands before its townships.
        order += [line[level].display_order, line[level].code] if level in line else [-1, ""]
    names = {level: each.name for level, each in line.items()}
    return Place(
        county=names.get(DivisionLevel.COUNTY, ""),
        township=names.get(DivisionLevel.TOWNSHIP, ""),
        village=printed_village_name(names[DivisionLevel.VILLAGE]) if DivisionLevel.VILLAGE in names else "",
        order=tuple(order),
    )
