"""Permissions of fields: every root field states one, and is refused before its resolver runs."""

from collections.abc import Callable
from typing import Any

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.types import Info

from app.access import Permission
from app.errors import AppError
from schema.problems import UserError


class RequirePermission(FieldExtension):
    """Refuses the field to roles without the permission, and to anonymous visitors."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def resolve_async(self, next_: Callable[..., Any], source: Any, info: Info, **kwargs: Any) -> Any:
        """Check first, then resolve."""
        info.context.viewer.require(self.permission)
        return await next_(source, info, **kwargs)


class RefusalsAsData(FieldExtension):
    """Turns refusals of the service, including a missing permission, into user errors of the payload."""

    def __init__(self, payload: type) -> None:
        self.payload = payload

    async def resolve_async(self, next_: Callable[..., Any], source: Any, info: Info, **kwargs: Any) -> Any:
        """Resolve; a refusal becomes a payload that holds nothing but the reason."""
        try:
            return await next_(source, info, **kwargs)
        except AppError as error:
            return self.payload(user_errors=[UserError.of(error, inside=_parent(kwargs.get("input"), error.path))])


def _parent(given: Any, path: tuple[str, ...]) -> tuple[str, ...]:
    """Where in an input the path of a refusal begins: services of changes name the fields of ``changes``."""
    changes = getattr(given, "changes", None)
    is_inside = bool(path) and not hasattr(given, path[0]) and hasattr(changes, path[0])
    return ("changes",) if is_inside else ()


def root_field(permission: Permission, description: str) -> Any:
    """A field that needs a permission; the decorated resolver must be a coroutine."""
    return strawberry.field(description=stated(description, permission), extensions=[RequirePermission(permission)])


def stated(description: str, permission: Permission) -> str:
    """The description of a field that says what it needs."""
    return f"{description} Needs {permission.value}."


def subscription_field(permission: Permission, description: str) -> Any:
    """A subscription that needs a permission, which its generator itself requires before the first event."""
    return strawberry.subscription(description=stated(description, permission), metadata={"permission": permission})


def mutation_field(permission: Permission, payload: type, description: str) -> Any:
    """A mutation that needs a permission and answers refusals with user errors in ``payload``.

    The last extension is the outermost: it also turns a missing permission into data.
    """
    return strawberry.mutation(
        description=stated(description, permission), extensions=[RequirePermission(permission), RefusalsAsData(payload)]
    )
