"""Which solver takes which shape of problem, and why; every shape has one."""

import numpy as np

from matching.problem import Component, ProblemData
from matching.solvers import flow
from matching.solvers.cpsat import solve as cpsat
from matching.solvers.teams import solve as teams

CAPS_REASON = "a slot cap binds a mentor who could take two seats of one team, which no flow expresses"


def choose_solver(problem: ProblemData) -> tuple[str, str]:
    """Return the name of the solver for a problem, and the reason in words.

    Flow takes pair criteria; components whose facts turn out to need a slot cap that no flow expresses go to CP-SAT.
    The team solver takes whole teams in the shapes it is exact for. CP-SAT takes the rest.
    """
    budget = "the change budget spans all seats" if problem.max_changes is not None else None
    if not problem.team_terms:
        return (flow.NAME, flow.REASON) if budget is None else (cpsat.NAME, _because(budget))
    obstacle = budget or find_team_obstacle(problem)
    return (teams.NAME, teams.REASON) if obstacle is None else (cpsat.NAME, _because(obstacle))


def find_team_obstacle(problem: ProblemData) -> str | None:
    """Return what keeps the team solver from a problem with team terms, ``None`` if nothing does."""
    if problem.forbids_weak:
        return "weak teams are forbidden"
    if any(cap is not None for cap in problem.slot_caps):
        return "slots have caps"
    if not all(_has_equal_seats(component) for component in problem.components):
        return "the hard rules of the slots differ"
    return None


def _has_equal_seats(component: Component) -> bool:
    """Whether every mentor is open to all seats of a mentee alike, fallbacks included."""
    is_open = component.blocked == 0
    if not bool((is_open == is_open[:, :1]).all()):
        return False
    steps = np.zeros(component.blocked.shape, dtype=np.int64)
    steps[component.arc_mentee, component.arc_seat, component.arc_mentor] = (
        component.arc_tier.astype(np.int64) * 2 + component.arc_released
    )
    return bool((steps == steps[:, :1]).all())


def _because(obstacle: str) -> str:
    return f"{obstacle}: CP-SAT, level by level"
