"""Slots: who counts as dead, and for whom."""

import pytest

from app.jobs import slots
from app.jobs.slots import BEAT_S, SILENCE_S, Watch
from app.models import WorkerSlot


class Clock:
    """A clock that the test sets."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(slots.time, "monotonic", made.monotonic)
    return made


def row(beat: int) -> WorkerSlot:
    return WorkerSlot(name="w1", epoch=1, host="another machine", process_id=1, beat=beat)


def look(watch: Watch, clock: Clock, beat: int, seconds: float) -> bool:
    clock.now += seconds
    watch.look([row(beat)])
    return watch.is_silent(row(beat))


def test_a_heart_that_is_not_heard_for_the_whole_time_is_silent(clock: Clock) -> None:
    watch = Watch()
    assert not look(watch, clock, 1, BEAT_S)
    told = [look(watch, clock, 1, BEAT_S) for _ in range(int(SILENCE_S / BEAT_S) + 1)]
    assert told == [False] * int(SILENCE_S / BEAT_S) + [True]


def test_a_beat_ends_the_silence(clock: Clock) -> None:
    watch = Watch()
    assert [look(watch, clock, beat, BEAT_S) for beat in (1, 1, 1, 1, 2, 2, 2, 2)] == [False] * 8


def test_a_time_without_looking_is_nobodys_silence(clock: Clock) -> None:
    watch = Watch()
    assert not look(watch, clock, 1, BEAT_S)
    assert not look(watch, clock, 1, 60.0), "the database was away for all"
    assert not look(watch, clock, 2, BEAT_S)


def test_a_process_of_this_machine_that_lives_is_not_gone() -> None:
    own = WorkerSlot(name="w1", epoch=1, host=slots.this_machine(), process_id=1, beat=1)
    assert not Watch().is_silent(own)
