"""Compares what a row says about a person with the county's book and notes what a commit would write."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from app.access import Viewer, covers_division
from app.models import Division, Person
from app.models.columns import CountyRow
from app.models.vocabulary import DatePrecision, DivisionLevel, RowChange, Sex
from app.services.imports.book import CountyBook
from app.services.imports.outcome import Outcome
from app.services.imports.records import (
    MentorRecord,
    PersonRecord,
    PersonReference,
    RoleRecord,
    SheetKind,
    kind_of,
)
from app.services.people import PersonDraft
from app.services.people.records import (
    assign,
    authored,
    list_difference,
    person_values,
    stamp,
)


@dataclass(slots=True, kw_only=True)
class Reconciliation:
    """One pass over the rows of a file; ``rejected_hashes`` are the ID numbers of rows that could not be parsed."""

    book: CountyBook
    viewer: Viewer
    today: date
    rejected_hashes: frozenset[str] = frozenset()
    rejected_names: frozenset[str] = frozenset()
    has_needs_sheet: bool = False
    """Whether the file has 需求清单: then the needs in its rosters are not all there are."""
    _given: dict[tuple[UUID, str], Any] = field(default_factory=dict)
    _pairs_seen: set[tuple[type, Hashable]] = field(default_factory=set)
    _rows_seen: dict[tuple[SheetKind, UUID], str] = field(default_factory=dict)

    def apply_person(self, record: RoleRecord, address: str, outcome: Outcome) -> Person | None:
        """Find or create the person of a row and set what differs; ``None`` when the row must be rejected."""
        division = self.book.divisions[record.person.draft.division_id]
        is_inside = covers_division(self.viewer, division.code)
        if not is_inside:
            outcome.problem("township", "OUTSIDE_TERRITORY")
        discipline = record.person.is_discipline_in_force
        if discipline is not None and not covers_division(self.viewer, self.book.county.code):
            # Whatever is on file: a refusal that depended on it would tell.
            outcome.problem("discipline", "FORBIDDEN_COLUMN" if discipline else "COUNTY_COLUMN")
        # Before anybody is looked up: who is on file elsewhere is no answer for a township.
        person = self._find(record.person, outcome) if is_inside else None
        if outcome.has_errors:
            return None
        if person is None:
            person = self._create(record.person)
            changed = False
        else:
            first = self._rows_seen.get((kind_of(record), person.id))
            if first is not None:
                outcome.problem("id_number", "DUPLICATE_PERSON", options=first)
                return None
            # A mentor's pool may lie elsewhere: it does not move a mentee out of the village.
            keeps_home = isinstance(record, MentorRecord) and self.book.is_mentee(person.id)
            changed = self._update(person, record.person, outcome, keeps_home=keeps_home)
        self._rows_seen[kind_of(record), person.id] = address
        outcome.about.add(str(person.id))
        if changed:
            outcome.change = RowChange.CHANGED
        return person

    def _find(self, record: PersonRecord, outcome: Outcome) -> Person | None:
        """The stored or just created person of this row: by ID number first, then by name and month of birth."""
        book, draft = self.book, record.draft
        hashes = book.cipher.keyed_hashes("id_number", draft.id_number) if draft.id_number else []
        if not book.foreign_hashes.isdisjoint(hashes):
            outcome.problem("id_number", "PERSON_IN_OTHER_COUNTY")
            return None
        person = book.find_by_hash(hashes)
        if person is None:
            namesakes = [
                other
                for other in book.by_name.get(draft.name, [])
                if _same_month(other.birth_date, draft.birth.value if draft.birth else None)
            ]
            possible = [
                other
                for other in namesakes
                if not hashes or (other.id_number_hash is None and not _is_somebody_else(other, draft))
            ]
            if len(possible) > 1:
                # Of several in the same month the one in the same village.
                possible = [other for other in possible if draft.division_id in book.homes(other)]
                if len(possible) != 1:
                    outcome.problem("id_number", "AMBIGUOUS_PERSON")
                    return None
            person = possible[0] if possible else None
            # Of somebody whose file lies elsewhere nobody learns sex or day of birth by trying.
            if person is not None and self._covers(person) and _is_somebody_else(person, draft):
                outcome.problem("id_number", "NAMESAKE_DIFFERS")
                return None
            if person is not None and not self._is_at_home(person, draft.division_id):
                outcome.problem("id_number", "NAMESAKE_ELSEWHERE")
                return None
            if namesakes and person is None:
                outcome.problem("id_number", "NAMESAKE_ON_FILE")
            elif person is None:
                self._note_neighbour(draft, outcome)
        elif person.name != draft.name and self._covers(person):
            outcome.problem("name", "NAME_DIFFERS")
            return None
        if person is not None and not self._covers(person):
            outcome.problem("name", "PERSON_OUTSIDE_TERRITORY")
            return None
        return person

    def _is_at_home(self, person: Person, division_id: UUID) -> bool:
        """Whether the division is one of the person's places, holds one, or lies in one.

        A mentor's row names a township or the county, a mentee's the village in it.
        """
        places = self.book.places_of(person)
        return any(division_id in self._upwards(place) for place in places) or not places.isdisjoint(
            self._upwards(division_id)
        )

    def _upwards(self, division_id: UUID) -> set[UUID]:
        """The division and those of the county that hold it."""
        found: set[UUID] = set()
        place = self.book.divisions.get(division_id)
        while place is not None:
            found.add(place.id)
            place = None if place.parent_id is None else self.book.divisions.get(place.parent_id)
        return found

    def _note_neighbour(self, draft: PersonDraft, outcome: Outcome) -> None:
        """Point at a person of the same name in the same village: two ID numbers, or two months of birth, of one."""
        if self.book.divisions[draft.division_id].level is not DivisionLevel.VILLAGE:
            return
        for other in self.book.by_name.get(draft.name, []):
            if draft.division_id in self.book.homes(other) and _has_same_sex(other, draft):
                outcome.problem("id_number", "NAMESAKE_IN_VILLAGE")
                return

    def _create(self, record: PersonRecord) -> Person:
        book, author = self.book, self.viewer.subject
        values = person_values(record.draft, book.cipher)
        person = Person.made(
            code=book.next_code(),
            county_id=book.county.id,
            **authored(author),
            **values,
        )
        book.add(person)
        book.index(person)
        for name, value in _given(values).items():
            self._given[person.id, name] = value
        self._given[person.id, "division_id"] = person.division_id
        return person

    def _update(self, person: Person, record: PersonRecord, outcome: Outcome, *, keeps_home: bool) -> bool:
        """Set the columns that differ; within one file the first row that gives a value wins."""
        values = _given(person_values(record.draft, self.book.cipher))
        if (
            record.draft.birth is not None
            and record.draft.birth.precision is DatePrecision.MONTH
            and _same_month(person.birth_date, record.draft.birth.value)
        ):
            # The stored day says more than the month that the workbook gives.
            del values["birth_date"], values["birth_precision"]
        conflicts = {name for name in values if not self.first_given(person.id, name, values[name], outcome)}
        wanted = {name: value for name, value in values.items() if name not in conflicts}
        for kind in ("id_number", "phone"):
            columns = (f"{kind}_encrypted", f"{kind}_hash", f"{kind}_masked")
            given = getattr(record.draft, kind)
            # The row may hold the hash of an older key.
            is_equal = given is not None and getattr(person, columns[1]) in self.book.cipher.keyed_hashes(kind, given)
            if columns[1] in conflicts or is_equal:
                # Encrypting an equal value again would look like a change.
                for column in columns:
                    wanted.pop(column, None)
        if not keeps_home:
            wanted["division_id"] = self._wanted_division(person, record.draft.division_id, outcome)
        former_id = person.division_id
        changed = assign(person, wanted)
        if not changed:
            return False
        outcome.changed |= {_CHANGED_COLUMN_OF.get(name, name) for name in changed if name != "division_id"}
        self.note_move(former_id, person.division_id, outcome)
        self.book.index(person)
        self.touch(person)
        return True

    def first_given(
        self, person_id: UUID, name: str, value: object, outcome: Outcome, *, column: str | None = None
    ) -> bool:
        """Whether no earlier row of the file gave another value; reports the conflict if one did."""
        if name in _RANDOM_COLUMNS:
            return True
        earlier = self._given.setdefault((person_id, name), value)
        if earlier == value:
            return True
        if name not in _SECONDARY_COLUMNS:
            outcome.problem(column or _COLUMN_OF.get(name, name), "CONFLICTING_VALUE")
        return False

    def _wanted_division(self, person: Person, given_id: UUID, outcome: Outcome) -> UUID:
        """The given division, unless the stored one, or that of an earlier row, is a village inside it."""
        stored = self.book.divisions.get(person.division_id)
        wanted = person.division_id if stored is not None and stored.parent_id == given_id else given_id
        earlier = self._given.get((person.id, "division_id"))
        if earlier is not None and earlier not in (wanted, self.book.divisions[wanted].parent_id):
            outcome.problem("township", "CONFLICTING_VALUE")
            return person.division_id
        self._given[person.id, "division_id"] = wanted
        return wanted

    def note_move(self, before_id: UUID, after_id: UUID, outcome: Outcome) -> None:
        """Note the columns of place that a row changes: the village, the township, or both."""
        before, after = self.book.divisions.get(before_id), self.book.divisions[after_id]
        if before is not None and before.id == after.id:
            return
        if after.level is DivisionLevel.VILLAGE:
            outcome.changed.add("village")
        if before is None or _township_id(before) != _township_id(after):
            outcome.changed.add("township")

    def touch(self, row: CountyRow) -> None:
        """Count the version up, except for rows that this pass creates."""
        if not self.book.is_added(row):
            stamp(row, self.viewer)

    def replace_list(
        self,
        stored: dict[UUID, list[Any]],
        owner_id: UUID,
        wanted: Sequence[Any],
        stored_key: Callable[[Any], Hashable],
        wanted_key: Callable[[Any], Hashable],
        make: Callable[[Any], CountyRow],
        *,
        may_remove: Callable[[Any], bool] = lambda _: True,
    ) -> bool:
        """Make the owner's list the wanted one, touching only the items that differ; ``may_remove`` spares some."""
        current = stored.setdefault(owner_id, [])
        obsolete, missing = list_difference(current, wanted, stored_key=stored_key, wanted_key=wanted_key)
        obsolete = [row for row in obsolete if may_remove(row)]
        self.book.deleted += obsolete
        gone = {row.id for row in obsolete}
        kept = [row for row in current if row.id not in gone]
        stored[owner_id] = kept + [self.book.add(make(item)) for item in missing]
        return bool(obsolete or missing)

    def is_first_pair(self, table: type, key: Hashable) -> bool:
        """Whether no earlier row of the file of the same kind was about these two people."""
        if (table, key) in self._pairs_seen:
            return False
        self._pairs_seen.add((table, key))
        return True

    def find_reference(self, reference: PersonReference, column: str, outcome: Outcome) -> Person | None:
        """The person that a row names; a missing one is a problem at ``column``.

        People outside the territory are not there for who has only a name or a 编号.
        """
        book = self.book
        is_rejected = False
        if reference.id_number is not None:
            hashes = book.cipher.keyed_hashes("id_number", reference.id_number)
            person = book.find_by_hash(hashes)
            if person is not None and not self._covers(person):
                outcome.problem(column, "PERSON_OUTSIDE_TERRITORY")
                return None
            is_rejected = not self.rejected_hashes.isdisjoint(hashes)
        elif reference.code is not None:
            person = book.find_by_code(reference.code)
            person = person if person is not None and self._covers(person) else None
        else:
            namesakes = [person for person in book.by_name.get(reference.name, []) if self._covers(person)]
            if reference.division_id is not None:
                namesakes = self._at(namesakes, reference.division_id)
            if len(namesakes) > 1:
                outcome.problem(column, "AMBIGUOUS_PERSON")
                return None
            person = namesakes[0] if namesakes else None
            is_rejected = reference.name in self.rejected_names
        if person is not None and person.name != reference.name:
            outcome.problem(column, "NAME_DIFFERS")
            return None
        if person is None:
            outcome.problem(column, "DEPENDS_ON_REJECTED_ROW" if is_rejected else "PERSON_NOT_FOUND")
            outcome.change = RowChange.REJECTED
            return None
        outcome.about.add(str(person.id))
        return person

    def _covers(self, person: Person) -> bool:
        return covers_division(self.viewer, self.book.divisions[person.division_id].code)

    def _at(self, persons: list[Person], division_id: UUID) -> list[Person]:
        """Those at the very place, else those whose file lies in it or in its township."""
        exact = [person for person in persons if division_id in self.book.homes(person)]
        if exact:
            return exact
        place = self.book.divisions[division_id]
        return [
            person
            for person in persons
            if any(
                self.book.divisions[home].parent_id == place.id or home == place.parent_id
                for home in self.book.homes(person)
            )
        ]


