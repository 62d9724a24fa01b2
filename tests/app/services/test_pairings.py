"""The end of pairings by hand, and candidates who leave the pool: history kept, rosters untouched."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func
from sqlmodel import col, select

from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import (
    ForbiddenError,
    InvalidInputError,
    InvalidStateError,
    NotFoundError,
    VersionConflictError,
)
from app.models import AuditEvent, MatchPlan, Pairing, PairingMember, PairingProgram, ReserveCandidate, Roster
from app.models.vocabulary import (
    CandidateState,
    MemberEndReason,
    MentorCategory,
    PairingMemberState,
    PairingState,
    PlanState,
    ProgramKind,
)
from app.services.exits import CandidateExit, CandidateExitDraft, remove_reserve_candidate
from app.services.pairings import EndPairingDraft, end_pairing
from app.services.snapshot import take_snapshot
from tests.app.services.world import World, make_world, populate

FIRST, SECOND = "TOWNSHIP_MENTOR", "VILLAGE_MENTOR"
NOW = datetime(2025, 6, 10, 8, 0, tzinfo=UTC)
TODAY = date(2025, 6, 10)


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


def published(world: World, *, n: int = 3) -> PairingProgram:
    """A programme of ``n`` pairings that are ACTIVE."""
    populate(world, n=n)
    program = world.program()
    world.publish(new_plan(world, program), now=datetime(2025, 3, 1, 8, 0, tzinfo=UTC))
    return program


def new_plan(world: World, program: PairingProgram) -> MatchPlan:
    run_id = world.run(program)
    with world.database.read() as session:
        return session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()


def pairings(world: World) -> list[Pairing]:
    with world.database.read() as session:
        return list(session.exec(select(Pairing).order_by(col(Pairing.mentee_id), col(Pairing.start_date))))


def members(world: World, pairing_id: UUID) -> dict[str, PairingMember]:
    with world.database.read() as session:
        rows = session.exec(select(PairingMember).where(PairingMember.pairing_id == pairing_id)).all()
    return {row.slot_code: row for row in rows}


def end(world: World, pairing_id: UUID, **values: Any) -> Pairing:
    viewer = values.pop("viewer", world.officer)
    draft = EndPairingDraft(pairing_id=pairing_id, **values)
    return run_in_transaction(
        world.database, lambda session: end_pairing(session, viewer, world.cipher, draft, now=NOW)
    )


def leave(world: World, candidate_id: UUID, outcome: CandidateState, **values: Any) -> CandidateExit:
    viewer = values.pop("viewer", world.officer)
    draft = replace(CandidateExitDraft(candidate_id=candidate_id, outcome=outcome, reason="会议研究决定"), **values)
    return run_in_transaction(
        world.database, lambda session: remove_reserve_candidate(session, viewer, world.cipher, draft, now=NOW)
    )


def tracked(world: World) -> list[tuple[Any, ...]]:
    """State and version of everything that these changes may touch."""
    with world.database.read() as session:
        rows: list[tuple[Any, ...]] = []
        for table in (Pairing, PairingMember, ReserveCandidate):
            rows += [(row.id, row.state, row.version) for row in session.exec(select(table).order_by(col(table.id)))]
        rows.append((session.exec(select(func.count()).select_from(AuditEvent)).one(),))
    return rows


def test_one_mentor_ends_with_a_reason_and_the_pairing_goes_on(world: World) -> None:
    program = published(world)
    first, *others = pairings(world)
    before = members(world, first.id)
    left = end(world, first.id, member_id=before[FIRST].id, reason=MemberEndReason.TRANSFERRED, note="调县直")
    assert (left.state, left.end_date, left.version) == (PairingState.ACTIVE, date(2026, 2, 28), first.version + 1)
    after = members(world, first.id)
    gone = after[FIRST]
    assert (gone.state, gone.end_reason, gone.end_date, world.cipher.decrypt(gone.note_encrypted or "")) == (
        PairingMemberState.ENDED,
        MemberEndReason.TRANSFERRED,
        TODAY,
        "调县直",
    )
    assert (gone.start_date, gone.mentor_id) == (before[FIRST].start_date, before[FIRST].mentor_id)
    assert (after[SECOND].state, after[SECOND].version) == (PairingMemberState.ACTIVE, before[SECOND].version)
    assert [each.version for each in pairings(world) if each.id != first.id] == [each.version for each in others]
    with world.database.read() as session:
        assert session.exec(select(func.count()).select_from(Roster)).one() == 1
        assert session.exec(select(MatchPlan.state)).all() == [PlanState.PUBLISHED]
        facts = take_snapshot(session, program)
        events = session.exec(select(AuditEvent).where(AuditEvent.action == "PAIRING_ENDED")).all()
    assert len(facts.published) == 5
    assert [event.detail for event in events] == [{"program": str(program.id), "state": "ACTIVE", "members": 1}]


def test_the_next_publication_fills_the_seat_and_moves_nobody_else(world: World) -> None:
    program = published(world)
    first, *_ = pairings(world)
    seat = members(world, first.id)[FIRST]
    kept = {row.id: row.version for pairing in pairings(world) for row in members(world, pairing.id).values()}
    end(world, first.id, member_id=seat.id, reason=MemberEndReason.REQUESTED)
    world.publish(new_plan(world, program), now=NOW)
    with world.database.read() as session:
        rows = session.exec(select(PairingMember)).all()
        versions = session.exec(select(Roster.roster_version).order_by(col(Roster.roster_version))).all()
    assert versions == [1, 2]
    assert {row.id: row.version for row in rows if row.id in kept and row.id != seat.id} == {
        key: version for key, version in kept.items() if key != seat.id
    }
    (new,) = [row for row in rows if row.id not in kept]
    assert (new.pairing_id, new.slot_code, new.start_date) == (first.id, FIRST, TODAY)


def test_a_pairing_that_loses_its_last_mentor_is_cancelled(world: World) -> None:
    published(world, n=1)
    (pairing,) = pairings(world)
    seats = members(world, pairing.id)
    end(world, pairing.id, member_id=seats[FIRST].id, reason=MemberEndReason.HEALTH)
    day = date(2025, 5, 31)
    left = end(world, pairing.id, member_id=seats[SECOND].id, reason=MemberEndReason.RETIRED, end_date=day)
    assert (left.state, left.end_date) == (PairingState.CANCELLED, day)


@pytest.mark.parametrize(
    ("outcome", "given", "reason"),
    [
        (PairingState.GRADUATED, None, MemberEndReason.COMPLETED),
        (PairingState.ENDED_BY_PERIOD, None, MemberEndReason.COMPLETED),
        (PairingState.CANCELLED, MemberEndReason.ERROR, MemberEndReason.ERROR),
        (None, MemberEndReason.DISCIPLINE, MemberEndReason.DISCIPLINE),
    ],
)
def test_a_whole_pairing_ends_with_all_its_mentors(
    sqlite_database: Database, cipher: PersonalDataCipher, outcome: Any, given: Any, reason: MemberEndReason
) -> None:
    world = make_world(sqlite_database, cipher)
    published(world, n=1)
    (pairing,) = pairings(world)
    left = end(world, pairing.id, outcome=outcome, reason=given, end_date=date(2025, 6, 1))
    assert (left.state, left.end_date) == (outcome or PairingState.CANCELLED, date(2025, 6, 1))
    ended = members(world, pairing.id).values()
    assert {(each.state, each.end_reason, each.end_date) for each in ended} == {
        (PairingMemberState.ENDED, reason, date(2025, 6, 1))
    }
    with pytest.raises(InvalidStateError, match="only an ACTIVE one"):
        end(world, pairing.id, reason=MemberEndReason.ERROR)


@pytest.mark.parametrize(
    ("values", "error", "path"),
    [
        ({}, InvalidInputError, ("reason",)),
        ({"reason": MemberEndReason.SUPERSEDED}, InvalidInputError, ("reason",)),
        ({"outcome": PairingState.GRADUATED, "reason": MemberEndReason.HEALTH}, InvalidInputError, ("reason",)),
        ({"outcome": PairingState.CONFIRMED}, InvalidInputError, ("outcome",)),
        ({"outcome": PairingState.ENDED_BY_EXIT}, InvalidInputError, ("outcome",)),
        ({"reason": MemberEndReason.ERROR, "end_date": date(2025, 2, 1)}, InvalidInputError, ("end_date",)),
        ({"reason": MemberEndReason.ERROR, "end_date": date(2025, 6, 11)}, InvalidInputError, ("end_date",)),
        ({"reason": MemberEndReason.ERROR, "member_id": UUID(int=5)}, NotFoundError, ("member_id",)),
        (
            {"reason": MemberEndReason.ERROR, "member_id": UUID(int=5), "outcome": PairingState.CANCELLED},
            InvalidInputError,
            ("outcome",),
        ),
        ({"reason": MemberEndReason.ERROR, "expected_version": 9}, VersionConflictError, ("expected_version",)),
    ],
)
def test_a_faulty_end_is_refused_and_changes_nothing(
    sqlite_database: Database, cipher: PersonalDataCipher, values: dict[str, Any], error: type, path: tuple[str]
) -> None:
    world = make_world(sqlite_database, cipher)
    published(world, n=1)
    (pairing,) = pairings(world)
    before = tracked(world)
    with pytest.raises(error) as refusal:
        end(world, pairing.id, **values)
    assert refusal.value.path == path
    assert tracked(world) == before


def test_an_assigned_cadre_s_pairing_may_end_by_exit(world: World) -> None:
    with world.database.write() as session:
        world.assigned(session, world.places.guihua.id)
        world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER)
    program = world.program(kind=ProgramKind.ONE_TO_ONE, name="选派干部导师帮带")
    world.publish(new_plan(world, program), now=datetime(2025, 3, 1, 8, 0, tzinfo=UTC))
    (pairing,) = pairings(world)
    assert end(world, pairing.id, outcome=PairingState.ENDED_BY_EXIT).state is PairingState.ENDED_BY_EXIT
    (member,) = members(world, pairing.id).values()
    assert member.end_reason is MemberEndReason.MENTEE_LEFT


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (CandidateState.PROMOTED, PairingState.ENDED_BY_PROMOTION),
        (CandidateState.REMOVED, PairingState.ENDED_BY_EXIT),
        (CandidateState.WITHDRAWN, PairingState.ENDED_BY_EXIT),
        (CandidateState.TRANSFERRED, PairingState.ENDED_BY_EXIT),
    ],
)
def test_a_candidate_leaves_the_pool_and_only_that_pairing_ends(
    world: World, outcome: CandidateState, state: PairingState
) -> None:
    program = published(world)
    first, *others = pairings(world)
    freed = {str(member.mentor_id) for member in members(world, first.id).values()}
    gone = leave(world, first.mentee_id, outcome, exit_date=date(2025, 6, 2))
    assert (gone.candidate.state, gone.candidate.exit_date) == (outcome, date(2025, 6, 2))
    assert world.cipher.decrypt(gone.candidate.exit_reason_encrypted or "") == "会议研究决定"
    assert [(each.id, each.state, each.end_date) for each in gone.pairings] == [(first.id, state, date(2025, 6, 2))]
    assert {
        (each.state, each.end_reason, each.end_date) for each in members(world, first.id).values()
    } == {(PairingMemberState.ENDED, MemberEndReason.MENTEE_LEFT, date(2025, 6, 2))}  # fmt: skip
    now = {each.id: each for each in pairings(world)}
    assert [(now[each.id].state, now[each.id].version) for each in others] == [
        (PairingState.ACTIVE, each.version) for each in others
    ]
    with world.database.read() as session:
        facts = take_snapshot(session, program)
        (event,) = session.exec(select(AuditEvent).where(AuditEvent.action == "RESERVE_CANDIDATE_REMOVED"))
    assert len(facts.published) == 4
    assert freed.isdisjoint(mentor for _, _, mentor in facts.published)
    assert (event.detail, event.target.startswith("Person 520624-")) == (
        {"state": outcome.value, "exit_date": "2025-06-02", "pairings": [str(first.id)]},
        True,
    )
    plan = new_plan(world, program)
    assert plan.metrics["n_mentees"] == 2
    with pytest.raises(InvalidStateError, match="only one IN_POOL"):
        leave(world, first.mentee_id, outcome)


@pytest.mark.parametrize(
    ("values", "error", "path"),
    [
        ({"outcome": CandidateState.IN_POOL}, InvalidInputError, ("outcome",)),
        ({"reason": " "}, InvalidInputError, ("reason",)),
        ({"exit_date": date(2025, 6, 11)}, InvalidInputError, ("exit_date",)),
        ({"exit_date": date(2024, 11, 30)}, InvalidInputError, ("exit_date",)),
        ({"expected_version": 9}, VersionConflictError, ("expected_version",)),
        ({"candidate_id": UUID(int=5)}, NotFoundError, ("id",)),
    ],
)
def test_a_faulty_exit_is_refused_and_changes_nothing(
    sqlite_database: Database, cipher: PersonalDataCipher, values: dict[str, Any], error: type, path: tuple[str]
) -> None:
    world = make_world(sqlite_database, cipher)
    published(world, n=1)
    (pairing,) = pairings(world)
    before = tracked(world)
    with pytest.raises(error) as refusal:
        leave(world, **{"candidate_id": pairing.mentee_id, "outcome": CandidateState.REMOVED, **values})
    assert refusal.value.path == path
    assert tracked(world) == before


def test_other_roles_and_counties_end_nothing(world: World) -> None:
    published(world, n=1)
    (pairing,) = pairings(world)
    before = tracked(world)
    elsewhere = replace(world.officer, code_prefix="520625", county_ids=frozenset())
    for viewer, error in ((world.approver, ForbiddenError), (elsewhere, NotFoundError)):
        with pytest.raises(error):
            end(world, pairing.id, reason=MemberEndReason.ERROR, viewer=viewer)
        with pytest.raises(error):
            leave(world, pairing.mentee_id, CandidateState.REMOVED, viewer=viewer)
    assert tracked(world) == before
