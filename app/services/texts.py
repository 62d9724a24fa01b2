"""Texts that people enter: trimmed, present where they must be, and no longer than their column."""

from collections.abc import Sequence

from app.errors import InvalidInputError


def required_text(value: str | None, limit: int, message: str, message_zh: str, *, path: Sequence[str]) -> str:
    """The trimmed text; refuses an empty one with ``message`` and one of more than ``limit`` characters."""
    text = optional_text(value, limit, path=path)
    if text is None:
        raise InvalidInputError(message, message_zh, path=path)
    return text


def optional_text(value: str | None, limit: int, *, path: Sequence[str]) -> str | None:
    """The trimmed text or ``None`` when nothing is in it; refuses more than ``limit`` characters."""
    text = (value or "").strip()
    if len(text) > limit:
        field = path[-1]
        raise InvalidInputError(
            f"{field} has {len(text)} characters; at most {limit} fit, shorten it.",
            f"{field} 共{len(text)}字，最多{limit}字，请缩短。",
            path=path,
        )
    return text or None
