"""Explanations of a whole prefecture: random pairs against a full solve of their county with the pair pinned."""

from dataclasses import replace

import numpy as np
import pytest

from matching import LevelName, Policy, explainer, solve
from matching.build import build
from matching.explain.option import change_of, objective_of
from matching.solution import Solution
from matching.solvers import flow
from matching.solvers.teams import solve as teams
from tests.benchmarks.instances import tongren_size

N_PAIRS = 100


def random_pairs(context, rng):
    """Yield random admissible pairs that the plan does not have: component number, arc and answer."""
    n_found = 0
    while n_found < N_PAIRS:
        number = int(rng.integers(len(context.problem.components)))
        component = context.problem.components[number]
        arc = int(rng.integers(len(component.arc_mentor)))
        mentee = component.mentees[component.arc_mentee[arc]]
        mentor = component.mentors[component.arc_mentor[arc]]
        answer = context.why_not(mentee.id, mentor.id, context.problem.slots[component.arc_seat[arc]])
        if answer.paired_slot is None:
            n_found += 1
            yield number, arc, answer


def with_pinned(component, arcs):
    pinned = component.arc_pinned.copy()
    pinned[arcs] = True
    return replace(component, arc_pinned=pinned, n_pins=component.n_pins + 1)


@pytest.mark.slow
def test_100_prices_at_tongren_size_are_those_of_a_solve_with_the_pair_pinned():
    changes = {"teamObjective": "SEPARABLE", "geography": {}}
    slots = [{"code": "TOWNSHIP_MENTOR"}, {"code": "VILLAGE_MENTOR"}]
    world, rules = tongren_size(10, **changes, slots=slots)
    assert isinstance(rules, Policy)
    problem = build(world, rules)
    chosen = tuple(flow.solve_component(component, problem, seed=0) for component in problem.components)
    context = explainer(world, rules, problem, Solution(chosen=chosen))
    for number, arc, answer in random_pairs(context, np.random.default_rng(1)):
        component = problem.components[number]
        forced = flow.solve_component(with_pinned(component, [arc]), problem, seed=0)
        before = objective_of(component, problem, chosen[number])
        truth = change_of(before, objective_of(component, problem, forced))
        assert answer.alternative is not None
        assert dict(answer.alternative.change) == {n: v for n, v in truth.items() if n is not LevelName.PINS}


@pytest.mark.slow
def test_100_intervals_at_tongren_size_meet_those_of_a_solve_with_the_pair_pinned():
    world, rules = tongren_size(10)
    assert isinstance(rules, Policy)
    problem = build(world, rules)
    result = solve(world, rules, problem=problem)
    plans = [teams.solve_component(component, problem, seed=0) for component in problem.components]
    assert sum(plan.value for plan in plans) == next(v.value for v in result.levels if v.name is LevelName.SCORE)
    chosen = [teams.arcs_of(c, plan.members) for c, plan in zip(problem.components, plans, strict=True)]
    solution = Solution(chosen=tuple(chosen))
    context = explainer(world, rules, problem, solution, bounds={LevelName.SCORE: sum(p.bound for p in plans)})
    n_met = 0
    for number, arc, answer in random_pairs(context, np.random.default_rng(2)):
        component, plan = problem.components[number], plans[number]
        same = (component.arc_mentee == component.arc_mentee[arc]) & (component.arc_mentor == component.arc_mentor[arc])
        assert answer.alternative is not None
        price = answer.alternative.prices[-1]
        pinned = with_pinned(component, np.flatnonzero(same))
        forced = next(teams.stages(teams.room_of(pinned, problem), seed=0))
        after = teams.arcs_of(component, forced.members)
        truth = change_of(objective_of(component, problem, chosen[number]), objective_of(component, problem, after))
        integer = [p for p in answer.alternative.prices if p.name not in (LevelName.SCORE, LevelName.FAIRNESS)]
        assert [p.low for p in integer] == [truth[p.name] for p in integer]
        if price.name is LevelName.SCORE:
            assert max(price.low, plan.value - forced.bound) <= min(price.high, plan.bound - forced.value)
            n_met += 1
    assert n_met >= N_PAIRS // 2
