"""Mentors and their specialties."""

from collections import Counter
from dataclasses import fields
from datetime import date
from math import isfinite
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, get_in_county, record, require_division
from app.errors import DuplicateError, InvalidInputError, InvalidStateError, NotFoundError
from app.models import Division, Mentor, MentorPool, MentorSpecialty, Person
from app.models.vocabulary import AuditAction, DivisionLevel, MentorState
from app.services.people.drafts import MentorChanges, MentorDraft, SpecialtyDraft, Unset
from app.services.people.records import (
    assign,
    authored,
    county_of,
    list_difference,
    lock_county,
    new_mentor_pool,
    require_named,
    stamp,
    step_of,
)
from app.services.versions import require_version

NEXT_MENTOR_STATES: dict[MentorState, frozenset[MentorState]] = {
    MentorState.PROPOSED: frozenset({MentorState.APPROVED, MentorState.REMOVED}),
    MentorState.APPROVED: frozenset({MentorState.ACTIVE, MentorState.REMOVED}),
    MentorState.ACTIVE: frozenset({MentorState.SUSPENDED, MentorState.RETIRED, MentorState.REMOVED}),
    MentorState.SUSPENDED: frozenset({MentorState.ACTIVE, MentorState.RETIRED, MentorState.REMOVED}),
    MentorState.RETIRED: frozenset(),
    MentorState.REMOVED: frozenset(),
}


