"""The paragraphs, word for word, and what they keep from readers without the right to class A."""

from dataclasses import replace

import pytest

from matching import (
    Exclusion,
    Kinship,
    Pin,
    PinConflictError,
    Remedy,
    RemedyKind,
    certificate_words,
    conflict_words,
    diagnose,
    remedy_words,
    solve,
)
from matching.policy import TONGREN_TEAMS
from matching.vocabulary import MentorCategory, MentorState
from tests.matching.factories import A1, B, facts, mentee, mentor, policy


def certificate(world, rules, most_per_kind=3):
    (found,) = diagnose(world, rules, most_per_kind=most_per_kind).certificates
    return found


def test_a_certificate_reads_as_one_paragraph():
    people = [mentee(f"c{i}") for i in (1, 2, 3)]
    away = mentor("n1", anchors=(B,), pool_township=B)
    mentors = [mentor("m1"), mentor("m2", state=MentorState.PROPOSED), away]
    found = certificate(facts(people, mentors), policy({"code": "MENTOR", "admitsOwnTownshipOnly": True}, loadCap=1), 1)
    words = certificate_words(found)
    assert words.english == (
        "3 mentees (c1, c2, c3) need 3 seats (MENTOR), but only 1 admissible mentor has 1 free place: "
        "2 seats must stay empty in every plan. Other mentors are kept out by: MENTOR_INACTIVE 1, TOWNSHIP_RULE 1. "
        "Cheapest remedies, each taken alone: raising the capacity of mentor m1 by one fills 1 seat; "
        "releasing the township rule for c1 fills 1 seat; approving or activating mentor m2 fills 1 seat; "
        "adding 2 mentors of category TOWNSHIP_LEADER with at least 3 years in 520624101000 fills 2 seats."
    )
    assert words.chinese == (
        "3名帮带对象（c1、c2、c3）需要3个席位（MENTOR），而有空余名额的合格导师仅1名、共1个名额，任何方案都有2个席位空缺。"
        "其他导师受限于：MENTOR_INACTIVE1人、TOWNSHIP_RULE1人。"
        "代价最小的措施（各自单独采取时）：导师m1的名额增加1个，可补1个席位；为c1放开乡镇范围要求，可补1个席位；"
        "批准或启用导师m2，可补1个席位；在520624101000增加2名TOWNSHIP_LEADER类导师（年限不少于3年），可补2个席位。"
    )


def test_ids_and_codes_are_named_by_the_caller_in_each_language():
    chinese = {"c1": "张三", "MENTOR": "实践导师", "MENTOR_INACTIVE": "导师不在库"}
    english = {"c1": "Zhang San", "MENTOR": "Practice mentor", "MENTOR_INACTIVE": "Mentor not active"}
    found = certificate(facts(mentors=[mentor(state=MentorState.RETIRED)]), policy(), 0)
    words = certificate_words(found, lambda code: chinese[code], english_name_of=lambda code: english[code])
    assert words.chinese == (
        "1名帮带对象（张三）需要1个席位（实践导师），没有一名有空余名额的合格导师，任何方案都有1个席位空缺。其他导师受限于：导师不在库1人。"
    )
    assert words.english == (
        "1 mentee (Zhang San) needs 1 seat (Practice mentor), but no admissible mentor has a free place: "
        "1 seat must stay empty in every plan. Other mentors are kept out by: Mentor not active 1."
    )


def test_a_team_rule_is_said_with_its_seats():
    away = [mentor(f"m{i}", anchors=(B,), pool_township=B) for i in (1, 2)]
    words = certificate_words(certificate(facts([mentee()], away), TONGREN_TEAMS, 0))
    assert words.english.startswith(
        "1 mentee (c1) needs 1 seat (1 for a mentor of the own township), but no admissible"
    )
    assert words.chinese.startswith("1名帮带对象（c1）需要1个席位（其中1个须由本乡镇导师担任），没有一名")
    home = {"anchors": (A1,)}
    village = [mentor(f"m{i}", **home) for i in (1, 2)]
    words = certificate_words(certificate(facts([mentee()], village), TONGREN_TEAMS, 0))
    assert words.english.startswith("1 mentee (c1) needs 1 seat (1 for a mentor of another village), but no admissible")
    assert words.chinese.startswith("1名帮带对象（c1）需要1个席位（其中1个须由外村导师担任），没有一名")


