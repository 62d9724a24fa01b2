"""Max-min fairness: the largest t such that every team without an empty seat can score t (domain 4.4, level 5).

For a fixed t the teams below it cost 1, all others 0, and the question is whether a plan that attains the integer
levels costs 0. Alternation answers most yes-questions; column generation answers the noes: prices that prove a
cost above 0 over *all* teams. Bisection over t needs few questions, because every plan found raises t to its own least
score. Components meet only in the scalar t: one that reaches the least t of those before it needs no search of its own.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matching.criteria import SCORE_UNIT
from matching.solvers.teams.alternate import NEVER, Choice, alternate, near_choice, plan_score, positions
from matching.solvers.teams.bound import master_prices
from matching.solvers.teams.close import MOST_COLUMNS, search
from matching.solvers.teams.columns import (
    Columns,
    Room,
    joined,
    pairs_above,
    reduced,
    rest_above,
    scored,
    teams_above,
    unique,
)

I8 = npt.NDArray[np.int64]
HIGHEST = 200 * SCORE_UNIT
"""Above any team score: a plan without any full team holds every floor."""

COST = 1_000_000
"""Cost of a team below the floor; prices are rounded to whole units of it."""

MOST_PAIRS = 400_000
"""Pairs of mentors up to which all teams above a floor are collected."""

STEPS = 24
"""Steps of alternation per question."""

MOST_ROUNDS = 40
"""Rounds of column generation per question."""

_LOW = -(2**50)


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The best floor of a component.

    Attributes
    ----------
    value
        Every team of ``members`` without an empty seat scores at least this.
    bound
        No plan that attains the integer levels has a higher least score; HIGHEST where the ceiling was reached.
    members
        ``int64`` (mentees, seats): the plan, in any order of seats.
    """

    value: int
    bound: int
    members: I8


def highest_floor(room: Room, members: I8, ceiling: int, rng: np.random.Generator, *, seed: int, nodes: int) -> Floor:
    """Return the highest floor up to ``ceiling`` that a plan of the component can hold.

    Parameters
    ----------
    members
        ``int64`` (mentees, seats): any plan that attains the integer levels.
    ceiling
        Higher floors are of no use, because another component cannot hold them.
    """
    edge = edges_of(room, members)
    choice = near_choice(room, room.face.price, edge)
    value = min(ceiling, _least(scored(room, np.arange(room.n_mentees), members)))
    high = min(ceiling, _highest_hope(room))
    ask = high if ceiling < HIGHEST else value + (high - value + 1) // 2
    proved = high
    while value < high:
        found = _plan_at(room, choice, edge, ask, rng, seed=seed, nodes=nodes)
        if isinstance(found, Columns):
            edge = edges_of(room, found.members)
            members, value = found.members, min(ceiling, _least(found))
            choice = near_choice(room, room.face.price, edge)
        else:
            high = max(value, ask - 1)
            proved = high if found else proved
        ask = value + (high - value + 1) // 2
    return Floor(value=value, bound=HIGHEST if value == ceiling else max(value, proved), members=members)


def _highest_hope(room: Room) -> int:
    """Return a floor that some team without an empty seat cannot pass, from the optimistic worth of its members."""
    face = room.face
    hopes = []
    for row in np.flatnonzero(face.least_size == room.component.n_seats).tolist():
        own = np.sort(face.worth[face.first[row] : face.first[row + 1]])
        hopes.append(int(own[-room.component.n_seats :].sum()))
    return min(hopes, default=HIGHEST)


def _least(plan: Columns) -> int:
    full = (plan.members >= 0).all(axis=1)
    return int(plan.score[full].min(initial=2**40))


def _costs(columns: Columns, floor: int) -> Columns:
    """Return the columns with their cost in place of the score: 0, or -COST for a full team below the floor."""
    is_low = (columns.members >= 0).all(axis=1) & (columns.score < floor)
    return replace(columns, score=np.where(is_low, -COST, 0).astype(np.int64))


