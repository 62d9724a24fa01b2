"""Publications over time and side by side: versions, people who leave, programmes that share a mentor."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from threading import Barrier, Thread
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import AppError, InvalidInputError, InvalidStateError
from app.models import (
    MatchPlan,
    Mentee,
    Mentor,
    Pairing,
    PairingMember,
    PairingProgram,
    Person,
    PlanItem,
    ReserveCandidate,
    Roster,
    RosterEntry,
    Shortfall,
)
from app.models.vocabulary import (
    CandidateState,
    MentorCategory,
    PairingState,
    PersonStatus,
    PlanState,
    ProgramKind,
    RosterState,
)
from app.services import publication
from app.services.constraints import PinDraft, PreferenceDraft, add_pin, add_preference
from app.services.plans import approve_match_plan, return_match_plan, submit_match_plan
from app.services.programs import ProgramDraft, create_pairing_program
from app.services.publication import publish_match_plan, withdraw_publication
from tests.app.services.test_publication import active_links, new_plan, plan_state
from tests.app.services.world import START, World, make_world, populate


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


def approved(world: World, program: PairingProgram) -> MatchPlan:
    plan = new_plan(world, program)
    run_in_transaction(world.database, lambda s: submit_match_plan(s, world.officer, plan.id))
    run_in_transaction(
        world.database, lambda s: approve_match_plan(s, world.approver, plan.id, "李批准", approve_shortfalls=True)
    )
    return plan


def links(world: World, program: PairingProgram) -> set[tuple[object, str, object]]:
    with world.database.read() as session:
        return active_links(session, program)


def side_by_side(*calls: Callable[[], object]) -> list[AppError | None]:
    """What each call was refused with when all begin at once; ``None`` where it went through."""
    barrier = Barrier(len(calls))
    outcomes: list[AppError | None] = [None] * len(calls)

    def work(number: int) -> None:
        barrier.wait()
        try:
            calls[number]()
        except AppError as error:
            outcomes[number] = error

    threads = [Thread(target=work, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_every_withdrawal_restores_what_stood_before_that_publication(world: World) -> None:
    """Publish A, B; withdraw B; publish C; withdraw C, withdraw A: versions 1 to 6, always the links of the plan."""
    populate(world, n=2)
    program = world.program()
    one = new_plan(world, program)
    world.publish(one)
    first = links(world, program)

    def grow() -> MatchPlan:
        with world.database.write() as session:
            world.candidate(session, world.places.guihua.id)
            world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER)
        plan = new_plan(world, program)
        world.publish(plan)
        return plan

    def withdraw() -> int:
        return run_in_transaction(
            world.database, lambda s: withdraw_publication(s, world.approver, program.id, "有误")
        ).roster_version

    two = grow()
    assert len(links(world, program)) == 5
    assert withdraw() == 3
    assert links(world, program) == first
    three = grow()
    assert len(links(world, program)) == 6
    assert withdraw() == 5
    assert links(world, program) == first
    assert [plan_state(world, plan) for plan in (one, two, three)] == [
        PlanState.PUBLISHED,
        PlanState.WITHDRAWN,
        PlanState.WITHDRAWN,
    ]
    assert withdraw() == 6
    assert links(world, program) == set()
    with world.database.read() as session:
        rosters = session.exec(select(Roster).order_by(col(Roster.roster_version))).all()
        sizes = [
            len(session.exec(select(RosterEntry).where(RosterEntry.roster_id == roster.id)).all()) for roster in rosters
        ]
        checksums = [roster.checksum for roster in rosters]
    assert sizes == [2, 3, 2, 4, 2, 0]
    assert checksums[0] == checksums[2] == checksums[4]
    assert [roster.state for roster in rosters] == [RosterState.AMENDED] * 5 + [RosterState.PUBLISHED]


@pytest.mark.parametrize(
    ("change", "ended"),
    [
        (CandidateState.PROMOTED, PairingState.ENDED_BY_PROMOTION),
        (CandidateState.REMOVED, PairingState.ENDED_BY_EXIT),
        (PersonStatus.LEFT, PairingState.ENDED_BY_EXIT),
    ],
)
def test_the_pairing_of_a_mentee_who_leaves_ends_as_such_and_no_other_changes(
    world: World, change: CandidateState | PersonStatus, ended: PairingState
) -> None:
    populate(world, n=3)
    program = world.program()
    world.publish(new_plan(world, program))
    before = links(world, program)
    with world.database.write() as session:
        candidate = session.exec(select(ReserveCandidate).order_by(col(ReserveCandidate.id))).first()
        assert candidate is not None
        if isinstance(change, CandidateState):
            candidate.state, candidate.exit_date = change, date(2025, 6, 1)
            session.add(candidate)
        else:
            person = session.get_one(Person, candidate.person_id)
            person.status = change
            session.add(person)
    plan = new_plan(world, program)
    world.publish(plan)
    assert links(world, program) == {link for link in before if link[0] != candidate.id}
    with world.database.read() as session:
        states = dict(session.exec(select(Pairing.mentee_id, Pairing.state)).all())
        items = session.exec(select(PlanItem).where(PlanItem.plan_id == plan.id)).all()
    assert states.pop(candidate.id) is ended
    assert set(states.values()) == {PairingState.ACTIVE}
    assert {item.is_changed_from_published for item in items} == {False}


def test_what_ends_ends_on_the_day_it_is_in_china(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    populate(world, n=1)
    program = world.program()
    world.publish(new_plan(world, program))
    monkeypatch.setattr(publication, "utc_now", lambda: datetime(2025, 6, 30, 16, 30, tzinfo=UTC))
    run_in_transaction(world.database, lambda s: withdraw_publication(s, world.approver, program.id, "误发"))
    with world.database.read() as session:
        assert {member.end_date for member in session.exec(select(PairingMember))} == {date(2025, 7, 1)}


def test_two_publications_of_one_programme_at_once_leave_one_published_plan(world: World) -> None:
    populate(world, n=2)
    program = world.program()
    plans = [approved(world, program), approved(world, program)]

    def publish(plan_id: UUID) -> Callable[[], object]:
        return lambda: run_in_transaction(world.database, lambda s: publish_match_plan(s, world.approver, plan_id))

    assert side_by_side(*(publish(plan.id) for plan in plans)) == [None, None]
    assert sorted(plan_state(world, plan) for plan in plans) == [PlanState.PUBLISHED, PlanState.SUPERSEDED]
    with world.database.read() as session:
        rosters = session.exec(select(Roster).order_by(col(Roster.roster_version))).all()
    assert [(r.roster_version, r.state) for r in rosters] == [(1, RosterState.AMENDED), (2, RosterState.PUBLISHED)]
    assert len(links(world, program)) == 4


def test_two_programmes_cannot_publish_one_place_of_a_mentor_at_once(world: World) -> None:
    with world.database.write() as session:
        world.candidate(session, world.places.guihua.id)
        world.assigned(session, world.places.dongxin.id)
        world.mentor(session, world.places.banqiao.id, MentorCategory.RETIRED_CADRE, capacity=1)
    programs = [world.program(), world.program(kind=ProgramKind.ONE_TO_ONE, name="导师帮带")]
    plans = [approved(world, program) for program in programs]
    assert [plan.metrics["n_filled"] for plan in plans] == [1, 1]

    def publish(plan_id: UUID) -> Callable[[], object]:
        return lambda: run_in_transaction(world.database, lambda s: publish_match_plan(s, world.approver, plan_id))

    outcomes = side_by_side(*(publish(plan.id) for plan in plans))
    refused = [outcome for outcome in outcomes if outcome is not None]
    assert len(refused) == 1
    assert isinstance(refused[0], InvalidStateError)
    assert "capacity 1" in refused[0].message
    with world.database.read() as session:
        assert len(session.exec(select(PairingMember)).all()) == 1
        assert len(session.exec(select(Roster)).all()) == 1


def test_approving_counts_the_version_of_the_shortfalls(world: World) -> None:
    with world.database.write() as session:
        world.candidate(session, world.places.guihua.id)
        world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER)
    approved(world, world.program())
    with world.database.read() as session:
        (gap,) = session.exec(select(Shortfall)).all()
    assert (gap.approved_by, gap.updated_by, gap.version) == ("李批准", "approver", 2)


def test_texts_longer_than_their_column_are_refused_on_both_databases(world: World) -> None:
    populate(world, n=1)
    program = world.program()
    plan = approved(world, program)
    submitted = new_plan(world, program)
    run_in_transaction(world.database, lambda s: submit_match_plan(s, world.officer, submitted.id))
    with world.database.read() as session:
        mentee = session.exec(select(Mentee)).one()
        item = session.exec(select(PlanItem).where(PlanItem.plan_id == plan.id)).first()
        assert item is not None
    long = "长" * 401
    pin = PinDraft(program_id=program.id, mentee_id=mentee.id, mentor_id=item.mentor_id, reason=long)
    wish = PreferenceDraft(
        from_person_id=mentee.person_id, to_person_id=world_mentor_person(world, item.mentor_id), rank=1, reason=long
    )
    draft = ProgramDraft(
        division_id=world.places.county.id,
        kind=program.kind,
        mentee_kind=program.mentee_kind,
        name=long,
        year=2025,
        start_date=START,
        preset="TONGREN_2_PLUS_1",
    )
    units: list[Callable[[Session], object]] = [
        lambda s: add_pin(s, world.officer, pin),
        lambda s: add_preference(s, world.officer, world.cipher, wish),
        lambda s: create_pairing_program(s, world.officer, draft),
        lambda s: return_match_plan(s, world.approver, submitted.id, long),
        lambda s: approve_match_plan(s, world.approver, submitted.id, long),
        lambda s: publish_match_plan(s, world.approver, plan.id, document_no=long),
    ]
    for unit in units:
        with pytest.raises(InvalidInputError, match="401 characters"):
            run_in_transaction(world.database, unit)
    world_state = [plan_state(world, plan), plan_state(world, submitted)]
    assert world_state == [PlanState.APPROVED, PlanState.SUBMITTED]


def world_mentor_person(world: World, mentor_id: UUID) -> UUID:
    with world.database.read() as session:
        return session.get_one(Mentor, mentor_id).person_id


def test_no_question_to_the_database_grows_with_the_people(
    sqlite_database: Database, cipher: PersonalDataCipher
) -> None:
    """SQLite takes 32,766 variables in one statement: a prefecture of 20,000 candidates must not need more."""
    world = make_world(sqlite_database, cipher)
    program = world.program()
    asked: list[int] = []

    @event.listens_for(sqlite_database.engine, "before_cursor_execute")
    def _note(_c: object, _u: object, statement: str, parameters: tuple[object, ...], _x: object, many: bool) -> None:
        if statement.startswith("SELECT") and not many:
            asked.append(len(parameters))

    seen = []
    for n in (1, 6):
        populate(world, n=n)
        asked.clear()
        world.publish(new_plan(world, program))
        run_in_transaction(world.database, lambda s: withdraw_publication(s, world.approver, program.id, "有误"))
        seen.append((len(asked), max(asked)))
    (few, widest), (many, widest_of_many) = seen
    assert many <= few
    assert widest_of_many == widest
