"""The relaxation over all teams: its bounds, with and without a forced pair, against an exact search over all teams."""

from dataclasses import replace

import numpy as np
import pytest
from ortools.sat.python import cp_model

from matching import Policy
from matching.build import build
from matching.generate import Shape, generate_facts
from matching.policy import TONGREN_TEAMS
from matching.solvers.teams import relaxation as relaxed
from matching.solvers.teams.close import add_loads, persons_of, search
from matching.solvers.teams.columns import Columns, Room, scored
from matching.solvers.teams.pricing import teams_above
from matching.solvers.teams.solve import room_of
from matching.vocabulary import ReviewLevel

SHAPE = Shape(n_mentees=14, n_mentors=22, flaw_share=0.0, missing_share=0.05, max_capacity=None, released_share=0.3)


def room_with_teams(seed: int) -> tuple[Room, Columns, Columns]:
    """Return a county with too few mentors, all its teams, and a plan."""
    world = generate_facts(seed, SHAPE)
    reviewed = ReviewLevel.PREFECTURE_REVIEWED
    mentees = tuple(replace(m, is_in_pool=True, review_level=reviewed, age_years=30) for m in world.mentees)
    rules = Policy.from_json({**TONGREN_TEAMS.to_json(), "menteeEligibility": {}})
    problem = build(replace(world, mentees=mentees), rules)
    room = room_of(problem.components[0], problem)
    nothing = np.zeros(len(room.component.persons), dtype=np.int64)
    every = teams_above(room, nothing, np.full(room.n_mentees, -(1 << 60)))
    assert every is not None
    return room, every, scored(room, np.arange(room.n_mentees), room.face.start)


def best_of(room: Room, teams: Columns, plan: Columns) -> int:
    """Return the exact optimum over the teams, by CP-SAT."""
    done = search(room, teams, plan, seed=0, effort=20.0)
    value = int(done.plan.value.sum())
    assert done.bound == value
    return value


@pytest.mark.parametrize("seed", range(3))
def test_the_relaxation_bounds_the_best_plan_and_a_search_within_it_proves_it(seed: int) -> None:
    room, every, plan = room_with_teams(seed)
    best = best_of(room, every, plan)
    found = relaxed.relax(room, plan, 200_000)
    assert found is not None
    assert found.bound >= best
    assert found.bound - best <= 0.02 * best
    exact = search(room, every, plan, seed=0, effort=20.0).plan
    assert relaxed.closed_bound(room, found, exact) == best


@pytest.mark.parametrize("seed", range(3))
def test_cuts_lower_the_bound_and_cut_no_plan_off(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    room, every, plan = room_with_teams(seed)
    best = best_of(room, every, plan)
    sharp = relaxed.relax(room, plan, 50_000)
    monkeypatch.setattr(relaxed, "CUT_ROUNDS", 0)
    plain = relaxed.relax(room, plan, 50_000)
    assert sharp is not None
    assert plain is not None
    assert not len(plain.duals.cuts)
    assert best <= sharp.bound <= plain.bound + len(sharp.duals.price)  # roundings of one unit per price


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("slack", [3_000, 200_000])
def test_with_a_pair_forced_the_exact_optimum_lies_between_the_plan_and_the_bound(seed: int, slack: int) -> None:
    room, every, plan = room_with_teams(seed)
    found = relaxed.relax(room, plan, slack)
    assert found is not None
    rng = np.random.default_rng(seed)
    tried = 0
    for index in rng.permutation(len(every.value)).tolist()[:60]:
        row, mentor = int(every.mentee[index]), int(every.members[index, 0])
        has_pair = (every.mentee == row) & (every.members == mentor).any(axis=1)
        forced = every.take(has_pair | (every.mentee != row))
        start = start_with(room, forced, row)
        if start is None:
            continue
        truth = best_of(room, forced, start)
        answer = relaxed.restricted(room, found, row, every.take(has_pair), start)
        assert int(start.value.sum()) <= int(answer.plan.value.sum()) <= truth <= answer.bound
        assert (answer.plan.members[answer.plan.mentee == row] == mentor).any()
        tried += 1
        if tried == 5:
            break
    assert tried == 5


def start_with(room: Room, forced: Columns, row: int) -> Columns | None:
    """Return some plan over the teams, ``None`` without any."""
    model = cp_model.CpModel()
    uses = [model.new_bool_var("") for _ in range(len(forced.value))]
    for mentee in range(room.n_mentees):
        model.add_exactly_one([uses[i] for i in np.flatnonzero(forced.mentee == mentee).tolist()])
    add_loads(model, persons_of(room, forced.members), uses, room.face.least_load, room.face.most_load)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    plan = forced.take(np.flatnonzero([solver.boolean_value(use) for use in uses]))
    return plan.take(np.argsort(plan.mentee))
