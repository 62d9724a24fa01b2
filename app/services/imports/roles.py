"""Compares what a row says about a candidate, an assigned cadre or a mentor with the county's book."""

from collections.abc import Hashable, Iterable
from typing import Any
from uuid import UUID

from app.access import covers_division
from app.models import (
    AssignedCadre,
    Mentee,
    Mentor,
    MentorPool,
    MentorSpecialty,
    Person,
    ReserveCandidate,
    ReservePool,
)
from app.models.vocabulary import AssignmentState, MenteeKind, MentorState, ReviewLevel, RowChange, SkillLevel
from app.services.imports.outcome import Outcome
from app.services.imports.reconcile import Reconciliation
from app.services.imports.records import (
    AssignedCadreRecord,
    CandidateRecord,
    MentorRecord,
    RoleRecord,
)
from app.services.people import SpecialtyDraft
from app.services.people.candidates import CANDIDATE_EXITS, CANDIDATE_STEPS, new_mentee
from app.services.people.mentors import new_specialty, specialty_key
from app.services.people.records import DEFAULT_RESERVE_POOL_NAME, assign, authored, new_mentor_pool

_LEVELS = list(ReviewLevel)


def reconcile_role(run: Reconciliation, person: Person, record: RoleRecord, outcome: Outcome) -> None:
    """Create or change the role of ``person`` that the row describes."""
    if isinstance(record, CandidateRecord):
        _candidate(run, person, record, outcome)
    elif isinstance(record, AssignedCadreRecord):
        _assigned_cadre(run, person, record, outcome)
    else:
        _mentor(run, person, record, outcome)


def _candidate(run: Reconciliation, person: Person, record: CandidateRecord, outcome: Outcome) -> None:
    book, author = run.book, run.viewer.subject
    stored = book.candidates.setdefault(person.id, [])
    if not stored:
        mentee = book.add(new_mentee(person, MenteeKind.RESERVE_CANDIDATE, record.village_id, author))
        book.mentees[mentee.id] = mentee
        candidate = ReserveCandidate.made(
            person_id=person.id,
            county_id=person.county_id,
            pool_id=_reserve_pool(run).id,
            target_post=record.target_post,
            source=record.source,
            pool_date=record.pool_date,
            review_level=record.review_level,
            state=record.state,
            **authored(author, row_id=mentee.id),
        )
        stored.append(book.add(candidate))
        outcome.change = RowChange.NEW
        return
    candidate = next((row for row in stored if row.state not in CANDIDATE_EXITS), stored[0])
    values: dict[str, Any] = {"target_post": record.target_post, "source": record.source}
    if record.pool_date is not None:
        values["pool_date"] = record.pool_date
    if _LEVELS.index(record.review_level) >= _LEVELS.index(candidate.review_level):
        values["review_level"] = record.review_level
    elif record.review_level is not ReviewLevel.NONE:
        outcome.problem("review_level", "REVIEW_NOT_LOWERED")
    if candidate.state in CANDIDATE_EXITS:
        outcome.problem("name", "CANDIDATE_LEFT_POOL")
    elif CANDIDATE_STEPS.index(record.state) > CANDIDATE_STEPS.index(candidate.state):
        # A workbook tells the present stage; it may be several steps on, but never takes a step back.
        values["state"] = record.state
    _set(run, book.mentees[candidate.id], record.village_id, candidate, values, outcome)


def _set(
    run: Reconciliation,
    mentee: Mentee,
    village_id: UUID,
    role: ReserveCandidate | AssignedCadre,
    values: dict[str, Any],
    outcome: Outcome,
) -> None:
    """Set the village and the columns of a mentee's role that differ; one in another territory is not touched."""
    present = run.book.divisions.get(mentee.village_id, run.book.county)
    if not covers_division(run.viewer, present.code):
        outcome.problem("name", "PERSON_OUTSIDE_TERRITORY")
        return
    run.note_move(mentee.village_id, village_id, outcome)
    for row, changes in ((mentee, {"village_id": village_id}), (role, values)):
        changed = assign(row, changes)
        if changed:
            # The state is read from the stage of the review.
            outcome.changed |= {"review_level" if name == "state" else name for name in changed} - {"village_id"}
            run.touch(row)
            outcome.change = RowChange.CHANGED


