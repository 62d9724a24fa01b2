"""A certified bound by column generation over all teams, and the columns that could still improve a plan.

The master problem chooses one team per mentee within the loads of the face; it holds scores only, because the levels
are bounds already. Its dual values are rounded to integers and priced over *every* team that attains the levels: the
Lagrangian bound of these prices is exact integer arithmetic and needs no converged or accurate linear program.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt

from matching.errors import SolverFailedError
from matching.solvers.teams.columns import Columns, Room, joined, reduced, teams_above, unique, upper_bound

I8 = npt.NDArray[np.int64]
F8 = npt.NDArray[np.float64]
PER_MENTEE = 4
"""New columns of a mentee in one round, best first."""

NEAR, SLOW, PATIENCE = 0.01, 2e-5, 2
"""Within NEAR of the value, the bound is left as it is once PATIENCE rounds in a row lowered it by SLOW or less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Outcome of the column generation.

    Attributes
    ----------
    value
        No plan that attains the levels scores more, in units of 10⁻⁴ points.
    price
        ``int64`` (persons,): the prices that prove it.
    columns
        Every column of the master problem.
    rounds
        Rounds of pricing.
    """

    value: int
    price: I8
    columns: Columns
    rounds: int


def bound_plan(room: Room, columns: Columns, price: I8, value: int, *, goal: int, most_rounds: int) -> Bound:
    """Tighten the bound until it is within ``goal`` of ``value``, no team is missing, or the rounds are used up.

    Parameters
    ----------
    columns
        Start of the master problem; must hold the teams of one plan.
    price
        Prices of the first bound, for example those of the separable relaxation.
    """
    n_mentors = len(room.component.mentors)
    best_price, best = price, _priced(room, columns, price)[1]
    stalled = 0
    for rounds in range(most_rounds):
        if best - value <= goal:
            return Bound(value=best, price=best_price, columns=columns, rounds=rounds)
        price, before = master_prices(room, columns), best
        n_before = len(columns.score)
        # Half-way to the best prices so far first: the bound jumps about less (Wentges 1997).
        for asked in ((price + best_price) // 2, price):
            found, bound = _priced(room, columns, asked)
            if bound < best:
                best, best_price = bound, asked
            columns = unique(joined(columns, _improving(room, columns, found, price)), n_mentors)
            if len(columns.score) > n_before:
                break
        is_slow = best - value <= NEAR * abs(value) and before - best <= SLOW * abs(value)
        stalled = stalled + 1 if is_slow else 0
        if len(columns.score) == n_before or stalled == PATIENCE:
            return Bound(value=best, price=best_price, columns=columns, rounds=rounds + 1)
    return Bound(value=best, price=best_price, columns=columns, rounds=most_rounds)


def _best_known(room: Room, columns: Columns, price: I8) -> I8:
    best = np.full(room.n_mentees, np.iinfo(np.int64).min)
    np.maximum.at(best, columns.mentee, reduced(room, columns, price))
    return best


def _priced(room: Room, columns: Columns, price: I8) -> tuple[Columns, int]:
    """Return every team that beats or ties the best known one of its mentee, and the bound of the prices."""
    found = teams_above(room, price, _best_known(room, columns, price))
    return found, upper_bound(room, joined(columns, found), price)


def _improving(room: Room, columns: Columns, found: Columns, price: I8) -> Columns:
    """Return the best few teams of every mentee that beat all columns known so far."""
    gain = reduced(room, found, price) - _best_known(room, columns, price)[found.mentee]
    better = found.take(gain > 0)
    order = np.lexsort((better.keys(len(room.component.mentors)), -gain[gain > 0], better.mentee))
    better = better.take(order)
    counts = np.bincount(better.mentee, minlength=room.n_mentees)
    rank = np.arange(len(better.mentee)) - np.repeat(np.cumsum(counts) - counts, counts)
    return better.take(rank < PER_MENTEE)


def master_prices(room: Room, columns: Columns) -> I8:
    """Solve the master problem and return the prices of the persons, rounded."""
    result = mathopt.solve(
        mathopt.Model.from_model_proto(master_problem(room, columns)),
        mathopt.SolverType.GLOP,
        params=mathopt.SolveParameters(lp_algorithm=mathopt.LPAlgorithm.DUAL_SIMPLEX),
    )
    if result.termination.reason is not mathopt.TerminationReason.OPTIMAL:
        raise SolverFailedError(
            f"component {room.component.counties[0]}: the master problem ended with "
            f"{result.termination.reason.value}; report this as a defect"
        )
    duals = result.dual_values()
    n = room.n_mentees
    price = np.zeros(len(room.component.persons))
    for constraint, value in duals.items():
        if constraint.id >= n:
            price[constraint.id - n] = value
    return np.rint(price).astype(np.int64)


def master_problem(room: Room, columns: Columns) -> model_pb2.ModelProto:
    """Return the master problem: columns sorted by mentee, one team per mentee, loads within the face."""
    n, n_columns, face = room.n_mentees, len(columns.score), room.face
    n_rows = n + len(face.most_load)
    column, seat = np.nonzero(columns.members >= 0)
    rows = np.concatenate((columns.mentee, n + room.component.person_of_mentor[columns.members[column, seat]]))
    entries = np.concatenate((np.arange(n_columns), column))
    order = np.lexsort((entries, rows))
    model = model_pb2.ModelProto()
    model.variables.ids.extend(range(n_columns))
    model.variables.lower_bounds.extend([0.0] * n_columns)
    model.variables.upper_bounds.extend([float("inf")] * n_columns)
    model.variables.integers.extend([False] * n_columns)
    model.objective.maximize = True
    used = np.flatnonzero(columns.score)
    model.objective.linear_coefficients.ids.extend(used.tolist())
    model.objective.linear_coefficients.values.extend(columns.score[used].astype(float).tolist())
    ones = np.ones(n)
    model.linear_constraints.ids.extend(range(n_rows))
    model.linear_constraints.lower_bounds.extend(np.concatenate((ones, face.least_load)).tolist())
    model.linear_constraints.upper_bounds.extend(np.concatenate((ones, face.most_load)).tolist())
    model.linear_constraint_matrix.row_ids.extend(rows[order].tolist())
    model.linear_constraint_matrix.column_ids.extend(entries[order].tolist())
    model.linear_constraint_matrix.coefficients.extend([1.0] * len(order))
    return model
