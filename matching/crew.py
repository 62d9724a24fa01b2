"""Worker processes: components are solved where they are built, side by side, and only plans and numbers come back.

Workers come from a server process that has imported the library, and what the program itself imports, once: the first
crew of a program waits for that, later ones begin at once (see ``warm_up`` and ``matching.nursery``). A component stays
with one worker, which keeps its arrays between the stages. Tasks are pure functions of a component and plain
parameters, so an answer does not depend on who computes it: any number of workers gives the same plan. One worker is
this process, unless the caller can end the solve: then it is another one, which can be ended in the middle of a task.
"""

import contextlib
import multiprocessing
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from typing import Any

from matching.apart import ASKING_S, ENDED, end_with_parent, warm_up
from matching.build import Part, build_part
from matching.errors import SolverFailedError
from matching.policy import Policy
from matching.problem import Component, ProblemData
from matching.solvers.work import WORK

Source = Component | Part
"""A component, or the facts to build it from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A piece of work: a name in ``solvers.work.WORK``, the number of the component, and parameters."""

    name: str
    index: int
    params: dict[str, Any] = field(default_factory=dict)


Follow = Callable[[int, int, Any], Task | None]
"""Which task follows a result: from the round, the position and the result."""


@dataclass(slots=True)
class Desk:
    """What one worker holds: the components in hand, and what their stages have left on the desk."""

    problem: ProblemData
    policy: Policy
    sources: dict[int, Source] = field(default_factory=dict)
    components: dict[int, Component] = field(default_factory=dict)
    notes: dict[int, dict[str, Any]] = field(default_factory=dict)

    def do(self, task: Task) -> Any:
        """Do one task; the component is built when it is first needed, and dropped by the task ``drop``."""
        if task.name == "drop":
            self.components.pop(task.index, None)
            self.notes.pop(task.index, None)
            return None
        if task.index not in self.components:
            source = self.sources[task.index]
            self.components[task.index] = build_part(source, self.policy) if isinstance(source, Part) else source
        notes = self.notes.setdefault(task.index, {})
        return WORK[task.name](self.components[task.index], self.problem, self.policy, notes, **task.params)


