"""Remedies: every stated effect is that of a real solve of the changed facts and policy."""

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching import Facts, Policy, Remedy, RemedyKind, apply_remedy, diagnose, solve
from matching.diagnose.named import CAN_BE_ACTIVATED
from matching.generate import Shape, generate_facts
from matching.policy import TONGREN_TEAMS
from matching.vocabulary import MentorCategory, MentorState
from tests.matching.factories import B1, C1, A, B, C, facts, mentee, mentor, policy
from tests.matching.test_properties import case as separable_case
from tests.matching.test_teams_solver import case as team_case

SEEDS = st.integers(0, 10**6)
QUICK = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def all_remedies(world: Facts, rules: Policy) -> list[Remedy]:
    found = diagnose(world, rules)
    return [*found.policy_remedies, *(remedy for c in found.certificates for remedy in c.remedies)]


def n_empty(world: Facts, rules: Policy) -> int:
    return len(solve(world, rules).shortfalls)


@pytest.mark.parametrize("case", [separable_case, team_case], ids=["separable", "teams"])
@QUICK
@given(seed=SEEDS)
def test_every_effect_is_what_a_solve_with_the_change_gains(case, seed):
    world, rules = case(seed)
    remedies = all_remedies(world, rules)
    before = n_empty(world, rules)
    for remedy in random.Random(seed).sample(remedies, k=min(4, len(remedies))):
        assert 0 < remedy.effect == before - n_empty(*apply_remedy(world, rules, remedy)), remedy


@QUICK
@given(seed=SEEDS)
def test_policy_numbers_are_relaxed_no_further_than_they_help(seed):
    shape = Shape(n_mentees=6, n_mentors=8, missing_share=0.0, max_capacity=None)
    world = generate_facts(seed, shape)
    young = replace(world, mentors=tuple(replace(m, grassroots_months=24 + 3 * i) for i, m in enumerate(world.mentors)))
    rules = policy(
        {"code": "MENTOR", "cap": 1},
        loadCap=1,
        poolScope=["OWN_TOWNSHIP"],
        geography={"useTravelMinutes": True, "maxTravelMinutes": 10},
    )
    before = n_empty(young, rules)
    for remedy in diagnose(young, rules).policy_remedies:
        changed = apply_remedy(young, rules, remedy)[1]
        assert before - n_empty(young, changed) == remedy.effect > 0
        if remedy.path == "experience.seniorityGapYears" and remedy.value:
            stricter = apply_remedy(young, rules, replace(remedy, value=remedy.value + 0.1))[1]
            assert before - n_empty(young, stricter) < remedy.effect
        if remedy.path == "geography.maxTravelMinutes":
            stricter = apply_remedy(young, rules, replace(remedy, value=remedy.value - 5))[1]
            assert before - n_empty(young, stricter) < remedy.effect


def kinds(world: Facts, rules: Policy) -> list[tuple[str, int]]:
    return [(str(remedy.kind), remedy.effect) for c in diagnose(world, rules).certificates for remedy in c.remedies]


def test_remedies_come_cheapest_first_with_their_fields():
    people = [mentee(f"c{i}") for i in (1, 2, 3)]
    away = [mentor(f"n{i}", anchors=(B,), pool_township=B) for i in (1, 2)]
    idle = mentor("m2", state=MentorState.PROPOSED)
    rules = policy({"code": "MENTOR", "admitsOwnTownshipOnly": True}, loadCap=1)
    (certificate,) = diagnose(facts(people, [mentor("m1"), idle, *away]), rules, most_per_kind=2).certificates
    assert certificate.remedies == (
        Remedy(kind=RemedyKind.RAISE_CAPACITY, effect=1, mentor_id="m1", person_id="person-m1"),
        Remedy(kind=RemedyKind.RELEASE_TOWNSHIP_RULE, effect=1, mentee_id="c1"),
        Remedy(kind=RemedyKind.RELEASE_TOWNSHIP_RULE, effect=1, mentee_id="c2"),
        Remedy(kind=RemedyKind.ACTIVATE_MENTOR, effect=1, mentor_id="m2", person_id="person-m2"),
        Remedy(
            kind=RemedyKind.ADD_MENTORS,
            effect=2,
            township=A,
            county=people[0].county,
            category=MentorCategory.TOWNSHIP_LEADER,
            n_mentors=2,
            least_years=3.0,
        ),
    )


