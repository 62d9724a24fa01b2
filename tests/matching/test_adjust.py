"""A plan adjusted by hand is a function of the solved plan and the set of adjustments, in no order."""

import random
from dataclasses import replace

import pytest

from matching import (
    Exclusion,
    Facts,
    LevelName,
    MatchingError,
    Pin,
    PinConflictError,
    PlanMismatchError,
    Policy,
    solve,
    verify,
)
from matching.adjust import AdjustedPlan, Link, adjust, adjusted_facts, describe, keeping_policy
from matching.build import build
from matching.explain import explainer_of_result
from matching.generate import Shape, generate_facts
from matching.policy import FUSHAN_ONE_TO_ONE, TONGREN_2_PLUS_1, TONGREN_TEAMS
from matching.stability import holding_links
from tests.matching.factories import B, facts, links, mentee, mentor, policy

ONE = policy(loadCap=1)
STRAIGHT = (("c1", "MENTOR", "m1"), ("c2", "MENTOR", "m2"), ("c3", "MENTOR", "m3"))
"""One of several plans that are equally good: three mentors of A serve three mentees of A."""
SHAPE = Shape(n_mentees=7, n_mentors=14, published_share=0.5)


def teams(**fairness: str) -> Policy:
    content = TONGREN_TEAMS.to_json()
    return Policy.from_json({**content, "fairness": {**content["fairness"], **fairness}})


def capped() -> Policy:
    content = TONGREN_2_PLUS_1.to_json()
    return Policy.from_json({**content, "loadCap": 2, "slots": [{**slot, "cap": 1} for slot in content["slots"]]})


POLICIES = {
    "pairs": TONGREN_2_PLUS_1,
    "one to one": Policy.from_json({**FUSHAN_ONE_TO_ONE.to_json(), "menteeEligibility": {}, "poolScope": ["COUNTY"]}),
    "teams": teams(mode="NONE"),
    "worst tenth": teams(mode="WORST_TENTH"),
    "no weak teams": teams(mode="NONE", weakTeams="FORBID"),
    "slot caps": capped(),
}


def solved(seed: int, rules: Policy) -> tuple[Facts, tuple[Link, ...]]:
    world = generate_facts(seed, SHAPE, slots=rules.slot_codes)
    return world, tuple(links(solve(world, rules)))


def draw_adjustments(world: Facts, rules: Policy, plan: tuple[Link, ...], seed: int) -> list[Pin | Exclusion]:
    """Return up to three adjustments that can hold together."""
    draw = random.Random(seed)
    mentees = {m.id: m.person_id for m in world.mentees}
    mentors = {m.id: m.person_id for m in world.mentors}
    chosen: list[Pin | Exclusion] = []
    for number in range(12):
        mentee_id, slot, mentor_id = draw.choice(plan)
        if draw.random() < 0.4:
            pair = {"mentee_person": mentees[mentee_id], "mentor_person": mentors[mentor_id]}
            more: Pin | Exclusion = Exclusion(**pair, is_complaint=False)
        else:
            more = Pin(id=f"by-hand-{number}", mentee_id=mentee_id, mentor_id=draw.choice(world.mentors).id, slot=slot)
        try:
            made(world, rules, plan, [*chosen, more])
        except PinConflictError:
            continue
        chosen.append(more)
        if len(chosen) == 3:
            break
    return chosen


def made(world: Facts, rules: Policy, plan: tuple[Link, ...], adjustments: list[Pin | Exclusion]) -> AdjustedPlan:
    pins = [each for each in adjustments if isinstance(each, Pin)]
    exclusions = [each for each in adjustments if isinstance(each, Exclusion)]
    return adjust(world, rules, plan, pins=pins, exclusions=exclusions)


def split(adjustments: list[Pin | Exclusion]) -> tuple[list[Pin], list[Exclusion]]:
    return [a for a in adjustments if isinstance(a, Pin)], [a for a in adjustments if isinstance(a, Exclusion)]


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("seed", range(4))
def test_any_order_gives_the_same_legal_plan_and_taking_everything_back_gives_the_solved_one(name, seed):
    rules = POLICIES[name]
    world, plan = solved(seed, rules)
    if not plan:
        assert describe(world, rules, plan).seats == ()
        return
    before = describe(world, rules, plan)
    adjustments = draw_adjustments(world, rules, plan, seed)
    found = made(world, rules, plan, adjustments)
    for order in ([*reversed(adjustments)], [*adjustments[1:], *adjustments[:1]]):
        assert made(world, rules, plan, order) == found
    pins, exclusions = split(adjustments)
    plain = rules.model_copy(update={"stability": keeping_policy(rules).stability})
    assert verify(adjusted_facts(world, pins, exclusions), plain, found.links) == ()
    for left_out in range(len(adjustments)):
        rest = [*adjustments[:left_out], *adjustments[left_out + 1 :]]
        assert made(world, rules, plan, rest) == made(world, rules, plan, rest[::-1])
    assert made(world, rules, plan, []) == before == describe(world, rules, plan)
    assert before.links == plan


@pytest.mark.parametrize("name", POLICIES)
def test_every_link_that_can_stay_beside_the_adjustments_stays(name):
    n_checked = 0
    rules = POLICIES[name]
    for seed in range(12 if name == "one to one" else 4):
        world, plan = solved(seed, rules)
        if not plan:
            continue
        adjustments = draw_adjustments(world, rules, plan, seed + 100)
        found = made(world, rules, plan, adjustments)
        frozen = replace(adjusted_facts(world, *split(adjustments)), published=plan)
        problem = build(frozen, keeping_policy(rules))
        place = {seat[:2]: seat[2] for seat in found.links}
        for component in problem.components:
            for arc in holding_links(component, problem).nonzero()[0].tolist():
                mentee_id = component.mentees[component.arc_mentee[arc]].id
                mentor_id = component.mentors[component.arc_mentor[arc]].id
                assert place[mentee_id, problem.slots[component.arc_seat[arc]]] == mentor_id
                n_checked += 1
    assert n_checked > 5


