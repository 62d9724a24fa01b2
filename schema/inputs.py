"""Building blocks of inputs: fields with a default and a description, and checks that all filters share."""

from collections.abc import Sequence
from typing import Any, TypeVar

import strawberry

from app.access import CODE_LENGTH
from app.errors import InvalidInputError

ItemT = TypeVar("ItemT")

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


def checked_text(text: str | None) -> str | None:
    """A text to search for: at least one character besides spaces; nothing otherwise."""
    return text if text and text.strip() else None


DIVISION_CODE = "Code of a division, or its first 2, 4, 6 or 9 digits: only what lies under it."
NAME = "A part of the name; spaces are ignored."
DIRECTION = "Rising or falling."
