"""How long a search may go on: steps decide, the clock is a safety net."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Budget:
    """A wall-clock limit shared by all stages of one solve.

    Attributes
    ----------
    time_limit_s
        Seconds after which no further stage starts, and running ones are cut.
    cut_by_time, cut_by_steps
        Something was left undone because of the clock, or because its steps were used up.
    """

    time_limit_s: float
    started: float = field(default_factory=time.perf_counter)
    cut_by_time: bool = False
    cut_by_steps: bool = False

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.started

    @property
    def left_s(self) -> float:
        """Seconds left, never below a hundredth of a second."""
        return max(0.01, self.time_limit_s - self.elapsed_s)

    @property
    def is_over(self) -> bool:
        """The time is used up; says so in ``cut_by_time``."""
        if self.elapsed_s < self.time_limit_s:
            return False
        self.cut_by_time = True
        return True
