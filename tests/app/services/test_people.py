"""Creating and changing people: exact columns, refusals that change nothing, one audit event per change."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import pytest
from sqlmodel import Session, func, select

from app.access import Viewer
from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import (
    AppError,
    DuplicateError,
    ForbiddenError,
    InvalidInputError,
    InvalidStateError,
    NotFoundError,
    VersionConflictError,
)
from app.models import (
    Appointment,
    AssignedCadre,
    AuditEvent,
    DevelopmentNeed,
    Mentee,
    Mentor,
    MentorPool,
    MentorSpecialty,
    Person,
    ReserveCandidate,
    ReservePool,
)
from app.models.vocabulary import (
    CandidateSource,
    CandidateState,
    DatePrecision,
    MenteeKind,
    MentorCategory,
    MentorState,
    PostKind,
    ReviewLevel,
    Role,
    Sex,
    SkillLevel,
    Specialty,
    TargetPost,
)
from app.services import people
from tests.factories import Places, id_number, make_places

NUMBER = id_number(date(1985, 6, 12), 1)
PHONE = "13812341234"
TABLES = (
    Person,
    Appointment,
    Mentee,
    ReserveCandidate,
    AssignedCadre,
    ReservePool,
    Mentor,
    MentorPool,
    MentorSpecialty,
    DevelopmentNeed,
    AuditEvent,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A county officer at work."""

    session: Session
    viewer: Viewer
    cipher: PersonalDataCipher
    places: Places

    def person(self, **changes: object) -> Person:
        draft = people.PersonDraft(name="张三", division_id=self.places.guihua.id)
        return people.create_cadre(
            self.session,
            self.viewer,
            self.cipher,
            people.CadreDraft(person=replace(draft, **changes)),  # type: ignore[arg-type]
        )

    def candidate(self, person: Person, **changes: object) -> ReserveCandidate:
        draft = people.ReserveCandidateDraft(
            person_id=person.id,
            village_id=self.places.guihua.id,
            target_post=TargetPost.SECRETARY,
            source=CandidateSource.SURVEYED_LOCAL,
        )
        return people.create_reserve_candidate(self.session, self.viewer, replace(draft, **changes))  # type: ignore[arg-type]

    def mentor(self, person: Person, **changes: object) -> Mentor:
        draft = people.MentorDraft(
            person_id=person.id,
            category=MentorCategory.TOWNSHIP_OFFICER,
            pool_division_id=self.places.banqiao.id,
        )
        return people.create_mentor(self.session, self.viewer, replace(draft, **changes))  # type: ignore[arg-type]

    def counts(self) -> dict[str, int]:
        return {table.__name__: self.session.exec(select(func.count()).select_from(table)).one() for table in TABLES}

    def events(self) -> list[tuple[str, str]]:
        events = self.session.exec(select(AuditEvent)).all()
        return sorted((event.action, event.target) for event in events)


def _office(database: Database, cipher: PersonalDataCipher) -> Iterator[Office]:
    with database.write() as session:
        places = make_places(session)
        yield Office(session=session, viewer=places.officer(session), cipher=cipher, places=places)


@pytest.fixture
def office(sqlite_database: Database, cipher: PersonalDataCipher) -> Iterator[Office]:
    yield from _office(sqlite_database, cipher)


@pytest.fixture
def office_on_both(database: Database, cipher: PersonalDataCipher) -> Iterator[Office]:
    yield from _office(database, cipher)


