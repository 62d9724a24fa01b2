"""Reserve candidates and assigned cadres: the two kinds of mentee, with what they need help in."""

from dataclasses import fields
from math import isfinite
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, get_in_county, record, require_division
from app.crypto import PersonalDataCipher
from app.errors import DuplicateError, InvalidInputError, InvalidStateError
from app.models import (
    AssignedCadre,
    DevelopmentNeed,
    Division,
    Mentee,
    Person,
    ReserveCandidate,
    ReservePool,
)
from app.models.vocabulary import (
    AssignmentState,
    AuditAction,
    CandidateState,
    DivisionLevel,
    MenteeKind,
    NeedSource,
    ReviewLevel,
)
from app.services.people.cadres import too_long
from app.services.people.drafts import (
    AssignedCadreDraft,
    NeedDraft,
    ReserveCandidateChanges,
    ReserveCandidateDraft,
    Unset,
)
from app.services.people.identity import plain_text
from app.services.people.records import (
    assign,
    authored,
    county_of,
    encrypted_text,
    find_or_create_reserve_pool,
    list_difference,
    require_named,
    stamp,
    step_of,
)
from app.services.versions import require_version

CANDIDATE_STEPS = (
    CandidateState.SURVEYED,
    CandidateState.NOMINATED,
    CandidateState.TOWNSHIP_SELECTED,
    CandidateState.COUNTY_VETTED,
    CandidateState.PREFECTURE_REVIEWED,
    CandidateState.IN_POOL,
)
"""The way into the pool, in order."""
CANDIDATE_EXITS = frozenset(
    {CandidateState.PROMOTED, CandidateState.REMOVED, CandidateState.WITHDRAWN, CandidateState.TRANSFERRED}
)
"""The ways out of the pool; each is final."""
_LEVEL_OF_STATE = {
    CandidateState.TOWNSHIP_SELECTED: ReviewLevel.TOWNSHIP_SELECTED,
    CandidateState.COUNTY_VETTED: ReviewLevel.COUNTY_VETTED,
    CandidateState.PREFECTURE_REVIEWED: ReviewLevel.PREFECTURE_REVIEWED,
}


