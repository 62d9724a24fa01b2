"""The solver for objectives over whole teams: levels by flow, a plan by alternation, a bound by columns, a closing."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matching.policy_options import FairnessMode
from matching.problem import Component, ProblemData
from matching.solution import LevelName
from matching.solvers.teams.alternate import alternate, near_choice, plan_score, positions
from matching.solvers.teams.bound import bound_plan
from matching.solvers.teams.close import Closing, close_gap
from matching.solvers.teams.columns import Columns, Room, joined, make_room, reduced, scored, seated, unique
from matching.solvers.teams.face import pair_flags, team_face
from matching.solvers.teams.fairness import HIGHEST, Floor, edges_of, highest_floor

I8 = npt.NDArray[np.int64]
NAME = "teams"
REASON = "the score depends on whole teams: levels by flow, teams as columns, bound by prices over all teams"

STEPS = 16
"""Steps of alternation: enough for a plan within half a per cent, from which the columns take over."""

MOST_ROUNDS = 30
"""Rounds of column generation."""

MOST_NODES = 200
"""Nodes of branch and bound in one closing search; most searches end at the root."""

FIRST_COLUMNS = 24
"""Columns per mentee at the start of the master problem, the best under the prices of the relaxation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPlan:
    """The plan of one component with the bound of its score.

    Attributes
    ----------
    chosen
        ``int64`` (mentees, seats): arc per seat, -1 for an empty seat.
    value, bound
        Score of the plan; no plan that attains the earlier levels scores more; in units of 10⁻⁴ points.
    load_bound
        No plan that attains the integer levels has a smaller Σ load².
    """

    chosen: I8
    value: int
    bound: int
    load_bound: int


def solve_component(
    component: Component,
    problem: ProblemData,
    *,
    seed: int,
    floor: int | None = None,
    start: I8 | None = None,
    most_rounds: int = MOST_ROUNDS,
    closes: bool = True,
) -> TeamPlan:
    """Return a plan that attains every integer level, its score, and a certified bound of the score.

    A pure function of its arguments: random choices come from the seed and the codes of the counties.

    Parameters
    ----------
    floor
        Least score of a team without an empty seat, in units of 10⁻⁴ points; ``None`` for none.
    start
        ``int64`` (mentees, seats): a plan that holds the floor, in any order of seats; needed with a floor.
    most_rounds, closes
        Rounds of column generation, and whether to close: fewer steps give a wider gap sooner.

    Raises
    ------
    SolverFailedError
        When a level could not be proved.
    """
    room = replace(_room(component, problem), floor=floor)
    face = room.face
    if not len(face.edge_mentor):
        return TeamPlan(
            chosen=np.full((room.n_mentees, component.n_seats), -1, dtype=np.int64), value=0, bound=0, load_bound=0
        )
    rng = np.random.default_rng(_seed(component, seed))
    n_mentors = len(component.mentors)
    rows = np.arange(room.n_mentees)
    first = edges_of(room, face.start if start is None else start)
    choice = near_choice(room, face.price, first)
    plan, trail = alternate(room, choice, positions(choice, first), rng, STEPS)
    best = _plan_columns(room, choice.edge, plan)
    value = plan_score(choice, plan)
    flat = trail.reshape(-1, 2)
    seen = scored(room, np.tile(rows, len(trail)), _members(room, choice.edge, np.tile(rows, len(trail)), flat))
    columns = unique(joined(best, seen, _top(room, choice.columns, face.price)), n_mentors)
    bound = bound_plan(room, columns, face.price, value, goal=0, most_rounds=most_rounds)
    closing = Closing(plan=best, bound=bound.value)
    if closes:
        closing = close_gap(room, best, bound, seed=seed, nodes=MOST_NODES)
    return TeamPlan(
        chosen=_arcs(component, seated(room, rows, closing.plan.members)),
        value=int(closing.plan.score.sum()),
        bound=closing.bound,
        load_bound=_least_load(room, int((closing.plan.members >= 0).sum())),
    )


