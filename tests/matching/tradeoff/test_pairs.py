"""Curves of separable policies against the enumeration of all plans on the optimal face."""

import itertools
import json
import random
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching import Facts, FairnessMode, InvalidPolicyError, InvalidTradeOffError, Policy, solve, trade_off
from matching.generate import with_pins
from matching.solution import LevelName
from matching.tradeoff import PointMethod, TradeOff
from matching.verify import verify
from tests.matching.factories import A1, B1, facts, links, mentee, mentor, policy
from tests.matching.tradeoff.worlds import AFTER, efficient, every_place, pair_case

SEEDS = st.integers(0, 10**6)
QUICK = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def places(curve: TradeOff) -> list[tuple[int, int]]:
    return [(point.geography, point.experience) for point in curve.points]


def integer_levels(levels) -> dict[LevelName, int]:
    return {level.name: level.value for level in levels if level.name not in AFTER}


def check_front(seed: int) -> None:
    world, rules = pair_case(seed)
    curve = trade_off(world, rules, n_points=500, seed=seed)
    assert places(curve) == efficient(every_place(world, rules))
    assert curve.is_complete
    assert all(point.gap == 0 for point in curve.points)


@QUICK
@given(SEEDS)
def test_with_points_to_spare_the_curve_is_the_whole_front_of_all_plans(seed):
    check_front(seed)


def check_envelope(seed: int) -> None:
    world, rules = pair_case(seed)
    curve = trade_off(world, rules, n_points=4, seed=seed)
    every = every_place(world, rules)
    assert all(curve.envelope.allows(*place) for place in every)
    for (left, right), region in zip(itertools.pairwise(places(curve)), curve.regions, strict=True):
        between = [p for p in every if right[0] < p[0] < left[0] and left[1] < p[1] < right[1]]
        assert all(p[0] <= region.most_geography and p[1] <= region.most_experience for p in between)
        assert not (region.is_closed and between)
        run, rise = left[0] - right[0], right[1] - left[1]
        assert all((p[1] - left[1]) * run <= rise * (left[0] - p[0]) + region.excess * run for p in between)


@QUICK
@given(SEEDS)
def test_no_plan_lies_above_the_envelope_of_a_short_curve(seed):
    check_envelope(seed)


@pytest.mark.slow
@settings(QUICK, max_examples=60)
@given(SEEDS)
def test_many_curves_hold_against_the_enumeration_of_all_plans(seed):
    check_front(seed)
    check_envelope(seed)


@QUICK
@given(SEEDS)
def test_the_ends_are_the_best_of_one_criterion_and_then_of_the_other(seed):
    world, rules = pair_case(seed)
    curve = trade_off(world, rules, n_points=2, seed=seed)
    every = every_place(world, rules)
    nearest = max(every)
    ablest = max(every, key=lambda place: (place[1], place[0]))
    assert places(curve) == ([nearest] if nearest == ablest else [nearest, ablest])
    assert curve.points[0].method is PointMethod.NEAREST
    assert curve.points[0].value == curve.points[0].bound == nearest[0]


@QUICK
@given(SEEDS)
def test_every_point_is_attained_by_its_plan_which_keeps_rules_levels_and_pins(seed):
    world, rules = pair_case(seed)
    plan = links(solve(world, rules))
    world = with_pins(world, random.Random(seed).sample(plan, k=min(1, len(plan))), named=False)
    curve = trade_off(world, rules, n_points=6, seed=seed)
    best = integer_levels(solve(world, rules).levels)
    every = every_place(world, rules)
    for point in curve.points:
        assert verify(world, rules, list(point.links)) == ()
        assert integer_levels(point.levels) == best
        assert all(level.gap == 0 for level in point.levels)
        assert (point.geography, point.experience) in every
        assert {(mentee_id, mentor_id) for mentee_id, _, mentor_id in point.links} >= {
            (pin.mentee_id, pin.mentor_id) for pin in world.pins
        }
        assert point.metrics.n_filled == len(point.links) == curve.n_filled
    for one, other in itertools.permutations(places(curve), 2):
        assert not (one[0] >= other[0] and one[1] >= other[1])


@QUICK
@given(SEEDS)
def test_the_plans_of_ready_weights_lie_within_the_envelope_by_what_the_preset_says(seed):
    world, rules = pair_case(seed)
    curve = trade_off(world, rules, n_points=500, seed=seed)
    front = efficient(every_place(world, rules))
    assert [preset.name for preset in curve.presets] == ["POLICY", "NEAR_FIRST", "BALANCED", "EXPERIENCE_FIRST"]
    for preset in curve.presets:
        more = max(place[1] for place in front if place[0] >= preset.geography)
        nearer = max(place[0] for place in front if place[1] >= preset.experience)
        assert preset.missing_experience == more - preset.experience  # the complete curve knows every bound exactly
        assert preset.missing_geography == nearer - preset.geography
        own = rules.model_copy(update={"weights": preset.weights})
        assert list(preset.links) == links(solve(world, own, seed=seed))


