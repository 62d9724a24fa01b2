"""Keyset paging: one page of rows after or before a position, in a total order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import func, literal, tuple_
from sqlalchemy import select as sql_select
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.access import Viewer

RowT = TypeVar("RowT")
FilterT = TypeVar("FilterT")

DEFAULT_PAGE, MAX_PAGE = 50, 200
"""Rows of a page unless stated, and at most."""

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

    The last key of every order must be unique, so that the order is total. ``parent`` is the column that points at
    the owner of a nested list, in the table or in one that the statement joins. ``options`` say how rows are loaded.
    """

    name: str
    table: type[RowT]
    statement: Callable[[Viewer, FilterT], SelectOfScalar[RowT]]
    orders: Mapping[StrEnum, tuple[Key, ...]]
    parent: Any = None
    options: tuple[Any, ...] = ()

    def page(
        self, session: Session, viewer: Viewer, filters: FilterT, order: StrEnum, request: PageRequest
    ) -> Page[RowT]:
        """One page of rows; one statement."""
        columns = [key.expression for key in self.orders[order]]
        statement: Any = self._between(self.statement(viewer, filters), order, request).add_columns(*columns)
        ordered = statement.options(*self.options).order_by(*_ordered(columns, request))
        found = session.execute(ordered.limit(request.size + 1)).all()
        return _page([(row[0], tuple(row[1:])) for row in found], request)

    def pages(
        self,
        session: Session,
        viewer: Viewer,
        parents: Sequence[UUID],
        filters: FilterT,
        order: StrEnum,
        request: PageRequest,
    ) -> dict[UUID, Page[RowT]]:
        """The same page of the list of every parent; one statement for all of them."""
        table: Any = self.table
        columns = [key.expression for key in self.orders[order]]
        place = func.row_number().over(partition_by=col(self.parent), order_by=_ordered(columns, request))
        inner: Any = self._between(self.statement(viewer, filters), order, request)
        labelled = [column.label(f"key_{number}") for number, column in enumerate(columns)]
        ranked = (
            inner.where(col(self.parent).in_(parents))
            .with_only_columns(
                table.id.label("row_id"),
                col(self.parent).label("parent"),
                place.label("place"),
                *labelled,
                maintain_column_froms=True,
            )
            .subquery()
        )
        positions = [ranked.c[f"key_{number}"] for number in range(len(columns))]
        rows = session.execute(
            sql_select(table, ranked.c.parent, *positions)
            .join(ranked, ranked.c.row_id == table.id)
            .where(ranked.c.place <= request.size + 1)
            .order_by(ranked.c.place)
            .options(*self.options)
        )
        found = group_by_key(parents, [(row[1], (row[0], tuple(row[2:]))) for row in rows])
        return {parent: _page(rows_of_parent, request) for parent, rows_of_parent in found.items()}

    def count(self, session: Session, viewer: Viewer, filters: FilterT) -> int:
        """How many rows the list has in the territory."""
        inner = self.statement(viewer, filters).subquery()
        return session.exec(select(func.count()).select_from(inner)).one()

    def counts(self, session: Session, viewer: Viewer, parents: Sequence[UUID], filters: FilterT) -> dict[UUID, int]:
        """How many rows the list of every parent has in the territory."""
        inner: Any = self.statement(viewer, filters).where(col(self.parent).in_(parents))
        grouped = inner.with_only_columns(self.parent, func.count(), maintain_column_froms=True).group_by(self.parent)
        return dict.fromkeys(parents, 0) | {row[0]: row[1] for row in session.execute(grouped)}

    def _between(self, statement: Any, order: StrEnum, request: PageRequest) -> Any:
        keys = self.orders[order]
        left = tuple_(*(key.expression for key in keys))
        for position, is_after in ((request.after, True), (request.before, False)):
            if position is None:
                continue
            right = tuple_(*(_bound(key, value) for key, value in zip(keys, position, strict=True)))
            statement = statement.where(left > right if is_after != request.is_descending else left < right)
        return statement


def _ordered(columns: Sequence[Any], request: PageRequest) -> list[Any]:
    rising = request.is_descending == request.is_backward
    return [column.asc() if rising else column.desc() for column in columns]


def _page(found: list[tuple[RowT, tuple[object, ...]]], request: PageRequest) -> Page[RowT]:
    has_more, found = len(found) > request.size, found[: request.size]
    if request.is_backward:
        found = found[::-1]
    return Page(
        rows=[row for row, _ in found],
        positions=[position for _, position in found],
        has_previous=has_more if request.is_backward else request.after is not None,
        has_next=request.before is not None if request.is_backward else has_more,
    )


def _bound(key: Key, value: object) -> Any:
    return literal(value, key.expression.type)


def group_by_key(keys: Sequence[Any], pairs: Sequence[tuple[Any, RowT]]) -> dict[Any, list[RowT]]:
    """Rows grouped under their key, an empty list for a key without rows."""
    groups: dict[Any, list[RowT]] = {key: [] for key in keys}
    for key, row in pairs:
        groups[key].append(row)
    return groups