def test_a_cadre_is_stored_with_code_masked_numbers_and_career(office_on_both: Office) -> None:
    office = office_on_both
    draft = people.CadreDraft(
        person=people.PersonDraft(
            name="阿不都 • 买买提",
            division_id=office.places.guihua.id,
            id_number=NUMBER.lower(),
            phone="138 1234 1234",
            ethnicity_code="05",
        ),
        appointments=(
            people.AppointmentDraft(
                post=PostKind.VILLAGE_DIRECTOR,
                title="村委会主任",
                division_id=office.places.guihua.id,
                start_date=date(2012, 7, 15),
                end_date=date(2016, 3, 31),
            ),
            people.AppointmentDraft(post=PostKind.TRADE, title="合作社理事长", start_date=date(2016, 3, 1)),
        ),
    )
    person = people.create_cadre(office.session, office.viewer, office.cipher, draft)
    assert (person.code, person.name, person.sex) == ("520624-00001", "阿不都·买买提", Sex.MALE)
    assert person.county_id == office.places.county.id
    assert (person.birth_date, person.birth_precision) == (date(1985, 6, 12), DatePrecision.DAY)
    assert person.id_number_masked == f"520624********{NUMBER[-4:]}"
    assert person.phone_masked == "138****1234"
    assert person.id_number_hash == office.cipher.keyed_hash("id_number", NUMBER)
    assert office.cipher.decrypt(person.phone_encrypted or "") == PHONE
    posts = office.session.exec(select(Appointment).order_by(Appointment.start_date)).all()  # type: ignore[arg-type]
    assert [(p.title, p.start_date, p.end_date, p.is_grassroots, p.source) for p in posts] == [
        ("村委会主任", date(2012, 7, 1), date(2016, 3, 1), True, "ENTRY"),
        ("合作社理事长", date(2016, 3, 1), None, False, "ENTRY"),
    ]
    assert office.events() == [("CREATE_PERSON", "Person 520624-00001")]
    assert office.person().code == "520624-00002"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": " "}, "name"),
        ({"name": "张3"}, "name"),
        ({"id_number": NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")}, "id_number"),
        ({"id_number": "520624198513120013"}, "id_number"),
        ({"id_number": NUMBER[:15]}, "id_number"),
        ({"phone": "12812341234"}, "phone"),
        ({"phone": "1381234123"}, "phone"),
        ({"ethnicity_code": "60"}, "ethnicity_code"),
        ({"education_code": "20"}, "education_code"),
        ({"political_status_code": "14"}, "political_status_code"),
        ({"school": "校" * 121}, "school"),
        ({"id_number": NUMBER, "sex": Sex.FEMALE}, "sex"),
        ({"birth": people.PartialDate(value=date(1850, 1, 1), precision=DatePrecision.DAY)}, "birth"),
    ],
)
def test_a_faulty_person_is_refused_at_its_field(office: Office, changes: dict[str, object], path: str) -> None:
    before = office.counts()
    with pytest.raises(InvalidInputError) as refusal:
        office.person(**changes)
    assert refusal.value.path == ("person", path)
    for value in changes.values():
        assert not isinstance(value, str) or value.strip() == "" or len(value) < 3 or value not in str(refusal.value)
    assert office.counts() == before


def test_texts_are_stored_without_control_and_invisible_characters(office_on_both: Office) -> None:
    office = office_on_both
    draft = people.CadreDraft(
        person=people.PersonDraft(
            name="张三",
            division_id=office.places.guihua.id,
            unit_and_post="板桥镇\x00党建办\u200b",
            school="\x07\ufeff",
        ),
        appointments=(
            people.AppointmentDraft(
                post=PostKind.OTHER, title="\x00干事", organisation="\x00", start_date=date(2016, 3, 1)
            ),
        ),
    )
    person = people.create_cadre(office.session, office.viewer, office.cipher, draft)
    assert (person.unit_and_post, person.school) == ("板桥镇党建办", None)
    post = office.session.exec(select(Appointment)).one()
    assert (post.title, post.organisation) == ("干事", None)


def test_the_same_id_number_cannot_be_entered_twice(office: Office) -> None:
    office.person(id_number=NUMBER)
    other = office.person(name="李四")
    before = office.counts()
    with pytest.raises(DuplicateError) as refusal:
        office.person(id_number=NUMBER)
    assert refusal.value.path == ("person", "id_number")
    with pytest.raises(DuplicateError):
        people.update_cadre(
            office.session, office.viewer, office.cipher, other.id, people.PersonChanges(id_number=NUMBER)
        )
    assert office.counts() == before
    assert other.id_number_hash is None


