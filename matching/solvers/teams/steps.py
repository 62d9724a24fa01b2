"""How the components of a problem are asked: a step is a pure function of one room and a few numbers and arrays.

Whoever runs the steps may do so one after another or in worker processes: jobs of one call do not depend on each other,
and answers come back in the order of the jobs, so the outcome is the same.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

Answer = TypeVar("Answer")
Job = tuple[int, tuple[Any, ...]]
"""Index of a component, and the arguments of the step after the room."""


class Run(Protocol):
    """Runs one step for some components; ``step`` is a function of a module, so that workers can import it."""

    def __call__(self, step: Callable[..., Answer], jobs: Sequence[Job]) -> list[Answer]:
        """Return the answers in the order of the jobs."""
