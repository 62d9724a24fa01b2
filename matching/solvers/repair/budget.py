"""A plan within a budget of changed links: candidates per component, joined exactly over all components.

Fill comes first. Its prices are convex per component, so the cheapest further seats over all components, taken one by
one, fill as many seats as any plan within the budget. Then every component offers plans of that fill: with the fewest
changes right after the fill, after the next level, and so on down to the score, and with a price per changed link on
the score. Only scalars cross: one plan per component is chosen by dynamic programming over the budget, best by all
levels in their order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matching.policy_options import FairnessMode
from matching.problem import Component, Hold, ProblemData
from matching.solution import MINIMISED, LevelName, Solution
from matching.solvers import flow
from matching.solvers.repair.ceilings import HIGHEST_PRICE, level_bounds
from matching.solvers.repair.prices import seat_prices
from matching.solvers.teams import solve as teams

I8 = npt.NDArray[np.int64]
LAST_RANK = 6
"""Levels between the pins and the score, fairness aside."""

PRICE_STEPS = 16
"""Prices per changed link that are tried on the score; each halves the range left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgeted:
    """The plan within a budget.

    Attributes
    ----------
    chosen
        Per component ``int64`` (mentees, seats).
    changes
        Changed links beyond the forced ones.
    bounds
        Bounds of the levels that are not proved: no plan within the budget does better, given the levels before.
    """

    chosen: tuple[I8, ...]
    changes: int
    bounds: dict[LevelName, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    chosen: I8
    changes: int
    value: tuple[int, ...]


def change_cost(component: Component, frozen: I8, *, is_safe: bool = True) -> I8:
    """Return what every arc adds to the changed links, less one per link kept, ``int64`` (arcs,).

    A link that is not kept counts 1, and a new link in its seat counts 1. Under team terms seats are given out last,
    so for a team that also has a free seat the new link counts with the old one: 2 per link not kept is at least the
    truth (``is_safe``), 1 at most.

    Parameters
    ----------
    frozen
        ``int64`` (mentees, seats): the arcs to keep, -1 for a free seat.
    """
    holder = frozen[component.arc_mentee, component.arc_seat]
    is_kept = holder == np.arange(len(holder))
    if component.teams is None:
        return np.where(is_kept, -1, np.where(holder >= 0, 1, 0)).astype(np.int64)
    n_held = (frozen >= 0).sum(axis=1)[component.arc_mentee]
    is_full = n_held == frozen.shape[1]
    kept_worth = np.where(is_full, 1, 2 if is_safe else 1)
    return np.where(is_kept, -kept_worth, np.where(is_full, 1, 0)).astype(np.int64)


def n_changes(frozen: I8, chosen: I8) -> int:
    """Return the changed links beyond the forced ones: links not kept, and new links in their seats.

    Examples
    --------
    >>> n_changes(np.array([[4, 7], [9, -1]]), np.array([[4, 6], [-1, 3]]))
    3
    """
    moved = (frozen >= 0) & (frozen != chosen)
    return int(moved.sum() + (moved & (chosen >= 0)).sum())


def solve_within(problem: ProblemData, start: Sequence[I8], *, budget: int | None, seed: int) -> Budgeted:
    """Return the best plan found within the budget, and certified bounds.

    The fill is proved for separable policies, and every level where the fill takes exactly the whole budget; see
    ``ceilings`` for the rest.

    Parameters
    ----------
    start
        Per component the arcs that stay when nobody else moves, and those that fill free seats; these last are not
        frozen and must be told apart by ``Component.arc_published``.
    budget
        Most changed links beyond the forced ones, ``None`` for any number.

    Raises
    ------
    InvalidPolicyError, SolverFailedError
        See ``solvers.flow``.
    """
    frozen = [_published(component, plan) for component, plan in zip(problem.components, start, strict=True)]
    costs = [change_cost(component, own) for component, own in zip(problem.components, frozen, strict=True)]
    free, bounds = _unbounded(problem, seed)
    spent = sum(n_changes(own, plan) for own, plan in zip(frozen, free, strict=True))
    if budget is None or spent <= budget:
        return Budgeted(chosen=tuple(free), changes=spent, bounds=bounds)
    fills = _fills(problem, start, frozen, costs, budget)
    found: list[list[_Candidate]] = []
    for index, component in enumerate(problem.components):
        plans = [start[index], free[index]]
        if n_changes(frozen[index], free[index]):
            hold = Hold(arc_cost=costs[index], known=free[index].ravel())
            plans += [
                _planned(component, problem, replace(hold, rank=rank, n_filled=n_filled), seed)
                for n_filled in range(int((start[index] >= 0).sum()), fills.most_of[index] + 1)
                for rank in range(1, 2 if fills.spends_all else LAST_RANK + 1)
            ]
        found.append(_candidates(component, problem, frozen[index], plans))
    ceiling: int | None = None
    if not (problem.team_terms or problem.counts_changes or fills.spends_all):
        ceiling = _add_priced(problem, found, frozen, costs, fills.chosen, free, budget, seed)
    picked = _joined(found, budget)
    chosen = tuple(candidate.chosen for candidate in picked)
    spent = sum(candidate.changes for candidate in picked)
    if fills.spends_all and not problem.team_terms:
        return Budgeted(chosen=chosen, changes=spent, bounds={})
    least = [
        change_cost(component, own, is_safe=False) for component, own in zip(problem.components, frozen, strict=True)
    ]
    bounds = level_bounds(
        problem, chosen, free, bounds, frozen, least, budget=budget, most_filled=fills.most, ceiling=ceiling
    )
    return Budgeted(chosen=chosen, changes=spent, bounds=bounds)


def _published(component: Component, plan: I8) -> I8:
    if not len(component.arc_published):
        return plan
    frozen: I8 = np.where((plan >= 0) & component.arc_published[plan], plan, -1)
    return frozen


def _unbounded(problem: ProblemData, seed: int) -> tuple[list[I8], dict[LevelName, int]]:
    """Return the plan that a solve without any budget makes, and its bounds."""
    if problem.team_terms:
        chosen, bounds = teams.solve_components(problem, seed=seed)
        return list(chosen), bounds
    return [flow.solve_component(component, problem, seed=seed) for component in problem.components], {}


def _planned(component: Component, problem: ProblemData, hold: Hold, seed: int) -> I8:
    held = replace(component, hold=hold)
    if not problem.team_terms:
        return flow.solve_component(held, problem, seed=seed)
    # The plan of the first stage: a budget asks for several candidates, and one of them is taken.
    first = next(teams.stages(teams.room_of(held, problem), seed=seed))
    return teams.arcs_of(held, first.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fills:
    """What the budget buys of the first level.

    Attributes
    ----------
    chosen
        Seats to fill per component, the cheapest first.
    most_of
        Seats that each component could fill if the whole budget were its own.
    most
        No plan within the budget fills more seats.
    spends_all
        Filling that many seats takes the whole budget, whoever gets them.
    """

    chosen: list[int]
    most_of: list[int]
    most: int
    spends_all: bool


def _fills(problem: ProblemData, start: Sequence[I8], frozen: Sequence[I8], costs: Sequence[I8], budget: int) -> _Fills:
    chosen = [int((plan >= 0).sum()) for plan in start]
    n_start, most_of = sum(chosen), list(chosen)
    offers: list[tuple[int, int]] = []
    cheapest: list[int] = []
    for index, component in enumerate(problem.components):
        prices = seat_prices(component, problem, start[index], costs[index])
        offers += [(price, index) for price in prices]
        most_of[index] += _affordable(prices, budget)
        if component.teams is not None:
            least = change_cost(component, frozen[index], is_safe=False)
            cheapest += seat_prices(component, problem, start[index], least)
    left = budget
    for price, index in sorted(offers):
        if price > left:
            break
        left -= price
        chosen[index] += 1
    most = n_start + _affordable(cheapest, budget) if problem.team_terms else sum(chosen)
    return _Fills(chosen=chosen, most_of=most_of, most=most, spends_all=left == 0)


def _affordable(prices: Sequence[int], budget: int) -> int:
    """Return how many of the prices, cheapest first, the budget pays."""
    return int((np.cumsum(np.sort(np.array(prices, dtype=np.int64))) <= budget).sum())


def _candidates(component: Component, problem: ProblemData, frozen: I8, plans: Sequence[I8]) -> list[_Candidate]:
    own = replace(problem, components=(component,), fairness=FairnessMode.NONE)
    return [_Candidate(chosen=plan, changes=n_changes(frozen, plan), value=_value(own, plan)) for plan in plans]


def _value(problem: ProblemData, plan: I8) -> tuple[int, ...]:
    levels = Solution(chosen=(plan,)).objective(problem)
    return tuple(-value if name in MINIMISED else value for name, value in levels.items())


def _add_priced(
    problem: ProblemData,
    found: Sequence[list[_Candidate]],
    frozen: Sequence[I8],
    costs: Sequence[I8],
    fills: Sequence[int],
    free: Sequence[I8],
    budget: int,
    seed: int,
) -> int:
    """Add the plans of ever better prices per changed link; return the Lagrangian bound of the score.

    For any price, no plan that attains the levels before the score gains more than the priced optimum plus the price
    of the whole budget (weak duality).
    """
    low, high, ceiling = 0, HIGHEST_PRICE, np.iinfo(np.int64).max
    for _ in range(PRICE_STEPS):
        price = (low + high) // 2
        spent, worth = 0, price * budget
        for index, component in enumerate(problem.components):
            hold = Hold(arc_cost=costs[index], n_filled=fills[index], known=free[index].ravel(), price=price)
            plan = _planned(component, problem, hold, seed)
            found[index].extend(_candidates(component, problem, frozen[index], [plan]))
            own = n_changes(frozen[index], plan)
            spent += own
            worth += int(component.arc_score[plan[plan >= 0]].sum()) - price * own
        ceiling = min(ceiling, worth)
        if spent > budget:
            low = price
        else:
            high = price
        if high - low <= 1:
            break
    return int(ceiling)


def _joined(found: Sequence[Sequence[_Candidate]], budget: int) -> list[_Candidate]:
    """Return one candidate per component, best in the sum of all levels, within the budget."""
    budget = min(budget, sum(max(candidate.changes for candidate in own) for own in found))
    best: dict[int, tuple[tuple[int, ...], list[_Candidate]]] = {0: ((), [])}
    for own in found:
        renewed: dict[int, tuple[tuple[int, ...], list[_Candidate]]] = {}
        for spent in sorted(best):
            value, picked = best[spent]
            for candidate in own:
                total = spent + candidate.changes
                if total > budget:
                    continue
                joint = tuple(a + b for a, b in zip(value, candidate.value, strict=True)) if value else candidate.value
                if total not in renewed or joint > renewed[total][0]:
                    renewed[total] = (joint, [*picked, candidate])
        best = renewed
    return max(sorted(best.items()), key=lambda entry: entry[1][0])[1][1]
