"""Prices of the team solver: wherever the steps lead, they stay exact numbers and prove bounds."""

import random

import numpy as np
import pytest

from matching import Policy
from matching.build import build
from matching.generate import Shape, generate_facts
from matching.policy import TONGREN_TEAMS
from matching.solvers.teams import dual, worst
from matching.solvers.teams import solve as teams


def case(seed: int):
    """Return a worst-tenth programme where mentors are plenty, so that the best teams often fit all loads."""
    rng = random.Random(seed)
    base = TONGREN_TEAMS.to_json()
    slots = [{**base["slots"][seat % 2], "code": f"S{seat}"} for seat in range(rng.choice([2, 3]))]
    geography = {"minOneMentorSameTownship": rng.random() < 0.5, "sameVillageMentor": "ALLOW"}
    options = {"slots": slots, "menteeEligibility": {}, "fairness": {"mode": "WORST_TENTH"}, "geography": geography}
    rules = Policy.from_json({**base, **options, "loadCap": rng.randint(1, 3)})
    n_mentees = rng.randint(3, 12)
    shape = Shape(
        n_counties=rng.randint(1, 6),
        n_mentees=n_mentees,
        n_mentors=n_mentees * rng.choice([2, 3, 4]),
        n_townships=rng.randint(1, 3),
        flaw_share=rng.choice([0, 0.1]),
        second_record_share=0.05,
        max_capacity=rng.choice([None, 1, 3]),
    )
    return generate_facts(seed, shape, slots=rules.slot_codes), rules


@pytest.mark.parametrize("seed", [4, 7014])
def test_prices_stay_small_and_bounds_above_the_plans_that_they_bound(seed, monkeypatch):
    asked: list[float] = []

    def watched(room, pool, price, target, rounds):
        bound = dual.tighten(room, pool, price, target, rounds)
        if bound is not None:
            asked.append(float(np.abs(bound.price.astype(np.float64)).max(initial=0)))
            assert bound.value >= target
        return bound

    monkeypatch.setattr(worst, "tighten", watched)
    world, rules = case(seed)
    teams.solve_components(build(world, rules), seed=seed)
    assert asked
    assert max(asked) <= dual.HIGHEST_PRICE
