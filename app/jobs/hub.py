"""One reader per run in the web process, whatever the number of subscribers: stored events, and live figures between.

Stored events are those of the engine's stream: each stands at its offset for ever. A subscriber walks along the list of
them at its own pace, so nothing is buffered for it and a slow one loses nothing. Live figures are the newest only.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from dbos._error import DBOSNonExistentWorkflowError
from sqlalchemy.exc import DBAPIError

from app.access import SYSTEM_VIEWER
from app.db import Database, refusal_of
from app.errors import DatabaseUnavailableError
from app.jobs.client import JobClient
from app.jobs.engine import ABSENCE_S
from app.reads.progress import RunView, progress_by_run

LOOKING_S = 0.15
"""Seconds between two looks at a run that somebody watches."""

GRACE_S = 3.0
"""Seconds for which stored events of a run that has ended, and that no worker has begun, are waited for."""

LAST_EVENT_S = 600.0
"""The same for a run that was begun: its worker may have died between the end and the telling of it, and another one
has to take the run up first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """One event of a run that is stored for ever: its place, what happened, when, and to which share."""

    offset: int
    kind: str
    at: datetime
    share: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a subscriber receives: a stored event, or ``None`` when only the figures have changed.

    ``offset`` is that of the last stored event that this subscriber has received; -1 before the first.
    """

    offset: int
    event: StoredEvent | None
    view: RunView


class ProgressHub:
    """The runs that are watched in this process."""

    def __init__(self, database: Database, client: JobClient) -> None:
        self._database, self._client = database, client
        self._watched: dict[UUID, _Watched] = {}

    async def follow(self, run_id: UUID, after: int) -> AsyncGenerator[Progress, None]:
        """Yield every stored event behind the offset ``after``, once and in order, and the newest figures between.

        Ends when the run has ended and everything is told. The caller has checked that the viewer may see the run.
        """
        watched = self._watched.get(run_id)
        if watched is None:
            watched = self._watched[run_id] = _Watched(self._database, self._client, run_id)
        watched.n_subscribers += 1
        try:
            async with aclosing(watched.follow(after)) as steps:
                async for step in steps:
                    yield step
        finally:
            watched.n_subscribers -= 1
            if watched.n_subscribers == 0:
                if self._watched.get(run_id) is watched:
                    del self._watched[run_id]
                await watched.close()

    @property
    def n_watched(self) -> int:
        """How many runs are read at this moment."""
        return len(self._watched)


class _Watched:
    """One run that is read as long as somebody watches it."""

    def __init__(self, database: Database, client: JobClient, run_id: UUID) -> None:
        self._database, self._client, self._run_id = database, client, run_id
        self._events: list[StoredEvent] = []
        self._view: RunView | None = None
        self._is_over = self._is_gone = False
        self._fault: Exception | None = None
        self._change = asyncio.Condition()
        self._task = asyncio.create_task(self._read())
        self.n_subscribers = 0

    async def follow(self, after: int) -> AsyncGenerator[Progress, None]:
        place = max(after, -1) + 1
        told: RunView | None = None
        while True:
            async with self._change:
                await self._change.wait_for(lambda: self._has_news(place, told))  # noqa: B023 - called at once
                fault, view, is_over = self._fault, self._view, self._is_over
            if fault is not None:
                raise fault
            if view is None:
                return
            while place < len(self._events):
                view = self._view or view
                yield Progress(offset=place, event=self._events[place], view=view)
                place, told = place + 1, view
            if _differs(view, told):
                yield Progress(offset=place - 1, event=None, view=view)
                told = view
            if is_over and place >= len(self._events) and view is self._view:
                return

    def _has_news(self, place: int, told: RunView | None) -> bool:
        is_news = place < len(self._events) or (self._view is not None and _differs(self._view, told))
        return is_news or self._is_over or self._fault is not None

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _read(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                stream = group.create_task(self._read_stream())
                ended_s = 0.0
                while not (self._has_ended() and (stream.done() or self._waited(ended_s))):
                    await self._look()
                    if self._is_gone:
                        break
                    await asyncio.sleep(LOOKING_S)
                    ended_s += LOOKING_S if self._has_ended() else 0.0
                stream.cancel()
        except* Exception as faults:  # noqa: BLE001 - raised again at every subscriber
            first = faults.exceptions[0]
            await self._tell(lambda: setattr(self, "_fault", first))
        else:
            await self._tell(lambda: setattr(self, "_is_over", True))

    def _has_ended(self) -> bool:
        return self._view is not None and self._view.has_ended

    def _waited(self, seconds: float) -> bool:
        """Whether the stored events of a run that has ended were waited for long enough."""
        return seconds > (LAST_EVENT_S if self._events else GRACE_S)

    async def _look(self) -> None:
        def read() -> RunView | None:
            with self._database.read() as session:
                return progress_by_run(session, SYSTEM_VIEWER, [self._run_id]).get(self._run_id)

        with suppress(DatabaseUnavailableError):
            view = await asyncio.to_thread(read)
            # Nothing is known while the database is away; that the run is gone is known only from an answer.
            self._is_gone = view is None
            if view is None or _differs(view, self._view):
                await self._tell(lambda: setattr(self, "_view", view))

    async def _read_stream(self) -> None:
        while True:
            try:
                async for value in self._client.events(self._run_id, offset=len(self._events)):
                    event = _event(len(self._events), value)
                    # The figures first: what is told with an event must not be older than it.
                    await self._look()
                    await self._tell(lambda event=event: self._events.append(event))  # type: ignore[misc]
            except DBOSNonExistentWorkflowError:
                return  # an old run, whose stream is no longer kept
            except DBAPIError as fault:
                if refusal_of(fault) is None:
                    raise
                await asyncio.sleep(ABSENCE_S)
            else:
                return

    async def _tell(self, change: Callable[[], None]) -> None:
        async with self._change:
            change()
            self._change.notify_all()


def _event(offset: int, value: dict[str, Any]) -> StoredEvent:
    return StoredEvent(
        offset=offset, kind=value["phase"], at=datetime.fromisoformat(value["at"]), share=value.get("share")
    )


def _differs(view: RunView, other: RunView | None) -> bool:
    """Whether anything but the time has changed."""
    return other is None or replace(view, seconds=0.0) != replace(other, seconds=0.0)
