"""The candidate ledger (村级后备力量信息台账): one row per candidate in the pool or on the way into it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Viewer, code_prefix, territory_clause
from app.codes import EDUCATION_BY_CODE, ETHNICITY_BY_CODE, POLITICAL_STATUS_BY_CODE
from app.labels import label
from app.models import Division, Mentee, Mentor, Pairing, PairingMember, Person, ReserveCandidate
from app.models.vocabulary import CandidateState, MaskLevel, PairingMemberState, RowOrder, Sex
from app.reads.mentors import RUNNING_PAIRINGS
from app.rosters.forms.people import in_parts, month_text, places_under
from app.rosters.forms.template import FormTemplate
from app.rosters.grid import FormGrid, grid_column, is_wide_area, text_of
from app.rosters.strokes import stroke_key
from app.services.people.candidates import CANDIDATE_EXITS


def ledger_grid(
    session: Session,
    viewer: Viewer,
    template: FormTemplate,
    scope: Division,
    *,
    mask_level: MaskLevel,
    order: RowOrder,
) -> FormGrid:
    """The candidates of the villages at or under ``scope``."""
    places = places_under(session, scope)
    rows = candidates_under(session, viewer, scope)
    by_strokes = order is RowOrder.SURNAME_STROKES
    rows.sort(
        key=lambda row: (
            (stroke_key(row[2].name), row[2].code) if by_strokes else (places[row[1].village_id].order, row[2].code)
        )
    )
    mentors = _mentor_names(session, [mentee.id for _, mentee, _ in rows])
    contents = []
    for candidate, mentee, person in rows:
        place = places[mentee.village_id]
        education = EDUCATION_BY_CODE.get(person.education_code or "", "")
        contents.append(
            {
                "county": place.county,
                "township": place.township,
                "village": place.village,
                "code": person.code,
                "name": person.name,
                "sex": label(person.sex) if person.sex in (Sex.MALE, Sex.FEMALE) else "",
                "ethnicity": ETHNICITY_BY_CODE.get(person.ethnicity_code or "", ""),
                "birth": month_text(person.birth_date),
                "native_place": person.native_place,
                # Where nobody has said how it was obtained, it stands as the full-time one: the form has two columns.
                "education.full_time": "" if person.is_education_full_time is False else education,
                "education.in_service": education if person.is_education_full_time is False else "",
                "school": (person.school or "") + (person.major or ""),
                "political_status": POLITICAL_STATUS_BY_CODE.get(person.political_status_code or "", ""),
                "party_join": month_text(person.party_join_date),
                "work_start": month_text(person.work_start_date),
                "unit_and_post": person.unit_and_post,
                "source": label(candidate.source),
                "target_post": label(candidate.target_post),
                "pool_date": month_text(candidate.pool_date),
                "review_level": label(candidate.review_level),
                "id_number": person.id_number_masked,
                "phone": person.phone_masked,
                "mentors": "、".join(mentors.get(mentee.id, ())),
                "note": "" if candidate.state is CandidateState.IN_POOL else label(candidate.state),
            }
        )
    return grid_of(template, contents, mask_level=mask_level)


def grid_of(template: FormTemplate, contents: Sequence[Mapping[str, Any]], *, mask_level: MaskLevel) -> FormGrid:
    """The table of candidates in the order given."""
    left_out = {"position"} | (set() if is_wide_area(contents) else {"county"})
    columns = {
        key: column
        for key, column in template.columns.items()
        if key not in left_out and not (column.is_sensitive and mask_level is MaskLevel.STRICT)
    }
    return FormGrid(
        columns=(
            grid_column(template.columns["position"]),
            *(
                grid_column(column, template.groups["education"], number=1)
                if key.startswith("education.")
                else grid_column(column)
                for key, column in columns.items()
            ),
        ),
        blocks=tuple(
            ((position, *(text_of(content, key) for key in columns)),)
            for position, content in enumerate(contents, start=1)
        ),
        n_frozen=2 + list(columns).index("name"),
    )


def candidates_under(
    session: Session, viewer: Viewer, scope: Division
) -> list[tuple[ReserveCandidate, Mentee, Person]]:
    """The candidates who have not left, of the villages at or under ``scope``."""
    under = select(Division.id).where(col(Division.code).startswith(code_prefix(scope)))
    rows = session.exec(
        select(ReserveCandidate, Mentee, Person)
        .join(Mentee, col(Mentee.id) == col(ReserveCandidate.id))
        .join(Person, col(Person.id) == col(ReserveCandidate.person_id))
        .where(
            territory_clause(viewer, ReserveCandidate.county_id),
            col(Mentee.village_id).in_(under),
            col(ReserveCandidate.state).not_in(CANDIDATE_EXITS),
        )
    )
    return [(candidate, mentee, person) for candidate, mentee, person in rows]


def _mentor_names(session: Session, mentees: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Who mentors each now, in the order of their slots."""
    names: dict[UUID, list[str]] = defaultdict(list)
    for part in in_parts(mentees):
        rows = session.exec(
            select(Pairing.mentee_id, Person.name)
            .join(PairingMember, col(PairingMember.pairing_id) == col(Pairing.id))
            .join(Mentor, col(Mentor.id) == col(PairingMember.mentor_id))
            .join(Person, col(Person.id) == col(Mentor.person_id))
            .where(
                col(Pairing.mentee_id).in_(part),
                col(Pairing.state).in_(RUNNING_PAIRINGS),
                PairingMember.state == PairingMemberState.ACTIVE,
            )
            .order_by(col(PairingMember.slot_code), col(Person.code))
        )
        for mentee_id, name in rows:
            names[mentee_id].append(name)
    return names
