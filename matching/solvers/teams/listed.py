"""The score under a floor: a floor leaves every mentee few teams, so they are listed once and for all.

The linear program over all of them gives the best prices there are. Near these, CP-SAT searches step by step, deeper
and wider; when the width reaches the gap, no better plan has another team, and its own bound holds for all plans.
"""

from collections.abc import Iterator

from matching.solvers.teams.close import GOAL, LAST_EFFORT, MOST_COLUMNS, Closing, Deepening, deepen, near, search
from matching.solvers.teams.columns import Columns, Room, best_known, joined, unique
from matching.solvers.teams.dual import Bound
from matching.solvers.teams.pricing import teams_holding, upper_bound
from matching.solvers.teams.simplex import best_prices

MOST_CELLS = 20_000_000
"""Teams times mentees that the linear program may have. Measured: 34,000 to 52,000 teams on 152 × 304 under the highest
floor, 1 s; 330,000 on 608 × 1,216, more than a minute."""

MOST_LOOKED_AT = 20_000_000
"""Teams that the listing may look at."""

STEPS = Deepening(slack=5_000, effort=0.3, most=3, goal=GOAL)
"""Measured on eight components of 152 × 304: within 0.04 % of the bound after up to three searches, 0.2 to 3 s."""


def list_bound(room: Room, plan: Columns) -> Bound | None:
    """Return the bound of the linear program over all teams that hold the floor, with these teams as its pool.

    ``None`` where they are too many, or where GLOP gives up.

    Parameters
    ----------
    plan
        One column per mentee.
    """
    assert room.aim.floor is not None, "without a floor the teams are too many to be listed"
    found = teams_holding(room, room.aim.floor, most=MOST_LOOKED_AT)
    if found is None or len(found.value) * room.n_mentees > MOST_CELLS:
        return None
    pool = unique(joined(found, plan), room.n_mentors)
    solved = best_prices(room, pool)
    if solved is None:
        return None
    value = upper_bound(room, solved.price, best_known(room, pool, solved.price))
    return Bound(value=value, price=solved.price, pool=pool)


def search_list(room: Room, plan: Columns, bound: Bound, *, seed: int) -> Iterator[Closing]:
    """Yield ever better plans and bounds, from the bound of a pool that holds all teams."""
    limit = bound.value
    for found in deepen(room, plan, bound, STEPS, seed=seed, is_complete=True):
        plan, limit = found.plan, found.bound
        yield found
    value = int(plan.value.sum())
    if limit <= value:
        return
    # A team that loses more than the gap against the prices is in no better plan.
    columns = near(room, bound.pool, bound.price, bound.value - value)
    if len(columns.value) <= MOST_COLUMNS:
        done = search(room, columns, plan, seed=seed, effort=LAST_EFFORT)
        yield Closing(plan=done.plan, bound=max(int(done.plan.value.sum()), min(limit, done.bound)))
