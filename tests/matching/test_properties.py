"""Properties of every solve, on generated facts, against independent methods."""

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching import WEIGHT_PRESETS, Facts, Policy, explain_blocked, solve
from matching.build import build
from matching.generate import Shape, generate_facts, teams_policy, with_pins
from matching.restated import broken_rules
from matching.solution import LevelName
from matching.verify import verify
from matching.vocabulary import ReasonCode, SolveStatus
from tests.matching.factories import links
from tests.matching.oracles import best_levels, levels_of, most_seats, reasons_by_hand, signed

SEEDS = st.integers(0, 10**6)
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
SCOPES = (["COUNTY"], ["OWN_TOWNSHIP", "ZONE", "COUNTY"], ["ZONE", "COUNTY"], ["OWN_TOWNSHIP", "ZONE"])


def case(seed: int, shape: Shape | None = None) -> tuple[Facts, Policy]:
    """Return a random case: any k from 1 to 3, any scope, with and without travel times and a published roster."""
    draw = random.Random(seed)
    use_minutes = draw.random() < 0.5
    limit = {"maxTravelMinutes": 60} if use_minutes and draw.random() < 0.5 else {}
    rules = teams_policy(
        draw.randint(1, 3),
        loadCap=draw.randint(1, 3),
        poolScope=draw.choice(SCOPES),
        slotCompositionMode=draw.choice(["PREFER", "REQUIRE"]),
        stability={"mode": draw.choice(["NONE", "KEEP_UNLESS_INVALID"])},
        experience={"unknownTenure": draw.choice(["BLOCK", "NEUTRAL"])},
        geography={"useTravelMinutes": use_minutes, **limit},
    )
    shape = shape or Shape(n_counties=draw.randint(1, 2), n_mentees=draw.randint(1, 7), n_mentors=draw.randint(1, 12))
    return generate_facts(seed, shape, slots=rules.slot_codes), rules


def participants(world: Facts, result) -> set[str]:
    return {mentee.id for mentee in world.mentees} - {excluded.mentee_id for excluded in result.excluded}


@QUICK
@given(SEEDS)
def test_a_plan_breaks_no_rule(seed):
    world, rules = case(seed)
    result = solve(world, rules, seed=seed)
    assert result.status is SolveStatus.OPTIMAL
    assert verify(world, rules, links(result)) == ()
    assert len(result.seats) + len(result.shortfalls) == len(participants(world, result)) * rules.n_seats


@QUICK
@given(SEEDS)
def test_every_mask_agrees_with_the_rules_stated_a_second_time(seed):
    world, rules = case(seed)
    for component in build(world, rules).components:
        for row, mentee in enumerate(component.mentees):
            for seat, slot in enumerate(rules.slot_codes):
                for column, mentor in enumerate(component.mentors):
                    found = explain_blocked(int(component.blocked[row, seat, column]))
                    assert found == broken_rules(mentee, slot, mentor, world, rules)


@QUICK
@given(SEEDS)
def test_reported_values_are_the_recomputed_ones(seed):
    world, rules = case(seed)
    result = solve(world, rules)
    levels = levels_of(result)
    assert levels[LevelName.SEATS_FILLED] == len(result.seats) == result.metrics.n_filled
    assert levels[LevelName.MENTEES_SERVED] == len({seat.mentee_id for seat in result.seats})
    assert levels[LevelName.SCORE] == sum(seat.score for seat in result.seats)
    assert levels[LevelName.FALLBACKS] == sum(seat.tier + seat.is_released for seat in result.seats)
    assert all(sum(part.points for part in seat.contributions) == seat.score for seat in result.seats)
    if LevelName.CHANGES in levels:
        old = {link for link in world.published if link[0] in participants(world, result)}
        assert levels[LevelName.CHANGES] == len(old ^ set(links(result)))
    if world.published:
        changed = {link for link, seat in zip(links(result), result.seats, strict=True) if seat.changed_from_published}
        assert changed == set(links(result)) - set(world.published)
    if rules.n_seats == 1:
        points = {team.mentee_id: team.team_score for team in result.metrics.teams if team.n_mentors}
        assert points == pytest.approx({seat.mentee_id: seat.score / 10_000 for seat in result.seats}, abs=1.1e-4)


