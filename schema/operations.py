"""The parts of an operation as a client sends them, over HTTP or a socket, checked before anything reads them."""

import re
from typing import Any

from cross_web import HTTPException

from schema.documents import TrustedDocuments

ESCAPED_NUL = re.compile(r"\\u(?:0000|\{0+\})")
"""How a text inside a document can spell the one character that PostgreSQL cannot store."""

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
    if ESCAPED_NUL.search(query) or _has_nul([query, variables, name]):
        raise HTTPException(400, "NUL characters are not accepted.")
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
    return query


def _has_nul(value: object) -> bool:
    """Whether any text inside a JSON value holds a NUL character."""
    if isinstance(value, dict):
        return any(_has_nul(item) for pair in value.items() for item in pair)
    if isinstance(value, list):
        return any(_has_nul(item) for item in value)
    return isinstance(value, str) and "\0" in value
