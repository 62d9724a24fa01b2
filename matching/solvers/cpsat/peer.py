"""A peer for benchmarks: the whole problem as one CP-SAT model with one objective, given to the solver as it is.

No levels one by one, no components: what somebody would write who has only CP-SAT. Every filled seat counts
``SEAT_POINTS`` more than any score, so that the objective is seats · SEAT_POINTS + Σ team scores.
"""

import time
from dataclasses import dataclass, replace

import numpy as np
from ortools.sat.python import cp_model

from matching.criteria import SCORE_UNIT
from matching.problem import Component, ProblemData
from matching.solution import LevelName
from matching.solvers.cpsat.model import Expression, groups
from matching.solvers.cpsat.search import NO_INCLUSIONS, completed_values
from matching.solvers.cpsat.start import start_plan
from matching.solvers.cpsat.statement import state

SEAT_POINTS = 1_000
"""Points of a filled seat: ten times the best team score, and small enough for the relaxation to see the scores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePoint:
    """One incumbent.

    Attributes
    ----------
    seconds
        Since the search began; building the model is not counted.
    n_filled
        Filled seats.
    value, bound
        Objective of the incumbent and its proved upper bound at that time, in score units of 10⁻⁴ points.
    """

    seconds: float
    n_filled: int
    value: float
    bound: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What one run of the peer came to.

    Attributes
    ----------
    build_s, search_s
        Seconds to write the model, and of the search.
    n_arcs
        Arcs of the model.
    points
        Every incumbent in order.
    bound
        Upper bound of the objective at the end, in score units.
    """

    build_s: float
    search_s: float
    n_arcs: int
    points: tuple[TracePoint, ...]
    bound: float


def run_peer(
    problem: ProblemData,
    *,
    time_limit_s: float,
    workers: int,
    n_near: int | None = None,
    has_start: bool = True,
    seed: int = 0,
) -> Trace:
    """Run the peer and return its trace; for measurements only, as wall time decides what it finds.

    Parameters
    ----------
    problem
        With team terms; fairness and the other levels are left out.
    n_near
        Only so many mentors per mentee, the best by pair score: easier for the peer, and no longer exact. ``None``
        keeps all.
    has_start
        Whether the solver is told the best separable plan, which keeps every rule; without it, it takes half a minute
        to its first plan at 1,216 mentees.
    """
    started = time.perf_counter()
    components = tuple(component if n_near is None else _nearest(component, n_near) for component in problem.components)
    statement = state(replace(problem, components=components), components, rounds=False)
    levels = dict(statement.levels)
    seats, score = levels[LevelName.SEATS_FILLED], levels[LevelName.SCORE]
    weight = SEAT_POINTS * SCORE_UNIT * score.fine
    model = statement.model
    (filled,) = model.integers(np.zeros(1, dtype=np.int64), np.array([seats.high])).tolist()
    model.row(np.append(seats.variables, filled), np.append(seats.coefficients, -1), low=0, high=0)
    model.maximise(
        Expression(
            variables=np.append(score.variables, filled),
            coefficients=np.append(score.coefficients, weight),
            constant=0,
            low=score.low,
            high=score.high + weight * seats.high,
        )
    )
    if has_start:
        x = np.concatenate([part.x for part in statement.parts])
        plans = [start_plan(component, problem, seed=seed) for component in components]
        used = [np.isin(np.arange(len(part.x)), plan) for part, plan in zip(statement.parts, plans, strict=True)]
        model.hint(x, np.concatenate(used).astype(np.int64))
        model.hint(np.arange(len(model.low)), completed_values(model, seed=seed))
    built = time.perf_counter()
    view = cp_model.CpModel(model.proto)
    recorder = _Recorder(filled=view.get_int_var_from_proto_index(filled), fine=score.fine)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    solver.parameters.presolve_inclusion_work_limit = NO_INCLUSIONS
    solver.parameters.max_time_in_seconds = time_limit_s
    solver.solve(view, recorder)
    return Trace(
        build_s=built - started,
        search_s=time.perf_counter() - built,
        n_arcs=sum(len(component.arc_mentor) for component in components),
        points=tuple(recorder.points),
        bound=-solver.best_objective_bound / score.fine,
    )


class _Recorder(cp_model.CpSolverSolutionCallback):
    """Writes down every incumbent."""

    def __init__(self, *, filled: cp_model.IntVar, fine: int) -> None:
        super().__init__()
        self.filled, self.fine = filled, fine
        self.points: list[TracePoint] = []

    def on_solution_callback(self) -> None:
        """Record one incumbent."""
        self.points.append(
            TracePoint(
                seconds=self.wall_time,
                n_filled=self.value(self.filled),
                value=-self.objective_value / self.fine,
                bound=-self.best_objective_bound / self.fine,
            )
        )


def _nearest(component: Component, n_near: int) -> Component:
    """Return the component with the arcs to the best mentors of every mentee only."""
    keep = np.zeros(len(component.arc_mentor), dtype=bool)
    mentee, mentor = component.arc_mentee.astype(np.int64), component.arc_mentor.astype(np.int64)
    for own in groups(mentee):
        best = np.full(len(component.mentors), -(2**60))
        np.maximum.at(best, mentor[own], component.arc_score[own])
        keep[own] = np.isin(mentor[own], np.argsort(-best, kind="stable")[:n_near])
    names = ("mentee", "seat", "mentor", "score", "tier", "released", "pinned", "published")
    arrays = {f"arc_{name}": getattr(component, f"arc_{name}")[keep] for name in names}
    return replace(component, **arrays)