def test_an_update_changes_only_what_differs(office: Office) -> None:
    person = office.person(id_number=NUMBER, phone=PHONE)
    token = person.phone_encrypted
    same = people.PersonChanges(name="张 三", phone=PHONE, id_number=NUMBER, appointments=())
    people.update_cadre(office.session, office.viewer, office.cipher, person.id, same)
    assert (person.version, person.phone_encrypted) == (1, token)
    post = people.AppointmentDraft(post=PostKind.TRADE, title="合作社理事长", start_date=date(2016, 3, 1))
    changes = people.PersonChanges(phone=None, appointments=(post,), education_code="31")
    people.update_cadre(office.session, office.viewer, office.cipher, person.id, changes, expected_version=1)
    assert (person.version, person.phone_masked, person.education_code) == (2, None, "31")
    event = [e for e in office.session.exec(select(AuditEvent)).all() if e.action == "UPDATE_PERSON"]
    assert [e.detail for e in event] == [
        {"fields": ["appointments", "education_code", "phone_encrypted", "phone_hash", "phone_masked"]}
    ]


def test_a_lost_update_is_refused(office: Office) -> None:
    person = office.person()
    changes = people.PersonChanges(native_place="贵州思南")
    people.update_cadre(office.session, office.viewer, office.cipher, person.id, changes, expected_version=1)
    before = office.counts()
    with pytest.raises(VersionConflictError):
        people.update_cadre(
            office.session,
            office.viewer,
            office.cipher,
            person.id,
            people.PersonChanges(native_place="别处"),
            expected_version=1,
        )
    assert person.native_place == "贵州思南"
    assert office.counts() == before


def test_an_appointment_that_ends_before_it_starts_is_refused(office: Office) -> None:
    person = office.person()
    before = office.counts()
    post = people.AppointmentDraft(
        post=PostKind.OTHER, title="会计", start_date=date(2016, 3, 1), end_date=date(2016, 2, 1)
    )
    with pytest.raises(InvalidInputError) as refusal:
        people.update_cadre(
            office.session, office.viewer, office.cipher, person.id, people.PersonChanges(appointments=(post,))
        )
    assert refusal.value.path == ("appointments", "0", "end_date")
    assert office.counts() == before
    assert person.version == 1


def test_people_outside_the_territory_cannot_be_touched(office: Office) -> None:
    person = office.person()
    township = replace(
        office, viewer=office.places.officer(office.session, Role.TOWNSHIP_OFFICER, of=office.places.tangtou)
    )
    before = office.counts()
    with pytest.raises(NotFoundError):
        township.person()
    with pytest.raises(NotFoundError):
        people.update_cadre(
            office.session, township.viewer, office.cipher, person.id, people.PersonChanges(name="李四")
        )
    with pytest.raises(NotFoundError):
        township.candidate(person)
    with pytest.raises(NotFoundError):
        office.person(division_id=office.places.foreign_village.id)
    assert office.counts() == before
    assert township.person(division_id=office.places.qinggang.id).code == "520624-00002"


@pytest.mark.parametrize("role", [Role.READER, Role.AUDITOR, Role.COUNTY_APPROVER, Role.MENTOR, Role.MENTEE])
def test_roles_without_the_permission_are_refused(office: Office, role: Role) -> None:
    person = office.person()
    reader = replace(office, viewer=office.places.officer(office.session, role))
    before = office.counts()
    for attempt in (lambda: reader.person(), lambda: reader.candidate(person), lambda: reader.mentor(person)):
        with pytest.raises(ForbiddenError):
            attempt()
    assert office.counts() == before


def test_a_candidate_enters_the_countys_only_pool(office_on_both: Office) -> None:
    office = office_on_both
    first = office.candidate(
        office.person(), needs=(people.NeedDraft(specialty=Specialty.MEDIATION, weight=2.0),), tags=("头雁",)
    )
    second = office.candidate(office.person(name="李四"), state=CandidateState.COUNTY_VETTED)
    assert first.pool_id == second.pool_id
    assert second.review_level is ReviewLevel.COUNTY_VETTED
    assert [pool.name for pool in office.session.exec(select(ReservePool)).all()] == ["后备力量库"]
    mentee = office.session.get_one(Mentee, first.id)
    assert (mentee.kind, mentee.village_id) == (MenteeKind.RESERVE_CANDIDATE, office.places.guihua.id)
    need = office.session.exec(select(DevelopmentNeed)).one()
    assert (need.person_id, need.specialty, need.weight) == (first.person_id, Specialty.MEDIATION, 2.0)