def floor_component(component: Component, problem: ProblemData, *, seed: int, ceiling: int) -> Floor:
    """Return the highest floor up to ``ceiling`` for the teams of one component, with a plan that holds it.

    Raises
    ------
    SolverFailedError
        When a level could not be proved.
    """
    room = _room(component, problem)
    if not len(room.face.edge_mentor):
        return Floor(value=ceiling, bound=HIGHEST, members=room.face.start)
    rng = np.random.default_rng(_seed(component, seed))
    return highest_floor(room, room.face.start, ceiling, rng, seed=seed, nodes=MOST_NODES)


def solve_components(
    problem: ProblemData, *, seed: int, on_done: Callable[[int], None] | None = None
) -> tuple[tuple[I8, ...], dict[LevelName, int]]:
    """Solve all components; with max-min fairness first for the common floor, of which only the number crosses.

    Returns
    -------
    tuple
        The arc of every seat per component, and the bounds of the levels that are not proved by flow.
    """
    bounds = dict.fromkeys((LevelName.SCORE, LevelName.LOAD), 0)
    starts: list[I8 | None] = [None] * len(problem.components)
    floor: int | None = None
    if problem.fairness is FairnessMode.MAXMIN:
        common, highest = HIGHEST, HIGHEST
        for index, component in enumerate(problem.components):
            own = floor_component(component, problem, seed=seed, ceiling=common)
            common, highest, starts[index] = own.value, min(highest, own.bound), own.members
        floor = common if common < HIGHEST else None
        bounds[LevelName.FAIRNESS] = 0 if floor is None else max(common, highest)
    chosen = []
    for component, start in zip(problem.components, starts, strict=True):
        plan = solve_component(component, problem, seed=seed, floor=floor, start=start)
        chosen.append(plan.chosen)
        bounds[LevelName.SCORE] += plan.bound
        bounds[LevelName.LOAD] += plan.load_bound
        if on_done is not None:
            on_done(len(chosen))
    return tuple(chosen), bounds


def _room(component: Component, problem: ProblemData) -> Room:
    return make_room(component, problem, team_face(component, problem), pair_flags(component, problem))


def _least_load(room: Room, n_filled: int) -> int:
    """Return the least Σ load² over all ways to share the filled seats out within the loads of the face."""
    face, before = room.face, room.component.active_load
    total = int(((before + face.least_load) ** 2 - before**2).sum())
    spare = face.most_load - face.least_load
    person = np.repeat(np.arange(len(spare)), spare)
    unit = np.arange(len(person)) - np.repeat(np.cumsum(spare) - spare, spare) + 1
    prices = np.sort(2 * (before + face.least_load)[person] + 2 * unit - 1)
    return total + int(prices[: n_filled - int(face.least_load.sum())].sum())


def _seed(component: Component, seed: int) -> list[int]:
    digest = hashlib.sha256("|".join(component.counties).encode()).digest()
    return [seed % 2**32, int.from_bytes(digest[:4], "big")]


def _members(room: Room, edge: I8, mentee: I8, position: I8) -> I8:
    """Return the mentors at positions of the choice, empty seats last."""
    used = edge[mentee[:, None], position]
    members = np.where(used >= 0, room.face.edge_mentor[used], -1)
    return -np.sort(-members, axis=1)


def _plan_columns(room: Room, edge: I8, plan: I8) -> Columns:
    rows = np.arange(room.n_mentees)
    return scored(room, rows, _members(room, edge, rows, plan))


def _top(room: Room, columns: Columns, price: I8) -> Columns:
    """Return the best columns of every mentee under the prices."""
    paid = reduced(room, columns, price)
    order = np.lexsort((columns.keys(len(room.component.mentors)), -paid, columns.mentee))
    counts = np.bincount(columns.mentee, minlength=room.n_mentees)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    return columns.take(order[rank < FIRST_COLUMNS])


def _arcs(component: Component, members: I8) -> I8:
    """Return the arc of every seat."""
    table = np.full(component.blocked.shape, -1, dtype=np.int64)
    table[component.arc_mentee, component.arc_seat, component.arc_mentor] = np.arange(len(component.arc_mentor))
    n, k = members.shape
    arcs: I8 = np.where(members >= 0, table[np.arange(n)[:, None], np.arange(k)[None, :], members], -1)
    return arcs
