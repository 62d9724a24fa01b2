"""Connections that last: how many one user may hold, and that each ends when its user may no longer do what it does."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from app.access import Grant
from app.db import Database, utc_now
from app.errors import AppError, DatabaseUnavailableError
from app.observe import metrics
from app.reads.access import viewers_of
from schema.watching import Note

UNAUTHORIZED, FORBIDDEN = 4401, 4403
"""Codes of graphql-transport-ws with which a socket is closed: the token or session is over, or says something else."""

GOING_AWAY, GOING_AWAY_REASON = 1001, "The server is going away; connect again"
"""Code of WebSockets, upon which clients of the protocol connect anew and go on, and the reason."""

WAITING_S = 0.05
"""Seconds between two looks whether operations have ended that are waited for."""

LOOKING_S = 3.0
"""Seconds between two looks at the credentials in use: after so long at most, a change of one is felt."""

LONGEST_TIMER_S = 86_400.0
"""Seconds for which a timer is set at most: tokens last for months, and clocks are put right meanwhile."""

MAX_SOCKETS, MAX_OPERATIONS = 100, 200
"""Sockets, and operations over sockets and event streams, that one user may hold in one process."""

OnEnd: TypeAlias = Callable[[int, str], None]


class TooManyError(AppError):
    """One user holds as many connections or running operations as are allowed."""

    code = "TOO_MANY"


def too_many_sockets() -> TooManyError:
    """The refusal of one more socket."""
    return TooManyError(
        f"You hold {MAX_SOCKETS} connections already; close some first.",
        f"同时连接数已达上限（{MAX_SOCKETS}），请先关闭部分连接。",
    )


def too_many_operations() -> TooManyError:
    """The refusal of one more operation."""
    return TooManyError(
        f"You have {MAX_OPERATIONS} operations running already; end some first.",
        f"同时进行的操作数已达上限（{MAX_OPERATIONS}），请先结束部分操作。",
    )


def _name(grant: Grant) -> str:
    return grant.credential.kind.value.capitalize()


@dataclass(slots=True, kw_only=True, eq=False)
class _Guarded:
    grant: Grant
    on_end: OnEnd
    timer: asyncio.TimerHandle | None = None

    def arm(self) -> None:
        """End what is guarded when its token or session expires."""
        seconds = (self.grant.expires_at - utc_now()) / timedelta(seconds=1)
        loop = asyncio.get_running_loop()
        if seconds > LONGEST_TIMER_S:
            self.timer = loop.call_later(LONGEST_TIMER_S, self.arm)
        else:
            self.timer = loop.call_later(max(seconds, 0.0), self.on_end, UNAUTHORIZED, f"{_name(self.grant)} expired")

    def disarm(self) -> None:
        """Do nothing any more."""
        if self.timer is not None:
            self.timer.cancel()


@dataclass(slots=True, kw_only=True)
class Connections:
    """The connections of this process that last, by who holds them."""

    database: Database
    sockets: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    running: set[Note] = field(default_factory=set)
    """The operations over sockets that run."""
    is_leaving: bool = False
    """Whether no operation is begun any more."""
    _guarded: set[_Guarded] = field(default_factory=set)
    _watch: asyncio.Task[None] | None = None

    @contextmanager
    def socket(self, user: str) -> Iterator[None]:
        """Count one socket while the block runs; raises ``TooManyError``."""
        with _counted(self.sockets, user, MAX_SOCKETS, too_many_sockets), metrics.open_sockets.track_inprogress():
            yield

    @contextmanager
    def operation(self, user: str) -> Iterator[None]:
        """Count one operation while the block runs; raises ``TooManyError``."""
        counted = _counted(self.operations, user, MAX_OPERATIONS, too_many_operations)
        with counted, metrics.running_streams.track_inprogress():
            yield

    def has_most_operations(self, user: str) -> bool:
        """Whether a user may begin no further operation."""
        return self.operations[user] >= MAX_OPERATIONS

    @contextmanager
    def guarded(self, grant: Grant, on_end: OnEnd) -> Iterator[None]:
        """Call ``on_end`` with a code and a reason when the grant ends or changes while the block runs."""
        guarded = _Guarded(grant=grant, on_end=on_end)
        guarded.arm()
        self._guarded.add(guarded)
        if self._watch is None:
            self._watch = asyncio.create_task(self._look())
        try:
            yield
        finally:
            guarded.disarm()
            self._guarded.discard(guarded)

    async def _look(self) -> None:
        """Look at the credentials in use as long as there are any."""
        try:
            while self._guarded:
                await asyncio.sleep(LOOKING_S)
                credentials = {each.grant.credential for each in self._guarded}
                try:
                    viewers = await asyncio.to_thread(viewers_of, self.database, credentials)
                except DatabaseUnavailableError:
                    continue  # nobody can change one either
                for each in list(self._guarded):
                    if each.grant.credential not in credentials:
                        continue  # it came while the database was asked
                    viewer = viewers.get(each.grant.credential)
                    if viewer is None:
                        each.on_end(UNAUTHORIZED, f"{_name(each.grant)} revoked")
                    elif viewer != each.grant.viewer:
                        each.on_end(FORBIDDEN, "Role or territory changed")
        finally:
            self._watch = None

    async def leave(self) -> None:
        """Let queries and mutations over sockets be answered, begin no others, then end everything that lasts."""
        self.is_leaving = True
        while any(note.is_brief for note in self.running):
            await asyncio.sleep(WAITING_S)
        for each in list(self._guarded):
            each.on_end(GOING_AWAY, GOING_AWAY_REASON)

    async def close(self) -> None:
        """Stop looking."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch


@contextmanager
def _counted(counts: Counter[str], user: str, most: int, refusal: Callable[[], TooManyError]) -> Iterator[None]:
    if counts[user] >= most:
        raise refusal()
    counts[user] += 1
    try:
        yield
    finally:
        counts[user] -= 1
        if counts[user] == 0:
            del counts[user]
