"""The flow solver: level by level or joined, guarded teams, slot caps, and refusals instead of crashes."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import matching
from matching import Kinship, LevelName, SolverFailedError, solve
from matching.build import build
from matching.generate import Shape, generate_facts, teams_policy
from matching.solvers import flow, network
from matching.solvers.network import Network, lexicographic_flow
from matching.solvers.ties import tie_costs
from matching.verify import verify
from matching.vocabulary import MentorCategory, MentorState, SolveStatus, VillageConditionKind
from tests.matching.factories import A2, D1, B, facts, links, mentee, mentor, policy, two_slots
from tests.matching.oracles import best_levels, levels_of, signed
from tests.matching.test_properties import QUICK, SEEDS, case


def one_level_per_group(levels, units, limit, name):
    return [[(1, level)] for level in levels if level[1].any()] or [[]]


@QUICK
@given(SEEDS)
def test_levels_solved_one_by_one_on_the_optimal_face_give_the_joint_optimum(seed):
    world, rules = case(seed)
    joint = solve(world, rules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "_groups", one_level_per_group)
        apart = solve(world, rules)
    assert apart.levels == joint.levels
    assert verify(world, rules, links(apart)) == ()


@QUICK
@given(SEEDS, st.booleans(), st.integers(0, 2))
def test_a_plan_priced_from_a_small_core_is_the_optimum_over_all_arcs(seed, apart, n_best):
    world, rules = case(seed)
    whole = solve(world, rules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "DENSE_ARCS", 0)
        patch.setattr(flow, "CORE_PER_SEAT", n_best)
        patch.setattr(flow, "CORE_PER_MENTOR", 0)
        patch.setattr(network, "_JOINING", 1)
        if apart:
            patch.setattr(network, "_groups", one_level_per_group)
        priced = solve(world, rules)
    assert priced.levels == whole.levels
    assert verify(world, rules, links(priced)) == ()


@pytest.mark.parametrize("cap", [1, 2])
def test_a_county_beyond_the_dense_limit_gets_the_optimum_of_all_arcs(monkeypatch, cap):
    rules = teams_policy(2, loadCap=cap, slotCompositionMode="REQUIRE")
    shape = Shape(n_mentees=120, n_mentors=240, n_townships=8, n_villages=6, max_capacity=None)
    world = generate_facts(5, shape, slots=rules.slot_codes)
    whole = solve(world, rules)
    monkeypatch.setattr(flow, "DENSE_ARCS", 1000)
    monkeypatch.setattr(flow, "CORE_PER_SEAT", 4)
    monkeypatch.setattr(flow, "CORE_PER_MENTOR", 2)
    priced = solve(world, rules)
    assert priced.levels == whole.levels
    assert verify(world, rules, links(priced)) == ()


@QUICK
@given(SEEDS, st.integers(2, 3))
def test_scarce_mentors_of_capacity_three_are_never_twice_in_one_team(seed, k):
    shape = Shape(n_mentees=3, n_mentors=2, flaw_share=0, missing_share=0, max_capacity=None, second_record_share=0.5)
    world = generate_facts(seed, shape)
    rules = teams_policy(k, loadCap=3, loadTarget=3)
    result = solve(world, rules)
    assert verify(world, rules, links(result)) == ()
    assert signed(levels_of(result)) == best_levels(build(world, rules))


def test_a_person_with_two_records_and_capacity_two_serves_a_team_once():
    person = mentor("m1", capacity=2)
    world = facts([mentee("c1")], [person, replace(person, id="m1b", pool_township=B)])
    result = solve(world, policy({"code": "FIRST"}, {"code": "SECOND"}))
    assert len(result.seats) == 1
    (shortfall,) = result.shortfalls
    assert shortfall.reasons == (("ALL_AT_CAPACITY", 2),)


def test_a_record_that_a_transfer_left_behind_does_not_bind_capacity():
    left = mentor("m0", capacity=0, state=MentorState.REMOVED, pool_township=B)
    present = replace(mentor("m1", capacity=1), person_id=left.person_id, code=left.code)
    world = facts([mentee()], [left, present])
    result = solve(world, policy(loadCap=1, loadTarget=1))
    assert [seat.mentor_id for seat in result.seats] == ["m1"]
    assert verify(world, policy(loadCap=1, loadTarget=1), links(result)) == ()


def test_capacity_counts_persons_over_all_records_and_other_programmes():
    person = mentor("m1", capacity=3, active_load=1)
    world = facts([mentee(f"c{i}") for i in range(4)], [person, replace(person, id="m1b", active_load=1)])
    assert len(solve(world, policy(loadCap=3)).seats) == 1


@QUICK
@given(SEEDS)
def test_slot_caps_hold_and_stay_optimal_where_categories_keep_the_slots_apart(seed):
    township = {"code": "FIRST", "allowed": ["TOWNSHIP_LEADER", "TOWNSHIP_OFFICER", "RETIRED_CADRE"], "cap": 1}
    village = {"code": "SECOND", "allowed": ["VILLAGE_SECRETARY", "INDUSTRY_LEADER", "SCIENCE_ENVOY"], "cap": 2}
    rules = policy(township, village, loadCap=3, slotCompositionMode="REQUIRE")
    shape = Shape(n_mentees=4, n_mentors=5, max_capacity=None, second_record_share=0, flaw_share=0.05)
    world = generate_facts(seed, shape)
    result = solve(world, rules)
    assert verify(world, rules, links(result)) == ()
    assert signed(levels_of(result)) == best_levels(build(world, rules))


def test_a_slot_cap_of_one_seat_bounds_the_load():
    world = facts([mentee(f"c{i}") for i in range(4)], [mentor(capacity=4)])
    assert len(solve(world, policy({"code": "MENTOR", "cap": 3}, loadCap=4)).seats) == 3


def test_a_slot_cap_that_meets_a_person_fit_for_two_seats_is_left_to_cp_sat():
    kin = Kinship(person_a="person-c1", person_b="person-m2")
    world = facts([mentee("c1"), mentee("c2")], [mentor("m1"), mentor("m2")], kinships=(kin,))
    rules = policy({"code": "FIRST", "cap": 1}, {"code": "SECOND"}, loadCap=2)
    result = solve(world, rules)
    assert (result.solver, result.status) == ("cpsat", SolveStatus.OPTIMAL)
    assert "CP-SAT for 1 of 1 components" in result.solver_reason
    assert verify(world, rules, links(result)) == ()
    assert signed(levels_of(result)) == best_levels(build(world, rules))
    assert len(result.seats) == 3


def test_a_slot_cap_of_persons_fit_for_one_seat_only_is_no_reason_to_refuse():
    township = {"code": "FIRST", "cap": 1, "allowed": ["TOWNSHIP_OFFICER"], "required": True}
    village = {"allowed": ["VILLAGE_SECRETARY"], "required": True}
    rules = policy(township, {"code": "SECOND", **village}, {"code": "THIRD", **village}, loadCap=2)
    weak = frozenset({VillageConditionKind.WEAK_ORGANISATION})
    secretary = mentor("v1", category=MentorCategory.VILLAGE_SECRETARY)
    world = facts([mentee("c1", village_conditions=weak), mentee("c2")], [mentor("m1"), mentor("m2"), secretary])
    result = solve(world, rules)
    assert signed(levels_of(result)) == best_levels(build(world, rules))
    assert len(result.seats) == 4


def test_overload_is_avoided_before_any_score_counts():
    near, far = mentor("m1", capacity=2), mentor("m2", capacity=2, anchors=(B,), pool_township=B)
    result = solve(facts([mentee("c1"), mentee("c2", village=A2)], [near, far]), policy(loadCap=2))
    assert sorted(mentor_id for _, _, mentor_id in links(result)) == ["m1", "m2"]
    assert levels_of(result)[LevelName.OVERLOAD] == 0


def test_overload_counts_mentees_of_other_programmes():
    busy, idle = mentor("m1", capacity=2, active_load=1), mentor("m2", anchors=(B,), pool_township=B)
    result = solve(facts(mentors=[busy, idle]), policy())
    assert links(result) == [("c1", "MENTOR", "m2")]
    assert levels_of(solve(facts(mentors=[busy]), policy()))[LevelName.OVERLOAD] == 1


def test_every_mentee_gets_one_mentor_before_anyone_gets_two():
    rules = policy({"code": "FIRST"}, {"code": "SECOND"}, loadCap=1)
    result = solve(facts([mentee("c1"), mentee("c2")], [mentor("m1"), mentor("m2")]), rules)
    assert {mentee_id for mentee_id, _, _ in links(result)} == {"c1", "c2"}


@pytest.mark.parametrize(("mode", "kept"), [("NONE", "m1"), ("KEEP_UNLESS_INVALID", "m2")])
def test_a_published_link_is_kept_against_a_better_score_when_the_policy_says_so(mode, kept):
    far = mentor("m2", anchors=(B,), pool_township=B)
    world = facts(mentors=[mentor("m1"), far], published=(("c1", "MENTOR", "m2"),))
    result = solve(world, policy(stability={"mode": mode}))
    assert [seat.mentor_id for seat in result.seats] == [kept]
    assert [seat.changed_from_published for seat in result.seats] == [kept == "m1"]
    assert (LevelName.CHANGES in levels_of(result)) is (mode != "NONE")


def test_load_is_spread_when_everything_else_is_equal():
    people = [mentee(f"c{i}") for i in range(4)]
    result = solve(facts(people, [mentor("m1"), mentor("m2")]), policy(loadCap=4, loadTarget=4))
    assert result.metrics.n_loads == ((2, 2),)


def test_equal_optima_are_chosen_by_the_seed():
    world = facts([mentee(f"c{i}") for i in range(4)], [mentor(f"m{i}") for i in range(4)])
    plans = {tuple(links(solve(world, policy(loadCap=1), seed=seed))) for seed in range(8)}
    assert len(plans) > 1
    assert links(solve(world, policy(loadCap=1), seed=3)) == links(solve(world, policy(loadCap=1), seed=3))


_PRINT_A_PLAN = """
from matching import solve
from matching.files import facts_hash
from matching.generate import Shape, generate_facts, teams_policy
rules = teams_policy(2, loadCap=2)
world = generate_facts(4, Shape(n_counties=2, n_mentees=12, n_mentors=20), slots=rules.slot_codes)
result = solve(world, rules, seed=9)
print(facts_hash(world), result.problem_fingerprint, [(s.mentee_id, s.slot, s.mentor_id) for s in result.seats])
"""


def test_the_plan_does_not_depend_on_the_hash_seed_of_the_process():
    outputs = {
        subprocess.run(
            [sys.executable, "-c", _PRINT_A_PLAN],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(matching.__file__).parents[1])},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1


def test_tie_costs_tell_two_records_of_one_person_apart():
    person = mentor("m1")
    (component,) = build(facts(mentors=[person, replace(person, id="m1b")]), policy()).components
    first, second = tie_costs(component, 0)
    assert first != second


def test_a_county_without_mentors_leaves_its_seats_empty_and_solves_the_others():
    result = solve(facts([mentee("c1"), mentee("c2", village=D1)]), policy())
    assert links(result) == [("c1", "MENTOR", "m1")]
    assert [(s.mentee_id, s.reasons) for s in result.shortfalls] == [("c2", (("NO_ELIGIBLE_MENTOR_IN_SCOPE", 0),))]
    alone = solve(facts([mentee("c2", village=D1)]), two_slots())
    assert (alone.seats, len(alone.shortfalls), alone.metrics.n_loads) == ((), 2, ())


def test_progress_is_told_after_every_component():
    shape = Shape(n_counties=3, n_mentees=2, n_mentors=3, second_record_share=0, flaw_share=0)
    world = generate_facts(5, shape)
    told: list[tuple[str, int, int]] = []
    rules = teams_policy(1, menteeEligibility={"minReviewLevel": "NONE"})
    problem = build(world, rules, on_progress=lambda *a: told.append(a))
    solve(world, rules, problem=problem, on_progress=lambda *a: told.append(a))
    n = told[0][2]
    assert told == [("build", i, n) for i in range(1, n + 1)] + [("solve", i, n) for i in range(1, n + 1)]


def small_network(supply) -> Network:
    return Network(
        tail=np.array([0, 0], dtype=np.int32),
        head=np.array([1, 1], dtype=np.int32),
        capacity=np.array([1, 1], dtype=np.int64),
        supply=np.array(supply, dtype=np.int64),
        name="test",
    )


def test_unbalanced_supplies_are_refused_before_the_solver_could_end_the_process():
    with pytest.raises(SolverFailedError, match="do not sum to 0"):
        lexicographic_flow(small_network([2, -1]), [(slice(0, 2), np.array([1, 2]))], 2)


def test_supplies_beyond_the_capacities_are_refused():
    with pytest.raises(SolverFailedError, match="INFEASIBLE"):
        lexicographic_flow(small_network([3, -3]), [(slice(0, 2), np.array([1, 2]))], 3)


def test_a_cost_beyond_the_safe_range_is_refused():
    with pytest.raises(SolverFailedError, match="exceeds the safe limit"):
        lexicographic_flow(small_network([1, -1]), [(slice(0, 2), np.array([2**60, 0]))], 1)


def test_a_flow_that_is_not_optimal_fails_its_certificate(monkeypatch):
    monkeypatch.setattr(network, "_min_cost_flow", lambda part, cost: np.array([1, 0]))
    with pytest.raises(SolverFailedError, match="residual cycle"):
        lexicographic_flow(small_network([1, -1]), [(slice(0, 2), np.array([5, 2]))], 1)


def test_lexicographic_levels_may_weigh_far_more_together_than_64_bits():
    large = 2**40
    levels = [(slice(0, 2), np.array([large, large])), (slice(0, 2), np.array([large, large])),
              (slice(0, 2), np.array([large + 1, large]))]  # fmt: skip
    assert lexicographic_flow(small_network([1, -1]), levels, 1).tolist() == [0, 1]


def test_the_solver_says_what_it_is_and_why():
    result = solve(facts(), policy())
    assert (result.solver, result.solver_reason) == (flow.NAME, flow.REASON)
    assert all(level.bound == level.value and level.gap == 0 for level in result.levels)
    assert result.runtime_s == pytest.approx(sum(seconds for _, seconds in result.stages))
