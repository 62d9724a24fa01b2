"""What an officer may ask of a run: whose, when, and how often."""

from uuid import UUID

import pytest
from sqlmodel import Session, select

from app.access import Viewer, viewer_for_division
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import AppError, ForbiddenError, InvalidInputError, InvalidStateError, TooManyRunsError
from app.models import Division, MatchRun, PairingProgram
from app.models.vocabulary import Role, RunMode, RunState
from app.services.programs import create_match_policy_version
from app.services.runs import RunDraft, control
from app.services.runs.start import MOST_RUNS
from matching import PRESETS
from tests.app.services.world import World, make_world, populate


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    made = make_world(database, cipher)
    populate(made, n=2)
    return made


def state_of(world: World, run_id: UUID) -> RunState:
    with world.database.read() as session:
        return session.get_one(MatchRun, run_id).state


def cancel(world: World, viewer: Viewer, run_id: UUID) -> None:
    run_in_transaction(world.database, lambda session: control.cancel_match_run(session, viewer, run_id))


def given_to_the_prefecture(world: World, program: PairingProgram) -> None:
    def unit(session: Session) -> None:
        row = session.get_one(PairingProgram, program.id)
        row.division_id = session.exec(select(Division.id).where(Division.code == "520600000000")).one()
        session.add(row)

    run_in_transaction(world.database, unit)


def test_a_run_that_waits_is_cancelled_at_once_and_only_once(world: World) -> None:
    run_id = world.start(RunDraft(program_id=world.program().id, mode=RunMode.FINAL))
    cancel(world, world.officer, run_id)
    assert state_of(world, run_id) is RunState.CANCELLED
    with pytest.raises(InvalidStateError, match="nothing to cancel"):
        cancel(world, world.officer, run_id)


def test_a_run_of_the_prefecture_is_not_a_countys_to_cancel_or_try_again(world: World) -> None:
    program = world.program()
    run_id = world.start(RunDraft(program_id=program.id, mode=RunMode.FINAL))
    given_to_the_prefecture(world, program)
    with world.database.read() as session:
        officer = viewer_for_division(session, subject="x", role=Role.COUNTY_ADMIN, division=world.places.county)
    with pytest.raises(ForbiddenError):
        cancel(world, officer, run_id)
    assert state_of(world, run_id) is RunState.QUEUED
    with pytest.raises(AppError):
        control.retry_match_run(world.database, officer, run_id, enqueue=lambda _session, _run_id: None)


def test_so_many_runs_of_a_county_may_be_open_whichever_programme_they_are_of(world: World) -> None:
    programs = [world.program(name=f"思南县2025年“2+1”结对帮带{number}") for number in range(MOST_RUNS + 1)]
    runs = [world.start(RunDraft(program_id=program.id, mode=RunMode.FINAL)) for program in programs[:MOST_RUNS]]
    draft = RunDraft(program_id=programs[-1].id, mode=RunMode.FINAL)
    with pytest.raises(TooManyRunsError, match=f"{MOST_RUNS} runs of division 520624000000"):
        world.start(draft)
    cancel(world, world.officer, runs[0])
    assert state_of(world, world.start(draft)) is RunState.QUEUED


def test_a_cancelled_run_is_tried_again_once_and_a_finished_one_is_not(world: World) -> None:
    program = world.program()
    run_id = world.start(RunDraft(program_id=program.id, mode=RunMode.FINAL, seed=7))
    cancel(world, world.officer, run_id)

    def retry(of: UUID) -> UUID:
        return control.retry_match_run(world.database, world.officer, of, enqueue=lambda _session, _run_id: None)

    again = retry(run_id)
    assert (retry(run_id), again == run_id) == (again, False)
    with world.database.read() as session:
        row = session.get_one(MatchRun, again)
    assert (row.seed, row.mode, row.state) == (7, RunMode.FINAL, RunState.QUEUED)
    with pytest.raises(InvalidStateError, match="only runs that failed or were cancelled"):
        retry(world.run(world.program(name="思南县2025年另一“2+1”结对帮带")))


def test_an_idempotency_key_stands_for_one_request(world: World) -> None:
    program = world.program()
    draft = RunDraft(program_id=program.id, mode=RunMode.FINAL, idempotency_key="k")
    assert world.start(draft) == world.start(draft)
    with pytest.raises(InvalidInputError, match="used for another request"):
        world.start(RunDraft(program_id=program.id, mode=RunMode.DRY_RUN, idempotency_key="k"))


def test_a_run_takes_the_time_limit_of_its_policy_unless_it_states_one(world: World) -> None:
    program = world.program()
    content = PRESETS["TONGREN_2_PLUS_1"].to_json() | {"timeLimitS": 90.0}
    run_in_transaction(
        world.database, lambda session: create_match_policy_version(session, world.officer, program.id, content)
    )
    own = world.start(RunDraft(program_id=program.id, mode=RunMode.FINAL))
    stated = world.start(RunDraft(program_id=program.id, mode=RunMode.FINAL, time_limit_s=30.0))
    with world.database.read() as session:
        assert [session.get_one(MatchRun, run_id).time_limit_s for run_id in (own, stated)] == [90.0, 30.0]
