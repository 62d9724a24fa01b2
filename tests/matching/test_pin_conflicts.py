"""Clashing pins are refused before any solve, as minimal conflicts, against enumeration of all seatings."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching import ConstraintKind, Facts, Pin, PinConflictError, PinConstraint, Policy, solve
from matching.build import build
from matching.generate import Shape, generate_facts, teams_policy
from matching.policy import TONGREN_TEAMS
from matching.problem import ProblemData
from matching.solvers.seating import check_seating
from tests.matching.diagnose.by_hand import counts_for_group, free_capacity
from tests.matching.factories import B, facts, mentee, mentor, policy
from tests.matching.test_teams_solver import case as team_case

SEEDS = st.integers(0, 10**6)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
NO_LIMIT = 10**6


def all_constraints(world: Facts, rules: Policy) -> list[PinConstraint]:
    """Return everything that can bind pins, by hand."""
    found = []
    for one in world.mentees:
        released = "TOWNSHIP_RULE" in one.released_rules
        away = rules.n_seats - 1 if rules.geography.min_one_mentor_same_township and not released else NO_LIMIT
        village = 1 if rules.geography.same_village_mentor == "AT_MOST_ONE" else NO_LIMIT
        for kind, limit in (
            (ConstraintKind.TEAM_SEATS, rules.n_seats),
            (ConstraintKind.DISTINCT_MENTORS, 1),
            (ConstraintKind.TOWNSHIP_RULE, away),
            (ConstraintKind.VILLAGE_RULE, village),
        ):
            if limit < NO_LIMIT:
                found.append(PinConstraint(kind=kind, mentee_id=one.id, limit=limit))
    for person in {m.person_id for m in world.mentors}:
        free = free_capacity(world, rules, person)
        found.append(PinConstraint(kind=ConstraintKind.FREE_CAPACITY, person_id=person, limit=free))
        for slot in rules.slots:
            if slot.cap is not None:
                cap = PinConstraint(kind=ConstraintKind.SLOT_CAP, person_id=person, slot=slot.code, limit=slot.cap)
                found.append(cap)
    return found


def holds(
    pins: Sequence[Pin], constraints: Sequence[PinConstraint], problem: ProblemData, world: Facts, rules: Policy
) -> bool:
    """Whether some choice of a seat per pin keeps the constraints: all choices are tried."""
    mentees, mentors = {m.id: m for m in world.mentees}, {m.id: m for m in world.mentors}
    open_seats = {
        (c.mentees[i].id, c.mentors[j].id, rules.slot_codes[s])
        for c in problem.components
        for i, s, j in zip(c.arc_mentee, c.arc_seat, c.arc_mentor, strict=True)
    }
    choices = [
        [s for s in rules.slot_codes if pin.slot in (None, s) and (pin.mentee_id, pin.mentor_id, s) in open_seats]
        for pin in pins
    ]

    def keeps(seats: Sequence[str], constraint: PinConstraint) -> bool:
        sits = {(pin.mentee_id, pin.mentor_id, seat) for pin, seat in zip(pins, seats, strict=True)}
        own = [sit for sit in sits if sit[0] == constraint.mentee_id]
        served = {(c, s) for c, j, s in sits if mentors[j].person_id == constraint.person_id}
        match constraint.kind:
            case ConstraintKind.TEAM_SEATS:
                return len({seat for _, _, seat in own}) == len(own)
            case ConstraintKind.DISTINCT_MENTORS:
                return len({mentors[j].person_id for _, j, _ in own}) == len(own)
            case ConstraintKind.FREE_CAPACITY:
                return len({c for c, _ in served}) <= constraint.limit
            case ConstraintKind.SLOT_CAP:
                return len({c for c, s in served if s == constraint.slot}) <= constraint.limit
            case _:
                rule = constraint.kind.value
                counted = [j for c, j, _ in own if counts_for_group(mentees[c], mentors[j], rule, world, rules)]
                return len(counted) <= constraint.limit

    return any(all(keeps(seats, c) for c in constraints) for seats in itertools.product(*choices))


def check(world: Facts, rules: Policy, seed: int, n_pins: int) -> bool:
    """Pin random admissible links and check the outcome; return whether they clash."""
    draw = random.Random(seed)
    problem = build(world, rules)
    links = [
        (c.mentees[i].id, c.mentors[j].id, draw.choice([None, rules.slot_codes[s]]))
        for c in problem.components
        for i, s, j in zip(c.arc_mentee, c.arc_seat, c.arc_mentor, strict=True)
    ]
    chosen = draw.sample(links, k=min(n_pins, len(links)))
    pins = tuple(Pin(id=f"p{n}", mentee_id=i, mentor_id=j, slot=s) for n, (i, j, s) in enumerate(chosen))
    pinned = replace(world, pins=pins)
    clash: PinConflictError | None = None
    try:
        check_seating(pinned, rules, build(pinned, rules))
    except PinConflictError as error:
        clash = error
    if clash is None:
        assert holds(pins, all_constraints(world, rules), problem, world, rules)
        return False
    kept = [pin for pin in pins if pin.id in clash.pins]
    bound = list(clash.constraints)
    assert len(kept) == len(clash.pins) > 0
    assert bound
    assert set(bound) <= set(all_constraints(world, rules))
    assert not holds(kept, bound, problem, world, rules)
    assert all(holds([p for p in kept if p != pin], bound, problem, world, rules) for pin in kept)
    assert all(holds(kept, [c for c in bound if c != one], problem, world, rules) for one in bound)
    return True


@QUICK
@given(SEEDS)
def test_random_pins_under_slot_caps_hold_or_clash_minimally(seed):
    draw = random.Random(seed)
    k = draw.randint(1, 3)
    slots = [{**slot, "cap": draw.choice([None, 1, 1, 2])} for slot in teams_policy(k).to_json()["slots"]]
    rules = teams_policy(k, loadCap=3).model_copy(update={"slots": policy(*slots).slots})
    shape = Shape(n_mentees=4, n_mentors=3, n_townships=1, flaw_share=0.0, max_capacity=None, second_record_share=0.4)
    check(generate_facts(seed, shape), rules, seed, n_pins=draw.randint(2, 7))


@QUICK
@given(SEEDS)
def test_random_pins_under_team_rules_hold_or_clash_minimally(seed):
    world, rules = team_case(seed, Shape(n_mentees=3, n_mentors=5, n_townships=2, second_record_share=0.3))
    check(world, rules, seed, n_pins=random.Random(seed).randint(2, 6))


def test_the_random_pins_do_clash_in_many_ways():
    shape = Shape(n_mentees=4, n_mentors=3, n_townships=1, flaw_share=0.0, max_capacity=None)
    rules = policy({"code": "FIRST", "cap": 1}, {"code": "SECOND", "cap": 1}, loadCap=3)
    outcomes = {check(generate_facts(seed, shape), rules, seed, n_pins=4) for seed in range(12)}
    assert outcomes == {True, False}


def pin(name: str, mentee_id: str, mentor_id: str, slot: str | None = None) -> Pin:
    return Pin(id=name, mentee_id=mentee_id, mentor_id=mentor_id, slot=slot)


def conflict(world: Facts, rules: Policy) -> PinConflictError:
    with pytest.raises(PinConflictError) as refusal:
        solve(world, rules)
    return refusal.value


def test_caps_that_clash_only_through_a_third_team_name_all_three():
    rules = policy({"code": "FIRST", "cap": 1}, {"code": "SECOND", "cap": 1}, loadCap=2)
    people = [mentee("c1"), mentee("c2")]
    mentors = [mentor("m1", capacity=2), mentor("m2", capacity=2)]
    # m1 sits FIRST with c1, so SECOND with c2, so m2 sits FIRST with c2, and may not with c1.
    pins = (pin("p1", "c1", "m1", "FIRST"), pin("p2", "c2", "m1"), pin("p3", "c2", "m2"), pin("p4", "c1", "m2"))
    assert solve(facts(people, mentors, pins=pins), rules).metrics.n_filled == 4
    clash = (*pins[:3], pin("p4", "c1", "m2", "FIRST"))
    assert conflict(facts(people, mentors, pins=clash), rules).pins == ("p1", "p4")
    third = mentor("m3", capacity=2)
    chain = (pin("q1", "c1", "m1", "FIRST"), pin("q2", "c2", "m1"), pin("q3", "c2", "m3", "SECOND"))
    found = conflict(facts(people, [*mentors, third], pins=chain), rules)
    assert found.pins == ("q1", "q2", "q3")
    assert [(c.kind, c.mentee_id or c.person_id, c.slot) for c in found.constraints] == [
        (ConstraintKind.SLOT_CAP, "person-m1", "FIRST"),
        (ConstraintKind.TEAM_SEATS, "c2", ""),
    ]


def test_pins_from_elsewhere_clash_with_the_team_rule_and_are_refused_by_build():
    away = {"anchors": (B,), "pool_township": B}
    world = facts([mentee()], [mentor("m1", **away), mentor("m2", **away), mentor("m3")],
                  pins=(pin("p1", "c1", "m1"), pin("p2", "c1", "m2")))  # fmt: skip
    with pytest.raises(PinConflictError) as refusal:
        build(world, TONGREN_TEAMS)
    rule = PinConstraint(kind=ConstraintKind.TOWNSHIP_RULE, mentee_id="c1", limit=1)
    assert (refusal.value.pins, refusal.value.constraints) == (("p1", "p2"), (rule,))
    assert str(refusal.value) == (
        "pins p1, p2 cannot be honoured: team rule minOneMentorSameTownship of mentee c1 allows 1 mentors from "
        "elsewhere; remove or change one of them"
    )


def test_three_pins_on_one_place_are_narrowed_down_to_two():
    people = [mentee(f"c{i}") for i in (1, 2, 3)]
    world = facts(people, [mentor(capacity=1)], pins=tuple(pin(f"p{i}", f"c{i}", "m1") for i in (1, 2, 3)))
    found = conflict(world, policy())
    free = PinConstraint(kind=ConstraintKind.FREE_CAPACITY, person_id="person-m1", limit=1)
    assert (found.pins, found.constraints, found.rules) == (("p1", "p2"), (free,), ())


def test_two_slots_for_one_pair_clash_with_one_seat_per_person():
    world = facts(pins=(pin("p1", "c1", "m1", "A"), pin("p2", "c1", "m1", "B")))
    found = conflict(world, policy({"code": "A"}, {"code": "B"}))
    assert (found.pins, [c.kind for c in found.constraints]) == (("p1", "p2"), [ConstraintKind.DISTINCT_MENTORS])


def test_a_pin_against_a_hard_rule_carries_the_rules():
    world = facts(mentors=[mentor(has_discipline_in_force=True)], pins=(pin("p1", "c1", "m1"),))
    found = conflict(world, policy())
    assert (found.pins, found.constraints, found.rules) == (("p1",), (), ("DISCIPLINE",))
