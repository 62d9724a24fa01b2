"""The parts of an operation as a client sends them, over HTTP or a socket, checked before anything reads them."""

import re
from collections.abc import Iterable
from typing import Any

from cross_web import HTTPException

from schema.documents import TrustedDocuments

ESCAPED_NUL = re.compile(r"\\u(?:0000|\{0+\})")
"""How a text inside a document can spell the one character that PostgreSQL cannot store."""

MAX_LEVELS = 40
"""Levels of JSON inside one request; a policy with everything in it has about ten."""
MAX_LIST_LENGTH = 10_000
"""Items of one list: a statement takes 65,535 values on PostgreSQL and 32,766 on SQLite, and no list needs so many."""

MAX_DOCUMENT = 50_000
"""Characters of a document: tokens bound neither comments nor texts, and the caches keep documents whole."""

Operation = tuple[str, dict[str, Any] | None, str | None, dict[str, Any] | None]
"""Document, variables, name of the operation, extensions."""


def operation_of(data: dict[str, Any], documents: TrustedDocuments) -> Operation:
    """The parts of an operation; refuses those of a wrong shape, NUL characters, and documents that are not trusted."""
    variables, name, extensions = (data.get(key) for key in ("variables", "operationName", "extensions"))
    query = _document_of(data, documents)
    if not isinstance(variables, dict | None) or not isinstance(extensions, dict | None):
        raise HTTPException(400, "`variables` and `extensions` must be objects.")
    if not isinstance(name, str | None):
        raise HTTPException(400, "`operationName` must be a text.")
    fault = "NUL characters are not accepted." if ESCAPED_NUL.search(query) else _fault_of([query, variables, name])
    if fault is not None:
        raise HTTPException(400, fault)
    return query, variables, name, extensions


def _document_of(data: dict[str, Any], documents: TrustedDocuments) -> str:
    query, document_id = data.get("query"), data.get("documentId")
    if document_id is not None:
        if query is not None:
            raise HTTPException(400, "Give either `query` or `documentId`.")
        text = documents.find(document_id) if isinstance(document_id, str) else None
        if text is None:
            raise HTTPException(400, "`documentId` names no document that this service knows.")
        return text
    if documents.excludes_others:
        raise HTTPException(400, "Only trusted documents are accepted: name one in `documentId`.")
    if not isinstance(query, str) or not query.strip():
        raise HTTPException(400, "`query` must be a text with a GraphQL document.")
    if len(query) > MAX_DOCUMENT:
        raise HTTPException(400, f"`query` has more than {MAX_DOCUMENT} characters; send values as `variables`.")
    return query


def _fault_of(value: object) -> str | None:
    """What is wrong with a JSON value: NUL characters in a text, too long a list, or too many levels."""
    level = [value]
    for _ in range(MAX_LEVELS):
        for each in level:
            if isinstance(each, str) and "\0" in each:
                return "NUL characters are not accepted."
            if isinstance(each, list) and len(each) > MAX_LIST_LENGTH:
                return f"A list has {len(each)} items; at most {MAX_LIST_LENGTH} are accepted."
        inner = [part for each in level for part in _parts(each)]
        if not inner:
            return None
        level = inner
    return f"`variables` are nested more than {MAX_LEVELS} levels deep."


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return (part for pair in value.items() for part in pair)
    return value if isinstance(value, list) else ()
