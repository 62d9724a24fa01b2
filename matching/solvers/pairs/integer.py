"""Integer search by CP-SAT over a set of pairs: one worker, a fixed seed and a budget of deterministic steps."""

from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from matching.solvers.pairs.budget import Budget
from matching.solvers.pairs.model import Bools, Goal, Pairs

NAME = "CP-SAT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search came back with.

    Attributes
    ----------
    chosen
        ``bool`` (people, servers), or ``None`` when no plan was found.
    is_complete
        The search was exhausted: ``chosen`` is best, or without it there is none.
    bound
        Proved bound on the goal within the searched pairs; ``None`` when nothing was proved.
    """

    chosen: Bools | None
    is_complete: bool
    bound: int | None


def search(
    pairs: Pairs,
    goal: Goal,
    usable: Bools,
    budget: Budget,
    *,
    steps: float,
    seed: int,
    hint: Bools | None = None,
    forced: Bools | None = None,
    better_than: int | None = None,
    optimise: bool = True,
) -> Found:
    """Search the plans that use only ``usable`` pairs and all ``forced`` ones.

    Parameters
    ----------
    steps
        CP-SAT's deterministic time.
    better_than
        Only plans of a greater value count.

    Examples
    --------
    >>> from dataclasses import replace
    >>> pairs = Pairs.start(np.array([[3, 2], [3, 1]]), np.ones((2, 2), bool), np.array([1, 1]), np.array([1, 1]))
    >>> goal = Goal(weight_sum=1, low=2, high=2)
    >>> found = search(
    ...     replace(pairs, n_units=2), goal, pairs.allowed, Budget(time_limit_s=9), steps=1.0, seed=0
    ... )
    >>> np.argwhere(found.chosen).tolist(), found.is_complete
    ([[0, 1], [1, 0]], True)
    """
    if budget.is_over:
        return Found(chosen=None, is_complete=False, bound=None)
    model = cp_model.CpModel()
    n, m = pairs.score.shape
    person, server = np.nonzero(usable & pairs.allowed & (pairs.demand > 0)[:, None])
    x = [model.new_bool_var("") for _ in person]
    score = pairs.score[person, server].tolist()
    of_person = _grouped(person, n)
    weighted = cp_model.LinearExpr.weighted_sum
    level = _level_variable(model, goal)
    slacks = []
    for i in range(n):
        own = of_person[i]
        units = cp_model.LinearExpr.sum([x[a] for a in own])
        total = weighted([x[a] for a in own], [score[a] for a in own]) + int(pairs.base[i])
        demand = int(pairs.demand[i])
        if not demand and not pairs.judged[i]:
            continue
        if pairs.is_full:
            model.add(units == demand)
        else:
            model.add(units <= demand)
        if not goal.is_fair or not pairs.judged[i]:
            continue
        if goal.is_threshold:
            if pairs.is_full or not demand:
                model.add(total >= int(goal.low or 0))
            else:
                whole = model.new_bool_var("")
                model.add(units <= demand - 1).only_enforce_if(~whole)
                model.add(total >= int(goal.low or 0)).only_enforce_if(whole)
        else:
            slack = model.new_int_var(0, 2 * _reach(pairs, goal), "")
            model.add(total + slack >= level)
            slacks.append(slack)
    for j, own in enumerate(_grouped(server, m)):
        if len(own) > pairs.capacity[j]:
            model.add(cp_model.LinearExpr.sum([x[a] for a in own]) <= int(pairs.capacity[j]))
    if not pairs.is_full:
        model.add(cp_model.LinearExpr.sum(x) == pairs.n_units)
    if goal.floor is not None:
        model.add(goal.floor_level * level - cp_model.LinearExpr.sum(slacks) >= goal.floor)
    worth = int(pairs.base.sum()) + weighted(x, score) if goal.weight_sum else 0
    if goal.weight_level:
        worth = goal.weight_level * level - cp_model.LinearExpr.sum(slacks)
    if better_than is not None:
        model.add(worth >= better_than + 1)
    if optimise:
        model.maximize(worth)
    for a in np.flatnonzero(forced[person, server]) if forced is not None else ():
        model.add(x[a] == 1)
    if hint is not None:
        for variable, value in zip(x, hint[person, server].tolist(), strict=True):
            model.add_hint(variable, value)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2  # the linear relaxation is tight here; 0 and 1 stall
    solver.parameters.random_seed = seed % 2**31
    solver.parameters.max_deterministic_time = steps
    solver.parameters.max_time_in_seconds = budget.left_s
    status = solver.solve(model)
    if status in (cp_model.INFEASIBLE, cp_model.OPTIMAL):
        is_complete = True
    else:
        is_complete = False
        if not budget.is_over:
            budget.cut_by_steps = True
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Found(chosen=None, is_complete=is_complete, bound=None)
    chosen = np.zeros((n, m), dtype=bool)
    used = np.array([solver.boolean_value(v) for v in x], dtype=bool)
    chosen[person[used], server[used]] = True
    bound = None
    if optimise:
        bound = round(solver.objective_value) if is_complete else int(np.floor(solver.best_objective_bound + 0.5))
    return Found(chosen=chosen, is_complete=is_complete, bound=bound)


def _grouped(key: np.ndarray, count: int) -> list[list[int]]:
    order = np.argsort(key, kind="stable")
    return [part.tolist() for part in np.split(order, np.searchsorted(key[order], np.arange(1, count)))]


def _reach(pairs: Pairs, goal: Goal) -> int:
    """Return how far apart a total and ``t`` can be."""
    d_max = int(pairs.demand.max(initial=0))
    size = pairs.peak * max(1, d_max) + int(np.abs(pairs.base).max(initial=0))
    return size + max(abs(goal.low or 0), abs(goal.high or 0))


def _level_variable(model: cp_model.CpModel, goal: Goal) -> cp_model.IntVar:
    """Return ``t``; a constant 0 where the goal has none."""
    return model.new_int_var(goal.low or 0, goal.high or 0, "")
