"""A solve that is watched, cut, cancelled, replayed and shared out between processes."""

import multiprocessing
import time
from dataclasses import replace

import pytest

from matching import Pin, PinConflictError, Policy, SolverFailedError, schedule, solve
from matching.build import build, build_part, header, parts_of
from matching.control import Control, Event, StoppedBy
from matching.crew import Crew, Task
from matching.generate import Shape, generate_facts, teams_policy
from matching.policy import TONGREN_TEAMS
from matching.problem import digest_of
from matching.solution import MINIMISED
from matching.solvers.teams import tenth
from matching.verify import verify
from matching.vocabulary import SolveStatus
from tests.matching.factories import B1, facts, links, mentee, mentor, policy
from tests.matching.oracle_teams import best_vector

SHAPE = Shape(n_counties=3, n_mentees=24, n_mentors=48, n_townships=4, flaw_share=0.02, second_record_share=0.02)

FAIR = [
    {"fairness": {"mode": "MAXMIN"}},
    {"fairness": {"mode": "WORST_TENTH"}},
]
FORBIDDING = {"fairness": {"weakTeams": "FORBID"}}
BUDGET = {"stability": {"maxChanges": 6}}


def teams_case():
    rules = Policy.from_json({**TONGREN_TEAMS.to_json(), "menteeEligibility": {}})
    return generate_facts(11, SHAPE, slots=rules.slot_codes), rules


def plan_of(result):
    return result.seats, result.levels, result.shortfalls, result.metrics, result.problem_fingerprint


@pytest.mark.parametrize("slots", [("FIRST", "SECOND"), ()])
def test_a_part_builds_the_very_component_of_the_whole_facts(slots):
    world, rules = generate_facts(4, replace(SHAPE, second_record_share=0.4), slots=slots), teams_policy(2)
    parts = parts_of(world, rules)
    whole = build(world, rules).components
    assert [digest_of(build_part(part, rules)) for part in parts] == [digest_of(component) for component in whole]
    assert len(parts) > 1


def test_one_worker_and_two_make_the_same_plan_twice_each():
    world, rules = teams_case()
    plans = [repr(plan_of(solve(world, rules, seed=3, workers=workers))) for workers in (1, 2, 1, 2)]
    assert len(set(plans)) == 1


def test_components_built_before_make_the_same_plan():
    world, rules = teams_case()
    assert plan_of(solve(world, rules, problem=build(world, rules))) == plan_of(solve(world, rules))


def test_events_tell_a_shrinking_gap_and_end_with_the_result():
    world, rules = teams_case()
    told: list[Event] = []
    result = solve(world, rules, control=Control(on_event=told.append))
    assert [event.step for event in told] == sorted(event.step for event in told)
    assert all(event.gap is None or event.gap >= 0 for event in told)
    last = told[-1]
    assert (last.n_done, last.n_components) == (3, 3)
    score = next(level for level in result.levels if level.name == "SCORE")
    assert (last.value, last.bound) == (score.value, score.bound)
    assert result.steps == last.step


def test_as_many_steps_again_give_the_same_plan_with_any_number_of_workers():
    world, rules = teams_case()
    whole = solve(world, rules)
    steps = 3  # every component has its first plan, none is finished
    assert whole.steps > steps
    cut = [solve(world, rules, workers=workers, control=Control(max_steps=steps)) for workers in (1, 2)]
    assert [result.stopped_by for result in cut] == [StoppedBy.STEPS, StoppedBy.STEPS]
    assert cut[0].steps == cut[1].steps == steps
    assert plan_of(cut[0]) == plan_of(cut[1])
    assert verify(world, rules, links(cut[0])) == ()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_cancelled_solve_returns_its_incumbent(workers):
    world, rules = teams_case()
    told: list[Event] = []
    control = Control(on_event=told.append, is_cancelled=lambda: len(told) >= 3)
    result = solve(world, rules, workers=workers, control=control)
    assert result.status is SolveStatus.CANCELLED
    assert result.stopped_by is StoppedBy.CANCELLED
    assert verify(world, rules, links(result)) == ()
    assert len(result.seats) + len(result.shortfalls) == result.metrics.n_seats
    again = solve(world, rules, control=Control(max_steps=result.steps))
    assert plan_of(again) == plan_of(result)