@QUICK
@given(SEEDS)
def test_pins_are_kept_whether_or_not_they_name_the_slot(seed):
    world, rules = case(seed)
    draw = random.Random(seed)
    plan = links(solve(world, rules))
    pinned = with_pins(world, draw.sample(plan, k=min(3, len(plan))), named=draw.random() < 0.5)
    elsewhere = rules.model_copy(update={"weights": WEIGHT_PRESETS["EXPERIENCE_FIRST"]})
    result = solve(pinned, elsewhere, seed=seed + 1)
    assert verify(pinned, elsewhere, links(result)) == ()
    assert levels_of(result)[LevelName.PINS] == len(pinned.pins)
    assert sum(seat.is_pinned for seat in result.seats) == len(pinned.pins)


@QUICK
@given(SEEDS)
def test_the_order_of_people_does_not_change_the_plan(seed):
    world, rules = case(seed)
    draw = random.Random(seed)

    def shuffled(items):
        return tuple(draw.sample(items, k=len(items)))

    turned = replace(
        world,
        mentees=shuffled(world.mentees),
        mentors=shuffled(world.mentors),
        kinships=shuffled(world.kinships),
        exclusions=shuffled(world.exclusions),
        preferences=shuffled(world.preferences),
        published=shuffled(world.published),
    )
    one, other = solve(world, rules, seed=7), solve(turned, rules, seed=7)
    assert one.seats == other.seats
    assert one.shortfalls == other.shortfalls
    assert one.problem_fingerprint == other.problem_fingerprint


@QUICK
@given(SEEDS)
def test_one_more_mentor_never_lowers_the_levels(seed):
    world, rules = case(seed)
    model = random.Random(seed).choice(world.mentors)
    newcomer = replace(model, id="new", person_id="person-new", code="ZZZ", active_load=0)
    before = signed(levels_of(solve(world, rules)))
    after = signed(levels_of(solve(replace(world, mentors=(*world.mentors, newcomer)), rules)))
    assert after >= before


@QUICK
@given(SEEDS)
def test_enumeration_of_all_plans_finds_no_better_one(seed):
    world, rules = case(seed, Shape(n_mentees=3, n_mentors=4, n_townships=2, second_record_share=0.4))
    if seed % 2:
        plan = links(solve(world, rules))
        world = with_pins(world, plan[-1:], named=False)
    assert signed(levels_of(solve(world, rules))) == best_levels(build(world, rules))


@QUICK
@given(SEEDS)
def test_as_many_seats_are_filled_as_a_maximum_flow_allows(seed):
    world, rules = case(seed)
    result = solve(world, rules)
    assert len(result.seats) == most_seats(world, rules, participants(world, result))


@QUICK
@given(SEEDS)
def test_every_shortfall_states_the_reasons_found_by_hand(seed):
    world, rules = case(seed)
    plan = links(solve(world, rules))
    world = with_pins(world, random.Random(seed).sample(plan, k=min(2, len(plan))))
    result = solve(world, rules)
    order = list(ReasonCode)
    for shortfall in result.shortfalls:
        truth = reasons_by_hand(world, rules, links(result), shortfall.mentee_id, shortfall.slot)
        reasons = list(shortfall.reasons)
        if truth["would_open"]:
            assert reasons.pop() == (ReasonCode.TOWNSHIP_RULE, truth["would_open"])
        if truth["is_scope_empty"]:
            assert reasons == [(ReasonCode.NO_ELIGIBLE_MENTOR_IN_SCOPE, 0)]
            continue
        assert dict(reasons) == truth["total"]
        keys = [(code not in truth["alone"], -count, order.index(code)) for code, count in reasons]
        assert keys == sorted(keys)


@QUICK
@given(SEEDS)
def test_two_seeds_differ_at_most_in_the_plan_never_in_its_value(seed):
    world, rules = case(seed)
    one, other = solve(world, rules, seed=1), solve(world, rules, seed=2)
    assert one.levels == other.levels
    assert solve(world, rules, seed=1).seats == one.seats
