"""Rows to matching facts: the only bridge from the tables to the matching library.

Everything is computed as of the programme's reference date. No names, numbers or phones cross the bridge.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import inspect, or_
from sqlalchemy import select as sqlalchemy_select
from sqlmodel import Session, col, select

from app.access import code_prefix
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
    Pairing,
    PairingMember,
    PairingProgram,
    Person,
    PersonFlag,
    Pin,
    Preference,
    ReserveCandidate,
    RuleRelease,
    VillageCondition,
    VillageLink,
)
from app.models.columns import TrackedRow
from app.models.vocabulary import (
    AssignmentState,
    CandidateState,
    DivisionLevel,
    ExclusionReason,
    MenteeKind,
    MentorCategory,
    PairingMemberState,
    PairingState,
    PersonFlagKind,
    PersonStatus,
    PostKind,
    ReviewLevel,
    Specialty,
    TargetPost,
)
from app.services.careers import months_of_union
from app.services.geography import geography_of
from matching import facts

EXIT_STATES = frozenset(
    {CandidateState.PROMOTED, CandidateState.REMOVED, CandidateState.WITHDRAWN, CandidateState.TRANSFERRED}
)
BLOCKING_FLAGS = (PersonFlagKind.DISCIPLINE_IN_FORCE, PersonFlagKind.UNDER_INVESTIGATION)


def counties_of(session: Session, program: PairingProgram) -> list[Division]:
    """The counties of the programme's scope, in official order."""
    scope = session.get_one(Division, program.division_id)
    query = select(Division).where(
        Division.level == DivisionLevel.COUNTY,
        col(Division.code).startswith(code_prefix(scope)),
        col(Division.valid_to).is_(None),
    )
    return list(session.exec(query.order_by(col(Division.display_order), col(Division.code))))


def take_snapshot(session: Session, program: PairingProgram) -> facts.Facts:
    """Everything a run of the programme may know, from one consistent read."""
    county_ids = [county.id for county in counties_of(session, program)]
    reader = _Reader(session, program, county_ids)
    mentees = reader.mentees()
    mentors = reader.mentors()
    return facts.Facts(
        reference_date=program.reference_date.isoformat(),
        mentees=mentees,
        mentors=mentors,
        geography=geography_of(session, reader.known_county_ids, program.reference_date),
        kinships=reader.kinships(),
        exclusions=reader.exclusions(),
        preferences=reader.preferences(),
        pins=reader.pins(),
        published=reader.published(),
    )


_PERSON_COLUMNS = ("id", "code", "birth_date", "residence_division_id", "status")
"""All that the facts need to know of a person."""
_TRACKING_COLUMNS = frozenset(TrackedRow.model_fields) - {"id"}


