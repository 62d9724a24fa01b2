"""Curves of team policies against the enumeration of all plans, and the fairness axis."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching import FairnessMode, InvalidPolicyError, LevelName, Policy, fairness_axis, solve, trade_off
from matching.policy import TONGREN_TEAMS
from matching.tradeoff import PointMethod, TradeOff
from matching.verify import verify
from tests.matching.factories import facts, links
from tests.matching.tradeoff.worlds import AFTER, every_place, team_case

SEEDS = st.integers(0, 10**6)
QUICK = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
LOST, WISHED = 26, 18
"""Units per mentee: a unit of rounding and 25 of penalties at their ten-thousandth may hide what is best; the same and
the wishes at theirs (100 · 0.15 / 0.85) may lift a bound above it."""


def check_team_curve(seed: int) -> None:
    world, rules = team_case(seed)
    curve = trade_off(world, rules, seed=seed)
    every = every_place(world, rules)
    lost = LOST * len(world.mentees) + 1
    lifted = lost + WISHED * len(world.mentees)
    nearest, ablest = max(every), max(every, key=lambda place: (place[1], place[0]))
    near, far = curve.points[0], curve.points[-1]
    assert near.geography == near.value == nearest[0]  # relation classes differ by more than all slack
    assert nearest[0] <= near.bound <= nearest[0] + lifted
    # The trace counts a hundredth, the penalties a ten-thousandth beside it.
    assert nearest[1] - 100 * lifted <= near.experience <= nearest[1]
    assert far.experience >= ablest[1] - lifted
    if len(curve.points) > 1:
        assert ablest[1] <= far.bound <= ablest[1] + lifted
    best = {level.name: level.value for level in solve(world, rules).levels if level.name not in AFTER}
    for point in curve.points:
        assert (point.geography, point.experience) in every
        assert verify(world, rules, list(point.links)) == ()
        assert {level.name: level.value for level in point.levels} == best
        assert 0 <= point.bound - point.value <= 2 * lifted * sum(point.direction)
    for one, other in itertools.permutations(curve.points, 2):
        assert not (one.geography >= other.geography and one.experience >= other.experience)
    assert all(curve.envelope.allows(*place) for place in every)
    for preset in curve.presets:
        assert preset.missing_experience >= 0
        assert preset.missing_geography >= 0


@QUICK
@given(SEEDS)
def test_a_team_curve_is_certified(seed):
    check_team_curve(seed)


@pytest.mark.slow
@settings(QUICK, max_examples=40)
@given(SEEDS)
def test_many_team_curves_are_certified(seed):
    check_team_curve(seed)


def test_weighted_points_are_the_best_plans_of_their_weights():
    world, rules = team_case(9)
    curve = trade_off(world, rules, n_points=6)
    every = every_place(world, rules)
    weighted = [point for point in curve.points if point.method is PointMethod.WEIGHTS]
    assert weighted
    for point in weighted:
        a, b = point.direction
        best = max(a * g + b * e for g, e in every)
        assert best - (a + b) * (LOST + WISHED) * len(world.mentees) <= point.value <= best <= point.bound


def test_a_team_curve_is_repeated_and_survives_json():
    world, rules = team_case(9)
    curve = trade_off(world, rules, fairness_modes=list(FairnessMode))
    assert TradeOff.from_json(curve.to_json()) == curve
    assert trade_off(world, rules, fairness_modes=list(FairnessMode)).to_json() == curve.to_json()


def test_the_curve_of_a_fair_policy_is_that_of_the_same_policy_without_fairness():
    world, rules = team_case(9)
    fair = Policy.from_json({**rules.to_json(), "fairness": {"mode": "MAXMIN"}})
    assert trade_off(world, fair).points == trade_off(world, rules).points


def test_every_fairness_mode_is_a_point_or_refused_with_a_reason():
    world, rules = team_case(9)
    axis = fairness_axis(world, rules)
    named = [point.mode for point in axis.points] + [mode for mode, _ in axis.refused]
    assert sorted(named) == sorted(FairnessMode)
    assert all(reason for _, reason in axis.refused)
    by_mode = {point.mode: point for point in axis.points}
    for point in axis.points:
        fair = Policy.from_json({**rules.to_json(), "fairness": {"mode": str(point.mode)}})
        result = solve(world, fair)
        levels = {level.name: level for level in result.levels}
        assert list(point.links) == links(result)
        assert point.score == levels[LevelName.SCORE].value
        assert by_mode[FairnessMode.NONE].score >= point.score
        if LevelName.FAIRNESS in levels:
            assert point.fairness[point.mode] == levels[LevelName.FAIRNESS].value
        for mode, reached in point.fairness.items():
            if mode in by_mode and not next(v for v in by_mode[mode].levels if v.name is LevelName.FAIRNESS).gap:
                assert reached <= by_mode[mode].fairness[mode]


def test_fairness_of_a_separable_policy_is_refused_with_every_mode_named():
    with pytest.raises(InvalidPolicyError, match=r"NONE, MAXMIN.* compare teams, and this policy is separable"):
        fairness_axis(facts(), Policy.from_json({"slots": [{"code": "MENTOR"}]}))


def test_the_ready_team_policy_yields_a_curve_without_any_mentee_or_pairing():
    world, _ = team_case(1)
    alone = Policy.from_json({**TONGREN_TEAMS.to_json(), "experience": {"seniorityGapYears": 100}})
    curve = trade_off(world, alone)
    assert [(point.geography, point.experience, point.links) for point in curve.points] == [(0, 0, ())]
