"""The list of empty seats with their reasons (未配岗位清单), of a plan or of a published roster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Viewer, territory_clause
from app.labels import AVOIDANCE_LABEL, label
from app.models import Division, MatchPlan, Mentee, PairingProgram, Person, Shortfall
from app.models.vocabulary import ReasonCode, RosterLayout, RowOrder
from app.rosters.forms.people import in_parts, places_under
from app.rosters.forms.roster import mentor_by_slot, public_texts, seats_of
from app.rosters.forms.template import FormTemplate, filled
from app.rosters.grid import Block, FormGrid, Line, grid_column, is_wide_area, text_of
from app.rosters.strokes import stroke_key
from app.services.avoidance import public_counts
from app.services.programs import slots_of

_SEPARATOR = "；"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptySeat:
    """One seat without a mentor, as printed."""

    slot: str
    reasons: str
    approved: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """One mentee with empty seats: ``content`` as in a roster, and how many seats there should be."""

    content: Mapping[str, Any]
    seats: tuple[EmptySeat, ...]
    n_seats: int


def of_roster(
    template: FormTemplate, header: Mapping[str, Any], contents: Sequence[Mapping[str, Any]]
) -> list[Unmatched]:
    """The empty seats of a roster, from what was published; no counts are there, and all of them were approved."""
    seats = seats_of(header)
    found = []
    for content in contents:
        mentors = mentor_by_slot(content)
        empty = [
            EmptySeat(
                slot=seat.name,
                reasons=_SEPARATOR.join(public_texts(mentors.get(seat.code, {}).get("shortfall", ()))),
                approved=template.phrases["approved"],
            )
            for seat in seats
            if not mentors.get(seat.code, {}).get("name")
        ]
        if empty:
            found.append(Unmatched(content=content, seats=tuple(empty), n_seats=len(seats)))
    return found


def of_plan(
    session: Session, viewer: Viewer, template: FormTemplate, plan: MatchPlan, scope: Division, order: RowOrder
) -> list[Unmatched]:
    """The empty seats of a plan in the viewer's territory; restricted reasons are put together and hidden below 3."""
    program = session.get_one(PairingProgram, plan.program_id)
    slots = slots_of(session, program.id)
    names = {slot.code: slot.name for slot in slots}
    rank = {slot.code: slot.position for slot in slots}
    by_mentee: dict[UUID, list[Shortfall]] = {}
    rows = select(Shortfall).where(Shortfall.plan_id == plan.id, territory_clause(viewer, Shortfall.county_id))
    for row in session.exec(rows):
        by_mentee.setdefault(row.mentee_id, []).append(row)
    places = places_under(session, scope)
    found = []
    for part in in_parts(list(by_mentee)):
        people = select(Mentee, Person).join(Person, col(Person.id) == col(Mentee.person_id))
        for mentee, person in session.exec(people.where(col(Mentee.id).in_(part))):
            place = places.get(mentee.village_id)
            if place is None:
                continue
            key = (
                (stroke_key(person.name), person.code)
                if order is RowOrder.SURNAME_STROKES
                else (place.order, person.code)
            )
            seats = tuple(
                EmptySeat(
                    slot=names[row.slot_code],
                    reasons=counted_reasons(template, row.reasons),
                    approved=template.phrases["approved" if row.approved_by else "open"],
                    note=row.note or "",
                )
                for row in sorted(by_mentee[mentee.id], key=lambda row: rank[row.slot_code])
            )
            content = {
                "county": place.county,
                "township": place.township,
                "village": place.village,
                "mentee": {"code": person.code, "name": person.name, "unit_and_post": person.unit_and_post},
            }
            found.append((key, Unmatched(content=content, seats=seats, n_seats=len(slots))))
    return [unmatched for _, unmatched in sorted(found, key=lambda item: item[0])]


def counted_reasons(template: FormTemplate, stored: Sequence[Mapping[str, Any]]) -> str:
    """``符合条件的导师名额已满（12人）；回避/组织原因``: the count of restricted reasons is hidden where small."""
    counts = public_counts((ReasonCode(each["code"]), int(each["count"])) for each in stored)
    texts = []
    for code, count in counts:
        name = AVOIDANCE_LABEL if code is None else label(code)
        is_counted = count is not None and count > 0
        texts.append(filled(template.phrases["reason"], {"reason": name, "count": str(count)}) if is_counted else name)
    return _SEPARATOR.join(texts)


def grid_of(template: FormTemplate, people: Sequence[Unmatched], *, layout: RosterLayout) -> FormGrid:
    """One line per mentee, or, when stacked, one per empty seat with the mentee merged over its lines."""
    wide = is_wide_area([each.content for each in people])
    places = (*(("county",) if wide else ()), "township", "village")
    mentee = template.under("mentee")
    blocks: list[Block] = []
    for position, each in enumerate(people, start=1):
        before: Line = (
            position,
            *(text_of(each.content, place) for place in places),
            *(text_of(each.content["mentee"], key) for key in mentee),
            f"{len(each.seats)}/{each.n_seats}",
        )
        lines = [(seat.slot, seat.reasons, seat.approved, seat.note) for seat in each.seats]
        if layout is RosterLayout.WIDE:
            lines = [_one_line(each.seats)]
        blocks.append(tuple(before + line for line in lines))
    return FormGrid(
        columns=(
            *(grid_column(template.columns[key]) for key in ("position", *places)),
            *(grid_column(column, template.groups["mentee"], number=1) for column in mentee.values()),
            grid_column(template.columns["seats"]),
            *(grid_column(template.columns[key], is_shared=False) for key in ("slot", "reasons", "approved", "note")),
        ),
        blocks=tuple(blocks),
        n_frozen=1 + len(places) + list(mentee).index("name") + 1,
    )


def _one_line(seats: Sequence[EmptySeat]) -> tuple[str, str, str, str]:
    """All empty seats of a mentee in one line; what several have in common is said once."""
    if len({seat.reasons for seat in seats}) == 1:
        reasons = seats[0].reasons
    else:
        reasons = "\n".join(f"{seat.slot}：{seat.reasons}" for seat in seats)
    approved = dict.fromkeys(seat.approved for seat in seats)
    notes = dict.fromkeys(seat.note for seat in seats if seat.note)
    return "、".join(seat.slot for seat in seats), reasons, "、".join(approved), _SEPARATOR.join(notes)
