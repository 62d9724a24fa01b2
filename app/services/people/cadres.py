"""Creating and changing persons with their careers."""

from dataclasses import fields, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, get_in_county, record, require_division
from app.codes import DEGREE_BY_CODE, EDUCATION_BY_CODE, ETHNICITY_BY_CODE, POLITICAL_STATUS_BY_CODE
from app.crypto import PersonalDataCipher
from app.errors import DuplicateError, InvalidInputError
from app.models import Appointment, Division, Person
from app.models.vocabulary import AuditAction, DatePrecision, PersonStatus, Sex
from app.services.people.drafts import AppointmentDraft, CadreDraft, PartialDate, PersonChanges, PersonDraft, Unset
from app.services.people.identity import (
    birth_date_of,
    checked_id_number,
    checked_name,
    checked_phone,
    plain_text,
    sex_of,
)
from app.services.people.records import (
    appointment_key,
    assign,
    county_of,
    list_difference,
    lock_county,
    new_appointment,
    open_code_series,
    person_values,
    require_named,
    stamp,
)
from app.services.versions import require_version

ENTRY_SOURCE = "ENTRY"
"""``Appointment.source`` of posts entered one by one, in contrast to those read from a workbook."""

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2100, 1, 1)
_CODE_TABLES = {
    "ethnicity_code": ETHNICITY_BY_CODE,
    "political_status_code": POLITICAL_STATUS_BY_CODE,
    "education_code": EDUCATION_BY_CODE,
    "degree_code": DEGREE_BY_CODE,
}
_MAX_LENGTHS = {"native_place": 80, "school": 120, "major": 120, "unit_and_post": 200}


def create_cadre(session: Session, viewer: Viewer, cipher: PersonalDataCipher, draft: CadreDraft) -> Person:
    """Create a person with a new 编号 and the posts held; an ID number that exists already is a duplicate."""
    viewer.require(Permission.EDIT_PEOPLE)
    division = require_division(session, viewer, draft.person.division_id, path=("person", "division_id"))
    county_id = county_of(division, path=("person", "division_id"))
    checked = _with_id_number_facts(replace(draft.person, **_checked_fields(session, draft.person, ("person",))))
    appointments = checked_appointments(session, draft.appointments)
    # Locked before the check, so that two officers cannot enter the same person at the same time.
    county = lock_county(session, county_id)
    _refuse_known_id_number(session, cipher, checked.id_number, None, ("person", "id_number"))
    series = open_code_series(session, county)
    person = Person(
        code=series.next(),
        county_id=county_id,
        created_by=viewer.subject,
        updated_by=viewer.subject,
        **person_values(checked, cipher),
    )
    session.add(person)
    session.flush()
    session.add_all(new_appointment(person, item, source=ENTRY_SOURCE, author=viewer.subject) for item in appointments)
    record(
        session,
        viewer,
        AuditAction.PERSON_CREATED,
        f"Person {person.code}",
        county_id=county_id,
        n_appointments=len(appointments),
    )
    session.flush()
    return person


def update_cadre(
    session: Session,
    viewer: Viewer,
    cipher: PersonalDataCipher,
    person_id: UUID,
    changes: PersonChanges,
    *,
    expected_version: int | None = None,
) -> Person:
    """Change the given fields of a person; equal values change nothing and leave the version as it is."""
    viewer.require(Permission.EDIT_PEOPLE)
    person = get_in_county(session, viewer, Person, person_id, path=("id",))
    require_version(session, person, expected_version)
    require_named(person, ("id",))
    if changes.status is PersonStatus.PSEUDONYMISED:
        raise InvalidInputError(
            "A person becomes a pseudonym by its own step (touyan retention), not by a change of state.",
            "匿名化须通过专门步骤（touyan retention）办理，不能直接修改状态。",
            path=("status",),
        )
    checked = replace(changes, **_checked_fields(session, changes, ()))
    if not isinstance(checked.division_id, Unset):
        division = require_division(session, viewer, checked.division_id, path=("division_id",))
        if county_of(division, path=("division_id",)) != person.county_id:
            raise InvalidInputError(
                "The division lies in another county; a person cannot be moved between counties here.",
                "该区划属于其他县；不能在此将人员跨县调动。",
                path=("division_id",),
            )
    if isinstance(checked.id_number, str):
        _refuse_known_id_number(session, cipher, checked.id_number, person.id, ("id_number",))
    names = assign(person, person_values(checked, cipher, person=person))
    if not isinstance(checked.appointments, Unset):
        wanted = checked_appointments(session, checked.appointments)
        stored = session.exec(select(Appointment).where(col(Appointment.person_id) == person.id)).all()
        obsolete, missing = list_difference(stored, wanted, stored_key=appointment_key, wanted_key=appointment_key)
        for row in obsolete:
            session.delete(row)
        session.add_all(new_appointment(person, item, source=ENTRY_SOURCE, author=viewer.subject) for item in missing)
        if obsolete or missing:
            names.append("appointments")
    if names:
        stamp(person, viewer)
        record(
            session,
            viewer,
            AuditAction.PERSON_CHANGED,
            f"Person {person.code}",
            county_id=person.county_id,
            fields=sorted(names),
        )
    session.flush()
    return person


