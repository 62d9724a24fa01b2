"""Max-min fairness: the largest t such that every team without an empty seat can score t (domain 4.4, level 5).

For a fixed t a plan counts what its full teams lack of t, and the question is whether a plan that attains the integer
levels lacks nothing. Alternation answers most yes-questions; prices over *all* teams that prove a lack of more than 0
answer the noes, and a search over every team at or above t decides the rest. Bisection over t needs few questions,
because every plan found raises t to its own least score. Components meet only in the scalar t: one that reaches the
least t of those before it needs no search of its own.
"""

from dataclasses import dataclass, replace

import numpy as np

from matching.criteria import SCORE_UNIT
from matching.solvers.teams.aim import below
from matching.solvers.teams.alternate import alternate, near_choice, plan_columns, positions
from matching.solvers.teams.close import MOST_COLUMNS, search
from matching.solvers.teams.columns import (
    I8,
    Columns,
    Room,
    edges_of,
    is_full,
    joined,
    scored,
    unique,
)
from matching.solvers.teams.dual import Rounds, tighten
from matching.solvers.teams.pricing import teams_above

HIGHEST = 200 * SCORE_UNIT
"""Above any team score: a plan without any full team holds every floor."""

STEPS = 24
"""Steps of alternation per question."""

ROUNDS = (Rounds(steps=120, length=1.0), Rounds(steps=120, length=1.0), Rounds(steps=120, length=0.5))
"""Search for prices that prove a lack."""

EFFORT = 1.0
"""Effort of the search that decides what neither plan nor prices do."""


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


def highest_floor(room: Room, members: I8, ceiling: int, rng: np.random.Generator, *, seed: int) -> Floor:
    """Return the highest floor up to ``ceiling`` that a plan of the component can hold.

    Parameters
    ----------
    members
        ``int64`` (mentees, seats): any plan that attains the integer levels.
    ceiling
        Higher floors are of no use, because another component cannot hold them.
    """
    plan = scored(room, np.arange(room.n_mentees), members)
    value = min(ceiling, _least(plan))
    high = min(ceiling, _highest_hope(room))
    proved = ask = high
    while value < high:
        found = _plan_at(room, plan, ask, rng, seed=seed)
        if isinstance(found, Columns):
            plan, value = found, min(ceiling, _least(found))
        else:
            high = max(value, ask - 1)
            proved = high if found else proved
        ask = value + (high - value + 1) // 2
    bound = HIGHEST if value == ceiling else max(value, proved)
    return Floor(value=value, bound=bound, members=plan.members)


def _highest_hope(room: Room) -> int:
    """Return a floor that some team without an empty seat cannot pass, from the optimistic scores of its members."""
    face = room.face
    hopes = []
    for row in np.flatnonzero(face.least_size == room.n_seats).tolist():
        own = np.sort(face.hope[face.first[row] : face.first[row + 1]])
        hopes.append(int(own[-room.n_seats :].sum()))
    return min(hopes, default=HIGHEST)


def _least(plan: Columns) -> int:
    return int(plan.score[is_full(plan.members)].min(initial=2**40))


def _plan_at(room: Room, plan: Columns, floor: int, rng: np.random.Generator, *, seed: int) -> Columns | bool:
    """Return a plan that holds the floor, ``True`` when none exists, ``False`` when the question stays open."""
    asked = replace(room, aim=below(floor))
    start = edges_of(room, plan.members)
    choice = near_choice(asked, room.face.price, start)
    steps, choice = alternate(asked, choice, positions(choice, start), rng, STEPS)
    now = plan_columns(asked, choice, steps)
    if int(now.value.sum()) == 0:
        return now
    pool = unique(joined(now, choice.columns), room.n_mentors)
    nothing = np.zeros(len(room.component.persons), dtype=np.int64)
    bound = tighten(asked, pool, nothing, int(now.value.sum()), ROUNDS)
    if bound is not None and bound.value < 0:
        return True
    fits = teams_above(asked, nothing, np.zeros(room.n_mentees, dtype=np.int64), most=20 * MOST_COLUMNS)
    is_complete = fits is not None and len(fits.value) <= 2 * MOST_COLUMNS
    if fits is None or not is_complete:
        known = pool if bound is None else bound.pool
        fits = known.take(known.value == 0)
    found = search(asked, fits, now, seed=seed, effort=EFFORT)
    if int(found.plan.value.sum()) == 0:
        return found.plan
    return is_complete and found.bound < 0