def test_a_solve_that_is_cancelled_before_its_first_plan_only_fills_the_seats():
    world, rules = teams_case()
    whole = solve(world, rules)
    result = solve(world, rules, control=Control(is_cancelled=lambda: True))
    assert (result.status, result.steps) == (SolveStatus.CANCELLED, 0)
    assert len(result.seats) == len(whole.seats)
    assert verify(world, rules, links(result)) == ()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_solve_with_too_much_left_to_fill_has_no_plan(workers, monkeypatch):
    monkeypatch.setattr(schedule, "PAIRS_FILLED_LATE", 0)
    world, rules = teams_case()
    result = solve(world, rules, workers=workers, control=Control(is_cancelled=lambda: True))
    assert (result.status, result.seats, result.levels) == (SolveStatus.CANCELLED, (), ())


def test_a_time_limit_that_allows_nothing_says_so():
    world, rules = teams_case()
    result = solve(world, rules, control=Control(time_limit_s=0.0))
    assert (result.status, result.stopped_by) == (SolveStatus.FEASIBLE, StoppedBy.TIME)


def test_limits_count_from_the_solve_not_from_their_making():
    world, rules = teams_case()
    control = Control(time_limit_s=600.0, started=time.perf_counter() - 3600.0)
    whole = solve(world, rules, control=control)
    assert whole.stopped_by is not StoppedBy.TIME
    assert solve(world, rules, control=control).steps == whole.steps


def test_less_than_one_worker_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        solve(*teams_case(), workers=0)


def test_the_death_of_a_worker_is_reported():
    world, rules = teams_case()
    parts = parts_of(world, rules)
    with Crew(header(rules, has_roster=False), rules, parts, 2) as crew:
        for child in multiprocessing.active_children():
            child.kill()
            child.join()
        tasks = [Task(name="pairs", index=index, params={"seed": 0}) for index in range(len(parts))]
        with pytest.raises(SolverFailedError, match="worker process ended"):
            list(crew.results(tasks, lambda: None))


def test_one_county_with_unequal_seats_is_solved_beside_the_others_and_can_be_cut():
    base = TONGREN_TEAMS.to_json()
    slots = [{**base["slots"][0], "admitsSameVillage": False}, base["slots"][1]]
    options = {"menteeEligibility": {}, "slots": slots, "geography": {"minOneMentorSameTownship": False}}
    rules = Policy.from_json({**base, **options})
    world = generate_facts(0, Shape(n_counties=3, n_mentees=3, n_mentors=6, n_townships=3, n_villages=8))
    whole = solve(world, rules)
    assert "for 1 of 3 components" in whole.solver_reason
    assert best_vector(build(world, rules)) == tuple(
        level.value * (-1 if level.name in MINIMISED else 1) for level in whole.levels
    )
    for steps in range(whole.steps):
        cut = [solve(world, rules, workers=workers, control=Control(max_steps=steps)) for workers in (1, 2)]
        assert plan_of(cut[0]) == plan_of(cut[1])
        assert verify(world, rules, links(cut[0])) == ()


def test_max_min_holds_where_the_best_plan_has_no_full_team():
    slots = [{"code": code} for code in ("S1", "S2", "S3")]
    options = {"slots": slots, "teamObjective": "TEAMS", "fairness": {"mode": "MAXMIN"}, "poolScope": ["COUNTY"]}
    rules = Policy.from_json({**options, "loadCap": 1, "loadTarget": 1})
    world = facts([mentee("c1"), mentee("c2", village=B1)], [mentor(f"m{number}") for number in range(4)])
    levels = {level.name: (level.value, level.gap) for level in solve(world, rules).levels}
    assert levels["FAIRNESS"] == (0, 0)
    assert levels["SCORE"] == (708_000, 0)


@pytest.mark.parametrize("steps", range(12, 19))
def test_the_incumbent_of_a_fairness_level_never_gets_worse(steps, monkeypatch):
    monkeypatch.setattr(tenth, "FEW_TEAMS", 0)
    rules = Policy.from_json({**teams_case()[1].to_json(), "fairness": {"mode": "WORST_TENTH"}})
    world = generate_facts(3, Shape(n_counties=2, n_mentees=8, n_mentors=16, n_townships=3), slots=rules.slot_codes)
    values = [
        next(
            level.value
            for level in solve(world, rules, control=Control(max_steps=most)).levels
            if level.name == "FAIRNESS"
        )
        for most in (steps, steps + 1)
    ]
    assert values[0] <= values[1]


