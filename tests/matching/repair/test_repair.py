"""What a repair does and says, case by case."""

from dataclasses import replace

import pytest

from matching import (
    EndCause,
    InvalidFactsError,
    InvalidPolicyError,
    LevelName,
    MenteeFate,
    MentorFate,
    Pin,
    PinConflictError,
    Policy,
    repair,
    solve,
    verify,
)
from matching.policy import TONGREN_2_PLUS_1, TONGREN_TEAMS
from matching.vocabulary import MentorCategory, MentorState, ReasonCode, ReviewLevel, SkillLevel, SolveStatus, Specialty
from tests.matching.factories import A1, A2, B1, D1, A, B, facts, links, mentee, mentor, policy, two_slots
from tests.matching.oracles import levels_of
from tests.matching.test_acceptance import tongren

ONE = policy(loadCap=1)
PAIR = facts([mentee("c1"), mentee("c2")], [mentor("m1"), mentor("m2"), mentor("m3")])
ROSTER = (("c1", "MENTOR", "m1"), ("c2", "MENTOR", "m2"))


def without_mentees(world, *ids):
    return replace(world, mentees=tuple(m for m in world.mentees if m.id not in ids))


def without_mentors(world, *ids):
    return replace(world, mentors=tuple(m for m in world.mentors if m.id not in ids))


def changed_mentor(world, mentor_id, **changes):
    return replace(world, mentors=tuple(replace(m, **changes) if m.id == mentor_id else m for m in world.mentors))


def causes(found):
    return {(link.mentee_id, link.mentor_id): link.cause for link in found.ended}


def test_a_roster_that_still_holds_stays_as_it_is():
    found = repair(replace(PAIR, published=ROSTER), ONE)
    assert set(links(found.result)) == set(ROSTER)
    assert (found.n_published, found.n_kept, found.n_changed_links, found.n_people_affected) == (2, 2, 0, 0)
    assert (found.ended, found.added, found.mentees, found.mentors, found.offers) == ((), (), (), (), ())
    assert found.result.status is SolveStatus.OPTIMAL
    assert dict(found.before) == levels_of(found.result)


def test_a_worse_roster_is_kept_although_a_solve_would_change_it():
    far = facts([mentee("c1"), mentee("c2", village=B1)], [mentor("m1"), mentor("m2", anchors=(B,), pool_township=B)])
    crossed = (("c1", "MENTOR", "m2"), ("c2", "MENTOR", "m1"))
    assert set(links(solve(far, ONE))) != set(crossed)
    assert set(links(repair(replace(far, published=crossed), ONE).result)) == set(crossed)


def test_the_mentors_of_a_mentee_who_left_are_free_again():
    found = repair(without_mentees(replace(PAIR, published=ROSTER), "c1"), ONE)
    assert links(found.result) == [("c2", "MENTOR", "m2")]
    assert causes(found) == {("c1", "m1"): EndCause.MENTEE_LEFT}
    (gone,), (free,) = found.mentees, found.mentors
    assert (gone.mentee_id, gone.fate, gone.ended) == ("c1", MenteeFate.LEFT, ("m1",))
    assert (free.mentor_id, free.fate, free.free_capacity) == ("m1", MentorFate.FREE_AGAIN, 1)
    assert (found.n_changed_links, found.n_people_affected) == (1, 2)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"is_in_pool": False}, EndCause.MENTEE_LEFT),
        ({"age_years": 51}, EndCause.MENTEE_NOT_ELIGIBLE),
        ({"review_level": ReviewLevel.NONE}, EndCause.MENTEE_NOT_ELIGIBLE),
    ],
)
def test_a_mentee_who_takes_no_part_any_more_loses_the_mentor(change, cause):
    world = replace(PAIR, mentees=(mentee("c1", **change), PAIR.mentees[1]), published=ROSTER)
    found = repair(world, ONE)
    assert causes(found) == {("c1", "m1"): cause}
    assert [m.fate for m in found.mentees] == [MenteeFate.LEFT]
    assert links(found.result) == [("c2", "MENTOR", "m2")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": MentorState.SUSPENDED}, ReasonCode.MENTOR_INACTIVE),
        ({"is_available": False}, ReasonCode.MENTOR_INACTIVE),
        ({"has_discipline_in_force": True}, ReasonCode.DISCIPLINE),
        ({"grassroots_months": 30}, ReasonCode.MIN_EXPERIENCE),
    ],
)
def test_a_mentor_who_may_not_serve_any_more_is_replaced_and_nobody_else_moves(change, reason):
    found = repair(changed_mentor(replace(PAIR, published=ROSTER), "m1", **change), ONE)
    assert set(links(found.result)) == {("c1", "MENTOR", "m3"), ("c2", "MENTOR", "m2")}
    (ended,), (added,) = found.ended, found.added
    assert (ended.cause, ended.replaced_by, added.replaces) == (EndCause.RULE, "m3", "m1")
    assert reason in ended.reasons
    assert [(m.mentee_id, m.fate, m.ended, m.added) for m in found.mentees] == [
        ("c1", MenteeFate.REPLACED, ("m1",), ("m3",))
    ]
    assert {m.mentor_id: m.fate for m in found.mentors} == {"m1": MentorFate.LEFT, "m3": MentorFate.GAINED}
    assert (found.n_changed_links, found.n_moves, found.n_people_affected) == (2, 0, 3)


