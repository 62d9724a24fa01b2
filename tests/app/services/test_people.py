"""Creating and changing people: exact columns, refusals that change nothing, one audit event per change."""

from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import select

from app.errors import (
    DuplicateError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    VersionConflictError,
)
from app.models import (
    Appointment,
)
from app.models.vocabulary import (
    DatePrecision,
    PostKind,
    Role,
    Sex,
)
from app.services import people
from tests.app.services.office import NUMBER, PHONE, Office


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
    assert person.id_number_masked == "520624************"
    assert person.phone_masked == "138****1234"
    assert person.id_number_hash == office.cipher.keyed_hash("id_number", NUMBER)
    assert office.cipher.decrypt(person.phone_encrypted or "") == PHONE
    posts = office.session.exec(select(Appointment).order_by(Appointment.start_date)).all()  # type: ignore[arg-type]
    assert [(p.title, p.start_date, p.end_date, p.is_grassroots, p.source) for p in posts] == [
        ("村委会主任", date(2012, 7, 1), date(2016, 3, 1), True, "ENTRY"),
        ("合作社理事长", date(2016, 3, 1), None, False, "ENTRY"),
    ]
    assert office.events() == [("PERSON_CREATED", "Person 520624-00001")]
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
        ({"degree_code": "5"}, "degree_code"),
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
    event = [e for e in office.recorded() if e.action == "PERSON_CHANGED"]
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
