"""What is stored of a roster in force: its printed seats, and the people whom a file may name, in the territory."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select as sqlalchemy_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from app.access import Permission, Viewer, person_clause, territory_clause
from app.errors import InvalidStateError, NotFoundError
from app.folding import folded
from app.models import AssignedCadre, Division, Mentee, Mentor, PairingProgram, Person, Roster, RosterEntry
from app.models.vocabulary import MenteeKind, RosterState
from app.services.place_names import printed_village_name
from app.services.programs import get_program, slots_of
from app.services.roster_edits.records import Choice
from app.services.snapshot import counties_of

_IGNORED = re.compile(r"[\s\W_]+")


def squeezed(text: str) -> str:
    """A text in which only letters, digits and characters count."""
    return _IGNORED.sub("", folded(text))


@dataclass(slots=True, kw_only=True)
class Known:
    """A record that a file may name, with every spelling by which it is known: that of today and that of the print."""

    id: UUID
    person_id: UUID
    code: str
    place: str
    names: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)

    @property
    def choice(self) -> Choice:
        """As it is offered and told."""
        return Choice(id=self.id, code=self.code, place=self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One slot of the programme: its code, and what the roster calls it."""

    code: str
    name: str
    spellings: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterBook:
    """A roster in force with what is needed to read a file against it."""

    roster_id: UUID
    checksum: str
    roster_version: int
    program_id: UUID
    mentee_kind: MenteeKind
    slots: tuple[Slot, ...]
    mentees: Mapping[UUID, Known]
    mentors: Mapping[UUID, Known]
    printed: Mapping[UUID, Mapping[str, Choice]]
    """Mentors by slot code, by mentee, in printed order; an empty seat is missing."""

    def slot(self, code: str) -> Slot | None:
        """The slot of a code."""
        return next((slot for slot in self.slots if slot.code == code), None)


def require_roster(session: Session, viewer: Viewer, roster_id: UUID, *, lock: bool = False) -> Roster:
    """The roster in force of a programme in the territory; ``lock`` holds it until the transaction ends."""
    viewer.require(Permission.RUN)
    roster = session.get(Roster, roster_id)
    absent = NotFoundError(
        f"No roster {roster_id} in your territory.", f"辖区内没有花名册 {roster_id}。", path=("rosterId",)
    )
    if roster is None:
        raise absent
    try:
        get_program(session, viewer, roster.program_id)
    except NotFoundError:
        raise absent from None
    if lock:
        session.refresh(roster, with_for_update=True)
    if roster.state is not RosterState.PUBLISHED:
        raise InvalidStateError(
            f"Version {roster.roster_version} of the roster is not in force ({roster.state}); export the version in "
            "force and edit that.",
            f"花名册第{roster.roster_version}版已不是现行版本，请导出现行版本后修改。",
            path=("rosterId",),
        )
    return roster


def open_book_of(session: Session, viewer: Viewer, roster_id: UUID) -> RosterBook:
    """Read a roster in force and the people of its programme, as far as they lie in the territory."""
    roster = require_roster(session, viewer, roster_id)
    program = session.get_one(PairingProgram, roster.program_id)
    counties = [county.id for county in counties_of(session, program)]
    mentees = _mentees(session, viewer, program, counties)
    mentors = _mentors(session, viewer, counties)
    inside = territory_clause(viewer, RosterEntry.county_id, Mentee.village_id)
    entries = session.exec(
        select(RosterEntry.mentee_id, RosterEntry.content, Mentee.person_id)
        .join(Mentee, col(Mentee.id) == col(RosterEntry.mentee_id))
        .where(RosterEntry.roster_id == roster.id, inside)
        .order_by(col(RosterEntry.position))
    )
    printed: dict[UUID, dict[str, Choice]] = {}
    for mentee_id, content, person_id in entries:
        _learn(mentees, mentee_id, person_id, content.get("mentee", {}), _places_of(content))
        seats = printed.setdefault(mentee_id, {})
        for seat in content.get("mentors", ()):
            if seat.get("mentor_id") is None:
                continue
            mentor_id = UUID(seat["mentor_id"])
            if mentor_id in mentors:
                _learn(mentors, mentor_id, mentors[mentor_id].person_id, seat, ())
            unit = str(seat.get("unit_and_post") or "")
            seats[seat["slot"]] = Choice(id=mentor_id, code=str(seat.get("code") or ""), place=unit)
    return RosterBook(
        roster_id=roster.id,
        checksum=roster.checksum,
        roster_version=roster.roster_version,
        program_id=program.id,
        mentee_kind=program.mentee_kind,
        slots=_slots(session, program, roster),
        mentees=mentees,
        mentors=mentors,
        printed=printed,
    )


