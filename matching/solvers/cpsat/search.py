"""The search: every level solved, then kept at its attained value; values are recomputed, bounds are rounded outwards.

One worker, a seed and a budget in the solver's deterministic time, so that equal input gives equal plans anywhere.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from ortools.sat.python import cp_model

from matching.errors import SolverFailedError
from matching.policy_options import FairnessMode
from matching.problem import I8, ProblemData
from matching.solution import LevelName, Solution, members_of
from matching.solvers.cpsat.levels import Group, bounds_of, grouped, signed
from matching.solvers.cpsat.statement import Part, Statement, state
from matching.stability import are_legal
from matching.teams import team_scores

JOINED_ARCS = 2_000
"""Up to so many arcs several levels are joined into one search; more are easier level by level."""

STEPS, ARCS_PER_STEP = 4.0, 4_000
"""Deterministic time of one search: so much, and one more for so many arcs."""

NO_INCLUSIONS = 0
"""Keeps presolve from comparing at-most-one rows with linear ones: in OR-Tools 9.15 that step loses optima and then
calls the rest OPTIMAL (issue 5293 of OR-Tools; met here on one case in a hundred)."""

BOUND_ERROR = 0.1
"""The solver reports integer bounds as floating point; within ``MOST_RANGE`` they are wrong by far less than this."""

MOST_CUTS = 60
"""Searches repeated because a team's points were rounded in its favour."""


@dataclass(slots=True)
class _Run:
    """One search over all levels of some components.

    Attributes
    ----------
    plan
        The best plan so far, checked against every rule.
    values
        Value of every variable in the last answer of the solver; empty before the first.
    bounds
        Per level, in its own units; only of levels that were searched.
    """

    statement: Statement
    problem: ProblemData
    seed: int
    deadline: float | None
    plan: tuple[I8, ...]
    values: I8 = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    bounds: dict[LevelName, int] = field(default_factory=dict)


def search(
    problem: ProblemData, start: tuple[I8, ...], *, seed: int, time_limit_s: float | None = None
) -> tuple[tuple[I8, ...], dict[LevelName, int]]:
    """Return the best plan found for all components of a problem at once, and the bounds of the levels.

    Parameters
    ----------
    start
        A plan that keeps every rule; the answer is never worse.
    time_limit_s
        Seconds after which the search is cut, whatever is left of its steps: then another run may answer differently.

    Raises
    ------
    SolverFailedError
        When the solver calls the problem infeasible, or a bound is crossed.
    """
    statement = state(problem, problem.components)
    deadline = None if time_limit_s is None else time.perf_counter() + time_limit_s
    run = _Run(statement=statement, problem=problem, seed=seed, deadline=deadline, plan=start)
    n_arcs = sum(len(part.x) for part in statement.parts)
    is_small = n_arcs <= JOINED_ARCS
    for group in grouped(statement.levels, joins=is_small):
        bound = _solve_group(run, group, STEPS + n_arcs / ARCS_PER_STEP, is_small=is_small)
        attained = _attained(run, group)
        for name, value in bounds_of(group, bound, attained).items():
            run.bounds[name] = _reported(run, group, name, value)
        for name, level, _ in group.levels:
            statement.model.at_least(level, attained[name])
    return run.plan, run.bounds


def _solve_group(run: _Run, group: Group, steps: float, *, is_small: bool) -> int:
    """Improve the plan of a run on one group and return an upper bound of its objective."""
    model = run.statement.model
    model.maximise(group.objective)
    bound = group.objective.high
    counts_scores = any(name in (LevelName.FAIRNESS, LevelName.SCORE, LevelName.LOAD) for name, _, _ in group.levels)
    for _ in range(MOST_CUTS):
        _hint(run)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = run.seed
        solver.parameters.linearization_level = 2
        solver.parameters.presolve_inclusion_work_limit = NO_INCLUSIONS
        # Incumbents of a plain search creep unit by unit through wide scores. Small models are closed from the bound;
        # large ones need plans on the way.
        if is_small:
            solver.parameters.use_objective_lb_search = True
        else:
            solver.parameters.search_branching = cp_model.PORTFOLIO_WITH_QUICK_RESTART_SEARCH
        solver.parameters.max_deterministic_time = steps
        if run.deadline is not None:
            solver.parameters.max_time_in_seconds = max(0.01, run.deadline - time.perf_counter())
        status = solver.solve(cp_model.CpModel(model.proto))
        if status in (cp_model.INFEASIBLE, cp_model.MODEL_INVALID):
            name = run.problem.components[0].counties[0]
            raise SolverFailedError(f"component {name}: CP-SAT ended with {status.name}; report this as a defect")
        reach = -int(np.ceil(solver.best_objective_bound - BOUND_ERROR)) + group.objective.constant
        bound = min(bound, reach)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            break
        values = np.array(solver.response_proto.solution, dtype=np.int64)
        plan = tuple(_chosen(part, values) for part in run.statement.parts)
        is_cut = [_cut(run, part, chosen, values, counts_scores)
                  for part, chosen in zip(run.statement.parts, plan, strict=True)]  # fmt: skip
        is_true = all(_is_legal(run, part, chosen) for part, chosen in zip(run.statement.parts, plan, strict=True))
        if is_true and _rank(run, plan) >= _rank(run, run.plan):
            run.plan, run.values = plan, values
        if not any(is_cut):
            break
    return bound


