"""Everything the county has stored about people, in memory: the other side of the comparison with a workbook.

A preview reads it through a session of its own and throws it away, a commit reads it through the session that writes.
Both run the same comparison, so the preview cannot promise anything else than the commit does.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar
from uuid import UUID

from sqlmodel import Session, col, select

from app.crypto import PersonalDataCipher
from app.models import (
    AnnualAppraisal,
    Appointment,
    AssignedCadre,
    DevelopmentNeed,
    Division,
    Exclusion,
    KinshipDeclaration,
    Mentee,
    Mentor,
    MentorPool,
    MentorSpecialty,
    Person,
    PersonFlag,
    Preference,
    ReserveCandidate,
    ReservePool,
    VillageLink,
)
from app.models.columns import CountyRow, Row
from app.models.vocabulary import AssignmentState, PersonStatus
from app.services.imports.place_book import PlaceBook, load_place_book
from app.services.people.candidates import CANDIDATE_EXITS
from app.services.people.records import lock_county, open_code_series

RowT = TypeVar("RowT", bound=CountyRow)
FLUSH_ORDER: tuple[tuple[type[CountyRow], ...], ...] = (
    (Person, ReservePool, MentorPool),
    (Mentee, Mentor),
)
"""Tables that others point at, in the order in which they must be written; all others follow."""


@dataclass(slots=True, kw_only=True)
class CountyBook:
    """The stored rows of one county, indexed for comparison, and what a commit would add and delete."""

    county: Division
    cipher: PersonalDataCipher
    next_code: Callable[[], str]
    divisions: dict[UUID, Division]
    persons: dict[UUID, Person]
    foreign_hashes: frozenset[str]
    appointments: dict[UUID, list[Appointment]]
    appraisals: dict[UUID, list[AnnualAppraisal]]
    flags: dict[UUID, list[PersonFlag]]
    links: dict[UUID, list[VillageLink]]
    needs: dict[UUID, list[DevelopmentNeed]]
    village_needs: dict[UUID, list[DevelopmentNeed]]
    mentees: dict[UUID, Mentee]
    candidates: dict[UUID, list[ReserveCandidate]]
    assigned: dict[UUID, list[AssignedCadre]]
    mentors: dict[UUID, list[Mentor]]
    specialties: dict[UUID, list[MentorSpecialty]]
    reserve_pools: list[ReservePool]
    mentor_pools: dict[UUID, list[MentorPool]]
    kinships: dict[frozenset[UUID], KinshipDeclaration]
    exclusions: dict[tuple[UUID, UUID], Exclusion]
    preferences: dict[tuple[UUID, UUID], Preference]
    places: PlaceBook | None = None
    by_hash: dict[str, Person] = field(default_factory=dict)
    by_name: dict[str, list[Person]] = field(default_factory=lambda: defaultdict(list))
    added: list[CountyRow] = field(default_factory=list)
    deleted: list[CountyRow] = field(default_factory=list)
    _added_ids: set[UUID] = field(default_factory=set)
    _by_code: dict[str, Person] = field(default_factory=dict)

    def index(self, person: Person) -> None:
        """Make the person findable by ID number and by name."""
        self.persons[person.id] = person
        self._by_code[person.code] = person
        if person.id_number_hash is not None:
            self.by_hash[person.id_number_hash] = person
        if person.status is PersonStatus.PSEUDONYMISED:
            return  # not by a name that all pseudonyms share
        if all(other.id != person.id for other in self.by_name[person.name]):
            self.by_name[person.name].append(person)

    def find_by_hash(self, hashes: Iterable[str]) -> Person | None:
        """The person who holds one of the hashes of an ID number, each under another key; ``None`` when nobody does."""
        return next((self.by_hash[each] for each in hashes if each in self.by_hash), None)

    def find_by_code(self, code: str) -> Person | None:
        """The person of a 编号, or ``None``."""
        return self._by_code.get(code)

    def homes(self, person: Person) -> set[UUID]:
        """Where the person's file is kept, and the villages in which the person is a mentee."""
        roles = [*self.candidates.get(person.id, ()), *self.assigned.get(person.id, ())]
        return {person.division_id} | {self.mentees[role.id].village_id for role in roles if role.id in self.mentees}

    def places_of(self, person: Person) -> set[UUID]:
        """The homes, and the townships (or the county) whose pools the person mentors in."""
        pools = {mentor.pool_id for mentor in self.mentors.get(person.id, ())}
        of_pools = {place for place, found in self.mentor_pools.items() if any(pool.id in pools for pool in found)}
        return self.homes(person) | of_pools

    @property
    def every_added(self) -> list[Row]:
        """All rows that a commit inserts, of people and of places."""
        return [*(self.places.added if self.places is not None else ()), *self.added]

    @property
    def every_deleted(self) -> list[Row]:
        """All rows that a commit deletes, of people and of places."""
        return [*(self.places.deleted if self.places is not None else ()), *self.deleted]

    def add(self, row: RowT) -> RowT:
        """Note a row to insert."""
        self.added.append(row)
        self._added_ids.add(row.id)
        return row

    def is_added(self, row: CountyRow) -> bool:
        """Whether this pass created the row."""
        return row.id in self._added_ids

    def is_mentee(self, person_id: UUID) -> bool:
        """Whether the person is a reserve candidate or an assigned cadre who has not left."""
        return any(row.state not in CANDIDATE_EXITS for row in self.candidates.get(person_id, ())) or any(
            row.state is AssignmentState.ACTIVE for row in self.assigned.get(person_id, ())
        )

    def write(self, session: Session) -> None:
        """Delete and insert what was noted, in an order that the foreign keys allow."""
        if self.places is not None:
            self.places.write(session)
        for row in self.deleted:
            session.delete(row)
        session.flush()
        rest = list(self.added)
        for tables in FLUSH_ORDER:
            session.add_all([row for row in rest if isinstance(row, tables)])
            rest = [row for row in rest if not isinstance(row, tables)]
            session.flush()
        session.add_all(rest)
        session.flush()


