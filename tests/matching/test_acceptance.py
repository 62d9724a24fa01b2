"""The acceptance facts 1 to 3 of the domain (section 7)."""

from collections import Counter
from dataclasses import replace

import pytest

from matching import PRESETS, Facts, Geography, Place, Policy, solve
from matching.solution import LevelName
from matching.vocabulary import MenteeKind, MentorCategory, SolveStatus
from tests.matching.factories import A1, A2, COUNTY, A, B, C, facts, links, mentee, mentor

ONE_TOWNSHIP = Geography(places={code: Place(code=code, township=A, county=COUNTY) for code in (A, A1, A2)})


def tongren(n_mentees: int, n_mentors: int, capacity: int) -> Facts:
    """Return one township where every rule is satisfied: half the mentors of the township, half of the village."""
    kinds = (MentorCategory.TOWNSHIP_OFFICER, MentorCategory.VILLAGE_SECRETARY)
    return facts(
        [mentee(f"c{i:04d}", village=(A1, A2)[i % 2]) for i in range(n_mentees)],
        [
            mentor(f"m{j:04d}", category=kinds[j % 2], capacity=capacity, grassroots_months=60 + j % 90)
            for j in range(n_mentors)
        ],
        geography=ONE_TOWNSHIP,
    )


def assert_everybody_serves_once(result, n_mentees, n_mentors):
    assert result.status is SolveStatus.OPTIMAL
    assert len(result.seats) == 2 * n_mentees == n_mentors
    assert result.shortfalls == ()
    assert result.metrics.n_loads == ((1, n_mentors),)
    assert result.metrics.n_full_teams == n_mentees
    assert len({mentor_id for _, _, mentor_id in links(result)}) == n_mentors


def test_a_small_tongren_fills_every_slot_with_each_mentor_exactly_once():
    result = solve(tongren(152, 304, 1), PRESETS["TONGREN_2_PLUS_1"])
    assert_everybody_serves_once(result, 152, 304)
    assert result.metrics.share_by_relation["SAME_TOWNSHIP"] == 1.0


def test_a_small_tongren_with_capacity_two_still_loads_each_mentor_once():
    rules = Policy.from_json({**PRESETS["TONGREN_2_PLUS_1"].to_json(), "loadCap": 2})
    assert_everybody_serves_once(solve(tongren(152, 304, 2), rules), 152, 304)


@pytest.mark.slow
def test_1216_candidates_and_2432_mentors_of_capacity_one_fill_every_slot_exactly_once():
    assert_everybody_serves_once(solve(tongren(1216, 2432, 1), PRESETS["TONGREN_2_PLUS_1"]), 1216, 2432)


@pytest.mark.slow
def test_1216_candidates_and_2432_mentors_of_capacity_two_keep_the_load_target_of_one():
    rules = Policy.from_json({**PRESETS["TONGREN_2_PLUS_1"].to_json(), "loadCap": 2})
    assert_everybody_serves_once(solve(tongren(1216, 2432, 2), rules), 1216, 2432)


def fushan(pool_sizes: dict[str, int]) -> Facts:
    """Return 30 assigned cadres in 20 villages of three townships, with a pool of the given size per township."""
    places = {code: Place(code=code, township=code, county=COUNTY) for code in (A, B, C)}
    villages = []
    for index in range(20):
        township = (A, B, C)[index % 3]
        code = f"{township[:9]}{300 + index}"
        places[code] = Place(code=code, township=township, county=COUNTY)
        villages.append(code)
    cadres = []
    for index in range(30):
        place = places[villages[index % 20]]
        where = {"village": place.code, "township": place.township, "county": place.county}
        cadres.append(replace(mentee(f"c{index:02d}", kind=MenteeKind.ASSIGNED_CADRE), **where))
    pool = [
        mentor(f"m{township[6:9]}-{index}", anchors=(township,), pool_township=township)
        for township, size in pool_sizes.items()
        for index in range(size)
    ]
    zones = {A: frozenset({"east"}), B: frozenset({"east"})}
    return facts(cadres, pool, geography=Geography(places=places, zones_by_township=zones))


def test_30_assigned_cadres_get_30_mentors_of_their_own_township():
    world = fushan({A: 12, B: 12, C: 12})
    result = solve(world, PRESETS["FUSHAN_ONE_TO_ONE"])
    assert len(result.seats) == 30
    assert result.metrics.n_fallbacks == 0
    assert {seat.tier for seat in result.seats} == {0}
    assert max(Counter(mentee.village for mentee in world.mentees).values()) == 2


def test_a_short_pool_falls_back_to_the_zone_first_and_every_fallback_is_reported():
    assert Counter(m.township for m in fushan({}).mentees) == {A: 11, B: 10, C: 9}
    result = solve(fushan({A: 8, B: 12, C: 20}), PRESETS["FUSHAN_ONE_TO_ONE"])
    assert len(result.seats) == 30
    # A lacks three mentors: two come from B of the same zone, one from C elsewhere in the county.
    assert Counter(seat.tier for seat in result.seats) == {0: 27, 1: 2, 2: 1}
    assert result.metrics.n_fallbacks == 3
    assert {level.name: level.value for level in result.levels}[LevelName.FALLBACKS] == 4
    shortage = {row.township: row.shortage for row in result.supply}
    assert shortage == {A: 3, B: 0, C: 0}


def test_a_county_too_small_leaves_seats_empty_with_reasons_instead_of_refusing():
    result = solve(fushan({A: 8, B: 8, C: 8}), PRESETS["FUSHAN_ONE_TO_ONE"])
    assert (len(result.seats), len(result.shortfalls)) == (24, 6)
    assert {shortfall.reasons for shortfall in result.shortfalls} == {(("ALL_AT_CAPACITY", 24),)}
