"""Keyset paging: one page of rows after or before a position, in a total order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import func, literal, tuple_
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.access import Viewer

RowT = TypeVar("RowT")
FilterT = TypeVar("FilterT")

PARSERS: dict[type, Callable[[Any], object]] = {
    str: str,
    int: int,
    float: float,
    UUID: UUID,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
}
"""How a value of a position is read back from its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One column of an order, never null, with the Python type of its values."""

    column: Any
    kind: type

    @property
    def expression(self) -> Mapped[Any]:
        """The column for use in statements."""
        return col(self.column)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Which page: ``size`` rows after a position, or the last ``size`` rows before one when ``is_backward``."""

    size: int
    is_backward: bool = False
    is_descending: bool = False
    after: tuple[object, ...] | None = None
    before: tuple[object, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[RowT]):
    """Rows in order, the position of each, and whether rows lie before and after them."""

    rows: list[RowT]
    positions: list[tuple[object, ...]]
    has_previous: bool
    has_next: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[FilterT, RowT]):
    """A list that can be paged: its statement within the territory, and the orders it offers.

    The last key of every order must be unique, so that the order is total.
    """

    name: str
    statement: Callable[[Viewer, FilterT], SelectOfScalar[RowT]]
    orders: Mapping[StrEnum, tuple[Key, ...]]

    def page(
        self, session: Session, viewer: Viewer, filters: FilterT, order: StrEnum, request: PageRequest
    ) -> Page[RowT]:
        """One page of rows; one statement."""
        keys = self.orders[order]
        columns = [key.expression for key in keys]
        statement: Any = self.statement(viewer, filters).add_columns(*columns)
        rising = request.is_descending == request.is_backward
        for position, is_after in ((request.after, True), (request.before, False)):
            if position is None:
                continue
            left, right = (
                tuple_(*columns),
                tuple_(*(_bound(key, value) for key, value in zip(keys, position, strict=True))),
            )
            statement = statement.where(left > right if is_after != request.is_descending else left < right)
        statement = statement.order_by(*(column.asc() if rising else column.desc() for column in columns))
        found = session.execute(statement.limit(request.size + 1)).all()
        has_more, found = len(found) > request.size, found[: request.size]
        if request.is_backward:
            found = found[::-1]
        return Page(
            rows=[row[0] for row in found],
            positions=[tuple(row[1:]) for row in found],
            has_previous=has_more if request.is_backward else request.after is not None,
            has_next=request.before is not None if request.is_backward else has_more,
        )

    def count(self, session: Session, viewer: Viewer, filters: FilterT) -> int:
        """How many rows the list has in the territory."""
        inner = self.statement(viewer, filters).order_by(None).subquery()
        return session.exec(select(func.count()).select_from(inner)).one()


def _bound(key: Key, value: object) -> Any:
    return literal(value, key.expression.type)


def group_by_key(keys: Sequence[Any], pairs: Sequence[tuple[Any, RowT]]) -> dict[Any, list[RowT]]:
    """Rows grouped under their key, an empty list for a key without rows."""
    groups: dict[Any, list[RowT]] = {key: [] for key in keys}
    for key, row in pairs:
        groups[key].append(row)
    return groups
