"""Random cases of every shape of policy: any k, unequal slots, caps, forbidden weak teams, budgets, fairness."""

import random

from matching import Facts, Policy
from matching.generate import Shape, generate_facts, with_pins
from matching.policy import TONGREN_TEAMS
from matching.vocabulary import MentorCategory

FAIRNESS = ("NONE", "MAXMIN", "WORST_TENTH")
SMALL = Shape(n_mentees=3, n_mentors=5, n_townships=2, second_record_share=0.3)


def shape_case(
    seed: int, shape: Shape = SMALL, *, n_seats: int | None = None, objective: str | None = None, **fixed: object
) -> tuple[Facts, Policy]:
    """Return facts and a policy; ``fixed`` overrides drawn options by their JSON names."""
    draw = random.Random(seed)
    k = n_seats or draw.randint(1, 3)
    objective = objective or draw.choice(["TEAMS", "TEAMS", "SEPARABLE"])
    categories = [str(category) for category in MentorCategory]
    slots = [
        {
            "code": f"SLOT_{seat}",
            "allowed": sorted(draw.sample(categories, 6)),
            "required": draw.random() < 0.15,
            "cap": draw.choice([None, None, 1, 2]),
            "admitsOwnTownshipOnly": draw.random() < 0.25,
            "admitsSameVillage": draw.random() < 0.75,
        }
        for seat in range(k)
    ]
    has_teams = objective == "TEAMS"
    options = {
        "slots": slots,
        "teamObjective": objective,
        "loadTarget": 1,
        "loadCap": draw.randint(1, 3),
        "poolScope": draw.choice([["COUNTY"], ["OWN_TOWNSHIP", "ZONE", "COUNTY"]]),
        "geography": {
            "minOneMentorSameTownship": has_teams and draw.random() < 0.5,
            "sameVillageMentor": draw.choice(["ALLOW", "AT_MOST_ONE"]) if has_teams else "ALLOW",
        },
        "stability": {
            "mode": draw.choice(["NONE", "KEEP_UNLESS_INVALID"]),
            "maxChanges": draw.choice([None, None, 0, 1, 2, 4]),
        },
        "fairness": {
            "mode": draw.choice(FAIRNESS) if has_teams else "NONE",
            "weakTeams": draw.choice(["PENALISE", "PENALISE", "FORBID"]) if has_teams else "PENALISE",
        },
        "experience": {
            "seniorityGapYears": draw.choice([0, 2]),
            "needWeight": draw.choice([0.35, 0.8]),
            "weakFit": draw.choice([30, 40, 55]),
        },
        "menteeEligibility": {},
        **fixed,
    }
    rules = Policy.from_json({**TONGREN_TEAMS.to_json(), **options})
    return generate_facts(seed, shape, slots=rules.slot_codes), rules


def pinned_case(seed: int, world: Facts, plan: list[tuple[str, str, str]]) -> Facts:
    """Return the facts with up to two links of a plan as pins, named or not."""
    draw = random.Random(seed)
    return with_pins(world, draw.sample(plan, k=min(len(plan), draw.randint(1, 2))), named=draw.random() < 0.5)
