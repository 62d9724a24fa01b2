"""Refusals as data: the user errors of mutations, and the extensions of errors of queries."""

from typing import Any, Self

import strawberry

from app.errors import AppError
from schema.cost import RateLimitedError


def camel_case(name: str) -> str:
    """The name of a field as clients write it.

    >>> camel_case("division_id"), camel_case("divisionId")
    ('divisionId', 'divisionId')
    """
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


@strawberry.type(description="One reason why a mutation was refused. Nothing has been written when there is one.")
class UserError:
    code: str = strawberry.field(description="Stable code, for example NOT_FOUND, INVALID_INPUT or VERSION_CONFLICT.")
    message: str = strawberry.field(description="What is wrong, which item, and what to do, in English.")
    message_zh: str = strawberry.field(description="The same in Chinese.")
    path: list[str] = strawberry.field(
        description="Path of the faulty field inside `input`; empty when no single one is."
    )

    @classmethod
    def of(cls, error: AppError, *, inside: tuple[str, ...] = ()) -> Self:
        """The user error for a refusal of the service; its path begins at the field ``inside`` of the input."""
        path = [camel_case(name) for name in (*inside, *error.path)]
        return cls(code=error.code, message=error.message, message_zh=error.message_zh, path=path)


@strawberry.type(description="What every mutation answers.")
class Payload:
    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why nothing was written; empty when the mutation succeeded."
    )


def extensions_of(error: AppError) -> dict[str, Any]:
    """The ``extensions`` of the GraphQL error for a refusal of the service."""
    told = {"code": error.code, "messageZh": error.message_zh, "inputPath": [camel_case(name) for name in error.path]}
    return told | ({"retryAfterS": error.retry_after_s} if isinstance(error, RateLimitedError) else {})
