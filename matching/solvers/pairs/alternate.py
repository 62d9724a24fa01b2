"""Alternating assignment: everybody gives up one server, and all of these are assigned anew at once, the best way.

Each step is optimal over every way to hand the released units (and capacity that lies idle) back, one to each person,
with the exact worth of what a person then holds; so a plan never gets worse. Works for any demand.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import linear_sum_assignment

from matching.solvers.pairs.bounds import F8
from matching.solvers.pairs.model import I8, Bools, Pairs


def alternate(
    pairs: Pairs, chosen: Bools, worth: Callable[[I8, I8], F8], generator: np.random.Generator, *, steps: int
) -> Bools:
    """Return a plan of the same fill that is worth at least as much, up to the rounding of floating point.

    Parameters
    ----------
    worth
        Called with people, ``int64`` (people, 1), and totals, ``int64`` (people, servers): what such a total is worth.

    Examples
    --------
    >>> pairs = Pairs.start(np.array([[3, 2], [3, 0]]), np.ones((2, 2), bool), np.array([1, 1]), np.array([1, 1]))
    >>> first = np.eye(2, dtype=bool)
    >>> better = alternate(pairs, first, lambda _, totals: totals.astype(float), np.random.default_rng(0), steps=1)
    >>> np.argwhere(better).tolist()
    [[0, 1], [1, 0]]
    """
    chosen = chosen.copy()
    people = np.flatnonzero(chosen.any(axis=1))
    if not len(people):
        return chosen
    rows = people[:, None]
    allowed, score = pairs.allowed[people], pairs.score[people]
    for _ in range(steps):
        luck = np.where(chosen[people], generator.random(allowed.shape), -1.0)
        released = luck.argmax(axis=1)
        kept = chosen.copy()
        kept[people, released] = False
        room = np.minimum(pairs.capacity - kept.sum(axis=0), len(people))
        units = np.repeat(np.arange(len(room)), room)
        totals = pairs.totals(kept)[people][:, None] + score
        value = np.where(allowed & ~kept[people], worth(rows, totals), -np.inf)
        person, unit = linear_sum_assignment(value[:, units], maximize=True)
        chosen = kept
        chosen[people[person], units[unit]] = True
    return chosen