def create_reserve_candidate(session: Session, viewer: Viewer, draft: ReserveCandidateDraft) -> ReserveCandidate:
    """Enter a person into a reserve pool for one village; once per person and pool."""
    viewer.require(Permission.EDIT_PEOPLE)
    person = get_in_county(session, viewer, Person, draft.person_id, path=("person_id",))
    require_named(person, ("person_id",))
    _require_village(session, viewer, draft.village_id, person)
    needs = checked_needs(draft.needs)
    if draft.state in CANDIDATE_EXITS:
        raise InvalidStateError(
            f"A new candidate cannot begin as {draft.state}.",
            f"新增后备力量不能直接为 {draft.state}。",
            path=("state",),
        )
    pool = _pool_for(session, viewer, draft.pool_id, person)
    known = select(ReserveCandidate.id).where(
        col(ReserveCandidate.pool_id) == pool.id, col(ReserveCandidate.person_id) == person.id
    )
    if session.exec(known).first() is not None:
        raise DuplicateError(
            f"Person {person.code} is in this reserve pool already.",
            f"人员 {person.code} 已在该后备力量库中。",
            path=("person_id",),
        )
    mentee = new_mentee(person, MenteeKind.RESERVE_CANDIDATE, draft.village_id, viewer.subject)
    session.add(mentee)
    session.flush()
    candidate = ReserveCandidate(
        id=mentee.id,
        person_id=person.id,
        county_id=person.county_id,
        pool_id=pool.id,
        target_post=draft.target_post,
        source=draft.source,
        pool_date=draft.pool_date,
        review_level=max(draft.review_level, _level_of(draft.state), key=list(ReviewLevel).index),
        state=draft.state,
        tags=list(draft.tags),
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(candidate)
    replace_needs(session, viewer, person, needs, NeedSource.SURVEY)
    record(
        session,
        viewer,
        AuditAction.RESERVE_CANDIDATE_CREATED,
        f"Person {person.code}",
        county_id=person.county_id,
        state=draft.state,
    )
    session.flush()
    return candidate


def update_reserve_candidate(
    session: Session,
    viewer: Viewer,
    cipher: PersonalDataCipher,
    candidate_id: UUID,
    changes: ReserveCandidateChanges,
    *,
    expected_version: int | None = None,
) -> ReserveCandidate:
    """Change a candidate; the state moves one step along its life, and an exit needs its date and reason."""
    viewer.require(Permission.EDIT_PEOPLE)
    candidate = get_in_county(session, viewer, ReserveCandidate, candidate_id, path=("id",))
    require_version(session, candidate, expected_version)
    person = session.get_one(Person, candidate.person_id)
    mentee = session.get_one(Mentee, candidate.id)
    values: dict[str, Any] = {
        field.name: getattr(changes, field.name)
        for field in fields(changes)
        if field.name not in ("village_id", "needs", "tags") and not isinstance(getattr(changes, field.name), Unset)
    }
    if not isinstance(changes.tags, Unset):
        values["tags"] = list(changes.tags)
    _check_candidate_values(candidate, values)
    if "exit_reason" in values:
        reason = values.pop("exit_reason")
        values["exit_reason_encrypted"] = encrypted_text(cipher, reason, candidate.exit_reason_encrypted)
    names = []
    if not isinstance(changes.village_id, Unset):
        _require_village(session, viewer, changes.village_id, person)
        if assign(mentee, {"village_id": changes.village_id}):
            stamp(mentee, viewer)
            names.append("village_id")
    before = candidate.state
    names += assign(candidate, values)
    if not isinstance(changes.needs, Unset) and replace_needs(
        session, viewer, person, checked_needs(changes.needs), NeedSource.SURVEY
    ):
        names.append("needs")
    if names:
        stamp(candidate, viewer)
        record(
            session,
            viewer,
            AuditAction.RESERVE_CANDIDATE_CHANGED,
            f"Person {person.code}",
            county_id=person.county_id,
            fields=sorted(names),
            **step_of(before, candidate.state),
        )
    session.flush()
    return candidate


def create_assigned_cadre(session: Session, viewer: Viewer, draft: AssignedCadreDraft) -> AssignedCadre:
    """Record that a unit sends a person to a village; one active posting per person and village."""
    viewer.require(Permission.EDIT_PEOPLE)
    person = get_in_county(session, viewer, Person, draft.person_id, path=("person_id",))
    require_named(person, ("person_id",))
    _require_village(session, viewer, draft.village_id, person)
    needs = checked_needs(draft.needs)
    sending_unit = plain_text(draft.sending_unit)
    if not sending_unit:
        raise InvalidInputError("The sending unit is empty.", "选派单位为空。", path=("sending_unit",))
    if len(sending_unit) > 120:
        raise too_long("sending_unit", 120, ("sending_unit",))
    if draft.term_end is not None and draft.term_end < draft.assigned_from:
        raise InvalidInputError("The term ends before it begins.", "任期结束时间早于选派时间。", path=("term_end",))
    known = (
        select(AssignedCadre.id)
        .join(Mentee, col(Mentee.id) == col(AssignedCadre.id))
        .where(
            col(AssignedCadre.person_id) == person.id,
            col(AssignedCadre.state) == AssignmentState.ACTIVE,
            col(Mentee.village_id) == draft.village_id,
        )
    )
    if session.exec(known).first() is not None:
        raise DuplicateError(
            f"Person {person.code} is assigned to this village already.",
            f"人员 {person.code} 已选派到该村。",
            path=("village_id",),
        )
    mentee = new_mentee(person, MenteeKind.ASSIGNED_CADRE, draft.village_id, viewer.subject)
    session.add(mentee)
    session.flush()
    cadre = AssignedCadre(
        id=mentee.id,
        person_id=person.id,
        county_id=person.county_id,
        sending_unit=sending_unit,
        assigned_from=draft.assigned_from,
        term_end=draft.term_end,
        state=AssignmentState.ACTIVE,
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(cadre)
    replace_needs(session, viewer, person, needs, NeedSource.SURVEY)
    record(session, viewer, AuditAction.ASSIGNED_CADRE_CREATED, f"Person {person.code}", county_id=person.county_id)
    session.flush()
    return cadre


def new_mentee(person: Person, kind: MenteeKind, village_id: UUID, author: str) -> Mentee:
    """The common row of a mentee; the row of its kind takes the same key."""
    return Mentee.made(
        person_id=person.id,
        county_id=person.county_id,
        kind=kind,
        village_id=village_id,
        **authored(author),
    )


def new_need(person: Person, draft: NeedDraft, source: NeedSource, author: str) -> DevelopmentNeed:
    """The row of one need of a person."""
    return DevelopmentNeed.made(
        person_id=person.id,
        county_id=person.county_id,
        specialty=draft.specialty,
        weight=draft.weight,
        source=source,
        **authored(author),
    )


def need_key(row: DevelopmentNeed | NeedDraft) -> tuple[str, float]:
    """What makes two needs of one person the same."""
    return (row.specialty.value, row.weight)


def replace_needs(
    session: Session, viewer: Viewer, person: Person, drafts: tuple[NeedDraft, ...], source: NeedSource
) -> bool:
    """Make the person's needs exactly these; whether anything changed."""
    stored = session.exec(select(DevelopmentNeed).where(col(DevelopmentNeed.person_id) == person.id)).all()
    obsolete, missing = list_difference(stored, drafts, stored_key=need_key, wanted_key=need_key)
    for row in obsolete:
        session.delete(row)
    session.flush()
    session.add_all(new_need(person, draft, source, viewer.subject) for draft in missing)
    return bool(obsolete or missing)


def checked_needs(drafts: tuple[NeedDraft, ...]) -> tuple[NeedDraft, ...]:
    """The needs, if every weight is above zero and no specialty stands twice."""
    seen = set()
    for index, draft in enumerate(drafts):
        if not (isfinite(draft.weight) and draft.weight > 0):
            raise InvalidInputError(
                f"The weight of need {draft.specialty} must be above zero.",
                f"能力需求 {draft.specialty} 的权重必须大于零。",
                path=("needs", str(index), "weight"),
            )
        if draft.specialty in seen:
            raise InvalidInputError(
                f"Need {draft.specialty} is listed twice.",
                f"能力需求 {draft.specialty} 重复。",
                path=("needs", str(index), "specialty"),
            )
        seen.add(draft.specialty)
    return drafts


def _level_of(state: CandidateState) -> ReviewLevel:
    return _LEVEL_OF_STATE.get(state, ReviewLevel.NONE)


def _check_candidate_values(candidate: ReserveCandidate, values: dict[str, Any]) -> None:
    """Check a change of state and exit columns; moving on through the review raises the review level too."""
    old, new = candidate.state, values.get("state", candidate.state)
    if new is not old:
        allowed = next_states(old)
        if new not in allowed:
            names = ", ".join(sorted(allowed)) or "-"
            raise InvalidStateError(
                f"A candidate in state {old} cannot become {new}; possible: {names}.",
                f"状态为 {old} 的后备力量不能变为 {new}；可变为：{names}。",
                path=("state",),
            )
        level = values.get("review_level", candidate.review_level)
        values["review_level"] = max(level, _level_of(new), key=list(ReviewLevel).index)
    exit_date = values.get("exit_date", candidate.exit_date)
    exit_reason = values.get("exit_reason", candidate.exit_reason_encrypted)
    if len(values.get("exit_reason") or "") > 200:
        raise too_long("exit_reason", 200, ("exit_reason",))
    if new in CANDIDATE_EXITS:
        for name, value in (("exit_date", exit_date), ("exit_reason", exit_reason)):
            if not value:
                raise InvalidInputError(
                    f"Leaving the pool as {new} needs {name}.", f"以 {new} 退出后备力量库须填写 {name}。", path=(name,)
                )
    elif exit_date is not None or exit_reason is not None:
        raise InvalidInputError(
            "Only a candidate who leaves the pool has an exit date and reason; set the state as well.",
            "仅退出后备力量库的人员可填写退出时间和原因，请同时设置状态。",
            path=("exit_date",) if exit_date is not None else ("exit_reason",),
        )


def next_states(state: CandidateState) -> frozenset[CandidateState]:
    """The states a candidate may move to in one step."""
    if state in CANDIDATE_EXITS:
        return frozenset()
    if state is CandidateState.IN_POOL:
        return CANDIDATE_EXITS
    return frozenset({CANDIDATE_STEPS[CANDIDATE_STEPS.index(state) + 1]})


def _require_village(session: Session, viewer: Viewer, village_id: UUID, person: Person) -> Division:
    village = require_division(session, viewer, village_id, path=("village_id",))
    if village.level is not DivisionLevel.VILLAGE:
        raise InvalidInputError(
            f"Division {village.code} is not a village.", f"区划 {village.code} 不是村级。", path=("village_id",)
        )
    if county_of(village, path=("village_id",)) != person.county_id:
        raise InvalidInputError(
            "The village lies in another county than the person's file.",
            "该村与人员档案不在同一县。",
            path=("village_id",),
        )
    return village


def _pool_for(session: Session, viewer: Viewer, pool_id: UUID | None, person: Person) -> ReservePool:
    if pool_id is None:
        return find_or_create_reserve_pool(session, person.county_id, viewer.subject)
    pool = get_in_county(session, viewer, ReservePool, pool_id, path=("pool_id",))
    if pool.county_id != person.county_id:
        raise InvalidInputError(
            "The reserve pool belongs to another county than the person's file.",
            "该后备力量库与人员档案不在同一县。",
            path=("pool_id",),
        )
    return pool
