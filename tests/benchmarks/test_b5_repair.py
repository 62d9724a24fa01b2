"""B5: 35 of 1,216 candidates, or 20 of 2,432 mentors, leave a published 2+1 roster: repair within a second."""

import random
import time
from dataclasses import replace

import pytest

from matching import Facts, MentorFate, Policy, repair, solve, verify
from matching.build import build
from matching.policy import TONGREN_2_PLUS_1
from matching.result import filled_seats
from matching.solution import Solution
from matching.solvers.teams import solve as teams
from tests.benchmarks.instances import tongren_size
from tests.matching.factories import links

N_CANDIDATES, N_MENTORS = 35, 20


def separable() -> tuple[Facts, Policy]:
    world, _ = tongren_size()
    return world, Policy.from_json({**TONGREN_2_PLUS_1.to_json(), "menteeEligibility": {}})


def in_force(world: Facts, rules: Policy, roster: list[tuple[str, str, str]]) -> Facts:
    assert verify(world, rules, roster) == ()
    return replace(world, published=tuple(roster))


def leave(world: Facts, who: str) -> Facts:
    """Let candidates, or mentors who serve, leave."""
    draw = random.Random(5)
    if who == "candidates":
        gone = {mentee.id for mentee in draw.sample(world.mentees, N_CANDIDATES)}
    else:
        gone = set(draw.sample(sorted({mentor_id for _, _, mentor_id in world.published}), N_MENTORS))
    return replace(
        world,
        mentees=tuple(mentee for mentee in world.mentees if mentee.id not in gone),
        mentors=tuple(mentor for mentor in world.mentors if mentor.id not in gone),
    )


def measure(world: Facts, rules: Policy, label: str, solve_s: float) -> None:
    for who in ("candidates", "mentors"):
        today = leave(world, who)
        started, worked = time.perf_counter(), time.process_time()
        found = repair(today, rules)
        seconds, work_s = time.perf_counter() - started, time.process_time() - worked
        print(  # noqa: T201
            f"\nB5 {label}, {who}: {seconds:.2f} s ({work_s:.2f} s of work), {seconds / solve_s:.3f} of a solve's "
            f"{solve_s:.2f} s; {found.n_changed_links} links, {found.n_people_affected} people, "
            f"offers {found.offers}, {found.result.stages}"
        )
        mentees = {mentee.id for mentee in today.mentees}
        mentors = {mentor.id for mentor in today.mentors}
        lost = {link for link in world.published if link[0] not in mentees or link[2] not in mentors}
        plan = set(links(found.result))
        assert set(world.published) - lost <= plan
        assert {(e.mentee_id, e.slot, e.mentor_id) for e in found.ended} == lost
        assert verify(today, rules, plan) == ()
        if who == "candidates":
            freed = {mentor_id for _, _, mentor_id in lost}
            told = {m.mentor_id for m in found.mentors if m.fate in (MentorFate.FREE_AGAIN, MentorFate.REASSIGNED)}
            assert told == freed


@pytest.mark.bench
def test_a_roster_of_pair_criteria_is_repaired_within_a_second():
    world, rules = separable()
    started = time.perf_counter()
    roster = links(solve(world, rules))
    measure(in_force(world, rules, roster), rules, "pair criteria", time.perf_counter() - started)


@pytest.mark.bench
def test_a_roster_of_teams_is_repaired_within_a_second():
    world, rules = tongren_size()
    started = time.perf_counter()
    problem = build(world, rules)
    plans = tuple(
        teams.arcs_of(component, next(teams.stages(teams.room_of(component, problem), seed=0)).members)
        for component in problem.components
    )
    solve_s = time.perf_counter() - started
    seats = filled_seats(problem, Solution(chosen=plans), rules, has_roster=False)
    roster = [(seat.mentee_id, seat.slot, seat.mentor_id) for seat in seats]
    measure(in_force(world, rules, roster), rules, "teams (against the first stage of a solve)", solve_s)
