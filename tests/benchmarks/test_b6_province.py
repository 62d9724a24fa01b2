"""B6: 100,000 mentees and 200,000 mentors in 800 counties, all team terms, in bounded memory."""

import resource
import time
from dataclasses import replace

import pytest

from matching import Facts, LevelName, Policy, solve
from matching.generate import Shape, generate_facts
from matching.policy import TONGREN_TEAMS
from matching.verify import verify
from matching.vocabulary import ReviewLevel
from tests.matching.factories import links

GIB = 1024**2
"""Units of ``ru_maxrss`` (KiB) in a GiB."""


def province(n_counties: int) -> tuple[Facts, Policy]:
    """Return counties of 125 mentees and 250 mentors, supply equal to demand, every mentee in the pool."""
    shape = Shape(
        n_counties=n_counties,
        n_mentees=125,
        n_mentors=250,
        n_townships=14,
        n_villages=10,
        flaw_share=0.0,
        missing_share=0.0,
        max_capacity=None,
        second_record_share=0.0,
        released_share=0.05,
        published_share=0.0,
    )
    world = generate_facts(6, shape)
    reviewed = ReviewLevel.PREFECTURE_REVIEWED
    mentees = [replace(m, is_in_pool=True, review_level=reviewed, age_years=30) for m in world.mentees]
    mentors = [replace(m, active_load=0) for m in world.mentors]
    rules = Policy.from_json({**TONGREN_TEAMS.to_json(), "menteeEligibility": {}})
    return replace(world, mentees=tuple(mentees), mentors=tuple(mentors)), rules


def memory_gib() -> float:
    """Return the greatest memory of this process and of its largest worker, added, in GiB."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (own + 2 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / GIB


@pytest.mark.bench
def test_a_province_of_100000_mentees_is_matched_within_half_a_per_cent():
    world, rules = province(800)
    started = time.perf_counter()
    result = solve(world, rules, workers=2)
    seconds = time.perf_counter() - started
    levels = {level.name: level for level in result.levels}
    print(  # noqa: T201
        f"\nB6: {len(world.mentees)} mentees, {len(world.mentors)} mentors, {seconds:.0f} s with 2 workers, gap "
        f"{levels[LevelName.SCORE].gap:.4%}, {memory_gib():.2f} GiB in all processes, steps {result.steps}"
    )
    assert levels[LevelName.SCORE].gap <= 0.005
    assert memory_gib() <= 4
    assert levels[LevelName.SEATS_FILLED].value == len(result.seats)
    county = world.mentees[0].county
    part = replace(
        world,
        mentees=tuple(m for m in world.mentees if m.county == county),
        mentors=tuple(m for m in world.mentors if m.pool_county == county),
        preferences=(),
    )
    own = {mentee.id for mentee in part.mentees}
    assert verify(part, rules, [link for link in links(result) if link[0] in own]) == ()


@pytest.mark.bench
def test_two_workers_halve_the_time_of_a_province():
    world, rules = province(170)  # as many stages per county as 800 counties get
    seconds = {}
    plans = {}
    for workers in (1, 2):
        started = time.perf_counter()
        result = solve(world, rules, workers=workers)
        seconds[workers] = time.perf_counter() - started
        plans[workers] = (result.seats, result.levels)
    ratio = seconds[1] / seconds[2]
    print(f"\nB6: 170 counties, 1 worker {seconds[1]:.1f} s, 2 workers {seconds[2]:.1f} s, ratio {ratio:.2f}")  # noqa: T201
    assert plans[1] == plans[2]
