"""Properties of every repair, on generated rosters, against enumeration of all plans."""

import itertools
import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching import Facts, LevelName, Policy, repair, solve, verify
from matching.build import build
from matching.generate import with_pins
from matching.restated import broken_rules
from matching.solution import MINIMISED
from matching.vocabulary import SolveStatus
from tests.matching.factories import links
from tests.matching.oracles import levels_of, signed
from tests.matching.repair.rosters import (
    changes_beyond,
    comparable,
    large_case,
    participants,
    plans_with_levels,
    shuffled,
    small_case,
)

MOST_PLANS = 20_000
SEEDS = st.integers(0, 10**6)
QUICK = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
SHORT = settings(QUICK, max_examples=4)
KINDS = pytest.mark.parametrize("has_teams", [False, True], ids=["separable", "teams"])


def valid_links(world: Facts, rules: Policy) -> set[tuple[str, str, str]]:
    """Return the published links whose mentee takes part and whom no rule keeps apart."""
    mentees = {mentee.id: mentee for mentee in world.mentees}
    mentors = {mentor.id: mentor for mentor in world.mentors}
    taking_part = participants(world, rules)
    return {
        (i, s, m)
        for i, s, m in world.published
        if i in taking_part and m in mentors and not broken_rules(mentees[i], s, mentors[m], world, rules)
    }


@KINDS
@QUICK
@given(seed=SEEDS)
def test_what_still_holds_survives_and_the_plan_breaks_no_rule(seed, has_teams):
    world, rules = large_case(seed, has_teams=has_teams)
    if not world.published:
        return
    found = repair(world, rules, seed=seed)
    plan = set(links(found.result))
    valid = valid_links(world, rules)
    assert verify(world, rules, plan) == ()
    faults = {fault.item for fault in verify(world, rules, valid)}
    if not faults:
        assert valid <= plan
    assert found.n_kept == len(plan & set(world.published))
    assert found.n_changed_links == len(plan ^ set(world.published))
    assert {(e.mentee_id, e.slot, e.mentor_id) for e in found.ended} == set(world.published) - plan
    assert {(e.mentee_id, e.slot, e.mentor_id) for e in found.added} == plan - set(world.published)
    assert (found.n_moves, found.max_changes) == (0, 0)


@KINDS
@QUICK
@given(seed=SEEDS)
def test_a_repair_is_never_worse_than_what_is_left_of_the_roster(seed, has_teams):
    world, rules = large_case(seed, has_teams=has_teams)
    if not world.published:
        return
    found = repair(world, rules)
    after = levels_of(found.result)
    assert signed(after) >= signed(dict(found.before))
    assert after[LevelName.SEATS_FILLED] >= dict(found.before)[LevelName.SEATS_FILLED] == found.n_kept
    for level in found.result.levels:
        assert level.bound <= level.value if level.name in MINIMISED else level.bound >= level.value


@KINDS
@SHORT
@given(seed=SEEDS)
def test_a_budget_is_never_overdrawn_and_without_a_limit_fills_as_much_as_a_solve(seed, has_teams):
    world, rules = large_case(seed, has_teams=has_teams)
    if not world.published:
        return
    frozen = set(links(repair(world, rules).result)) & set(world.published)
    for budget in (2, 5):
        found = repair(world, rules, max_changes=budget)
        plan = set(links(found.result))
        assert verify(world, rules, plan) == ()
        assert found.n_moves == changes_beyond(frozen, plan) <= budget
        assert found.offers is None
    free = repair(world, rules, max_changes=None)
    assert levels_of(free.result)[LevelName.SEATS_FILLED] == len(solve(world, rules).seats)


@KINDS
@SHORT
@given(seed=SEEDS)
def test_the_order_of_people_does_not_change_a_repair(seed, has_teams):
    world, rules = large_case(seed, has_teams=has_teams)
    if not world.published:
        return
    for budget in (0, 3):
        one = repair(world, rules, seed=7, max_changes=budget)
        other = repair(shuffled(world, random.Random(seed)), rules, seed=7, max_changes=budget)
        assert one.result.seats == other.result.seats
        assert one.result.levels == other.result.levels
        assert (one.ended, one.added, one.mentees, one.mentors) == (
            other.ended, other.added, other.mentees, other.mentors
        )  # fmt: skip


