"""Closing the gap: search over the few teams that lose little under the prices of the bound, by CP-SAT.

A plan's value is the bound less what its teams and loads lose against the best. So good plans consist of teams with
small losses, and a team that loses more than the gap is part of no better plan: once the columns are all those within
the gap, they are complete, and the search's own bound holds for all teams.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from matching.errors import SolverFailedError
from matching.solvers.teams.columns import I8, Columns, Room, best_known, joined, reduced, unique
from matching.solvers.teams.dual import NEAR, Bound
from matching.solvers.teams.pricing import teams_above

SIZE = 152
"""Mentees of the component that budgets are stated for; larger ones get more in proportion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Budget of one search.

    Attributes
    ----------
    slack
        Loss, in units of 10⁻⁴ points, up to which a team takes part.
    effort
        Deterministic time of CP-SAT for SIZE mentees: equal budgets give equal answers on every machine.
    """

    slack: int
    effort: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Deepening:
    """Budget of searches that go deeper step by step.

    Attributes
    ----------
    slack, effort
        As in ``Search``, of the first one.
    most
        Number of searches.
    goal
        Gap, as a share of the value, that needs no further search.
    """

    slack: int
    effort: float
    most: int
    goal: float


SEARCHES = (Search(slack=2_000, effort=0.05), Search(slack=10_000, effort=0.3))
"""Measured on eight components of 152 × 304: 0.2 % after the first, 0.03 % after the second; 0.05 and 0.6 s each."""

GOAL = 2e-4
"""Gap, as a share of the value, above which prices and plan are worked on again."""

LAST_EFFORT, MOST_COLUMNS = 0.6, 4_000
"""Effort of the search over all teams within the gap, and how many there may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Outcome of a search: the best plan known, one column per mentee, and a bound of the plans over the columns."""

    plan: Columns
    bound: int


def improve(room: Room, plan: Columns, bound: Bound, searches: Sequence[Search], *, seed: int) -> Columns:
    """Search near the prices of the bound for a better plan, in ever wider searches."""
    for budget in searches:
        if int(plan.value.sum()) >= bound.value:
            break
        plan = search(room, within(room, bound, budget.slack), plan, seed=seed, effort=budget.effort).plan
    return plan


def deepen(
    room: Room, plan: Columns, bound: Bound, budget: Deepening, *, seed: int, is_complete: bool = False
) -> Iterator[Closing]:
    """Yield ever better plans: twice the effort while a search is left open, twice the width once it is decided.

    Parameters
    ----------
    is_complete
        Whether the pool of the bound holds all teams: a search as wide as the gap then bounds all plans.
    """
    limit, slack, effort = bound.value, budget.slack, budget.effort
    for number in range(budget.most):
        value = int(plan.value.sum())
        if limit - value <= budget.goal * abs(value):
            break
        # A team that loses more than this against the prices is in no better plan.
        most = max(0, bound.value - value)
        columns = near(room, bound.pool, bound.price, min(slack, most))
        done = search(room, columns, plan, seed=seed + number, effort=effort)
        plan = done.plan
        if is_complete and slack >= most:
            limit = max(int(plan.value.sum()), min(limit, done.bound))
        yield Closing(plan=plan, bound=limit)
        if done.bound > int(plan.value.sum()):
            effort *= 2
        elif slack >= most:
            break
        else:
            slack *= 2


def close(room: Room, plan: Columns, bound: Bound, *, seed: int) -> Closing:
    """Search all teams that a better plan can use, where they are few; the bound then holds for all teams."""
    gap = bound.value - int(plan.value.sum())
    if gap <= 0:
        return Closing(plan=plan, bound=bound.value)
    found = teams_above(room, bound.price, best_known(room, bound.pool, bound.price) - gap)
    if found is None:
        return Closing(plan=plan, bound=bound.value)
    complete = near(room, found, bound.price, gap)
    if len(complete.value) > MOST_COLUMNS:
        return Closing(plan=plan, bound=bound.value)
    done = search(room, complete, plan, seed=seed, effort=LAST_EFFORT)
    return Closing(plan=done.plan, bound=max(int(done.plan.value.sum()), min(bound.value, done.bound)))


def within(room: Room, bound: Bound, slack: int) -> Columns:
    """Return the teams that lose at most ``slack``, up to NEAR, under the prices of the bound."""
    return near(room, bound.pool, bound.price, min(slack, NEAR))


def near(room: Room, pool: Columns, price: I8, slack: int) -> Columns:
    """Return the teams of a pool that lose at most ``slack`` against the best of their mentee."""
    paid = reduced(room, pool, price)
    return pool.take(paid >= best_known(room, pool, price)[pool.mentee] - slack)


def search(room: Room, columns: Columns, plan: Columns, *, seed: int, effort: float) -> Closing:
    """Search the columns, with those of ``plan``, for the best plan; the bound holds for these columns only.

    Raises
    ------
    SolverFailedError
        When the solver contradicts the plan that it was given.
    """
    columns = unique(joined(columns, plan), room.n_mentors)
    n = room.n_mentees
    model = cp_model.CpModel()
    uses = [model.new_bool_var("") for _ in range(len(columns.value))]
    first = np.searchsorted(columns.mentee, np.arange(n + 1)).tolist()
    for row in range(n):
        model.add_exactly_one(uses[first[row] : first[row + 1]])
    add_loads(model, persons_of(room, columns.members), uses, room.face.least_load, room.face.most_load)
    model.maximize(cp_model.LinearExpr.weighted_sum(uses, columns.value.tolist()))
    is_used = np.isin(columns.keys(room.n_mentors), plan.keys(room.n_mentors))
    for use, value in zip(uses, is_used.tolist(), strict=True):
        model.add_hint(use, value)
    solver = solver_of(seed, effort * max(1.0, n / SIZE))
    # All rows in the linear relaxation: measured four times faster than the default, and to a smaller gap.
    solver.parameters.linearization_level = 2
    status = solver.solve(model)
    if status == cp_model.UNKNOWN:
        return Closing(plan=plan, bound=np.iinfo(np.int64).max)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        county = room.component.counties[0]
        raise SolverFailedError(
            f"component {county}: a search over teams ended with {solver.status_name(status)}; report this as a defect"
        )
    found = columns.take(np.flatnonzero([solver.boolean_value(use) for use in uses]))
    better = found if int(found.value.sum()) > int(plan.value.sum()) else plan
    return Closing(plan=better, bound=int(np.floor(solver.best_objective_bound + 0.1)))


def add_loads(
    model: cp_model.CpModel, person: I8, uses: Sequence[cp_model.IntVar], least_load: I8, most_load: I8
) -> None:
    """Keep the number of teams of every person within the loads.

    Parameters
    ----------
    person
        ``int64`` (columns, seats): persons of the teams, -1 for nobody.
    """
    column, seat = np.nonzero(person >= 0)
    own_person = person[column, seat]
    order = np.argsort(own_person, kind="stable")
    ends = np.searchsorted(own_person[order], np.arange(len(least_load) + 1)).tolist()
    listed = column[order].tolist()
    for number, (least, most) in enumerate(zip(least_load.tolist(), most_load.tolist(), strict=True)):
        own = [uses[index] for index in listed[ends[number] : ends[number + 1]]]
        if least == most == 1:
            model.add_exactly_one(own)
        elif most == 1:
            model.add_at_most_one(own)
        elif own and (least > 0 or most < len(own)):
            model.add_linear_constraint(cp_model.LinearExpr.sum(own), least, most)


def persons_of(room: Room, members: I8) -> I8:
    """Return the persons of teams, -1 for nobody."""
    persons: I8 = np.where(members >= 0, np.append(room.component.person_of_mentor, -1)[members], -1)
    return persons


def solver_of(seed: int, effort: float) -> cp_model.CpSolver:
    """Return a solver on one thread whose work is limited in deterministic time, never in seconds."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed % 2**31
    solver.parameters.max_deterministic_time = effort
    # In OR-Tools 9.15 the comparison of at-most-one rows with linear ones in presolve can lose optima.
    solver.parameters.presolve_inclusion_work_limit = 0
    return solver
