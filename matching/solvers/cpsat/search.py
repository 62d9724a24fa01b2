"""The search: every level solved, then kept at its attained value; values are recomputed, bounds are rounded outwards.

One worker, a seed and a budget in the solver's deterministic time, so that equal input gives equal plans anywhere.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from ortools.sat.python import cp_model

from matching.errors import SolverFailedError
from matching.policy_options import FairnessMode
from matching.problem import I8, ProblemData
from matching.solution import LevelName, Solution, members_of
from matching.solvers.cpsat.levels import Group, bounds_of, grouped, signed
from matching.solvers.cpsat.model import Model
from matching.solvers.cpsat.statement import Part, Statement, state
from matching.stability import are_legal
from matching.teams import team_scores

SMALL_ARCS = 2_000
"""Up to so many arcs levels are joined into few searches and scores are rounded exactly; beyond, what relaxes well."""

STEPS, ARCS_PER_STEP = 4.0, 8_000
"""Deterministic time of one search: so much, and one more for so many arcs."""

NO_INCLUSIONS = 0
"""Keeps presolve from comparing at-most-one rows with linear ones: in OR-Tools 9.15 that step loses optima and then
calls the rest OPTIMAL (issue 5293 of OR-Tools; met here on one case in a hundred)."""

BOUND_ERROR = 0.1
"""The solver reports integer bounds as floating point; within ``MOST_RANGE`` they are wrong by far less than this."""

ASKING_S = 0.1
"""Seconds between two questions whether the caller wants to end the search."""

MOST_CUTS = 60
"""Searches repeated because a team's points were rounded in its favour."""

Ceilings = Mapping[LevelName, int]
"""Values that no plan can better, level by level as long as the earlier ones are attained."""


@dataclass(slots=True, kw_only=True)
class Watch:
    """Lets a caller end a search, and count the groups of levels that it has finished.

    Attributes
    ----------
    is_over
        Asked before every group, and several times a second in a thread of its own while the solver works.
    on_group
        Called after every group, and after what improves a large start.
    was_cut
        Whether ``is_over`` has ended a search. Its plan is then that of the groups before, so that as many groups
        again give it again.
    """

    is_over: Callable[[], bool]
    on_group: Callable[[], None]
    was_cut: bool = False

    def asks_to_end(self) -> bool:
        """Whether the search has to end; once true, always true."""
        self.was_cut = self.was_cut or self.is_over()
        return self.was_cut


@dataclass(slots=True)
class _Run:
    """One search over all levels of some components.

    Attributes
    ----------
    plan
        The best plan so far, checked against every rule.
    values
        Value of every variable in the last answer of the solver; empty before the first.
    """

    statement: Statement
    problem: ProblemData
    seed: int
    deadline: float | None
    watch: Watch | None
    is_small: bool
    plan: tuple[I8, ...]
    values: I8 = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def search(
    problem: ProblemData,
    start: tuple[I8, ...],
    *,
    seed: int,
    ceilings: Ceilings | None = None,
    time_limit_s: float | None = None,
    watch: Watch | None = None,
) -> tuple[tuple[I8, ...], dict[LevelName, int]]:
    """Return the best plan found for all components of a problem at once, and the bounds of the levels.

    Parameters
    ----------
    start
        A plan that keeps every rule; the answer is never worse.
    ceilings
        Lexicographic optimum of a relaxation without fairness, for large problems: levels where the plan attains it
        need no search.
    time_limit_s
        Seconds after which the search is cut, whatever is left of its steps: then another run may answer differently.
    watch
        Ends the search; what is not searched is bounded by what its variables allow.

    Raises
    ------
    SolverFailedError
        When the solver calls the problem infeasible, or a bound is crossed.
    """
    is_small = is_small_problem(problem)
    statement = state(problem, problem.components, rounds=is_small)
    deadline = None if time_limit_s is None else time.perf_counter() + time_limit_s
    run = _Run(
        statement=statement,
        problem=problem,
        seed=seed,
        deadline=deadline,
        watch=watch,
        is_small=is_small,
        plan=start,
    )
    bounds: dict[LevelName, int] = {}
    known = dict(ceilings or {})
    for group in grouped(statement.levels, joins=is_small):
        goal = _goal(run, group, known)
        if goal is not None and goal == _attained(run, group):
            bounds.update({name: signed(name, level.most(goal[name])) for name, level, _ in group.levels})
        else:
            bound = _solve_group(run, group)
            attained = _attained(run, group)
            for name, value in bounds_of(group, bound, attained).items():
                value = value if goal is None else max(attained[name], min(value, goal[name]))
                bounds[name] = _reported(run, group, name, value)
            if goal is not None and goal != attained:
                known.clear()
        attained = _attained(run, group)
        for name, level, _ in group.levels:
            statement.model.at_least(level, attained[name])
    return run.plan, bounds


