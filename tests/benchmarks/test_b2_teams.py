"""B2: 1,216 × 2,432, supply equal to demand, all team terms: a certified gap, soon."""

import time

import pytest

from matching import LevelName, solve
from matching.control import Control, Event
from matching.verify import verify
from matching.vocabulary import SolveStatus
from tests.benchmarks.instances import tongren_size
from tests.matching.factories import links
from tests.matching.oracles import levels_of


def seconds_to(told: list[Event], gap: float) -> float | None:
    """Return when the gap of the whole plan first fell to ``gap`` or below."""
    return next((event.seconds for event in told if event.gap is not None and event.gap <= gap), None)


@pytest.mark.bench
def test_all_team_terms_at_tongren_size_reach_half_a_per_mille():
    world, rules = tongren_size()
    for start in ("first solve of a process", "later solve of a process"):
        told: list[Event] = []
        started = time.perf_counter()
        result = solve(world, rules, workers=2, control=Control(on_event=told.append))
        seconds = time.perf_counter() - started
        levels = {level.name: level for level in result.levels}
        at = {share: seconds_to(told, share) for share in (0.005, 0.0005)}
        print(  # noqa: T201
            f"\nB2 ({start}, facts in, result out, 2 workers): gap 0.5 % after {at[0.005]:.1f} s, "
            f"0.05 % after {at[0.0005]:.1f} s, {levels[LevelName.SCORE].gap:.4%} at the end, {seconds:.1f} s"
        )
    assert verify(world, rules, links(result)) == ()
    assert levels[LevelName.SCORE].gap <= 0.0005
    assert all(level.gap == 0 for level in result.levels if level.name not in (LevelName.SCORE, LevelName.LOAD))
    assert levels_of(result)[LevelName.SEATS_FILLED] == len(result.seats)
    assert result.status in (SolveStatus.FEASIBLE, SolveStatus.OPTIMAL)
