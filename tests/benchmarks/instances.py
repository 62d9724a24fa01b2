"""The instances that the benchmarks measure, generated from a seed."""

from dataclasses import replace

from matching import Facts, Policy
from matching.generate import Shape, generate_facts
from matching.policy import TONGREN_TEAMS
from matching.vocabulary import ReviewLevel

N_MENTEES = 1216
"""Mentees of document 002; 2,432 mentors are as many as there are seats."""


def tongren_size(n_counties: int = 8, **options: object) -> tuple[Facts, Policy]:
    """Return 1,216 mentees and 2,432 mentors of capacity 1 in equal counties, every mentee in the pool."""
    shape = Shape(
        n_counties=n_counties,
        n_mentees=N_MENTEES // n_counties,
        n_mentors=2 * N_MENTEES // n_counties,
        n_townships=16,
        n_villages=10,
        flaw_share=0.0,
        missing_share=0.0,
        max_capacity=None,
        second_record_share=0.0,
        released_share=0.05,
        published_share=0.0,
    )
    rules = Policy.from_json({**TONGREN_TEAMS.to_json(), "menteeEligibility": {}, **options})
    world = generate_facts(3, shape)
    reviewed = ReviewLevel.PREFECTURE_REVIEWED
    mentees = [replace(m, is_in_pool=True, review_level=reviewed, age_years=30) for m in world.mentees]
    mentors = [replace(m, active_load=0) for m in world.mentors]
    return replace(world, mentees=tuple(mentees), mentors=tuple(mentors)), rules


def fillable(n_counties: int = 8, **options: object) -> tuple[Facts, Policy]:
    """Return a variant in which every seat can be filled: all mentors served seven years at the grass roots."""
    world, rules = tongren_size(n_counties, **options)
    seasoned = [
        replace(m, grassroots_months=max(m.grassroots_months or 0, 84), trade_years=max(m.trade_years or 0.0, 7.0))
        for m in world.mentors
    ]
    return replace(world, mentors=tuple(seasoned)), rules
