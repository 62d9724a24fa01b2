"""Can every mentee get one of the listed teams? The fractional answer, by column generation, and plans rounded from it.

A linear program gives every mentee shares of its teams, within the loads, and counts who is left over. It is solved by
GLOP over few teams; all others are priced at once, and those that would help join. Its prices, rounded to integers,
prove an impossibility: the best that every mentee could pay, plus the worth of the loads, is then negative (Farkas).
A dive fixes the teams with the largest shares and solves the program again, until a whole plan remains.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from ortools.linear_solver.python import model_builder_helper as builder

from matching.errors import SolverFailedError
from matching.solvers.teams.columns import B1, I8, LOWEST, Columns, Room

F8 = npt.NDArray[np.float64]

UNIT = 1_000_000
"""Units of an integer price per unit of the program's prices."""

MOST_ROUNDS, PER_MENTEE = 60, 4
"""Rounds of pricing, and teams of a mentee that join in one of them. Measured: up to 12 rounds, 0.1 s on 152 × 304."""

EPSILON = 1e-7
"""Tolerance of GLOP's prices and shares."""

WHOLE, LARGE, PART = 0.999, 0.3, 5
"""Shares that a dive takes as decided, the least that it decides itself, and the part 1/5 of the rest per step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """Teams that are listed for the mentees, sorted by mentee.

    Attributes
    ----------
    person
        ``int64`` (columns, seats): persons, their number standing for nobody.
    """

    columns: Columns
    person: I8


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Outcome of the linear program.

    Attributes
    ----------
    is_possible
        False is proved in integers, True fractionally; ``None`` where rounding errors or the rounds leave it open.
    active
        ``int64`` (active,): the columns of the menu that took part.
    share
        ``float64`` (active,).
    """

    is_possible: bool | None
    active: I8
    share: F8


def menu_of(room: Room, columns: Columns) -> Menu:
    """Return the teams in the order of mentees and members, each once."""
    index = np.unique(columns.keys(room.n_mentors), return_index=True)[1]
    columns = columns.take(index)
    person_of = np.append(room.component.person_of_mentor, len(room.component.persons))
    return Menu(columns=columns, person=person_of[columns.members])


def promising(room: Room, menu: Menu, is_open: B1, width: int) -> I8:
    """Return the best open columns of every mentee under the prices of the separable relaxation, and of every person.

    Parameters
    ----------
    is_open
        ``bool`` (columns,): the columns that count.
    """
    index = np.flatnonzero(is_open)
    worth = menu.columns.score - np.append(room.face.price, 0)[menu.person].sum(axis=1)
    parts = [_best_per(menu.columns.mentee[index], worth[index], width)]
    for seat in range(menu.person.shape[1]):
        parts.append(_best_per(menu.person[index, seat], worth[index], 2))
    return index[np.unique(np.concatenate(parts))]


def _best_per(group: I8, worth: I8 | F8, width: int) -> I8:
    order = np.lexsort((-worth, group))
    first = np.searchsorted(group[order], group[order])
    found: I8 = order[np.arange(len(order)) - first < width]
    return found


def share_out(room: Room, menu: Menu, is_open: B1, active: I8) -> Shares:
    """Solve the linear program over the open columns, starting from some of them.

    Raises
    ------
    SolverFailedError
        When GLOP fails on a program that always has a solution.
    """
    mentee, n = menu.columns.mentee, room.n_mentees
    active = np.unique(active[is_open[active]])
    share = np.zeros(len(active))
    for _ in range(MOST_ROUNDS):
        share, left_over, dual = _solve(room, menu, active)
        price = np.append(np.rint(dual[n:] * UNIT).astype(np.int64), 0)
        paid = np.where(is_open, -price[menu.person].sum(axis=1), LOWEST)
        if _is_refuted(room, mentee, paid, price[:-1]):
            return Shares(is_possible=False, active=active, share=share)
        if left_over < EPSILON:
            return Shares(is_possible=True, active=active, share=share)
        gain = np.where(is_open, -np.append(dual[n:], 0.0)[menu.person].sum(axis=1) - dual[:n][mentee], 0.0)
        helpful = np.flatnonzero(gain > EPSILON)
        joining = helpful[_best_per(mentee[helpful], gain[helpful], PER_MENTEE)]
        renewed = np.union1d(active, joining)
        if len(renewed) == len(active):
            break
        active, share = renewed, np.zeros(len(renewed))
    return Shares(is_possible=None, active=active, share=share)