class Crew:
    """One or more workers with the components of one problem.

    Parameters
    ----------
    problem
        What the components share; its own components are not looked at.
    n_workers
        1 for this process alone.
    is_separate
        Whether even one worker is a process of its own.
    """

    def __init__(
        self,
        problem: ProblemData,
        policy: Policy,
        sources: Sequence[Source],
        n_workers: int,
        *,
        is_separate: bool = False,
    ) -> None:
        if n_workers < 1:
            raise ValueError(f"workers: at least 1 is needed, found {n_workers}")
        self._sources = dict(enumerate(sources))
        self._problem, self._policy = problem, policy
        self._desk = Desk(problem, policy, self._sources)
        self._processes: list[ForkServerProcess] = []
        self._lines: list[Connection] = []
        self._owner: dict[int, int] = {}
        n_workers = min(n_workers, len(sources))
        if n_workers > 1 or (is_separate and sources):
            self._share_out(sources, n_workers)
            context = multiprocessing.get_context("forkserver")
            warm_up()
            for worker in range(n_workers):
                line, far_end = context.Pipe()
                own = {index: self._sources[index] for index, owner in self._owner.items() if owner == worker}
                process = context.Process(target=_serve, args=(far_end, problem, policy, own), daemon=True)
                process.start()
                far_end.close()
                self._processes.append(process)
                self._lines.append(line)

    def _share_out(self, sources: Sequence[Source], n_workers: int) -> None:
        """Give the largest component to the worker with the least to do, and so on."""
        sizes = {index: float(size_of(source)) ** 1.2 + 1.0 for index, source in enumerate(sources)}
        loads = [0.0] * n_workers
        for index in sorted(sizes, key=lambda index: (-sizes[index], index)):
            worker = loads.index(min(loads))
            self._owner[index] = worker
            loads[worker] += sizes[index]

    def results(self, tasks: Sequence[Task], check: Callable[[], None]) -> Iterator[tuple[int, Any]]:
        """Yield ``(position in tasks, result)`` in the order of the tasks; ``check`` may raise to end the work.

        Raises
        ------
        MatchingError
            What a task refused with.
        SolverFailedError
            When a worker process died.
        """
        return self.rounds(tasks, lambda _turn, _position, _result: None, check)

    def rounds(self, tasks: Sequence[Task], follow: Follow, check: Callable[[], None]) -> Iterator[tuple[int, Any]]:
        """Yield ``(position in tasks, result)`` round by round, where a result may call for a further task.

        Workers do not wait for the end of a round; what they are ahead is handed out in its turn, so the order does not
        depend on them.

        Parameters
        ----------
        follow
            Called with the round, from 0, the position and the result; returns the next task of the same component, or
            ``None``. A pure function.
        check
            May raise to end the work.
        """
        if not self._processes:
            yield from self._rounds_here(tasks, follow, check)
            return
        waiting: list[deque[tuple[int, int, Task]]] = [deque() for _ in self._lines]
        for position, task in enumerate(tasks):
            waiting[self._owner[task.index]].append((0, position, task))
        asked: list[tuple[int, int, Task] | None] = [None] * len(self._lines)
        done: dict[tuple[int, int], tuple[Any, bool]] = {}
        going, turn = list(range(len(tasks))), 0
        while going:
            rest = []
            for position in going:
                while (turn, position) not in done:
                    check()
                    self._exchange(waiting, asked, follow, done)
                result, goes_on = done.pop((turn, position))
                if goes_on:
                    rest.append(position)
                yield position, result
            going, turn = rest, turn + 1

    def _exchange(
        self,
        waiting: Sequence[deque[tuple[int, int, Task]]],
        asked: list[tuple[int, int, Task] | None],
        follow: Follow,
        done: dict[tuple[int, int], tuple[Any, bool]],
    ) -> None:
        """Hand out tasks to idle workers and take what comes back within a moment."""
        for worker, line in enumerate(self._lines):
            if asked[worker] is None and waiting[worker]:
                asked[worker] = waiting[worker].popleft()
                _put(line, asked[worker][2])  # type: ignore[index]
        answering = wait(self._lines, timeout=ASKING_S)
        for worker, line in enumerate(self._lines):
            own = asked[worker]
            if line in answering:
                result = self._receive(line)
                if own is None:
                    raise SolverFailedError(ENDED)
                turn, position, _ = own
                asked[worker] = None
                further = follow(turn, position, result)
                if further is not None:
                    waiting[worker].append((turn + 1, position, further))
                done[turn, position] = result, further is not None

    def _rounds_here(
        self, tasks: Sequence[Task], follow: Follow, check: Callable[[], None]
    ) -> Iterator[tuple[int, Any]]:
        going, turn = list(enumerate(tasks)), 0
        while going:
            rest = []
            for position, task in going:
                check()
                result = self._desk.do(task)
                further = follow(turn, position, result)
                if further is not None:
                    rest.append((position, further))
                yield position, result
            going, turn = rest, turn + 1

    def _receive(self, line: Connection) -> Any:
        try:
            is_answer, value = line.recv()
        except (EOFError, OSError) as end:
            raise SolverFailedError(ENDED) from end
        if not is_answer:
            raise value
        return value

    def close(self) -> None:
        """End the worker processes."""
        for process in self._processes:
            process.terminate()
        for process, line in zip(self._processes, self._lines, strict=True):
            process.join()
            line.close()

    def __enter__(self) -> "Crew":
        """Return the crew."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the worker processes."""
        self.close()


def _put(line: Connection, task: Task) -> None:
    try:
        line.send(task)
    except OSError as end:
        raise SolverFailedError(ENDED) from end


def size_of(source: Source) -> int:
    """Return the pairs of a mentee and a mentor."""
    return source.size if isinstance(source, Part) else len(source.mentees) * len(source.mentors)


def _serve(line: Connection, problem: ProblemData, policy: Policy, sources: dict[int, Source]) -> None:
    """Answer tasks until the line is closed."""
    threading.Thread(target=end_with_parent, name="parent watch", daemon=True).start()
    desk = Desk(problem, policy, sources)
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            task = line.recv()
            try:
                answer = (True, desk.do(task))
            except Exception as error:  # noqa: BLE001 - handed over to the caller's process, which raises it
                answer = (False, error)
            line.send(answer)
