"""What one operation carries: who asks, where the data are, and the loaders that batch its reads."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from strawberry.dataloader import DataLoader
from strawberry.types.info import Info as StrawberryInfo

from app.access import Viewer
from app.crypto import PersonalDataCipher
from app.db import Database, Session, run_in_transaction
from app.errors import AppError

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")
ResultT = TypeVar("ResultT")

ReadByKey: TypeAlias = Callable[[Session, Viewer, Sequence[KeyT]], dict[KeyT, ValueT]]


class NotSignedInError(AppError):
    """The request carries no valid token."""

    code = "UNAUTHENTICATED"


class TooCostlyError(AppError):
    """The operation asks for more than one answer may hold."""

    code = "TOO_COSTLY"


@dataclass(slots=True, kw_only=True)
class Context:
    """The context of one operation; loaders and their caches live exactly as long."""

    database: Database
    cipher: PersonalDataCipher
    cursor_key: bytes
    visitor: Viewer | None
    max_items: int
    n_items: int = 0
    loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)

    @property
    def viewer(self) -> Viewer:
        """Who asks; refuses an anonymous visitor."""
        if self.visitor is None:
            raise NotSignedInError(
                "Sign in with a valid token: Authorization: Bearer <token>.",
                "请使用有效令牌登录：Authorization: Bearer <令牌>。",
            )
        return self.visitor

    def spend(self, n_items: int) -> None:
        """Count items of lists that are about to be answered; refuses when the operation asks for too many."""
        self.n_items += n_items
        if self.n_items > self.max_items:
            raise TooCostlyError(
                f"The operation asks for more than {self.max_items} items; ask for smaller pages or fewer levels.",
                f"本次查询超过 {self.max_items} 项，请减小分页或层级。",
            )

    async def read(self, unit: Callable[[Session, Viewer], ResultT]) -> ResultT:
        """Run a read in a session of its own on a worker thread, never on the event loop."""
        viewer = self.viewer

        def in_thread() -> ResultT:
            with self.database.read() as session:
                return unit(session, viewer)

        return await asyncio.to_thread(in_thread)

    async def write(self, unit: Callable[[Session, Viewer], ResultT]) -> ResultT:
        """Run one transaction on a worker thread; what it returns stays readable after the commit.

        Loaders are dropped, because what they cached may have changed.
        """
        viewer = self.viewer
        result = await asyncio.to_thread(run_in_transaction, self.database, lambda session: unit(session, viewer))
        self.loaders.clear()
        return result

    async def find(self, read: ReadByKey[KeyT, ValueT], key: KeyT) -> ValueT | None:
        """The value of a key, read together with all other keys that the operation asks for at this moment."""
        found: ValueT | None = await self.load(read, read, key)
        return found

    async def get(self, read: ReadByKey[KeyT, ValueT], key: KeyT) -> ValueT:
        """As ``find``, for reads that have a value for every key (lists and counts)."""
        found: ValueT = await self.load(read, read, key)
        return found

    async def load(self, name: Any, read: ReadByKey[Any, Any], key: Any) -> Any:
        """As ``find``, for a read made on the spot: equal names share one batch."""
        loader = self.loaders.get(name)
        if loader is None:

            async def load_batch(keys: list[Any]) -> list[Any]:
                found = await self.read(lambda session, viewer: read(session, viewer, keys))
                return [found.get(key) for key in keys]

            loader = self.loaders[name] = DataLoader(load_batch)
        return await loader.load(key)


Info: TypeAlias = StrawberryInfo[Context, None]
