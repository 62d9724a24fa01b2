"""A better plan to start from, for cases too large to search from nothing: one seat of every team at a time by flow.

One seat of every mentee is released, chosen at random; the other members stay. What a mentor adds to a team whose
other members are known is a number, so the best way to fill all released seats at once is a min-cost flow, over all
levels but fairness, for any rule on teams. A step is kept if no level gets worse by it.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from matching.problem import I8, Component, ProblemData
from matching.solution import MINIMISED, LevelName, Solution, members_of
from matching.solvers import flow
from matching.stability import are_legal, holding_links
from matching.teams import team_scores, uses_release

STEPS = 24
"""Steps from the best separable plan: the first few give most of the gain."""


def alternate(component: Component, problem: ProblemData, chosen: I8, *, seed: int, steps: int = STEPS) -> I8:
    """Return a plan that is no worse on any level before fairness, nor on the score after them.

    Parameters
    ----------
    chosen
        ``int64`` (mentees, seats): a plan that keeps every rule; so does the answer. With a change budget, seats of
        links that hold are left alone.

    Raises
    ------
    SolverFailedError
        When a flow could not be proved.
    """
    if component.teams is None or not len(component.arc_mentor):
        return chosen
    rng = np.random.default_rng(seed)
    frozen = np.zeros(chosen.shape, dtype=bool)
    if problem.max_changes is not None:
        held = holding_links(component, problem)
        frozen[component.arc_mentee[held], component.arc_seat[held]] = True
    best = _rank(component, problem, chosen)
    for _ in range(steps):
        seat = rng.integers(component.n_seats, size=len(chosen))
        found = _step(component, problem, chosen, seat, frozen, seed)
        if found is None:
            break
        rank = _rank(component, problem, found)
        if rank >= best and _all_legal(component, problem, found):
            chosen, best = found, rank
    return chosen


def _step(
    component: Component, problem: ProblemData, chosen: I8, seat: I8, frozen: npt.NDArray[np.bool_], seed: int
) -> I8 | None:
    """Return the best plan that keeps every seat but the one named per mentee; None where no flow expresses it."""
    arrays = component.teams
    assert arrays is not None, "the problem was built for a separable policy"
    rows = np.arange(len(chosen))
    kept = chosen.copy()
    kept[rows, seat] = -1
    stays = frozen[rows, seat] | ~are_legal(component, problem, rows, members_of(component, kept))
    kept[stays] = chosen[stays]
    used = kept[kept >= 0]
    is_kept = np.zeros(len(component.arc_mentor), dtype=bool)
    is_kept[used] = True
    owner = component.arc_mentee.astype(np.int64)
    is_open = (component.arc_seat == seat[owner]) & ~stays[owner]

    arcs = np.flatnonzero(is_open)
    members = members_of(component, kept)
    teams = members[owner[arcs]]
    teams[np.arange(len(arcs)), component.arc_seat[arcs]] = component.arc_mentor[arcs]
    legal = are_legal(component, problem, owner[arcs], teams)
    arcs, teams = arcs[legal], teams[legal]
    gain, step = np.zeros(len(is_kept), dtype=np.int64), np.zeros(len(is_kept), dtype=np.int64)
    before = team_scores(arrays, problem.team_terms, rows, members)
    gain[arcs] = team_scores(arrays, problem.team_terms, owner[arcs], teams) - before[owner[arcs]]
    step[arcs] = uses_release(arrays, owner[arcs], teams) & ~uses_release(arrays, rows, members)[owner[arcs]]

    part = np.sort(np.concatenate((np.flatnonzero(is_kept), arcs)))
    reduced = replace(
        component,
        arc_mentee=component.arc_mentee[part],
        arc_seat=component.arc_seat[part],
        arc_mentor=component.arc_mentor[part],
        arc_score=gain[part],
        arc_tier=(component.arc_tier[part] + step[part]).astype(np.uint8),
        arc_released=component.arc_released[part],
        arc_pinned=component.arc_pinned[part] | is_kept[part],
        arc_published=component.arc_published[part],
        n_pins=component.n_pins + len(used),
    )
    plan = flow.find_plan(reduced, problem, seed=seed)
    if plan is None:
        return None
    found = np.full_like(chosen, -1)
    found[plan >= 0] = part[plan[plan >= 0]]
    return found


def _rank(component: Component, problem: ProblemData, chosen: I8) -> tuple[int, ...]:
    own = replace(problem, components=(component,))
    levels = Solution(chosen=(chosen,)).objective(own)
    return tuple(-v if n in MINIMISED else v for n, v in levels.items() if n is not LevelName.FAIRNESS)


def _all_legal(component: Component, problem: ProblemData, chosen: I8) -> bool:
    return bool(are_legal(component, problem, np.arange(len(chosen)), members_of(component, chosen)).all())
