"""What one solved component adds to a result: computed where the component's arrays are, joined without them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matching.metrics import PartFigures, part_figures
from matching.policy import Policy
from matching.policy_options import FairnessMode
from matching.problem import I8, Component, ProblemData, digest_of
from matching.result import FilledSeat, TeamScore, filled_seats, scored_teams
from matching.shortfalls import Shortfall, shortfalls
from matching.solution import LevelName, Solution, fairness_of, team_values


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The plan of one component, described.

    Attributes
    ----------
    values
        Every level that is a sum over components.
    scores, is_full
        ``int64`` and ``bool`` (mentees,): score of every team, and whether it has no empty seat; empty for separable
        policies.
    n_pins
        Pins of the component, all of which the plan should keep.
    digest
        SHA-256 of the component's arrays.
    """

    values: dict[LevelName, int]
    scores: I8
    is_full: npt.NDArray[np.bool_]
    seats: tuple[FilledSeat, ...]
    teams: tuple[TeamScore, ...]
    shortfalls: tuple[Shortfall, ...]
    figures: PartFigures
    n_pins: int
    digest: str


def outcome_of(component: Component, problem: ProblemData, chosen: I8, policy: Policy, *, has_roster: bool) -> Outcome:
    """Describe the plan of one component; ``problem`` need not hold any component."""
    own = replace(problem, components=(component,), fairness=FairnessMode.NONE)
    solution = Solution(chosen=(chosen,))
    scores, is_full = team_values(component, chosen, problem)
    return Outcome(
        values=solution.objective(own),
        scores=scores,
        is_full=is_full,
        seats=filled_seats(own, solution, policy, has_roster=has_roster),
        teams=scored_teams(own, solution, policy),
        shortfalls=shortfalls(own, solution),
        figures=part_figures(component, chosen, policy),
        n_pins=component.n_pins,
        digest=digest_of(component),
    )


def joined_values(outcomes: Sequence[Outcome], problem: ProblemData) -> dict[LevelName, int]:
    """Return the value of every level of the run, in the order of importance."""
    left_out = {
        LevelName.CHANGES: not problem.counts_changes,
        LevelName.FAIRNESS: problem.fairness is FairnessMode.NONE,
    }
    total = {name: 0 for name in LevelName if not left_out.get(name, False)}
    for outcome in outcomes:
        for name, value in outcome.values.items():
            total[name] += value
    if problem.fairness is not FairnessMode.NONE:
        parts = [(outcome.scores, outcome.is_full) for outcome in outcomes]
        total[LevelName.FAIRNESS] = fairness_of(parts, problem.fairness)
    return total
