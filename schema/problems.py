"""Refusals as data: the user errors of mutations, and the extensions of errors of queries."""

from typing import Any, Self

import strawberry

from app.errors import AppError


@strawberry.type(description="One reason why a mutation was refused. Nothing has been written when there is one.")
class UserError:
    code: str = strawberry.field(description="Stable code, for example NOT_FOUND, INVALID_INPUT or VERSION_CONFLICT.")
    message: str = strawberry.field(description="What is wrong, which item, and what to do, in English.")
    message_zh: str = strawberry.field(description="The same in Chinese.")
    path: list[str] = strawberry.field(description="Path of the faulty input field; empty when no single one is.")

    @classmethod
    def of(cls, error: AppError) -> Self:
        """The user error for a refusal of the service."""
        return cls(code=error.code, message=error.message, message_zh=error.message_zh, path=list(error.path))


def extensions_of(error: AppError) -> dict[str, Any]:
    """The ``extensions`` of the GraphQL error for a refusal of the service."""
    return {"code": error.code, "messageZh": error.message_zh, "inputPath": list(error.path)}
