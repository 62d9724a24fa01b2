"""Global ids: opaque texts that name a type and a row."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from uuid import UUID

import strawberry

from app.errors import InvalidInputError


def encode_id(type_name: str, key: UUID) -> strawberry.ID:
    """The global id of a row of a type."""
    return strawberry.ID(urlsafe_b64encode(f"{type_name}:{key}".encode()).decode("ascii"))


def decode_id(value: str, *, path: Sequence[str] = ("id",)) -> tuple[str, UUID]:
    """The type name and key of a global id; refuses a text that this service has not made."""
    try:
        type_name, _, key = urlsafe_b64decode(value.encode("ascii")).decode("ascii").partition(":")
        decoded = (type_name, UUID(key))
    except (binascii.Error, ValueError) as error:
        raise InvalidInputError(
            "This is not an id of this service; use the id that a query returned.",
            "编号格式不正确，请使用查询返回的 id。",
            path=path,
        ) from error
    return decoded


def key_of(value: str, *type_names: str, path: Sequence[str] = ("id",)) -> UUID:
    """The key of a global id that must belong to one of the types."""
    type_name, key = decode_id(value, path=path)
    if type_name not in type_names:
        raise InvalidInputError(
            f"This id names a {type_name}; expected: {', '.join(type_names)}.",
            f"此 id 属于 {type_name}，应为：{'、'.join(type_names)}。",
            path=path,
        )
    return key


def optional_key_of(value: str | None, *type_names: str, path: Sequence[str] = ("id",)) -> UUID | None:
    """As ``key_of``; nothing for nothing."""
    return None if value is None else key_of(value, *type_names, path=path)