def checked_appointments(
    session: Session, drafts: tuple[AppointmentDraft, ...], *, path: str = "appointments"
) -> tuple[AppointmentDraft, ...]:
    """The posts with months cut to their first day; refuses empty titles, reversed periods and unknown places."""
    checked = []
    for index, draft in enumerate(drafts):
        here = (path, str(index))
        title = plain_text(draft.title)
        if not title or len(title) > 120:
            raise InvalidInputError(
                f"The title of appointment {index + 1} is empty or longer than 120 characters.",
                f"第{index + 1}条任职的职务为空或超过120字。",
                path=(*here, "title"),
            )
        organisation = plain_text(draft.organisation) or None if draft.organisation is not None else None
        if organisation is not None and len(organisation) > 120:
            raise too_long("organisation", 120, (*here, "organisation"))
        for name, day in (("start_date", draft.start_date), ("end_date", draft.end_date)):
            if day is not None and not FIRST_DAY <= day <= LAST_DAY:
                raise InvalidInputError(
                    f"Appointment {index + 1} lies outside 1900-2100.",
                    f"第{index + 1}条任职的时间超出1900-2100年范围。",
                    path=(*here, name),
                )
        start = draft.start_date.replace(day=1)
        end = draft.end_date.replace(day=1) if draft.end_date else None
        if end is not None and end < start:
            raise InvalidInputError(
                f"Appointment {index + 1} ends before it starts.",
                f"第{index + 1}条任职的结束时间早于开始时间。",
                path=(*here, "end_date"),
            )
        if draft.division_id is not None and session.get(Division, draft.division_id) is None:
            raise InvalidInputError(
                f"Appointment {index + 1} names a division that does not exist.",
                f"第{index + 1}条任职的区划不存在。",
                path=(*here, "division_id"),
            )
        checked.append(replace(draft, title=title, organisation=organisation, start_date=start, end_date=end))
    return tuple(checked)


def too_long(field: str, limit: int, path: tuple[str, ...]) -> InvalidInputError:
    """The refusal of a text that does not fit its column."""
    return InvalidInputError(
        f"{field} is longer than {limit} characters; shorten it.", f"{field} 超过{limit}字，请缩短。", path=path
    )


def _checked_fields(session: Session, source: PersonDraft | PersonChanges, parent: tuple[str, ...]) -> dict[str, Any]:
    """The normalised values of those fields that need a check, each refusal naming its field."""
    checked: dict[str, Any] = {}
    for field in fields(source):
        name, value = field.name, getattr(source, field.name)
        path = (*parent, name)
        if value is None or isinstance(value, Unset):
            continue
        if name == "name":
            checked[name] = checked_name(value, path)
        elif name == "id_number":
            checked[name] = checked_id_number(value, path)
        elif name == "phone":
            checked[name] = checked_phone(value, path)
        elif name in _CODE_TABLES:
            if value not in _CODE_TABLES[name]:
                raise InvalidInputError(
                    f"{name} {value!r} is not in the national code table.",
                    f"{name} {value} 不在国标代码表中。",
                    path=path,
                )
        elif name in _MAX_LENGTHS:
            text = plain_text(value)
            checked[name] = text or None
            if len(text) > _MAX_LENGTHS[name]:
                raise too_long(name, _MAX_LENGTHS[name], path)
        elif isinstance(value, PartialDate):
            checked[name] = _checked_partial_date(value, path)
        elif name == "residence_division_id" and session.get(Division, value) is None:
            raise InvalidInputError("The place of residence does not exist.", "居住地区划不存在。", path=path)
    return checked


def _checked_partial_date(value: PartialDate, path: tuple[str, ...]) -> PartialDate:
    if not FIRST_DAY <= value.value <= LAST_DAY:
        raise InvalidInputError("The date lies outside 1900-2100.", "日期超出1900-2100年范围。", path=path)
    if value.precision is DatePrecision.MONTH:
        return replace(value, value=value.value.replace(day=1))
    if value.precision is DatePrecision.YEAR:
        return replace(value, value=value.value.replace(month=1, day=1))
    return value


def _with_id_number_facts(draft: PersonDraft) -> PersonDraft:
    """Fill sex and birth from the ID number where the draft is silent; a sex that contradicts it is refused."""
    if draft.id_number is None:
        return draft
    sex = sex_of(draft.id_number)
    if draft.sex in (Sex.MALE, Sex.FEMALE) and draft.sex is not sex:
        raise InvalidInputError(
            "The sex differs from the one in the ID number; correct one of them.",
            "性别与身份证号不一致，请核对。",
            path=("person", "sex"),
        )
    birth = draft.birth or PartialDate(value=birth_date_of(draft.id_number), precision=DatePrecision.DAY)
    return replace(draft, sex=sex, birth=birth)


def _refuse_known_id_number(
    session: Session,
    cipher: PersonalDataCipher,
    id_number: str | None,
    person_id: UUID | None,
    path: tuple[str, ...],
) -> None:
    if id_number is None:
        return
    hashes = cipher.keyed_hashes("id_number", id_number)
    known = session.exec(select(Person.id).where(col(Person.id_number_hash).in_(hashes))).all()
    if any(found != person_id for found in known):
        raise DuplicateError(
            "A person with this ID number exists already; open that record instead.",
            "该身份证号已存在，请使用已有人员记录。",
            path=path,
        )