def create_mentor(session: Session, viewer: Viewer, draft: MentorDraft) -> Mentor:
    """Enter a person into a mentor pool, which is made if the division has none; once per person and pool."""
    viewer.require(Permission.EDIT_PEOPLE)
    person = get_in_county(session, viewer, Person, draft.person_id, path=("person_id",))
    require_named(person, ("person_id",))
    _check_values(
        {
            "capacity": draft.capacity,
            "trade_years": draft.trade_years,
            "available_from": draft.available_from,
            "available_to": draft.available_to,
        }
    )
    specialties = checked_specialties(draft.specialties)
    pool = _pool_for(session, viewer, draft, person)
    known = select(Mentor.id).where(col(Mentor.pool_id) == pool.id, col(Mentor.person_id) == person.id)
    if session.exec(known).first() is not None:
        raise DuplicateError(
            f"Person {person.code} is in this mentor pool already.",
            f"人员 {person.code} 已在该帮带导师库中。",
            path=("person_id",),
        )
    mentor = Mentor(
        person_id=person.id,
        county_id=person.county_id,
        pool_id=pool.id,
        category=draft.category,
        capacity=draft.capacity,
        trade_years=draft.trade_years,
        available_from=draft.available_from,
        available_to=draft.available_to,
        state=draft.state,
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(mentor)
    session.flush()
    session.add_all(new_specialty(mentor, item, viewer.subject) for item in specialties)
    record(
        session,
        viewer,
        AuditAction.MENTOR_CREATED,
        f"Person {person.code}",
        county_id=mentor.county_id,
        category=draft.category,
        state=mentor.state,
    )
    session.flush()
    return mentor


def update_mentor(
    session: Session, viewer: Viewer, mentor_id: UUID, changes: MentorChanges, *, expected_version: int | None = None
) -> Mentor:
    """Change a mentor; the state moves along its life, the specialties are replaced as a whole."""
    viewer.require(Permission.EDIT_PEOPLE)
    mentor = get_in_county(session, viewer, Mentor, mentor_id, path=("id",))
    require_version(session, mentor, expected_version)
    values: dict[str, Any] = {
        field.name: getattr(changes, field.name)
        for field in fields(changes)
        if field.name != "specialties" and not isinstance(getattr(changes, field.name), Unset)
    }
    _check_values(
        {name: getattr(mentor, name) for name in ("capacity", "trade_years", "available_from", "available_to")} | values
    )
    new_state = values.get("state", mentor.state)
    if new_state is not mentor.state and new_state not in NEXT_MENTOR_STATES[mentor.state]:
        names = ", ".join(sorted(NEXT_MENTOR_STATES[mentor.state])) or "-"
        raise InvalidStateError(
            f"A mentor in state {mentor.state} cannot become {new_state}; possible: {names}.",
            f"状态为 {mentor.state} 的导师不能变为 {new_state}；可变为：{names}。",
            path=("state",),
        )
    before = mentor.state
    names_changed = assign(mentor, values)
    if not isinstance(changes.specialties, Unset):
        wanted = checked_specialties(changes.specialties)
        stored = session.exec(select(MentorSpecialty).where(col(MentorSpecialty.mentor_id) == mentor.id)).all()
        obsolete, missing = list_difference(stored, wanted, stored_key=specialty_key, wanted_key=specialty_key)
        for row in obsolete:
            session.delete(row)
        session.flush()
        session.add_all(new_specialty(mentor, item, viewer.subject) for item in missing)
        if obsolete or missing:
            names_changed.append("specialties")
    if names_changed:
        stamp(mentor, viewer)
        person = session.get_one(Person, mentor.person_id)
        record(
            session,
            viewer,
            AuditAction.MENTOR_CHANGED,
            f"Person {person.code}",
            county_id=mentor.county_id,
            fields=sorted(names_changed),
            **step_of(before, mentor.state),
        )
    session.flush()
    return mentor


def new_specialty(mentor: Mentor, draft: SpecialtyDraft, author: str) -> MentorSpecialty:
    """The row of one specialty of a mentor."""
    return MentorSpecialty.made(
        mentor_id=mentor.id,
        county_id=mentor.county_id,
        specialty=draft.specialty,
        level=draft.level,
        **authored(author),
    )


def specialty_key(row: MentorSpecialty | SpecialtyDraft) -> tuple[str, str]:
    """What makes two specialties of one mentor the same."""
    return (row.specialty.value, row.level.value)


def checked_specialties(drafts: tuple[SpecialtyDraft, ...]) -> tuple[SpecialtyDraft, ...]:
    """The specialties, if none stands twice."""
    counts = Counter(draft.specialty for draft in drafts)
    for index, draft in enumerate(drafts):
        if counts[draft.specialty] > 1:
            raise InvalidInputError(
                f"Specialty {draft.specialty} is listed twice.",
                f"专业特长 {draft.specialty} 重复。",
                path=("specialties", str(index), "specialty"),
            )
    return drafts


def _check_values(values: dict[str, Any]) -> None:
    capacity: int | None = values["capacity"]
    if capacity is not None and capacity < 0:
        raise InvalidInputError("The capacity must be 0 or more.", "可帮带人数不能为负。", path=("capacity",))
    trade_years: float | None = values["trade_years"]
    if trade_years is not None and not (isfinite(trade_years) and 0 <= trade_years <= 80):
        raise InvalidInputError(
            "The years in the trade must lie between 0 and 80.", "从业年限应在0至80年之间。", path=("trade_years",)
        )
    start: date | None = values["available_from"]
    end: date | None = values["available_to"]
    if start is not None and end is not None and end < start:
        raise InvalidInputError(
            "The mentor's availability ends before it begins.", "导师可用期结束早于开始。", path=("available_to",)
        )


def _pool_for(session: Session, viewer: Viewer, draft: MentorDraft, person: Person) -> MentorPool:
    """The named pool, or the pool of the named division, made if that division has none."""
    if draft.pool_id is not None:
        pool = get_in_county(session, viewer, MentorPool, draft.pool_id, path=("pool_id",))
        division = session.get_one(Division, pool.division_id)
        if not division.code.startswith(viewer.code_prefix):
            raise NotFoundError(
                f"No MentorPool {pool.id} in your territory.", f"辖区内没有导师库 {pool.id}。", path=("pool_id",)
            )
        path = ("pool_id",)
    elif draft.pool_division_id is not None:
        path = ("pool_division_id",)
        division = require_division(session, viewer, draft.pool_division_id, path=path)
    else:
        raise InvalidInputError(
            "Name the mentor pool, or the township or county whose pool it is.",
            "请指定帮带导师库，或其所属乡镇、县。",
            path=("pool_id",),
        )
    if division.level not in (DivisionLevel.COUNTY, DivisionLevel.TOWNSHIP):
        raise InvalidInputError(
            f"Division {division.code} has no mentor pool; choose a township or the county.",
            f"区划 {division.code} 不设导师库，请选择乡镇或县。",
            path=path,
        )
    if county_of(division, path=path) != person.county_id:
        raise InvalidInputError(
            "The mentor pool belongs to another county than the person's file.",
            "该导师库与人员档案不在同一县。",
            path=path,
        )
    if draft.pool_id is not None:
        return pool
    lock_county(session, person.county_id)
    pools = session.exec(select(MentorPool).where(col(MentorPool.division_id) == division.id)).all()
    if len(pools) > 1:
        raise InvalidInputError(
            f"Division {division.code} has {len(pools)} mentor pools; name one by its id.",
            f"区划 {division.code} 有{len(pools)}个导师库，请指定其中一个。",
            path=("pool_id",),
        )
    if pools:
        return pools[0]
    pool = new_mentor_pool(division, person.county_id, viewer.subject)
    session.add(pool)
    session.flush()
    return pool
