"""A programme solved in shares, one after another or on many machines, gives the result of one solve."""

from dataclasses import replace

import orjson
import pytest

from matching import InvalidFactsError, Policy, schedule, solve
from matching.control import Control, StoppedBy
from matching.generate import Shape, generate_facts
from matching.policy import TONGREN_TEAMS
from matching.shares import (
    join_shares,
    share_from_json,
    share_out,
    share_result_from_json,
    share_result_to_json,
    share_to_json,
    solve_share,
)
from matching.vocabulary import SolveStatus
from tests.matching.factories import links

SHAPE = Shape(n_counties=3, n_mentees=7, n_mentors=14, n_townships=3, flaw_share=0.05, second_record_share=0.1)
PAIRS = {"slots": [{"code": "A"}, {"code": "B"}]}
TEAMS = {**TONGREN_TEAMS.to_json(), "menteeEligibility": {}}
POLICIES = {
    "pairs": PAIRS,
    "capped pairs": {"slots": [{"code": "A", "cap": 1}, {"code": "B"}], "loadCap": 2},
    "budget": {**PAIRS, "stability": {"maxChanges": 4}},
    "teams": TEAMS,
    "max-min": {**TEAMS, "fairness": {"mode": "MAXMIN"}},
    "worst tenth": {**TEAMS, "fairness": {"mode": "WORST_TENTH"}},
    "no weak teams": {**TEAMS, "fairness": {"weakTeams": "FORBID"}},
    "unequal seats": {**TEAMS, "slots": [{"code": "A"}, {"code": "B", "admitsOwnTownshipOnly": True}]},
}


def case(name: str):
    rules = Policy.from_json(POLICIES[name])
    world = generate_facts(5, SHAPE, slots=rules.slot_codes)
    if name == "budget":
        world = replace(world, published=tuple(links(solve(replace(world, published=()), rules)))[::2])
    return world, rules


def told(result):
    """Return everything that a result says but how long it took."""
    return replace(result, runtime_s=0.0, stages=(), steps=0)


@pytest.mark.parametrize("name", POLICIES)
def test_the_joined_shares_are_the_result_of_one_solve(name):
    world, rules = case(name)
    shares = [share_from_json(orjson.loads(orjson.dumps(share_to_json(own)))) for own in share_out(world, rules)]
    is_coupled = name in ("budget", "max-min", "worst tenth")
    assert len(shares) == (1 if is_coupled else 3)
    results = [solve_share(share, rules, seed=4) for share in shares]
    stored = [share_result_from_json(orjson.loads(orjson.dumps(share_result_to_json(own)))) for own in results]
    assert stored == results
    whole = solve(world, rules, seed=4)
    assert told(join_shares(world, rules, stored, seed=4)) == told(whole)
    assert sum(own.steps for own in results) == whole.steps


def test_a_programme_with_an_unfinished_share_has_no_plan(monkeypatch):
    monkeypatch.setattr(schedule, "PAIRS_FILLED_LATE", 0)
    world, rules = case("teams")
    first, *rest = share_out(world, rules)
    cut = solve_share(first, rules, control=Control(max_steps=0))
    assert (cut.links, cut.stopped_by) == (None, StoppedBy.STEPS)
    result = join_shares(world, rules, [cut, *(solve_share(own, rules) for own in rest)])
    assert (result.status, result.seats, result.levels) == (SolveStatus.NO_SOLUTION_FOUND, (), ())


def test_a_cancelled_share_makes_a_cancelled_plan():
    world, rules = case("teams")
    first, *rest = share_out(world, rules)
    cut = replace(solve_share(first, rules), stopped_by=StoppedBy.CANCELLED)
    result = join_shares(world, rules, [cut, *(solve_share(own, rules) for own in rest)])
    assert result.status is SolveStatus.CANCELLED
    assert result.levels


def test_results_of_other_shares_are_refused():
    world, rules = case("teams")
    results = [solve_share(own, rules) for own in share_out(world, rules)]
    with pytest.raises(InvalidFactsError, match="3 shares"):
        join_shares(world, rules, results[:2])