@KINDS
@QUICK
@given(seed=SEEDS)
def test_pins_are_kept_before_the_roster(seed, has_teams):
    world, rules = large_case(seed, has_teams=has_teams)
    if not world.published:
        return
    draw = random.Random(seed)
    unpublished = solve(replace(world, published=()), rules, seed=seed)
    wanted = draw.sample(links(unpublished), k=min(3, len(unpublished.seats)))
    pinned = with_pins(world, wanted, named=draw.random() < 0.5)
    found = repair(pinned, rules, seed=seed)
    assert verify(pinned, rules, links(found.result)) == ()


def check_against_enumeration(seed: int, *, has_teams: bool) -> int:
    """Compare repairs of several budgets with all plans; return how many budgets were answered exactly."""
    world, rules = small_case(seed, has_teams=has_teams)
    if seed % 4 == 0:
        world = with_pins(world, links(solve(world, rules))[-1:], named=seed % 8 == 0)
    problem = build(world, rules)
    if not world.published or len(problem.components) != 1:
        return 0
    plans = list(itertools.islice(plans_with_levels(problem, problem.components[0], rules), MOST_PLANS))
    if len(plans) == MOST_PLANS:  # too many to look at them all
        return 0
    published = set(world.published)
    start = repair(world, rules, seed=seed)
    plan = set(links(start.result))
    best = max((levels[0], len(own & published), *levels[1:]) for own, levels in plans)
    reached = comparable(levels_of(start.result), rules)
    assert (reached[0], len(plan & published), *reached[1:]) == best
    assert all(level.gap == 0 for level in start.result.levels if level.name is not LevelName.LOAD)

    priced = [(changes_beyond(plan & published, own), levels) for own, levels in plans]
    most = max(levels[1] for _, levels in priced)
    curve = tuple(
        (min(n for n, levels in priced if levels[:1] == reached[:1] and levels[1] >= fill), fill - reached[1])
        for fill in range(reached[1] + 1, most + 1)
    )
    assert start.offers is not None
    if has_teams:
        assert all(offer[0] >= truth[0] for offer, truth in zip(start.offers, curve, strict=True))
    else:
        assert start.offers == curve
    return sum(
        check_budget(world, rules, budget, [v for n, v in priced if budget is None or n <= budget], seed)
        for budget in (1, 2, 3, 4, None)
    )


def check_budget(world: Facts, rules: Policy, budget: int | None, allowed: list[tuple[int, ...]], seed: int) -> bool:
    found = repair(world, rules, seed=seed, max_changes=budget)
    assert verify(world, rules, links(found.result)) == ()
    reached, best = comparable(levels_of(found.result), rules), max(allowed)
    assert reached <= best
    if rules.team_objective != "TEAMS":
        assert reached[1] == best[1]
    left = allowed
    for place, level in enumerate(found.result.levels[: len(reached)]):
        bound = -level.bound if level.name in MINIMISED else level.bound
        assert bound >= max(levels[place] for levels in left)
        left = [levels for levels in left if levels[place] == reached[place]]
        if not left:
            break
    if reached != best:
        assert found.result.status is SolveStatus.FEASIBLE
    return reached == best


@KINDS
@QUICK
@given(seed=SEEDS)
def test_enumeration_finds_no_better_repair_and_no_bound_is_false(seed, has_teams):
    check_against_enumeration(seed, has_teams=has_teams)


def test_most_budgets_are_answered_exactly():
    answered = [check_against_enumeration(seed, has_teams=False) for seed in range(25)]
    asked = sum(5 for n_exact in answered if n_exact)
    assert asked >= 60
    assert sum(answered) >= 0.95 * asked


@pytest.mark.slow
@pytest.mark.parametrize("block", range(8))
@KINDS
def test_enumeration_of_800_rosters_finds_no_better_repair(block, has_teams):
    for seed in range(10**6 + 50 * block, 10**6 + 50 * block + 50):
        check_against_enumeration(seed, has_teams=has_teams)
