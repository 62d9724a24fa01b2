"""The front door for instances: fill, then fairness, then the sum, each with its certificate."""

from collections.abc import Sequence

import numpy as np

from matching.errors import PinConflictError
from matching.instances.levels import FLOW, Levels
from matching.instances.maxmin import solve_maxmin
from matching.instances.pins import Pin
from matching.instances.problem import Instance, Scaled, scaled
from matching.instances.reach import best_partial_totals, best_totals
from matching.instances.result import Fairness, InstanceResult, StoppedBy, gap_of
from matching.instances.worst import solve_worst_tenth
from matching.solvers.pairs.budget import Budget
from matching.solvers.pairs.flow import greatest_sum, with_greatest_fill
from matching.solvers.pairs.model import Pairs
from matching.vocabulary import SolveStatus


def solve_instance(
    instance: Instance,
    *,
    fair: Fairness = Fairness.NONE,
    pins: Sequence[Pin | tuple[int, int]] = (),
    time_limit_s: float = 60.0,
    seed: int = 0,
) -> InstanceResult:
    """Solve an instance level by level: most pairs made, then fairness, then the greatest sum of scores.

    A person with fewer admissible servers than demanded is a shortfall. Equal instance, pins and seed give the same
    plan unless the time limit cuts the search (``stopped_by`` TIME).

    Parameters
    ----------
    pins
        (person, server) pairs that the plan must contain, 0-based.
    time_limit_s
        Safety net in seconds; what was found until then is returned with its bounds.
    seed
        Of the searches; proved values do not depend on it.

    Raises
    ------
    InvalidInstanceError
        When a pin names nobody.
    PinConflictError
        When pins clash, all of them by name.

    Examples
    --------
    >>> instance = Instance.create([[0.5, 0.25], [1.0, 0.0]], demand=[1, 1], capacity=[1, 1])
    >>> solve_instance(instance, pins=[(0, 0)]).assignments
    ((0, 0), (1, 1))
    """
    budget = Budget(time_limit_s=time_limit_s)
    problem = scaled(instance, [Pin(*pin) for pin in pins])
    pairs = with_greatest_fill(problem.pairs)
    plan = greatest_sum(pairs)
    if fair is Fairness.MAXMIN:
        levels = solve_maxmin(pairs, plan, budget, seed=seed)
    elif fair is Fairness.WORST_TENTH:
        levels = solve_worst_tenth(pairs, plan, budget, seed=seed)
    else:
        value = int(pairs.totals(plan.chosen).sum())
        levels = Levels(chosen=plan.chosen, fair=None, fair_bound=None, sum=value, sum_bound=value, solver=FLOW)
    return _result(instance, problem, pairs, levels, fair, budget, seed)


def solve_or_refuse(
    instance: Instance, *, fair: Fairness, pins: Sequence[Pin], time_limit_s: float, seed: int
) -> InstanceResult:
    """Return what `solve_instance` returns, or a result with status INFEASIBLE that names the clashing pins."""
    try:
        return solve_instance(instance, fair=fair, pins=pins, time_limit_s=time_limit_s, seed=seed)
    except PinConflictError as error:
        return InstanceResult.refused(fair=fair, demand=int(instance.demand.sum()), seed=seed, reason=str(error))


def _result(
    instance: Instance, problem: Scaled, pairs: Pairs, levels: Levels, fair: Fairness, budget: Budget, seed: int
) -> InstanceResult:
    def real(units: int | None) -> float | None:
        return None if units is None else units / problem.scale

    def gap(value: int | None, bound: int | None) -> float | None:
        return None if value is None or bound is None else gap_of(value / problem.scale, bound / problem.scale)

    lowest = int(pairs.totals(levels.chosen)[pairs.judged].min()) if pairs.judged.any() else 0
    lowest_bound = max(lowest, _lowest_bound(pairs, levels, fair))
    made = levels.chosen | problem.pinned
    unproved = StoppedBy.TIME if budget.cut_by_time else StoppedBy.STEPS
    return InstanceResult(
        status=SolveStatus.OPTIMAL if levels.is_proved else SolveStatus.FEASIBLE,
        solver=levels.solver,
        stopped_by=StoppedBy.OPTIMAL if levels.is_proved else unproved,
        filled=int(made.sum()),
        demand=int(instance.demand.sum()),
        sum=real(levels.sum),
        bound=real(levels.sum_bound),
        gap=gap(levels.sum, levels.sum_bound),
        min=real(lowest),
        min_bound=real(lowest_bound),
        min_gap=gap(lowest, lowest_bound),
        assignments=tuple((int(i), int(j)) for i, j in np.argwhere(made)),
        fair=fair,
        fair_value=real(levels.fair),
        fair_bound=real(levels.fair_bound),
        fair_gap=gap(levels.fair, levels.fair_bound),
        scale=problem.scale,
        is_exact=problem.is_exact,
        seed=seed,
        runtime_s=round(budget.elapsed_s, 3),
    )


def _lowest_bound(pairs: Pairs, levels: Levels, fair: Fairness) -> int:
    """Return a bound on the lowest total of any person over all plans of greatest fill."""
    if not pairs.judged.any():
        return 0
    best = best_totals(pairs)[0] if pairs.is_full else best_partial_totals(pairs)
    bound = int(best[pairs.judged].min())
    if fair is Fairness.MAXMIN and pairs.is_full and levels.fair_bound is not None:
        bound = min(bound, levels.fair_bound)
    return bound
