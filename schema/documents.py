"""Trusted documents: operations that clients name by an id instead of sending their text.

The file is a JSON object of ids and documents, as Relay's compiler and other tools write it. Every document is checked
when the service starts, and where only trusted documents are accepted, nothing else is ever run.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from graphql import GraphQLError, GraphQLSchema, parse, validate

from app.errors import ConfigurationError
from schema.limits import MAX_TOKENS


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedDocuments:
    """Documents by their ids, and whether all others are refused."""

    texts: Mapping[str, str]
    excludes_others: bool = False

    def find(self, document_id: str) -> str | None:
        """The text of a document; ``None`` for an unknown id."""
        return self.texts.get(document_id)


def load_documents(path: Path, schema: GraphQLSchema, *, excludes_others: bool) -> TrustedDocuments:
    """Read the file and check every document; raises ``ConfigurationError`` that names what is wrong with which."""
    try:
        texts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"TOUYAN_TRUSTED_DOCUMENTS: {path.name} cannot be read as JSON ({error})") from error
    if not isinstance(texts, dict) or not all(isinstance(text, str) and name for name, text in texts.items()):
        raise ConfigurationError(
            f"TOUYAN_TRUSTED_DOCUMENTS: {path.name} must be a JSON object of ids and GraphQL documents"
        )
    for name, text in texts.items():
        try:
            faults = validate(schema, parse(text, max_tokens=MAX_TOKENS))
        except GraphQLError as error:
            faults = [error]
        if faults:
            raise ConfigurationError(f"TOUYAN_TRUSTED_DOCUMENTS: document {name!r}: {faults[0].message}")
    return TrustedDocuments(texts=texts, excludes_others=excludes_others)