def _is_refuted(room: Room, mentee: I8, paid: I8, price: I8) -> bool:
    best = np.full(room.n_mentees, LOWEST)
    np.maximum.at(best, mentee, paid)
    if (best <= LOWEST // 2).any():  # somebody without any team; adding many LOWEST up could overflow
        return True
    face = room.face
    return int(best.sum()) + int((price * np.where(price > 0, face.most_load, face.least_load)).sum()) < 0


def _solve(room: Room, menu: Menu, active: I8) -> tuple[F8, float, F8]:
    """Return the shares, how much is left over, and the prices of mentees and persons."""
    n, n_persons, face = room.n_mentees, len(room.component.persons), room.face
    own = menu.person[active]
    column, seat = np.nonzero(own < n_persons)
    m, n_rows = len(active), n + n_persons
    rows = np.concatenate((menu.columns.mentee[active], n + own[column, seat], np.arange(n_rows)))
    cells = np.concatenate((np.arange(m), column, m + np.arange(n_rows)))
    matrix = sp.csr_matrix((np.ones(len(rows)), (rows, cells)), shape=(n_rows, m + n_rows))
    model: Any = builder.ModelBuilderHelper()
    model.fill_model_from_sparse_data(
        np.zeros(m + n_rows),
        np.full(m + n_rows, np.inf),
        np.concatenate((np.zeros(m), np.full(n_rows, -1.0))),
        np.concatenate((np.ones(n), face.least_load)).astype(np.float64),
        np.concatenate((np.ones(n), face.most_load)).astype(np.float64),
        matrix,
    )
    model.set_maximize(True)
    solver = builder.ModelSolverHelper("glop")
    solver.solve(model)
    if solver.status() != builder.SolveStatus.OPTIMAL:
        county = room.component.counties[0]
        raise SolverFailedError(
            f"component {county}: a linear program over teams ended with {solver.status()}; report this as a defect"
        )
    values = np.asarray(solver.variable_values(), dtype=np.float64)
    return values[:m], float(values[m:].sum()), np.asarray(solver.dual_values(), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dive:
    """Outcome of a dive.

    Attributes
    ----------
    plan
        One column of the menu per mentee, in their order; ``None`` when the dive ended without a plan.
    stops
        The teams that were decided after each step, for a search that decides the rest in another way.
    """

    plan: I8 | None
    stops: tuple[I8, ...]


def dive(room: Room, menu: Menu, is_open: B1, start: Shares) -> Dive:
    """Round the shares of a possible program to a plan, step by step."""
    mentee, n = menu.columns.mentee, room.n_mentees
    shares, stops = start, list[I8]()
    while shares.is_possible:
        order = np.argsort(-shares.share, kind="stable")
        ranked, size = shares.active[order], shares.share[order]
        whole = ranked[size > WHOLE]
        if len(whole) == n:
            return Dive(plan=whole[np.argsort(mentee[whole])], stops=tuple(stops))
        fixed = _with_large(
            room, menu, whole, ranked[(size <= WHOLE) & (size > LARGE)], max(3, (n - len(whole)) // PART)
        )
        if stops and len(fixed) <= len(stops[-1]):
            break
        stops.append(fixed)
        left = is_open & compatible(room, menu, fixed)
        left[fixed] = True
        shares = share_out(room, menu, left, np.union1d(shares.active, fixed))
    return Dive(plan=None, stops=tuple(stops))


def _with_large(room: Room, menu: Menu, whole: I8, large: I8, most: int) -> I8:
    """Return the decided columns and up to ``most`` of the large ones that fit to them, the largest first."""
    taken, n_persons = whole.tolist(), len(room.component.persons)
    spare = np.append(room.face.most_load, room.n_mentees * room.n_seats)
    np.subtract.at(spare, menu.person[whole].ravel(), 1)
    is_done = np.zeros(room.n_mentees, dtype=bool)
    is_done[menu.columns.mentee[whole]] = True
    for column in large.tolist():
        if len(taken) >= len(whole) + most:
            break
        own, row = menu.person[column], menu.columns.mentee[column]
        if not is_done[row] and (spare[own] > 0).all():
            taken.append(column)
            is_done[row] = True
            spare[own] -= 1
            spare[n_persons] = room.n_mentees * room.n_seats
    return np.array(taken, dtype=np.int64)


def compatible(room: Room, menu: Menu, fixed: I8) -> B1:
    """Whether columns belong to undecided mentees and use only persons who are free after the decided teams."""
    spare = np.append(room.face.most_load, room.n_mentees * room.n_seats)
    np.subtract.at(spare, menu.person[fixed].ravel(), 1)
    is_done = np.zeros(room.n_mentees, dtype=bool)
    is_done[menu.columns.mentee[fixed]] = True
    return np.asarray(~is_done[menu.columns.mentee] & (spare[menu.person] > 0).all(axis=1), dtype=bool)
