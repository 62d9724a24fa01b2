"""The front door of the trade-off: facts and a policy in, a certified curve with a plan behind each point out."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from math import ceil

from matching.build import Progress, build
from matching.control import Control
from matching.criteria import criterion_weights
from matching.errors import InvalidTradeOffError
from matching.facts import Facts
from matching.metrics import metrics
from matching.policy import WEIGHT_PRESETS, Policy
from matching.policy_options import FairnessMode, TeamObjective, Weights
from matching.problem import ProblemData
from matching.solution import LevelName, Solution
from matching.solve import solve
from matching.tradeoff.axes import before_score, mean_of, plan_axes, solution_of
from matching.tradeoff.envelope import Envelope
from matching.tradeoff.explore import Explored, explore, open_geography
from matching.tradeoff.fairness import fairness_axis
from matching.tradeoff.pairs import PairOracle
from matching.tradeoff.points import Link, PointMethod, PresetPoint, Region, TradeOff, TradeOffPoint
from matching.tradeoff.state import Above, Found, Oracle, State
from matching.tradeoff.teams import TeamOracle, changed

N_POINTS = 9
"""Points of a curve of a separable policy, unless asked otherwise."""

N_TEAM_POINTS = 5
"""Points of a curve of a team policy: each is a whole solve, and the ends are two."""

POLICY_NAME = "POLICY"
"""Name of the preset point of the policy's own weights."""


def trade_off(
    facts: Facts,
    policy: Policy,
    *,
    n_points: int | None = None,
    seed: int = 0,
    fairness_modes: Iterable[FairnessMode] = (),
    on_progress: Progress | None = None,
) -> TradeOff:
    """Return the curve between geography and experience, with what is proved about every plan that is not on it.

    All plans keep the hard rules and pins, and attain every level before the score; fairness is no level here. The
    curve is of the two criteria alone: wishes and penalties decide between plans that are otherwise equal (under team
    terms they count a ten-thousandth). ``presets`` shows where solves of the whole score lie.

    Separable policies are exact: ends and weighted points are proved, epsilon constraints carry a bound that is
    nearly always attained. Points of team policies come from the team solver and carry its gaps.

    Parameters
    ----------
    n_points
        Most points, at least 2; fewer come back when nothing else is left to find, and one when a single plan is best
        in both criteria. Default: 9, under team terms 5.
    fairness_modes
        Modes to place on the fairness axis (see ``fairness_axis``); none leaves it out.
    on_progress
        Told ``(phase, done, total)``; phases are ``"build"`` and ``"trade-off"`` (points).

    Raises
    ------
    InvalidPolicyError
        For fairness modes of a separable policy, and as ``solve`` does.
    InvalidTradeOffError
        For fewer than 2 points.

    Examples
    --------
    >>> from matching import PRESETS
    >>> from matching.generate import Shape, generate_facts
    >>> curve = trade_off(generate_facts(7, Shape(n_mentees=8, n_mentors=20)), PRESETS["TONGREN_2_PLUS_1"])
    >>> near, far = curve.points[0], curve.points[-1]
    >>> near.geography > far.geography, near.experience < far.experience
    (True, True)
    >>> [point.gap for point in curve.points] == [0.0] * len(curve.points)
    True
    >>> all(curve.envelope.allows(point.geography, point.experience) for point in curve.points)
    True
    """
    is_separable = policy.team_objective is TeamObjective.SEPARABLE
    modes = tuple(fairness_modes)
    if n_points is None:
        n_points = N_POINTS if is_separable else N_TEAM_POINTS
    fairness = fairness_axis(facts, policy, modes=modes, seed=seed) if modes else None

    def report(front: Sequence[Found]) -> None:
        if on_progress is not None:
            on_progress("trade-off", len(front), n_points)

    free, problem, explored = explored_curve(
        facts,
        policy,
        n_points=n_points,
        seed=seed,
        on_progress=on_progress,
        on_front=lambda _free, _problem, front: report(front),
    )
    front, state, envelope = explored.front, explored.state, explored.state.envelope
    return TradeOff(
        points=tuple(_point(problem, free, found) for found in front),
        regions=tuple(_region(state, envelope, left, right) for left, right in itertools.pairwise(front)),
        presets=tuple(
            _preset(facts, free, problem, envelope, name, weights, seed)
            for name, weights in {POLICY_NAME: policy.weights, **WEIGHT_PRESETS}.items()
        ),
        fairness=fairness,
        cuts=tuple(dict.fromkeys(state.cuts)),
        ceilings=tuple(dict.fromkeys(state.ceilings)),
        n_filled=sum(int((chosen >= 0).sum()) for chosen in front[0].plan.chosen),
        n_seats=policy.n_seats,
        problem_fingerprint=problem.fingerprint(),
        policy_fingerprint=policy.fingerprint(),
        seed=seed,
    )