@pytest.mark.parametrize("options", [BUDGET, {"fairness": {"mode": "MAXMIN", "weakTeams": "FORBID"}}])
def test_a_search_in_one_model_is_replayed_by_its_steps(options):
    world, rules = fair_case(options)
    asked: list[int] = []

    def is_cancelled() -> bool:
        asked.append(0)
        return len(asked) > 12

    cut = solve(world, rules, control=Control(is_cancelled=is_cancelled))
    assert plan_of(solve(world, rules, control=Control(max_steps=cut.steps))) == plan_of(cut)


def test_a_refusal_in_a_worker_reaches_the_caller_by_name():
    people = [mentee("c1"), mentee("c2", village="520625101201")]
    world = facts(people, [mentor("m1"), mentor("m2", pool_county="520625000000", county="520625000000")])
    pins = (Pin(id="p1", mentee_id="c1", mentor_id="m1"), Pin(id="p2", mentee_id="c1", mentor_id="m1", slot="MENTOR"),
            Pin(id="p3", mentee_id="c1", mentor_id="m2"))  # fmt: skip
    with pytest.raises(PinConflictError) as refusal:
        solve(replace(world, pins=pins), policy(), workers=2)
    assert refusal.value.pins == ("p3",)
    assert refusal.value.rules == ("CROSS_COUNTY",)


def fair_case(options):
    world, rules = teams_case()
    rules = Policy.from_json({**rules.to_json(), **options})
    if "stability" in options:
        plan = links(solve(world, replace_fairness(rules)))
        world = replace(world, published=tuple(plan[: len(plan) // 2]))
    return world, rules


def replace_fairness(rules):
    return Policy.from_json({**rules.to_json(), "fairness": {}, "stability": {}})


@pytest.mark.parametrize("options", FAIR)
def test_a_fair_plan_is_the_same_with_one_worker_and_two(options):
    world, rules = fair_case(options)
    told: list[Event] = []
    plans = [
        repr(plan_of(solve(world, rules, seed=3, workers=workers, control=Control(on_event=told.append))))
        for workers in (1, 2)
    ]
    assert len(set(plans)) == 1
    fair = [event for event in told if event.phase == "FAIRNESS"]
    assert fair
    assert all(event.value <= event.bound for event in fair)


@pytest.mark.parametrize("options", FAIR)
@pytest.mark.parametrize("steps", [4, 8, 11, 15])
def test_a_fair_solve_that_is_cut_returns_a_plan_within_its_bounds(options, steps):
    world, rules = fair_case(options)
    whole = {level.name: level for level in solve(world, rules).levels}
    cut = [solve(world, rules, workers=workers, control=Control(max_steps=steps)) for workers in (1, 2)]
    assert plan_of(cut[0]) == plan_of(cut[1])
    assert cut[0].steps <= steps
    assert verify(world, rules, links(cut[0])) == ()
    own = {level.name: level for level in cut[0].levels}
    assert list(own) == list(whole)
    for name in ("SEATS_FILLED", "MENTEES_SERVED", "PRIORITY", "OVERLOAD", "FALLBACKS"):
        assert (own[name].value, own[name].gap) == (whole[name].value, 0)
    assert own["FAIRNESS"].value <= whole["FAIRNESS"].bound
    assert own["FAIRNESS"].bound >= whole["FAIRNESS"].value


@pytest.mark.parametrize(
    "options", [FORBIDDING, BUDGET, {"fairness": {"mode": "MAXMIN", "weakTeams": "FORBID"}}, {**BUDGET, **FAIR[1]}]
)
@pytest.mark.parametrize("n_asked", [1, 2, 30])
def test_a_cancelled_search_in_one_model_returns_a_plan_within_its_bounds(options, n_asked):
    world, rules = fair_case(options)
    asked: list[int] = []

    def is_cancelled() -> bool:
        asked.append(0)
        return len(asked) > n_asked

    result = solve(world, rules, control=Control(is_cancelled=is_cancelled))
    assert (result.status, result.stopped_by) == (SolveStatus.CANCELLED, StoppedBy.CANCELLED)
    assert verify(world, rules, links(result)) == ()
    assert result.levels


@pytest.mark.parametrize("workers", [1, 2])
def test_components_of_any_shape_are_solved_side_by_side(workers):
    rules = Policy.from_json({**teams_case()[1].to_json(), **FORBIDDING})
    world = generate_facts(11, replace(SHAPE, n_mentees=6, n_mentors=12), slots=rules.slot_codes)
    result = solve(world, rules, workers=workers)
    assert result.solver == "cpsat"
    assert plan_of(result) == plan_of(solve(world, rules, problem=build(world, rules)))
