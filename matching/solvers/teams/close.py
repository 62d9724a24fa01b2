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


FIRST_SLACK = 2_000
"""Loss, in units of 10⁻⁴ points, up to which a team takes part in the first search."""

WIDER = 5
"""Factor by which the slack grows from search to search."""

MOST_SEARCHES, MOST_COLUMNS = 6, 40_000
"""Searches per component, and columns up to which one is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Outcome of a closing run.

    Attributes
    ----------
    plan
        The best plan found, one column per mentee, sorted by mentee.
    bound
        Proved upper bound of the score.
    """

    plan: Columns
    bound: int


def close_gap(room: Room, plan: Columns, bound: Bound, *, seed: int, work: float) -> Closing:
    """Improve a plan and close its gap, by searches over ever more columns.

    Every search takes all teams that lose at most a slack against the best team of their mentee. The first few are
    small and find a plan near the bound; once the slack reaches the gap that is left, the columns are all that a better
    plan can use, and the search's own bound holds for all teams.

    Parameters
    ----------
    plan
        One column per mentee, sorted by mentee.
    work
        Deterministic seconds per search.
    """
    slack, proved = FIRST_SLACK, bound.value
    for _ in range(MOST_SEARCHES):
        gap = proved - int(plan.score.sum())
        if gap == 0:
            break
        slack = min(slack, bound.value - int(plan.score.sum()))
        columns = within(room, bound, slack)
        if len(columns.score) > MOST_COLUMNS:
            break
        found = _search(room, unique(joined(columns, plan), len(room.component.mentors)), plan, seed=seed, work=work)
        if int(found.plan.score.sum()) > int(plan.score.sum()):
            plan = found.plan
        if slack >= bound.value - int(plan.score.sum()):
            proved = max(int(plan.score.sum()), min(proved, found.bound))
            break
        slack *= WIDER
    return Closing(plan=plan, bound=proved)


def within(room: Room, bound: Bound, slack: int) -> Columns:
    """Return every team that loses at most ``slack`` against the best of its mentee, under the prices of the bound."""
    known = _best(room, bound.columns, bound.price)
    found = unique(joined(bound.columns, teams_above(room, bound.price, known - slack)), len(room.component.mentors))
    return found.take(reduced(room, found, bound.price) >= _best(room, found, bound.price)[found.mentee] - slack)


def _best(room: Room, columns: Columns, price: I8) -> I8:
    best = np.full(room.n_mentees, np.iinfo(np.int64).min)
    np.maximum.at(best, columns.mentee, reduced(room, columns, price))
    return best


def _search(room: Room, columns: Columns, plan: Columns, *, seed: int, work: float) -> Closing:
    """Search the columns, which hold ``plan``, for the best plan; the bound holds for these columns only."""
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
        return Closing(plan=plan, bound=np.iinfo(np.int64).max)
    used = np.flatnonzero([solver.boolean_value(variable) for variable in chosen])
    limit = int(np.floor(solver.best_objective_bound + 1e-6))
    return Closing(plan=columns.take(used), bound=limit)
