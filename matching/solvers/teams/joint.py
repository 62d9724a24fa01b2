"""The worst tenth over few teams: one CP-SAT model of all components, exact for both levels.

W = m·t - Σ_i d_i with d_i >= t - s_i and d_i >= 0 is maximised over t and the teams; then Σ score, with W held.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from matching.solvers.teams.close import add_loads, persons_of, solver_of
from matching.solvers.teams.columns import I8, LOWEST, Columns, Room, joined, scored, unique
from matching.solvers.teams.pricing import teams_above

FEW_TEAMS = 3_000
"""Teams of all components up to which one model decides them together."""

EFFORT = 4.0
"""Deterministic time of CP-SAT per level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FewTeams:
    """All teams of a component that attain the integer levels, and what a model needs of the rest.

    Attributes
    ----------
    person
        ``int64`` (columns, seats): persons, -1 for nobody.
    start
        ``int64`` (mentees,): the columns of one plan.
    least_load, most_load
        ``int64`` (persons,).
    """

    columns: Columns
    person: I8
    start: I8
    least_load: I8
    most_load: I8


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """The plan of all components, ``int64`` (mentees, seats) each, and the bounds of W and Σ score."""

    members: list[I8]
    worst_bound: int
    score_bound: int


def few_teams(room: Room) -> FewTeams | None:
    """Return all teams of a component, ``None`` where they are more than a model may hold."""
    face, component = room.face, room.component
    plan = scored(room, np.arange(room.n_mentees), face.start)
    columns = plan
    if len(face.edge_mentor):
        nothing = np.zeros(len(component.persons), dtype=np.int64)
        every = teams_above(room, nothing, np.full(room.n_mentees, LOWEST), most=FEW_TEAMS)
        if every is None:
            return None
        columns = unique(joined(plan, every), room.n_mentors)
    start = np.flatnonzero(np.isin(columns.keys(room.n_mentors), plan.keys(room.n_mentors)))
    return FewTeams(
        columns=columns,
        person=persons_of(room, columns.members),
        start=start,
        least_load=face.least_load,
        most_load=face.most_load,
    )


def decide_together(parts: Sequence[FewTeams | None], m: int, *, seed: int) -> Together | None:
    """Return the best plan of all components; ``None`` where the teams are not few or the budget ends before a plan."""
    few = [part for part in parts if part is not None]
    if len(few) < len(parts) or sum(len(part.columns.score) for part in few) > FEW_TEAMS:
        return None
    model = cp_model.CpModel()
    uses, scores = [], []
    low = min(int(part.columns.score.min()) for part in few)
    high = max(int(part.columns.score.max()) for part in few)
    threshold = model.new_int_var(low, high, "t")
    lacks = []
    for part in few:
        own = [model.new_bool_var("") for _ in part.columns.score.tolist()]
        for use, is_used in zip(own, np.isin(np.arange(len(own)), part.start).tolist(), strict=True):
            model.add_hint(use, is_used)
        order = np.argsort(part.columns.mentee, kind="stable")
        for index in np.split(order, np.flatnonzero(np.diff(part.columns.mentee[order])) + 1):
            model.add_exactly_one([own[column] for column in index.tolist()])
            lack = model.new_int_var(0, high - low, "")
            score = cp_model.LinearExpr.weighted_sum(
                [own[column] for column in index.tolist()], part.columns.score[index].tolist()
            )
            model.add(lack >= threshold - score)
            lacks.append(lack)
        add_loads(model, part.person, own, part.least_load, part.most_load)
        uses += own
        scores += part.columns.score.tolist()
    worst = m * threshold - cp_model.LinearExpr.sum(lacks)
    score = cp_model.LinearExpr.weighted_sum(uses, scores)
    plan: list[bool] = []
    bounds: list[int] = []
    for goal in (worst, score):
        model.maximize(goal)
        solver = solver_of(seed, EFFORT)
        status = solver.solve(model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        plan = [solver.boolean_value(use) for use in uses]
        # Bounds are integers that CP-SAT gives as floating-point numbers: rounding outwards keeps them bounds.
        bounds.append(int(np.ceil(solver.best_objective_bound - 1e-6)))
        if goal is worst:
            model.add(worst >= round(solver.objective_value))
            model.clear_hints()  # type: ignore[no-untyped-call]
            for use, is_used in zip(uses, plan, strict=True):
                model.add_hint(use, is_used)
    chosen = np.split(np.array(plan, dtype=bool), np.cumsum([len(part.columns.score) for part in few])[:-1])
    members = [part.columns.take(own).members for part, own in zip(few, chosen, strict=True)]
    return Together(members=members, worst_bound=bounds[0], score_bound=bounds[1])
