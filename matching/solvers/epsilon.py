"""Epsilon constraints by CP-SAT: the most of one criterion among plans that keep enough of the other.

The constraint joins all components, so one model holds them. Reduced costs of a direction keep it small: a plan that is
worth at most ``slack`` less than the optimum of the direction cannot use an edge that loses more. What is left is
complete, so an optimum over it is an optimum over all plans.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from matching.problem import I8
from matching.solvers.curve import Optimum

MOST_EDGES = 40_000
"""Edges up to which a model is made; beyond, the answer is left to the bound of the directions."""

STEPS, LATER_STEPS = 2.0, 0.5
"""CP-SAT's deterministic time for the first goal and for each later one: equal limits, equal answers everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One criterion: its value per arc and component, and the least that a plan must keep of it.

    Attributes
    ----------
    values
        ``int64`` (arcs,) per component.
    least
        ``None`` for no constraint.
    """

    values: tuple[I8, ...]
    least: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the search came back with.

    Attributes
    ----------
    free_flows
        Flow on the free edges per component; ``None`` when no plan was found.
    bound
        Proved bound on the first criterion; ``None`` when nothing was proved.
    is_refuted
        No plan keeps the constraints.
    """

    free_flows: tuple[I8, ...] | None
    bound: int | None
    is_refuted: bool


def search(optima: Sequence[Optimum], slack: int, criteria: Sequence[Criterion], *, seed: int) -> Found:
    """Maximise the criteria one after the other, each among the plans that keep what the earlier ones attained.

    Parameters
    ----------
    optima
        The optimum of one direction per component.
    slack
        Every plan that keeps the constraints is worth at least the optimum less this, at least 0.
    """
    kept = [np.flatnonzero(np.abs(optimum.reduced) <= slack) for optimum in optima]
    if sum(map(len, kept)) > MOST_EDGES:
        return Found(free_flows=None, bound=None, is_refuted=False)
    model = _Model(optima, kept)
    for criterion in criteria:
        if criterion.least is not None:
            model.cp.add(model.total(criterion) >= criterion.least)
    best: tuple[I8, ...] | None = None
    bound: int | None = None
    for number, criterion in enumerate(criteria):
        total = model.total(criterion)
        model.cp.maximize(total)
        solver = _solver(seed, LATER_STEPS if number else STEPS)
        status = solver.solve(model.cp)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            if number == 0:
                return Found(free_flows=None, bound=None, is_refuted=status == cp_model.INFEASIBLE)
            break
        best = model.flows(solver)
        if number == 0:
            is_best = status == cp_model.OPTIMAL
            bound = solver.value(total) if is_best else int(np.floor(solver.best_objective_bound + 0.1))
        if status != cp_model.OPTIMAL:
            break
        model.cp.add(total >= solver.value(total))
        model.hint(best)
    return Found(free_flows=best, bound=bound, is_refuted=False)


def _solver(seed: int, steps: float) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2  # flows with one side constraint: the linear relaxation is tight
    solver.parameters.cp_model_presolve = False  # it creeps through wide totals bound by bound
    solver.parameters.random_seed = seed % 2**31
    solver.parameters.max_deterministic_time = steps
    return solver


class _Model:
    """Flows on the kept edges of all components; every other free edge carries what the optimum carries."""

    def __init__(self, optima: Sequence[Optimum], kept: Sequence[I8]) -> None:
        self.cp = cp_model.CpModel()
        self.optima, self.kept = optima, kept
        self.variables: list[list[cp_model.IntVar]] = []
        for optimum, own in zip(optima, kept, strict=True):
            rest = optimum.face.rest
            fixed = optimum.free_flow.copy()
            fixed[own] = 0
            supply = rest.supply.copy()
            np.subtract.at(supply, rest.tail, fixed)
            np.add.at(supply, rest.head, fixed)
            capacity = rest.capacity[own].tolist()
            variables = [self.cp.new_int_var(0, limit, "") for limit in capacity]
            self.variables.append(variables)
            nodes = np.concatenate((rest.tail[own], rest.head[own]))
            order = np.argsort(nodes, kind="stable").tolist()
            ends = np.cumsum(np.bincount(nodes, minlength=rest.n_nodes)).tolist()
            for node, (start, stop) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
                if start == stop:
                    continue
                ends_here = order[start:stop]
                signs = [1 if end < len(own) else -1 for end in ends_here]
                terms = [variables[end % len(own)] for end in ends_here]
                self.cp.add(cp_model.LinearExpr.weighted_sum(terms, signs) == int(supply[node]))
        self.hint([optimum.free_flow for optimum in optima])

    def total(self, criterion: Criterion) -> cp_model.LinearExpr:
        """Return the value of a criterion over all components."""
        terms: list[cp_model.IntVar] = []
        weights: list[int] = []
        settled = 0
        for optimum, own, variables, values in zip(
            self.optima, self.kept, self.variables, criterion.values, strict=True
        ):
            arc = optimum.face.arc_of_free
            flow = optimum.face.flow.copy()
            flow[optimum.face.free] = optimum.free_flow
            flow[optimum.face.free[own]] = 0
            settled += int(values[np.flatnonzero(flow[optimum.face.layout.arcs])].sum())
            is_arc = arc[own] >= 0
            terms += [variables[i] for i in np.flatnonzero(is_arc).tolist()]
            weights += values[arc[own][is_arc]].tolist()
        return cp_model.LinearExpr.weighted_sum(terms, weights) + settled

    def hint(self, free_flows: Sequence[I8]) -> None:
        self.cp.clear_hints()  # type: ignore[no-untyped-call]
        for own, variables, flow in zip(self.kept, self.variables, free_flows, strict=True):
            for variable, value in zip(variables, flow[own].tolist(), strict=True):
                self.cp.add_hint(variable, value)

    def flows(self, solver: cp_model.CpSolver) -> tuple[I8, ...]:
        found = []
        for optimum, own, variables in zip(self.optima, self.kept, self.variables, strict=True):
            flow = optimum.free_flow.copy()
            flow[own] = [solver.value(variable) for variable in variables]
            found.append(flow)
        return tuple(found)