def test_long_lists_are_cut_and_scarce_mentors_counted():
    people = [mentee(f"c{i:02d}") for i in range(10)]
    words = certificate_words(certificate(facts(people, [mentor("m1"), mentor("m2")]), policy(loadCap=1), 1))
    assert words.english.startswith("10 mentees (c00, c01, c02, c03, c04, c05, c06, c07 and 2 more) need 10 seats")
    assert words.chinese.startswith("10名帮带对象（c00、c01、c02、c03、c04、c05、c06、c07等）需要10个席位")
    assert words.english.endswith(" One more place for any of 2 mentors fills a seat.")
    assert words.chinese.endswith("对2名导师中的任何一名增加1个名额，都可补1个席位。")


def test_sets_that_are_short_by_themselves_are_said():
    rules = policy({"code": "MENTOR", "admitsOwnTownshipOnly": True}, loadCap=1)
    people = [mentee("c1"), mentee("c2"), mentee("d1", village="520624102201")]
    both = mentor("m1", anchors=("520624101000",), linked_villages=frozenset({"520624102201"}))
    words = certificate_words(certificate(facts(people, [both]), rules, 0))
    core = "2 mentees (c1, c2) need 2 seats (MENTOR), but only 1 admissible mentor has 1 free place (1 short)"
    assert f" Short by themselves: {core}." in words.english
    assert (
        "其中单独来看也不足的有：2名帮带对象（c1、c2）需要2个席位（MENTOR），而有空余名额的合格导师仅1名、共1个名额，缺1个。"
        in words.chinese
    )


def avoidance_world(n_kin: int):
    mentors = [mentor(f"m{i}") for i in range(n_kin + 2)]
    kin = tuple(Kinship(person_a="person-c1", person_b=f"person-m{i}") for i in range(n_kin))
    complaint = Exclusion(mentee_person="person-c1", mentor_person=f"person-m{n_kin}", is_complaint=True)
    mentors[-1] = replace(mentors[-1], has_discipline_in_force=True)
    return facts([mentee()], mentors, kinships=kin, exclusions=(complaint,))


def test_class_a_reasons_read_avoidance_with_their_sum_from_three_on():
    words = certificate_words(certificate(avoidance_world(1), policy(), 0))
    assert words.english.endswith("Other mentors are kept out by: AVOIDANCE 3.")
    assert words.chinese.endswith("其他导师受限于：回避/组织原因3人。")


def test_counts_of_class_a_below_three_are_not_shown():
    words = certificate_words(certificate(avoidance_world(0), policy(), 0))
    assert words.english.endswith("Other mentors are kept out by: AVOIDANCE.")
    assert words.chinese.endswith("其他导师受限于：回避/组织原因。")


def test_who_may_see_class_a_reads_every_reason_with_its_count():
    words = certificate_words(certificate(avoidance_world(1), policy(), 0), may_see_restricted=True)
    assert words.english.endswith("Other mentors are kept out by: KINSHIP 1, DISCIPLINE 1, EXCLUDED 1.")


@pytest.mark.parametrize(
    ("remedy", "english", "chinese"),
    [
        (
            Remedy(kind=RemedyKind.RELAX_NUMBER, effect=2, path="experience.seniorityGapYears", value=1.0),
            "setting the policy's experience.seniorityGapYears to 1 fills 2 seats",
            "将政策项experience.seniorityGapYears改为1，可补2个席位",
        ),
        (
            Remedy(kind=RemedyKind.RELAX_NUMBER, effect=1, path="geography.maxTravelMinutes"),
            "setting the policy's geography.maxTravelMinutes to no limit fills 1 seat",
            "将政策项geography.maxTravelMinutes改为不限，可补1个席位",
        ),
        (
            Remedy(kind=RemedyKind.EXTEND_POOL_SCOPE, effect=1, path="poolScope", value=("OWN_TOWNSHIP", "ZONE")),
            "setting the policy's poolScope to OWN_TOWNSHIP, ZONE fills 1 seat",
            "将政策项poolScope改为OWN_TOWNSHIP、ZONE，可补1个席位",
        ),
        (
            Remedy(kind=RemedyKind.ADD_MENTORS, effect=1, township=B, category=MentorCategory.RETIRED_CADRE,
                   n_mentors=1, least_years=4.5),
            "adding 1 mentor of category RETIRED_CADRE with at least 4.5 years in 520624102000 fills 1 seat",
            "在520624102000增加1名RETIRED_CADRE类导师（年限不少于4.5年），可补1个席位",
        ),
    ],
)  # fmt: skip
def test_a_remedy_reads_as_one_clause(remedy, english, chinese):
    words = remedy_words(remedy)
    assert (words.english, words.chinese) == (english, chinese)


