"""Roster versions: what is printed is copied at publication and never changes afterwards."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from app.access import Viewer
from app.codes import EDUCATION_BY_CODE, ETHNICITY_BY_CODE, POLITICAL_STATUS_BY_CODE
from app.labels import label, public_reason
from app.models import (
    AssignedCadre,
    Division,
    Mentee,
    Mentor,
    MentorSpecialty,
    PairingProgram,
    Person,
    ReserveCandidate,
    Roster,
    RosterEntry,
    Shortfall,
)
from app.models.columns import Pii, Row
from app.models.vocabulary import ProgramKind, ReasonCode, RosterState, Sex
from app.services.place_names import printed_village_name
from app.services.privacy.restricted import may_read_class
from app.services.programs import slots_of
from app.services.snapshot import counties_of

CHINA = ZoneInfo("Asia/Shanghai")
Teams = Mapping[UUID, Mapping[str, UUID]]
"""Mentor per slot code per mentee."""

NUMERALS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """One row of a roster before it is written."""

    mentee_id: UUID
    county_id: UUID
    content: dict[str, Any]


def roster_header(session: Session, program: PairingProgram, now: datetime, document_no: str | None) -> dict[str, Any]:
    """Title, unit, dates and slot headings as printed above the table."""
    division = session.get_one(Division, program.division_id)
    slots = slots_of(session, program.id)
    headings = [f"帮带干部（{NUMERALS[n]}）" for n in range(len(slots))] if len(slots) > 1 else ["帮带导师"]
    day = now.astimezone(CHINA).date()
    return {
        "title": program.name if program.name.endswith("花名册") else f"{program.name}花名册",
        "unit": f"中共{division.name}委组织部",
        "date": _long_day(day),
        "reference_date": _long_day(program.reference_date),
        "document_no": document_no,
        "slots": [{"code": slot.code, "name": heading} for slot, heading in zip(slots, headings, strict=True)],
    }


def plan_entries(
    session: Session, program: PairingProgram, teams: Teams, shortfalls: Sequence[Shortfall]
) -> list[EntryDraft]:
    """The rows of a plan in official order: county, township, village, then 编号.

    Mentees without any mentor are listed too, with the reasons of their empty seats.
    """
    mentee_ids = {*teams, *(row.mentee_id for row in shortfalls)}
    reasons = {(row.mentee_id, row.slot_code): row.reasons for row in shortfalls}
    counties = [county.id for county in counties_of(session, program)]
    mentees = session.exec(
        select(Mentee, Person)
        .join(Person, col(Person.id) == col(Mentee.person_id))
        .where(col(Mentee.county_id).in_(counties))
    ).all()
    chosen = [(mentee, person) for mentee, person in mentees if mentee.id in mentee_ids]
    candidates = _by_id(session, ReserveCandidate, counties)
    cadres = _by_id(session, AssignedCadre, counties)
    mentors = {
        mentor.id: (mentor, person)
        for mentor, person in session.exec(
            select(Mentor, Person)
            .join(Person, col(Person.id) == col(Mentor.person_id))
            .where(col(Mentor.county_id).in_(counties))
        )
    }
    specialties: dict[UUID, list[str]] = {}
    skills = select(MentorSpecialty).where(col(MentorSpecialty.county_id).in_(counties))
    # GOOD sorts after FAMILIAR: what a mentor is good at is printed first.
    for row in session.exec(skills.order_by(col(MentorSpecialty.level).desc(), col(MentorSpecialty.specialty))):
        specialties.setdefault(row.mentor_id, []).append(label(row.specialty))
    places = _by_id(session, Division, counties)
    slots = slots_of(session, program.id)
    period = f"{_month(program.start_date)}-{_month(program.end_date)}"

    def order(pair: tuple[Mentee, Person]) -> tuple[int, str, int, str, int, str, str]:
        mentee, person = pair
        village, county = places[mentee.village_id], places[mentee.county_id]
        township = places[village.parent_id] if village.parent_id else village
        return (
            county.display_order,
            county.code,
            township.display_order,
            township.code,
            village.display_order,
            village.code,
            person.code,
        )

    drafts = []
    for mentee, person in sorted(chosen, key=order):
        village = places[mentee.village_id]
        candidate, cadre = candidates.get(mentee.id), cadres.get(mentee.id)
        seats: list[dict[str, Any]] = []
        for slot in slots:
            mentor_id = teams.get(mentee.id, {}).get(slot.code)
            if mentor_id is None:
                seats.append({"slot": slot.code, "shortfall": shortfall_texts(reasons.get((mentee.id, slot.code), []))})
                continue
            mentor, mentor_person = mentors[mentor_id]
            seats.append(
                {
                    "slot": slot.code,
                    "mentor_id": str(mentor.id),
                    "code": mentor_person.code,
                    "name": mentor_person.name,
                    "unit_and_post": mentor_person.unit_and_post or "",
                    "category": label(mentor.category),
                    "phone": mentor_person.phone_masked or "",
                    "specialties": "、".join(specialties.get(mentor.id, [])),
                }
            )
        content: dict[str, Any] = {
            "county": places[mentee.county_id].name,
            "township": places[village.parent_id].name if village.parent_id else "",
            "village": printed_village_name(village.name),
            "village_code": village.code,
            "mentee": {
                "code": person.code,
                "name": person.name,
                "sex": label(person.sex) if person.sex in (Sex.MALE, Sex.FEMALE) else "",
                "ethnicity": ETHNICITY_BY_CODE.get(person.ethnicity_code or "", ""),
                "birth": _month(person.birth_date),
                "education": EDUCATION_BY_CODE.get(person.education_code or "", ""),
                "political_status": POLITICAL_STATUS_BY_CODE.get(person.political_status_code or "", ""),
                "target_post": label(candidate.target_post) if candidate is not None else "",
                "phone": person.phone_masked or "",
                "unit_and_post": person.unit_and_post or "",
                "sending_unit": cadre.sending_unit if cadre is not None else "",
                "assigned_from": _month(cadre.assigned_from) if cadre is not None else "",
            },
            "mentors": seats,
            "period": period,
            "note": "",
        }
        drafts.append(EntryDraft(mentee.id, mentee.county_id, content))
    return drafts


def shortfall_texts(reasons: Sequence[Mapping[str, Any]]) -> list[str]:
    """Chinese reasons of an unfilled seat as printed; restricted reasons read as avoidance, without counts below 3."""
    texts: list[str] = []
    for reason in reasons:
        text = public_reason(ReasonCode(reason["code"]))
        if text not in texts:
            texts.append(text)
    return texts


CLASS_BY_TEXT = {
    "sex": Pii.CADRE,
    "ethnicity": Pii.CADRE,
    "birth": Pii.CADRE,
    "education": Pii.CADRE,
    "political_status": Pii.CADRE,
    "phone": Pii.SENSITIVE,
}
"""The printed texts of a person that are more than duty data."""


def readable_content(viewer: Viewer, content: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a roster without the texts that the viewer may not read."""
    hidden = {text for text, pii in CLASS_BY_TEXT.items() if not may_read_class(viewer, pii)}

    def readable(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: readable(inner) for name, inner in value.items() if name not in hidden}
        return [readable(inner) for inner in value] if isinstance(value, list) else value

    shown: dict[str, Any] = readable(content)
    return shown


