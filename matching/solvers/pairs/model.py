"""The arrays that the pair solvers share: what may be paired, and what an objective level asks for."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

I8 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """People to be served and servers; every admissible pair may be used once.

    Attributes
    ----------
    score
        ``int64`` (people, servers), higher is better.
    allowed
        ``bool`` (people, servers): pairs that may still be chosen.
    demand
        ``int64`` (people,): units a person still lacks.
    capacity
        ``int64`` (servers,): units a server can still give.
    base
        ``int64`` (people,): total of the units a person holds already.
    n_units
        Units that a plan must fill, the maximum possible; equal to the sum of ``demand`` when all can be filled.
    judged
        ``bool`` (people,): fairness looks at this person.

    Examples
    --------
    >>> pairs = Pairs.start(np.array([[3, 1]]), np.ones((1, 2), bool), np.array([1]), np.array([1, 1]))
    >>> pairs.is_full
    False
    >>> replace(pairs, n_units=1).is_full
    True
    """

    score: I8
    allowed: Bools
    demand: I8
    capacity: I8
    base: I8
    n_units: int
    judged: Bools

    @classmethod
    def start(cls, score: I8, allowed: Bools, demand: I8, capacity: I8) -> Self:
        """Return the problem before anything is filled: nothing held, everybody with a demand is judged."""
        return cls(
            score=score,
            allowed=allowed,
            demand=demand,
            capacity=capacity,
            base=np.zeros(len(demand), dtype=np.int64),
            n_units=0,
            judged=demand > 0,
        )

    @property
    def is_full(self) -> bool:
        """Every unit of demand can be filled, all at once."""
        return self.n_units == int(self.demand.sum())

    @property
    def peak(self) -> int:
        """The largest absolute score of an admissible pair, at least 1."""
        return max(1, int(np.abs(np.where(self.allowed, self.score, 0)).max(initial=0)))

    def totals(self, chosen: Bools) -> I8:
        """Return the total of every person under a choice of pairs, what they hold already included."""
        return np.asarray(self.base + np.where(chosen, self.score, 0).sum(axis=1), dtype=np.int64)

    def served(self, chosen: Bools) -> Bools:
        """Return who has the whole demand under a choice of pairs."""
        return np.asarray(chosen.sum(axis=1) >= self.demand)

    def after(self, chosen: Bools, free: Bools, *, judge_partial: bool) -> Self:
        """Return the problem that is left when the people outside ``free`` keep what they have in ``chosen``.

        ``judge_partial`` keeps judging those who then hold less than they demand.
        """
        kept = chosen & ~free[:, None]
        return replace(
            self,
            allowed=self.allowed & free[:, None],
            demand=np.where(free, self.demand, 0),
            capacity=self.capacity - kept.sum(axis=0),
            base=np.where(free, self.base, self.totals(chosen)),
            n_units=self.n_units - int(kept.sum()),
            judged=self.judged & (free | self.served(chosen) | judge_partial),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One level: maximise ``weight_sum * sum + weight_level * t - weight_slack * sum(u)``.

    A judged person i keeps ``total_i + u_i >= t``, with ``u_i >= 0``.

    Attributes
    ----------
    weight_sum
        1 to maximise the sum of all scores, else 0.
    weight_level
        Weight of ``t``: the number of people in the worst tenth, 1 to lift the lowest total, 0 for a fixed ``t``.
    weight_slack
        Price of falling short of ``t``; ``None``: nobody may fall short.
    low, high
        Range of ``t``; equal for a fixed threshold; ``None`` without any fairness.
    floor
        ``floor_level * t - sum(u)`` must be at least this; ``None`` for no such rule.
    floor_level
        See ``floor``.
    """

    weight_sum: int = 0
    weight_level: int = 0
    weight_slack: int | None = None
    low: int | None = None
    high: int | None = None
    floor: int | None = None
    floor_level: int = 0

    @property
    def is_fair(self) -> bool:
        """The goal looks at the totals of people."""
        return self.low is not None

    @property
    def is_threshold(self) -> bool:
        """Nobody who is fully served may stay below a fixed ``t``."""
        return self.low is not None and self.low == self.high and self.floor is None and self.weight_level == 0


SUM = Goal(weight_sum=1)


def threshold(t: int) -> Goal:
    """Return the goal to maximise the sum while every fully served person has a total of at least ``t``."""
    return Goal(weight_sum=1, low=t, high=t)