def test_a_mentor_who_is_gone_from_the_facts_is_told_from_one_whom_a_rule_keeps_out():
    found = repair(without_mentors(replace(PAIR, published=ROSTER), "m1"), ONE)
    assert causes(found) == {("c1", "m1"): EndCause.MENTOR_LEFT}
    assert set(links(found.result)) == {("c1", "MENTOR", "m3"), ("c2", "MENTOR", "m2")}


def test_the_best_of_the_free_mentors_takes_a_free_seat():
    world = changed_mentor(replace(PAIR, published=ROSTER), "m1", state=MentorState.RETIRED)
    better = replace(world, mentors=(*world.mentors, mentor("m4", grassroots_months=200)))
    assert ("c1", "MENTOR", "m4") in links(repair(better, ONE).result)


def test_a_mentor_above_capacity_keeps_as_many_as_possible_and_the_objective_says_whom():
    near, far = mentee("c1", village=B1), mentee("c2", village=A1)
    world = facts([near, far], [mentor("m1", capacity=1)])
    roster = (("c1", "MENTOR", "m1"), ("c2", "MENTOR", "m1"))
    found = repair(replace(world, published=roster), policy(loadCap=2))
    assert links(found.result) == [("c2", "MENTOR", "m1")]
    assert causes(found) == {("c1", "m1"): EndCause.OVER_CAPACITY}
    assert [(m.mentor_id, m.fate, m.kept, m.ended) for m in found.mentors] == [
        ("m1", MentorFate.REDUCED, ("c2",), ("c1",))
    ]
    assert [(m.mentee_id, m.fate, m.n_empty) for m in found.mentees] == [("c1", MenteeFate.REDUCED, 1)]


def test_a_new_slot_cap_lets_the_fewest_links_go():
    world = facts([mentee("c1"), mentee("c2"), mentee("c3")], [mentor("m1")])
    roster = tuple((f"c{i}", "MENTOR", "m1") for i in (1, 2, 3))
    found = repair(replace(world, published=roster), policy({"code": "MENTOR", "cap": 2}, loadCap=3))
    assert found.n_kept == len(found.result.seats) == 2
    assert set(causes(found).values()) == {EndCause.OVER_SLOT_CAP}


def test_newcomers_are_served_by_free_mentors():
    joined = replace(PAIR, mentees=(*PAIR.mentees, mentee("c0")), published=ROSTER)
    found = repair(joined, ONE)
    assert set(links(found.result)) == {*ROSTER, ("c0", "MENTOR", "m3")}
    assert [(m.mentee_id, m.fate) for m in found.mentees] == [("c0", MenteeFate.GAINED)]


def chain():
    """Return a newcomer whom only m1 may serve, who serves c1, whom the free m2 may serve as well."""
    world = facts([mentee("c1"), mentee("c2", village=B1)], [mentor("m1", anchors=(A, B)), mentor("m2")])
    return replace(world, published=(("c1", "MENTOR", "m1"),)), policy(
        {"code": "MENTOR", "admitsOwnTownshipOnly": True}, loadCap=1
    )