def is_small_problem(problem: ProblemData) -> bool:
    """Whether a problem is small enough to join its levels and to round its scores in one search."""
    return problem.n_arcs <= SMALL_ARCS


def _goal(run: _Run, group: Group, known: Ceilings) -> dict[LevelName, int] | None:
    """Return the ceilings of a group as claims, ``None`` where they are not known."""
    if run.is_small or any(name not in known for name, _, _ in group.levels):
        return None
    return {name: level.claim(signed(name, known[name])) for name, level, _ in group.levels}


def _solve_group(run: _Run, group: Group) -> int:
    """Improve the plan of a run on one group and return an upper bound of its objective."""
    model = run.statement.model
    model.maximise(group.objective)
    bound = group.objective.high
    counts_scores = any(name in (LevelName.FAIRNESS, LevelName.SCORE, LevelName.LOAD) for name, _, _ in group.levels)
    if run.watch is not None and run.watch.asks_to_end():
        return bound
    before = run.plan
    _complete(run)
    for _ in range(MOST_CUTS):
        _hint(run)
        solver = _solver(run)
        status = _answer(run, solver)
        # A search that is cut before it has any bound says 0.
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) or solver.best_objective_bound != 0.0:
            bound = min(bound, group.objective.constant - int(np.ceil(solver.best_objective_bound - BOUND_ERROR)))
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            break
        values = np.array(solver.response_proto.solution, dtype=np.int64)
        plan = tuple(_chosen(part, values) for part in run.statement.parts)
        pairs = list(zip(run.statement.parts, plan, strict=True))
        is_cut = [_cut(run, part, chosen, values, counts_scores) for part, chosen in pairs]
        if all(_is_legal(run, part, chosen) for part, chosen in pairs) and _rank(run, plan) >= _rank(run, run.plan):
            run.plan, run.values = plan, values
        if not any(is_cut) or (run.watch is not None and run.watch.asks_to_end()):
            break
    if run.watch is not None:
        if run.watch.asks_to_end():
            run.plan, run.values = before, np.zeros(0, dtype=np.int64)
            return group.objective.high
        run.watch.on_group()
    return bound


def _solver(run: _Run) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    own = solver.parameters
    own.num_workers = 1
    own.random_seed = run.seed
    own.linearization_level = 2
    own.presolve_inclusion_work_limit = NO_INCLUSIONS
    own.max_deterministic_time = STEPS + run.problem.n_arcs / ARCS_PER_STEP
    # Incumbents of a plain search creep unit by unit through wide scores. Small models are closed from the bound; in
    # large ones the relaxation leads (bounds of 2 to 3 per cent where others stay at 20), and probing, which would use
    # the budget up, is left out.
    if run.is_small:
        own.use_objective_lb_search = True
    else:
        own.search_branching = cp_model.LP_SEARCH
        own.cp_model_probing_level = 0
        own.symmetry_level = 0
    if run.deadline is not None:
        own.max_time_in_seconds = max(0.01, run.deadline - time.perf_counter())
    return solver


