"""The plans kept for questions: made once, bounded by size, and a failure is nobody's plan."""

import threading
from types import SimpleNamespace
from uuid import UUID

import pytest

from app.services.questions.warm import WarmPlans

A, B, C = (UUID(int=number) for number in (1, 2, 3))


def plan(n_pairs: int) -> SimpleNamespace:
    return SimpleNamespace(n_pairs=n_pairs)


def test_those_who_ask_at_once_wait_for_one_plan() -> None:
    plans, made = WarmPlans(most_pairs=10), list[int]()
    is_asked, may_end = threading.Event(), threading.Event()

    def make() -> SimpleNamespace:
        made.append(1)
        is_asked.set()
        assert may_end.wait(10)
        return plan(1)

    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(plans.get((A, 1), make))) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert is_asked.wait(10)
    may_end.set()
    for thread in threads:
        thread.join(10)
    assert len(made) == 1
    assert len(found) == 4
    assert len({id(each) for each in found}) == 1


def test_the_plan_asked_about_longest_ago_goes_first_and_the_newest_always_stays() -> None:
    plans = WarmPlans(most_pairs=10)
    first = plans.get((A, 1), lambda: plan(4))
    plans.get((B, 1), lambda: plan(4))
    assert plans.get((A, 1), lambda: plan(99)) is first
    plans.get((C, 1), lambda: plan(4))
    assert len(plans) == 2
    assert plans.get((A, 1), lambda: plan(99)) is first
    again = plan(4)
    assert plans.get((B, 1), lambda: again) is again
    huge = plans.get((C, 2), lambda: plan(1000))
    assert len(plans) == 1
    assert plans.get((C, 2), lambda: plan(0)) is huge


def test_a_newer_version_of_a_plan_replaces_the_former_one() -> None:
    plans = WarmPlans(most_pairs=10)
    plans.get((A, 1), lambda: plan(1))
    plans.get((B, 1), lambda: plan(1))
    plans.get((A, 2), lambda: plan(1))
    assert len(plans) == 2


def test_a_failure_is_told_to_all_who_wait_and_not_kept() -> None:
    plans = WarmPlans(most_pairs=10)

    def fail() -> SimpleNamespace:
        raise LookupError("gone")

    with pytest.raises(LookupError):
        plans.get((A, 1), fail)
    assert len(plans) == 0
    assert plans.get((A, 1), lambda: plan(1)).n_pairs == 1
