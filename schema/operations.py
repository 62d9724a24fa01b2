"""The parts of an operation as a client sends them, over HTTP or a socket, checked before anything reads them."""

import re
from typing import Any

from cross_web import HTTPException

ESCAPED_NUL = re.compile(r"\\u(?:0000|\{0+\})")
"""How a text inside a document can spell the one character that PostgreSQL cannot store."""

Operation = tuple[str, dict[str, Any] | None, str | None, dict[str, Any] | None]
"""Document, variables, name of the operation, extensions."""


def operation_of(data: dict[str, Any]) -> Operation:
    """The parts of an operation; refuses those of a wrong shape, and NUL characters."""
    query, variables, name, extensions = (
        data.get(key) for key in ("query", "variables", "operationName", "extensions")
    )
    if not isinstance(query, str) or not query.strip():
        raise HTTPException(400, "`query` must be a text with a GraphQL document.")
    if not isinstance(variables, dict | None) or not isinstance(extensions, dict | None):
        raise HTTPException(400, "`variables` and `extensions` must be objects.")
    if not isinstance(name, str | None):
        raise HTTPException(400, "`operationName` must be a text.")
    if ESCAPED_NUL.search(query) or _has_nul([query, variables, name]):
        raise HTTPException(400, "NUL characters are not accepted.")
    return query, variables, name, extensions


def _has_nul(value: object) -> bool:
    """Whether any text inside a JSON value holds a NUL character."""
    if isinstance(value, dict):
        return any(_has_nul(item) for pair in value.items() for item in pair)
    if isinstance(value, list):
        return any(_has_nul(item) for item in value)
    return isinstance(value, str) and "\0" in value