class _Reader:
    """Reads one programme's people with a fixed number of statements."""

    def __init__(self, session: Session, program: PairingProgram, county_ids: Sequence[UUID]) -> None:
        self.session = session
        self.program = program
        self.county_ids = county_ids
        self.day = program.reference_date
        self.known_county_ids = [*county_ids, *self._counties_of_posts_elsewhere()]
        self.divisions = {
            row.id: row
            for row in session.exec(
                select(Division).where(
                    or_(col(Division.county_id).in_(self.known_county_ids), col(Division.id).in_(self.known_county_ids))
                )
            )
        }
        self.persons = {row.id: row for row in self._rows(Person, _PERSON_COLUMNS)}
        self.appointments = self._grouped(Appointment, "person_id")

    def _counties_of_posts_elsewhere(self) -> list[UUID]:
        """Counties outside the scope in which people of the scope hold posts, live or look after a village."""
        found: set[UUID] = set()
        for table, division_id in (
            (Appointment, Appointment.division_id),
            (Person, Person.residence_division_id),
            (VillageLink, VillageLink.village_id),
        ):
            query = (
                select(Division.county_id)
                .join(table, col(division_id) == col(Division.id))
                .where(
                    col(table.county_id).in_(self.county_ids),
                    col(Division.county_id).not_in(self.county_ids),
                )
                .distinct()
            )
            found.update(county for county in self.session.exec(query) if county is not None)
        return sorted(found)

    def _rows(self, table: type[TrackedRow], names: Sequence[str] = ()) -> list[Any]:
        """The rows of the counties: the columns named, or all but those of ``TrackedRow``.

        They are plain rows, not entities: a programme has tens of thousands.
        """
        columns = [column for column in inspect(table).columns if not names or column.key in names]
        wanted = [column for column in columns if column.key not in _TRACKING_COLUMNS]
        query = sqlalchemy_select(*wanted).where(col(table.county_id).in_(self.county_ids))  # type: ignore[attr-defined]
        return list(self.session.connection().execute(query))

    def _grouped(self, table: type[TrackedRow], key: str) -> dict[UUID, list[Any]]:
        groups: dict[UUID, list[Any]] = defaultdict(list)
        for row in self._rows(table):
            groups[getattr(row, key)].append(row)
        return groups

    def _in_force(self, rows: Iterable[Any]) -> list[Any]:
        return [
            row for row in rows if row.start_date <= self.day and (row.end_date is None or row.end_date >= self.day)
        ]

    def _township_code(self, division: Division) -> str:
        if division.level is DivisionLevel.VILLAGE and division.parent_id is not None:
            return self.divisions[division.parent_id].code
        return division.code

    def _months(self, person_id: UUID, posts: frozenset[PostKind] | None) -> int | None:
        """Months in the given posts (``None``: grassroots posts); ``None`` when the career has no usable interval."""
        career = self.appointments.get(person_id, [])
        if not career:
            return None
        chosen = [a for a in career if (a.is_grassroots if posts is None else a.post in posts)]
        return months_of_union([(a.start_date, a.end_date) for a in chosen], self.day)

    def mentees(self) -> tuple[facts.Mentee, ...]:
        kind = self.program.mentee_kind
        candidates = (
            {row.id: row for row in self._rows(ReserveCandidate)} if kind is MenteeKind.RESERVE_CANDIDATE else {}
        )
        cadres = {row.id: row for row in self._rows(AssignedCadre)} if kind is MenteeKind.ASSIGNED_CADRE else {}
        needs = self._grouped(DevelopmentNeed, "person_id")
        village_needs = self._grouped(DevelopmentNeed, "village_id")
        conditions: dict[UUID, set[Any]] = defaultdict(set)
        for row in self._in_force(self._rows(VillageCondition)):
            conditions[row.village_id].add(row.kind)
        releases: dict[UUID, set[str]] = defaultdict(set)
        for release in self.session.exec(select(RuleRelease).where(RuleRelease.program_id == self.program.id)):
            releases[release.mentee_id].add(release.rule)
        result = []
        for row in self._rows(Mentee):
            candidate, cadre = candidates.get(row.id), cadres.get(row.id)
            if candidate is None and cadre is None:
                continue
            person, village = self.persons[row.person_id], self.divisions[row.village_id]
            weights: dict[Specialty, float] = defaultdict(float)
            for need in (*needs.get(row.person_id, ()), *village_needs.get(row.village_id, ())):
                weights[need.specialty] += need.weight
            if candidate is not None:
                target, level = candidate.target_post, candidate.review_level
                is_in_pool = candidate.state not in EXIT_STATES
            else:
                assert cadre is not None
                target, level = TargetPost.SECRETARY, ReviewLevel.PREFECTURE_REVIEWED
                is_in_pool = cadre.state is AssignmentState.ACTIVE
            result.append(
                facts.Mentee(
                    id=str(row.id),
                    person_id=str(row.person_id),
                    code=person.code,
                    kind=row.kind,
                    village=village.code,
                    township=self._township_code(village),
                    county=self.divisions[row.county_id].code,
                    target_post=target,
                    grassroots_months=self._months(row.person_id, None),
                    age_years=_age(person.birth_date, self.day),
                    review_level=level,
                    is_in_pool=is_in_pool and person.status is PersonStatus.ACTIVE,
                    needs=dict(sorted(weights.items())),
                    village_conditions=frozenset(conditions.get(row.village_id, ())),
                    released_rules=frozenset(releases.get(row.id, ())),
                )
            )
        return _once_per_person(sorted(result, key=lambda mentee: (mentee.code, mentee.village, mentee.id)))

    def mentors(self) -> tuple[facts.Mentor, ...]:
        pools = {row.id: row for row in self._rows(MentorPool)}
        skills = self._grouped(MentorSpecialty, "mentor_id")
        grades = self._grouped(AnnualAppraisal, "person_id")
        links: dict[UUID, set[str]] = defaultdict(set)
        for link in self._in_force(self._rows(VillageLink)):
            links[link.person_id].add(self.divisions[link.village_id].code)
        # Unlike ages and tenures, discipline does not stand still: what begins within the programme counts too.
        flagged = {
            flag.person_id
            for flag in self._rows(PersonFlag)
            if flag.kind in BLOCKING_FLAGS
            and flag.start_date <= self.program.end_date
            and (flag.end_date is None or flag.end_date >= self.day)
        }
        load = self._load_elsewhere()
        result = []
        for row in sorted(self._rows(Mentor), key=lambda mentor: mentor.id):
            person = self.persons[row.person_id]
            pool_division = self.divisions[pools[row.pool_id].division_id]
            is_township_pool = pool_division.level is DivisionLevel.TOWNSHIP
            current = [
                a
                for a in self.appointments.get(row.person_id, [])
                if a.start_date <= self.day and (a.end_date is None or a.end_date > self.day)
            ]
            trade_months = self._months(row.person_id, frozenset({PostKind.TRADE}))
            career = self.appointments.get(row.person_id, [])
            result.append(
                facts.Mentor(
                    id=str(row.id),
                    person_id=str(row.person_id),
                    code=person.code,
                    category=row.category,
                    state=row.state,
                    county=self.divisions[row.county_id].code,
                    anchors=self._anchors(row, person, current, pool_division),
                    linked_villages=frozenset(links.get(row.person_id, ())),
                    pool_township=pool_division.code if is_township_pool else None,
                    pool_county=self.divisions[row.county_id].code,
                    grassroots_months=self._months(row.person_id, None),
                    trade_years=row.trade_years
                    if row.trade_years is not None
                    else (trade_months / 12 if trade_months else None),
                    months_by_post={
                        post: months_of_union([(a.start_date, a.end_date) for a in career if a.post is post], self.day)
                        for post in sorted({a.post for a in career})
                    },
                    current_posts=frozenset(a.post for a in current),
                    supervised_townships=frozenset(
                        self._township_code(self.divisions[a.division_id])
                        for a in current
                        if a.post is PostKind.TOWNSHIP_LEADER and a.division_id in self.divisions
                    ),
                    grades={g.year: g.grade for g in sorted(grades.get(row.person_id, ()), key=lambda g: g.year)},
                    has_discipline_in_force=row.person_id in flagged,
                    is_available=person.status is PersonStatus.ACTIVE
                    and (row.available_from is None or row.available_from <= self.program.start_date)
                    and (row.available_to is None or row.available_to >= self.program.end_date),
                    capacity=row.capacity,
                    # The engine adds up the loads of a person's records, so only the first record carries it.
                    active_load=len(load.pop(row.person_id, ())),
                    skills={s.specialty: s.level for s in sorted(skills.get(row.id, ()), key=lambda s: s.specialty)},
                )
            )
        return tuple(sorted(result, key=lambda mentor: (mentor.code, mentor.pool_township or "", mentor.category)))

    def _anchors(
        self, mentor: Mentor, person: Person, current: Sequence[Appointment], pool_division: Division
    ) -> tuple[str, ...]:
        """Working places, the residence of a retired mentor, and failing all the seat of the pool."""
        codes = [self.divisions[a.division_id].code for a in current if a.division_id in self.divisions]
        residence = self.divisions.get(person.residence_division_id) if person.residence_division_id else None
        if residence is not None and (mentor.category is MentorCategory.RETIRED_CADRE or not codes):
            codes.append(residence.code)
        return tuple(sorted(set(codes or [pool_division.code]), reverse=True))

    def _load_elsewhere(self) -> dict[UUID, set[UUID]]:
        """Mentee persons per mentor person over the ACTIVE pairings of all other programmes, in any county."""
        here = select(Mentor.person_id).where(col(Mentor.county_id).in_(self.county_ids))
        query = (
            select(Mentor.person_id, Mentee.person_id)
            .select_from(PairingMember)
            .join(Pairing, col(Pairing.id) == col(PairingMember.pairing_id))
            .join(Mentor, col(Mentor.id) == col(PairingMember.mentor_id))
            .join(Mentee, col(Mentee.id) == col(Pairing.mentee_id))
            .where(
                Pairing.program_id != self.program.id,
                Pairing.state == PairingState.ACTIVE,
                PairingMember.state == PairingMemberState.ACTIVE,
                col(Mentor.person_id).in_(here),
            )
        )
        load: dict[UUID, set[UUID]] = defaultdict(set)
        for mentor_person, mentee_person in self.session.exec(query):
            load[mentor_person].add(mentee_person)
        return load

    def kinships(self) -> tuple[facts.Kinship, ...]:
        pairs = (sorted((str(row.person_a_id), str(row.person_b_id))) for row in self._rows(KinshipDeclaration))
        return tuple(facts.Kinship(person_a=a, person_b=b) for a, b in sorted(pairs))

    def exclusions(self) -> tuple[facts.Exclusion, ...]:
        rows = [
            (str(row.mentee_person_id), str(row.mentor_person_id), row.reason is ExclusionReason.COMPLAINT)
            for row in self._rows(Exclusion)
        ]
        return tuple(facts.Exclusion(mentee_person=a, mentor_person=b, is_complaint=c) for a, b, c in sorted(rows))

    def preferences(self) -> tuple[facts.Preference, ...]:
        rows = [(str(row.from_person_id), str(row.to_person_id), row.rank) for row in self._rows(Preference)]
        return tuple(facts.Preference(from_person=a, to_person=b, rank=rank) for a, b, rank in sorted(rows))

    def pins(self) -> tuple[facts.Pin, ...]:
        rows = self.session.exec(select(Pin).where(Pin.program_id == self.program.id))
        pins = [
            facts.Pin(id=str(row.id), mentee_id=str(row.mentee_id), mentor_id=str(row.mentor_id), slot=row.slot_code)
            for row in rows
        ]
        return tuple(sorted(pins, key=lambda pin: (pin.mentee_id, pin.mentor_id)))

    def published(self) -> tuple[tuple[str, str, str], ...]:
        query = (
            select(Pairing.mentee_id, PairingMember.slot_code, PairingMember.mentor_id)
            .join(PairingMember, col(PairingMember.pairing_id) == col(Pairing.id))
            .where(
                Pairing.program_id == self.program.id,
                Pairing.state == PairingState.ACTIVE,
                PairingMember.state == PairingMemberState.ACTIVE,
            )
        )
        return tuple(sorted((str(mentee), slot, str(mentor)) for mentee, slot, mentor in self.session.exec(query)))


def _once_per_person(mentees: Sequence[facts.Mentee]) -> tuple[facts.Mentee, ...]:
    """The mentees without the past records of persons who have another one; several present ones all stay."""
    present = {mentee.person_id for mentee in mentees if mentee.is_in_pool}
    kept: dict[str, facts.Mentee] = {}
    for mentee in mentees:
        if mentee.is_in_pool or mentee.person_id not in present:
            kept.setdefault(mentee.id if mentee.is_in_pool else mentee.person_id, mentee)
    return tuple(kept.values())


def _age(birth: date | None, day: date) -> int | None:
    if birth is None:
        return None
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
