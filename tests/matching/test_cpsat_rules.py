"""What CP-SAT takes over: forbidden weak teams, slot caps, the change budget, and the choice of the solver."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from matching import Pin, PinConflictError, Policy, SolverFailedError, solve
from matching.build import build
from matching.policy import TONGREN_2_PLUS_1, TONGREN_TEAMS
from matching.restated import broken_team_rules
from matching.restated_changes import excess_of, links_that_hold
from matching.solution import LevelName, Solution
from matching.solvers.choice import choose_solver
from matching.solvers.cpsat import alternate, levels, start, statement
from matching.solvers.cpsat import solve as cpsat
from matching.solvers.cpsat.model import Expression
from matching.solvers.cpsat.terms import STATEMENTS
from matching.stability import are_legal, excess_changes, holding_links
from matching.teams import TERMS
from matching.verify import ViolationCode, verify
from matching.vocabulary import ReasonCode, SolveStatus
from tests.matching.cases_cpsat import SMALL, pinned_case, shape_case
from tests.matching.factories import A1, B1, C1, B, facts, links, mentee, mentor, policy
from tests.matching.oracle_teams import best_vector, vector
from tests.matching.oracles import levels_of
from tests.matching.test_cpsat import QUICK, SEEDS, links_of

TEAMS = {"teamObjective": "TEAMS", "menteeEligibility": {}}
FORBID = {**TEAMS, "fairness": {"weakTeams": "FORBID"}}


def test_every_team_term_has_a_statement():
    assert STATEMENTS.keys() == TERMS.keys()


def test_a_term_without_a_statement_is_refused_by_name():
    problem = build(facts(), policy(**TEAMS))
    strange = replace(problem, team_terms=(*problem.team_terms, ("charm", ())))
    with pytest.raises(SolverFailedError, match="charm"):
        cpsat.solve_components(strange, seed=0)


TWO, THREE = [{"code": "A"}, {"code": "B"}], [{"code": "A"}, {"code": "B"}, {"code": "C"}]


@pytest.mark.parametrize(
    ("options", "name", "reason"),
    [
        ({"slots": TWO}, "flow", "pair criteria only"),
        ({"slots": [{"code": "A", "cap": 1}, {"code": "B"}], "loadCap": 1}, "flow", "pair criteria only"),
        ({"slots": TWO, "stability": {"maxChanges": 3}}, "cpsat", "change budget"),
        ({"slots": TWO, **TEAMS}, "teams", "whole teams"),
        ({"slots": TWO, **TEAMS, "fairness": {"mode": "MAXMIN"}}, "teams", "whole teams"),
        ({"slots": TWO, **TEAMS, "fairness": {"mode": "WORST_TENTH"}}, "teams", "whole teams"),
        ({"slots": TWO, **FORBID}, "cpsat", "weak teams"),
        ({"slots": TWO, **TEAMS, "stability": {"maxChanges": 0}}, "cpsat", "change budget"),
        ({"slots": THREE, **TEAMS}, "teams", "whole teams"),
        ({"slots": [{"code": "A"}, {"code": "B", "cap": 1}], **TEAMS}, "cpsat", "caps"),
        ({"slots": [{"code": "A"}, {"code": "B", "admitsOwnTownshipOnly": True}], **TEAMS}, "cpsat", "differ"),
        ({"slots": [{"code": "A"}, {"code": "B", "admitsSameVillage": False}], **TEAMS}, "cpsat", "differ"),
    ],
)
def test_the_shape_chooses_the_solver_and_the_result_says_why(options, name, reason):
    mentors = [mentor("m1"), mentor("m2", anchors=(B,)), mentor("m3", anchors=(A1,))]
    world = facts([mentee("c1"), mentee("c2", village=B1)], mentors, published=(("c1", "A", "m1"),))
    rules = Policy.from_json(options)
    chosen = choose_solver(build(world, rules))
    assert chosen[0] == name
    assert reason in chosen[1]
    result = solve(world, rules)
    assert (result.solver, result.solver_reason) == chosen
    assert result.status is SolveStatus.OPTIMAL
    assert verify(world, rules, links(result)) == ()


def test_the_two_different_seats_of_tongren_are_solved_with_whole_teams():
    rules = Policy.from_json({**TONGREN_TEAMS.to_json(), "slots": TONGREN_2_PLUS_1.to_json()["slots"]})
    world = facts([mentee()], [mentor("m1", anchors=(A1,)), mentor("m2"), mentor("m3", anchors=(B,), pool_township=B)])
    result = solve(world, rules)
    assert result.solver == "cpsat"
    assert links(result) == [("c1", "TOWNSHIP_MENTOR", "m2"), ("c1", "VILLAGE_MENTOR", "m1")]


def test_a_seat_stays_empty_rather_than_form_a_forbidden_weak_team():
    junior = mentor("m1", grassroots_months=48)
    world, rules = facts(mentors=[junior]), policy(**FORBID)
    result = solve(world, rules)
    assert result.seats == ()
    assert result.shortfalls[0].reasons == ((ReasonCode.MIN_EXPERIENCE, 1),)
    assert len(solve(world, policy(**TEAMS)).seats) == 1
    (fault,) = verify(world, rules, [("c1", "MENTOR", "m1")])
    assert (fault.code, fault.item, fault.reason) == (ViolationCode.RULE_BROKEN, "c1", ReasonCode.MIN_EXPERIENCE)


def test_a_junior_mentor_may_join_a_senior_one_where_weak_teams_are_forbidden():
    rules = policy(*TWO, **FORBID)
    world = facts(mentors=[mentor("m1", grassroots_months=48), mentor("m2", grassroots_months=240)])
    assert len(solve(world, rules).seats) == 2


def test_a_team_short_of_a_senior_says_which_mentors_would_leave_it_weak():
    rules = policy(*TWO, **FORBID, experience={"weakFit": 0})
    senior, juniors = mentor("m0"), [mentor(f"m{i}", grassroots_months=48) for i in (1, 2)]
    world = facts([mentee("c1"), mentee("c2")], [replace(senior, capacity=1), *juniors], kinships=())
    result = solve(world, rules)
    assert {seat.mentee_id for seat in result.seats if seat.mentor_id == "m0"} == {
        mentee_id for mentee_id, _, _ in links(result)
    }
    empty = [s for s in result.shortfalls if s.mentee_id not in {m for m, _, _ in links(result)}]
    assert len(empty) == 2
    assert all(dict(s.reasons)[ReasonCode.MIN_EXPERIENCE] == 2 for s in empty)


@QUICK
@given(SEEDS)
def test_a_team_is_weak_by_the_arrays_exactly_if_it_is_by_the_records(seed):
    options = {"fairness": {"weakTeams": "FORBID"}, "geography": {"sameVillageMentor": "ALLOW"}}
    world, rules = shape_case(seed, replace(SMALL, n_mentees=3, n_mentors=6), objective="TEAMS", **options)
    problem, draw = build(world, rules), random.Random(seed)
    for component in problem.components:
        for row, person in enumerate(component.mentees):
            for _ in range(8):
                team = draw.sample(range(len(component.mentors)), draw.randint(0, rules.n_seats))
                members = np.array([[*team, *[-1] * (rules.n_seats - len(team))]])
                own = [component.mentors[m] for m in team]
                expected = broken_team_rules(person, own, world, rules) == ()
                assert bool(are_legal(component, problem, np.array([row]), members)[0]) is expected


def roster_case(most: int | None, **options):
    """Return a mentee published with the farther mentor; without a budget she moves to the nearer one."""
    far, near = mentor("m1", anchors=(C1,)), mentor("m2")
    rules = policy(stability={"mode": "NONE", "maxChanges": most}, loadCap=1, **options)
    return facts([mentee("c1")], [far, near], published=(("c1", "MENTOR", "m1"),)), rules


@pytest.mark.parametrize(("most", "mentor_id"), [(None, "m2"), (0, "m1"), (1, "m1"), (2, "m2")])
def test_replacing_a_mentor_whose_link_holds_costs_two_changes(most, mentor_id):
    world, rules = roster_case(most)
    result = solve(world, rules)
    assert links(result) == [("c1", "MENTOR", mentor_id)]
    assert verify(world, rules, links(result)) == ()
    codes = [fault.code for fault in verify(world, rules, [("c1", "MENTOR", "m2")])]
    assert codes == ([ViolationCode.OVER_CHANGES] if most in (0, 1) else [])


def test_a_mentee_without_a_link_and_one_whose_link_broke_are_served_without_any_budget():
    mentors = [mentor("m1"), mentor("m2"), mentor("m3", has_discipline_in_force=True), mentor("m4")]
    published = (("c1", "MENTOR", "m1"), ("c2", "MENTOR", "m3"))
    world = facts([mentee("c1"), mentee("c2"), mentee("c3")], mentors, published=published)
    rules = policy(stability={"maxChanges": 0}, loadCap=1)
    result = solve(world, rules)
    assert len(result.seats) == 3
    assert ("c1", "MENTOR", "m1") in links(result)
    assert levels_of(result)[LevelName.CHANGES] == 3


def test_a_pin_may_displace_a_link_whatever_the_budget():
    world, rules = roster_case(0)
    pinned = replace(world, pins=(Pin(id="p1", mentee_id="c1", mentor_id="m2"),))
    result = solve(pinned, rules)
    assert links(result) == [("c1", "MENTOR", "m2")]
    assert verify(pinned, rules, links(result)) == ()


def test_links_of_a_mentor_whose_capacity_shrank_do_not_hold_and_one_of_them_may_stay():
    published = (("c1", "MENTOR", "m1"), ("c2", "MENTOR", "m1"))
    world = facts([mentee("c1"), mentee("c2")], [mentor("m1", capacity=1), mentor("m2")], published=published)
    rules = policy(stability={"maxChanges": 0}, loadCap=2)
    result = solve(world, rules)
    assert len(result.seats) == 2
    assert links_that_hold(world, rules, {"c1", "c2"}) == frozenset()


@QUICK
@given(SEEDS)
def test_links_hold_and_plans_exceed_by_the_arrays_as_by_the_records(seed):
    shape = replace(SMALL, n_mentees=4, n_mentors=5, published_share=0.9, n_townships=1, flaw_share=0.05)
    world, rules = shape_case(seed, shape, stability={"maxChanges": seed % 4})
    plan = links(solve(world, Policy.from_json({**rules.to_json(), "stability": {}}), seed=seed))
    if plan and seed % 2:
        world = pinned_case(seed, world, plan)
    problem = build(world, rules)
    part = {m.id for c in problem.components for m in c.mentees}
    held, excess = set(), 0
    chosen, _ = cpsat.solve_components(replace(problem, max_changes=None), seed=seed)
    for component, own in zip(problem.components, chosen, strict=True):
        arcs = holding_links(component, problem)
        excess += excess_changes(component, own, arcs)
        for arc in np.flatnonzero(arcs).tolist():
            row, seat, column = component.arc_mentee[arc], component.arc_seat[arc], component.arc_mentor[arc]
            held.add((component.mentees[row].id, problem.slots[seat], component.mentors[column].id))
    assert held == links_that_hold(world, rules, part)
    if any(problem.components):
        assert excess == excess_of(links_of(problem, chosen), held)


def test_pins_that_a_forbidden_weak_team_cannot_keep_are_refused_by_name():
    world = facts(mentors=[mentor("m1", grassroots_months=48)], pins=(Pin(id="p1", mentee_id="c1", mentor_id="m1"),))
    with pytest.raises(PinConflictError) as refusal:
        solve(world, policy(**FORBID))
    assert refusal.value.pins == ("p1",)


def test_teams_that_rounding_flatters_are_cut_off_by_name(monkeypatch):
    monkeypatch.setattr(statement, "FINE", 1)
    for seed in range(12):
        world, rules = shape_case(seed, objective="TEAMS", n_seats=2)
        problem = build(world, rules)
        chosen, bounds = cpsat.solve_components(problem, seed=seed)
        assert vector(problem, chosen) == best_vector(problem)
        assert bounds == Solution(chosen=chosen).objective(problem)


@QUICK
@given(SEEDS)
def test_the_start_keeps_every_rule_and_alternation_makes_no_level_worse(seed):
    world, rules = shape_case(seed, replace(SMALL, n_mentees=5, n_mentors=8))
    problem = build(world, rules)
    first = [start.start_plan(component, problem, seed=seed) for component in problem.components]
    assert verify(world, rules, links_of(problem, first)) == ()
    better = [alternate.alternate(c, problem, own, seed=seed, steps=4)
              for c, own in zip(problem.components, first, strict=True)]  # fmt: skip
    assert verify(world, rules, links_of(problem, better)) == ()
    plain = replace(problem, fairness=type(problem.fairness).NONE)
    assert vector(plain, better) >= vector(plain, first)


def test_a_joint_bound_tells_levels_apart_as_long_as_they_are_attained():
    def level(high: int) -> Expression:
        nothing = np.zeros(0, dtype=np.int64)
        return Expression(variables=nothing, coefficients=nothing, constant=0, low=0, high=high)

    (group,) = levels.grouped([(LevelName.PINS, level(3)), (LevelName.SCORE, level(9))], joins=True)
    assert [weight for _, _, weight in group.levels] == [10, 1]
    attained = {LevelName.PINS: 2, LevelName.SCORE: 4}
    assert levels.bounds_of(group, 25, attained) == {LevelName.PINS: 2, LevelName.SCORE: 5}
    assert levels.bounds_of(group, 31, attained) == {LevelName.PINS: 3, LevelName.SCORE: 9}
    with pytest.raises(SolverFailedError):
        levels.bounds_of(group, 23, attained)
