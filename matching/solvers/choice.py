"""Which solver takes which shape of problem, and why; every shape has one."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from matching.problem import I8, Component, ProblemData
from matching.solution import LevelName, Solution
from matching.solvers import flow
from matching.solvers.cpsat import solve as cpsat
from matching.solvers.teams import solve as teams

CAPS_REASON = "a slot cap binds a mentor who could take two seats of one team, which no flow expresses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a solver came back with.

    Attributes
    ----------
    solver, reason
        Which solver ran, and why it is the right one.
    chosen
        Per component ``int64`` (mentees, seats): arc per seat, -1 for an empty seat.
    bounds
        Bound of every level that the solver does not prove by its nature, summed over the components.
    """

    solver: str
    reason: str
    chosen: tuple[I8, ...]
    bounds: dict[LevelName, int]


def choose_solver(problem: ProblemData) -> tuple[str, str]:
    """Return the name of the solver for a problem, and the reason in words.

    Flow takes pair criteria; where the facts turn out to need a slot cap that no flow expresses, ``run`` gives those
    components to CP-SAT. The team solver takes whole teams in the shapes it is exact for. CP-SAT takes the rest.
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
    return f"{obstacle}: one CP-SAT model of the whole problem, level by level"


def run(problem: ProblemData, *, seed: int, on_done: Callable[[int], None] | None = None) -> Answer:
    """Solve a problem by the solver that its shape and facts call for.

    Parameters
    ----------
    on_done
        Told the number of components done.

    Raises
    ------
    SolverFailedError
        When an answer could not be proved.
    """
    name, reason = choose_solver(problem)
    if name == flow.NAME:
        return _run_flow(problem, seed, on_done)
    solve = teams.solve_components if name == teams.NAME else cpsat.solve_components
    chosen, bounds = solve(problem, seed=seed, on_done=on_done)
    return Answer(solver=name, reason=reason, chosen=chosen, bounds=bounds)


def _run_flow(problem: ProblemData, seed: int, on_done: Callable[[int], None] | None) -> Answer:
    """Solve every component by flow, and by CP-SAT those whose slot caps no flow expresses."""
    chosen: list[I8] = []
    bounds = Solution(chosen=()).objective(replace(problem, components=()))
    n_capped = 0
    for component in problem.components:
        own = replace(problem, components=(component,))
        plan = flow.find_plan(component, problem, seed=seed)
        if plan is None:
            n_capped += 1
            plans, limits = cpsat.solve_components(own, seed=seed)
        else:
            plans = (plan,)
            limits = Solution(chosen=plans).objective(own)
        chosen += plans
        bounds = {name: bounds[name] + limit for name, limit in limits.items()}
        if on_done is not None:
            on_done(len(chosen))
    if not n_capped:
        return Answer(solver=flow.NAME, reason=flow.REASON, chosen=tuple(chosen), bounds=bounds)
    reason = f"{CAPS_REASON}: CP-SAT for {n_capped} of {len(chosen)} components, flow for the others"
    return Answer(solver=cpsat.NAME, reason=reason, chosen=tuple(chosen), bounds=bounds)
