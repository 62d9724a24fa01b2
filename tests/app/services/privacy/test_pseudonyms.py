"""Somebody who left becomes a pseudonym: nothing tells who it was, and no figure of old years changes."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlmodel import col, func, select

from app.access import SYSTEM_VIEWER, create_token
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import DuplicateError, InvalidInputError, InvalidStateError, NotFoundError
from app.models import (
    AnnualAppraisal,
    ApiToken,
    Appointment,
    AuditEvent,
    DevelopmentNeed,
    Exclusion,
    ImportBatch,
    ImportRow,
    KinshipDeclaration,
    MatchPlan,
    Mentee,
    Mentor,
    Office,
    Pairing,
    PairingMember,
    Person,
    PersonFlag,
    Pin,
    PlanItem,
    Preference,
    ReserveCandidate,
    RosterEntry,
    Shortfall,
    UserAccount,
    UserSession,
)
from app.models.vocabulary import (
    CandidateState,
    DatePrecision,
    ExclusionReason,
    ImportState,
    KinshipRelation,
    PersonFlagKind,
    PersonStatus,
    Role,
    RowChange,
    Sex,
    UserState,
)
from app.services import people
from app.services.exits import CandidateExitDraft, remove_reserve_candidate
from app.services.privacy.pseudonyms import PSEUDONYM, pseudonymise_person
from tests.app.services.world import World, make_world, populate
from tests.factories import id_number

NUMBER, PHONE, NAME = id_number(date(1985, 5, 12), 1), "13987651234", "欧阳小翠"
TEXTS = ("思南县某村", "铜仁一中", "板桥镇党建办", "群众举报", "长期病假", "表现一般")
BY: dict[str, Any] = {"created_by": "t", "updated_by": "t"}


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


def published_and_left(world: World) -> Person:
    """A candidate with everything on file, mentored in a published programme, who then left the pool."""
    populate(world, n=2)
    plan_of = world.run(world.program())
    with world.database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == plan_of)).one()
    world.publish(plan)
    secret = world.cipher.encrypt
    with world.database.write() as session:
        candidate = session.exec(select(ReserveCandidate).order_by(col(ReserveCandidate.id))).first()
        mentor = session.exec(select(Mentor).order_by(col(Mentor.id))).first()
        assert candidate is not None
        assert mentor is not None
        person = session.get_one(Person, candidate.person_id)
        changes = people.PersonChanges(
            name=NAME,
            sex=Sex.FEMALE,
            birth=people.PartialDate(value=date(1985, 5, 12), precision=DatePrecision.DAY),
            education_code="31",
            political_status_code="01",
            native_place=TEXTS[0],
            school=TEXTS[1],
            id_number=NUMBER,
            phone=PHONE,
            unit_and_post=TEXTS[2],
        )
        people.update_cadre(session, world.officer, world.cipher, person.id, changes)
        county: dict[str, Any] = {"county_id": person.county_id, **BY}
        pair = sorted((person.id, mentor.person_id))
        session.add_all(
            [
                PersonFlag(
                    person_id=person.id,
                    kind=PersonFlagKind.HEALTH,
                    start_date=date(2025, 1, 1),
                    note_encrypted=secret(TEXTS[4]),
                    **county,
                ),
                KinshipDeclaration(
                    person_a_id=pair[0], person_b_id=pair[1], relation=KinshipRelation.LINEAL, source="IMPORT", **county
                ),
                Exclusion(
                    mentee_person_id=person.id,
                    mentor_person_id=mentor.person_id,
                    reason=ExclusionReason.COMPLAINT,
                    source_encrypted=secret(TEXTS[3]),
                    **county,
                ),
                Preference(from_person_id=person.id, to_person_id=mentor.person_id, rank=1, **county),
                DevelopmentNeed(person_id=person.id, specialty="DIGITAL", source="SURVEY", **county),
            ]
        )
        account = UserAccount(login="xiaocui", name=NAME, password_hash="none that opens", **BY)
        session.add(account)
        session.flush()
        session.add(
            Office(user_id=account.id, role=Role.MENTEE, person_id=person.id, valid_from=date(2025, 1, 1), **BY)
        )
        until = datetime(2099, 1, 1, tzinfo=UTC)
        session.add(UserSession(secret_hash="0" * 64, user_id=account.id, expires_at=until))
        create_token(session, role=Role.MENTEE, label="本人", division=None, person=person)
        batch = ImportBatch(
            county_id=person.county_id, file_name="a", file_sha256="0" * 64, state=ImportState.COMMITTED, **BY
        )
        session.add(batch)
        session.flush()
        for number, text in enumerate((f'0:{{"name":"{NAME}"}}', f'1:{{"id":"{NUMBER}"}}', '2:{"name":"别人"}')):
            row = ImportRow(
                batch_id=batch.id, sheet="s", row_number=number, kind="CANDIDATES", change=RowChange.NEW,
                content_encrypted=secret(text),
            )  # fmt: skip
            session.add(row)
        leave = CandidateExitDraft(candidate_id=candidate.id, outcome=CandidateState.REMOVED, reason=TEXTS[5])
        remove_reserve_candidate(session, world.officer, world.cipher, leave)
        for member in session.exec(select(PairingMember)):
            member.note_encrypted = secret(TEXTS[5])
    return person


def figures(world: World) -> dict[str, Any]:
    """What old years are counted from."""
    with world.database.read() as session:
        posts = session.exec(select(Appointment.post, Appointment.start_date, Appointment.end_date)).all()
        return {
            "people": session.exec(select(Person.sex, func.count()).group_by(Person.sex)).all(),
            "education": session.exec(
                select(Person.education_code, func.count()).group_by(Person.education_code)
            ).all(),
            "party": session.exec(
                select(Person.political_status_code, func.count()).group_by(Person.political_status_code)
            ).all(),
            "born": sorted(day.year for day in session.exec(select(Person.birth_date)) if day),
            "posts": sorted(map(str, posts)),
            "pool": sorted(
                map(
                    str,
                    session.exec(
                        select(ReserveCandidate.state, ReserveCandidate.pool_date, ReserveCandidate.exit_date)
                    ),
                )
            ),
            "pairings": sorted(map(str, session.exec(select(Pairing.state, Pairing.start_date, Pairing.end_date)))),
            "members": sorted(map(str, session.exec(select(PairingMember.state, PairingMember.end_reason)))),
            "plans": [plan.metrics for plan in session.exec(select(MatchPlan))],
            "items": session.exec(select(func.count(), func.sum(PlanItem.score))).one(),
            "gaps": session.exec(select(func.count()).select_from(Shortfall)).one(),
            "rosters": sorted(str(entry.content) for entry in session.exec(select(RosterEntry))),
        }


def test_nothing_tells_who_a_pseudonym_was_and_every_figure_stays(world: World) -> None:
    person = published_and_left(world)
    before = figures(world)
    run_in_transaction(world.database, lambda s: pseudonymise_person(s, world.officer, world.cipher, person.id))
    assert figures(world) == before
    with world.database.read() as session:
        after = session.get_one(Person, person.id)
        assert (after.code, after.status, after.name, after.search_text) == (
            person.code, PersonStatus.PSEUDONYMISED, PSEUDONYM, PSEUDONYM,
        )  # fmt: skip
        assert (after.birth_date, after.birth_precision) == (date(1985, 1, 1), DatePrecision.YEAR)
        assert after.version == person.version + 1
        gone = ("native_place", "school", "unit_and_post", "residence_division_id", "ethnicity_code")
        numbers = [f"{kind}_{part}" for kind in ("id_number", "phone") for part in ("encrypted", "hash", "masked")]
        assert [getattr(after, name) for name in (*gone, *numbers)] == [None] * 11
        titles = session.exec(select(Appointment.title).where(Appointment.person_id == person.id)).all()
        assert titles == ["其他"]
        for table in (PersonFlag, KinshipDeclaration, Exclusion, Preference):
            assert session.exec(select(table)).all() == []
        for owned in (AnnualAppraisal, DevelopmentNeed):
            assert session.exec(select(owned).where(owned.person_id == person.id)).all() == []
        mentee = session.exec(select(Mentee).where(Mentee.person_id == person.id)).one()
        of_mentee = select(PairingMember).join(Pairing, col(Pairing.id) == col(PairingMember.pairing_id))
        members = session.exec(of_mentee.where(Pairing.mentee_id == mentee.id)).all()
        assert {member.note_encrypted for member in members} == {None}
        assert session.get_one(ReserveCandidate, mentee.id).exit_reason_encrypted is None
        rows = session.exec(select(ImportRow.content_encrypted).order_by(col(ImportRow.row_number))).all()
        assert rows[:2] == [None, None]
        assert world.cipher.decrypt(rows[2] or "") == '2:{"name":"别人"}'
        assert session.exec(select(ApiToken)).one().revoked_at is not None
        assert session.exec(select(UserSession)).one().ended_at is not None
        account = session.exec(select(UserAccount)).one()
        assert (account.name, account.search_text) == (PSEUDONYM, PSEUDONYM)
        assert account.login == f"closed-{account.id.hex[:16]}"
        assert account.state is UserState.DISABLED
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "PERSON_PSEUDONYMISED")).one()
        assert (event.target, event.detail) == (f"Person {person.code}", {"n_import_rows": 2})
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "USER_CHANGED")).one()
        told = {"name": "changed", "login": "changed", "state": ["ACTIVE", "DISABLED"]}
        assert (event.target, event.detail, event.county_id) == (f"UserAccount {account.id}", told, person.county_id)


def test_a_second_time_changes_nothing_and_the_number_is_free_again(world: World) -> None:
    person = published_and_left(world)
    for _ in range(2):
        run_in_transaction(world.database, lambda s: pseudonymise_person(s, world.officer, world.cipher, person.id))
    with world.database.write() as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.action == "PERSON_PSEUDONYMISED")).all()
        assert len(events) == 1
        draft = people.PersonDraft(name=NAME, division_id=person.division_id, id_number=NUMBER)
        again = people.create_cadre(session, world.officer, world.cipher, people.CadreDraft(person=draft))
        assert again.code != person.code
        with pytest.raises(DuplicateError):
            people.create_cadre(session, world.officer, world.cipher, people.CadreDraft(person=draft))


def test_whoever_still_takes_part_is_refused_by_code_and_nothing_changes(world: World) -> None:
    populate(world, n=1)
    with world.database.read() as session:
        everybody = session.exec(select(Person)).all()
    assert len(everybody) == 3
    for person in everybody:
        with pytest.raises(InvalidStateError, match=rf"{person.code} still takes part"):
            run_in_transaction(
                world.database, lambda s, key=person.id: pseudonymise_person(s, world.officer, world.cipher, key)
            )
    with world.database.read() as session:
        assert {row.name for row in session.exec(select(Person))} == {row.name for row in everybody}


def test_a_person_of_another_county_reads_as_absent(world: World) -> None:
    person = published_and_left(world)
    with world.database.write() as session:
        stranger = world.places.officer(session, of=world.places.foreign_county)
        with pytest.raises(NotFoundError):
            pseudonymise_person(session, stranger, world.cipher, person.id)
        assert session.get_one(Person, person.id).name == NAME


def test_a_pseudonym_takes_part_in_nothing_new_and_nobody_makes_one_by_a_change_of_state(world: World) -> None:
    person = published_and_left(world)
    with world.database.write() as session:
        change = people.PersonChanges(status=PersonStatus.PSEUDONYMISED)
        with pytest.raises(InvalidInputError):
            people.update_cadre(session, world.officer, world.cipher, person.id, change)
        pseudonymise_person(session, SYSTEM_VIEWER, world.cipher, person.id)
        with pytest.raises(InvalidStateError, match="is a pseudonym"):
            people.update_cadre(session, world.officer, world.cipher, person.id, people.PersonChanges(name="张三"))
        mentor = people.MentorDraft(
            person_id=person.id,
            category="TOWNSHIP_OFFICER",
            pool_division_id=world.places.banqiao.id,  # type: ignore[arg-type]
        )
        with pytest.raises(InvalidStateError, match="is a pseudonym"):
            people.create_mentor(session, world.officer, mentor)
        pins = session.exec(select(Pin)).all()
    assert pins == []
