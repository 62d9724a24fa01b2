"""From one row of a known layout to its record: candidates, assigned cadres, mentors, and tables of pairs."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from app.models import Division
from app.models.vocabulary import (
    CandidateState,
    DivisionLevel,
    MentorCategory,
    ReviewLevel,
    SkillLevel,
    Specialty,
    VillageLinkRole,
)
from app.rosters import place_rows, words
from app.rosters.parsing import (
    SEPARATORS,
    parse_appraisals,
    parse_date,
    parse_name,
    parse_number,
    parse_specialties,
    parse_text,
    parse_word,
)
from app.rosters.person_rows import read_person
from app.rosters.reader import RowReader, read_id_number
from app.rosters.workbook import Cell
from app.services.imports.gazetteer import PlaceProblemError
from app.services.imports.records import (
    AppraisalRecord,
    AssignedCadreRecord,
    CandidateRecord,
    ExclusionRecord,
    KinshipRecord,
    LinkRecord,
    MentorRecord,
    PersonReference,
    PreferenceRecord,
    Record,
    SheetKind,
)
from app.services.people import SpecialtyDraft

ValueT = TypeVar("ValueT")


def read_row(reader: RowReader) -> Record | None:
    """The record of the row, or ``None`` when it has errors."""
    record = _READERS[reader.layout.kind](reader)
    return None if reader.has_errors else record


def _candidate(reader: RowReader) -> Record | None:
    township, village = _township_and_village(reader)
    person = read_person(reader, village or township, township)
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
    person = read_person(reader, village or township, township)
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
    person = read_person(reader, township, township)
    capacity = reader.read("capacity", lambda c: parse_number(c, minimum=0, maximum=50, is_whole=True))
    trade_years = reader.read("trade_years", lambda c: parse_number(c, minimum=0, maximum=80))
    specialties = _specialties(reader)
    appraisals = _appraisals(reader)
    is_discipline_in_force = reader.read("discipline", lambda c: parse_word(c, words.YES_NO))
    links = _links(reader, township, category) if township is not None and category is not None else ()
    if person is None or township is None or category is None:
        return None
    return MentorRecord(
        person=replace(person, appraisals=appraisals, links=links, is_discipline_in_force=is_discipline_in_force),
        pool_division_id=township.id,
        category=category,
        capacity=int(capacity) if capacity is not None else None,
        trade_years=trade_years,
        specialties=specialties,
    )


def _specialties(reader: RowReader) -> tuple[SpecialtyDraft, ...]:
    """The specialties of both columns; of one that stands twice the better level counts."""
    found: dict[Specialty, SpecialtyDraft] = {}
    for key, level in (("specialty_good", SkillLevel.GOOD), ("specialty_familiar", SkillLevel.FAMILIAR)):
        words_of_cell = reader.read(key, parse_specialties) or []
        is_repeated = len(words_of_cell) != len(set(words_of_cell) - found.keys())
        for specialty in words_of_cell:
            found.setdefault(specialty, SpecialtyDraft(specialty=specialty, level=level))
        if is_repeated:
            reader.problem(key, "REPEATED_WORD")
    return tuple(found.values())


def _appraisals(reader: RowReader) -> tuple[AppraisalRecord, ...]:
    """Those of one column for all years, and of columns of their own, which come first where both say something."""
    found = dict(reader.read("appraisals", parse_appraisals) or {})
    for key in reader.row.cells:
        if key.startswith("appraisal_"):
            grade = reader.read(key, lambda c: parse_word(c, words.GRADE))
            if grade is not None:
                found[int(key.removeprefix("appraisal_"))] = grade
    return tuple(AppraisalRecord(year=year, grade=found[year]) for year in sorted(found))


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
    """Both places; a county in the township column has no villages of its own, and a village's code says both."""
    village_cell = reader.cell("village")
    coded = reader.gazetteer.find_by_code(village_cell.text) if village_cell is not None else None
    if reader.cell("township") is None and coded is not None and coded.level is DivisionLevel.VILLAGE:
        return reader.gazetteer.divisions.get(coded.parent_id) if coded.parent_id else None, coded
    township = reader.read("township", lambda c: reader.gazetteer.township(c.text), is_required=True)
    if township is None:
        if reader.cell("village") is None:
            reader.problem("village", "MISSING_VALUE")
        return None, None
    village = reader.read("village", lambda c: reader.gazetteer.village(c.text, township), is_required=True)
    return township, village


def _reference(reader: RowReader, side: str) -> PersonReference | None:
    name = reader.read(f"{side}_name", parse_name, is_required=True)
    id_number = read_id_number(reader, f"{side}_id_number")
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
    SheetKind.MENTOR_POOLS: place_rows.read_mentor_pool,
    SheetKind.APPOINTMENTS: place_rows.read_appointments,
    SheetKind.NEEDS: place_rows.read_needs,
    SheetKind.ZONES: place_rows.read_zone,
    SheetKind.ADJACENCY: place_rows.read_adjacency,
    SheetKind.TRAVEL_TIMES: place_rows.read_travel_time,
    SheetKind.TRAVEL_MATRIX: place_rows.read_travel_matrix,
    SheetKind.DIVISIONS: place_rows.read_division,
}
