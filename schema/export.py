"""The schema as a document in the schema definition language."""

from pathlib import Path

from schema.root import make_schema

SCHEMA_FILE = Path(__file__).with_name("schema.graphql")
"""The committed document; a test fails when it is stale."""


def sdl() -> str:
    """The schema as text that ends with a newline."""
    return make_schema().as_str().rstrip("\n") + "\n"