@QUICK
@given(SEEDS)
def test_the_order_of_people_does_not_change_the_curve(seed):
    world, rules = pair_case(seed)
    draw = random.Random(seed)
    turned = replace(
        world,
        mentees=tuple(draw.sample(world.mentees, k=len(world.mentees))),
        mentors=tuple(draw.sample(world.mentors, k=len(world.mentors))),
        preferences=tuple(draw.sample(world.preferences, k=len(world.preferences))),
    )
    assert trade_off(turned, rules, seed=3).to_json() == trade_off(world, rules, seed=3).to_json()


def test_another_process_draws_the_same_curve():
    code = (
        "import json\nfrom tests.matching.tradeoff.worlds import pair_case\nfrom matching import trade_off\n"
        "print(json.dumps(trade_off(*pair_case(2), n_points=12).to_json(), sort_keys=True))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONHASHSEED": "2", "PYTHONPATH": "."},
    )  # fmt: skip
    assert run.stdout.strip() == json.dumps(trade_off(*pair_case(2), n_points=12).to_json(), sort_keys=True)


def crossed() -> tuple[Facts, Policy]:
    """Return one mentee with three mentors: near and new, far and able, and one in between below the line."""
    world = facts(
        [mentee("c1", village=A1)],
        [
            mentor("near", anchors=(A1,), grassroots_months=60),
            mentor("middle", anchors=(B1,), pool_township=None, grassroots_months=66),
            mentor("far", anchors=("520624103201",), pool_township=None, grassroots_months=120),
        ],
    )
    return world, policy(weights={"geography": 0.5, "experience": 0.3, "preference": 0.2})


def test_an_epsilon_constraint_finds_the_plan_below_the_line_that_no_weights_find():
    curve = trade_off(*crossed())
    # tenure 0.5, 0.55 and 1.0; 65 % of 45 % of it, so 292,500 units a whole tenure; same post, grade and needs
    base = curve.points[0].experience
    assert places(curve) == [(1_000_000, base), (600_000, base + 14_625), (250_000, base + 146_250)]
    methods = [point.method for point in curve.points]
    assert methods == [PointMethod.NEAREST, PointMethod.EPSILON, PointMethod.MOST_EXPERIENCED]
    assert [point.links[0][2] for point in curve.points] == ["near", "middle", "far"]
    middle = curve.points[1]
    assert (middle.epsilon, middle.value, middle.bound, middle.weights) == (250_001, base + 14_625, base + 14_625, None)
    assert [point.geography_mean for point in curve.points] == [100.0, 60.0, 25.0]
    assert curve.is_complete


def test_weights_of_a_point_keep_the_share_of_preference():
    curve = trade_off(*crossed())
    assert [point.weights.model_dump() for point in curve.points if point.weights] == [
        {"geography": 0.8, "experience": 0.0, "preference": 0.2},
        {"geography": 0.0, "experience": 0.8, "preference": 0.2},
    ]


def test_a_single_best_plan_is_a_curve_of_one_point():
    curve = trade_off(facts(), policy())
    assert len(curve.points) == 1
    assert curve.regions == ()
    assert curve.is_complete


def test_a_curve_of_a_run_without_any_possible_pairing_is_one_empty_plan():
    curve = trade_off(facts([mentee(is_in_pool=False)]), policy())
    assert [(point.geography, point.links, point.geography_mean) for point in curve.points] == [(0, (), 0.0)]


def test_progress_is_told_point_by_point():
    told = []
    trade_off(*crossed(), on_progress=lambda *step: told.append(step))
    assert [step for step in told if step[0] == "trade-off"] == [("trade-off", 2, 9), ("trade-off", 3, 9)]


def test_a_curve_survives_json():
    curve = trade_off(*pair_case(2), n_points=12)
    assert len(curve.points) == 10
    assert TradeOff.from_json(json.loads(json.dumps(curve.to_json()))) == curve


def _without(obj, key):
    return {name: value for name, value in obj.items() if name != key}


@pytest.mark.parametrize(
    ("spoil", "item"),
    [
        (lambda obj: _without(obj, "cuts"), "cuts"),
        (lambda obj: {**obj, "colour": "red"}, "colour"),
        (lambda obj: {**obj, "points": [*obj["points"][:-1], _without(obj["points"][-1], "gap")]}, "points.2.gap"),
        (lambda obj: {**obj, "points": [{**obj["points"][0], "x": 1}, *obj["points"][1:]]}, "points.0.x"),
        (lambda obj: {**obj, "points": obj["points"][::-1]}, "points.1"),
        (lambda obj: {**obj, "regions": obj["regions"][1:]}, "regions"),
    ],
)
def test_json_that_is_no_curve_is_refused_with_the_place_of_the_fault(spoil, item):
    with pytest.raises(InvalidTradeOffError) as refusal:
        TradeOff.from_json(spoil(trade_off(*crossed()).to_json()))
    assert refusal.value.item == item


def test_fewer_than_two_points_are_refused():
    with pytest.raises(InvalidTradeOffError, match="n_points: a curve needs at least its 2 ends, found 1"):
        trade_off(*crossed(), n_points=1)


@pytest.mark.parametrize("mode", list(FairnessMode))
def test_fairness_of_a_separable_policy_is_refused_by_name(mode):
    with pytest.raises(InvalidPolicyError, match=f"^fairness.mode: {mode} compare teams"):
        trade_off(*crossed(), fairness_modes=[mode])
