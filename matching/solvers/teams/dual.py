"""A certified bound: prices of the mentors found by subgradient steps, proved over all teams.

Given prices, every mentee takes the best team on its own, and the price of all loads that a plan may use is added: that
is a bound for every plan (Lagrange). Steps of Polyak (1969) with the value of the plan at hand as target and a
deflected direction (Camerini, Fratta and Maffioli 1975) bring the prices within some hundredths of a per cent of the
best possible ones after 200 to 400 evaluations, each a few array operations over a pool of promising teams. The pool is
renewed by pricing all teams, and that is also the proof: prices are rounded to integers first, so that the bound holds
exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.solvers.teams.columns import I8, Columns, Room, best_known, joined, reduced, unique
from matching.solvers.teams.pricing import priced

F8 = npt.NDArray[np.float64]

DEFLECTION = 0.7
"""Share of the last direction that stays in the next one."""

PATIENCE, SHRINK = 10, 0.7
"""Steps without progress after which the step length shrinks, and by how much; the prices return to the best ones."""

PROGRESS = 1e-6
"""Share of the value that counts as progress."""

WIDE, NEAR = 40_000, 25_000
"""Loss, in units of 10⁻⁴ points, up to which teams stay in the pool, and up to which pricing adds them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Outcome of the search for prices.

    Attributes
    ----------
    value
        No plan that attains the levels is worth more, in units of 10⁻⁴ points.
    price
        ``int64`` (persons,): the prices that prove it.
    pool
        Every team that loses at most NEAR against the best of its mentee under these prices, and more.
    """

    value: int
    price: I8
    pool: Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """Budget: evaluations per round, and the step length that a round starts with (2 is the limit of convergence)."""

    steps: int
    length: float


FIRST_ROUNDS = (Rounds(steps=160, length=1.0), Rounds(steps=100, length=0.5))
"""Measured on 152 × 304 with all team terms: bound within 0.05 % of the best plan, 0.2 s."""

HIGHEST_PRICE = float(1 << 41)
"""Far above any difference of two teams, and small enough for exact sums; every price within proves a bound."""

NEXT_ROUNDS = (Rounds(steps=100, length=0.25),)

LAST_ROUNDS = (Rounds(steps=200, length=0.5), Rounds(steps=200, length=0.25))


def tighten(room: Room, pool: Columns, price: I8, target: int, rounds: Sequence[Rounds]) -> Bound | None:
    """Lower the bound, round by round: steps over the pool, then pricing over all teams.

    ``None`` where the teams are too many to be priced one by one.

    Parameters
    ----------
    pool
        At least one team of every mentee, for example a plan.
    price
        Where to start, for example the prices of the separable relaxation.
    target
        Value of a plan: the bound cannot fall below it.
    """
    n_mentors = room.n_mentors
    best: Bound | None = None
    for budget in rounds:
        moved = _descend(room, pool, price if best is None else best.price, target, budget)
        asked = np.rint(moved).astype(np.int64)
        answer = priced(room, pool, asked, margin=NEAR)
        if answer is None:
            return best
        found, value = answer
        loss = best_known(room, found, asked)[pool.mentee] - reduced(room, pool, asked)
        pool = unique(joined(pool.take(loss <= WIDE), found), n_mentors)
        if best is None or value < best.value:
            best = Bound(value=value, price=asked, pool=pool)
        else:
            best = Bound(value=best.value, price=best.price, pool=pool)
        if best.value <= target:
            break
    return best


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pool:
    """The pool as arrays: what a step reads.

    Attributes
    ----------
    value
        ``float64`` (columns,): sorted by mentee.
    person
        ``int64`` (seats, columns): persons, the number of persons standing for nobody.
    first, count
        ``int64`` (mentees,): where the columns of a mentee start, and how many there are.
    """

    value: F8
    person: I8
    first: I8
    count: I8


def _arrays(room: Room, pool: Columns) -> _Pool:
    person_of = np.append(room.component.person_of_mentor, len(room.component.persons))
    first = np.searchsorted(pool.mentee, np.arange(room.n_mentees))
    return _Pool(
        value=pool.value.astype(np.float64),
        person=np.ascontiguousarray(person_of[pool.members].T),
        first=first,
        count=np.diff(np.append(first, len(pool.mentee))),
    )


def _descend(room: Room, columns: Columns, start: I8, target: int, budget: Rounds) -> F8:
    """Return the best prices over the pool after the steps of the budget, ``float64`` (persons,)."""
    pool, face = _arrays(room, columns), room.face
    low, high = face.least_load.astype(np.float64), face.most_load.astype(np.float64)
    is_fixed, n_persons = low == high, len(low)
    price = start.astype(np.float64)
    best, best_price = np.inf, price
    direction = np.zeros(n_persons)
    length, stalled = budget.length, 0
    with_nobody = np.zeros(n_persons + 1)
    for _ in range(budget.steps):
        with_nobody[:-1] = price
        left = pool.value - with_nobody[pool.person].sum(axis=0)
        top = np.maximum.reduceat(left, pool.first)
        chosen = _first_hits(left == np.repeat(top, pool.count), columns.mentee, room.n_mentees)
        used = np.bincount(pool.person[:, chosen].ravel(), minlength=n_persons + 1)[:-1]
        bound = float(top.sum() + (price * np.where(price > 0, high, low)).sum())
        if bound < best - (PROGRESS * abs(best) if best < np.inf else 0.0):
            best, best_price, stalled = bound, price.copy(), 0
        else:
            if bound < best:
                best, best_price = bound, price.copy()
            stalled += 1
            if stalled == PATIENCE:
                length, stalled, price = length * SHRINK, 0, best_price.copy()
        if best <= target:
            break
        # The steepest direction: what the loads leave unused; at price 0 of a person who may stay free, only excess.
        slack = np.where(price > 0, high, low) - used
        slack = np.where(~is_fixed & (price == 0), np.maximum(low - used, np.minimum(0.0, high - used)), slack)
        if not slack.any():
            break  # the chosen teams fit all loads: no prices are better over this pool
        direction = slack + DEFLECTION * direction
        size = float(direction @ direction)
        if size == 0.0:
            break
        moved = price - length * (bound - target) / size * direction
        # A price that would change its sign stops at 0, where the bound has a kink.
        price = np.clip(np.where(~is_fixed & (price * moved < 0), 0.0, moved), -HIGHEST_PRICE, HIGHEST_PRICE)
    return best_price


def _first_hits(is_hit: npt.NDArray[np.bool_], mentee: I8, n_mentees: int) -> I8:
    """Return the first best column of every mentee."""
    hits = np.flatnonzero(is_hit)
    chosen = np.empty(n_mentees, dtype=np.int64)
    chosen[mentee[hits][::-1]] = hits[::-1]
    return chosen
