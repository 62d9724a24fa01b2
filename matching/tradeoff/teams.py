"""The curve of team policies: the team solver, asked with changed weights; every bound becomes a cut."""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor

from matching.control import Control
from matching.criteria import SCORE_UNIT, criterion_weights
from matching.facts import Facts
from matching.policy import Policy
from matching.policy_options import FairnessMode
from matching.problem import ProblemData
from matching.result import Result
from matching.solution import LevelName
from matching.solve import solve
from matching.tradeoff.axes import before_score, plan_axes, solution_of
from matching.tradeoff.envelope import Cut
from matching.tradeoff.points import PointMethod
from matching.tradeoff.state import Found, State, as_end

LARGEST_WEIGHT = 10_000
"""Weights of a direction are whole ten-thousandths."""

TRACES = (100, 1)
"""Weights of the other criterion, in ten-thousandths, that choose among the optima of one."""

OTHER_SHARE = Fraction(1, 10_000)
"""Share of wishes and penalties in what is maximised: they decide between plans that are otherwise equal."""


def changed(policy: Policy, changes: Mapping[str, Mapping[str, object]]) -> Policy:
    """Return the policy with some options of some groups changed, by their JSON names.

    Raises
    ------
    InvalidPolicyError
        When the policy does not support the change.
    """
    groups = policy.to_json()
    return Policy.from_json({**groups, **{name: {**groups[name], **own} for name, own in changes.items()}})


class TeamOracle:
    """Answers by ``solve``. It knows no epsilon constraint, so all its points are supported up to their gaps."""

    largest_weight = LARGEST_WEIGHT

    def __init__(self, facts: Facts, policy: Policy, problem: ProblemData, *, seed: int) -> None:
        self.facts, self.policy, self.problem, self.seed = facts, policy, problem, seed

    def ends(self, state: State) -> tuple[Found, Found]:
        """Return the ends: the bound of one criterion alone, then a trace of the other one to choose among its optima.

        A trace counts only where it keeps what the criterion reached alone; the first one that does is taken.
        """
        ends = []
        for method, alone in ((PointMethod.NEAREST, (1, 0)), (PointMethod.MOST_EXPERIENCED, (0, 1))):
            best = self._found(state, alone, method)
            bound = best.bound
            for trace in TRACES:
                most = LARGEST_WEIGHT - trace
                traced = self._found(state, (most, trace) if alone[0] else (trace, most), method)
                if traced.worth(alone) >= best.worth(alone):
                    best = traced
                    break
            ends.append(as_end(best, method, alone, bound))
        return ends[0], ends[1]

    def best(self, state: State, direction: tuple[int, int]) -> Found:
        """Return the plan found for a direction, and its proved bound."""
        return self._found(state, direction, PointMethod.WEIGHTS)

    def _found(self, state: State, direction: tuple[int, int], method: PointMethod) -> Found:
        a, b = direction
        policy, preference = self._weighted(direction)
        result = solve(self.facts, policy, seed=self.seed, control=Control())
        plan = solution_of(self.problem, result.seats)
        geography, experience = plan_axes(self.problem, plan, self.policy)
        # a·G + b·E is the score times the sum of the weights, up to: roundings, half a unit of the score and of each
        # criterion per mentee; and the penalties, which only lower the score. Wishes only raise it.
        penalties = self.policy.penalties
        lost = policy.n_seats * penalties.composition + penalties.no_senior + penalties.weak
        slack = self.problem.n_mentees * (1 + ceil(Fraction(lost) * OTHER_SHARE * SCORE_UNIT)) + 1
        bound = floor((a + b + preference) * (_score_bound(result) + slack))
        state.cuts.append(Cut(geography_weight=a, experience_weight=b, bound=bound))
        return Found(
            method=method,
            direction=direction,
            epsilon=None,
            geography=geography,
            experience=experience,
            value=a * geography + b * experience,
            bound=bound,
            plan=plan,
            levels=before_score(result.levels),
        )

    def _weighted(self, direction: tuple[int, int]) -> tuple[Policy, Fraction]:
        a, b = direction
        by_geography, by_experience, by_preference = criterion_weights(self.policy)
        others = by_preference / (by_geography + by_experience) if by_geography + by_experience else 1.0
        preference = float(OTHER_SHARE) * (a + b) * others
        penalties = self.policy.penalties
        policy = changed(
            self.policy,
            {
                "weights": {"geography": a, "experience": b, "preference": preference},
                "penalties": {
                    "composition": penalties.composition * float(OTHER_SHARE),
                    "noSenior": penalties.no_senior * float(OTHER_SHARE),
                    "weak": penalties.weak * float(OTHER_SHARE),
                },
                "fairness": {"mode": FairnessMode.NONE},
            },
        )
        return policy, Fraction(policy.weights.preference)


def _score_bound(result: Result) -> int:
    return next(level.bound for level in result.levels if level.name is LevelName.SCORE)