def write_roster(
    session: Session,
    viewer: Viewer,
    program: PairingProgram,
    *,
    plan_id: UUID | None,
    header: dict[str, Any],
    entries: Sequence[EntryDraft],
    now: datetime,
) -> Roster:
    """Write the next version of the programme's roster; the one before it becomes AMENDED."""
    former = session.exec(
        select(Roster).where(Roster.program_id == program.id).order_by(col(Roster.roster_version).desc())
    ).first()
    if former is not None:
        former.state, former.updated_at, former.updated_by = RosterState.AMENDED, now, viewer.subject
        former.version += 1
        session.add(former)
    roster = Roster(
        program_id=program.id,
        plan_id=plan_id,
        roster_version=(former.roster_version if former is not None else 0) + 1,
        kind=ProgramKind(program.kind),
        state=RosterState.PUBLISHED,
        title=header["title"],
        published_at=now,
        document_no=header["document_no"],
        header=header,
        checksum=content_checksum(header, [entry.content for entry in entries]),
        supersedes_id=former.id if former is not None else None,
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(roster)
    session.flush()
    session.add_all(
        RosterEntry(
            roster_id=roster.id,
            county_id=entry.county_id,
            mentee_id=entry.mentee_id,
            position=position,
            content=entry.content,
            created_by=viewer.subject,
            updated_by=viewer.subject,
        )
        for position, entry in enumerate(entries, start=1)
    )
    session.flush()
    return roster


def content_checksum(header: Mapping[str, Any], contents: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 over the canonical JSON of a roster: equal content, equal checksum."""
    text = json.dumps([header, list(contents)], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode("utf-8")).hexdigest()


RowT = TypeVar("RowT", bound=Row)


def _by_id(session: Session, table: type[RowT], counties: Sequence[UUID]) -> dict[UUID, RowT]:
    county = col(table.county_id)  # type: ignore[attr-defined]
    return {row.id: row for row in session.exec(select(table).where(county.in_(counties)))}


def _month(day: date | None) -> str:
    return f"{day.year}.{day.month:02d}" if day is not None else ""


def _long_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
