"""JSON documents whose shape belongs to another part: policies, metrics and printed rows."""

from typing import Any, NewType

import strawberry

Json = NewType("Json", object)
"""A JSON document: object, list, text, number, boolean or null."""


def _same(value: Any) -> Any:
    return value


SCALARS: dict[object, Any] = {
    Json: strawberry.scalar(
        name="JSON",
        description="A JSON document; its shape is told by the field that carries it.",
        serialize=_same,
        parse_value=_same,
    )
}
