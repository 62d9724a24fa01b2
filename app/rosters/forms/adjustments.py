"""The adjustment table (调整表): who mentored and who mentors now, between two versions of a roster, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from app.labels import public_end_reason
from app.models import Pairing, PairingMember, Roster
from app.models.vocabulary import RosterLayout
from app.rosters.forms.people import in_parts, month_text
from app.rosters.forms.roster import Seat, mentor_by_slot, seats_of
from app.rosters.forms.template import FormTemplate
from app.rosters.grid import CHINA_TIME, Block, FormGrid, Line, grid_column, is_wide_area, text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One mentee in one version: its key and what was printed of it."""

    mentee_id: UUID
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One seat whose mentor is another one than before; ``{}`` where there was or is none."""

    mentee_id: UUID
    is_new_mentee: bool
    content: Mapping[str, Any]
    seat: Seat
    former: Mapping[str, Any]
    present: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why and when a mentor's service ended, fit for print."""

    reason: str
    time: str


EndingKey = tuple[UUID, str, UUID]
"""Mentee, code of the slot, mentor."""


def changes_between(header: Mapping[str, Any], former: Sequence[Entry], present: Sequence[Entry]) -> list[Change]:
    """Every seat that differs, in the order of the present version; mentees no longer in it come last."""
    before = {entry.mentee_id: entry for entry in former}
    now = {entry.mentee_id for entry in present}
    changes = []
    for entry in (*present, *(entry for entry in former if entry.mentee_id not in now)):
        old = mentor_by_slot(before[entry.mentee_id].content) if entry.mentee_id in before else {}
        new = mentor_by_slot(entry.content) if entry.mentee_id in now else {}
        for seat in seats_of(header):
            one, other = (_seated(each.get(seat.code, {})) for each in (old, new))
            if one.get("mentor_id") != other.get("mentor_id"):
                changes.append(
                    Change(
                        mentee_id=entry.mentee_id,
                        is_new_mentee=entry.mentee_id not in before,
                        content=entry.content,
                        seat=seat,
                        former=one,
                        present=other,
                    )
                )
    return changes


def _seated(mentor: Mapping[str, Any]) -> Mapping[str, Any]:
    return mentor if mentor.get("name") else {}


def endings_of(session: Session, roster: Roster, changes: Sequence[Change]) -> dict[EndingKey, Ending]:
    """How the services that the roster ended came to their end: the last one up to its publication."""
    day = roster.published_at.astimezone(CHINA_TIME).date()
    found: dict[EndingKey, Ending] = {}
    for part in in_parts(sorted({change.mentee_id for change in changes if change.former})):
        rows = session.exec(
            select(Pairing.mentee_id, PairingMember)
            .join(PairingMember, col(PairingMember.pairing_id) == col(Pairing.id))
            .where(
                Pairing.program_id == roster.program_id,
                col(Pairing.mentee_id).in_(part),
                col(PairingMember.end_date).is_not(None),
            )
            .order_by(col(PairingMember.end_date), col(PairingMember.id))
        )
        for mentee_id, member in rows:
            key = (mentee_id, member.slot_code, member.mentor_id)
            # A later service of the same two, ended after this version, is told by a later version.
            if key not in found or _is_due(member.end_date, day):
                found[key] = Ending(reason=public_end_reason(member.end_reason), time=month_text(member.end_date))
    return found


def _is_due(end: date | None, day: date) -> bool:
    return end is not None and end <= day


def grid_of(
    template: FormTemplate,
    changes: Sequence[Change],
    endings: Mapping[EndingKey, Ending],
    *,
    published: date,
    layout: RosterLayout,
) -> FormGrid:
    """One row per changed seat; when stacked, the mentee is merged over its rows and numbered once."""
    wide = is_wide_area([change.content for change in changes])
    places = (*(("county",) if wide else ()), "township", "village")
    mentee, former, present = (template.under(group) for group in ("mentee", "former", "present"))
    grouped: list[list[Change]] = []
    for change in changes:
        if layout is RosterLayout.STACKED and grouped and grouped[-1][0].mentee_id == change.mentee_id:
            grouped[-1].append(change)
        else:
            grouped.append([change])
    blocks: list[Block] = []
    for position, own in enumerate(grouped, start=1):
        content = own[0].content
        before: Line = (
            position,
            *(text_of(content, place) for place in places),
            *(text_of(content["mentee"], key) for key in mentee),
        )
        blocks.append(
            tuple(
                (
                    *before,
                    change.seat.name,
                    *(_text(template, change.former, key) for key in former),
                    *(_text(template, change.present, key) for key in present),
                    *_why(template, change, endings, published),
                )
                for change in own
            )
        )
    return FormGrid(
        columns=(
            *(grid_column(template.columns[key]) for key in ("position", *places)),
            *(grid_column(column, template.groups["mentee"], number=1) for column in mentee.values()),
            grid_column(template.columns["slot"], is_shared=False),
            *(
                grid_column(column, template.groups[group], number=number, is_shared=False)
                for number, (group, columns) in enumerate((("former", former), ("present", present)), start=2)
                for column in columns.values()
            ),
            *(grid_column(template.columns[key], is_shared=False) for key in ("reason", "time", "note")),
        ),
        blocks=tuple(blocks),
        n_frozen=1 + len(places) + list(mentee).index("name") + 1,
    )


def _text(template: FormTemplate, mentor: Mapping[str, Any], key: str) -> str:
    if not mentor:
        return template.phrases["vacant"] if key == "name" else ""
    return text_of(mentor, key)


def _why(
    template: FormTemplate, change: Change, endings: Mapping[EndingKey, Ending], published: date
) -> tuple[str, str, str]:
    """Reason, time and note; a mentor who comes into an empty seat comes with the version."""
    words = template.phrases
    if not change.former:
        return words["new" if change.is_new_mentee else "filled"], month_text(published), ""
    ending = endings.get((change.mentee_id, change.seat.code, UUID(change.former["mentor_id"])))
    note = "" if change.present else words["gone"]
    if ending is None:
        return "", month_text(published), note
    return ending.reason, ending.time, note