def _answer(run: _Run, solver: cp_model.CpSolver) -> cp_model.CpSolverStatus:
    """Solve the model as it stands.

    Raises
    ------
    SolverFailedError
        When the solver finds the model infeasible: it never is.
    """
    with _watched(solver, run.watch):
        status = solver.solve(cp_model.CpModel(run.statement.model.proto))
    if status in (cp_model.INFEASIBLE, cp_model.MODEL_INVALID):
        name = run.problem.components[0].counties[0]
        raise SolverFailedError(f"component {name}: CP-SAT ended with {status.name}; report this as a defect")
    return status


@contextlib.contextmanager
def _watched(solver: cp_model.CpSolver, watch: Watch | None) -> Iterator[None]:
    """Stop the solver as soon as the caller wants it to end."""
    if watch is None:
        yield
        return
    is_done = threading.Event()

    def look() -> None:
        while not is_done.wait(ASKING_S):
            if watch.asks_to_end():
                # Without effect before the search has begun: repeated until the solver is back.
                solver.stop_search()

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_done.set()
        watcher.join()


def _complete(run: _Run) -> None:
    """Name all variables of the plan at hand, so that a large search starts at it."""
    if not run.is_small and len(run.values) != len(run.statement.model.low):
        _hint(run)
        run.values = completed_values(run.statement.model, seed=run.seed)


def completed_values(model: Model, *, seed: int) -> I8:
    """Return the best values of all variables, ``int64`` (variables,), with those that the model hints at fixed.

    Raises
    ------
    SolverFailedError
        When the hinted plan breaks a row of the model.
    """
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.presolve_inclusion_work_limit = NO_INCLUSIONS
    solver.parameters.fix_variables_to_their_hinted_value = True
    status = solver.solve(cp_model.CpModel(model.proto))
    if status != cp_model.OPTIMAL:
        raise SolverFailedError(f"CP-SAT does not accept its start ({status.name}); report this as a defect")
    return np.array(solver.response_proto.solution, dtype=np.int64)


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
    legal = are_legal(part.component, run.problem, rows, members)
    is_overvalued = counts_scores and run.statement.rounds
    wrong = np.flatnonzero(~legal | (values[part.scores] > scores) if is_overvalued else ~legal)
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
    """Return the true levels of a plan, so that more is better."""
    return {name: signed(name, value) for name, value in Solution(chosen=tuple(plan)).objective(run.problem).items()}


def _is_vacuous(run: _Run, plan: Sequence[I8]) -> bool:
    """Whether MAXMIN binds no team at all, which is better than any least score."""
    is_least = run.problem.fairness is FairnessMode.MAXMIN
    return is_least and not any((chosen >= 0).all(axis=1).any() for chosen in plan)


def _rank(run: _Run, plan: Sequence[I8]) -> tuple[int, ...]:
    found = _objective(run, plan)
    if _is_vacuous(run, plan):
        found[LevelName.FAIRNESS] = dict(run.statement.levels)[LevelName.FAIRNESS].high
    return tuple(found[name] for name in LevelName if name in found)


def _attained(run: _Run, group: Group) -> dict[LevelName, int]:
    """Return what the plan at hand can claim at least on every level of a group."""
    found = _objective(run, run.plan)
    claims = {name: level.claim(found[name]) for name, level, _ in group.levels}
    if LevelName.FAIRNESS in claims and _is_vacuous(run, run.plan):
        claims[LevelName.FAIRNESS] = dict(run.statement.levels)[LevelName.FAIRNESS].high
    return claims


def _reported(run: _Run, group: Group, name: LevelName, bound: int) -> int:
    """Return a bound of a claim in the units and with the sign of its level."""
    level = next(level for own, level, _ in group.levels if own == name)
    if name is LevelName.FAIRNESS and run.problem.fairness is FairnessMode.MAXMIN and bound == level.high:
        return 0 if _is_vacuous(run, run.plan) else max(0, level.most(level.high - 1))
    return signed(name, level.most(bound))
