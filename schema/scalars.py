"""JSON documents whose shape belongs to another part: policies, metrics and printed rows."""

from math import isfinite
from typing import Any, NewType

import strawberry
from graphql import GraphQLError

Json = NewType("Json", object)
"""A JSON document: object, list, text, number, boolean or null."""


INTEGER_LIMIT = 2**53
"""Beyond this many clients lose digits, and beyond 64 bits no answer could hold the number."""


def _same(value: Any) -> Any:
    return value


def _plain_json(value: Any) -> Any:
    """A value of the client; refuses numbers that JSON could not carry back."""
    if isinstance(value, dict):
        return {key: _plain_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain_json(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        raise GraphQLError("JSON holds finite numbers only.")
    if isinstance(value, int) and abs(value) > INTEGER_LIMIT:
        raise GraphQLError("JSON holds integers up to 2^53 only.")
    return value


SCALARS: dict[object, Any] = {
    Json: strawberry.scalar(
        name="JSON",
        description="A JSON document; its shape is told by the field that carries it.",
        serialize=_same,
        parse_value=_plain_json,
    )
}