def conflict(world, rules) -> PinConflictError:
    with pytest.raises(PinConflictError) as refusal:
        solve(world, rules)
    return refusal.value


def pins_of(*triples):
    return tuple(Pin(id=f"p{n}", mentee_id=c, mentor_id=m, slot=s) for n, (c, m, s) in enumerate(triples, start=1))


TWO = [mentee("c1"), mentee("c2")]
AWAY = {"anchors": (B,), "pool_township": B}
A_AND_B = policy({"code": "A"}, {"code": "B"})


@pytest.mark.parametrize(
    ("world", "rules", "english", "chinese"),
    [
        (
            facts(TWO, [mentor(capacity=1)], pins=pins_of(("c1", "m1", None), ("c2", "m1", None))),
            policy(),
            "mentor person-m1 has 1 free place",
            "导师person-m1只有1个空余名额",
        ),
        (
            facts(TWO, [mentor(capacity=2)], pins=pins_of(("c1", "m1", None), ("c2", "m1", None))),
            policy({"code": "A", "cap": 1}),
            "mentor person-m1 may serve 1 mentee as A",
            "导师person-m1在A席位最多带1人",
        ),
        (
            facts(TWO, [mentor("m1"), mentor("m2")], pins=pins_of(("c1", "m1", "A"), ("c1", "m2", "A"))),
            A_AND_B,
            "c1 has 2 seats, one mentor each",
            "c1只有2个席位，每席一名导师",
        ),
        (
            facts(TWO, [mentor("m1")], pins=pins_of(("c1", "m1", "A"), ("c1", "m1", "B"))),
            A_AND_B,
            "one person takes one seat of c1 only",
            "同一人只能占c1的一个席位",
        ),
        (
            facts(TWO, [mentor("m1", **AWAY), mentor("m2", **AWAY)],
                  pins=pins_of(("c1", "m1", None), ("c1", "m2", None))),
            TONGREN_TEAMS,
            "c1 may have 1 mentor from another township at most",
            "c1最多有1名外乡镇导师",
        ),
        (
            facts(TWO, [mentor("m1", anchors=(A1,)), mentor("m2", anchors=(A1,))],
                  pins=pins_of(("c1", "m1", None), ("c1", "m2", None))),
            TONGREN_TEAMS,
            "c1 may have 1 mentor of the own village at most",
            "c1最多有1名本村导师",
        ),
    ],
)  # fmt: skip
def test_a_conflict_reads_as_one_paragraph(world, rules, english, chinese):
    words = conflict_words(conflict(world, rules))
    assert words.english == f"Pins p1, p2 cannot all hold: {english}. Give up any one of these, and the rest can hold."
    assert words.chinese == f"锁定p1、p2不能同时成立：{chinese}。解除或放宽其中任何一项，其余即可成立。"


def test_a_pin_against_class_a_reads_avoidance_once():
    world = replace(avoidance_world(1), pins=pins_of(("c1", "m0", None)))
    world = replace(world, mentors=(replace(world.mentors[0], has_discipline_in_force=True), *world.mentors[1:]))
    found = conflict(world, policy())
    assert conflict_words(found).english == "Pin p1 cannot be honoured because of AVOIDANCE. Remove it."
    assert conflict_words(found).chinese == "锁定p1不可行，受限于：回避/组织原因。请解除该锁定。"
    assert conflict_words(found, may_see_restricted=True).english == (
        "Pin p1 cannot be honoured because of DISCIPLINE, KINSHIP. Remove it."
    )
