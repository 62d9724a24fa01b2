"""Which runs count as hopeless: those that were taken up again and again, and stand still all the same."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import select, update

from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction, utc_now
from app.models import MatchRun, MatchShare
from app.models.vocabulary import RunMode, RunState
from app.services.runs import RunDraft, work
from app.services.runs.faults import MOST_ATTEMPTS, STANDSTILL, WORKERS_DIED, count_attempt
from app.services.runs.shares import keep_progress
from matching.control import Control
from tests.app.services.world import World, make_world, populate

LATELY = STANDSTILL - timedelta(minutes=1)


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    made = make_world(database, cipher)
    populate(made, n=1)
    return made


def begun(world: World, *, n_attempts: int, ago: timedelta) -> UUID:
    """A run with one share that was begun some time ago, and taken up so often."""
    run_id = world.start(RunDraft(program_id=world.program().id, mode=RunMode.FINAL))
    assert run_in_transaction(world.database, lambda session: work.begin_run(session, run_id)) == 1
    change(world, MatchRun, attempt=n_attempts, started_at=utc_now() - ago)
    change(world, MatchShare, attempt=n_attempts, updated_at=utc_now() - ago)
    return run_id


def change(world: World, table: type[MatchRun] | type[MatchShare], **values: int | datetime) -> None:
    run_in_transaction(world.database, lambda session: session.exec(update(table).values(values)))


def seen(world: World, run_id: UUID) -> tuple[RunState, int, int, list[str]]:
    with world.database.read() as session:
        run = session.get_one(MatchRun, run_id)
        share = session.exec(select(MatchShare).where(MatchShare.run_id == run_id)).one()
        return run.state, run.attempt, share.attempt, [message["text"] for message in run.messages]


def take_up(world: World, run_id: UUID) -> None:
    run_in_transaction(world.database, lambda session: count_attempt(session, run_id))


def test_a_run_that_is_taken_up_too_often_and_stands_still_ends_with_the_reason(world: World) -> None:
    run_id = begun(world, n_attempts=MOST_ATTEMPTS - 1, ago=STANDSTILL)
    take_up(world, run_id)
    assert seen(world, run_id) == (RunState.RUNNING, MOST_ATTEMPTS, MOST_ATTEMPTS - 1, [])
    take_up(world, run_id)
    assert seen(world, run_id) == (RunState.FAILED, MOST_ATTEMPTS, MOST_ATTEMPTS - 1, [WORKERS_DIED])


def test_a_share_that_is_taken_too_often_and_stands_still_ends_its_run(world: World) -> None:
    run_id = begun(world, n_attempts=MOST_ATTEMPTS, ago=STANDSTILL)
    assert work.take_share(world.database, run_id, 0) is None
    assert seen(world, run_id) == (RunState.FAILED, MOST_ATTEMPTS, MOST_ATTEMPTS, [WORKERS_DIED])


def test_many_attempts_within_a_short_time_are_no_fault_of_the_run(world: World) -> None:
    run_id = begun(world, n_attempts=2 * MOST_ATTEMPTS, ago=LATELY)
    take_up(world, run_id)
    assert work.take_share(world.database, run_id, 0) is not None
    assert seen(world, run_id) == (RunState.RUNNING, 2 * MOST_ATTEMPTS + 1, 2 * MOST_ATTEMPTS + 1, [])


def test_progress_of_a_share_ends_the_standstill_of_the_run_and_not_that_of_the_share(world: World) -> None:
    run_id = begun(world, n_attempts=MOST_ATTEMPTS, ago=STANDSTILL)
    run_in_transaction(world.database, lambda session: keep_progress(session, run_id, 0, {}))
    take_up(world, run_id)
    assert seen(world, run_id) == (RunState.RUNNING, MOST_ATTEMPTS + 1, MOST_ATTEMPTS, [])
    assert work.take_share(world.database, run_id, 0) is None
    assert seen(world, run_id) == (RunState.FAILED, MOST_ATTEMPTS + 1, MOST_ATTEMPTS, [WORKERS_DIED])


def test_a_solved_share_ends_the_standstill(world: World) -> None:
    run_id = begun(world, n_attempts=MOST_ATTEMPTS - 1, ago=3 * STANDSTILL)
    task = work.take_share(world.database, run_id, 0)
    assert task is not None
    answer = work.solve_task(task, seed=task.seed, control=Control())
    run_in_transaction(world.database, lambda session: work.keep_answer(session, run_id, 0, answer))
    change(world, MatchRun, attempt=MOST_ATTEMPTS)
    take_up(world, run_id)
    assert seen(world, run_id) == (RunState.RUNNING, MOST_ATTEMPTS + 1, MOST_ATTEMPTS, [])
    change(world, MatchShare, solved_at=utc_now() - STANDSTILL, updated_at=utc_now() - STANDSTILL)
    take_up(world, run_id)
    assert seen(world, run_id) == (RunState.FAILED, MOST_ATTEMPTS + 1, MOST_ATTEMPTS, [WORKERS_DIED])
