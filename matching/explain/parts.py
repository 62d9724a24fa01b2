"""One county of a plan with everything its questions share, and against what its alternatives can be priced."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from matching.errors import InvalidPolicyError, MatchingError, PlanMismatchError, SolverFailedError
from matching.explain.option import Market
from matching.explain.pairs import pair_market
from matching.explain.records import Pricing
from matching.explain.team_market import team_market
from matching.explain.unpriced import PlainMarket
from matching.facts import Facts
from matching.policy import Policy
from matching.problem import I8, Component, ProblemData
from matching.result import FilledSeat, TeamScore, filled_seats, scored_teams
from matching.shortfalls import Shortfall, shortfalls
from matching.solution import LevelName, Solution
from matching.solvers.choice import choose_solver
from matching.solvers.cpsat import solve as cpsat
from matching.solvers.flow import find_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One component with everything its questions share."""

    component: Component
    problem: ProblemData
    market: Market
    pricing: Pricing
    seats: Mapping[tuple[str, str], FilledSeat]
    shortfalls: Mapping[tuple[str, str], Shortfall]
    teams: Mapping[str, TeamScore]


def make_part(
    facts: Facts,
    policy: Policy,
    problem: ProblemData,
    solution: Solution,
    number: int,
    bounds: Mapping[LevelName, int],
    *,
    is_lenient: bool,
) -> Part:
    """Return one component, warm.

    Parameters
    ----------
    problem, solution, number
        The whole problem and plan, and the number of the component.
    is_lenient
        Fall back on prices that hold the published links, then on none.

    Raises
    ------
    PlanMismatchError
        When the plan is not the best, unless lenient.
    InvalidPolicyError
        When nothing prices alternatives of this shape, unless lenient.
    """
    component, chosen = problem.components[number], solution.chosen[number]
    own, plan = replace(problem, components=(component,)), Solution(chosen=(chosen,))
    market, pricing = _priced(problem, solution, number, bounds, is_lenient=is_lenient)
    seats = filled_seats(own, plan, policy, has_roster=bool(facts.published))
    return Part(
        component=component,
        problem=own,
        market=market,
        pricing=pricing,
        seats={(seat.mentee_id, seat.slot): seat for seat in seats},
        shortfalls={(empty.mentee_id, empty.slot): empty for empty in shortfalls(own, plan)},
        teams={team.mentee_id: team for team in scored_teams(own, plan, policy)},
    )


def _priced(
    problem: ProblemData, solution: Solution, number: int, bounds: Mapping[LevelName, int], *, is_lenient: bool
) -> tuple[Market, Pricing]:
    try:
        return _market(problem, solution, number, bounds), Pricing.FREE
    except (InvalidPolicyError, PlanMismatchError) as refusal:
        if not is_lenient:
            raise
        component, chosen = problem.components[number], solution.chosen[number]
        held = _held(component, chosen)
        if isinstance(refusal, PlanMismatchError) and held is not None:
            components = tuple(held if c is component else c for c in problem.components)
            try:
                return _market(replace(problem, components=components), solution, number, bounds), Pricing.HELD
            except (InvalidPolicyError, PlanMismatchError):
                pass  # not the best among those plans either
        plain = PlainMarket(component=component, problem=replace(problem, components=(component,)), chosen=chosen)
        return plain, Pricing.NONE


def _market(problem: ProblemData, solution: Solution, number: int, bounds: Mapping[LevelName, int]) -> Market:
    component = problem.components[number]
    own = replace(problem, components=(component,))
    solver, why = choose_solver(own)
    if solver == cpsat.NAME:
        raise InvalidPolicyError("policy", f"alternatives are not priced for this shape ({why}); read the result")
    try:
        if component.teams is None:
            return pair_market(component, own, solution.chosen[number])
        return team_market(component, problem, solution, number, bounds)
    except SolverFailedError as failure:
        raise _refusal(component, own) from failure


def _refusal(component: Component, own: ProblemData) -> MatchingError:
    if any(cap is not None for cap in own.slot_caps) and find_plan(component, own, seed=0) is None:
        return InvalidPolicyError(
            "slots", "caps bind mentors who could take two seats of one team; alternatives are not priced here"
        )
    return PlanMismatchError(
        f"component {component.counties[0]}: the plan is not the best under these facts and this policy, so "
        "nothing can be priced against it; solve again, with pins for what was changed by hand"
    )


def _held(component: Component, chosen: I8) -> Component | None:
    """Return the component with the published links of the plan as pins, ``None`` where the plan keeps none."""
    used = chosen[chosen >= 0]
    kept = used[component.arc_published[used]]
    if not len(kept):
        return None
    pinned = component.arc_pinned.copy()
    pinned[kept] = True
    pairs = np.unique(np.stack((component.arc_mentee[pinned], component.arc_mentor[pinned])), axis=1)
    return replace(component, arc_pinned=pinned, n_pins=pairs.shape[1])
