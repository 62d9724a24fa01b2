"""What an exploration of the curve knows: plans found, and everything proved about the plans not found."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import gcd
from typing import Protocol

from matching.result import Level
from matching.solution import SCALE_BY_LEVEL, LevelName, Solution
from matching.tradeoff.envelope import Ceiling, Cut, Envelope, weighted_bound
from matching.tradeoff.points import PointMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One plan on the face with its criteria in units of 10⁻⁴ points; see ``TradeOffPoint`` for the fields.

    Attributes
    ----------
    levels
        The levels before the score.
    """

    method: PointMethod
    direction: tuple[int, int]
    epsilon: int | None
    geography: int
    experience: int
    value: int
    bound: int
    plan: Solution
    levels: tuple[Level, ...]

    @property
    def at(self) -> tuple[int, int]:
        """Geography and experience."""
        return self.geography, self.experience

    @property
    def gap(self) -> float:
        """(bound - value) / max(|value|, 1 point); 0 means proved."""
        unit = SCALE_BY_LEVEL[LevelName.SCORE] * max(1, sum(self.direction))
        return (self.bound - self.value) / max(abs(self.value), unit)

    def worth(self, direction: tuple[int, int]) -> int:
        """Return the weighted sum of both criteria."""
        return direction[0] * self.geography + direction[1] * self.experience


@dataclass(slots=True)
class State:
    """Plans and proofs so far. ``known`` holds every plan, ``shown`` those that are meant for the curve."""

    known: list[Found] = field(default_factory=list)
    shown: list[Found] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)
    ceilings: list[Ceiling] = field(default_factory=list)

    def add(self, found: Found, *, is_shown: bool) -> None:
        """Take in a plan."""
        self.known.append(found)
        if is_shown:
            self.shown.append(found)

    @property
    def envelope(self) -> Envelope:
        """Everything proved."""
        return Envelope(cuts=tuple(self.cuts), ceilings=tuple(self.ceilings))

    @property
    def ranges(self) -> tuple[int, int]:
        """Differences of geography and of experience between the ends, at least 1."""
        front = self.front()
        if not front:
            return 1, 1
        return max(1, front[0].geography - front[-1].geography), max(1, front[-1].experience - front[0].experience)

    def front(self) -> list[Found]:
        """Return the plans of the curve from the nearest on: those that no known plan equals or beats in both criteria.

        Of plans with equal criteria the first one counts.
        """
        highest: int | None = None
        efficient: set[tuple[int, int]] = set()
        for at in sorted({found.at for found in self.known}, reverse=True):
            if highest is None or at[1] > highest:
                efficient.add(at)
                highest = at[1]
        by_place: dict[tuple[int, int], Found] = {}
        for found in self.shown:
            if found.at in efficient:
                by_place.setdefault(found.at, found)
        return [by_place[at] for at in sorted(by_place, reverse=True)]

    def excess(self, left: Found, right: Found) -> Fraction:
        """Return how far above the line through two neighbours the cuts leave room, in units of experience."""
        a, b = chord(left, right)
        above = weighted_bound(self.cuts, a, b) - max(left.worth((a, b)), right.worth((a, b)))
        return max(Fraction(0), above / b)


Above = Callable[[State, int], Found]
"""Returns the plan with the most experience among those with at least so much geography."""


class Oracle(Protocol):
    """Answers questions about the plans on the face; every answer also adds what it proves to the state."""

    @property
    def largest_weight(self) -> int:
        """Greatest sum of the two weights of a direction."""
        ...

    def ends(self, state: State) -> tuple[Found, Found]:
        """Return the nearest and the most experienced plan."""
        ...

    def best(self, state: State, direction: tuple[int, int]) -> Found:
        """Return the best plan of a direction with two positive weights."""
        ...


def as_end(found: Found, method: PointMethod, alone: tuple[int, int], bound: int) -> Found:
    """Return a plan as an end of the curve, measured by its one criterion."""
    return replace(found, method=method, direction=alone, epsilon=None, value=found.worth(alone), bound=bound)


def chord(left: Found, right: Found) -> tuple[int, int]:
    """Return the weights under which two neighbours of the curve are worth the same, without common divisor."""
    a, b = right.experience - left.experience, left.geography - right.geography
    common = gcd(a, b)
    return a // common, b // common


def within(direction: tuple[int, int], largest: int) -> tuple[int, int]:
    """Return the direction, or the nearest one whose weights add up to ``largest``.

    Examples
    --------
    >>> within((3, 5), 10), within((300_000, 100_000), 100)
    ((3, 5), (75, 25))
    """
    a, b = direction
    if a + b <= largest:
        return direction
    rounded = min(largest - 1, max(1, (2 * a * largest + a + b) // (2 * (a + b))))
    return rounded, largest - rounded
