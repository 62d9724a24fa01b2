"""Reads in generations: everything an operation waits for at one moment is read together, then answered together.

What shares a statement must depend on the query alone, not on how long another statement took. So no read starts
while resolvers can still ask for more, and no resolver goes on before all reads of its generation are done.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from app.access import Viewer
from app.db import Database, Session, known_fault
from schema.limits import MAX_DEPTH

QUIET_TURNS = 2 * MAX_DEPTH + 8
"""Turns of the event loop without a request after which no resolver can ask for more.

graphql-core spends at most two turns for each level of the document (one for the items of a list, one for the fields
of an object) between the answer to a read and the reads below it; the rest is for a task to start and to wake. Turns
are counted, not time: a busy machine makes them longer, never fewer.
"""

Read: TypeAlias = Callable[[Session, Viewer, list[Any]], Any]


@dataclass(slots=True, kw_only=True)
class _Batch:
    """One read, the keys it is asked for, and who waits for each; ``name`` tells it from all others."""

    name: Any
    read: Read
    waiting: dict[Any, list[asyncio.Future[Any]]] = field(default_factory=dict)
    found: Any = None
    error: Exception | None = None

    def run(self, session: Session, viewer: Viewer) -> None:
        try:
            self.found = self.read(session, viewer, list(self.waiting))
        except Exception as error:  # noqa: BLE001 - raised again at whoever asked
            self.error = known_fault(error)


class Generations:
    """The reads of one operation; each generation is one session on one worker thread, one batch after the other."""

    def __init__(self, database: Database, viewer: Viewer) -> None:
        self._database = database
        self._viewer = viewer
        self._next: dict[Any, _Batch] = {}
        self._known: dict[tuple[Any, Any], Any] = {}
        self._quiet_turns = 0
        self._driver: asyncio.Task[None] | None = None

    def forget(self) -> None:
        """Drop what was read: a write may have changed it."""
        self._known = {}

    async def load(self, name: Any, read: Read, key: Any) -> Any:
        """The value that ``read`` finds for ``key``; keys asked for under one ``name`` are read in one statement."""
        self._quiet_turns = 0
        if (name, key) in self._known:
            return self._known[name, key]
        batch = self._next.setdefault(name, _Batch(name=name, read=read))
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        batch.waiting.setdefault(key, []).append(future)
        if self._driver is None:
            self._driver = asyncio.create_task(self._drive())
        return await future

    async def _drive(self) -> None:
        try:
            while self._next:
                while self._quiet_turns < QUIET_TURNS:
                    self._quiet_turns += 1
                    await asyncio.sleep(0)
                batches, self._next = list(self._next.values()), {}
                known = self._known
                try:
                    await asyncio.to_thread(self._read, batches)
                except Exception as error:  # noqa: BLE001 - no session: raised again at everybody
                    for batch in batches:
                        batch.error = error
                self._quiet_turns = 0
                _answer(batches, known)
        finally:
            self._driver = None

    def _read(self, batches: Iterable[_Batch]) -> None:
        with self._database.read() as session:
            for batch in batches:
                batch.run(session, self._viewer)


def _answer(batches: Iterable[_Batch], known: dict[tuple[Any, Any], Any]) -> None:
    """Wake everybody who waits for these batches, in the same turn."""
    for batch in batches:
        for key, futures in batch.waiting.items():
            value = None if batch.error else batch.found.get(key)
            if batch.error is None:
                known[batch.name, key] = value
            for future in futures:
                if future.done():
                    continue  # whoever asked was cancelled
                if batch.error is None:
                    future.set_result(value)
                else:
                    future.set_exception(batch.error)
                    future.exception()  # nobody may be left to ask: asyncio would log it, with personal data