def test_without_a_budget_a_seat_stays_empty_with_reasons_and_the_price_of_filling_it():
    world, rules = chain()
    for budget in (0, 1):
        found = repair(world, rules, max_changes=budget)
        assert links(found.result) == [("c1", "MENTOR", "m1")]
        (gap,) = found.result.shortfalls
        assert gap.mentee_id == "c2"
        assert (ReasonCode.ALL_AT_CAPACITY, 1) in gap.reasons
        assert [(m.mentee_id, m.fate, m.n_empty) for m in found.mentees] == [("c2", MenteeFate.SHORT, 1)]
    assert repair(world, rules).offers == ((2, 1),)


def test_a_budget_of_two_changes_lets_one_mentor_move_on():
    world, rules = chain()
    found = repair(world, rules, max_changes=2)
    assert set(links(found.result)) == {("c1", "MENTOR", "m2"), ("c2", "MENTOR", "m1")}
    assert causes(found) == {("c1", "m1"): EndCause.MOVED}
    assert (found.n_moves, found.n_changed_links, found.n_people_affected) == (2, 3, 4)
    assert {m.mentor_id: m.fate for m in found.mentors} == {"m1": MentorFate.REASSIGNED, "m2": MentorFate.GAINED}
    assert dict(found.before)[LevelName.SEATS_FILLED] == 1
    assert found.result.status is SolveStatus.OPTIMAL


def test_a_budget_for_the_score_has_a_bound_that_it_cannot_pass():
    far = facts(
        [mentee("c1"), mentee("c2", village=B1), mentee("c3", village=A2)],
        [mentor("m1"), mentor("m2", anchors=(B,), pool_township=B), mentor("m3", grassroots_months=100)],
    )
    crossed = (("c1", "MENTOR", "m2"), ("c2", "MENTOR", "m1"), ("c3", "MENTOR", "m3"))
    rules = policy(loadCap=1, stability={"mode": "NONE"})
    scores = []
    for budget in (0, 3, 4, None):
        found = repair(replace(far, published=crossed), rules, max_changes=budget)
        level = next(level for level in found.result.levels if level.name is LevelName.SCORE)
        assert level.bound >= level.value
        assert budget is None or found.n_moves <= budget
        scores.append(level.value)
    assert scores[0] == scores[1] < scores[2] <= scores[3]


def test_a_pin_takes_its_mentor_from_the_roster():
    pinned = replace(PAIR, published=ROSTER, pins=(Pin(id="p", mentee_id="c2", mentor_id="m1"),))
    found = repair(pinned, ONE)
    assert ("c2", "MENTOR", "m1") in links(found.result)
    assert causes(found) == {("c1", "m1"): EndCause.OVER_CAPACITY, ("c2", "m2"): EndCause.PIN}
    assert verify(pinned, ONE, links(found.result)) == ()


def test_pins_that_clash_are_refused_by_name():
    pins = tuple(Pin(id=f"p{i}", mentee_id=f"c{i}", mentor_id="m1") for i in (1, 2))
    with pytest.raises(PinConflictError) as refusal:
        repair(replace(PAIR, published=ROSTER, pins=pins), ONE)
    assert refusal.value.pins == ("p1", "p2")


def test_links_of_a_slot_that_is_gone_end():
    roster = (("c1", "FIRST", "m1"), ("c1", "SECOND", "m2"))
    world = replace(facts([mentee("c1")], [mentor("m1"), mentor("m2")]), published=roster)
    found = repair(world, policy({"code": "SECOND"}))
    assert causes(found) == {("c1", "m1"): EndCause.SLOT_GONE}
    assert links(found.result) == [("c1", "SECOND", "m2")]


def test_two_seats_of_one_mentee_are_repaired_one_by_one():
    pool = [mentor("m1"), mentor("m2"), mentor("m3")]
    world = facts([mentee("c1")], pool, published=(("c1", "FIRST", "m1"), ("c1", "SECOND", "m2")))
    found = repair(changed_mentor(world, "m2", has_discipline_in_force=True), two_slots())
    assert set(links(found.result)) == {("c1", "FIRST", "m1"), ("c1", "SECOND", "m3")}


