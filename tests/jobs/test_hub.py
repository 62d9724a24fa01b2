"""The hub of a run: what a subscriber is told, however slow it is."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

from app.jobs.client import JobClient
from app.jobs.hub import Progress, StoredEvent, _Watched
from app.models.vocabulary import RunState
from app.reads.progress import RunView
from tests.jobs.machine import Machine


def view(state: RunState, n_solved: int) -> RunView:
    return RunView(state=state, phase=None, n_shares=1, n_solved=n_solved, levels=(), seconds=0.0)


def event(offset: int, kind: str) -> StoredEvent:
    return StoredEvent(offset=offset, kind=kind, at=datetime.now(UTC), share=None)


class Told(_Watched):
    """A run whose news come from the test."""

    async def _read(self) -> None:
        await asyncio.sleep(3600)

    async def news(self, state: RunView, *events: StoredEvent, is_over: bool = False) -> None:
        def change() -> None:
            self._view, self._is_over = state, is_over
            self._events.extend(events)

        await self._tell(change)


def test_an_event_is_told_with_figures_that_are_not_older_than_it(lite_office: Machine) -> None:
    async def scene() -> list[tuple[str | None, RunState, int]]:
        run = Told(lite_office.database, JobClient(lite_office.database), uuid4())
        await run.news(view(RunState.RUNNING, 0), event(0, "STARTED"))
        steps = run.follow(-1)
        seen: list[Progress] = [await anext(steps)]
        # While the subscriber handles that event, the run ends.
        await run.news(view(RunState.SOLVED, 1), event(1, "SOLVED"), event(2, "ENDED"), is_over=True)
        seen += [step async for step in steps]
        await run.close()
        return [(step.event and step.event.kind, step.view.state, step.view.n_solved) for step in seen]

    assert asyncio.run(scene()) == [
        ("STARTED", RunState.RUNNING, 0),
        ("SOLVED", RunState.SOLVED, 1),
        ("ENDED", RunState.SOLVED, 1),
    ]
