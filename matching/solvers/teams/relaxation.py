"""The linear relaxation over all teams, strengthened by cuts, and how it changes when one mentee's team is restricted.

A *cut* names three rows - mentees, or persons who may serve one mentee of the run only. Teams that use at least two of
the three exclude one another, so a plan holds at most one of them (the subset-row inequalities of Jepsen et al. 2008).
A cut only takes value off a team, so a search for teams by the prices of persons alone still finds all that matter.

The optimal basis stays dual feasible when teams are forbidden, and when teams join that lose against it: GLOP's dual
simplex then goes on from the basis and needs a few dozen steps. All duals are rounded to integers before they prove a
bound, so that GLOP's tolerances cannot break it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from ortools.math_opt import callback_pb2, model_parameters_pb2, model_pb2, parameters_pb2, result_pb2, solution_pb2
from ortools.math_opt.core.python import solver as glop

from matching.solvers.teams.close import LAST_EFFORT, MOST_COLUMNS, search
from matching.solvers.teams.columns import I8, LOWEST, Columns, Room, joined, reduced, unique
from matching.solvers.teams.pricing import teams_above, upper_bound

UNIT = 10_000.0
"""The program counts in points, where GLOP's absolute tolerances are far below what is printed."""

MOST_TEAMS = 2_000_000
"""Teams that one round of pricing may look at; where there are more, nothing is answered."""

ROUNDS, MARGIN = 24, 10_000
"""Rounds of pricing, and the loss, in units of 10⁻⁴ points, up to which a round adds teams to the program."""

CUT_ROUNDS, CUTS_PER_ROUND, LEAST_VIOLATION = 10, 60, 0.02
"""Rounds that add cuts, how many cuts one adds, and by how much they must be violated."""

SEARCHED, EFFORT = 4_000, 0.02
"""Loss, in units of 10⁻⁴ points, up to which teams are searched for a better plan, and the effort of CP-SAT."""

I4 = npt.NDArray[np.int32]
F8 = npt.NDArray[np.float64]
_AT_LOWER: int = solution_pb2.BASIS_STATUS_AT_LOWER_BOUND
_BASIC: int = solution_pb2.BASIS_STATUS_BASIC