def _hint(run: _Run) -> None:
    """Start at the plan at hand; with all its variables where the solver has named them."""
    model = run.statement.model
    if len(run.values) == len(model.low):
        model.hint(np.arange(len(run.values)), run.values)
        return
    x = np.concatenate([part.x for part in run.statement.parts])
    is_used = [
        np.isin(np.arange(len(part.x)), chosen) for part, chosen in zip(run.statement.parts, run.plan, strict=True)
    ]
    model.hint(x, np.concatenate(is_used).astype(np.int64))


def _chosen(part: Part, values: I8) -> I8:
    component = part.component
    chosen = np.full((len(component.mentees), component.n_seats), -1, dtype=np.int64)
    used = np.flatnonzero(values[part.x])
    chosen[component.arc_mentee[used], component.arc_seat[used]] = used
    return chosen


def _is_legal(run: _Run, part: Part, chosen: I8) -> bool:
    members = members_of(part.component, chosen)
    return bool(are_legal(part.component, run.problem, np.arange(len(chosen)), members).all())


def _cut(run: _Run, part: Part, chosen: I8, values: I8, counts_scores: bool) -> bool:
    """Cut off teams that rounding made too good: with a score above the true one, or weak and yet admitted."""
    arrays, model = part.component.teams, run.statement.model
    if arrays is None:
        return False
    rows, members = np.arange(len(chosen)), members_of(part.component, chosen)
    scores = team_scores(arrays, run.problem.team_terms, rows, members)
    claimed = values[part.scores]
    legal = are_legal(part.component, run.problem, rows, members)
    wrong = np.flatnonzero(~legal | (claimed > scores) if counts_scores else ~legal)
    for row in wrong.tolist():
        used = part.x[chosen[row][chosen[row] >= 0]].tolist()
        # "Exactly this team" needs every member, and nobody more where a seat is empty.
        more = part.size[row, len(used) :][:1].tolist()
        if not legal[row]:
            model.row([*used, *more], [1] * len(used) + [-1] * len(more), high=len(used) - 1)
        else:
            true = int(scores[row])
            slack = int(part.most[row]) - true
            numbers = [1, *[slack] * len(used), *[-slack] * len(more)]
            model.row([int(part.scores[row]), *used, *more], numbers, high=true + slack * len(used))
    return bool(len(wrong))


def _objective(run: _Run, plan: Sequence[I8]) -> dict[LevelName, int]:
    """Return the true levels of a plan, so that more is better; a vacuous MAXMIN level stands above every score."""
    found = {name: signed(name, value) for name, value in Solution(chosen=tuple(plan)).objective(run.problem).items()}
    if run.problem.fairness is FairnessMode.MAXMIN and not any((chosen >= 0).all(axis=1).any() for chosen in plan):
        found[LevelName.FAIRNESS] = dict(run.statement.levels)[LevelName.FAIRNESS].high
    return found


def _rank(run: _Run, plan: Sequence[I8]) -> tuple[int, ...]:
    found = _objective(run, plan)
    return tuple(found[name] for name in LevelName if name in found)


def _attained(run: _Run, group: Group) -> dict[LevelName, int]:
    found = _objective(run, run.plan)
    return {name: level.of(found[name]) for name, level, _ in group.levels}


def _reported(run: _Run, group: Group, name: LevelName, bound: int) -> int:
    """Return a bound of an expression in the units and with the sign of its level."""
    level = next(level for own, level, _ in group.levels if own == name)
    if name is LevelName.FAIRNESS and run.problem.fairness is FairnessMode.MAXMIN and bound == level.high:
        is_vacuous = _attained(run, group)[name] == bound
        return 0 if is_vacuous else max(0, level.high - 1)
    return signed(name, bound * level.unit)
