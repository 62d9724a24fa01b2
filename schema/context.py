"""What one operation carries: who asks, where the data are, and its reads."""

import asyncio
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from strawberry.types.info import Info as StrawberryInfo

from app.access import Viewer
from app.crypto import PersonalDataCipher
from app.db import Database, Session, run_in_transaction
from app.errors import AppError
from app.jobs.client import JobClient
from app.jobs.hub import ProgressHub
from app.observe import metrics
from app.rate import RateLimit
from app.rosters.pdffont import FontChain
from app.services.privacy.restricted import record_restricted_reads
from schema.cost import RateLimitedError, TooCostlyError
from schema.deadline import Deadline
from schema.generations import Generations

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")
ResultT = TypeVar("ResultT")

ReadByKey: TypeAlias = Callable[[Session, Viewer, Sequence[KeyT]], dict[KeyT, ValueT]]


HEAVY = ThreadPoolExecutor(max_workers=4, thread_name_prefix="heavy")
"""Threads of adjustments and starts of runs."""

QUESTIONS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="questions")
"""Threads of questions about plans."""


class NotSignedInError(AppError):
    """The request carries no valid token."""

    code = "UNAUTHENTICATED"


@dataclass(slots=True, kw_only=True)
class Context:
    """The context of one operation; its reads are remembered exactly as long."""

    database: Database
    cipher: PersonalDataCipher
    jobs: JobClient
    hub: ProgressHub
    cursor_key: bytes
    visitor: Viewer | None
    rate: RateLimit
    deadline: Deadline
    streams: bool
    max_items: int
    reveals_per_day: int
    fonts: FontChain
    n_items: int = 0
    n_reveals: int = 0
    generations: Generations | None = None
    over_socket: bool = False

    @property
    def viewer(self) -> Viewer:
        """Who asks; refuses an anonymous visitor."""
        if self.visitor is None:
            raise NotSignedInError(
                "Sign in with a valid token: Authorization: Bearer <token>.",
                "请使用有效令牌登录：Authorization: Bearer <令牌>。",
            )
        return self.visitor

    def pay(self, points: int) -> int:
        """Take the cost of the operation from what the visitor has; returns what is left.

        Raises ``RateLimitedError`` when it is not there now. An anonymous visitor can only ask for the schema.
        """
        user = "" if self.visitor is None else self.visitor.subject
        wait_s = self.rate.take(user, max(points, 1))
        if wait_s > 0:
            metrics.rate_refusals.inc()
            seconds = math.ceil(wait_s)
            raise RateLimitedError(
                f"You have asked for much in short time; try again in {seconds} s.",
                f"请求过于频繁，请在 {seconds} 秒后重试。",
                retry_after_s=seconds,
            )
        return self.rate.remaining(user)

    def spend(self, n_items: int) -> None:
        """Count items of lists that are about to be answered; refuses when the operation asks for too many."""
        self.n_items += n_items
        if self.n_items > self.max_items:
            raise TooCostlyError(
                f"The operation asks for more than {self.max_items} items; ask for smaller pages or fewer levels.",
                f"本次查询超过 {self.max_items} 项，请减小分页或层级。",
            )

    @property
    def reads(self) -> Generations:
        """The reads of this operation."""
        if self.generations is None:
            self.generations = Generations(self.database, self.viewer)
        return self.generations

    async def read(self, unit: Callable[[Session, Viewer], ResultT]) -> ResultT:
        """Run one read on a worker thread, never on the event loop, together with all others of this moment."""
        once = object()
        result: ResultT = await self.reads.load(once, lambda session, viewer, keys: {once: unit(session, viewer)}, once)
        return result

    async def write(self, unit: Callable[[Session, Viewer], ResultT]) -> ResultT:
        """Run one transaction on a worker thread; what it returns stays readable after the commit.

        What was read before is forgotten, because it may have changed.
        """
        viewer = self.viewer
        result = await asyncio.to_thread(run_in_transaction, self.database, lambda session: unit(session, viewer))
        self.reads.forget()
        return result

    async def work(self, unit: Callable[[], ResultT]) -> ResultT:
        """Run something that computes for seconds on threads of its own; reads must not wait behind it.

        It opens its own transactions; what was read before is forgotten, because it may have changed.
        """
        result: ResultT = await self.deadline.work(HEAVY, unit)
        self.reads.forget()
        return result

    async def ask(self, question: Callable[[], ResultT]) -> ResultT:
        """As ``work``, for something that changes nothing; the first question about a county takes seconds."""
        result: ResultT = await self.deadline.work(QUESTIONS, question)
        return result

    async def find(self, read: ReadByKey[KeyT, ValueT], key: KeyT) -> ValueT | None:
        """The value of a key, read together with all other keys that the operation asks for at this moment."""
        found: ValueT | None = await self.load(read, read, key)
        return found

    async def get(self, read: ReadByKey[KeyT, ValueT], key: KeyT) -> ValueT:
        """As ``find``, for reads that have a value for every key (lists and counts)."""
        found: ValueT = await self.load(read, read, key)
        return found

    async def note_restricted(self, field: str, subject: str) -> None:
        """Record that a value of class A is about to be answered; all of one moment become one audit event."""
        await self.load(Context.note_restricted, self._record_restricted, (field, subject))

    def _record_restricted(self, _session: Session, viewer: Viewer, reads: Sequence[tuple[str, str]]) -> Any:
        # A transaction of its own: those of reads write nothing.
        run_in_transaction(self.database, lambda session: record_restricted_reads(session, viewer, reads))
        return dict.fromkeys(reads, True)

    async def load(self, name: Any, read: ReadByKey[Any, Any], key: Any) -> Any:
        """As ``find``, for a read made on the spot: equal names share one batch."""
        return await self.reads.load(name, read, key)


Info: TypeAlias = StrawberryInfo[Context, None]
