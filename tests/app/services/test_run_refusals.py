"""Runs that are refused or break off: what they say, and that they leave nothing half written."""

from dataclasses import replace

import pytest
from sqlmodel import col, select

from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import EmptyPoolError, ForbiddenError, InvalidInputError, NotFoundError, PinClashError
from app.models import (
    AuditEvent,
    MatchPlan,
    MatchRun,
    MatchSnapshot,
    Mentee,
    Mentor,
)
from app.models.vocabulary import (
    MentorCategory,
    Role,
    RunMode,
    RunState,
)
from app.services.constraints import PinDraft, add_pin
from app.services.plans import require_plan
from app.services.programs import get_program
from app.services.runs import RunDraft, replay, work
from matching import PinConflictError, SolverFailedError
from tests.app.services.test_runs import count, plan_of
from tests.app.services.world import World, make_world, populate


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


def test_a_run_on_an_empty_pool_is_refused_and_writes_nothing(world: World) -> None:
    program = world.program()
    with world.database.write() as session:
        world.candidate(session, world.places.guihua.id)
    with world.database.read() as session:
        audits = count(session, AuditEvent)
    with pytest.raises(EmptyPoolError, match="Import or enter people first"):
        world.run(program)
    with world.database.read() as session:
        assert count(session, MatchRun) == count(session, MatchPlan) == count(session, MatchSnapshot) == 0
        assert count(session, AuditEvent) == audits


def test_pins_that_clash_at_the_run_are_refused_by_code_and_write_nothing(world: World) -> None:
    populate(world, n=2)
    program = world.program()
    with world.database.write() as session:
        mentees = session.exec(select(Mentee).order_by(col(Mentee.id))).all()
        officer = session.exec(select(Mentor).where(Mentor.category == MentorCategory.TOWNSHIP_OFFICER)).first()
        assert officer is not None
        for mentee in mentees:
            add_pin(
                session,
                world.officer,
                PinDraft(
                    program_id=program.id,
                    mentee_id=mentee.id,
                    mentor_id=officer.id,
                    slot_code="TOWNSHIP_MENTOR",
                    reason="组织决定",
                ),
            )
    with pytest.raises(PinClashError, match=r"520624-\d{5}.*Remove or change") as refused:
        world.run(program)
    assert str(officer.id) not in refused.value.message
    with world.database.read() as session:
        assert count(session, MatchRun) == 0


def test_readers_and_foreign_officers_cannot_start_a_run(world: World) -> None:
    populate(world, n=1)
    program = world.program()
    draft = RunDraft(program_id=program.id, mode=RunMode.DRY_RUN)
    with world.database.read() as session:
        reader = world.places.officer(session, Role.READER)
        foreign = world.places.officer(session, of=world.places.foreign_county)
    with pytest.raises(ForbiddenError):
        world.start(draft, reader)
    with pytest.raises(NotFoundError):
        world.start(draft, foreign)
    with world.database.read() as session:
        assert count(session, MatchRun) == 0


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (PinConflictError(("a",), "slot caps leave no plan"), RunState.INFEASIBLE),
        (SolverFailedError("a worker process ended"), RunState.FAILED),
    ],
)
def test_a_solve_without_an_answer_ends_its_run_with_the_reason(
    world: World, monkeypatch: pytest.MonkeyPatch, failure: Exception, state: RunState
) -> None:
    populate(world, n=1)
    program = world.program()

    def break_off(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(work, "solve_share", break_off)
    world.run(program)
    with world.database.read() as session:
        run = session.exec(select(MatchRun)).one()
        events = session.exec(select(AuditEvent).where(col(AuditEvent.target).startswith("MatchRun "))).all()
        assert count(session, MatchPlan) == 0
    assert run.state is state
    assert run.finished_at is not None
    assert [message["kind"] for message in run.messages] == [state]
    assert str(failure) in run.messages[0]["text"]
    assert {(event.action, event.detail.get("state")) for event in events} == {
        ("RUN_STARTED", None),
        ("RUN_FINISHED", state),
    }


@pytest.mark.parametrize("key", ["", " ", "k" * 81])
def test_a_blank_or_endless_key_is_refused(world: World, key: str) -> None:
    populate(world, n=1)
    draft = RunDraft(program_id=world.program().id, mode=RunMode.DRY_RUN, idempotency_key=key)
    with pytest.raises(InvalidInputError, match="1 to 80 characters"):
        world.work(draft)


def test_only_readers_of_plans_replay_a_run_and_mentors_find_no_programme(world: World) -> None:
    populate(world, n=1)
    program = world.program()
    run_id = world.run(program)
    with world.database.read() as session:
        reader = world.places.officer(session, Role.READER)
        mentor = replace(reader, role=Role.MENTOR)
        with pytest.raises(NotFoundError):
            get_program(session, mentor, program.id)
        assert get_program(session, reader, program.id).id == program.id
    with pytest.raises(ForbiddenError):
        replay(world.database, reader, run_id)


def test_a_foreign_plan_is_refused_like_one_that_does_not_exist(world: World) -> None:
    populate(world, n=1)
    _, plan, _ = plan_of(world, world.run(world.program()))
    with world.database.read() as session:
        foreign = world.places.officer(session, of=world.places.foreign_county)
        with pytest.raises(NotFoundError, match=f"No match plan {plan.id} in your territory"):
            require_plan(session, foreign, plan.id)
