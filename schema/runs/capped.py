"""Lists that are computed whole and shown up to a limit, with the number of all items."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import strawberry

from app.errors import InvalidInputError
from app.reads.paging import DEFAULT_PAGE, MAX_PAGE
from schema.context import Context

ItemT = TypeVar("ItemT")

Most: TypeAlias = Annotated[
    int, strawberry.argument(description=f"How many items from the start at most, 1 to {MAX_PAGE}.")
]


@strawberry.type(description="The beginning of a list.")
class CappedList(Generic[ItemT]):
    total_count: int = strawberry.field(description="How many items the whole list has.")
    nodes: list[ItemT] = strawberry.field(description="The first of them.")


def capped(context: Context, items: Sequence[Any], first: int, show: Callable[[Any], Any]) -> CappedList[Any]:
    """The first items of a list, as ``show`` makes them."""
    if not 1 <= first <= MAX_PAGE:
        raise InvalidInputError(
            f"`first` must lie between 1 and {MAX_PAGE}; this is {first}.",
            f"first 须在 1 与 {MAX_PAGE} 之间，当前为 {first}。",
            path=["first"],
        )
    shown = items[:first]
    context.spend(len(shown))
    return CappedList(total_count=len(items), nodes=[show(item) for item in shown])


__all__ = ["DEFAULT_PAGE", "CappedList", "Most", "capped"]