@dataclass(frozen=True, slots=True, kw_only=True)
class Duals:
    """Multipliers that bound every plan.

    Attributes
    ----------
    price
        ``int64`` (persons,).
    cuts
        ``int64`` (cuts, 3): rows, mentees first, then persons.
    cut_price
        ``int64`` (cuts,), at least 0.
    """

    price: I8
    cuts: I8
    cut_price: I8

    def left(self, room: Room, columns: Columns) -> I8:
        """Return the value of every column less the prices of its members and cuts."""
        left: I8 = reduced(room, columns, self.price)
        if len(self.cuts):
            left = left - _hits(room, columns, self.cuts).T @ self.cut_price
        return left

    def bound(self, room: Room, best: I8) -> int:
        """Return what no plan exceeds, given the most that any team of each mentee leaves."""
        return upper_bound(room, self.price, best) + int(self.cut_price.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """The relaxation at its optimum.

    Attributes
    ----------
    columns
        Every team that loses at most ``slack`` under the duals, and more; sorted by mentee.
    loss
        ``int64`` (columns,): what a team leaves less than the best of its mentee.
    best
        ``int64`` (mentees,): the most that any team of each mentee leaves.
    bound
        No plan that attains the levels is worth more.
    hits
        Sparse (cuts, columns): 1 where a team uses at least two rows of a cut.
    column_status, row_status
        The optimal basis: GLOP's code per column and per row.
    """

    duals: Duals
    columns: Columns
    loss: I8
    best: I8
    bound: int
    slack: int
    hits: Any
    column_status: I4
    row_status: I4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Solved:
    """Outcome of one program: ``use``, ``float64`` (columns,), is how much of a team is used."""

    duals: Duals
    use: F8
    column_status: I4
    row_status: I4


def relax(room: Room, pool: Columns, slack: int) -> Relaxation | None:
    """Return the relaxation over all teams; ``None`` where they are too many, or where GLOP gives up.

    Parameters
    ----------
    pool
        Teams that make up at least one plan.
    slack
        In units of 10⁻⁴ points.
    """
    pool = unique(pool, room.n_mentors)
    cuts = np.zeros((0, 3), dtype=np.int64)
    status: I4 = np.full(len(pool.value), _AT_LOWER, dtype=np.int32)
    row_status: I4 | None = None
    n_cut_rounds = n_rounds = 0
    while True:
        solved = _solve(room, pool, np.zeros(len(pool.value), dtype=bool), cuts, status, row_status)
        if solved is None:
            return None
        best = _best(room, pool, solved.duals.left(room, pool))
        found = teams_above(room, solved.duals.price, best - MARGIN, most=MOST_TEAMS)
        if found is None:
            return None
        is_priced = bool((_best(room, found, solved.duals.left(room, found)) <= best).all())
        more = cuts[:0]
        if is_priced and n_cut_rounds < CUT_ROUNDS:
            more = _violated(room, pool, solved.use, cuts)
            n_cut_rounds += 1
        pool, status = _grown(room, pool, found, solved.column_status)
        row_status = np.append(solved.row_status, np.full(len(more), _BASIC, dtype=np.int32))
        n_rounds += 1
        if (is_priced and not len(more)) or n_rounds == ROUNDS:
            break
        cuts = np.concatenate((cuts, more))
    every = teams_above(room, solved.duals.price, best - slack, most=MOST_TEAMS)
    if every is None:
        return None
    columns, status = _grown(room, pool, every, status)
    left = solved.duals.left(room, columns)
    best = _best(room, columns, left)
    loss = best[columns.mentee] - left
    near = (loss <= slack) | (status == _BASIC)
    return Relaxation(
        duals=solved.duals,
        columns=columns.take(near),
        loss=loss[near],
        best=best,
        bound=solved.duals.bound(room, best),
        slack=slack,
        hits=_hits(room, columns.take(near), solved.duals.cuts),
        column_status=status[near],
        row_status=solved.row_status,
    )


def closed_bound(room: Room, relaxation: Relaxation, plan: Columns) -> int:
    """Return what no plan exceeds, after a search among the teams that a better plan can have."""
    value = int(plan.value.sum())
    gap = relaxation.bound - value
    near = relaxation.columns.take(relaxation.loss <= gap)
    if not 0 < gap <= relaxation.slack or len(near.value) > MOST_COLUMNS:
        return max(value, relaxation.bound)
    done = search(room, near, plan, seed=0, effort=LAST_EFFORT)
    return max(int(done.plan.value.sum()), min(relaxation.bound, done.bound))


@dataclass(frozen=True, slots=True, kw_only=True)
class Restricted:
    """What plans are worth in which one mentee has one of a few teams: at least that of ``plan``, at most ``bound``."""

    plan: Columns
    bound: int


def restricted(room: Room, relaxation: Relaxation, row: int, teams: Columns, plan: Columns) -> Restricted:
    """Return bounds of the plans in which a mentee has one of the given teams.

    A better plan than the one at hand consists of teams that lose less than the relaxation exceeds it by, so the
    program needs no others. The few teams that its optimum uses, or nearly uses, are then searched for a better plan.

    Parameters
    ----------
    plan
        Such a plan, one column per mentee.
    """
    left = relaxation.duals.left(room, teams)
    ceiling = relaxation.bound - int(relaxation.best[row]) + int(left.max())
    while True:
        value = int(plan.value.sum())
        gap = ceiling - value
        if gap <= 0:
            return Restricted(plan=plan, bound=value)
        limit = min(gap, relaxation.slack)
        found = _among(room, relaxation, row, teams.take(left.max() - left <= limit), plan, limit)
        if found is None:
            return Restricted(plan=plan, bound=ceiling)
        if gap <= relaxation.slack:
            return Restricted(plan=found.plan, bound=max(int(found.plan.value.sum()), min(ceiling, found.bound)))
        # Teams of a better plan were missing, so the bound is none; a better plan may need fewer.
        if int(found.plan.value.sum()) == value:
            return Restricted(plan=plan, bound=ceiling)
        plan = found.plan


def _among(
    room: Room, relaxation: Relaxation, row: int, asked: Columns, plan: Columns, limit: int
) -> Restricted | None:
    """Return bounds of the plans of teams that lose at most ``limit``, in which a mentee has one of those asked for."""
    duals, columns = relaxation.duals, relaxation.columns
    is_kept = (relaxation.loss <= limit) & (columns.mentee != row)
    # Forbidden teams of the basis stay, at 0, so that it stays a basis. The plan keeps the program solvable.
    is_closed = (relaxation.column_status == _BASIC) & ~is_kept
    always = joined(asked, plan.take(plan.mentee != row))
    status, row_status = relaxation.column_status, relaxation.row_status
    at_lower = np.full(len(always.value), _AT_LOWER)
    status = np.concatenate((status[is_kept], at_lower, status[is_closed])).astype(np.int32)
    program = joined(columns.take(is_kept), always, columns.take(is_closed))
    is_open = np.arange(len(program.value)) < len(program.value) - is_closed.sum()
    is_active = ~is_open
    is_active[is_open] = np.append(relaxation.loss[is_kept], np.zeros(len(always.value))) <= MARGIN
    hits = sp.hstack(
        (relaxation.hits[:, is_kept], _hits(room, always, duals.cuts), relaxation.hits[:, is_closed]), format="csr"
    )
    while True:
        at = np.flatnonzero(is_active)
        solved = _solve(room, program.take(at), ~is_open[at], duals.cuts, status[at], row_status)
        if solved is None:
            return None
        status[at], row_status = solved.column_status, solved.row_status
        left = reduced(room, program, solved.duals.price) - hits.T @ solved.duals.cut_price
        best = _best(room, program.take(is_active & is_open), left[is_active & is_open])
        joining = is_open & ~is_active & (left > best[program.mentee])
        if not joining.any():
            break
        is_active |= joining
    bound = solved.duals.bound(room, best)
    use = np.zeros(len(is_open))
    use[at] = solved.use
    program, use, loss = program.take(is_open), use[is_open], (best[program.mentee] - left)[is_open]
    gap = bound - int(plan.value.sum())
    if gap <= SEARCHED:  # the search then sees every team of a better plan
        done = search(room, program.take(loss <= gap), plan, seed=0, effort=EFFORT)
        return Restricted(plan=done.plan, bound=min(bound, done.bound))
    # Mentees whom the optimum gives one whole team keep it, or their team of the plan.
    is_split = np.zeros(room.n_mentees, dtype=bool)
    is_split[program.mentee[(use > 1e-6) & (use < 1 - 1e-6)]] = True
    near = program.take((use > 1e-6) | (is_split[program.mentee] & (loss <= SEARCHED)))
    return Restricted(plan=search(room, near, plan, seed=0, effort=EFFORT).plan, bound=bound)


def _best(room: Room, columns: Columns, left: I8) -> I8:
    best = np.full(room.n_mentees, LOWEST)
    np.maximum.at(best, columns.mentee, left)
    return best


def _grown(room: Room, pool: Columns, found: Columns, status: I4) -> tuple[Columns, I4]:
    """Return the pool with what was found, and the status of its columns in the basis."""
    grown = unique(joined(pool, found), room.n_mentors)
    at = np.searchsorted(grown.keys(room.n_mentors), pool.keys(room.n_mentors))
    grown_status: I4 = np.full(len(grown.value), _AT_LOWER, dtype=np.int32)
    grown_status[at] = status
    return grown, grown_status


def _cells(room: Room, columns: Columns) -> tuple[I8, I8]:
    """Return the row and the column of every 1 of the program, cuts apart."""
    n_persons = len(room.component.persons)
    person = np.append(room.component.person_of_mentor, n_persons)[columns.members]
    column, seat = np.nonzero(person < n_persons)
    rows = np.concatenate((columns.mentee, room.n_mentees + person[column, seat]))
    return rows, np.concatenate((np.arange(len(columns.value)), column))


def _hits(room: Room, columns: Columns, cuts: I8) -> Any:
    """Return a sparse matrix (cuts, columns): 1 where a team uses at least two rows of a cut."""
    rows, cells = _cells(room, columns)
    n_rows = room.n_mentees + len(room.component.persons)
    uses = sp.csr_matrix((np.ones(len(rows), dtype=np.int64), (rows, cells)), shape=(n_rows, len(columns.value)))
    number = np.repeat(np.arange(len(cuts)), 3)
    picks = sp.csr_matrix((np.ones(len(number), dtype=np.int64), (number, cuts.ravel())), shape=(len(cuts), n_rows))
    hits = picks @ uses
    hits.data //= 2
    hits.eliminate_zeros()
    return hits


def _violated(room: Room, columns: Columns, use: F8, cuts: I8) -> I8:
    """Return new cuts that the uses violate, the most violated first."""
    columns, use = columns.take((use > 1e-6) & (use < 1 - 1e-6)), use[(use > 1e-6) & (use < 1 - 1e-6)]
    rows, cells = _cells(room, columns)
    may = np.append(np.ones(room.n_mentees, dtype=bool), room.face.most_load == 1)[rows]
    rows, cells = rows[may], cells[may]
    active, rows = np.unique(rows, return_inverse=True)
    uses = np.zeros((len(active), len(use)))
    uses[rows, cells] = 1.0
    together = (uses * use) @ uses.T
    np.fill_diagonal(together, 0.0)
    known = {tuple(cut) for cut in cuts.tolist()}
    found: list[tuple[float, tuple[int, ...]]] = []
    for a in range(len(active)):
        near = np.flatnonzero(together[a, a + 1 :] > 1e-6) + a + 1
        if len(near) < 2:
            continue
        share = uses[near] * (use * uses[a])
        total = together[a, near][:, None] + together[a, near][None, :] + together[np.ix_(near, near)]
        total -= 2 * (share @ uses[near].T)
        for i, j in np.argwhere(np.triu(total > 1 + LEAST_VIOLATION, 1)).tolist():
            if together[near[i], near[j]] > 1e-6:
                cut = tuple(active[[a, near[i], near[j]]].tolist())
                if cut not in known:
                    found.append((-round(float(total[i, j]), 6), cut))
    best = [cut for _, cut in sorted(found)[:CUTS_PER_ROUND]]
    return np.array(best, dtype=np.int64).reshape(-1, 3)


def _solve(
    room: Room, columns: Columns, is_closed: npt.NDArray[np.bool_], cuts: I8, status: I4, row_status: I4 | None
) -> _Solved | None:
    """Solve the program over some teams from a basis; ``None`` where GLOP gives up."""
    face, n, n_persons = room.face, room.n_mentees, len(room.component.persons)
    m, n_rows = len(columns.value), n + n_persons + len(cuts)
    rows, cells = _cells(room, columns)
    if len(cuts):
        hits = _hits(room, columns, cuts).tocoo()
        rows, cells = np.concatenate((rows, n + n_persons + hits.row)), np.concatenate((cells, hits.col))
    order = np.lexsort((cells, rows))
    no_least = np.full(len(cuts), -np.inf)
    model: Any = model_pb2.ModelProto()
    model.variables.ids.extend(range(m))
    model.variables.lower_bounds.extend([0.0] * m)
    model.variables.upper_bounds.extend(np.where(is_closed, 0.0, np.inf).tolist())
    model.variables.integers.extend([False] * m)
    model.objective.maximize = True
    model.objective.linear_coefficients.ids.extend(range(m))
    model.objective.linear_coefficients.values.extend((columns.value / UNIT).tolist())
    model.linear_constraints.ids.extend(range(n_rows))
    model.linear_constraints.lower_bounds.extend(np.concatenate((np.ones(n), face.least_load, no_least)).tolist())
    model.linear_constraints.upper_bounds.extend(
        np.concatenate((np.ones(n), face.most_load, np.ones(len(cuts)))).tolist()
    )
    model.linear_constraint_matrix.row_ids.extend(rows[order].tolist())
    model.linear_constraint_matrix.column_ids.extend(cells[order].tolist())
    model.linear_constraint_matrix.coefficients.extend([1.0] * len(rows))
    start: Any = model_parameters_pb2.ModelSolveParametersProto()
    if row_status is not None:
        start.initial_basis.variable_status.ids.extend(range(m))
        start.initial_basis.variable_status.values.extend(status.tolist())
        start.initial_basis.constraint_status.ids.extend(range(n_rows))
        start.initial_basis.constraint_status.values.extend(row_status.tolist())
    answer: Any = glop.solve(
        model,
        parameters_pb2.SOLVER_TYPE_GLOP,
        parameters_pb2.SolverInitializerProto(),
        parameters_pb2.SolveParametersProto(
            presolve=parameters_pb2.EMPHASIS_OFF,
            scaling=parameters_pb2.EMPHASIS_OFF,
            lp_algorithm=parameters_pb2.LP_ALGORITHM_DUAL_SIMPLEX,
        ),
        start,
        None,
        callback_pb2.CallbackRegistrationProto(),
        None,
        None,
    )
    if answer.termination.reason != result_pb2.TERMINATION_REASON_OPTIMAL:
        return None
    solution = answer.solutions[0]
    dual = np.rint(np.array(solution.dual_solution.dual_values.values) * UNIT).astype(np.int64)
    use = np.zeros(m)
    use[list(solution.primal_solution.variable_values.ids)] = solution.primal_solution.variable_values.values
    return _Solved(
        duals=Duals(price=dual[n : n + n_persons], cuts=cuts, cut_price=np.maximum(0, dual[n + n_persons :])),
        use=use,
        column_status=np.array(solution.basis.variable_status.values, dtype=np.int32),
        row_status=np.array(solution.basis.constraint_status.values, dtype=np.int32),
    )