_COLUMN_OF = {
    "birth_date": "birth",
    "party_join_date": "party_join",
    "work_start_date": "work_start",
    "education_code": "education",
    "degree_code": "degree",
    "ethnicity_code": "ethnicity",
    "political_status_code": "political_status",
    "phone_hash": "phone",
    "residence_division_id": "residence",
    "school": "school_and_major",
    "major": "school_and_major",
}
_CHANGED_COLUMN_OF = _COLUMN_OF | {
    "birth_precision": "birth",
    "party_join_precision": "party_join",
    "work_start_precision": "work_start",
    "is_education_full_time": "education",
    **{f"{kind}_{part}": kind for kind in ("id_number", "phone") for part in ("encrypted", "hash", "masked")},
}
"""The column that a change is told at: every part of what stands in one cell."""
_SECONDARY_COLUMNS = frozenset({"birth_precision", "party_join_precision", "work_start_precision", "major"})
"""Columns that change together with another one; a conflict is reported once, at that one."""
_RANDOM_COLUMNS = frozenset({"id_number_encrypted", "id_number_masked", "phone_encrypted", "phone_masked"})
"""Columns that follow from a hash column; the encrypted text of one value differs each time."""


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """The columns of those fields that a row gives; blank cells give nothing."""
    return {
        name: value
        for name, value in values.items()
        if value is not None and value is not Sex.UNKNOWN and name not in ("name", "division_id")
    }


def _township_id(place: Division) -> UUID | None:
    return place.parent_id if place.level is DivisionLevel.VILLAGE else place.id


def _is_somebody_else(person: Person, draft: PersonDraft) -> bool:
    """Whether sex or day of birth, where both sides know it, tells a namesake from the person of the row."""
    is_day_known = (
        draft.birth is not None
        and draft.birth.precision is DatePrecision.DAY
        and person.birth_precision is DatePrecision.DAY
    )
    return not _has_same_sex(person, draft) or (
        is_day_known and draft.birth is not None and person.birth_date != draft.birth.value
    )


def _has_same_sex(person: Person, draft: PersonDraft) -> bool:
    return len({person.sex, draft.sex} & {Sex.MALE, Sex.FEMALE}) < 2


def _same_month(stored: date | None, given: date | None) -> bool:
    return stored is not None and given is not None and (stored.year, stored.month) == (given.year, given.month)
