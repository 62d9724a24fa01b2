"""The mentor pool roster (帮带导师库花名册): one row per mentor, a page of its own for each township."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Viewer, code_prefix, territory_clause
from app.codes import EDUCATION_BY_CODE, POLITICAL_STATUS_BY_CODE
from app.labels import label
from app.models import AnnualAppraisal, Appointment, Division, Mentor, MentorPool, MentorSpecialty, Person
from app.models.vocabulary import MaskLevel, MentorState, RowOrder, Sex
from app.reads.mentors import loads_by_mentor
from app.rosters.forms.people import Place, in_parts, month_text, places_under
from app.rosters.forms.template import FormTemplate
from app.rosters.grid import Block, FormGrid, grid_column, text_of
from app.rosters.strokes import stroke_key
from app.services.careers import months_of_union

_LEFT_POOL = (MentorState.REMOVED, MentorState.RETIRED)
_APPRAISED_YEARS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mentor:
    mentor: Mentor
    person: Person
    place: Place


def pool_grid(
    session: Session,
    viewer: Viewer,
    template: FormTemplate,
    scope: Division,
    *,
    day: date,
    mask_level: MaskLevel,
    order: RowOrder,
) -> FormGrid:
    """The mentors of the pools at or under ``scope`` who have not left, township by township."""
    found = _mentors(session, viewer, scope, order)
    keys = [each.mentor.id for each in found]
    persons = [each.person.id for each in found]
    loads: dict[UUID, int] = {}
    for part in in_parts(keys):
        loads |= loads_by_mentor(session, viewer, part)
    years = _grassroots_years(session, persons, day)
    skills, grades = _skills(session, keys), _appraisals(session, persons, day)
    contents: list[dict[str, Any]] = [
        {
            "county": each.place.county,
            "township": each.place.township,
            "code": each.person.code,
            "name": each.person.name,
            "sex": label(each.person.sex) if each.person.sex in (Sex.MALE, Sex.FEMALE) else "",
            "birth": month_text(each.person.birth_date),
            "education": EDUCATION_BY_CODE.get(each.person.education_code or "", ""),
            "political_status": POLITICAL_STATUS_BY_CODE.get(each.person.political_status_code or "", ""),
            "unit_and_post": each.person.unit_and_post,
            "category": label(each.mentor.category),
            "grassroots_years": years.get(each.person.id, ""),
            "specialties": skills.get(each.mentor.id, ""),
            "appraisals": grades.get(each.person.id, ""),
            "capacity": template.phrases["default_capacity"] if each.mentor.capacity is None else each.mentor.capacity,
            "load": loads.get(each.mentor.id, 0),
            "phone": each.person.phone_masked,
            "note": "" if each.mentor.state is MentorState.ACTIVE else label(each.mentor.state),
        }
        for each in found
    ]
    return grid_of(template, contents, mask_level=mask_level)


def grid_of(template: FormTemplate, contents: Sequence[Mapping[str, Any]], *, mask_level: MaskLevel) -> FormGrid:
    """The table of mentors in the order given; a new page where the township changes."""
    is_wide = len({text_of(content, "county") for content in contents}) > 1
    left_out = {"position"} | (set() if is_wide else {"county"})
    columns = {
        key: column
        for key, column in template.columns.items()
        if key not in left_out and not (column.is_sensitive and mask_level is MaskLevel.STRICT)
    }
    blocks: tuple[Block, ...] = tuple(
        ((position, *(text_of(content, key) for key in columns)),) for position, content in enumerate(contents, start=1)
    )
    places = [(text_of(content, "county"), text_of(content, "township")) for content in contents]
    return FormGrid(
        columns=(grid_column(template.columns["position"]), *(grid_column(column) for column in columns.values())),
        blocks=blocks,
        n_frozen=2 + list(columns).index("name"),
        page_starts=frozenset(index for index, (one, next_) in enumerate(pairwise(places), start=1) if one != next_),
    )


def _mentors(session: Session, viewer: Viewer, scope: Division, order: RowOrder) -> list[_Mentor]:
    places = places_under(session, scope)
    under = select(Division.id).where(col(Division.code).startswith(code_prefix(scope)))
    rows = session.exec(
        select(Mentor, Person, MentorPool.division_id)
        .join(Person, col(Person.id) == col(Mentor.person_id))
        .join(MentorPool, col(MentorPool.id) == col(Mentor.pool_id))
        .where(
            territory_clause(viewer, Mentor.county_id),
            col(MentorPool.division_id).in_(under),
            col(Mentor.state).not_in(_LEFT_POOL),
        )
    )
    found = [_Mentor(mentor=mentor, person=person, place=places[at]) for mentor, person, at in rows]
    by_strokes = order is RowOrder.SURNAME_STROKES
    return sorted(
        found, key=lambda each: (each.place.order, stroke_key(each.person.name) if by_strokes else (), each.person.code)
    )


def _grassroots_years(session: Session, persons: Sequence[UUID], day: date) -> dict[UUID, str]:
    spans: dict[UUID, list[tuple[date, date | None]]] = defaultdict(list)
    for part in in_parts(persons):
        posts = select(Appointment).where(col(Appointment.person_id).in_(part), col(Appointment.is_grassroots))
        for post in session.exec(posts):
            spans[post.person_id].append((post.start_date, post.end_date))
    return {person_id: str(months_of_union(own, day) // 12) for person_id, own in spans.items()}


def _skills(session: Session, mentors: Sequence[UUID]) -> dict[UUID, str]:
    names: dict[UUID, list[str]] = defaultdict(list)
    for part in in_parts(mentors):
        known = select(MentorSpecialty).where(col(MentorSpecialty.mentor_id).in_(part))
        # GOOD sorts after FAMILIAR: what a mentor is good at is printed first.
        for row in session.exec(known.order_by(col(MentorSpecialty.level).desc(), col(MentorSpecialty.specialty))):
            names[row.mentor_id].append(label(row.specialty))
    return {key: "、".join(own) for key, own in names.items()}


def _appraisals(session: Session, persons: Sequence[UUID], day: date) -> dict[UUID, str]:
    """``2024优秀、2023称职``: the last three years before the day, newest first."""
    grades: dict[UUID, list[str]] = defaultdict(list)
    for part in in_parts(persons):
        rows = select(AnnualAppraisal).where(
            col(AnnualAppraisal.person_id).in_(part),
            col(AnnualAppraisal.year) < day.year,
            col(AnnualAppraisal.year) >= day.year - _APPRAISED_YEARS,
        )
        for row in session.exec(rows.order_by(col(AnnualAppraisal.year).desc())):
            grades[row.person_id].append(f"{row.year}{label(row.grade)}")
    return {key: "、".join(own) for key, own in grades.items()}
