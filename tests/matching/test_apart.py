"""Curves and repairs in processes of their own: the same answers, and an end at once when somebody wants it."""

import multiprocessing
import os
import time
from dataclasses import replace

import orjson
import pytest

from matching import InvalidFactsError, LevelName, Policy, SolverFailedError, repair, solve, trade_off
from matching.apart import work_apart
from matching.control import Control, Interrupted, Phase, StoppedBy
from matching.generate import Shape, generate_facts
from matching.policy import TONGREN_TEAMS
from matching.repair import repair_apart, repair_from_json, repair_to_json
from matching.shares import described
from matching.tradeoff import curve, curve_from_json, curve_to_json
from tests.matching.factories import links

PAIRS = Policy.from_json({"slots": [{"code": "A"}, {"code": "B"}]})
TEAMS = Policy.from_json({**TONGREN_TEAMS.to_json(), "menteeEligibility": {}})
FAIR = Policy.from_json({**TEAMS.to_json(), "fairness": {"mode": "WORST_TENTH"}})
SHAPE = Shape(n_counties=2, n_mentees=8, n_mentors=18, n_townships=3)
LIMITED = {"time_limit_s": 600.0}


def case(rules: Policy):
    return generate_facts(11, SHAPE, slots=rules.slot_codes)


def slowly(tell, seconds, news):
    tell(news)
    time.sleep(seconds)
    return os.getpid()


def fails(_tell):
    raise InvalidFactsError("x", "no good")


def dies(_tell):
    os._exit(1)


def test_work_apart_runs_in_another_process_and_tells_on_the_way():
    told = []
    found = work_apart(slowly, 0.0, "half", control=Control(), on_news=told.append)
    assert (told, found == os.getpid()) == (["half"], False)
    assert not multiprocessing.active_children()


def test_work_apart_ends_within_a_moment_when_it_is_cancelled():
    told = []
    started = time.perf_counter()
    with pytest.raises(Interrupted):
        work_apart(slowly, 60.0, 1, control=Control(is_cancelled=lambda: bool(told)), on_news=told.append)
    assert time.perf_counter() - started < 30
    assert not multiprocessing.active_children()


def test_what_the_work_refuses_with_and_a_dead_process_reach_the_caller():
    with pytest.raises(InvalidFactsError, match="x: no good"):
        work_apart(fails, control=Control(), on_news=print)
    with pytest.raises(SolverFailedError, match="a worker process ended"):
        work_apart(dies, control=Control(), on_news=print)


@pytest.mark.parametrize(("rules", "n_points"), [(PAIRS, 4), (FAIR, 3)], ids=["pairs", "worst tenth"])
def test_a_curve_apart_has_the_points_of_the_trade_off(rules, n_points):
    world, told = case(rules), []
    control = Control(on_event=told.append, **LIMITED)
    found = curve(world, rules, n_points=4, seed=3, control=control)
    whole = trade_off(world, rules, n_points=4, seed=3)
    assert [(p.method, p.geography, p.experience, p.gap, p.links) for p in found.points] == [
        (p.method, p.geography, p.experience, p.gap, p.links) for p in whole.points
    ]
    assert (len(found.points), found.stopped_by) == (n_points, None)
    assert {(event.phase, event.n_components) for event in told} == {(Phase.TRADE_OFF, 4)}
    assert max(event.n_done for event in told) == n_points
    assert curve_from_json(orjson.loads(orjson.dumps(curve_to_json(found)))) == found
    assert curve(world, rules, n_points=4, seed=3).points == found.points


def test_a_cancelled_curve_keeps_the_points_found_so_far():
    world, told = case(PAIRS), []
    control = Control(on_event=told.append, is_cancelled=lambda: bool(told))
    found = curve(world, PAIRS, n_points=9, control=control)
    assert found.stopped_by is StoppedBy.CANCELLED
    assert 2 <= len(found.points) < 9
    assert curve(world, PAIRS, n_points=9, control=Control(is_cancelled=lambda: True)).points == ()


@pytest.mark.parametrize("rules", [PAIRS, FAIR], ids=["pairs", "worst tenth"])
def test_a_point_is_measured_by_the_bounds_of_the_best_plan(rules):
    world = case(rules)
    own = solve(world, rules, seed=3)
    bounds = {str(level.name): level.bound for level in own.levels}
    far = trade_off(world, rules, n_points=2, seed=3).points[-1]
    found = described(world, rules, far.links, own.levels, solver="curve", reason="a point")
    assert sorted(links(found)) == sorted(far.links)
    by_name = {level.name: level for level in found.levels}
    assert by_name[LevelName.SCORE].value == far.policy_score
    assert by_name[LevelName.SEATS_FILLED].gap == 0
    if rules is PAIRS:
        assert by_name[LevelName.SCORE].bound == bounds["SCORE"] > far.policy_score
    else:
        assert by_name[LevelName.FAIRNESS].value < by_name[LevelName.FAIRNESS].bound == bounds["FAIRNESS"]
        assert by_name[LevelName.SCORE].bound == max(bounds["SCORE"], far.policy_score)
    same = described(world, rules, links(own), own.levels, solver=own.solver, reason=own.solver_reason, seed=3)
    assert replace(same, runtime_s=0, stages=(), steps=0, status=own.status, stopped_by=own.stopped_by) == replace(
        own, runtime_s=0, stages=(), steps=0
    )


@pytest.mark.parametrize("rules", [PAIRS, TEAMS, FAIR], ids=["pairs", "teams", "worst tenth"])
def test_a_repair_apart_says_what_a_repair_says_and_is_described_as_its_result(rules):
    world = case(rules)
    roster = tuple(links(solve(world, rules)))
    gone = {roster[0][2], roster[-1][2]}
    world = replace(world, published=roster, mentors=tuple(m for m in world.mentors if m.id not in gone))
    found = repair_apart(world, rules, max_changes=2, control=Control(**LIMITED))
    whole = repair(world, rules, max_changes=2)
    differences = found.differences
    assert differences is not None
    assert (differences.ended, differences.mentees, differences.offers, differences.n_moves) == (
        whole.ended,
        whole.mentees,
        whole.offers,
        whole.n_moves,
    )
    assert len(differences.ended) >= 2
    stored = repair_from_json(orjson.loads(orjson.dumps(repair_to_json(found))))
    assert stored == found
    assert stored.links is not None
    result = described(
        world, rules, stored.links, stored.levels, solver=stored.solver, reason=stored.solver_reason, steps=2
    )
    assert replace(result, runtime_s=0, stages=()) == replace(whole.result, runtime_s=0, stages=())


def test_a_cancelled_repair_has_no_plan():
    world = case(PAIRS)
    world = replace(world, published=tuple(links(solve(world, PAIRS))))
    found = repair_apart(world, PAIRS, control=Control(is_cancelled=lambda: True))
    assert (found.links, found.differences, found.stopped_by) == (None, None, StoppedBy.CANCELLED)


def test_a_repair_apart_refuses_what_a_repair_refuses():
    with pytest.raises(InvalidFactsError, match="no roster is in force"):
        repair_apart(replace(case(PAIRS), published=()), PAIRS, control=Control(**LIMITED))
