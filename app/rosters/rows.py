"""From the cells of one row to a record; every problem of the row is collected, none stops the reading."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID

from app.models import Division
from app.models.vocabulary import (
    CandidateState,
    DatePrecision,
    DivisionLevel,
    MentorCategory,
    ReviewLevel,
    Severity,
    Sex,
    VillageLinkRole,
)
from app.rosters import words
from app.rosters.career import parse_career
from app.rosters.columns import Layout
from app.rosters.parsing import (
    SEPARATORS,
    CellError,
    parse_date,
    parse_id_number,
    parse_name,
    parse_needs,
    parse_number,
    parse_phone,
    parse_specialties,
    parse_text,
    parse_word,
    split_school_and_major,
)
from app.rosters.workbook import Cell, DataRow
from app.services.imports.gazetteer import Gazetteer, PlaceProblemError
from app.services.imports.issues import Problem
from app.services.imports.records import (
    AppraisalRecord,
    AssignedCadreRecord,
    CandidateRecord,
    ExclusionRecord,
    KinshipRecord,
    LinkRecord,
    MentorRecord,
    PersonRecord,
    PersonReference,
    PreferenceRecord,
    Record,
    SheetKind,
)
from app.services.people import AppointmentDraft, NeedDraft, PartialDate, PersonDraft
from app.services.people.identity import birth_date_of, sex_of

ValueT = TypeVar("ValueT")


@dataclass(slots=True, kw_only=True)
class RowReader:
    """Reads one row by column keys and collects what is wrong with it, as pairs of column key and problem."""

    row: DataRow
    layout: Layout
    gazetteer: Gazetteer
    problems: list[tuple[str, Problem]] = field(default_factory=list)

    @property
    def has_errors(self) -> bool:
        """Whether the row cannot become a record."""
        return any(problem.severity is Severity.ERROR for _, problem in self.problems)

    def problem(self, key: str, code: str, options: str = "") -> None:
        """Note a problem at a column."""
        self.problems.append((key, Problem(code=code, options=options)))

    def cell(self, key: str) -> Cell | None:
        """The cell of a column, or ``None`` when it is blank or the column is missing."""
        cell = self.row.cells.get(key)
        if cell is None or (not cell.text and not cell.is_formula_without_value):
            return None
        return cell

    def read(self, key: str, parse: Callable[[Cell], ValueT], *, is_required: bool = False) -> ValueT | None:
        """The parsed value; a blank cell gives ``None``, and an issue when the value is required."""
        cell = self.cell(key)
        if cell is None:
            if is_required:
                self.problem(key, "MISSING_VALUE")
            return None
        if cell.is_formula_without_value:
            self.problem(key, "FORMULA_WITHOUT_VALUE")
            return None
        try:
            return parse(cell)
        except (CellError, PlaceProblemError) as error:
            self.problem(key, error.code, error.options)
            return None


def read_row(reader: RowReader) -> Record | None:
    """The record of the row, or ``None`` when it has errors."""
    record = _READERS[reader.layout.kind](reader)
    return None if reader.has_errors else record


def _candidate(reader: RowReader) -> Record | None:
    township, village = _township_and_village(reader)
    person = _person(reader, village or township, township)
    target_post = reader.read("target_post", lambda c: parse_word(c, words.TARGET_POST), is_required=True)
    source = reader.read("source", lambda c: parse_word(c, words.SOURCE), is_required=True)
    pool_date = reader.read("pool_date", parse_date)
    level = reader.read("review_level", lambda c: parse_word(c, words.REVIEW_LEVEL)) or ReviewLevel.NONE
    if person is None or village is None or target_post is None or source is None:
        return None
    return CandidateRecord(
        person=person,
        village_id=village.id,
        target_post=target_post,
        source=source,
        pool_date=pool_date.value if pool_date else None,
        review_level=level,
        state=_candidate_state(level, is_dated=pool_date is not None),
    )


def _candidate_state(level: ReviewLevel, *, is_dated: bool) -> CandidateState:
    """In the pool only when dated and reviewed; a date without review is a nomination, neither is a survey."""
    if level is ReviewLevel.NONE:
        return CandidateState.NOMINATED if is_dated else CandidateState.SURVEYED
    return CandidateState.IN_POOL if is_dated else CandidateState(level.value)


def _assigned_cadre(reader: RowReader) -> Record | None:
    township, village = _township_and_village(reader)
    person = _person(reader, village or township, township)
    sending_unit = reader.read("sending_unit", lambda c: parse_text(c, 120), is_required=True)
    assigned_from = reader.read("assigned_from", parse_date, is_required=True)
    term_end = reader.read("term_end", parse_date)
    if assigned_from and term_end and term_end.value < assigned_from.value:
        reader.problem("term_end", "REVERSED_PERIOD")
    if person is None or village is None or sending_unit is None or assigned_from is None:
        return None
    return AssignedCadreRecord(
        person=person,
        village_id=village.id,
        sending_unit=sending_unit,
        assigned_from=assigned_from.value,
        term_end=term_end.value if term_end else None,
    )


def _mentor(reader: RowReader) -> Record | None:
    township = reader.read("township", lambda c: reader.gazetteer.township(c.text), is_required=True)
    category = reader.read("category", lambda c: parse_word(c, words.CATEGORY), is_required=True)
    person = _person(reader, township, township)
    capacity = reader.read("capacity", lambda c: parse_number(c, minimum=0, maximum=50, is_whole=True))
    trade_years = reader.read("trade_years", lambda c: parse_number(c, minimum=0, maximum=80))
    familiar = reader.cell("specialty_familiar")
    key = "specialty_good" if reader.cell("specialty_good") else "specialty_familiar"
    specialties = reader.read(
        key, lambda c: parse_specialties(c, familiar) if key == "specialty_good" else parse_specialties(None, c)
    )
    if specialties and specialties[1]:
        reader.problem(key, "REPEATED_WORD")
    if person is None or township is None or category is None:
        return None
    return MentorRecord(
        person=replace(
            person,
            appraisals=_appraisals(reader),
            links=_links(reader, township, category),
            is_discipline_in_force=reader.read("discipline", lambda c: parse_word(c, words.YES_NO)),
        ),
        pool_division_id=township.id,
        category=category,
        capacity=int(capacity) if capacity is not None else None,
        trade_years=trade_years,
        specialties=specialties[0] if specialties else (),
    )


def _appraisals(reader: RowReader) -> tuple[AppraisalRecord, ...]:
    found = []
    for key in reader.row.cells:
        if key.startswith("appraisal_"):
            grade = reader.read(key, lambda c: parse_word(c, words.GRADE))
            if grade is not None:
                found.append(AppraisalRecord(year=int(key.removeprefix("appraisal_")), grade=grade))
    return tuple(sorted(found, key=lambda item: item.year))


def _links(reader: RowReader, township: Division, category: MentorCategory) -> tuple[LinkRecord, ...]:
    role = (
        VillageLinkRole.COUNTY_LEADER if category is MentorCategory.COUNTY_OFFICER else VillageLinkRole.TOWNSHIP_CADRE
    )

    def villages(cell: Cell) -> list[Division]:
        found = [reader.gazetteer.place(part, township) for part in SEPARATORS.split(cell.text) if part.strip()]
        for division in found:
            if division.level is not DivisionLevel.VILLAGE:
                raise PlaceProblemError("UNKNOWN_PLACE", "")
        return found

    linked = reader.read("linked_villages", villages) or []
    return tuple(LinkRecord(village_id=one, role=role) for one in dict.fromkeys(village.id for village in linked))


def _township_and_village(reader: RowReader) -> tuple[Division | None, Division | None]:
    """Both places; a county in the township column has no villages of its own."""
    township = reader.read("township", lambda c: reader.gazetteer.township(c.text), is_required=True)
    if township is None:
        if reader.cell("village") is None:
            reader.problem("village", "MISSING_VALUE")
        return None, None
    village = reader.read("village", lambda c: reader.gazetteer.village(c.text, township), is_required=True)
    return township, village


def _person(reader: RowReader, home: Division | None, township: Division | None) -> PersonRecord | None:
    name = reader.read("name", parse_name, is_required=True)
    id_number = _id_number(reader, "id_number")
    birth = reader.read("birth", lambda c: parse_date(c, id_number=id_number))
    sex = reader.read("sex", lambda c: parse_word(c, words.SEX)) or Sex.UNKNOWN
    if id_number is not None:
        birth_by_id, sex_by_id = birth_date_of(id_number), sex_of(id_number)
        if birth is None:
            birth = PartialDate(value=birth_by_id, precision=DatePrecision.DAY)
        elif (birth.value.year, birth.value.month) != (birth_by_id.year, birth_by_id.month):
            reader.problem("birth", "BIRTH_DIFFERS_FROM_ID")
        if sex in (Sex.MALE, Sex.FEMALE) and sex is not sex_by_id:
            reader.problem("sex", "SEX_DIFFERS_FROM_ID")
        sex = sex_by_id
    elif reader.cell("id_number") is None:
        reader.problem("id_number", "MISSING_ID_NUMBER" if birth else "MISSING_IDENTITY")
    education = reader.read("education", _education)
    school = reader.read("school_and_major", lambda c: split_school_and_major(parse_text(c, 120))) or (None, None)
    needs = _needs(reader)
    phone = reader.read("phone", parse_phone)
    ethnicity = reader.read("ethnicity", lambda c: parse_word(c, words.ETHNICITY))
    political_status = _political_status(reader)
    party_join = reader.read("party_join", parse_date)
    work_start = reader.read("work_start", parse_date)
    native_place = reader.read("native_place", lambda c: parse_text(c, 80))
    unit_and_post = reader.read("unit_and_post", lambda c: parse_text(c, 200))
    appointments: tuple[AppointmentDraft, ...] = ()
    if township is not None:
        appointments = _career(reader, township)
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
            education_code=education[0] if education else None,
            is_education_full_time=education[1] if education else None,
            school=school[0],
            major=school[1],
            work_start=work_start,
            id_number=id_number,
            phone=phone,
            unit_and_post=unit_and_post,
            residence_division_id=_residence(reader, township),
        ),
        appointments=appointments,
        needs=needs,
    )


def _id_number(reader: RowReader, key: str) -> str | None:
    found = reader.read(key, parse_id_number)
    if found is None:
        return None
    for code in found[1]:
        reader.problem(key, code)
    return found[0]


def _education(cell: Cell) -> tuple[str, bool | None]:
    try:
        return words.education(cell.text)
    except KeyError:
        raise CellError("UNKNOWN_WORD", words.options(words.EDUCATION)) from None


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


def _career(reader: RowReader, township: Division) -> tuple[AppointmentDraft, ...]:
    found = reader.read("career", lambda c: parse_career(c.text, township, reader.gazetteer))
    if found is None:
        return ()
    reader.problems += [("career", problem) for problem in found[1]]
    return found[0]


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


def _reference(reader: RowReader, side: str) -> PersonReference | None:
    name = reader.read(f"{side}_name", parse_name, is_required=True)
    id_number = _id_number(reader, f"{side}_id_number")
    return PersonReference(name=name, id_number=id_number) if name is not None else None


def _kinship(reader: RowReader) -> Record | None:
    a, b = _reference(reader, "a"), _reference(reader, "b")
    relation = reader.read("relation", lambda c: parse_word(c, words.KINSHIP), is_required=True)
    return KinshipRecord(a=a, b=b, relation=relation) if a and b and relation else None


def _exclusion(reader: RowReader) -> Record | None:
    a, b = _reference(reader, "a"), _reference(reader, "b")
    reason = reader.read("reason", lambda c: parse_word(c, words.EXCLUSION_REASON), is_required=True)
    return ExclusionRecord(a=a, b=b, reason=reason) if a and b and reason else None


def _preference(reader: RowReader) -> Record | None:
    a, b = _reference(reader, "a"), _reference(reader, "b")
    rank = reader.read("rank", lambda c: parse_word(c, words.RANK), is_required=True)
    reason = reader.read("reason", lambda c: parse_text(c, 200))
    approved_by = reader.read("approved_by", lambda c: parse_text(c, 80))
    if rank == 0:
        for key, value in (("reason", reason), ("approved_by", approved_by)):
            if value is None:
                reader.problem(key, "MISSING_APPROVAL")
    if a is None or b is None or rank is None:
        return None
    return PreferenceRecord(a=a, b=b, rank=rank, reason=reason, approved_by=approved_by)


_READERS: dict[SheetKind, Callable[[RowReader], Record | None]] = {
    SheetKind.CANDIDATES: _candidate,
    SheetKind.MENTORS: _mentor,
    SheetKind.ASSIGNED_CADRES: _assigned_cadre,
    SheetKind.KINSHIPS: _kinship,
    SheetKind.EXCLUSIONS: _exclusion,
    SheetKind.PREFERENCES: _preference,
}
