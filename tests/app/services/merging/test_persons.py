"""Two records of one person become one: nothing is lost, nothing stands twice, and who they were is in the trail."""

from datetime import date
from functools import partial
from typing import Any

import pytest
from sqlmodel import Session, select

from app.access import Viewer, create_token
from app.db import run_in_transaction
from app.errors import AppError, DuplicateError, ForbiddenError, InvalidInputError, NotFoundError
from app.models import (
    AnnualAppraisal,
    ApiToken,
    Appointment,
    AssignedCadre,
    AuditEvent,
    DevelopmentNeed,
    Exclusion,
    KinshipDeclaration,
    Mentee,
    Mentor,
    Office,
    Person,
    PersonFlag,
    Preference,
    ReserveCandidate,
    VillageLink,
    metadata,
)
from app.models.vocabulary import (
    AppraisalGrade,
    AuditAction,
    ExclusionReason,
    KinshipRelation,
    MentorCategory,
    NeedSource,
    PersonFlagKind,
    Role,
    Specialty,
    VillageLinkRole,
)
from app.services.people import NeedDraft, PersonChanges, update_cadre
from app.services.people.candidates import new_need
from app.services.people.merging import MergePersonsDraft, merge_persons
from tests.app.services.merging.records import REASON, add, common, merge
from tests.app.services.world import World
from tests.factories import id_number


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