def _plan_at(
    room: Room, choice: Choice, edge: I8, floor: int, rng: np.random.Generator, *, seed: int, nodes: int
) -> Columns | bool:
    """Return a plan that holds the floor, ``True`` when none exists, ``False`` when the question stays open."""
    rows = np.arange(room.n_mentees)
    n_mentors = len(room.component.mentors)
    is_full = (choice.edge[:, :, None] >= 0) & (choice.edge[:, None, :] >= 0)
    hinge = np.where(is_full, np.minimum(0, choice.score - floor), 0)
    hinged = replace(choice, score=np.where(choice.score > NEVER, hinge, NEVER))
    plan, _ = alternate(room, hinged, positions(choice, edge), rng, STEPS)
    used = choice.edge[rows[:, None], plan]
    members = np.where(used >= 0, room.face.edge_mentor[used], -1)
    now = scored(room, rows, -np.sort(-members, axis=1))
    if plan_score(hinged, plan) == 0:
        return now
    above = replace(room, floor=floor)
    is_near = (choice.columns.score >= floor) | (choice.columns.members < 0).any(axis=1)
    columns = unique(_costs(joined(now, choice.columns.take(is_near)), floor), n_mentors)
    nothing = np.zeros(len(room.face.worth), dtype=np.int64)
    for _ in range(MOST_ROUNDS):
        price = master_prices(room, columns)
        known = _best(room, columns, price)
        better = _costs(teams_above(above, price, known + 1, nothing), floor)
        top = np.maximum(known, _best(room, better, price))
        if _bound(room, top, price) < 0:
            return True
        if not len(better.score):
            break
        columns = unique(joined(columns, _few(room, better, price)), n_mentors)
    columns, is_complete = _complete(room, above, columns, floor)
    hint = _costs(now, floor)
    found = search(room, columns, hint, seed=seed, nodes=nodes)
    if int(found.plan.score.sum()) == 0:
        return scored(room, rows, found.plan.members)
    return is_complete and found.bound <= -COST // 2


def _best(room: Room, columns: Columns, price: I8) -> I8:
    best = np.full(room.n_mentees, _LOW)
    np.maximum.at(best, columns.mentee, reduced(room, columns, price))
    return best


def _bound(room: Room, top: I8, price: I8) -> int:
    """Return the Lagrangian bound of the cost; a team below the floor pays COST and at least the cheapest members."""
    face = room.face
    cheapest = np.minimum(0, price[face.edge_person])
    least = np.zeros(room.n_mentees, dtype=np.int64)
    np.minimum.at(least, face.edge_mentee, cheapest)
    low = -COST - 2 * least
    load = np.where(price > 0, face.most_load, face.least_load)
    return int(np.maximum(top, low).sum()) + int((price * load).sum())


def _few(room: Room, columns: Columns, price: I8) -> Columns:
    paid = reduced(room, columns, price)
    order = np.lexsort((columns.keys(len(room.component.mentors)), -paid, columns.mentee))
    counts = np.bincount(columns.mentee, minlength=room.n_mentees)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    return columns.take(order[rank < 8])


def _complete(room: Room, above: Room, columns: Columns, floor: int) -> tuple[Columns, bool]:
    """Add every team at or above the floor, where these are few enough for one search, and say whether they were."""
    nobody = np.full(room.n_mentees, floor, dtype=np.int64)
    pairs = pairs_above(above, room.face.worth, nobody, most=MOST_PAIRS)
    if pairs is None or len(pairs.score) > 2 * MOST_COLUMNS:
        return columns, False
    nothing = np.zeros(len(room.face.worth), dtype=np.int64)
    rest = rest_above(above, nothing, np.zeros(room.n_mentees, dtype=np.int64))
    return unique(joined(columns, _costs(joined(pairs, rest), floor)), len(room.component.mentors)), True


def edges_of(room: Room, members: I8) -> I8:
    """Return the edges of a plan given by mentors, ``int64`` (mentees, seats), -1 for none."""
    n, face = room.n_mentees, room.face
    table = np.full((n, len(room.component.mentors)), -1, dtype=np.int64)
    table[face.edge_mentee, face.edge_mentor] = np.arange(len(face.edge_mentor))
    edges: I8 = np.where(members >= 0, table[np.arange(n)[:, None], members], -1)
    return edges
