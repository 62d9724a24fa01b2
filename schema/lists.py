"""Fields with a list: a keyset connection with `filter` and `orderBy`, at the root or belonging to an object."""

from collections.abc import Callable
from typing import Annotated, Any

import strawberry

from app.access import Permission
from app.reads.paging import Listing
from schema.context import Info
from schema.fields import show
from schema.paging import After, Before, First, Last, OrderChoice, Paging, connect, connect_nested
from schema.permissions import RequirePermission, stated


def root_list(
    permission: Permission,
    listing: Listing[Any, Any],
    filters: type,
    orders: type,
    default: OrderChoice,
    description: str,
    *,
    which: str,
    ordered: str,
    as_: Callable[[Any], Any] = show,
) -> Any:
    """A root field with a whole list of the territory; its type stands beside it, as ``Connection[...]``.

    ``filters`` and ``orders`` are input types with ``filters()`` and ``choice()``; ``which`` and ``ordered`` describe
    the two arguments.
    """

    async def resolve(
        root: Any,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Any = None,
        order_by: Any = None,
    ) -> Any:
        return await connect(
            info.context,
            listing,
            (filter or filters()).filters(),
            order_by.choice() if order_by else default,
            Paging(first=first, after=after, last=last, before=before),
            as_,
        )

    return _field(resolve, filters, orders, description, which, ordered, permission)


def nested_list(
    listing: Listing[Any, Any],
    filters: type,
    orders: type,
    default: OrderChoice,
    description: str,
    *,
    which: str,
    ordered: str,
    permission: Permission | None = None,
) -> Any:
    """As ``root_list``, for the rows that belong to an object; the pages of all objects are read in one statement."""

    async def resolve(
        root: Any,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Any = None,
        order_by: Any = None,
    ) -> Any:
        return await connect_nested(
            info.context,
            listing,
            root.key,
            (filter or filters()).filters(),
            order_by.choice() if order_by else default,
            Paging(first=first, after=after, last=last, before=before),
            show,
        )

    return _field(resolve, filters, orders, description, which, ordered, permission)


def _field(
    resolve: Any, filters: type, orders: type, description: str, which: str, ordered: str, permission: Permission | None
) -> Any:
    # The type of the field is read from the class that it stands in, the types of the arguments from here.
    del resolve.__annotations__["return"]
    resolve.__annotations__ |= {
        "filter": Annotated[filters | None, strawberry.argument(description=which)],
        "order_by": Annotated[orders | None, strawberry.argument(description=f"Order; {ordered} unless stated.")],
    }
    if permission is None:
        return strawberry.field(resolver=resolve, description=description)
    return strawberry.field(
        resolver=resolve, description=stated(description, permission), extensions=[RequirePermission(permission)]
    )
