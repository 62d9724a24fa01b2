"""Building blocks of inputs: fields with a default and a description, and checks that all filters share."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeVar

import strawberry

from app.access import CODE_LENGTH
from app.errors import InvalidInputError
from app.reads.conditions import Span

ItemT = TypeVar("ItemT")

FIRST_YEAR, LAST_YEAR = 1900, 2200
CODE_LENGTHS = frozenset(CODE_LENGTH.values())


def optional(description: str) -> Any:
    """A field that may be left out."""
    return strawberry.field(default=None, description=description)


def changeable(description: str) -> Any:
    """A field that may be left out, which is not the same as null: null empties the field."""
    return strawberry.field(default=strawberry.UNSET, description=description)


def required(description: str) -> Any:
    """A field that must be given."""
    return strawberry.field(description=description)


def given(value: Any) -> Any:
    """The value of a field that may be left out; nothing when it was."""
    return None if value is strawberry.UNSET else value


def several(values: Sequence[ItemT] | None) -> tuple[ItemT, ...] | None:
    """A list of the client as a tuple; nothing for nothing."""
    return None if values is None else tuple(values)


def checked_code(code: str | None) -> str | None:
    """A division code of a filter: 2, 4, 6, 9 or 12 digits."""
    if code is not None and not (code.isascii() and code.isdigit() and len(code) in CODE_LENGTHS):
        raise InvalidInputError(
            "`divisionCode` must have 2, 4, 6, 9 or 12 digits.",
            "divisionCode 须为 2、4、6、9 或 12 位数字。",
            path=["filter", "divisionCode"],
        )
    return code


@strawberry.input(description="A span of days; both ends belong to it, and either may be left out.")
class DateRangeInput:
    start: date | None = strawberry.field(name="from", default=None, description="First day.")
    end: date | None = strawberry.field(name="to", default=None, description="Last day.")

    def span(self, field: str) -> Span[date]:
        """What the reads understand; ``field`` is where it stands in the filter."""
        if self.start is not None and self.end is not None:
            _require_order(self.start <= self.end, field)
        return Span(start=self.start, end=self.end)


@strawberry.input(description="A span of time; either end may be left out.")
class DateTimeRangeInput:
    start: datetime | None = strawberry.field(
        name="from", default=None, description="First instant, with its offset from UTC."
    )
    end: datetime | None = strawberry.field(
        name="to", default=None, description="Instant before which it ends, with its offset from UTC."
    )

    def span(self, field: str) -> Span[datetime]:
        """What the reads understand; ``field`` is where it stands in the filter."""
        for name, instant in (("from", self.start), ("to", self.end)):
            if instant is not None and not FIRST_YEAR <= instant.year <= LAST_YEAR:
                raise InvalidInputError(
                    f"`{field}.{name}` lies outside the years {FIRST_YEAR} to {LAST_YEAR}.",
                    f"{field}.{name} 超出{FIRST_YEAR}年至{LAST_YEAR}年。",
                    path=["filter", field, name],
                )
            if instant is not None and instant.tzinfo is None:
                raise InvalidInputError(
                    f"`{field}.{name}` lacks its offset from UTC; write 2026-03-01T00:00:00+08:00 or ...Z.",
                    f"{field}.{name} 缺少时区，请写成 2026-03-01T00:00:00+08:00 或以 Z 结尾。",
                    path=["filter", field, name],
                )
        if self.start is not None and self.end is not None:
            _require_order(self.start <= self.end, field)
        return Span(start=self.start, end=self.end)


def _require_order(is_ordered: bool, field: str) -> None:
    if not is_ordered:
        raise InvalidInputError(
            f"`{field}` ends before it begins; exchange `from` and `to`.",
            f"{field} 的结束早于开始，请调换 from 与 to。",
            path=["filter", field, "from"],
        )


def days(given_range: DateRangeInput | None, field: str) -> Span[date] | None:
    """The span of a filter; nothing for nothing."""
    return None if given_range is None else given_range.span(field)


def instants(given_range: DateTimeRangeInput | None, field: str) -> Span[datetime] | None:
    """The span of a filter; nothing for nothing."""
    return None if given_range is None else given_range.span(field)


DIVISION_CODE = "Code of a division, or its first 2, 4, 6 or 9 digits: only what lies under it."
PERSON = (
    "A part of the name, in simplified or traditional characters, or the beginning of the 编号; spaces and the dots of "
    "minority names do not count. Only persons whose file may be seen are found."
)
NAME = "A part of the name, in simplified or traditional characters; spaces do not count."
PROGRAM_NAME = "A part of the programme's name, in simplified or traditional characters; spaces do not count."
PROGRAM = "Of this programme."
CREATED = "Made in this span."
UPDATED = "Last changed in this span."
DIRECTION = "Rising or falling."
