"""Other programs on the same instances: linear assignment on copies, plain flow, one CP-SAT model."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
from ortools.graph.python import min_cost_flow
from ortools.sat.python import cp_model
from scipy.optimize import linear_sum_assignment

from matching.instances import Instance

UNITS = 10**6
"""CP-SAT and plain flow work on scores rounded to so many parts of one."""
NEVER = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a plan comes to, counted from its pairs."""

    filled: int
    n_twice: int
    sum: float
    lowest: float
    worst_tenth: float
    seconds: float
    certificate: str


def figures(instance: Instance, pairs: npt.NDArray[np.int64], seconds: float, certificate: str) -> Figures:
    """Count a plan; a pair that is made twice or in conflict counts once or not at all."""
    own = np.unique(pairs, axis=0)
    own = own[~instance.conflict[own[:, 0], own[:, 1]]]
    score = instance.score[own[:, 0], own[:, 1]]
    totals = np.bincount(own[:, 0], weights=score, minlength=instance.n_people)
    ranked = np.sort(totals[instance.demand > 0])
    return Figures(
        filled=len(own),
        n_twice=len(pairs) - len(np.unique(pairs, axis=0)),
        sum=float(score.sum()),
        lowest=float(ranked[0]),
        worst_tenth=float(ranked[: ceil(len(ranked) / 10)].sum()),
        seconds=seconds,
        certificate=certificate,
    )


def on_copies(instance: Instance, assign: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.int64]]) -> Figures:
    """Linear assignment with every person as often as demanded and every server as often as there is capacity."""
    started = time.perf_counter()
    person = np.repeat(np.arange(instance.n_people), instance.demand)
    server = np.repeat(np.arange(instance.n_servers), instance.capacity)
    cost = np.where(instance.conflict, NEVER, -instance.score)[person][:, server]
    column = assign(cost)
    pairs = np.stack((person, server[column]), axis=1)
    return figures(instance, pairs, time.perf_counter() - started, "none")


def scipy_assign(cost: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Assign by SciPy."""
    return np.asarray(linear_sum_assignment(cost)[1])


def lapx_assign(cost: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Assign by lapx."""
    import lap

    return np.asarray(lap.lapjv(np.ascontiguousarray(cost), extend_cost=True)[1])


def plain_flow(instance: Instance) -> Figures:
    """One call of OR-Tools' minimum-cost flow; an empty unit costs more than any pair brings."""
    started = time.perf_counter()
    n, m = instance.score.shape
    person, server = np.nonzero(~instance.conflict)
    worth = np.round(instance.score[person, server] * UNITS).astype(np.int64)
    sink, rows, columns = n + m, np.arange(n), np.arange(m)
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        np.concatenate((person, n + columns, rows)).astype(np.int32),
        np.concatenate((n + server, np.full(m + n, sink))).astype(np.int32),
        np.concatenate((np.ones(len(person), dtype=np.int64), instance.capacity, instance.demand)),
        np.concatenate((-worth, np.zeros(m, dtype=np.int64), np.full(n, 10**9))),
    )
    supply = np.concatenate((instance.demand, np.zeros(m, dtype=np.int64), [-int(instance.demand.sum())]))
    solver.set_nodes_supplies(np.arange(sink + 1, dtype=np.int32), supply)
    assert solver.solve() == solver.OPTIMAL
    used = np.asarray(solver.flows(arcs))[: len(person)] > 0
    pairs = np.stack((person[used], server[used]), axis=1)
    return figures(instance, pairs, time.perf_counter() - started, "none")


def monolithic(instance: Instance, *, is_maxmin: bool, limit_s: float, filled: int) -> Figures | None:
    """One CP-SAT model over all pairs, 2 workers: the greatest sum, or the greatest lowest total; or no plan.

    Parameters
    ----------
    filled
        The greatest fill, given as a rule, since CP-SAT has no levels.
    """
    started = time.perf_counter()
    person, server = np.nonzero(~instance.conflict)
    worth = np.round(instance.score[person, server] * UNITS).astype(np.int64).tolist()
    model = cp_model.CpModel()
    x = [model.new_bool_var("") for _ in worth]
    is_full = filled == int(instance.demand.sum())
    by_person: list[list[int]] = [[] for _ in range(instance.n_people)]
    by_server: list[list[int]] = [[] for _ in range(instance.n_servers)]
    for index, (i, j) in enumerate(zip(person.tolist(), server.tolist(), strict=True)):
        by_person[i].append(index)
        by_server[j].append(index)
    level = model.new_int_var(0, 100 * UNITS, "")
    for i, own in enumerate(by_person):
        literals = [x[index] for index in own]
        units, demand = cp_model.LinearExpr.sum(literals), int(instance.demand[i])
        model.add(units == demand if is_full else units <= demand)
        if is_maxmin:
            model.add(cp_model.LinearExpr.weighted_sum(literals, [worth[index] for index in own]) >= level)
    for j, own in enumerate(by_server):
        if own:
            model.add(cp_model.LinearExpr.sum([x[index] for index in own]) <= int(instance.capacity[j]))
    if not is_full:
        model.add(cp_model.LinearExpr.sum(x) == filled)
    model.maximize(level if is_maxmin else cp_model.LinearExpr.weighted_sum(x, worth))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 2
    solver.parameters.max_time_in_seconds = limit_s
    status = solver.solve(model)
    seconds = time.perf_counter() - started
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    used = np.array([solver.boolean_value(variable) for variable in x], dtype=bool)
    pairs = np.stack((person[used], server[used]), axis=1)
    gap = (solver.best_objective_bound - solver.objective_value) / max(abs(solver.objective_value), 1.0)
    what = "lowest" if is_maxmin else "sum"
    certificate = f"{what} proved" if status == cp_model.OPTIMAL else f"{what} gap {gap:.3%}"
    return figures(instance, pairs, seconds, certificate)