def team_world():
    """Return a mentee with two needs, whose mentor m1 covers one of them, and two free mentors alike in all else."""
    needs = {Specialty.INDUSTRY: 1.0, Specialty.MEDIATION: 1.0}
    first = mentor("m1", skills={Specialty.INDUSTRY: SkillLevel.GOOD})
    same = mentor("m2", category=MentorCategory.VILLAGE_SECRETARY, skills={Specialty.INDUSTRY: SkillLevel.GOOD})
    other = mentor("m3", category=MentorCategory.VILLAGE_SECRETARY, skills={Specialty.MEDIATION: SkillLevel.GOOD})
    return facts([mentee("c1", needs=needs)], [first, same, other])


@pytest.mark.parametrize("lost", ["m2", "m3"])
def test_a_free_seat_of_a_team_counts_the_whole_team_with_those_who_stay(lost):
    world = replace(team_world(), published=(("c1", "TOWNSHIP_MENTOR", "m1"), ("c1", "VILLAGE_MENTOR", "m4")))
    found = repair(world, TONGREN_TEAMS)
    assert set(links(found.result)) == {("c1", "TOWNSHIP_MENTOR", "m1"), ("c1", "VILLAGE_MENTOR", "m3")}
    assert causes(found) == {("c1", "m4"): EndCause.MENTOR_LEFT}
    assert levels_of(found.result)[LevelName.SCORE] == found.result.teams[0].score
    rest = repair(without_mentors(world, lost), TONGREN_TEAMS)
    assert ("c1", "TOWNSHIP_MENTOR", "m1") in links(rest.result)
    assert len(rest.result.seats) == 2


def test_a_kept_mentor_keeps_the_seat_even_where_another_seat_would_score_more():
    misfit = mentor("m1", category=MentorCategory.VILLAGE_SECRETARY)
    world = facts([mentee("c1")], [misfit, mentor("m2")], published=(("c1", "TOWNSHIP_MENTOR", "m1"),))
    for mode in ("NONE", "KEEP_UNLESS_INVALID"):
        rules = Policy.from_json({**TONGREN_TEAMS.to_json(), "stability": {"mode": mode}})
        found = repair(world, rules)
        assert set(links(found.result)) == {("c1", "TOWNSHIP_MENTOR", "m1"), ("c1", "VILLAGE_MENTOR", "m2")}


def test_a_team_that_breaks_a_new_rule_lets_one_member_go():
    away = {"anchors": (B,), "pool_township": B}
    roster = (("c1", "TOWNSHIP_MENTOR", "m1"), ("c1", "VILLAGE_MENTOR", "m2"))
    world = facts([mentee("c1")], [mentor("m1", **away), mentor("m2", **away), mentor("m3")], published=roster)
    found = repair(world, TONGREN_TEAMS)
    assert found.n_kept == 1
    assert set(causes(found).values()) == {EndCause.TEAM_RULE}
    assert "m3" in {mentor_id for _, _, mentor_id in links(found.result)}
    assert verify(world, TONGREN_TEAMS, links(found.result)) == ()


@pytest.mark.parametrize("rules", [TONGREN_2_PLUS_1, TONGREN_TEAMS], ids=["separable", "teams"])
def test_a_county_without_any_mentor_left_keeps_its_seats_empty(rules):
    roster = (("c1", "TOWNSHIP_MENTOR", "m1"), ("c2", "VILLAGE_MENTOR", "m2"))
    world = facts([mentee("c1"), mentee("c2", village=D1)], [mentor("m1")], published=roster)
    for budget in (0, 2, None):
        found = repair(world, rules, max_changes=budget)
        assert links(found.result) == [roster[0]]
        assert causes(found) == {("c2", "m2"): EndCause.MENTOR_LEFT}
        assert len(found.result.shortfalls) == 3