def explored_curve(
    facts: Facts,
    policy: Policy,
    *,
    n_points: int,
    seed: int,
    on_front: Callable[[Policy, ProblemData, Sequence[Found]], None],
    on_progress: Progress | None = None,
) -> tuple[Policy, ProblemData, Explored]:
    """Explore the curve; returns the policy without its fairness level, the problem, and what was found.

    Parameters
    ----------
    on_front
        Called with policy, problem and the points so far, from the nearest on, whenever there are more of them.

    Raises
    ------
    InvalidPolicyError, InvalidTradeOffError
        See ``trade_off``.
    """
    if n_points < 2:
        raise InvalidTradeOffError("n_points", f"a curve needs at least its 2 ends, found {n_points}")
    is_separable = policy.team_objective is TeamObjective.SEPARABLE
    free = policy if is_separable else changed(policy, {"fairness": {"mode": FairnessMode.NONE}})
    problem = build(facts, free, on_progress=on_progress)
    oracle: Oracle
    above: Above | None
    if is_separable:
        pairs = PairOracle(problem, free, seed=seed)
        oracle, above = pairs, pairs.above
    else:
        oracle, above = TeamOracle(facts, free, problem, seed=seed), None
    return free, problem, explore(oracle, above, n_points, lambda front: on_front(free, problem, front))


def _point(problem: ProblemData, policy: Policy, found: Found) -> TradeOffPoint:
    links = links_of(problem, found.plan)
    return TradeOffPoint(
        method=found.method,
        weights=weights_of(policy, found),
        epsilon=found.epsilon,
        direction=found.direction,
        geography=found.geography,
        experience=found.experience,
        geography_mean=mean_of(found.geography, len(links), policy.n_seats),
        experience_mean=mean_of(found.experience, len(links), policy.n_seats),
        value=found.value,
        bound=found.bound,
        gap=found.gap,
        levels=found.levels,
        policy_score=found.plan.objective(problem)[LevelName.SCORE],
        links=links,
        metrics=metrics(problem, found.plan, policy),
    )


def weights_of(policy: Policy, found: Found) -> Weights | None:
    """Return policy weights with the exchange rate of a point, at the policy's own share of preference."""
    if found.method is PointMethod.EPSILON:
        return None
    direction = found.direction
    by_geography, by_experience, by_preference = criterion_weights(policy)
    share = (by_geography + by_experience) / sum(direction)
    return Weights(geography=share * direction[0], experience=share * direction[1], preference=by_preference)


def _region(state: State, envelope: Envelope, left: Found, right: Found) -> Region:
    low, high = open_geography(envelope, left, right)
    most = min(right.experience - 1, envelope.experience_bound(right.geography + 1))
    return Region(
        most_geography=high,
        most_experience=most,
        excess=ceil(state.excess(left, right)),
        is_closed=low > high,
    )


def _preset(
    facts: Facts, policy: Policy, problem: ProblemData, envelope: Envelope, name: str, weights: Weights, seed: int
) -> PresetPoint:
    result = solve(facts, changed(policy, {"weights": weights.model_dump()}), seed=seed, control=Control())
    plan = solution_of(problem, result.seats)
    geography, experience = plan_axes(problem, plan, policy)
    return PresetPoint(
        name=name,
        weights=weights,
        geography=geography,
        experience=experience,
        geography_mean=mean_of(geography, len(result.seats), policy.n_seats),
        experience_mean=mean_of(experience, len(result.seats), policy.n_seats),
        missing_geography=envelope.geography_bound(experience) - geography,
        missing_experience=envelope.experience_bound(geography) - experience,
        levels=before_score(result.levels),
        links=tuple((seat.mentee_id, seat.slot, seat.mentor_id) for seat in result.seats),
        metrics=metrics(problem, plan, policy),
    )


def links_of(problem: ProblemData, plan: Solution) -> tuple[Link, ...]:
    """Return the plan by component, mentee and slot."""
    links: list[Link] = []
    for component, chosen in zip(problem.components, plan.chosen, strict=True):
        used = chosen[chosen >= 0]
        links += [
            (component.mentees[row].id, problem.slots[seat], component.mentors[column].id)
            for row, seat, column in zip(
                component.arc_mentee[used].tolist(),
                component.arc_seat[used].tolist(),
                component.arc_mentor[used].tolist(),
                strict=True,
            )
        ]
    return tuple(links)
