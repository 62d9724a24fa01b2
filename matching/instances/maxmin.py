"""Lift the lowest total of the fully served, exactly; then maximise the sum with that total fixed.

Among the plans of greatest fill, ``t`` is the largest number such that every *fully served* person has a total of at
least ``t`` (objective level 5 of the service). Where the fill is below the demand, who stays short is part of the
choice: a person who lacks a unit is not looked at, and a plan in which nobody is fully served meets every ``t``; its
``t`` is counted as the bound of `reach.level_bound`, which stays finite. So ``t`` is always a property of the plan
that anyone can recount.

Parts that share no server meet a threshold each for itself, so only ``t`` crosses between them: the cheap bounds of all
parts come first, then every part is asked for a plan at the least of them.
"""

import numpy as np

from matching.instances.levels import FLOW, Levels
from matching.instances.maxmin_duos import DuoSearch
from matching.instances.maxmin_pairs import PairSearch
from matching.instances.reach import level_bound
from matching.solvers.pairs.alternate import alternate
from matching.solvers.pairs.bounds import F8
from matching.solvers.pairs.budget import Budget
from matching.solvers.pairs.duos import Duos
from matching.solvers.pairs.flow import FlowPlan
from matching.solvers.pairs.model import I8, Bools, Pairs
from matching.solvers.pairs.split import Part, joined, split

_SHORT, _VERY_SHORT = 64.0, 4096.0
"""Price of falling short of the threshold, and of its square, per unit of the largest score."""
_STEPS, _CELLS = (4, 60), 4_000_000
"""Alternating steps, fewest and most, and the cells of the assignments that they may come to."""


def solve_maxmin(pairs: Pairs, plan: FlowPlan, budget: Budget, *, seed: int) -> Levels:
    """Return a plan that is best for the lowest fully served total, then for the sum.

    Parameters
    ----------
    plan
        A plan of greatest sum; often it is already the answer.
    """
    value = int(pairs.totals(plan.chosen).sum())
    top = level_bound(pairs)
    if top is None:
        return Levels(chosen=plan.chosen, fair=None, fair_bound=None, sum=value, sum_bound=value, solver=FLOW)
    parts = split(pairs)
    searches = [_search_of(part, plan, top, budget, seed) for part in parts]
    ceiling = top
    for search in sorted(searches, key=lambda search: search.low):
        ceiling = min(ceiling, search.bound(ceiling))
    for number, search in enumerate(searches):
        if search.low < ceiling and not budget.is_over:
            search.offer(_alternated(search.pairs, search.chosen, ceiling, np.random.default_rng((seed, number))))
    for search in sorted(searches, key=lambda search: search.low):
        if search.low < ceiling:
            search.high = min(search.high, ceiling)
            search.lift()
            ceiling = min(ceiling, search.high)
    low = min(search.low for search in searches)
    plans, total, sum_bound, solvers = [], 0, 0, []
    for search in searches:
        best = search.best_sum(low)
        chosen = search.chosen if best.chosen is None else best.chosen
        own = int(search.pairs.totals(chosen).sum())
        plans.append(chosen)
        total, sum_bound = total + own, sum_bound + max(own, best.bound)
        if chosen is not search.plan.chosen or search.high < top:
            solvers.append(search.solver)
    return Levels(
        chosen=joined(pairs, parts, plans),
        fair=low,
        fair_bound=max(low, min(search.high for search in searches)),
        sum=total,
        sum_bound=min(value, sum_bound),
        solver="; ".join(dict.fromkeys(solvers)) or FLOW,
    )


def _alternated(pairs: Pairs, chosen: Bools, t: int, generator: np.random.Generator) -> Bools:
    """Return a plan in which the fully served stay less below ``t``, by alternating assignment; quick, unproved."""
    held = chosen.sum(axis=1)
    lacking = held < pairs.demand

    def worth(people: I8, totals: I8) -> F8:
        short = np.where(pairs.judged[people] & ~lacking[people], np.maximum(0, t - totals), 0) / pairs.peak
        return totals / pairs.peak - _SHORT * short - _VERY_SHORT * short**2

    n_rows = max(1, int((held > 0).sum()))
    n_columns = max(1, int(np.minimum(pairs.capacity, n_rows).sum()))
    steps = max(_STEPS[0], min(_STEPS[1], _CELLS // (n_rows * n_columns)))
    return alternate(pairs, chosen, worth, generator, steps=steps)


def _search_of(part: Part, plan: FlowPlan, top: int, budget: Budget, seed: int) -> DuoSearch | PairSearch:
    own = FlowPlan(chosen=part.own(plan.chosen), price=plan.price[part.servers])
    kind = DuoSearch if Duos.fits(part.pairs) else PairSearch
    return kind(part.pairs, own, top, budget, seed)
