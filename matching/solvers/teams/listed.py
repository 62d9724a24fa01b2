"""The score under a floor: a floor leaves every mentee few teams, so they are listed once and for all.

The linear program over all of them gives the best prices there are. Near these, CP-SAT searches in steps: twice the
effort while it leaves plans open, twice the width once it has decided all plans of the last one. When the width reaches
the gap, no better plan has another team, and its own bound holds for all plans.
"""

from collections.abc import Iterator

from matching.solvers.teams.close import GOAL, LAST_EFFORT, MOST_COLUMNS, Closing, near, search
from matching.solvers.teams.columns import Columns, Room, best_known, joined, unique
from matching.solvers.teams.dual import Bound
from matching.solvers.teams.pricing import teams_holding, upper_bound
from matching.solvers.teams.simplex import best_prices

MOST_TEAMS = 100_000
"""Teams that the linear program may have. Measured: 34,000 to 52,000 on 152 × 304 under the highest floor, 1 s."""

MOST_LOOKED_AT = 20_000_000
"""Teams that the listing may look at."""

SLACK, EFFORT = 5_000, 0.3
"""Width, in units of 10⁻⁴ points, and deterministic time for SIZE mentees, of the first search. Measured on eight
components of 152 × 304: within 0.03 % of the bound after up to four searches, 0.3 to 4 s."""

MOST_SEARCHES = 3
"""Searches while the gap is above GOAL; one more decides all teams within the gap where they are few."""


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
    if found is None or len(found.value) > MOST_TEAMS:
        return None
    pool = unique(joined(found, plan), room.n_mentors)
    price = best_prices(room, pool)
    if price is None:
        return None
    return Bound(value=upper_bound(room, price, best_known(room, pool, price)), price=price, pool=pool)


def search_list(room: Room, plan: Columns, bound: Bound, *, seed: int) -> Iterator[Closing]:
    """Yield ever better plans and bounds, from the bound of a pool that holds all teams."""
    limit, slack, effort = bound.value, SLACK, EFFORT
    for number in range(MOST_SEARCHES + 1):
        value = int(plan.value.sum())
        # A team that loses more than this against the prices is in no better plan.
        most = bound.value - value
        if limit <= value:
            break
        is_last = number == MOST_SEARCHES or limit - value <= GOAL * abs(value)
        columns = near(room, bound.pool, bound.price, most if is_last else min(slack, most))
        if is_last and len(columns.value) > MOST_COLUMNS:
            break
        done = search(room, columns, plan, seed=seed + number, effort=LAST_EFFORT if is_last else effort)
        plan = done.plan
        if is_last or slack >= most:
            limit = max(int(plan.value.sum()), min(limit, done.bound))
        yield Closing(plan=plan, bound=limit)
        if is_last:
            break
        if done.bound <= int(plan.value.sum()):
            slack *= 2
        else:
            effort *= 2