def test_a_candidate_moves_through_its_life_step_by_step(office: Office) -> None:
    candidate = office.candidate(office.person())
    states = [CandidateState.NOMINATED, CandidateState.TOWNSHIP_SELECTED, CandidateState.COUNTY_VETTED]
    states += [CandidateState.PREFECTURE_REVIEWED, CandidateState.IN_POOL]
    for state in states:
        people.update_reserve_candidate(
            office.session, office.viewer, candidate.id, people.ReserveCandidateChanges(state=state)
        )
    assert (candidate.state, candidate.review_level) == (CandidateState.IN_POOL, ReviewLevel.PREFECTURE_REVIEWED)
    leave = people.ReserveCandidateChanges(
        state=CandidateState.REMOVED, exit_date=date(2025, 6, 1), exit_reason="工作责任心差"
    )
    people.update_reserve_candidate(office.session, office.viewer, candidate.id, leave)
    assert candidate.state is CandidateState.REMOVED
    before = office.counts()
    with pytest.raises(InvalidStateError):
        people.update_reserve_candidate(
            office.session, office.viewer, candidate.id, people.ReserveCandidateChanges(state=CandidateState.IN_POOL)
        )
    assert office.counts() == before
    assert candidate.state is CandidateState.REMOVED
    details = [event.detail for event in office.session.exec(select(AuditEvent)).all()]
    assert "工作责任心差" not in str(details)


@pytest.mark.parametrize(
    ("changes", "error", "path"),
    [
        (people.ReserveCandidateChanges(state=CandidateState.IN_POOL), InvalidStateError, "state"),
        (people.ReserveCandidateChanges(state=CandidateState.REMOVED), InvalidStateError, "state"),
        (people.ReserveCandidateChanges(exit_reason="别的"), InvalidInputError, "exit_reason"),
        (
            people.ReserveCandidateChanges(needs=(people.NeedDraft(specialty=Specialty.POLICY, weight=0),)),
            InvalidInputError,
            "needs",
        ),
    ],
)
def test_a_faulty_change_of_a_candidate_is_refused(
    office: Office, changes: people.ReserveCandidateChanges, error: type[AppError], path: str
) -> None:
    candidate = office.candidate(office.person())
    before = office.counts()
    with pytest.raises(error) as refusal:
        people.update_reserve_candidate(office.session, office.viewer, candidate.id, changes)
    assert refusal.value.path[0] == path
    assert office.counts() == before
    assert (candidate.state, candidate.version) == (CandidateState.SURVEYED, 1)


@pytest.mark.parametrize("missing", ["exit_date", "exit_reason"])
def test_leaving_the_pool_needs_date_and_reason(office: Office, missing: str) -> None:
    candidate = office.candidate(office.person(), state=CandidateState.IN_POOL)
    given = {"exit_date": date(2025, 6, 1), "exit_reason": "提拔", "state": CandidateState.PROMOTED}
    given.pop(missing)
    with pytest.raises(InvalidInputError) as refusal:
        people.update_reserve_candidate(
            office.session,
            office.viewer,
            candidate.id,
            people.ReserveCandidateChanges(**given),  # type: ignore[arg-type]
        )
    assert refusal.value.path == (missing,)
    assert (candidate.state, candidate.version) == (CandidateState.IN_POOL, 1)


def test_a_candidate_needs_a_village_of_the_own_county(office: Office) -> None:
    person = office.person()
    before = office.counts()
    with pytest.raises(InvalidInputError) as refusal:
        office.candidate(person, village_id=office.places.banqiao.id)
    assert refusal.value.path == ("village_id",)
    prefecture = office.places.officer(office.session, Role.PREFECTURE_OFFICER, of=office.places.prefecture)
    with pytest.raises(InvalidInputError):
        replace(office, viewer=prefecture).candidate(person, village_id=office.places.foreign_village.id)
    office.candidate(person)
    with pytest.raises(DuplicateError):
        office.candidate(person)
    assert office.counts()["ReserveCandidate"] == before["ReserveCandidate"] + 1


