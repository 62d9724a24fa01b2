"""Closing the gap: branch and bound over the only columns that a better plan can use, with the plan at hand as hint.

For the prices of a bound, a plan's score is at most the bound less what its teams and loads lose against the best: a
team that loses more than the gap cannot be part of a better plan. The columns left are few, and they are complete, so
an optimum over them is an optimum over all teams.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.math_opt.python import mathopt

from matching.solvers.teams.bound import Bound, master_problem
from matching.solvers.teams.columns import Columns, Room, joined, reduced, teams_above, unique

I8 = npt.NDArray[np.int64]


FIRST_SLACK = 2_000
"""Loss, in units of 10⁻⁴ points, up to which a team takes part in the first search."""

WIDER = 5
"""Factor by which the slack grows from search to search."""

MOST_SEARCHES, MOST_COLUMNS = 6, 12_000
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


def close_gap(room: Room, plan: Columns, bound: Bound, *, seed: int, nodes: int) -> Closing:
    """Improve a plan and close its gap, by searches over ever more columns.

    Every search takes all teams that lose at most a slack against the best team of their mentee. The first few are
    small and find a plan near the bound; once the slack reaches the gap that is left, the columns are all that a better
    plan can use, and the search's own bound holds for all teams.

    Parameters
    ----------
    plan
        One column per mentee, sorted by mentee.
    nodes
        Limit of the branch-and-bound tree of one search: equal limits give equal answers on every machine.
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
        found = search(room, unique(joined(columns, plan), len(room.component.mentors)), plan, seed=seed, nodes=nodes)
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


def search(room: Room, columns: Columns, plan: Columns, *, seed: int, nodes: int) -> Closing:
    """Search the columns, which hold ``plan``, for the best plan; the bound holds for these columns only."""
    proto = master_problem(room, columns)
    n_columns = len(columns.score)
    proto.variables.integers[:] = [True] * n_columns
    proto.variables.upper_bounds[:] = [1.0] * n_columns
    model = mathopt.Model.from_model_proto(proto)
    n_mentors = len(room.component.mentors)
    is_used = np.isin(columns.keys(n_mentors), plan.keys(n_mentors)).astype(float).tolist()
    hint = mathopt.SolutionHint(variable_values=dict(zip(model.variables(), is_used, strict=True)))
    result = mathopt.solve(
        model,
        mathopt.SolverType.GSCIP,
        params=mathopt.SolveParameters(
            threads=1,
            node_limit=nodes,
            random_seed=seed % 2**31,
            relative_gap_tolerance=0.0,
            absolute_gap_tolerance=0.5,  # scores are integers
        ),
        model_params=mathopt.ModelSolveParameters(solution_hints=[hint]),
    )
    if not result.has_primal_feasible_solution():
        return Closing(plan=plan, bound=np.iinfo(np.int64).max)
    used = np.flatnonzero(np.fromiter(result.variable_values().values(), dtype=np.float64) > 0.5)
    return Closing(plan=columns.take(used), bound=int(np.floor(result.best_objective_bound() + 0.5)))
