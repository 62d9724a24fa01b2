"""Bounds of a plan within a budget of changes, level by level.

Three proofs, strongest first. If the budget is exactly what the fill costs, every plan within it spends on each
component the least that its fill costs, and the candidates hold the best such plan of every fill: that proves them all.
As long as the plan equals the best one without a budget, that one's bounds hold, at the first level where it falls
behind as well. After that stand relaxations: for the score a Lagrangian over the budget, for the other levels what no
plan of that many seats can pass.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from matching.criteria import SCORE_UNIT
from matching.policy_options import FairnessMode
from matching.problem import Component, ProblemData
from matching.solution import LevelName, Solution, n_worst
from matching.solvers.network import certified_flow
from matching.solvers.repair.prices import pin_weight, priced_network
from matching.teams import optimistic_points

I8 = npt.NDArray[np.int64]

MOST_POINTS = 100 * SCORE_UNIT
"""No team scores more than 100 points (domain 4.5), in units of 10⁻⁴."""

HIGHEST_PRICE = 2 * MOST_POINTS
"""Above what one link can add to the score, in units of 10⁻⁴ points."""

PRICE_STEPS = 12
"""Prices per changed link that are tried for the bound; each halves the range left."""


def level_bounds(
    problem: ProblemData,
    chosen: Sequence[I8],
    free: Sequence[I8],
    free_bounds: Mapping[LevelName, int],
    frozen: Sequence[I8],
    least_cost: Sequence[I8],
    *,
    budget: int,
    most_filled: int,
    ceiling: int | None,
) -> dict[LevelName, int]:
    """Return the bound of every level of a plan whose fill does not use the budget up.

    Parameters
    ----------
    chosen, free
        Per component ``int64`` (mentees, seats): the plan, and the best one without a budget.
    frozen
        Per component ``int64`` (mentees, seats): the arcs to keep.
    least_cost
        Per component ``int64`` (arcs,): changed links per arc, never more than the truth.
    most_filled
        The most seats that a plan within the budget fills.
    ceiling
        Bound of the score over plans that attain all levels before it as the best plan without a budget does.
    """
    values = Solution(chosen=tuple(chosen)).objective(problem)
    best = Solution(chosen=tuple(free)).objective(problem)
    loose = _loose(problem, frozen, values[LevelName.SEATS_FILLED])
    bounds: dict[LevelName, int] = {}
    is_level = True
    for name, value in values.items():
        if is_level:
            bounds[name] = free_bounds.get(name, best[name])
            if name is LevelName.SEATS_FILLED:
                bounds[name] = max(value, min(most_filled, best[name]))
            if name is LevelName.SCORE and ceiling is not None:
                bounds[name] = min(bounds[name], ceiling)
            is_level = value == best[name]
        elif name is LevelName.SCORE:
            bounds[name] = max(value, score_ceiling(problem, frozen, least_cost, budget))
        else:
            bounds[name] = loose.get(name, value)
    return bounds


def score_ceiling(problem: ProblemData, frozen: Sequence[I8], cost: Sequence[I8], budget: int) -> int:
    """Return a bound of the score over all plans within the budget, whatever they attain otherwise.

    For any price of a changed link, the score is at most the priced optimum plus the price of the whole budget (weak
    duality); the priced optimum is one flow, of the members' optimistic points under team terms.
    """
    n_frozen = sum(int((own >= 0).sum()) for own in frozen)
    low, high, ceiling = 0, HIGHEST_PRICE, np.iinfo(np.int64).max
    for _ in range(PRICE_STEPS):
        price = (low + high) // 2
        worth, spent = 0, n_frozen
        for component, own in zip(problem.components, cost, strict=True):
            score, changes = _priced_optimum(component, problem, own, price)
            worth += score - price * changes
            spent += changes
        ceiling = min(ceiling, worth + price * (budget - n_frozen))
        low, high = (price, high) if spent > budget else (low, price)
    return int(ceiling)


def _priced_optimum(component: Component, problem: ProblemData, arc_cost: I8, price: int) -> tuple[int, int]:
    """Return score and change cost of the plan with the best score less the price of its changes."""
    if not len(component.arc_mentor):
        return 0, 0
    network, _, edges, cost, must, pair = priced_network(component, problem, arc_cost)
    if component.teams is None:
        worth = component.arc_score
    else:
        points = optimistic_points(component.teams, problem.team_terms)[pair[0], pair[1]]
        worth = np.ceil(points * SCORE_UNIT + 1e-6).astype(np.int64)
    total = np.zeros(len(network.tail), dtype=np.int64)
    peak = MOST_POINTS + HIGHEST_PRICE
    total[edges] = price * cost - worth - np.where(must, pin_weight(component, peak), 0)
    flow, _ = certified_flow(network, total)
    used = flow[edges]
    return int((worth * used).sum()), int((cost * used).sum())


def _loose(problem: ProblemData, frozen: Sequence[I8], n_filled: int) -> dict[LevelName, int]:
    """Return bounds that hold for every plan of ``n_filled`` seats, whatever it attains otherwise."""
    n_kept = sum(int((own >= 0).sum()) for own in frozen)
    published = sum(component.n_published for component in problem.components)
    priority = [np.repeat(component.priority, len(problem.slots)) for component in problem.components]
    is_lowest = problem.fairness is FairnessMode.MAXMIN
    return {
        LevelName.MENTEES_SERVED: min(problem.n_mentees, n_filled),
        LevelName.PRIORITY: int(np.sort(np.concatenate(priority))[::-1][:n_filled].sum()),
        LevelName.OVERLOAD: 0,
        LevelName.FALLBACKS: 0,
        LevelName.CHANGES: max(0, n_filled + published - 2 * n_kept),
        LevelName.FAIRNESS: MOST_POINTS * (1 if is_lowest else n_worst(problem.n_mentees)),
        LevelName.LOAD: n_filled,
    }