@pytest.mark.parametrize("state", [MentorState.RETIRED, MentorState.REMOVED])
def test_retired_and_removed_mentors_are_not_called_back(state):
    assert state not in CAN_BE_ACTIVATED
    world = facts([mentee()], [mentor(state=state)])
    assert kinds(world, policy()) == [("ADD_MENTORS", 1)]


def test_avoidance_is_never_a_remedy():
    world = facts([mentee()], [mentor(has_discipline_in_force=True)])
    assert kinds(world, policy()) == [("ADD_MENTORS", 1)]
    assert diagnose(world, policy()).policy_remedies == ()


def test_a_released_mentee_takes_a_second_mentor_from_elsewhere():
    away = [mentor(f"m{i}", anchors=(B,), pool_township=B) for i in (1, 2)]
    world = facts([mentee()], away)
    (certificate,) = diagnose(world, TONGREN_TEAMS).certificates
    first = certificate.remedies[0]
    assert (first.kind, first.mentee_id, first.effect) == ("RELEASE_TOWNSHIP_RULE", "c1", 1)
    assert n_empty(*apply_remedy(world, TONGREN_TEAMS, first)) == 0


def test_a_wider_scope_a_smaller_gap_and_a_higher_cap_are_remedies_of_the_policy():
    near = mentor("m1", capacity=None)
    far = mentor("m2", anchors=(C,), pool_township=C)
    people = [mentee("c1"), mentee("c2")]
    narrow = policy({"code": "MENTOR"}, loadCap=1, poolScope=["OWN_TOWNSHIP"])
    found = {(r.path, r.value, r.effect) for r in diagnose(facts(people, [near, far]), narrow).policy_remedies}
    assert found == {("loadCap", 2, 1), ("poolScope", ("OWN_TOWNSHIP", "ZONE", "COUNTY"), 1)}
    green = [mentee("c1", grassroots_months=54), mentee("c2", village=C1, grassroots_months=60)]
    gap = diagnose(facts(green, [mentor("m1"), mentor("m2")]), policy(loadCap=1)).policy_remedies
    assert [(r.path, r.value, r.effect) for r in gap] == [("experience.seniorityGapYears", 1.0, 2)]
    capped = policy({"code": "MENTOR", "cap": 1}, loadCap=2)
    found = {(r.path, r.value, r.effect) for r in diagnose(facts(people, [near]), capped).policy_remedies}
    assert found == {("slots.0.cap", 2, 1)}


def test_no_remedy_is_sought_when_none_is_asked_for():
    found = diagnose(facts([mentee("c1"), mentee("c2", village=B1)], [mentor()]), policy(loadCap=1), most_per_kind=0)
    assert [c.remedies for c in found.certificates] == [()]
    assert found.policy_remedies == ()


@pytest.mark.parametrize(
    "remedy",
    [
        Remedy(kind=RemedyKind.ADD_MENTORS, effect=1),
        Remedy(kind=RemedyKind.ADD_MENTORS, effect=1, n_mentors=1),
        Remedy(kind=RemedyKind.RELAX_NUMBER, effect=1),
        Remedy(
            kind=RemedyKind.ADD_MENTORS, effect=1, n_mentors=1, township="520624109000", county="520624000000",
            category=MentorCategory.RETIRED_CADRE, least_years=3.0,
        ),
    ],
)  # fmt: skip
def test_a_remedy_that_lacks_what_its_kind_needs_is_refused(remedy):
    with pytest.raises(ValueError, match=r"needs|no place"):
        apply_remedy(facts(), policy(), remedy)
