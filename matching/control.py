"""How a solve is watched and stopped: events while it runs, cancelling, a time limit, a limit in steps."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class StoppedBy(StrEnum):
    """What ended a solve."""

    OPTIMAL = "OPTIMAL"
    STEPS = "STEPS"
    TIME = "TIME"
    CANCELLED = "CANCELLED"


class Phase(StrEnum):
    """What a solve is doing."""

    BUILD = "BUILD"
    FAIRNESS = "FAIRNESS"
    SCORE = "SCORE"
    TRADE_OFF = "TRADE_OFF"
    REPAIR = "REPAIR"
    REPORT = "REPORT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Progress of a solve.

    Attributes
    ----------
    step
        Steps done so far; a step is one stage of one component, and its number does not depend on the workers.
    n_done, n_components
        Components that are finished in this phase, of how many.
    value, bound
        Fairness level or score of the incumbent plan, as the phase says, and what no plan can exceed; in units of 10⁻⁴
        points. ``None`` before every component has a plan, and for separable policies, whose only plan is the optimum.
    gap
        (bound - value) / max(value, 1 point).
    seconds
        Since the solve began.
    """

    phase: Phase
    step: int
    n_done: int
    n_components: int
    value: int | None
    bound: int | None
    gap: float | None
    seconds: float


class Interrupted(Exception):  # noqa: N818 - a signal between rooms of the library, not an error that callers see
    """A solve has to end with what it has; never leaves ``solve``."""

    def __init__(self, by: StoppedBy) -> None:
        super().__init__(by)
        self.by = by


@dataclass(slots=True, kw_only=True)
class Control:
    """What a caller can ask of a running solve.

    Attributes
    ----------
    on_event
        Called in the thread of the solve after every step.
    is_cancelled
        Asked several times a second, also from threads of the solve.
    time_limit_s
        A safety net in seconds: a solve that it cuts says ``stopped_by`` TIME and how many steps were done.
    max_steps
        End after so many steps; equal limits give equal plans on any machine and with any number of workers.
    """

    on_event: Callable[[Event], None] | None = None
    is_cancelled: Callable[[], bool] | None = None
    time_limit_s: float | None = None
    max_steps: int | None = None
    started: float = field(default_factory=time.perf_counter)
    steps: int = 0

    def check(self) -> None:
        """End the solve where the caller has asked for it.

        Raises
        ------
        Interrupted
            With the reason.
        """
        if self.is_cancelled is not None and self.is_cancelled():
            raise Interrupted(StoppedBy.CANCELLED)
        if self.time_limit_s is not None and self.seconds > self.time_limit_s:
            raise Interrupted(StoppedBy.TIME)

    def begin(self) -> None:
        """Count seconds and steps from now on."""
        self.started, self.steps = time.perf_counter(), 0

    @property
    def has_limit(self) -> bool:
        """Whether ``check`` can ever end the solve."""
        return self.is_cancelled is not None or self.time_limit_s is not None

    def is_over(self) -> bool:
        """Whether the caller's limits end the solve now."""
        try:
            self.check()
        except Interrupted:
            return True
        return False

    def count(self) -> None:
        """Count a step.

        Raises
        ------
        Interrupted
            Before the step that the limit does not cover.
        """
        if self.max_steps is not None and self.steps >= self.max_steps:
            raise Interrupted(StoppedBy.STEPS)
        self.steps += 1

    @property
    def seconds(self) -> float:
        """Seconds since the solve began."""
        return time.perf_counter() - self.started

    def tell(self, phase: Phase, n_done: int, n_components: int, value: int | None, bound: int | None) -> None:
        """Report progress to the caller."""
        if self.on_event is None:
            return
        gap = None if value is None or bound is None else abs(bound - value) / max(abs(value), 10_000)
        self.on_event(
            Event(
                phase=phase,
                step=self.steps,
                n_done=n_done,
                n_components=n_components,
                value=value,
                bound=bound,
                gap=gap,
                seconds=self.seconds,
            )
        )
