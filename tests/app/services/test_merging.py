"""Two records of one person become one: nothing is lost, nothing stands twice, and published rosters stay."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select

from app.access import Viewer, create_token
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import AppError, DuplicateError, ForbiddenError, InvalidInputError, InvalidStateError, NotFoundError
from app.models import (
    AnnualAppraisal,
    ApiToken,
    Appointment,
    AssignedCadre,
    AuditEvent,
    DevelopmentNeed,
    Exclusion,
    KinshipDeclaration,
    MatchPlan,
    Mentee,
    Mentor,
    MentorSpecialty,
    Office,
    PairingMember,
    Person,
    PersonFlag,
    Pin,
    Preference,
    ReserveCandidate,
    RosterEntry,
    VillageLink,
    metadata,
)
from app.models.columns import Row
from app.models.vocabulary import (
    AppraisalGrade,
    AssignmentState,
    AuditAction,
    CandidateState,
    ExclusionReason,
    KinshipRelation,
    MenteeKind,
    MentorCategory,
    MentorState,
    NeedSource,
    PersonFlagKind,
    ProgramKind,
    Role,
    SkillLevel,
    Specialty,
    VillageLinkRole,
)
from app.services.people import NeedDraft, PersonChanges, update_cadre
from app.services.people.candidates import new_need
from app.services.people.drafts import SpecialtyDraft
from app.services.people.mentors import new_specialty
from app.services.people.merging import MergePersonsDraft, merge_persons
from app.services.programs import ProgramDraft, create_pairing_program
from tests.app.services.world import START, World, make_world, populate
from tests.factories import id_number

REASON = "经乡镇核实为同一人"


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


@pytest.fixture
def session(world: World) -> Iterator[Session]:
    with world.database.write() as open_session:
        yield open_session


def merge(session: Session, world: World, keep: Person, drop: Person, viewer: Viewer | None = None) -> Person:
    draft = MergePersonsDraft(keep_id=keep.id, drop_id=drop.id, reason=REASON)
    return merge_persons(session, viewer or world.officer, draft)


def add(session: Session, row: Row) -> None:
    session.add(row)
    session.flush()


def common(person: Person) -> dict[str, Any]:
    return {"county_id": person.county_id, "created_by": "test", "updated_by": "test"}


def test_everything_moves_and_blanks_are_filled_but_what_the_kept_record_says_stands(
    world: World, session: Session
) -> None:
    village, other_village = world.places.guihua.id, world.places.dongxin.id
    candidate = world.candidate(session, village)
    mentor = world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER)
    keep, drop = session.get_one(Person, candidate.person_id), session.get_one(Person, mentor.person_id)
    third = world.person(session, village)
    update_cadre(
        session,
        world.officer,
        world.cipher,
        drop.id,
        PersonChanges(school="贵州大学", native_place="贵州思南", id_number=id_number(date(1985, 5, 1))),
    )
    update_cadre(session, world.officer, world.cipher, keep.id, PersonChanges(native_place="贵州铜仁"))
    phone = keep.phone_masked
    for person in (keep, drop):
        add(session, new_need(person, NeedDraft(specialty=Specialty.PARTY_BUILDING), NeedSource.SURVEY, "test"))
        add(
            session,
            KinshipDeclaration(
                person_a_id=person.id,
                person_b_id=third.id,
                relation=KinshipRelation.COLLATERAL,
                source="t",
                **common(keep),
            ),
        )
    add(session, new_need(drop, NeedDraft(specialty=Specialty.INDUSTRY), NeedSource.SURVEY, "test"))
    add(
        session,
        KinshipDeclaration(
            person_a_id=keep.id, person_b_id=drop.id, relation=KinshipRelation.SPOUSE, source="t", **common(keep)
        ),
    )
    add(
        session,
        PersonFlag(
            person_id=drop.id, kind=PersonFlagKind.DISCIPLINE_IN_FORCE, start_date=date(2024, 1, 1), **common(drop)
        ),
    )
    add(
        session,
        VillageLink(
            person_id=drop.id,
            village_id=other_village,
            role=VillageLinkRole.TOWNSHIP_CADRE,
            start_date=date(2024, 1, 1),
            **common(drop),
        ),
    )
    add(session, Preference(from_person_id=third.id, to_person_id=drop.id, rank=1, **common(keep)))
    add(
        session,
        Exclusion(
            mentee_person_id=third.id,
            mentor_person_id=drop.id,
            reason=ExclusionReason.OTHER,
            source_encrypted=world.cipher.encrypt("t"),
            **common(keep),
        ),
    )
    best = session.exec(
        select(AnnualAppraisal).where(AnnualAppraisal.person_id == drop.id, AnnualAppraisal.year == 2024)
    ).one()
    best.grade = AppraisalGrade.EXCELLENT
    add(session, best)
    version = keep.version

    merged = merge(session, world, keep, drop)

    assert merged.id == keep.id
    assert session.get(Person, drop.id) is None
    assert (merged.school, merged.native_place, merged.phone_masked) == ("贵州大学", "贵州铜仁", phone)
    assert merged.id_number_masked == id_number(date(1985, 5, 1))[:6] + "*" * 12
    assert merged.version == version + 1
    owners = {
        table.__tablename__: {row.person_id for row in session.exec(select(table)) if row.person_id != third.id}  # type: ignore[attr-defined]
        for table in (
            Appointment, AnnualAppraisal, PersonFlag, VillageLink, DevelopmentNeed, Mentee, ReserveCandidate, Mentor,
        )  # type: ignore[assignment]
    }  # fmt: skip
    assert set(map(frozenset, owners.values())) == {frozenset({keep.id})}
    needs = {row.specialty for row in session.exec(select(DevelopmentNeed))}
    assert needs == {Specialty.PARTY_BUILDING, Specialty.INDUSTRY}
    grades = {row.grade for row in session.exec(select(AnnualAppraisal).where(AnnualAppraisal.person_id == keep.id))}
    assert grades == {AppraisalGrade.COMPETENT}
    kin = [{row.person_a_id, row.person_b_id} for row in session.exec(select(KinshipDeclaration))]
    assert kin == [{keep.id, third.id}]
    assert session.exec(select(Preference.to_person_id)).one() == keep.id
    assert session.exec(select(Exclusion.mentor_person_id)).one() == keep.id


def test_the_merge_is_in_the_trail_by_code_and_reason_and_names_nobody(world: World) -> None:
    def merged(session: Session) -> tuple[str, str]:
        people = [world.person(session, world.places.guihua.id) for _ in range(2)]
        merge(session, world, *people)
        return people[0].code, people[1].code

    keep, drop = run_in_transaction(world.database, merged)
    with world.database.read() as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.action == AuditAction.PERSONS_MERGED)).one()
    assert (event.target, event.detail["merged"], event.detail["reason"]) == (f"Person {keep}", drop, REASON)
    assert event.detail["n_accounts"] == 0


def test_the_counts_of_the_trail_tell_accounts_and_no_fact_of_class_a(world: World) -> None:
    def merged(session: Session, *, is_restricted: bool) -> None:
        keep, drop, third = (world.person(session, world.places.guihua.id) for _ in range(3))
        add(session, new_need(drop, NeedDraft(specialty=Specialty.INDUSTRY), NeedSource.SURVEY, "test"))
        create_token(session, role=Role.MENTEE, label="手机", division=None, person=drop)
        if is_restricted:
            kin = {"person_a_id": drop.id, "person_b_id": third.id, "relation": KinshipRelation.SPOUSE, "source": "t"}
            pair = {"mentee_person_id": third.id, "mentor_person_id": drop.id, "reason": ExclusionReason.COMPLAINT}
            fact = {"person_id": drop.id, "kind": PersonFlagKind.DISCIPLINE_IN_FORCE, "start_date": date(2024, 1, 1)}
            add(session, KinshipDeclaration(**kin, **common(drop)))
            add(session, Exclusion(**pair, source_encrypted=world.cipher.encrypt("t"), **common(drop)))
            add(session, PersonFlag(**fact, **common(drop)))
        merge(session, world, keep, drop)

    for is_restricted in (False, True):
        run_in_transaction(world.database, partial(merged, is_restricted=is_restricted))
    with world.database.read() as session:
        first, second = session.exec(select(AuditEvent).where(AuditEvent.action == AuditAction.PERSONS_MERGED))
    names = ("n_moved", "n_filled", "n_accounts")
    told, same = ([event.detail[name] for name in names] for event in (first, second))
    assert told == same
    assert told[2] == 1


def test_two_candidates_of_one_pool_become_one_and_the_one_in_the_pool_stays(world: World, session: Session) -> None:
    out = world.candidate(session, world.places.guihua.id, state=CandidateState.SURVEYED, pool_date=None)
    out.state = CandidateState.WITHDRAWN
    add(session, out)
    within = world.candidate(session, world.places.dongxin.id)
    keep, drop = session.get_one(Person, out.person_id), session.get_one(Person, within.person_id)
    merge(session, world, keep, drop)
    left = session.exec(select(ReserveCandidate)).one()
    assert (left.id, left.person_id, left.state) == (within.id, keep.id, CandidateState.IN_POOL)
    assert session.exec(select(Mentee.id)).one() == within.id


@pytest.mark.parametrize("is_active_kept", [True, False])
def test_a_candidate_in_the_pool_is_not_given_the_exit_of_the_other_record(
    world: World, session: Session, is_active_kept: bool
) -> None:
    out = world.candidate(session, world.places.guihua.id, state=CandidateState.SURVEYED, pool_date=None)
    reason = world.cipher.encrypt("本人申请")
    out.state, out.exit_date, out.exit_reason_encrypted = CandidateState.WITHDRAWN, date(2025, 1, 2), reason
    add(session, out)
    within = world.candidate(session, world.places.dongxin.id)
    people = [session.get_one(Person, each.person_id) for each in (within, out)]
    merge(session, world, *(people if is_active_kept else people[::-1]))
    left = session.exec(select(ReserveCandidate)).one()
    assert (left.id, left.state, left.exit_date, left.exit_reason_encrypted) == (
        within.id, CandidateState.IN_POOL, None, None,
    )  # fmt: skip


def test_of_two_records_that_left_in_the_same_way_the_blank_exit_is_filled(world: World, session: Session) -> None:
    outs = [world.candidate(session, world.places.guihua.id) for _ in range(2)]
    for each in outs:
        each.state = CandidateState.WITHDRAWN
        add(session, each)
    outs[1].exit_date = date(2025, 1, 2)
    add(session, outs[1])
    merge(session, world, *(session.get_one(Person, each.person_id) for each in outs))
    left = session.exec(select(ReserveCandidate)).one()
    assert (left.id, left.exit_date) == (outs[0].id, date(2025, 1, 2))


def test_an_active_mentor_does_not_end_with_the_retired_record(world: World, session: Session) -> None:
    active, retired = (
        world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER) for _ in range(2)
    )
    retired.state, retired.available_to = MentorState.RETIRED, date(2024, 6, 30)
    add(session, retired)
    merge(session, world, *(session.get_one(Person, each.person_id) for each in (active, retired)))
    left = session.exec(select(Mentor)).one()
    assert (left.id, left.state, left.available_to) == (active.id, MentorState.ACTIVE, None)


def test_an_active_posting_stays_and_takes_no_term_from_the_ended_one(world: World, session: Session) -> None:
    ended, active = (session.get_one(AssignedCadre, world.assigned(session, world.places.guihua.id)) for _ in range(2))
    ended.state, ended.term_end = AssignmentState.ENDED, date(2024, 9, 1)
    add(session, ended)
    merge(session, world, *(session.get_one(Person, each.person_id) for each in (ended, active)))
    left = session.exec(select(AssignedCadre)).one()
    assert (left.id, left.state, left.term_end) == (active.id, AssignmentState.ACTIVE, None)


def pinned(world: World, session: Session, mentee_id: UUID, mentor_id: UUID) -> None:
    """Something that names both roles, so that neither can be taken away."""
    draft = ProgramDraft(
        division_id=world.places.county.id,
        kind=ProgramKind.TWO_PLUS_ONE,
        mentee_kind=MenteeKind.RESERVE_CANDIDATE,
        name="思南县2025年“2+1”结对帮带",
        year=2025,
        start_date=START,
        preset="TONGREN_2_PLUS_1",
    )
    program = create_pairing_program(session, world.officer, draft)
    add(
        session,
        Pin(
            program_id=program.id,
            mentee_id=mentee_id,
            mentor_id=mentor_id,
            slot_code="TOWNSHIP_MENTOR",
            reason="t",
            county_id=world.places.county.id,
            created_by="test",
            updated_by="test",
        ),
    )


@pytest.mark.parametrize("kind", ["candidate", "mentor", "posting"])
def test_an_active_role_is_not_lost_to_an_ended_one_that_has_history(world: World, session: Session, kind: str) -> None:
    village, pool = world.places.guihua.id, world.places.banqiao.id
    other = world.mentor(session, pool, MentorCategory.TOWNSHIP_OFFICER)
    mentee = world.candidate(session, village)
    roles: list[Any]
    if kind == "candidate":
        roles = [world.candidate(session, village) for _ in range(2)]
        roles[0].state = CandidateState.REMOVED
    elif kind == "mentor":
        roles = [world.mentor(session, pool, MentorCategory.TOWNSHIP_OFFICER) for _ in range(2)]
        roles[0].state = MentorState.REMOVED
    else:
        roles = [session.get_one(AssignedCadre, world.assigned(session, village)) for _ in range(2)]
        roles[0].state = AssignmentState.ENDED
    ended, active = roles
    add(session, ended)
    if kind == "mentor":
        pinned(world, session, mentee.id, ended.id)
    else:
        pinned(world, session, ended.id, other.id)
    people = [session.get_one(Person, each.person_id) for each in (ended, active)]
    for keep, drop in (people, people[::-1]):
        with pytest.raises(InvalidStateError, match="End that role first") as refused, session.begin_nested():
            merge(session, world, keep, drop)
        assert all(person.code in refused.value.message_zh for person in people)
        assert "办理退出" in refused.value.message_zh
    assert {session.get_one(type(each), each.id).person_id for each in roles} == {person.id for person in people}


def test_two_mentors_of_one_pool_become_one_with_the_specialties_of_both(world: World, session: Session) -> None:
    pool = world.places.banqiao.id
    first = world.mentor(session, pool, MentorCategory.TOWNSHIP_OFFICER)
    second = world.mentor(session, pool, MentorCategory.TOWNSHIP_OFFICER, capacity=3)
    for mentor, specialties in ((first, (Specialty.POLICY,)), (second, (Specialty.POLICY, Specialty.DIGITAL))):
        for specialty in specialties:
            add(session, new_specialty(mentor, SpecialtyDraft(specialty=specialty, level=SkillLevel.GOOD), "test"))
    merge(session, world, *(session.get_one(Person, each.person_id) for each in (first, second)))
    left = session.exec(select(Mentor)).one()
    assert (left.id, left.capacity) == (first.id, 3)
    owned = {(row.mentor_id, row.specialty) for row in session.exec(select(MentorSpecialty))}
    assert owned == {(first.id, Specialty.POLICY), (first.id, Specialty.DIGITAL)}


def test_postings_move_and_the_same_posting_is_one(world: World, session: Session) -> None:
    first = world.assigned(session, world.places.guihua.id)
    second = world.assigned(session, world.places.guihua.id)
    keep, drop = (session.get_one(Person, session.get_one(AssignedCadre, each).person_id) for each in (first, second))
    merge(session, world, keep, drop)
    assert [(row.id, row.person_id) for row in session.exec(select(AssignedCadre))] == [(first, keep.id)]


def published(world: World) -> MatchPlan:
    populate(world, n=1)
    run_id = world.run(world.program())
    with world.database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
    world.publish(plan)
    return plan


def test_a_paired_role_moves_with_its_pairing_and_the_published_roster_is_untouched(world: World) -> None:
    published(world)
    with world.database.read() as session:
        before = [(row.mentee_id, row.content) for row in session.exec(select(RosterEntry))]
        paired = session.exec(select(ReserveCandidate)).one()
        members = session.exec(select(PairingMember.mentor_id)).all()

    def merged(session: Session) -> Person:
        # The other record stays: a candidate of the same pool that nothing names.
        fresh = world.candidate(session, world.places.guihua.id)
        keep = session.get_one(Person, fresh.person_id)
        return merge(session, world, keep, session.get_one(Person, paired.person_id))

    kept = run_in_transaction(world.database, merged)
    with world.database.read() as session:
        assert [(row.mentee_id, row.content) for row in session.exec(select(RosterEntry))] == before
        assert [(row.id, row.person_id) for row in session.exec(select(ReserveCandidate))] == [(paired.id, kept.id)]
        assert session.exec(select(PairingMember.mentor_id)).all() == members


def test_merging_that_would_pair_a_person_with_itself_is_refused(world: World) -> None:
    published(world)
    with world.database.read() as session:
        mentee = session.exec(select(Mentee)).one().person_id
        mentors = [row.person_id for row in session.exec(select(Mentor))]
    for keep_id, drop_id in ((mentee, mentors[0]), (mentors[0], mentee), (mentors[0], mentors[1])):
        draft = MergePersonsDraft(keep_id=keep_id, drop_id=drop_id, reason=REASON)
        with pytest.raises(InvalidStateError):
            run_in_transaction(world.database, lambda s, d=draft: merge_persons(s, world.officer, d))  # type: ignore[misc]
    with world.database.read() as session:
        assert len(session.exec(select(Person)).all()) == 3


def test_two_roles_in_one_pool_that_both_have_history_are_refused(world: World) -> None:
    populate(world, n=2)
    run_id = world.run(world.program())
    with world.database.read() as session:
        world.publish(session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one())
        first, second = (row.person_id for row in session.exec(select(ReserveCandidate)))
    draft = MergePersonsDraft(keep_id=first, drop_id=second, reason=REASON)
    with pytest.raises(InvalidStateError, match="both are history"):
        run_in_transaction(world.database, lambda s: merge_persons(s, world.officer, draft))
    with world.database.read() as session:
        assert len(session.exec(select(ReserveCandidate)).all()) == 2


def refusals(world: World, session: Session) -> list[tuple[type[AppError], dict[str, Any], Viewer]]:
    one, two = (world.person(session, world.places.guihua.id) for _ in range(2))
    numbers = (id_number(date(1985, 5, 1), 1), id_number(date(1985, 5, 1), 3))
    for person, number in zip((one, two), numbers, strict=True):
        update_cadre(session, world.officer, world.cipher, person.id, PersonChanges(id_number=number))
    three = world.person(session, world.places.guihua.id)
    township = world.places.officer(session, Role.TOWNSHIP_OFFICER, of=world.places.banqiao)
    foreign = world.places.officer(session, of=world.places.foreign_county)
    good = {"keep_id": one.id, "drop_id": three.id, "reason": REASON}
    return [
        (DuplicateError, good | {"drop_id": two.id}, world.officer),
        (InvalidInputError, good | {"drop_id": one.id}, world.officer),
        (InvalidInputError, good | {"reason": " "}, world.officer),
        (InvalidInputError, good | {"reason": f"号码{numbers[0]}"}, world.officer),
        (ForbiddenError, good, township),
        (NotFoundError, good, foreign),
    ]


def test_what_cannot_be_one_person_is_refused_and_nothing_changes(world: World, session: Session) -> None:
    for error, values, viewer in refusals(world, session):
        before = [(row.id, row.version) for row in session.exec(select(Person))]
        with pytest.raises(error):
            merge_persons(session, viewer, MergePersonsDraft(**values))
        assert [(row.id, row.version) for row in session.exec(select(Person))] == before


def test_no_table_that_refers_to_a_person_is_forgotten() -> None:
    handled = {
        (table.__tablename__, column)
        for table, columns in {
            Appointment: ("person_id",), AnnualAppraisal: ("person_id",), PersonFlag: ("person_id",),
            Mentee: ("person_id",), ReserveCandidate: ("person_id",), AssignedCadre: ("person_id",),
            DevelopmentNeed: ("person_id",), Mentor: ("person_id",), VillageLink: ("person_id",),
            KinshipDeclaration: ("person_a_id", "person_b_id"), Exclusion: ("mentee_person_id", "mentor_person_id"),
            Preference: ("from_person_id", "to_person_id"), Office: ("person_id",), ApiToken: ("person_id",),
        }.items()
        for column in columns
    }  # fmt: skip
    stored = {
        (table.name, key.parent.name)
        for table in metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == "person"
    }
    assert handled == stored
