"""The solver for objectives over whole teams: levels by flow, a plan by alternation, a bound by prices, a closing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from matching.policy_options import FairnessMode
from matching.problem import Component, ProblemData
from matching.solution import LevelName
from matching.solvers.teams.aim import SCORE, Aim, with_floor
from matching.solvers.teams.alternate import alternate, near_choice, plan_columns, positions, seeds
from matching.solvers.teams.close import GOAL, SEARCHES, SIZE, close, improve, search
from matching.solvers.teams.columns import (
    I8,
    LOWEST,
    Columns,
    Room,
    edges_of,
    joined,
    make_room,
    scored,
    seated,
    unique,
)
from matching.solvers.teams.dual import FIRST_ROUNDS, LAST_ROUNDS, NEXT_ROUNDS, Bound, tighten
from matching.solvers.teams.face import pair_flags, team_face
from matching.solvers.teams.fairness import HIGHEST, common_floor
from matching.solvers.teams.listed import list_bound, search_list
from matching.solvers.teams.pricing import teams_above, teams_holding
from matching.solvers.teams.simplex import polish
from matching.solvers.teams.steps import Answer, Job
from matching.solvers.teams.tenth import worst_tenth
from matching.solvers.teams.worst import reach

NAME = "teams"
REASON = "the score depends on whole teams: levels by flow, teams as columns, bound by prices over all teams"

STEPS, MOST_STEPS = 16, 80
"""Steps of alternation: enough for a plan within half a per cent, from which the columns take over; more in proportion
for components of more than SIZE mentees, up to MOST_STEPS (measured on 1,216 × 2,432 in one county: 0.19 % better)."""

FEW_TEAMS = 1_500
"""Teams of a component up to which one search over all of them is the whole solve."""

POLISHINGS = 3
"""Linear programs for the prices under a floor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The plan of one component after a stage, with what is proved of it.

    Attributes
    ----------
    stage
        START, SEARCH, AGAIN, POLISH, LIST or CLOSE.
    members
        ``int64`` (mentees, seats): mentor per seat, -1 for an empty seat.
    value, bound
        Under the aim: worth of the plan, and of the best plan at most; in units of 10⁻⁴ points.
    price
        ``int64`` (persons,): the prices that prove the bound; empty where the separable relaxation does.
    load_bound
        No plan that attains the integer levels has a smaller Σ load².
    """

    stage: str
    members: I8
    value: int
    bound: int
    price: I8
    load_bound: int


def stages(room: Room, *, seed: int, start: I8 | None = None) -> Iterator[Snapshot]:
    """Yield ever better plans of one component, every one of which attains the integer levels.

    A pure function of its arguments: random choices come from the seed and the codes of the counties. The last plan
    is proved optimal, or within the gap that the steps could not close.

    Parameters
    ----------
    room
        With the aim: what a team counts.
    start
        ``int64`` (mentees, seats): a plan that holds the aim's floor, in any order of seats; needed with a floor.
    """
    face = room.face
    no_price = np.zeros(0, dtype=np.int64)
    if not len(face.edge_mentor):
        nobody = scored(room, np.arange(room.n_mentees), np.full((room.n_mentees, room.n_seats), -1, dtype=np.int64))
        yield _snapshot(room, "START", nobody, int(nobody.value.sum()), no_price)
        return
    if room.aim.floor is None:
        nothing, lowest = np.zeros(len(room.component.persons), dtype=np.int64), np.full(room.n_mentees, LOWEST)
        every = teams_above(room, nothing, lowest, most=FEW_TEAMS)
    else:
        every = teams_holding(room, room.aim.floor, most=FEW_TEAMS)
    if every is not None:
        begun = scored(room, np.arange(room.n_mentees), face.start if start is None else start)
        whole = search(room, every, begun, seed=seed, effort=1.0)
        yield _snapshot(room, "CLOSE", whole.plan, whole.bound, no_price)
        return
    filled = face.start if start is None else start
    yield _snapshot(room, "FILL", scored(room, np.arange(room.n_mentees), filled), face.hope_bound, no_price)
    rng = np.random.default_rng(seeds(room.component, seed))
    first = edges_of(room, filled)
    choice = near_choice(room, face.price, first)
    n_steps = min(MOST_STEPS, STEPS * max(1, room.n_mentees // SIZE))
    steps, choice = alternate(room, choice, positions(choice, first), rng, n_steps)
    plan = plan_columns(room, choice, steps)
    listed = None if room.aim.floor is None else list_bound(room, plan)
    if listed is not None:
        yield _snapshot(room, "START", plan, listed.value, listed.price)
        for found in search_list(room, plan, listed, seed=seed):
            yield _snapshot(room, "LIST", found.plan, found.bound, listed.price)
        return
    pool = unique(joined(plan, choice.columns), room.n_mentors)
    bound = tighten(room, pool, face.price, int(plan.value.sum()), FIRST_ROUNDS)
    if bound is None:  # too many teams to be priced: the separable relaxation bounds them all
        yield _snapshot(room, "START", plan, face.hope_bound, no_price)
        return
    plan = improve(room, plan, bound, SEARCHES[:1], seed=seed)
    yield _snapshot(room, "START", plan, bound.value, bound.price)
    value = int(plan.value.sum())
    if value < bound.value:
        bound = _better(bound, tighten(room, bound.pool, bound.price, value, NEXT_ROUNDS))
        plan = improve(room, plan, bound, SEARCHES[1:], seed=seed)
        yield _snapshot(room, "SEARCH", plan, bound.value, bound.price)
    value = int(plan.value.sum())
    if bound.value - value > GOAL * abs(value):
        bound = _better(bound, tighten(room, bound.pool, bound.price, value, LAST_ROUNDS))
        plan = improve(room, plan, bound, SEARCHES[1:], seed=seed + 1)
        yield _snapshot(room, "AGAIN", plan, bound.value, bound.price)
    value = int(plan.value.sum())
    if room.aim.floor is not None and bound.value - value > GOAL * abs(value):
        # A floor leaves some mentees few teams; prices by steps then stay far from the best ones.
        bound = polish(room, plan, bound, rounds=POLISHINGS)
        plan = improve(room, plan, bound, SEARCHES[1:], seed=seed + 2)
        yield _snapshot(room, "POLISH", plan, bound.value, bound.price)
    if int(plan.value.sum()) < bound.value:
        closing = close(room, plan, bound, seed=seed)
        yield _snapshot(room, "CLOSE", closing.plan, closing.bound, bound.price)


def _better(bound: Bound, other: Bound | None) -> Bound:
    return other if other is not None and other.value < bound.value else bound


def _snapshot(room: Room, stage: str, plan: Columns, bound: int, price: I8) -> Snapshot:
    value = int(plan.value.sum())
    return Snapshot(
        stage=stage,
        members=seated(room, plan.mentee, plan.members),
        value=value,
        bound=max(value, bound),
        price=price,
        load_bound=_least_load(room, int((plan.members >= 0).sum())),
    )


def solve_component(
    component: Component, problem: ProblemData, *, seed: int, aim: Aim = SCORE, start: I8 | None = None
) -> Snapshot:
    """Return the last of ``stages``.

    Raises
    ------
    SolverFailedError
        When a level could not be proved.
    """
    *_, last = stages(replace(room_of(component, problem), aim=aim), seed=seed, start=start)
    return last


def solve_components(
    problem: ProblemData, *, seed: int, on_done: Callable[[int], None] | None = None
) -> tuple[tuple[I8, ...], dict[LevelName, int]]:
    """Solve all components; with fairness in several steps, between which only numbers cross.

    Returns
    -------
    tuple
        The arc of every seat per component, and the bounds of the levels that are not proved by flow.
    """
    n = len(problem.components)
    is_fair = problem.fairness is not FairnessMode.NONE
    # Several steps read the same component: its levels are solved once.
    rooms = [room_of(component, problem) for component in problem.components] if is_fair else []

    def run(step: Callable[..., Answer], jobs: Sequence[Job]) -> list[Answer]:
        return [step(rooms[index], *params) for index, params in jobs]

    def told(index: int, plan: Ended) -> Ended:
        if on_done is not None:
            on_done(index + 1)
        return plan

    bounds: dict[LevelName, int] = {}
    if problem.fairness is FairnessMode.WORST_TENTH:
        fair = worst_tenth(run, [reach(room) for room in rooms], seed=seed)
        bounds = {LevelName.FAIRNESS: fair.worst_bound, LevelName.SCORE: fair.score_bound}
        plans = [told(index, ended(room, fair.members[index])) for index, room in enumerate(rooms)]
    elif problem.fairness is FairnessMode.MAXMIN:
        common = common_floor(run, n, seed=seed)
        bounds = {LevelName.FAIRNESS: 0 if common.value is None else common.bound}
        # Without a value the best plan has no full team, and no other plan may have one either.
        aim = with_floor(HIGHEST if common.value is None else common.value)
        plans = [told(index, last_stage(room, seed, aim, common.members[index])) for index, room in enumerate(rooms)]
        bounds[LevelName.SCORE] = sum(plan.bound for plan in plans)
    else:
        plans = [
            told(index, last_stage(room_of(component, problem), seed))
            for index, component in enumerate(problem.components)
        ]
        bounds[LevelName.SCORE] = sum(plan.bound for plan in plans)
    bounds[LevelName.LOAD] = sum(plan.load_bound for plan in plans)
    return tuple(map(arcs_of, problem.components, (plan.members for plan in plans))), bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The plan of one component in the end: members per seat, and bounds of Σ score and Σ load²."""

    members: I8
    bound: int
    load_bound: int


