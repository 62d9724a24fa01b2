"""Whole prefectures: plans that hold, proved against an independent solver where one applies."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from matching import PRESETS, LevelName, Policy, solve
from matching.build import build
from matching.checks import check_facts
from matching.generate import Shape, generate_facts
from matching.verify import verify
from tests.matching.factories import links, policy
from tests.matching.oracles import levels_of

NO_PRIORITY = {"villageCondition": {}, "targetPost": {}}


@pytest.mark.parametrize("seed", range(4))
def test_one_to_one_equals_the_linear_assignment_of_scipy(seed):
    rules = policy(loadCap=1, priority=NO_PRIORITY)
    shape = Shape(n_mentees=60, n_mentors=70, n_townships=6, max_capacity=None, second_record_share=0)
    world = generate_facts(seed, shape)
    (component,) = build(world, rules).components
    worth = np.zeros((len(component.mentees), len(component.mentors)))
    is_free = component.free_capacity[component.person_of_mentor[component.arc_mentor]] > 0
    rows, columns = component.arc_mentee[is_free], component.arc_mentor[is_free]
    worth[rows, columns] = 10**9 + component.arc_score[is_free]  # a filled seat outweighs any sum of scores
    best = worth[linear_sum_assignment(worth, maximize=True)]
    levels = levels_of(solve(world, rules))
    assert levels[LevelName.SEATS_FILLED] == (best > 0).sum()
    assert levels[LevelName.SCORE] == int(best.sum()) - 10**9 * (best > 0).sum()


@pytest.mark.slow
def test_3000_mentees_and_6000_mentors_in_twelve_counties_get_a_plan_that_holds():
    changes = {"loadCap": 2, "stability": {"mode": "KEEP_UNLESS_INVALID"}, "menteeEligibility": {}}
    rules = Policy.from_json({**PRESETS["TONGREN_2_PLUS_1"].to_json(), **changes})
    shape = Shape(n_counties=12, n_mentees=250, n_mentors=500, n_townships=16, n_villages=12, max_capacity=None)
    world = generate_facts(3, shape, slots=rules.slot_codes)
    result = solve(world, rules)
    assert verify(world, rules, links(result)) == ()
    assert len(result.seats) == 5262
    assert len(result.seats) + len(result.shortfalls) == result.metrics.n_seats
    assert all(level.gap == 0 for level in result.levels)


def test_facts_of_a_whole_province_are_valid_and_every_county_is_a_part_of_its_own():
    world = generate_facts(6, Shape(n_counties=120, n_mentees=2, n_mentors=4, n_townships=12, n_villages=2))
    rules = PRESETS["FUSHAN_ONE_TO_ONE"]
    check_facts(world, rules)
    places = world.geography.places
    assert len({place.county for place in places.values()}) == 120
    assert len(places) == 120 * 12 * 3
    assert all(len(code) == 12 for code in places)