@pytest.mark.parametrize("rules", [TONGREN_2_PLUS_1, TONGREN_TEAMS], ids=["separable", "teams"])
def test_when_every_mentee_has_left_all_mentors_are_free_again(rules):
    world = facts([mentee("c1", is_in_pool=False)], [mentor("m1")], published=(("c1", "TOWNSHIP_MENTOR", "m1"),))
    found = repair(world, rules, max_changes=3)
    assert (links(found.result), found.result.status) == ([], SolveStatus.OPTIMAL)
    assert [(m.mentor_id, m.fate, m.free_capacity) for m in found.mentors] == [("m1", MentorFate.FREE_AGAIN, 1)]


def test_max_min_fairness_is_judged_over_those_who_stay_as_well():
    rules = Policy.from_json({**TONGREN_TEAMS.to_json(), "fairness": {"mode": "MAXMIN"}})
    world = facts([mentee("c1"), mentee("c2")], [mentor(f"m{i}", grassroots_months=60 + 12 * i) for i in range(5)])
    roster = tuple(links(solve(world, rules)))
    gone = next(m for i, _, m in roster if i == "c1")
    found = repair(without_mentors(replace(world, published=roster), gone), rules)
    assert {link for link in roster if link[2] != gone} <= set(links(found.result))
    assert levels_of(found.result)[LevelName.FAIRNESS] == min(team.score for team in found.result.teams)


def test_without_a_roster_there_is_nothing_to_repair():
    with pytest.raises(InvalidFactsError, match="no roster is in force"):
        repair(PAIR, ONE)


def test_a_negative_budget_is_refused():
    with pytest.raises(InvalidPolicyError, match="maxChanges"):
        repair(replace(PAIR, published=ROSTER), ONE, max_changes=-1)


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        ({"fairness": {"mode": "NONE", "weakTeams": "FORBID"}}, "weak teams are forbidden"),
        ({"slots": [{"code": "T", "cap": 1}, {"code": "V"}]}, "slots have caps"),
    ],
)
def test_a_shape_that_a_repair_has_no_form_for_is_refused_in_words(change, obstacle):
    world = tongren(2, 4, 1)
    whole = Policy.from_json(TONGREN_TEAMS.to_json() | change)
    with pytest.raises(InvalidPolicyError, match=f"{obstacle}.*solve with maxChanges"):
        repair(replace(world, published=(("c0000", whole.slot_codes[0], "m0000"),)), whole)


def assert_only_the_freed_mentors_change(n_mentees: int, n_leaving: int) -> None:
    """Acceptance fact 4 of the domain (section 7)."""
    world = tongren(n_mentees, 2 * n_mentees, 1)
    slots = TONGREN_2_PLUS_1.slot_codes
    roster = tuple((f"c{i:04d}", slots[seat], f"m{2 * i + seat:04d}") for i in range(n_mentees) for seat in range(2))
    assert verify(world, TONGREN_2_PLUS_1, roster) == ()
    leaving = {f"c{i:04d}" for i in range(0, n_mentees, n_mentees // n_leaving)[:n_leaving]}
    freed = {mentor_id for mentee_id, _, mentor_id in roster if mentee_id in leaving}
    assert (len(leaving), len(freed)) == (n_leaving, 2 * n_leaving)
    found = repair(without_mentees(replace(world, published=roster), *leaving), TONGREN_2_PLUS_1)
    assert set(links(found.result)) == {link for link in roster if link[0] not in leaving}
    assert {m.mentor_id for m in found.mentors if m.fate is MentorFate.FREE_AGAIN} == freed
    assert len(found.mentors) == 2 * n_leaving
    assert {m.mentee_id for m in found.mentees} == leaving
    assert {m.fate for m in found.mentees} == {MenteeFate.LEFT}
    assert (found.n_changed_links, found.added, found.result.shortfalls) == (2 * n_leaving, (), ())
    assert found.n_people_affected == 3 * n_leaving


def test_candidates_who_leave_free_exactly_their_mentors_and_no_other_pairing_changes():
    assert_only_the_freed_mentors_change(152, 5)


@pytest.mark.slow
def test_35_of_1216_candidates_who_leave_free_exactly_70_mentors_and_no_other_pairing_changes():
    assert_only_the_freed_mentors_change(1216, 35)
