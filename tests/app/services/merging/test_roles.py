"""The roles of two records that become one: none is lost or given twice, and published rosters stay."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import Session, select

from app.db import run_in_transaction
from app.errors import InvalidStateError
from app.models import (
    AssignedCadre,
    MatchPlan,
    Mentee,
    Mentor,
    MentorSpecialty,
    PairingMember,
    Person,
    ReserveCandidate,
    RosterEntry,
)
from app.models.vocabulary import (
    AssignmentState,
    CandidateState,
    MentorCategory,
    MentorState,
    SkillLevel,
    Specialty,
)
from app.services.people.drafts import SpecialtyDraft
from app.services.people.mentors import new_specialty
from app.services.people.merging import MergePersonsDraft, merge_persons
from tests.app.services.merging.records import REASON, add, merge, pinned
from tests.app.services.world import World, populate


def test_two_candidates_of_one_pool_become_one_and_the_one_in_the_pool_stays(world: World, session: Session) -> None:
    out = world.candidate(session, world.places.guihua.id, state=CandidateState.SURVEYED, pool_date=None)
    out.state = CandidateState.WITHDRAWN
    add(session, out)
    within = world.candidate(session, world.places.dongxin.id)
    keep, drop = session.get_one(Person, out.person_id), session.get_one(Person, within.person_id)
    merge(session, world, keep, drop)
    left = session.exec(select(ReserveCandidate)).one()
    assert (left.id, left.person_id, left.state) == (within.id, keep.id, CandidateState.IN_POOL)
    assert session.exec(select(Mentee.id)).one() == within.id


@pytest.mark.parametrize("is_active_kept", [True, False])
def test_a_candidate_in_the_pool_is_not_given_the_exit_of_the_other_record(
    world: World, session: Session, is_active_kept: bool
) -> None:
    out = world.candidate(session, world.places.guihua.id, state=CandidateState.SURVEYED, pool_date=None)
    reason = world.cipher.encrypt("本人申请")
    out.state, out.exit_date, out.exit_reason_encrypted = CandidateState.WITHDRAWN, date(2025, 1, 2), reason
    add(session, out)
    within = world.candidate(session, world.places.dongxin.id)
    people = [session.get_one(Person, each.person_id) for each in (within, out)]
    merge(session, world, *(people if is_active_kept else people[::-1]))
    left = session.exec(select(ReserveCandidate)).one()
    assert (left.id, left.state, left.exit_date, left.exit_reason_encrypted) == (
        within.id, CandidateState.IN_POOL, None, None,
    )  # fmt: skip


def test_of_two_records_that_left_in_the_same_way_the_blank_exit_is_filled(world: World, session: Session) -> None:
    outs = [world.candidate(session, world.places.guihua.id) for _ in range(2)]
    for each in outs:
        each.state = CandidateState.WITHDRAWN
        add(session, each)
    outs[1].exit_date = date(2025, 1, 2)
    add(session, outs[1])
    merge(session, world, *(session.get_one(Person, each.person_id) for each in outs))
    left = session.exec(select(ReserveCandidate)).one()
    assert (left.id, left.exit_date) == (outs[0].id, date(2025, 1, 2))


def test_an_active_mentor_does_not_end_with_the_retired_record(world: World, session: Session) -> None:
    active, retired = (
        world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER) for _ in range(2)
    )
    retired.state, retired.available_to = MentorState.RETIRED, date(2024, 6, 30)
    add(session, retired)
    merge(session, world, *(session.get_one(Person, each.person_id) for each in (active, retired)))
    left = session.exec(select(Mentor)).one()
    assert (left.id, left.state, left.available_to) == (active.id, MentorState.ACTIVE, None)


def test_an_active_posting_stays_and_takes_no_term_from_the_ended_one(world: World, session: Session) -> None:
    ended, active = (session.get_one(AssignedCadre, world.assigned(session, world.places.guihua.id)) for _ in range(2))
    ended.state, ended.term_end = AssignmentState.ENDED, date(2024, 9, 1)
    add(session, ended)
    merge(session, world, *(session.get_one(Person, each.person_id) for each in (ended, active)))
    left = session.exec(select(AssignedCadre)).one()
    assert (left.id, left.state, left.term_end) == (active.id, AssignmentState.ACTIVE, None)


@pytest.mark.parametrize("kind", ["candidate", "mentor", "posting"])
def test_an_active_role_is_not_lost_to_an_ended_one_that_has_history(world: World, session: Session, kind: str) -> None:
    village, pool = world.places.guihua.id, world.places.banqiao.id
    other = world.mentor(session, pool, MentorCategory.TOWNSHIP_OFFICER)
    mentee = world.candidate(session, village)
    roles: list[Any]
    if kind == "candidate":
        roles = [world.candidate(session, village) for _ in range(2)]
        roles[0].state = CandidateState.REMOVED
    elif kind == "mentor":
        roles = [world.mentor(session, pool, MentorCategory.TOWNSHIP_OFFICER) for _ in range(2)]
        roles[0].state = MentorState.REMOVED
    else:
        roles = [session.get_one(AssignedCadre, world.assigned(session, village)) for _ in range(2)]
        roles[0].state = AssignmentState.ENDED
    ended, active = roles
    add(session, ended)
    if kind == "mentor":
        pinned(world, session, mentee.id, ended.id)
    else:
        pinned(world, session, ended.id, other.id)
    people = [session.get_one(Person, each.person_id) for each in (ended, active)]
    for keep, drop in (people, people[::-1]):
        with pytest.raises(InvalidStateError, match="End that role first") as refused, session.begin_nested():
            merge(session, world, keep, drop)
        assert all(person.code in refused.value.message_zh for person in people)
        assert "办理退出" in refused.value.message_zh
    assert {session.get_one(type(each), each.id).person_id for each in roles} == {person.id for person in people}


def test_two_mentors_of_one_pool_become_one_with_the_specialties_of_both(world: World, session: Session) -> None:
    pool = world.places.banqiao.id
    first = world.mentor(session, pool, MentorCategory.TOWNSHIP_OFFICER)
    second = world.mentor(session, pool, MentorCategory.TOWNSHIP_OFFICER, capacity=3)
    for mentor, specialties in ((first, (Specialty.POLICY,)), (second, (Specialty.POLICY, Specialty.DIGITAL))):
        for specialty in specialties:
            add(session, new_specialty(mentor, SpecialtyDraft(specialty=specialty, level=SkillLevel.GOOD), "test"))
    merge(session, world, *(session.get_one(Person, each.person_id) for each in (first, second)))
    left = session.exec(select(Mentor)).one()
    assert (left.id, left.capacity) == (first.id, 3)
    owned = {(row.mentor_id, row.specialty) for row in session.exec(select(MentorSpecialty))}
    assert owned == {(first.id, Specialty.POLICY), (first.id, Specialty.DIGITAL)}


def test_postings_move_and_the_same_posting_is_one(world: World, session: Session) -> None:
    first = world.assigned(session, world.places.guihua.id)
    second = world.assigned(session, world.places.guihua.id)
    keep, drop = (session.get_one(Person, session.get_one(AssignedCadre, each).person_id) for each in (first, second))
    merge(session, world, keep, drop)
    assert [(row.id, row.person_id) for row in session.exec(select(AssignedCadre))] == [(first, keep.id)]


def published(world: World) -> MatchPlan:
    populate(world, n=1)
    run_id = world.run(world.program())
    with world.database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
    world.publish(plan)
    return plan


def test_a_paired_role_moves_with_its_pairing_and_the_published_roster_is_untouched(world: World) -> None:
    published(world)
    with world.database.read() as session:
        before = [(row.mentee_id, row.content) for row in session.exec(select(RosterEntry))]
        paired = session.exec(select(ReserveCandidate)).one()
        members = session.exec(select(PairingMember.mentor_id)).all()

    def merged(session: Session) -> Person:
        # The other record stays: a candidate of the same pool that nothing names.
        fresh = world.candidate(session, world.places.guihua.id)
        keep = session.get_one(Person, fresh.person_id)
        return merge(session, world, keep, session.get_one(Person, paired.person_id))

    kept = run_in_transaction(world.database, merged)
    with world.database.read() as session:
        assert [(row.mentee_id, row.content) for row in session.exec(select(RosterEntry))] == before
        assert [(row.id, row.person_id) for row in session.exec(select(ReserveCandidate))] == [(paired.id, kept.id)]
        assert session.exec(select(PairingMember.mentor_id)).all() == members


def test_merging_that_would_pair_a_person_with_itself_is_refused(world: World) -> None:
    published(world)
    with world.database.read() as session:
        mentee = session.exec(select(Mentee)).one().person_id
        mentors = [row.person_id for row in session.exec(select(Mentor))]
    for keep_id, drop_id in ((mentee, mentors[0]), (mentors[0], mentee), (mentors[0], mentors[1])):
        draft = MergePersonsDraft(keep_id=keep_id, drop_id=drop_id, reason=REASON)
        with pytest.raises(InvalidStateError):
            run_in_transaction(world.database, lambda s, d=draft: merge_persons(s, world.officer, d))  # type: ignore[misc]
    with world.database.read() as session:
        assert len(session.exec(select(Person)).all()) == 3


def test_two_roles_in_one_pool_that_both_have_history_are_refused(world: World) -> None:
    populate(world, n=2)
    run_id = world.run(world.program())
    with world.database.read() as session:
        world.publish(session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one())
        first, second = (row.person_id for row in session.exec(select(ReserveCandidate)))
    draft = MergePersonsDraft(keep_id=first, drop_id=second, reason=REASON)
    with pytest.raises(InvalidStateError, match="both are history"):
        run_in_transaction(world.database, lambda s: merge_persons(s, world.officer, draft))
    with world.database.read() as session:
        assert len(session.exec(select(ReserveCandidate)).all()) == 2