def last_stage(room: Room, seed: int, aim: Aim = SCORE, start: I8 | None = None) -> Ended:
    """Return the last of ``stages``."""
    *_, last = stages(replace(room, aim=aim), seed=seed, start=start)
    return Ended(members=last.members, bound=last.bound, load_bound=last.load_bound)


def ended(room: Room, members: I8) -> Ended:
    """Return a given plan with its members in the best seats, and no bound of its score."""
    sitting = seated(room, np.arange(room.n_mentees), members)
    load_bound = _least_load(room, int((members >= 0).sum()))
    return Ended(members=sitting, bound=room.face.hope_bound, load_bound=load_bound)


def room_of(component: Component, problem: ProblemData) -> Room:
    """Solve the integer levels of one component and return what the search for teams reads."""
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


def arcs_of(component: Component, members: I8) -> I8:
    """Return the arc of every seat."""
    if not component.mentors:
        return np.full(members.shape, -1, dtype=np.int64)
    table = np.full(component.blocked.shape, -1, dtype=np.int64)
    table[component.arc_mentee, component.arc_seat, component.arc_mentor] = np.arange(len(component.arc_mentor))
    n, k = members.shape
    arcs: I8 = np.where(members >= 0, table[np.arange(n)[:, None], np.arange(k)[None, :], members], -1)
    return arcs