def three() -> tuple[Facts, tuple[Link, ...]]:
    """Three mentees of A with a mentor each, and one mentor of B who is free."""
    mentees = [mentee("c1"), mentee("c2"), mentee("c3")]
    far = mentor("m4", anchors=(B,), pool_township=B)
    world = facts(mentees, [mentor("m1"), mentor("m2"), mentor("m3"), far])
    return world, STRAIGHT


def test_a_pin_moves_the_pair_and_whoever_gives_way():
    world, plan = three()
    found = adjust(world, ONE, plan, pins=[Pin(id="p", mentee_id="c1", mentor_id="m2")])
    assert found.links == (("c1", "MENTOR", "m2"), ("c2", "MENTOR", "m1"), ("c3", "MENTOR", "m3"))
    assert [seat.is_pinned for seat in found.seats] == [True, False, False]


def test_an_exclusion_takes_the_mentor_away_and_fills_the_seat_anew():
    world, plan = three()
    exclusion = Exclusion(mentee_person="person-c1", mentor_person="person-m1", is_complaint=False)
    found = adjust(world, ONE, plan, exclusions=[exclusion])
    assert found.links == (("c1", "MENTOR", "m4"), ("c2", "MENTOR", "m2"), ("c3", "MENTOR", "m3"))


def test_nobody_else_moves_even_where_that_would_fill_another_seat():
    """m4 lies out of reach of c1, whose only other mentors serve: the seat stays empty, and c2 and c3 keep theirs."""
    own = policy(loadCap=1, poolScope=["OWN_TOWNSHIP"])
    mentees = [mentee("c1"), mentee("c2"), mentee("c3")]
    world = facts(mentees, [mentor("m1"), mentor("m2"), mentor("m3")])
    exclusion = Exclusion(mentee_person="person-c1", mentor_person="person-m1", is_complaint=False)
    found = adjust(world, own, STRAIGHT, exclusions=[exclusion])
    assert found.links == (("c2", "MENTOR", "m2"), ("c3", "MENTOR", "m3"))
    assert [(gap.mentee_id, gap.slot) for gap in found.shortfalls] == [("c1", "MENTOR")]


def test_changes_are_counted_against_the_published_roster_and_not_against_the_solved_plan():
    world, _ = three()
    roster = (("c1", "MENTOR", "m2"), ("c2", "MENTOR", "m1"), ("c3", "MENTOR", "m3"))
    world = replace(world, published=roster)
    plan = tuple(links(solve(world, ONE)))
    assert plan == roster
    found = adjust(world, ONE, plan, pins=[Pin(id="p", mentee_id="c1", mentor_id="m1")])
    assert [seat.changed_from_published for seat in found.seats] == [True, True, False]
    changes = next(level for level in found.levels if level.name is LevelName.CHANGES)
    assert (changes.value, changes.bound) == (4, 0)
    back = adjust(world, ONE, STRAIGHT, pins=[Pin(id="p", mentee_id="c1", mentor_id="m2")])  # fmt: skip
    assert [seat.changed_from_published for seat in back.seats] == [False, False, False]
    assert next(level.value for level in back.levels if level.name is LevelName.CHANGES) == 0


def test_a_pin_against_a_rule_or_another_pin_is_refused():
    world, plan = three()
    kin = Exclusion(mentee_person="person-c1", mentor_person="person-m2", is_complaint=True)
    pin = Pin(id="p", mentee_id="c1", mentor_id="m2")
    with pytest.raises(PinConflictError) as refusal:
        adjust(replace(world, exclusions=(kin,)), ONE, plan, pins=[pin])
    assert refusal.value.rules == ("EXCLUDED",)
    with pytest.raises(PinConflictError):
        adjust(world, ONE, plan, pins=[pin, Pin(id="q", mentee_id="c2", mentor_id="m2")])
    with pytest.raises(PinConflictError):
        adjust(replace(world, pins=(Pin(id="r", mentee_id="c1", mentor_id="m3"),)), ONE, plan, pins=[pin])


def test_links_that_no_arc_allows_are_refused():
    world, _ = three()
    with pytest.raises(PlanMismatchError, match="c1-MENTOR-nobody"):
        describe(world, ONE, [("c1", "MENTOR", "nobody")])


def test_an_adjusted_plan_can_be_explained_with_the_solved_one_as_its_roster():
    world, plan = three()
    pin = Pin(id="p", mentee_id="c1", mentor_id="m2")
    found = adjust(world, ONE, plan, pins=[pin])
    basis = replace(adjusted_facts(world, [pin], []), published=plan)
    result = solve(basis, keeping_policy(ONE))
    assert tuple(links(result)) == found.links
    answer = explainer_of_result(basis, keeping_policy(ONE), result).explain_seat("c3", "MENTOR")
    assert answer.seat is not None
    assert answer.seat.mentor_id == "m3"


def test_every_refusal_is_one_of_the_library():
    world, plan = three()
    with pytest.raises(MatchingError, match="unknown mentee"):
        adjust(world, ONE, plan, pins=[Pin(id="p", mentee_id="nobody", mentor_id="m2")])
