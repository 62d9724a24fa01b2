"""The fairness axis: the policy's own weights under every fairness mode that it can be solved with."""

from collections.abc import Iterable
from dataclasses import replace

from matching.build import build
from matching.errors import InvalidPolicyError
from matching.facts import Facts
from matching.metrics import metrics
from matching.policy import Policy
from matching.policy_options import FairnessMode, TeamObjective
from matching.problem import ProblemData
from matching.solution import LevelName, Solution
from matching.solve import solve
from matching.tradeoff.axes import mean_of, plan_axes, solution_of
from matching.tradeoff.points import FairnessAxis, FairnessPoint
from matching.tradeoff.teams import changed


def fairness_axis(
    facts: Facts, policy: Policy, *, modes: Iterable[FairnessMode] = tuple(FairnessMode), seed: int = 0
) -> FairnessAxis:
    """Solve a team policy under each fairness mode and measure every plan by all of them.

    Parameters
    ----------
    modes
        Modes in the order of the answer; a mode that the policy does not support is listed as refused.

    Raises
    ------
    InvalidPolicyError
        For a separable policy, with the names of the modes: fairness compares teams.

    Examples
    --------
    >>> from matching.generate import Shape, generate_facts
    >>> from matching.policy import TONGREN_TEAMS
    >>> facts = generate_facts(7, Shape(n_mentees=3, n_mentors=6))
    >>> axis = fairness_axis(facts, TONGREN_TEAMS, modes=[FairnessMode.NONE, FairnessMode.MAXMIN])
    >>> [str(point.mode) for point in axis.points]
    ['NONE', 'MAXMIN']
    >>> free, fair = axis.points
    >>> free.score >= fair.score and free.fairness[fair.mode] <= fair.fairness[fair.mode]
    True
    """
    modes = tuple(modes)
    if policy.team_objective is TeamObjective.SEPARABLE:
        names = ", ".join(str(mode) for mode in modes)
        raise InvalidPolicyError(
            "fairness.mode", f"{names} compare teams, and this policy is separable; set teamObjective to TEAMS"
        )
    problem = build(facts, changed(policy, {"fairness": {"mode": FairnessMode.NONE}}))
    points: list[FairnessPoint] = []
    refused: list[tuple[FairnessMode, str]] = []
    for mode in modes:
        try:
            fair = changed(policy, {"fairness": {"mode": mode}})
        except InvalidPolicyError as refusal:
            refused.append((mode, str(refusal)))
            continue
        result = solve(facts, fair, seed=seed)
        plan = solution_of(problem, result.seats)
        geography, experience = plan_axes(problem, plan, policy)
        n_filled, k = len(result.seats), policy.n_seats
        points.append(
            FairnessPoint(
                mode=mode,
                geography=geography,
                experience=experience,
                geography_mean=mean_of(geography, n_filled, k),
                experience_mean=mean_of(experience, n_filled, k),
                fairness=_measures(problem, plan),
                score=plan.objective(problem)[LevelName.SCORE],
                levels=result.levels,
                links=tuple((seat.mentee_id, seat.slot, seat.mentor_id) for seat in result.seats),
                metrics=metrics(problem, plan, policy),
            )
        )
    return FairnessAxis(points=tuple(points), refused=tuple(refused))


def _measures(problem: ProblemData, plan: Solution) -> dict[FairnessMode, int]:
    """Return the fairness level of a plan in every mode that has one."""
    levels = {mode: plan.objective(replace(problem, fairness=mode)) for mode in FairnessMode}
    return {mode: own[LevelName.FAIRNESS] for mode, own in levels.items() if LevelName.FAIRNESS in own}
