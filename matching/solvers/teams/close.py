"""Closing the gap: CP-SAT over the only columns that a better plan can use, with the plan at hand as hint.

For the prices of a bound, a plan's score is at most the bound less what its teams and loads lose against the best: a
team that loses more than the gap cannot be part of a better plan. The columns left are few, and they are complete, so
an optimum over them is an optimum over all teams.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.sat.python import cp_model

from matching.solvers.teams.bound import Bound
from matching.solvers.teams.columns import Columns, Room, joined, reduced, teams_above, unique

I8 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Outcome of a closing run.

    Attributes
    ----------
    members
        ``int64`` (mentees, seats): the best plan found.
    bound
        Proved upper bound of the score.
    """

    members: I8
    bound: int


def surviving(room: Room, bound: Bound, value: int) -> Columns:
    """Return every team that a plan of score ``value`` or better can use."""
    known = np.full(room.n_mentees, np.iinfo(np.int64).min)
    np.maximum.at(known, bound.columns.mentee, reduced(room, bound.columns, bound.price))
    gap = bound.value - value
    found = unique(joined(bound.columns, teams_above(room, bound.price, known - gap)), len(room.component.mentors))
    paid = reduced(room, found, bound.price)
    best = np.full(room.n_mentees, np.iinfo(np.int64).min)
    np.maximum.at(best, found.mentee, paid)
    return found.take(paid >= best[found.mentee] - gap)


def close(room: Room, columns: Columns, plan: Columns, bound: int, *, seed: int, work: float) -> Closing:
    """Search the columns for the best plan within a deterministic amount of work.

    Parameters
    ----------
    columns
        What ``surviving`` returned.
    plan
        One column per mentee, sorted by mentee: the plan to beat.
    work
        Limit in CP-SAT's deterministic seconds; equal limits give equal answers on every machine.
    """
    face, component = room.face, room.component
    model = cp_model.CpModel()
    chosen = [model.new_bool_var("") for _ in range(len(columns.score))]
    by_mentee = np.split(np.arange(len(chosen)), np.searchsorted(columns.mentee, np.arange(1, room.n_mentees)))
    for own in by_mentee:
        model.add_exactly_one([chosen[index] for index in own.tolist()])
    column, seat = np.nonzero(columns.members >= 0)
    person = component.person_of_mentor[columns.members[column, seat]]
    order = np.lexsort((column, person))
    ends = np.searchsorted(person[order], np.arange(len(face.most_load) + 1))
    for who in range(len(face.most_load)):
        own = column[order[ends[who] : ends[who + 1]]]
        if len(own) <= face.most_load[who] and face.least_load[who] == 0:
            continue
        load = cp_model.LinearExpr.sum([chosen[index] for index in own.tolist()])
        model.add_linear_constraint(load, int(face.least_load[who]), int(face.most_load[who]))
    model.maximize(cp_model.LinearExpr.weighted_sum(chosen, columns.score.tolist()))
    hinted = np.isin(columns.keys(len(component.mentors)), plan.keys(len(component.mentors)))
    for variable, is_used in zip(chosen, hinted.tolist(), strict=True):
        model.add_hint(variable, is_used)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed % 2**31
    solver.parameters.max_deterministic_time = work
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Closing(members=plan.members, bound=bound)
    used = np.flatnonzero([solver.boolean_value(variable) for variable in chosen])
    value = int(columns.score[used].sum())
    proved = value if status == cp_model.OPTIMAL else min(bound, int(np.floor(solver.best_objective_bound + 1e-6)))
    if value < int(plan.score.sum()):
        return Closing(members=plan.members, bound=max(proved, int(plan.score.sum())))
    return Closing(members=columns.members[used], bound=proved)