def _reserve_pool(run: Reconciliation) -> ReservePool:
    """The county's only pool, else the one with the usual name, made if there is none."""
    pools = run.book.reserve_pools
    if len(pools) == 1:
        return pools[0]
    named = next((pool for pool in pools if pool.name == DEFAULT_RESERVE_POOL_NAME), None)
    if named is None:
        author = run.viewer.subject
        named = run.book.add(
            ReservePool(county_id=run.book.county.id, name=DEFAULT_RESERVE_POOL_NAME, **authored(author))
        )
        pools.append(named)
    return named


def _assigned_cadre(run: Reconciliation, person: Person, record: AssignedCadreRecord, outcome: Outcome) -> None:
    book, author = run.book, run.viewer.subject
    active = [row for row in book.assigned.setdefault(person.id, []) if row.state is AssignmentState.ACTIVE]
    cadre = next((row for row in active if book.mentees[row.id].village_id == record.village_id), None)
    if cadre is None:
        # The same posting with another village is a correction of the village, not a second posting.
        cadre = next((row for row in active if row.assigned_from == record.assigned_from), None)
    if cadre is not None:
        values: dict[str, Any] = {"sending_unit": record.sending_unit, "assigned_from": record.assigned_from}
        if record.term_end is not None:
            values["term_end"] = record.term_end
        _set(run, book.mentees[cadre.id], record.village_id, cadre, values, outcome)
        return
    if active:
        outcome.problem("name", "OTHER_POSTING_ACTIVE")
    mentee = book.add(new_mentee(person, MenteeKind.ASSIGNED_CADRE, record.village_id, author))
    book.mentees[mentee.id] = mentee
    cadre = AssignedCadre.made(
        person_id=person.id,
        county_id=person.county_id,
        sending_unit=record.sending_unit,
        assigned_from=record.assigned_from,
        term_end=record.term_end,
        state=AssignmentState.ACTIVE,
        **authored(author, row_id=mentee.id),
    )
    book.assigned[person.id].append(book.add(cadre))
    outcome.change = RowChange.NEW


def _mentor(run: Reconciliation, person: Person, record: MentorRecord, outcome: Outcome) -> None:
    book, author = run.book, run.viewer.subject
    stored = book.mentors.setdefault(person.id, [])
    pool = _mentor_pool(run, record)
    mentor = next((row for row in stored if row.pool_id == pool.id), None)
    if mentor is None:
        if stored:
            outcome.problem("township", "MENTOR_IN_OTHER_POOL")
        mentor = Mentor.made(
            person_id=person.id,
            county_id=person.county_id,
            pool_id=pool.id,
            category=record.category,
            capacity=record.capacity,
            trade_years=record.trade_years,
            state=MentorState.ACTIVE,
            **authored(author),
        )
        stored.append(book.add(mentor))
        outcome.change = RowChange.NEW
    else:
        values: dict[str, Any] = {"category": record.category}
        given = {"capacity": record.capacity, "trade_years": record.trade_years}
        values |= {name: value for name, value in given.items() if value is not None}
        names = assign(mentor, values)
        if names:
            outcome.changed.update(names)
            run.touch(mentor)
            outcome.change = RowChange.CHANGED
    owner = mentor

    def make(draft: SpecialtyDraft) -> Any:
        return new_specialty(owner, draft, author)

    if record.specialties:
        before = _specialty_columns(book.specialties.get(mentor.id, ()))
        after = _specialty_columns(record.specialties)
        outcome.changed |= {column for column in after if before[column] != after[column]}
        changed = run.replace_list(book.specialties, mentor.id, record.specialties, specialty_key, specialty_key, make)
        if changed and outcome.change is not RowChange.NEW:
            run.touch(mentor)
            outcome.change = RowChange.CHANGED


def _specialty_columns(rows: Iterable[MentorSpecialty | SpecialtyDraft]) -> dict[str, set[Hashable]]:
    """The specialties by the column that they stand in."""
    found: dict[str, set[Hashable]] = {"specialty_good": set(), "specialty_familiar": set()}
    for row in rows:
        found["specialty_familiar" if row.level is SkillLevel.FAMILIAR else "specialty_good"].add(specialty_key(row))
    return found


def _mentor_pool(run: Reconciliation, record: MentorRecord) -> MentorPool:
    """The pool of the township or county, by its usual name if it has several, made if it has none."""
    book = run.book
    division = book.divisions[record.pool_division_id]
    pools = book.mentor_pools.setdefault(division.id, [])
    usual = new_mentor_pool(division, book.county.id, run.viewer.subject)
    found = pools[0] if len(pools) == 1 else next((pool for pool in pools if pool.name == usual.name), None)
    if found is None:
        found = book.add(usual)
        pools.append(found)
    return found
