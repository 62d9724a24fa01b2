"""Texts that must fit their columns: SQLite would take any length, PostgreSQL would fail without naming the field."""

from collections.abc import Sequence

from sqlmodel import col

from app.errors import InvalidInputError


def require_fitting(column: object, text: str | None, path: Sequence[str]) -> None:
    """Refuse a text that is longer than ``column`` holds, naming the input field at ``path``."""
    limit: int = col(column).type.length  # type: ignore[attr-defined]
    if text is not None and len(text) > limit:
        field = path[-1]
        raise InvalidInputError(
            f"{field} is longer than {limit} characters; shorten it.", f"{field} 超过{limit}字，请缩短。", path=path
        )
