"""Published rosters, what happens to them, and the plans that a budget of changes allows."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from matching import Facts, Policy, verify
from matching.build import build
from matching.generate import Shape
from matching.problem import Component, ProblemData
from matching.solution import LevelName, Solution
from matching.vocabulary import MentorState
from tests.matching.oracles import Link, all_plans, signed
from tests.matching.test_properties import case
from tests.matching.test_teams_solver import case as team_case
from tests.matching.test_teams_solver import keeps_team_rules

SMALL = {"n_townships": 2, "second_record_share": 0.3, "published_share": 0.0, "flaw_share": 0.05}


def any_case(seed: int, shape: Shape, *, has_teams: bool) -> tuple[Facts, Policy]:
    """Return facts without a roster and a policy of any k from 1 to 3, or of team terms."""
    world, rules = (team_case if has_teams else case)(seed, shape)
    return replace(world, published=()), rules


def greedy_roster(world: Facts, rules: Policy, draw: random.Random) -> Facts:
    """Publish a valid roster that was put together in a random order, with a link missing here and there."""
    problem = build(world, rules)
    roster: list[Link] = []
    for component in problem.components:
        team: dict[int, list[int]] = {}
        seats: set[tuple[int, int]] = set()
        served: Counter[int] = Counter()
        in_slot: Counter[tuple[int, int]] = Counter()
        for arc in draw.sample(range(len(component.arc_mentee)), k=len(component.arc_mentee)):
            row, seat, mentor = (int(array[arc]) for array in
                                 (component.arc_mentee, component.arc_seat, component.arc_mentor))  # fmt: skip
            person = int(component.person_of_mentor[mentor])
            own, cap = team.setdefault(row, []), problem.slot_caps[seat]
            persons = [int(component.person_of_mentor[member]) for member in own]
            if (row, seat) in seats or person in persons or served[person] >= component.free_capacity[person]:
                continue
            if cap is not None and in_slot[(person, seat)] >= cap:
                continue
            members = [[*own, mentor] if index == row else [] for index in range(len(component.mentees))]
            if component.teams is not None and not keeps_team_rules(component, members):
                continue
            own.append(mentor)
            seats.add((row, seat))
            served[person] += 1
            in_slot[(person, seat)] += 1
            roster.append(link_of(component, rules.slot_codes, arc))
    assert verify(world, rules, roster) == ()
    return replace(world, published=tuple(link for link in roster if draw.random() < 0.9))


def disturbed(world: Facts, draw: random.Random) -> Facts:
    """Let people leave, lose their standing, or change their capacity."""
    mentees, mentors = list(world.mentees), list(world.mentors)
    for _ in range(draw.randint(0, 2)):
        if len(mentees) > 1:
            mentees.pop(draw.randrange(len(mentees)))
    for _ in range(draw.randint(0, 2)):
        place = draw.randrange(len(mentors))
        event = draw.choice(("leaves", "suspended", "discipline", "capacity", "capacity"))
        if event == "leaves" and len(mentors) > 1:
            mentors.pop(place)
        elif event == "suspended":
            mentors[place] = replace(mentors[place], state=MentorState.SUSPENDED)
        elif event == "discipline":
            mentors[place] = replace(mentors[place], has_discipline_in_force=True)
        elif event == "capacity":
            mentors[place] = replace(mentors[place], capacity=draw.randint(0, 3))
    return replace(world, mentees=tuple(mentees), mentors=tuple(mentors))


def small_case(seed: int, *, has_teams: bool) -> tuple[Facts, Policy]:
    """Return a case whose plans can all be enumerated: a roster in force, and some people disturbed."""
    draw = random.Random(f"repair {seed}")
    shape = Shape(n_mentees=draw.choice((3, 4)), n_mentors=4, max_capacity=draw.choice((1, 2)), **SMALL)
    world, rules = any_case(seed, shape, has_teams=has_teams)
    return disturbed(greedy_roster(world, rules, draw), draw), rules


def large_case(seed: int, *, has_teams: bool) -> tuple[Facts, Policy]:
    """Return a case of two counties with a roster in force, and some people disturbed."""
    draw = random.Random(f"repair at large {seed}")
    shape = Shape(n_counties=2, n_mentees=6, n_mentors=9, **{**SMALL, "n_townships": 3})
    world, rules = any_case(seed, shape, has_teams=has_teams)
    return disturbed(greedy_roster(world, rules, draw), draw), rules


def link_of(component: Component, slots: Sequence[str], arc: int) -> Link:
    mentee = component.mentees[component.arc_mentee[arc]]
    return mentee.id, slots[component.arc_seat[arc]], component.mentors[component.arc_mentor[arc]].id


def changes_beyond(frozen: set[Link], plan: set[Link]) -> int:
    """Return the frozen links that a plan drops, and the new links in their seats."""
    seats = {(mentee, slot) for mentee, slot, _ in frozen - plan}
    return len(seats) + sum((mentee, slot) in seats for mentee, slot, _ in plan)


def plans_with_levels(
    problem: ProblemData, component: Component, rules: Policy
) -> Iterator[tuple[set[Link], tuple[int, ...]]]:
    """Yield every plan of a component with its objective as a tuple that is better the larger it is."""
    for arcs in all_plans(component, problem.slot_caps):
        chosen = np.full((len(component.mentees), component.n_seats), -1, dtype=np.int64)
        for arc in arcs:
            chosen[component.arc_mentee[arc], component.arc_seat[arc]] = arc
        if component.teams is not None and len(component.arc_mentor):
            members = np.where(chosen >= 0, component.arc_mentor[chosen], -1)
            if not keeps_team_rules(component, members.tolist()):
                continue
        own = replace(problem, components=(component,))
        levels = Solution(chosen=(chosen,)).objective(own)
        yield {link_of(component, rules.slot_codes, arc) for arc in arcs}, comparable(levels, rules)


def comparable(levels: dict[LevelName, int], rules: Policy) -> tuple[int, ...]:
    """Return levels as a tuple that is better the larger it is; team solvers do not optimise the load."""
    if rules.team_objective == "TEAMS":
        levels = {name: value for name, value in levels.items() if name is not LevelName.LOAD}
    return signed(levels)


def participants(world: Facts, rules: Policy) -> set[str]:
    return {mentee.id for component in build(world, rules).components for mentee in component.mentees}


def shuffled(world: Facts, draw: random.Random) -> Facts:
    return replace(
        world,
        mentees=tuple(draw.sample(world.mentees, k=len(world.mentees))),
        mentors=tuple(draw.sample(world.mentors, k=len(world.mentors))),
        published=tuple(draw.sample(world.published, k=len(world.published))),
    )