def test_an_assigned_cadre_is_stored_once_per_village(office: Office) -> None:
    person = office.person()
    draft = people.AssignedCadreDraft(
        person_id=person.id,
        village_id=office.places.guihua.id,
        sending_unit="县财政局",
        assigned_from=date(2024, 5, 1),
        term_end=date(2026, 4, 30),
    )
    cadre = people.create_assigned_cadre(office.session, office.viewer, draft)
    assert office.session.get_one(Mentee, cadre.id).kind is MenteeKind.ASSIGNED_CADRE
    before = office.counts()
    with pytest.raises(DuplicateError):
        people.create_assigned_cadre(office.session, office.viewer, draft)
    with pytest.raises(InvalidInputError) as refusal:
        people.create_assigned_cadre(office.session, office.viewer, replace(draft, term_end=date(2024, 4, 30)))
    assert refusal.value.path == ("term_end",)
    assert office.counts() == before


def test_a_mentor_enters_the_pool_of_the_township(office_on_both: Office) -> None:
    office = office_on_both
    skills = (people.SpecialtyDraft(specialty=Specialty.INDUSTRY, level=SkillLevel.GOOD),)
    first = office.mentor(office.person(), specialties=skills, capacity=2)
    second = office.mentor(office.person(name="李四"))
    assert first.pool_id == second.pool_id
    pool = office.session.exec(select(MentorPool)).one()
    assert (pool.name, pool.division_id) == ("板桥镇帮带导师库", office.places.banqiao.id)
    changes = people.MentorChanges(
        specialties=(people.SpecialtyDraft(specialty=Specialty.INDUSTRY, level=SkillLevel.FAMILIAR),), capacity=None
    )
    people.update_mentor(office.session, office.viewer, first.id, changes, expected_version=1)
    specialty = office.session.exec(select(MentorSpecialty)).one()
    assert (specialty.level, first.capacity, first.version) == (SkillLevel.FAMILIAR, None, 2)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"capacity": -1}, "capacity"),
        ({"trade_years": -0.5}, "trade_years"),
        ({"pool_division_id": None}, "pool_id"),
        ({"available_from": date(2025, 2, 1), "available_to": date(2025, 1, 1)}, "available_to"),
        (
            {"specialties": (people.SpecialtyDraft(specialty=Specialty.POLICY, level=SkillLevel.GOOD),) * 2},
            "specialties",
        ),
    ],
)
def test_a_faulty_mentor_is_refused(office: Office, changes: dict[str, object], path: str) -> None:
    person = office.person()
    before = office.counts()
    with pytest.raises(InvalidInputError) as refusal:
        office.mentor(person, **changes)
    assert refusal.value.path[0] == path
    assert office.counts() == before


def test_a_mentor_pool_stands_in_a_township_or_the_county_of_the_person(office: Office) -> None:
    person = office.person()
    with pytest.raises(InvalidInputError):
        office.mentor(person, pool_division_id=office.places.guihua.id)
    with pytest.raises(NotFoundError):
        office.mentor(person, pool_division_id=office.places.foreign_county.id)
    office.mentor(person, pool_division_id=office.places.county.id)
    assert office.session.exec(select(MentorPool)).one().name == "思南县帮带导师库"


def test_a_removed_mentor_does_not_come_back(office: Office) -> None:
    mentor = office.mentor(office.person())
    for state in (MentorState.SUSPENDED, MentorState.ACTIVE, MentorState.REMOVED):
        people.update_mentor(office.session, office.viewer, mentor.id, people.MentorChanges(state=state))
    before = office.counts()
    with pytest.raises(InvalidStateError):
        people.update_mentor(office.session, office.viewer, mentor.id, people.MentorChanges(state=MentorState.ACTIVE))
    assert mentor.state is MentorState.REMOVED
    assert office.counts() == before