def _slots(session: Session, program: PairingProgram, roster: Roster) -> tuple[Slot, ...]:
    printed = {slot["code"]: str(slot["name"]) for slot in roster.header.get("slots", ())}
    found = []
    for slot in slots_of(session, program.id):
        name = printed.get(slot.code, slot.name)
        spellings = frozenset(squeezed(text) for text in (name, slot.name, slot.code))
        found.append(Slot(code=slot.code, name=name, spellings=spellings))
    return tuple(found)


def _mentees(session: Session, viewer: Viewer, program: PairingProgram, counties: Sequence[UUID]) -> dict[UUID, Known]:
    village, township = aliased(Division), aliased(Division)
    person = (col(Person.id), col(Person.code), col(Person.name), col(Person.unit_and_post))
    query = (
        sqlalchemy_select(col(Mentee.id), *person, col(village.name), col(township.name))
        .join(Person, col(Person.id) == col(Mentee.person_id))
        .join(village, col(village.id) == col(Mentee.village_id))
        .join(township, col(township.id) == col(village.parent_id), isouter=True)
        .where(
            col(Mentee.kind) == program.mentee_kind,
            col(Mentee.county_id).in_(counties),
            territory_clause(viewer, Mentee.county_id, Mentee.village_id),
        )
    )
    rows = session.connection().execute(query)
    units = select(AssignedCadre.id, AssignedCadre.sending_unit).where(col(AssignedCadre.county_id).in_(counties))
    sending_units = dict(session.exec(units).all())
    found: dict[UUID, Known] = {}
    for mentee_id, person_id, code, name, unit, village_name, township_name in rows:
        place = f"{township_name or ''}{printed_village_name(village_name)}"
        known = Known(id=mentee_id, person_id=person_id, code=code, place=place, names={folded(name)})
        texts = (place, f"{township_name or ''}{village_name}", village_name, unit, sending_units.get(mentee_id))
        known.texts.update(squeezed(text) for text in texts if text)
        found[mentee_id] = known
    return found


def _mentors(session: Session, viewer: Viewer, counties: Sequence[UUID]) -> dict[UUID, Known]:
    person = (col(Person.id), col(Person.code), col(Person.name), col(Person.unit_and_post))
    query = (
        sqlalchemy_select(col(Mentor.id), *person)
        .join(Person, col(Person.id) == col(Mentor.person_id))
        .where(col(Mentor.county_id).in_(counties), person_clause(viewer, Mentor.person_id))
    )
    return {
        mentor_id: Known(
            id=mentor_id,
            person_id=person_id,
            code=code,
            place=unit or "",
            names={folded(name)},
            texts={squeezed(unit)} if unit else set(),
        )
        for mentor_id, person_id, code, name, unit in session.connection().execute(query)
    }


def _places_of(content: Mapping[str, Any]) -> tuple[str, ...]:
    township, village = str(content.get("township") or ""), str(content.get("village") or "")
    return (township + village, village)


def _learn(
    people: dict[UUID, Known], key: UUID, person_id: UUID, printed: Mapping[str, Any], places: Iterable[str]
) -> None:
    """Add the spellings of the print; a record that is no longer among the programme's is known by them alone."""
    known = people.get(key)
    if known is None:
        place = next(iter(places), "")
        known = people[key] = Known(id=key, person_id=person_id, code=str(printed.get("code") or ""), place=place)
    if printed.get("name"):
        known.names.add(folded(str(printed["name"])))
    texts = (*places, printed.get("unit_and_post"), printed.get("sending_unit"))
    known.texts.update(squeezed(str(text)) for text in texts if text)


@dataclass(frozen=True, slots=True)
class Index:
    """People by 编号 and by name."""

    by_code: Mapping[str, Sequence[Known]]
    by_name: Mapping[str, Sequence[Known]]

    @classmethod
    def of(cls, people: Iterable[Known]) -> "Index":
        """The index of some people."""
        by_code: dict[str, list[Known]] = defaultdict(list)
        by_name: dict[str, list[Known]] = defaultdict(list)
        for known in sorted(people, key=lambda each: (each.code, each.id)):
            by_code[folded(known.code)].append(known)
            for name in known.names:
                by_name[name].append(known)
        return cls(dict(by_code), dict(by_name))
