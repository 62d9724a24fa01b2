"""Lift the worst tenth: maximise the sum of the ceil(n/10) lowest totals, then the sum of all.

``n`` counts the people with a demand; a person who lacks units counts with what the plan gives, 0 for nothing. With
``m = ceil(n/10)``, W = sum of the m lowest totals = max over t of ``m*t - sum_i max(0, t - s_i)`` (objective level 5
of the service; Ogryczak and Tamir, Minimizing the sum of the k largest functions in linear time, 2003), which is
linear in ``t``, the shortfalls and the pairs.
"""

from math import ceil

import numpy as np

from matching.instances.levels import COLUMNS, FLOW, SEARCH, Levels
from matching.instances.reach import best_partial_totals, best_totals
from matching.instances.worst_duos import lift_worst
from matching.solvers.pairs.budget import Budget
from matching.solvers.pairs.duos import Duos
from matching.solvers.pairs.flow import FlowPlan
from matching.solvers.pairs.model import Bools, Goal, Pairs
from matching.solvers.pairs.polish import polish
from matching.solvers.pairs.relaxation import relax, start_core
from matching.solvers.pairs.values import worst_sum

_START_WIDTH = 8
_FEW_PAIRS = 2_000
"""Up to so many pairs the search over pairs ends with a proof, whatever the demand."""


def solve_worst_tenth(pairs: Pairs, plan: FlowPlan, budget: Budget, *, seed: int) -> Levels:
    """Return a plan that is best for the worst tenth, then for the sum.

    Parameters
    ----------
    plan
        A plan of greatest sum.
    """
    value = int(pairs.totals(plan.chosen).sum())
    count = ceil(int(pairs.judged.sum()) / 10)
    if not count:
        return Levels(chosen=plan.chosen, fair=None, fair_bound=None, sum=value, sum_bound=value, solver=FLOW)
    best = (best_totals(pairs)[0] if pairs.is_full else best_partial_totals(pairs))[pairs.judged]
    high = int(np.sort(best)[count - 1])
    worst = pairs.base + pairs.demand * np.where(pairs.allowed, pairs.score, 0).min(axis=1, initial=0)
    low = min(high, int(worst[pairs.judged].min()))
    attained = worst_sum(pairs.totals(plan.chosen)[pairs.judged], count)
    bound = worst_sum(best, count)
    chosen, solver = plan.chosen, FLOW
    low = max(low, attained // count)  # W <= m*t, so no better plan has a lower t
    if attained < bound and Duos.fits(pairs) and int(pairs.allowed.sum()) > _FEW_PAIRS:
        lifted = lift_worst(pairs, plan, count, (min(low, high), high), budget, seed=seed)
        return Levels(
            chosen=lifted.chosen,
            fair=worst_sum(pairs.totals(lifted.chosen)[pairs.judged], count),
            fair_bound=min(bound, lifted.bound),
            sum=int(pairs.totals(lifted.chosen).sum()),
            sum_bound=min(value, lifted.sum_bound),
            solver=COLUMNS,
        )
    if attained < bound:
        solver = SEARCH
        goal = Goal(weight_level=count, weight_slack=1, low=low, high=high)
        relaxed = relax(pairs, goal, start_core(pairs, plan.price, chosen, _START_WIDTH), budget)
        if relaxed is not None:
            polished = polish(pairs, goal, relaxed, chosen, budget, seed=seed)
            bound = min(bound, polished.bound)
            chosen = polished.chosen if polished.chosen is not None else chosen
            attained = worst_sum(pairs.totals(chosen)[pairs.judged], count)
    if worst_sum(pairs.totals(plan.chosen)[pairs.judged], count) >= attained:
        return Levels(chosen=plan.chosen, fair=attained, fair_bound=bound, sum=value, sum_bound=value, solver=solver)
    chosen, sum_bound = _greatest_sum(
        pairs, plan, chosen, attained, count, (max(low, attained // count), high), budget, seed
    )
    return Levels(
        chosen=chosen,
        fair=worst_sum(pairs.totals(chosen)[pairs.judged], count),
        fair_bound=bound,
        sum=int(pairs.totals(chosen).sum()),
        sum_bound=min(value, sum_bound),
        solver=SEARCH,
    )


def _greatest_sum(
    pairs: Pairs,
    plan: FlowPlan,
    chosen: Bools,
    floor: int,
    count: int,
    reach: tuple[int, int],
    budget: Budget,
    seed: int,
) -> tuple[Bools, int]:
    """Return the plan of greatest sum whose worst tenth stays at ``floor``, and a bound on the sum."""
    goal = Goal(weight_sum=1, weight_slack=0, low=reach[0], high=reach[1], floor=floor, floor_level=count)
    relaxed = relax(pairs, goal, start_core(pairs, plan.price, plan.chosen | chosen, _START_WIDTH), budget)
    if relaxed is None:
        return chosen, int(pairs.totals(plan.chosen).sum())
    polished = polish(pairs, goal, relaxed, chosen, budget, seed=seed)
    return (polished.chosen if polished.chosen is not None else chosen), polished.bound
