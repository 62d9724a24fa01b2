"""The tasks that a worker can do with one component: pure functions of the component, the policy and plain parameters.

``notes`` is what earlier stages of the same solve left for later ones on the same desk; a task that finds nothing there
does the work again and gives the same answer.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from matching.errors import SolverFailedError
from matching.outcome import Outcome, outcome_of
from matching.policy import Policy
from matching.problem import I8, Component, ProblemData
from matching.solution import LevelName
from matching.solvers import flow
from matching.solvers.cpsat import solve as cpsat
from matching.solvers.cpsat.search import Watch
from matching.solvers.teams.aim import Aim
from matching.solvers.teams.columns import Room
from matching.solvers.teams.solve import Snapshot, arcs_of, room_of, stages

Notes = dict[str, Any]
Link = tuple[str, str, str]
"""Mentee, slot and mentor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """The plan of one component, with what is proved of it.

    Attributes
    ----------
    solver
        Name of the solver that made it.
    chosen
        ``int64`` (mentees, seats): arc per seat, -1 for an empty seat; or else
    links
        ``(mentee, slot, mentor)`` of every filled seat.
    bounds
        Bound of every level that the solver does not prove by its nature.
    """

    solver: str
    bounds: Mapping[LevelName, int]
    chosen: I8 | None = None
    links: tuple[Link, ...] | None = None


CUT = Watch(is_over=lambda: True, on_group=lambda: None)
"""Ends every search before it begins."""


def pair_plan(component: Component, problem: ProblemData, policy: Policy, notes: Notes, *, seed: int) -> Solved:
    """Return the optimal plan of a separable component; by CP-SAT where the slot caps need more than a flow."""
    chosen = flow.find_plan(component, problem, seed=seed)
    if chosen is None:
        return cpsat_plan(component, problem, policy, notes, seed=seed)
    return Solved(solver=flow.NAME, chosen=chosen, bounds={})


def cpsat_plan(
    component: Component, problem: ProblemData, _policy: Policy, _notes: Notes, *,
    seed: int, is_cut: bool = False,
) -> Solved:  # fmt: skip
    """Return the plan of a component of any shape; the one to start from, with plain bounds, if ``is_cut``."""
    own = replace(problem, components=(component,))
    (chosen,), bounds = cpsat.solve_components(own, seed=seed, watch=CUT if is_cut else None)
    return Solved(solver=cpsat.NAME, chosen=chosen, bounds=bounds)


def room(component: Component, problem: ProblemData, notes: Notes) -> Room:
    """Return the room of a component, from the desk where it is already there."""
    if "room" not in notes:
        notes["room"] = room_of(component, problem)
    own: Room = notes["room"]
    return own


def team_stage(
    component: Component, problem: ProblemData, _policy: Policy, notes: Notes, *,
    stage: int, seed: int, aim: Aim, start: I8 | None,
) -> Snapshot | None:  # fmt: skip
    """Return the plan after stage number ``stage`` (from 0), ``None`` when the plan was final before."""
    key = f"stages {seed} {aim}"
    if stage == 0 or key not in notes:
        notes[key] = (0, stages(replace(room(component, problem, notes), aim=aim), seed=seed, start=start))
    done, rest = notes[key]
    generator: Iterator[Snapshot] = rest
    snapshot = None
    for _ in range(done, stage + 1):
        snapshot = next(generator, None)
    notes[key] = (stage + 1, generator)
    return snapshot


def team_step(
    component: Component, problem: ProblemData, _policy: Policy, notes: Notes, *,
    step: Callable[..., Any], args: tuple[Any, ...],
) -> Any:  # fmt: skip
    """Return the answer of one step of a level that couples components; see ``teams.steps``."""
    return step(room(component, problem, notes), *args)


def members_of_links(component: Component, problem: ProblemData, links: tuple[Link, ...]) -> I8:
    """Return the mentor of every seat, ``int64`` (mentees, seats), -1 for an empty seat.

    Raises
    ------
    SolverFailedError
        For links of people or slots that the component does not have.
    """
    rows = {mentee.id: row for row, mentee in enumerate(component.mentees)}
    columns = {mentor.id: column for column, mentor in enumerate(component.mentors)}
    seats = {slot: seat for seat, slot in enumerate(problem.slots)}
    members = np.full((len(rows), len(seats)), -1, dtype=np.int64)
    for mentee, slot, mentor in links:
        if mentee not in rows or slot not in seats or mentor not in columns:
            raise SolverFailedError(f"link ({mentee}, {slot}, {mentor}) lies outside its component")
        members[rows[mentee], seats[slot]] = columns[mentor]
    return members


def outcome(
    component: Component, problem: ProblemData, policy: Policy, _notes: Notes, *,
    chosen: I8 | None = None, members: I8 | None = None, links: tuple[Link, ...] | None = None, has_roster: bool,
) -> Outcome:  # fmt: skip
    """Describe the plan of a component, given by arcs, by the mentor of every seat, or by links."""
    if links is not None:
        members = members_of_links(component, problem, links)
    if chosen is None:
        assert members is not None, "a plan is given one way or the other"
        chosen = arcs_of(component, members)
        if int((chosen >= 0).sum()) < int((members >= 0).sum()):
            raise SolverFailedError(f"component {component.counties[0]}: a link of its plan is not admissible")
    return outcome_of(component, problem, chosen, policy, has_roster=has_roster)


WORK: Mapping[str, Callable[..., Any]] = {
    "pairs": pair_plan,
    "cpsat": cpsat_plan,
    "team stage": team_stage,
    "team step": team_step,
    "outcome": outcome,
}
"""Every task by its name."""
