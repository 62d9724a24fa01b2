"""How long one operation may take: at its end, its work in the database is stopped, and resolvers get a refusal.

Nothing else is cancelled, so the outcome stays certain: a mutation has either committed and says so, or was refused.
"""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Executor
from contextvars import copy_context
from typing import Any, TypeVar

from strawberry.extensions.base_extension import SchemaExtension
from strawberry.types.graphql import OperationType

from app.errors import OperationTimedOutError
from app.interrupts import CURRENT, Interrupt

WORK_TIMEOUT_S = 600.0
"""Seconds for operations that compute: questions about a dense county, adjustments, starts of runs."""

LAST_STEP_S = 5.0
"""Seconds more for which the end of such work is waited for: what commits in that moment has to say so."""

ResultT = TypeVar("ResultT")


class Deadline:
    """The clock of one operation."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._interrupt = Interrupt()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to count, and let the database work of this context end with the time."""
        CURRENT.set(self._interrupt)
        self._arm(self.timeout_s)

    def extend(self, timeout_s: float) -> None:
        """Count anew, to a time further away; nothing when the clock does not run."""
        if self._timer is not None and timeout_s > self.timeout_s:
            self._timer.cancel()
            self._arm(timeout_s)

    def stop(self) -> None:
        """Count no more."""
        CURRENT.set(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def abandon(self) -> None:
        """Let the clock run on without the operation: whoever asked has gone, its work in the database has not."""
        CURRENT.set(None)
        self._timer = None

    def _arm(self, timeout_s: float) -> None:
        # On a thread of its own: telling PostgreSQL takes a connection, and all other threads may be what hangs.
        end = threading.Thread(target=self._interrupt.fire, name="deadline", daemon=True)
        self._timer = asyncio.get_running_loop().call_later(timeout_s, end.start)

    async def work(self, executor: Executor, unit: Any) -> Any:
        """Run something that computes on threads of its own, with the longer time; gives up waiting at its end."""
        self.extend(WORK_TIMEOUT_S)
        context = copy_context()
        running = asyncio.get_running_loop().run_in_executor(executor, lambda: context.run(unit))
        try:
            return await asyncio.wait_for(asyncio.shield(running), WORK_TIMEOUT_S + LAST_STEP_S)
        except TimeoutError:
            raise OperationTimedOutError from None


class OperationDeadline(SchemaExtension):
    """Starts the clock of queries and mutations; subscriptions last as long as somebody watches."""

    def on_execute(self) -> Iterator[None]:
        """Count while the operation is executed."""
        operation = self.execution_context
        if operation.operation_type is OperationType.SUBSCRIPTION:
            yield
            return
        deadline: Deadline = operation.context.deadline
        deadline.start()
        try:
            yield
        except asyncio.CancelledError:
            deadline.abandon()
            raise
        finally:
            deadline.stop()
