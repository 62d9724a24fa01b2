"""Relay connections with keyset cursors: opaque, versioned and protected against tampering."""

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, Generic, TypeAlias, TypeVar
from uuid import UUID

import orjson
import strawberry

from app.errors import InvalidInputError
from app.reads.paging import DEFAULT_PAGE, MAX_PAGE, PARSERS, Key, Listing, Page, PageRequest
from schema.context import Context
from schema.enums import OrderDirection

NodeT = TypeVar("NodeT")

CURSOR_VERSION = 1
TAG_LENGTH = 12
"""Bytes of the HMAC-SHA256 that a cursor carries: 96 bits, far beyond guessing."""
MAX_CURSOR_LENGTH = 1_000

First: TypeAlias = Annotated[
    int | None, strawberry.argument(description="How many items from the start, 1 to 200; 50 unless stated.")
]
After: TypeAlias = Annotated[str | None, strawberry.argument(description="Cursor after which the page begins.")]
Last: TypeAlias = Annotated[
    int | None, strawberry.argument(description="How many items from the end, 1 to 200; not together with `first`.")
]
Before: TypeAlias = Annotated[str | None, strawberry.argument(description="Cursor before which the page ends.")]


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(
        description="Whether items follow; when paging backward, whether the page was asked for with `before`."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether items precede; when paging forward, whether the page was asked for with `after`."
    )
    start_cursor: str | None = strawberry.field(description="Cursor of the first item of the page.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last item of the page.")


@strawberry.type(description="One item of a page with its cursor.")
class Edge(Generic[NodeT]):
    cursor: str = strawberry.field(description="Opaque position of the item, for `after` and `before`.")
    node: NodeT = strawberry.field(description="The item.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[NodeT]):
    edges: list[Edge[NodeT]] = strawberry.field(description="The items of the page with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in the list.")
    count: strawberry.Private[Callable[[], Any]]

    @strawberry.field(description="The items of the page without cursors.")
    def nodes(self) -> list[NodeT]:
        return [edge.node for edge in self.edges]

    @strawberry.field(description="How many items the whole list has; counted only when asked for.")
    async def total_count(self) -> int:
        total: int = await self.count()
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """The four paging arguments as the client sent them."""

    first: int | None
    after: str | None
    last: int | None
    before: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChoice:
    """The order that the client chose, or the default of the list."""

    order: StrEnum
    direction: OrderDirection = OrderDirection.ASC


async def connect(
    context: Context,
    listing: Listing[Any, Any],
    filters: Any,
    chosen: OrderChoice,
    paging: Paging,
    show: Callable[[Any], Any],
) -> Connection[Any]:
    """One page of a whole list as a connection of what ``show`` makes of its rows."""
    codec = _codec(context, listing, chosen)
    request = _request(paging, codec, is_descending=chosen.direction is OrderDirection.DESC)
    page = await context.read(lambda session, viewer: listing.page(session, viewer, filters, chosen.order, request))

    async def count() -> int:
        return await context.read(lambda session, viewer: listing.count(session, viewer, filters))

    context.spend(len(page.rows))
    return _connection(page, codec, show, count)


async def connect_nested(
    context: Context,
    listing: Listing[Any, Any],
    parent: UUID,
    filters: Any,
    chosen: OrderChoice,
    paging: Paging,
    show: Callable[[Any], Any],
) -> Connection[Any]:
    """One page of the list that belongs to ``parent``; the pages of all parents are read in one statement."""
    codec = _codec(context, listing, chosen)
    request = _request(paging, codec, is_descending=chosen.direction is OrderDirection.DESC)
    page = await context.load(
        (listing.name, "pages", filters, chosen, request),
        lambda session, viewer, parents: listing.pages(session, viewer, parents, filters, chosen.order, request),
        parent,
    )

    async def count() -> int:
        total: int = await context.load(
            (listing.name, "counts", filters),
            lambda session, viewer, parents: listing.counts(session, viewer, parents, filters),
            parent,
        )
        return total

    context.spend(len(page.rows))
    return _connection(page, codec, show, count)


def _codec(context: Context, listing: Listing[Any, Any], chosen: OrderChoice) -> "CursorCodec":
    scope = f"{listing.name}:{chosen.order}:{chosen.direction}"
    return CursorCodec(secret=context.cursor_key, scope=scope, keys=listing.orders[chosen.order])


def _connection(
    page: Page[Any], codec: "CursorCodec", show: Callable[[Any], Any], count: Callable[[], Any]
) -> Connection[Any]:
    cursors = [codec.encode(position) for position in page.positions]
    return Connection(
        edges=[Edge(cursor=cursor, node=show(row)) for cursor, row in zip(cursors, page.rows, strict=True)],
        page_info=PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
        count=count,
    )


def _request(paging: Paging, codec: "CursorCodec", *, is_descending: bool) -> PageRequest:
    if paging.first is not None and paging.last is not None:
        raise InvalidInputError("Use `first` or `last`, not both.", "first 与 last 不能同时使用。", path=["first"])
    size, argument = (paging.first, "first") if paging.last is None else (paging.last, "last")
    if size is not None and not 1 <= size <= MAX_PAGE:
        raise InvalidInputError(
            f"`{argument}` must lie between 1 and {MAX_PAGE}; this is {size}.",
            f"{argument} 须在 1 与 {MAX_PAGE} 之间，当前为 {size}。",
            path=[argument],
        )
    return PageRequest(
        size=DEFAULT_PAGE if size is None else size,
        is_backward=paging.last is not None,
        is_descending=is_descending,
        after=None if paging.after is None else codec.decode(paging.after, "after"),
        before=None if paging.before is None else codec.decode(paging.before, "before"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorCodec:
    """Positions to cursors and back, for one list in one order; a cursor of another list or order is refused."""

    secret: bytes
    scope: str
    keys: tuple[Key, ...]

    def encode(self, position: tuple[object, ...]) -> str:
        """The cursor of a position."""
        texts = [str(value) if isinstance(value, UUID) else value for value in position]
        body = orjson.dumps([CURSOR_VERSION, *texts])
        return urlsafe_b64encode(self._tag(body) + body).decode("ascii").rstrip("=")

    def decode(self, cursor: str, argument: str) -> tuple[object, ...]:
        """The position of a cursor; refuses everything that ``encode`` has not made for this list and order."""
        try:
            if len(cursor) > MAX_CURSOR_LENGTH:
                raise ValueError("too long")
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            tag, body = raw[:TAG_LENGTH], raw[TAG_LENGTH:]
            if not hmac.compare_digest(tag, self._tag(body)):
                raise ValueError("foreign tag")
            version, *values = orjson.loads(body)
            if version != CURSOR_VERSION:
                raise ValueError("other version")
            return tuple(PARSERS[key.kind](value) for key, value in zip(self.keys, values, strict=True))
        except (binascii.Error, ValueError) as error:
            raise InvalidInputError(
                f"`{argument}` is not a cursor of this list in this order; start again without it.",
                f"{argument} 不是此列表在此排序下的游标，请去掉后重新查询。",
                path=[argument],
            ) from error

    def _tag(self, body: bytes) -> bytes:
        return hmac.new(self.secret, self.scope.encode() + b"\0" + body, sha256).digest()[:TAG_LENGTH]
