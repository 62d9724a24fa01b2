"""Levels one after another: which are joined into one search, and what a bound of a search says about each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matching.errors import SolverFailedError
from matching.solution import MINIMISED, LevelName
from matching.solvers.cpsat.model import Expression

MOST_RANGE = 2**40
"""Joined levels stay within this range: exact in floating point, and far from where the solver's sums overflow."""

Levels = Sequence[tuple[LevelName, Expression]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Levels that one search makes as large as possible, the earlier first.

    Attributes
    ----------
    levels
        Name, expression and weight; a weight exceeds all that the levels after it can add up to.
    objective
        Σ weight · expression.
    """

    levels: tuple[tuple[LevelName, Expression, int], ...]
    objective: Expression


def grouped(levels: Levels, *, joins: bool) -> tuple[Group, ...]:
    """Return the levels in groups; without ``joins`` every level is a group of its own."""
    found: list[Group] = []
    rest = list(levels)
    while rest:
        count, span = 1, rest[0][1].high - rest[0][1].low + 1
        while joins and count < len(rest) and span * _width(rest[count][1]) <= MOST_RANGE:
            span *= _width(rest[count][1])
            count += 1
        found.append(_group(rest[:count]))
        rest = rest[count:]
    return tuple(found)


def _width(level: Expression) -> int:
    return level.high - level.low + 1


def _group(levels: Levels) -> Group:
    weighted: list[tuple[LevelName, Expression, int]] = []
    weight = 1
    for name, level in reversed(levels):
        weighted.insert(0, (name, level, weight))
        weight *= _width(level)
    every = np.concatenate([level.variables for _, level, _ in weighted])
    variables, inverse = np.unique(every, return_inverse=True)
    coefficients = np.zeros(len(variables), dtype=np.int64)
    np.add.at(coefficients, inverse, np.concatenate([level.coefficients * w for _, level, w in weighted]))
    objective = Expression(
        variables=variables,
        coefficients=coefficients,
        constant=sum(level.constant * w for _, level, w in weighted),
        low=sum(level.low * w for _, level, w in weighted),
        high=sum(level.high * w for _, level, w in weighted),
    )
    return Group(levels=tuple(weighted), objective=objective)


def bounds_of(group: Group, bound: int, attained: Mapping[LevelName, int]) -> dict[LevelName, int]:
    """Return what an upper bound of the joint objective says about every level, given the attained values before it.

    Once a level falls short of its bound, nothing but the range is known of those after it.

    Parameters
    ----------
    bound
        No solution has a larger Σ weight · expression.
    attained
        Value of every expression in the plan at hand.

    Raises
    ------
    SolverFailedError
        When the plan is better than the bound.
    """
    left = bound - group.objective.low
    is_tight = True
    found = {}
    for name, level, weight in group.levels:
        reach = min(level.high, level.low + left // weight) if is_tight else level.high
        if reach < attained[name]:
            raise SolverFailedError(f"{name}: the plan crosses the bound of the search; report this as a defect")
        found[name] = reach
        is_tight = is_tight and found[name] == attained[name]
        left -= weight * (attained[name] - level.low)
    return found


def signed(name: LevelName, value: int) -> int:
    """Return the value of a level so that more is better; the same turns it back."""
    return -value if name in MINIMISED else value
