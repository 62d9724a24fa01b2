"""How the components of a problem are asked: a step is a pure function of one room and a few numbers and arrays.

Whoever runs the steps may do so one after another or in worker processes: jobs of one call do not depend on each other,
and answers come back in the order of the jobs, so the outcome is the same.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

from matching.problem import I8

Answer = TypeVar("Answer")
Job = tuple[int, tuple[Any, ...]]
"""Index of a component, and the arguments of the step after the room."""


class Run(Protocol):
    """Runs one step for some components; ``step`` is a function of a module, so that workers can import it."""

    def __call__(self, step: Callable[..., Answer], jobs: Sequence[Job]) -> list[Answer]:
        """Return the answers in the order of the jobs."""


@runtime_checkable
class Planned(Protocol):
    """An answer that holds a plan of its component which attains the integer levels.

    Attributes
    ----------
    members
        ``int64`` (mentees, seats): mentor per seat, -1 for an empty seat, in any order of seats.
    """

    @property
    def members(self) -> I8:
        """Return the plan."""


OnValue = Callable[[int, int], None]
"""Told the value and the bound of a fairness level as they become known."""
