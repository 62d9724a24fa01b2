"""Repairs of a published roster as runs: who moves and why, what is refused, and the way to the next roster version."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from app.access import viewer_for_division
from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import ForbiddenError, InvalidInputError, InvalidStateError, NotFoundError
from app.models import Exclusion, MatchPlan, MatchRun, MatchShare, Mentor, PlanItem, PlanRepair, Roster, ShareKind
from app.models.vocabulary import (
    ExclusionReason,
    MentorCategory,
    MentorState,
    PlanMethod,
    PlanState,
    Role,
    RunMode,
    RunState,
)
from app.services.constraints import ExclusionDraft, add_exclusion
from app.services.programs import create_match_policy_version
from app.services.runs import RepairDraft, RunDraft, control, replay, run_here, start_repair_run
from app.services.runs.joining import links_of
from app.services.runs.plan_rows import levels_json
from matching import PRESETS
from tests.app.services.test_run_plans import plans_of, recorded
from tests.app.services.world import World, make_world, populate


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


@pytest.fixture
def lone(sqlite_database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(sqlite_database, cipher)


def start_repair(world: World, draft: RepairDraft) -> UUID:
    return start_repair_run(world.database, world.officer, draft, enqueue=lambda *_: None)


def repaired(world: World, draft: RepairDraft) -> tuple[MatchRun, MatchPlan, PlanRepair]:
    run_id = start_repair(world, draft)
    run_here(world.database, run_id)
    run, (plan,) = plans_of(world, run_id)
    with world.database.read() as session:
        return run, plan, session.exec(select(PlanRepair).where(PlanRepair.plan_id == plan.id)).one()


def published(world: World, *, n: int = 3) -> tuple[UUID, MatchPlan, frozenset[tuple[str, str, str]]]:
    """A programme of ``n`` candidates with its roster in force; one more officer is free."""
    populate(world, n=n)
    program = world.program()
    with world.database.write() as session:
        world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER, years=8)
    _, (plan,) = plans_of(world, world.work(RunDraft(program_id=program.id, mode=RunMode.FINAL)))
    world.publish(plan)
    return program.id, plan, recorded(world, plan)


def suspend(world: World, mentor_id: str) -> None:
    with world.database.write() as session:
        mentor = session.get_one(Mentor, UUID(mentor_id))
        mentor.state = MentorState.SUSPENDED
        session.add(mentor)


def changed_items(session: Session, plan: MatchPlan) -> Sequence[PlanItem]:
    return session.exec(
        select(PlanItem).where(PlanItem.plan_id == plan.id, col(PlanItem.is_changed_from_published).is_(True))
    ).all()


def test_only_the_seat_of_a_mentor_who_left_moves(world: World) -> None:
    program_id, _, roster = published(world)
    gone = next(link for link in sorted(roster) if link[1] == "TOWNSHIP_MENTOR")
    suspend(world, gone[2])
    run, plan, changes = repaired(world, RepairDraft(program_id=program_id))
    assert (run.mode, run.state, run.max_changes) == (RunMode.REPAIR, RunState.SOLVED, 0)
    assert run.solver == "repair-flow"
    assert (plan.label, plan.method, plan.state) == ("REPAIR", PlanMethod.REPAIR, PlanState.PROPOSED)
    links = recorded(world, plan)
    (new,) = links - roster
    assert roster - links == {gone}
    assert new[:2] == gone[:2]
    assert (changes.n_published, changes.n_kept, changes.n_changed_links, changes.n_moves) == (6, 5, 2, 0)
    assert (changes.n_people_affected, changes.max_changes, changes.offers) == (3, 0, [])
    assert [(each["mentee_id"], each["mentor_id"], each["cause"], each["reasons"]) for each in changes.ended] == [
        (gone[0], gone[2], "RULE", ["MENTOR_INACTIVE"])
    ]
    assert [(each["mentor_id"], each["replaces"]) for each in changes.added] == [(new[2], gone[2])]
    assert [(each["mentee_id"], each["fate"]) for each in changes.mentees] == [(gone[0], "REPLACED")]
    assert {each["mentor_id"]: each["fate"] for each in changes.mentors} == {gone[2]: "LEFT", new[2]: "GAINED"}
    assert plan.metrics["n_changed_links"] == 2
    with world.database.read() as session:
        assert [(str(item.mentee_id), str(item.mentor_id)) for item in changed_items(session, plan)] == [
            (new[0], new[2])
        ]
        share = session.exec(select(MatchShare).where(MatchShare.run_id == run.id)).one()
        assert (share.kind, share.attempt, share.solved_at is not None) == (ShareKind.REPAIR, 1, True)


def test_a_repaired_plan_is_replayed_submitted_and_published_as_the_next_version(world: World) -> None:
    program_id, first, roster = published(world)
    gone = min(roster)
    suspend(world, gone[2])
    run, plan, _ = repaired(world, RepairDraft(program_id=program_id))
    again = replay(world.database, world.officer, run.id)
    assert links_of(again) == recorded(world, plan)
    assert levels_json(again.levels) == plan.levels
    roster_id = world.publish(plan)
    with world.database.read() as session:
        assert session.get_one(Roster, roster_id).roster_version == 2
        assert session.get_one(MatchPlan, first.id).state is PlanState.SUPERSEDED


def test_nothing_changes_when_everything_still_holds(world: World) -> None:
    program_id, _, roster = published(world)
    _, plan, changes = repaired(world, RepairDraft(program_id=program_id, max_changes=None))
    assert (changes.max_changes, changes.offers) == (None, None)
    links = recorded(world, plan)
    assert changes.n_changed_links == len(links ^ roster)
    _, plan, changes = repaired(world, RepairDraft(program_id=program_id))
    assert recorded(world, plan) == roster
    assert (changes.n_kept, changes.n_changed_links, changes.ended, changes.added) == (6, 0, [], [])
    with world.database.read() as session:
        assert changed_items(session, plan) == []


def test_a_complaint_ends_a_pair_under_its_own_reason_which_stays_inside(world: World) -> None:
    program_id, _, roster = published(world)
    link = min(roster)
    with world.database.write() as session:
        mentee = next(item for item in session.exec(select(PlanItem)) if str(item.mentee_id) == link[0])
        from app.models import Mentee

        add_exclusion(
            session,
            world.officer,
            world.cipher,
            ExclusionDraft(
                mentee_person_id=session.get_one(Mentee, mentee.mentee_id).person_id,
                mentor_person_id=session.get_one(Mentor, UUID(link[2])).person_id,
                reason=ExclusionReason.COMPLAINT,
                source="信访",
            ),
        )
        assert session.exec(select(Exclusion)).one()
    run, _, changes = repaired(world, RepairDraft(program_id=program_id))
    assert [(each["mentor_id"], each["cause"], each["reasons"]) for each in changes.ended] == [
        (link[2], "RULE", ["EXCLUDED"])
    ]
    assert "EXCLUDED" not in str([message for message in run.messages if message["kind"] != "EXCLUDED"])


def test_a_seat_that_stays_empty_is_a_shortfall_with_an_offer(world: World) -> None:
    populate(world, n=2)
    program = world.program()
    _, (plan,) = plans_of(world, world.work(RunDraft(program_id=program.id, mode=RunMode.FINAL)))
    world.publish(plan)
    gone = next(link for link in sorted(recorded(world, plan)) if link[1] == "VILLAGE_MENTOR")
    suspend(world, gone[2])
    run, repair, changes = repaired(world, RepairDraft(program_id=program.id))
    assert run.state is RunState.SOLVED_WITH_SHORTFALL
    assert [(each["fate"], each["n_empty"]) for each in changes.mentees] == [("REDUCED", 1)]
    assert changes.offers == []
    assert repair.metrics["n_filled"] == 3


def test_a_repair_without_a_roster_or_with_an_impossible_budget_is_refused(world: World) -> None:
    populate(world, n=2)
    program = world.program()
    with pytest.raises(InvalidStateError, match=r"no roster in force.*start a FINAL run"):
        start_repair(world, RepairDraft(program_id=program.id))
    with pytest.raises(InvalidInputError, match="cannot be -1"):
        start_repair(world, RepairDraft(program_id=program.id, max_changes=-1))
    _, (plan,) = plans_of(world, world.work(RunDraft(program_id=program.id, mode=RunMode.FINAL)))
    world.publish(plan)
    content = {**PRESETS["TONGREN_2_PLUS_1"].to_json(), "stability": {"maxChanges": 2}}
    with world.database.write() as session:
        create_match_policy_version(session, world.officer, program.id, content)
    for budget in (3, None):
        with pytest.raises(InvalidInputError, match="at most 2 changes"):
            start_repair(world, RepairDraft(program_id=program.id, max_changes=budget))
    with world.database.read() as session:
        assert len(session.exec(select(MatchRun)).all()) == 1
    run, _, changes = repaired(world, RepairDraft(program_id=program.id, max_changes=2))
    assert (run.max_changes, changes.max_changes) == (2, 2)


def test_only_officers_of_the_programme_start_a_repair(lone: World) -> None:
    program_id, _, _ = published(lone, n=1)
    with lone.database.read() as session:
        reader = lone.places.officer(session, Role.READER)
        foreign = viewer_for_division(session, subject="x", role=Role.COUNTY_ADMIN, division=lone.places.foreign_county)
    for viewer, refusal in ((lone.approver, ForbiddenError), (reader, ForbiddenError), (foreign, NotFoundError)):
        with pytest.raises(refusal):
            start_repair_run(lone.database, viewer, RepairDraft(program_id=program_id), enqueue=lambda *_: None)
    with lone.database.read() as session:
        assert [run.mode for run in session.exec(select(MatchRun))] == [RunMode.FINAL]


def test_one_key_starts_one_repair_and_a_retry_keeps_its_budget(lone: World) -> None:
    program_id, _, _ = published(lone, n=2)
    draft = RepairDraft(program_id=program_id, max_changes=4, seed=9, idempotency_key="r-1")
    first = start_repair(lone, draft)
    assert start_repair(lone, draft) == first
    with lone.database.write() as session:
        session.get_one(MatchRun, first).state = RunState.CANCELLED
    again = control.retry_match_run(lone.database, lone.officer, first, enqueue=lambda *_: None)
    run, _ = plans_of(lone, again)
    assert (again != first, run.mode, run.max_changes, run.seed) == (True, RunMode.REPAIR, 4, 9)