def load_book_for_commit(
    session: Session, county_id: UUID, cipher: PersonalDataCipher, hashes: frozenset[str], *, with_places: bool = False
) -> CountyBook:
    """The book over the writing session; the county is locked first, so that commits of one county queue up."""
    county = lock_county(session, county_id)
    series = open_code_series(session, county)
    book = _load(session, county, cipher, hashes, series.next)
    book.places = load_place_book(session, county) if with_places else None
    return book


def load_book_for_preview(
    session: Session, county: Division, cipher: PersonalDataCipher, hashes: frozenset[str], *, with_places: bool = False
) -> CountyBook:
    """The book over a session of its own on the same connection, so that nothing of it is ever written."""
    numbers = count(1)
    with Session(bind=session.connection(), autoflush=False, expire_on_commit=False) as reader:
        book = _load(reader, county, cipher, hashes, lambda: f"{county.code[:6]}-new-{next(numbers)}")
        book.places = load_place_book(reader, reader.get_one(Division, county.id)) if with_places else None
        return book


def _load(
    session: Session,
    county: Division,
    cipher: PersonalDataCipher,
    hashes: frozenset[str],
    next_code: Callable[[], str],
) -> CountyBook:
    def rows(table: type[RowT]) -> list[RowT]:
        return list(session.exec(select(table).where(col(table.county_id) == county.id)).all())

    def grouped(table: type[RowT], key: Callable[[RowT], UUID | None]) -> dict[UUID, list[RowT]]:
        groups: dict[UUID, list[RowT]] = defaultdict(list)
        for row in rows(table):
            group = key(row)
            if group is not None:
                groups[group].append(row)
        return groups

    divisions = session.exec(select(Division).where(col(Division.county_id) == county.id)).all()
    book = CountyBook(
        county=county,
        cipher=cipher,
        next_code=next_code,
        divisions={row.id: row for row in divisions} | {county.id: county},
        persons={},
        foreign_hashes=_foreign_hashes(session, county.id, hashes),
        appointments=grouped(Appointment, lambda row: row.person_id),
        appraisals=grouped(AnnualAppraisal, lambda row: row.person_id),
        flags=grouped(PersonFlag, lambda row: row.person_id),
        links=grouped(VillageLink, lambda row: row.person_id),
        needs=grouped(DevelopmentNeed, lambda row: row.person_id),
        village_needs=grouped(DevelopmentNeed, lambda row: row.village_id),
        mentees={row.id: row for row in rows(Mentee)},
        candidates=grouped(ReserveCandidate, lambda row: row.person_id),
        assigned=grouped(AssignedCadre, lambda row: row.person_id),
        mentors=grouped(Mentor, lambda row: row.person_id),
        specialties=grouped(MentorSpecialty, lambda row: row.mentor_id),
        reserve_pools=rows(ReservePool),
        mentor_pools=grouped(MentorPool, lambda row: row.division_id),
        kinships={frozenset((row.person_a_id, row.person_b_id)): row for row in rows(KinshipDeclaration)},
        exclusions={(row.mentee_person_id, row.mentor_person_id): row for row in rows(Exclusion)},
        preferences={(row.from_person_id, row.to_person_id): row for row in rows(Preference)},
    )
    for person in rows(Person):
        book.index(person)
    return book


def _foreign_hashes(session: Session, county_id: UUID, hashes: frozenset[str]) -> frozenset[str]:
    """Those of the hashes that belong to people of other counties; asked in pieces, databases limit parameters."""
    ordered = sorted(hashes)
    found: set[str] = set()
    for start in range(0, len(ordered), 500):
        statement = select(Person.id_number_hash).where(
            col(Person.id_number_hash).in_(ordered[start : start + 500]), col(Person.county_id) != county_id
        )
        found.update(value for value in session.exec(statement) if value is not None)
    return frozenset(found)
