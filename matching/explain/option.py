"""An alternative as arrays: the plan that has it, and what it costs level by level."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from matching.explain.records import Hindrance
from matching.problem import I8, Component, ProblemData
from matching.solution import MINIMISED, LevelName, Solution

Seat = tuple[int, int]
"""Local indices of a mentee and a seat."""

Interval = tuple[int | None, int | None]
"""Proved lower and upper bound of a price; ``None`` where nothing is proved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A plan of one component in which one more arc is used.

    Attributes
    ----------
    arc
        The arc asked for.
    chosen
        ``int64`` (mentees, seats): the plan that has it.
    order
        Seats in the order of cause; other seats that change follow by number.
    change
        What the plan costs against the plan at hand, per level; positive is worse.
    prices
        Lower and upper bound of the price per level, most important first.
    """

    arc: int
    chosen: I8
    order: tuple[Seat, ...]
    change: Mapping[LevelName, int]
    prices: Mapping[LevelName, Interval]


class Market(Protocol):
    """The warm context of one component."""

    @property
    def component(self) -> Component:
        """The component."""

    @property
    def chosen(self) -> I8:
        """The plan."""

    def seat_options(self, row: int, seat: int, n_options: int) -> tuple[list[Option], int]:
        """Return the cheapest alternatives of a seat, cheapest first, and how many candidates stayed undecided."""

    def pair_option(self, row: int, mentor: int, seats: Iterable[int]) -> Option | Hindrance | None:
        """Return the cheapest plan with the pair in one of the seats, open to the mentor; ``None`` if not priced."""

    def mentor_option(self, mentor: int) -> Option | Hindrance | None:
        """Return the cheapest plan in which the mentor serves one more mentee; ``None`` if not priced."""

    def eligible(self, row: int, seat: int) -> tuple[I8, I8]:
        """Return the mentors eligible for a seat beside the rest of the team, and their scores there."""


def objective_of(component: Component, problem: ProblemData, chosen: I8) -> dict[LevelName, int]:
    """Return the value of every level of one component's plan."""
    return Solution(chosen=(chosen,)).objective(replace(problem, components=(component,)))


def change_of(before: Mapping[LevelName, int], after: Mapping[LevelName, int]) -> dict[LevelName, int]:
    """Return by how much every level gets worse; negative is better."""
    return {name: after[name] - value if name in MINIMISED else value - after[name] for name, value in before.items()}


def arcs_of(component: Component, row: int, seat: int) -> I8:
    """Return the arcs of one seat: the mentors that no hard rule keeps out."""
    k = component.n_seats
    key = component.arc_mentee.astype(np.int64) * k + component.arc_seat
    low, high = np.searchsorted(key, [row * k + seat, row * k + seat + 1])
    arcs: I8 = np.arange(low, high)
    return arcs


def has_person_twice(component: Component, chosen: I8, rows: Iterable[int]) -> bool:
    """Whether a team of the given mentees uses one person twice."""
    for row in rows:
        used = chosen[row][chosen[row] >= 0]
        if len(np.unique(component.person_of_mentor[component.arc_mentor[used]])) < len(used):
            return True
    return False
