"""Policies: every fault is refused with its path; the presets are those of the documents."""

import pytest

from matching import PRESETS, WEIGHT_PRESETS, InvalidPolicyError, Policy
from matching.vocabulary import MentorCategory, ReviewLevel

SLOT = {"code": "MENTOR"}


@pytest.mark.parametrize(
    ("obj", "path"),
    [
        ({}, "slots"),
        ({"slots": []}, "slots"),
        ({"slots": [SLOT, SLOT]}, "slots"),
        ({"slots": [{"code": "lower case"}]}, "slots.0.code"),
        ({"slots": [{**SLOT, "cap": 0}]}, "slots.0.cap"),
        ({"slots": [{**SLOT, "allowed": []}]}, "slots.0.allowed"),
        ({"slots": [{**SLOT, "allowed": ["ASTRONAUT"]}]}, "slots.0.allowed.0"),
        ({"slots": [SLOT], "loadCap": 0}, "loadCap"),
        ({"slots": [SLOT], "loadCap": True}, "loadCap"),
        ({"slots": [SLOT], "loadCap": 1, "loadTarget": 2}, "policy"),
        ({"slots": [SLOT], "poolScope": []}, "poolScope"),
        ({"slots": [SLOT], "poolScope": ["COUNTY", "ZONE"]}, "poolScope"),
        ({"slots": [SLOT], "weights": {"geography": -0.1}}, "weights.geography"),
        ({"slots": [SLOT], "weights": {"experience": float("nan")}}, "weights.experience"),
        ({"slots": [SLOT], "weights": {"experience": float("inf")}}, "weights.experience"),
        ({"slots": [SLOT], "weights": {"geography": 1e308}}, "weights.geography"),
        ({"slots": [SLOT], "experience": {"seniorityGapYears": 1e40}}, "experience.seniorityGapYears"),
        ({"slots": [SLOT], "weights": {"geography": 0, "experience": 0, "preference": 0}}, "weights"),
        ({"slots": [SLOT], "geography": {"crossCounty": "ALLOWED"}}, "geography.crossCounty"),
        ({"slots": [SLOT], "geography": {"maxTravelMinutes": 60}}, "geography"),
        ({"slots": [SLOT], "experience": {"minGrassrootsYears": {"CAT": 3}}}, "experience.minGrassrootsYears.CAT"),
        ({"slots": [SLOT], "experience": {"fullScoreYears": 0}}, "experience.fullScoreYears"),
        ({"slots": [SLOT], "experience": {"minAppraisal": "NOT_GRADED"}}, "experience.minAppraisal"),
        ({"slots": [SLOT], "experience": {"tenureWeight": 0, "postWeight": 0, "appraisalWeight": 0}}, "experience"),
        ({"slots": [SLOT], "menteeEligibility": {"kinds": []}}, "menteeEligibility.kinds"),
        ({"slots": [SLOT], "menteeEligibility": {"maxAge": {"warn": 60, "block": 50}}}, "menteeEligibility.maxAge"),
        ({"slots": [SLOT], "avoidance": {"kinship": "WARN"}}, "avoidance.kinship"),
        ({"slots": [SLOT], "preference": {"first": 0.2, "second": 0.6}}, "preference"),
        ({"slots": [SLOT], "priority": {"villageCondition": {"KEY": 0}}}, "priority.villageCondition.KEY"),
        ({"slots": [SLOT], "penalties": {"weak": -1}}, "penalties.weak"),
        ({"slots": [SLOT], "fairness": {"mode": "BEST_TENTH"}}, "fairness.mode"),
        ({"slots": [SLOT], "stability": {"mode": "REPAIR"}}, "stability.mode"),
        ({"slots": [SLOT], "colour": "red"}, "colour"),
    ],
)  # fmt: skip
def test_a_faulty_policy_is_refused_with_the_path_of_the_fault(obj, path):
    with pytest.raises(InvalidPolicyError) as refusal:
        Policy.from_json(obj)
    assert refusal.value.path == path
    assert str(refusal.value).startswith(f"{path}: ")


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_survives_json_and_keeps_its_fingerprint(name):
    again = Policy.from_json(PRESETS[name].to_json())
    assert again == PRESETS[name]
    assert again.fingerprint() == PRESETS[name].fingerprint()


def test_the_tongren_preset_is_two_different_seats_with_load_one():
    preset = PRESETS["TONGREN_2_PLUS_1"]
    assert preset.slot_codes == ("TOWNSHIP_MENTOR", "VILLAGE_MENTOR")
    assert [slot.admits_own_township_only for slot in preset.slots] == [True, False]
    assert [slot.admits_same_village for slot in preset.slots] == [False, True]
    assert (preset.load_target, preset.load_cap) == (1, 1)
    assert preset.mentee_eligibility.min_review_level is ReviewLevel.PREFECTURE_REVIEWED
    assert not preset.requires_category(0)


def test_the_fushan_preset_requires_three_categories_and_widens_the_pool_in_three_steps():
    preset = PRESETS["FUSHAN_ONE_TO_ONE"]
    assert preset.slots[0].allowed == (
        MentorCategory.TOWNSHIP_OFFICER,
        MentorCategory.INDUSTRY_LEADER,
        MentorCategory.RETIRED_CADRE,
    )
    assert preset.requires_category(0)
    assert [str(tier) for tier in preset.pool_scope] == ["OWN_TOWNSHIP", "ZONE", "COUNTY"]
    assert preset.load_cap == 1


def test_weight_presets_sum_to_one_and_differ_in_geography():
    assert {name: w.geography for name, w in WEIGHT_PRESETS.items()} == {
        "NEAR_FIRST": 0.65,
        "BALANCED": 0.45,
        "EXPERIENCE_FIRST": 0.25,
    }
    for weights in WEIGHT_PRESETS.values():
        assert weights.geography + weights.experience + weights.preference == pytest.approx(1.0)


def test_two_policies_that_differ_in_one_number_have_different_fingerprints():
    one = Policy.from_json({"slots": [SLOT]})
    other = Policy.from_json({"slots": [SLOT], "weights": {"geography": 0.46}})
    assert one.fingerprint() != other.fingerprint()
