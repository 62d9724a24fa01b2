"""What a row says about the person, whatever the role: the columns that all sheets of people share."""

from dataclasses import dataclass, replace
from uuid import UUID

from app.models import Division
from app.models.vocabulary import DatePrecision, Sex
from app.rosters import words
from app.rosters.career import ENTRY_LEFT_OUT, parse_career
from app.rosters.parsing import (
    has_further_phones,
    parse_date,
    parse_name,
    parse_needs,
    parse_phone,
    parse_text,
    parse_word,
    split_school_and_major,
    unknown_word,
)
from app.rosters.reader import RowReader, read_id_number
from app.rosters.workbook import Cell
from app.services.imports.gazetteer import PlaceProblemError
from app.services.imports.records import PersonRecord
from app.services.people import AppointmentDraft, NeedDraft, PartialDate, PersonDraft
from app.services.people.identity import birth_date_of, sex_of


def read_person(reader: RowReader, home: Division | None, township: Division | None) -> PersonRecord | None:
    """The person of a row whose file ``home`` keeps; ``None`` when name or home could not be read."""
    name = reader.read("name", parse_name, is_required=True)
    id_number = read_id_number(reader, "id_number")
    birth = reader.read("birth", lambda c: parse_date(c, id_number=id_number))
    sex = reader.read("sex", lambda c: parse_word(c, words.SEX)) or Sex.UNKNOWN
    if id_number is not None:
        birth_by_id, sex_by_id = birth_date_of(id_number), sex_of(id_number)
        if birth is None:
            birth = PartialDate(value=birth_by_id, precision=DatePrecision.DAY)
        elif birth.value != (birth_by_id if birth.precision is DatePrecision.DAY else birth_by_id.replace(day=1)):
            reader.problem("birth", "BIRTH_DIFFERS_FROM_ID")
        if sex in (Sex.MALE, Sex.FEMALE) and sex is not sex_by_id:
            reader.problem("sex", "SEX_DIFFERS_FROM_ID")
        sex = sex_by_id
    elif reader.cell("id_number") is None:
        # A date of birth that cannot be read has its own issue.
        is_told = birth is not None or reader.cell("birth") is not None
        reader.problem("id_number", "MISSING_ID_NUMBER" if is_told else "MISSING_IDENTITY")
    study = _study(reader)
    needs = _needs(reader)
    phone = _phone(reader)
    ethnicity = reader.read("ethnicity", lambda c: parse_word(c, words.ETHNICITY))
    political_status = _political_status(reader)
    party_join = reader.read("party_join", parse_date)
    work_start = reader.read("work_start", parse_date)
    native_place = reader.read("native_place", lambda c: parse_text(c, 80))
    unit_and_post = reader.read("unit_and_post", lambda c: parse_text(c, 200))
    appointments: tuple[AppointmentDraft, ...] = ()
    is_career_complete = True
    if township is not None:
        appointments, is_career_complete = _career(reader, township)
    if name is None or home is None:
        return None
    return PersonRecord(
        draft=PersonDraft(
            name=name,
            division_id=home.id,
            sex=sex,
            birth=birth,
            ethnicity_code=ethnicity,
            native_place=native_place,
            political_status_code=political_status,
            party_join=party_join,
            education_code=study.code,
            is_education_full_time=study.is_full_time,
            degree_code=study.degree,
            school=study.school,
            major=study.major,
            work_start=work_start,
            id_number=id_number,
            phone=phone,
            unit_and_post=unit_and_post,
            residence_division_id=_residence(reader, township),
        ),
        appointments=appointments,
        is_career_complete=is_career_complete,
        needs=needs,
    )


def _phone(reader: RowReader) -> str | None:
    """The first phone of the cell; that others are left out is told."""
    found, cell = reader.read("phone", parse_phone), reader.cell("phone")
    if found is not None and cell is not None and has_further_phones(cell):
        reader.problem("phone", "FURTHER_PHONES")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Study:
    """The highest education of a row, its degree, and where it was got."""

    code: str | None = None
    is_full_time: bool | None = None
    degree: str | None = None
    school: str | None = None
    major: str | None = None


def _study(reader: RowReader) -> _Study:
    """One column, or one for each way of study: then the higher education counts, of equal ones the full-time one."""
    plain, *ways = (
        _study_of(reader, ending, way) for ending, way in (("", None), ("_full_time", True), ("_in_service", False))
    )
    # The first digit of GB/T 4658 is the level, 1 the highest.
    told = [each for each in (plain, *ways) if each.code is not None]
    highest = min(told, key=lambda each: (each.code or "")[0], default=plain)
    if highest.school is None:
        # One column of schools beside two of education.
        highest = replace(highest, school=plain.school, major=plain.major)
    degrees = [each.degree for each in told if each.degree is not None]
    return replace(highest, degree=reader.read("degree", _degree) or min(degrees, default=None))


def _study_of(reader: RowReader, ending: str, way: bool | None) -> _Study:
    """What the columns of one way of study say; those of none leave open which it was, unless the word tells."""
    code, is_full_time, degree = reader.read(f"education{ending}", _education) or (None, None, None)
    school = reader.read(f"school_and_major{ending}", lambda c: split_school_and_major(parse_text(c, 120)))
    name, major = school or (None, None)
    is_told = is_full_time if way is None or code is None else way
    return _Study(code=code, is_full_time=is_told, degree=degree, school=name, major=major)


def _education(cell: Cell) -> tuple[str, bool | None, str | None]:
    try:
        return words.education_and_degree(cell.text)
    except KeyError:
        raise unknown_word(words.fold(cell.text), words.EDUCATION) from None


def _degree(cell: Cell) -> str | None:
    """The degree of the cell; ``None`` where it says that there is none."""
    word = words.fold(cell.text)
    if word in words.NO_DEGREE:
        return None
    try:
        return words.degree(word)
    except KeyError:
        raise unknown_word(word, words.DEGREES) from None


def _political_status(reader: RowReader) -> str | None:
    cell = reader.cell("political_status")
    if cell is not None and words.fold(cell.text) in words.DEVELOPMENT_STAGES:
        reader.problem("political_status", "STAGE_NOT_STORED")
        return words.POLITICAL_STATUS["群众"]
    return reader.read("political_status", lambda c: parse_word(c, words.POLITICAL_STATUS))


def _needs(reader: RowReader) -> tuple[NeedDraft, ...]:
    found = reader.read("needs", parse_needs)
    if found is None:
        return ()
    if found[1]:
        reader.problem("needs", "REPEATED_WORD")
    return found[0]


def _career(reader: RowReader, township: Division) -> tuple[tuple[AppointmentDraft, ...], bool]:
    """The posts of the cell, and whether every entry could be read."""
    found = reader.read("career", lambda c: parse_career(c.text, township, reader.gazetteer))
    if found is None:
        return (), True
    reader.problems += [("career", problem) for problem in found[1]]
    return found[0], all(problem.code not in ENTRY_LEFT_OUT for problem in found[1])


def _residence(reader: RowReader, township: Division | None) -> UUID | None:
    cell = reader.cell("residence")
    if cell is None or township is None:
        return None
    try:
        return reader.gazetteer.place(cell.text, township).id
    except PlaceProblemError:
        # People may live in another county, so this is no error.
        reader.problem("residence", "UNKNOWN_RESIDENCE")
        return None
