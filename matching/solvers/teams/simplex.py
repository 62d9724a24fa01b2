"""Prices by the simplex method: a linear program over the pool, polished by pricing all teams.

Where few teams matter, GLOP brings the prices of the subgradient steps to the optimum of the relaxation within some
rounds. Prices are rounded to integers before they prove a bound, so that GLOP's tolerances cannot break it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from ortools.linear_solver.python import model_builder_helper as builder

from matching.solvers.teams.columns import I8, Columns, Room, best_known, joined, reduced, unique
from matching.solvers.teams.dual import Bound
from matching.solvers.teams.pricing import priced

AT_FIRST, PER_MENTEE = 24, 6
"""Teams of a mentee in the first program, and how many join in one round; more of them slow GLOP down."""

PER_PERSON = 6
"""Teams of a person in the first program: without any, its price means nothing. Measured: half as many rounds."""

HALVINGS = 2
"""Times that prices worse than the best ones are drawn half-way to these: any prices prove a bound, and the program's
jump about while teams are missing. Measured: the bound of four rounds after three, and up to 0.2 % better."""

NEAR_ENOUGH = 5e-5
"""Share of the value by which a bound may exceed that of the program over the pool: below that no round helps."""

PARAMETERS = "use_dual_simplex: true perturb_costs_in_dual_simplex: true"
"""Measured on 300 rows and 5,000 to 28,000 columns: a third faster than GLOP's defaults, and better prices when cut."""


def polish(room: Room, plan: Columns, bound: Bound, *, rounds: int) -> Bound:
    """Return the best bound after some rounds, with the pool of the last one.

    Parameters
    ----------
    plan
        One column per mentee: it makes the program solvable.
    """
    few = _best_few(room, bound.pool, bound.price, AT_FIRST)
    of_persons = _best_of_persons(room, bound.pool, bound.price, PER_PERSON)
    pool = unique(joined(few, of_persons, plan), room.n_mentors)
    best = Bound(value=bound.value, price=bound.price, pool=pool)
    for _ in range(rounds):
        solved = best_prices(room, pool)
        if solved is None:
            break
        price, joining = solved.price, list[Columns]()
        for _ in range(1 + HALVINGS):
            answer = priced(room, pool, price)
            if answer is None:
                return best
            found, value = answer
            joining.append(_best_few(room, found, price, PER_MENTEE))
            if value <= best.value:
                best = Bound(value=value, price=price, pool=pool)
                break
            price = (price + best.price) // 2
        grown = unique(joined(pool, *joining), room.n_mentors)
        is_complete = len(grown.value) == len(pool.value)
        pool = grown
        best = Bound(value=best.value, price=best.price, pool=pool)
        if is_complete or best.value - solved.value <= NEAR_ENOUGH * abs(solved.value):
            break
    return best


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """The optimum of a program over some teams: ``int64`` (persons,) prices, and the value up to rounding errors."""

    price: I8
    value: float


def best_prices(room: Room, pool: Columns) -> Solved | None:
    """Return the prices of the program over the pool; ``None`` where GLOP gives up on it."""
    n, n_persons, face = room.n_mentees, len(room.component.persons), room.face
    person = np.append(room.component.person_of_mentor, n_persons)[pool.members]
    column, seat = np.nonzero(person < n_persons)
    m = len(pool.value)
    rows = np.concatenate((pool.mentee, n + person[column, seat]))
    cells = np.concatenate((np.arange(m), column))
    scale = float(max(1, np.abs(pool.value).max(initial=1)))
    model: Any = builder.ModelBuilderHelper()
    model.fill_model_from_sparse_data(
        np.zeros(m),
        np.full(m, np.inf),
        pool.value / scale * 100,
        np.concatenate((np.ones(n), face.least_load)).astype(np.float64),
        np.concatenate((np.ones(n), face.most_load)).astype(np.float64),
        sp.csr_matrix((np.ones(len(rows)), (rows, cells)), shape=(n + n_persons, m)),
    )
    model.set_maximize(True)
    solver = builder.ModelSolverHelper("glop")
    solver.set_solver_specific_parameters(PARAMETERS)
    solver.solve(model)
    if solver.status() != builder.SolveStatus.OPTIMAL:
        return None
    dual = np.asarray(solver.dual_values(), dtype=np.float64)
    price = np.rint(dual[n:] * scale / 100).astype(np.int64)
    return Solved(price=price, value=float(solver.objective_value()) * scale / 100)


def _best_few(room: Room, found: Columns, price: I8, most: int) -> Columns:
    order = np.lexsort((-reduced(room, found, price), found.mentee))
    mentee = found.mentee[order]
    return found.take(order[np.arange(len(order)) - np.searchsorted(mentee, mentee) < most])


def _best_of_persons(room: Room, found: Columns, price: I8, most: int) -> Columns:
    """Return the teams of every person that lose least against the best of their mentee."""
    loss = best_known(room, found, price)[found.mentee] - reduced(room, found, price)
    column, seat = np.nonzero(found.members >= 0)
    person = room.component.person_of_mentor[found.members[column, seat]]
    order = np.lexsort((loss[column], person))
    own = person[order]
    return found.take(np.unique(column[order[np.arange(len(order)) - np.searchsorted(own, own) < most]]))
