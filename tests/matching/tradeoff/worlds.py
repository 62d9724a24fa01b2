"""Small cases with every plan of the optimal face enumerated, and its criteria counted one by one."""

import itertools
import random

from matching import Facts, LevelName, Policy
from matching.build import build
from matching.generate import Shape, generate_facts
from matching.policy import TONGREN_TEAMS
from matching.problem import Component, ProblemData
from tests.matching.oracles import all_plans, plan_levels, signed
from tests.matching.test_teams_solver import keeps_team_rules

Place = tuple[int, int]
SCOPES = (["COUNTY"], ["COUNTY"], ["COUNTY"], ["ZONE", "COUNTY"])
AFTER = (LevelName.FAIRNESS, LevelName.SCORE, LevelName.LOAD)


def pair_case(seed: int) -> tuple[Facts, Policy]:
    """Return a separable case of one to three seats, in one or two counties, with wishes and a published roster."""
    draw = random.Random(seed)
    k = draw.choice([1, 2, 2, 3])
    cap = draw.randint(1, 3)
    slots = [{"code": f"SLOT_{seat + 1}", "admitsOwnTownshipOnly": k > 1 and seat == 0 and draw.random() < 0.3}
             for seat in range(k)]  # fmt: skip
    rules = Policy.from_json(
        {
            "slots": slots,
            "loadCap": cap,
            "loadTarget": draw.choice([1, cap]),
            "poolScope": draw.choice(SCOPES),
            "stability": {"mode": draw.choice(["NONE", "KEEP_UNLESS_INVALID"])},
            "geography": {"useTravelMinutes": draw.random() < 0.6},
            "experience": {"seniorityGapYears": 0},
            "menteeEligibility": {"maxAge": {"warn": None, "block": None}},
        }
    )
    n_mentees, n_mentors = {1: (4, 6), 2: (2, 7), 3: (2, 4)}[k]
    shape = Shape(
        n_counties=draw.choice([1, 1, 2]), n_mentees=n_mentees, n_mentors=n_mentors, n_townships=2, flaw_share=0.04,
        missing_share=0.05, max_capacity=None, second_record_share=0.25, published_share=draw.choice([0.0, 0.3]),
    )  # fmt: skip
    return generate_facts(seed, shape, slots=rules.slot_codes), rules


def team_case(seed: int) -> tuple[Facts, Policy]:
    """Return a team case whose geography goes by relation classes."""
    draw = random.Random(seed)
    cap = draw.randint(1, 2)
    changes = {
        "loadCap": cap,
        "loadTarget": cap,
        "geography": {"minOneMentorSameTownship": draw.random() < 0.3, "sameVillageMentor": "AT_MOST_ONE"},
        "experience": {"seniorityGapYears": 0, "needWeight": draw.choice([0.35, 0.8])},
        "menteeEligibility": {"maxAge": {"warn": None, "block": None}},
    }
    rules = Policy.from_json({**TONGREN_TEAMS.to_json(), **changes})
    shape = Shape(
        n_mentees=2, n_mentors=draw.choice([6, 8]), n_townships=2, flaw_share=0.05, missing_share=0.05,
        max_capacity=None, second_record_share=0.1,
    )  # fmt: skip
    return generate_facts(seed, shape), rules


def pair_place(component: Component, plan: list[int], rules: Policy) -> Place:
    """Count geography and experience of a plan seat by seat (domain 4.5)."""
    geography = experience = 0
    options, criteria = rules.experience, component.criteria
    total = options.tenure_weight + options.post_weight + options.appraisal_weight
    for arc in plan:
        row, column = int(component.arc_mentee[arc]), int(component.arc_mentor[arc])
        individual = (
            options.tenure_weight * float(criteria.tenure[column])
            + options.post_weight * float(criteria.post[row, column])
            + options.appraisal_weight * float(criteria.appraisal[column])
        ) / total
        fit = (1 - options.need_weight) * individual + options.need_weight * float(criteria.needs[row, column])
        geography += round(1_000_000 * float(criteria.geography[row, column]) / rules.n_seats)
        experience += round(1_000_000 * fit / rules.n_seats)
    return geography, experience


def team_place(component: Component, plan: list[int], rules: Policy) -> Place:
    """Count geography and experience of a plan team by team (domain 4.5): experienceFit with its capped coverage."""
    geography = experience = 0
    k = rules.n_seats
    for row in range(len(component.mentees)):
        team = [int(component.arc_mentor[arc]) for arc in plan if component.arc_mentee[arc] == row]
        if not team:
            continue
        arrays = component.teams
        near = sum(float(component.criteria.geography[row, m]) for m in team) / len(team)
        individual = sum(float(arrays.individual[row, m]) for m in team) / len(team)
        needs = arrays.needs[row]
        coverage = 0.5
        if needs.sum() > 0:
            coverage = sum(float(w) * min(1.0, sum(float(arrays.skills[m, s]) for m in team))
                           for s, w in enumerate(needs))  # fmt: skip
        fit = (1 - rules.experience.need_weight) * individual + rules.experience.need_weight * coverage
        geography += round(1_000_000 * len(team) / k * near)
        experience += round(1_000_000 * len(team) / k * fit)
    return geography, experience


def faces(problem: ProblemData, rules: Policy) -> list[set[Place]]:
    """Return, per component, the criteria of every plan that attains the levels before the score."""
    found = []
    for component in problem.components:
        best, places = None, set()
        is_team = component.teams is not None
        for plan in all_plans(component, problem.slot_caps):
            members = [[int(component.arc_mentor[a]) for a in plan if component.arc_mentee[a] == row]
                       for row in range(len(component.mentees))]  # fmt: skip
            if is_team and not keeps_team_rules(component, members):
                continue
            levels = plan_levels(component, plan, problem)
            if is_team:
                arrays = component.teams
                levels[LevelName.FALLBACKS] += sum(
                    sum(bool(arrays.is_away[row, m]) for m in team) > arrays.most_away[row]
                    for row, team in enumerate(members)
                )
            value = signed({name: level for name, level in levels.items() if name not in AFTER})
            if best is None or value > best:
                best, places = value, set()
            if value == best:
                places.add((team_place if is_team else pair_place)(component, plan, rules))
        found.append(places)
    return found


def every_place(facts: Facts, rules: Policy) -> set[Place]:
    """Return the criteria of every plan on the optimal face, summed over the components."""
    sums = {(0, 0)}
    for places in faces(build(facts, rules), rules):
        sums = {(a + c, b + d) for (a, b), (c, d) in itertools.product(sums, places)}
    return sums


def efficient(places: set[Place]) -> list[Place]:
    """Return the places that no other equals or beats in both criteria, from the nearest on."""
    front: list[Place] = []
    for place in sorted(places, reverse=True):
        if not front or place[1] > front[-1][1]:
            front.append(place)
    return front
