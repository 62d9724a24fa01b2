"""From proposal to published roster and back."""

from datetime import UTC, date, datetime

import pytest
from sqlmodel import Session, col, select

from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import ForbiddenError, InvalidInputError, InvalidStateError
from app.models import (
    AuditEvent,
    Exclusion,
    MatchPlan,
    Mentee,
    Mentor,
    Pairing,
    PairingMember,
    PairingProgram,
    Roster,
    RosterEntry,
)
from app.models.vocabulary import (
    ExclusionReason,
    MemberEndReason,
    MentorCategory,
    PairingMemberState,
    PairingState,
    PlanState,
    ProgramKind,
    RosterState,
    RunMode,
)
from app.services.constraints import ExclusionDraft, add_exclusion
from app.services.plans import approve_match_plan, return_match_plan, submit_match_plan
from app.services.programs import create_match_policy_version
from app.services.publication import publish_match_plan, withdraw_publication
from matching import PRESETS
from tests.app.services.world import World, make_world, populate


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


def new_plan(world: World, program: PairingProgram, mode: RunMode = RunMode.FINAL) -> MatchPlan:
    run_id = world.run(program, mode=mode)
    with world.database.read() as session:
        return session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()


def plan_state(world: World, plan: MatchPlan) -> PlanState:
    with world.database.read() as session:
        return session.get_one(MatchPlan, plan.id).state


def active_links(session: Session, program: PairingProgram) -> set[tuple[object, str, object]]:
    return set(
        session.exec(
            select(Pairing.mentee_id, PairingMember.slot_code, PairingMember.mentor_id)
            .join(PairingMember, col(PairingMember.pairing_id) == col(Pairing.id))
            .where(
                Pairing.program_id == program.id,
                Pairing.state == PairingState.ACTIVE,
                PairingMember.state == PairingMemberState.ACTIVE,
            )
        ).all()
    )


def test_publishing_makes_active_pairings_and_roster_version_1(world: World) -> None:
    populate(world, n=2)
    program = world.program()
    plan = new_plan(world, program)
    roster_id = world.publish(plan)
    with world.database.read() as session:
        pairings = session.exec(select(Pairing)).all()
        assert [(p.state, p.start_date, p.end_date) for p in pairings] == [
            (PairingState.ACTIVE, date(2025, 3, 1), date(2026, 2, 28))
        ] * 2
        assert len(active_links(session, program)) == 4
        roster = session.get_one(Roster, roster_id)
        assert (roster.roster_version, roster.state) == (1, RosterState.PUBLISHED)
        assert roster.header["title"] == "思南县2025年“2+1”结对帮带花名册"
        assert roster.header["unit"] == "中共思南县委组织部"
        entries = session.exec(select(RosterEntry).order_by(col(RosterEntry.position))).all()
        first = entries[0].content
        assert (first["township"], first["village"], first["period"]) == ("板桥镇", "桂花村", "2025.03-2026.02")
        assert first["mentee"]["birth"] == "1985.05"
        assert first["mentee"]["phone"].startswith("138****")
        assert [seat["slot"] for seat in first["mentors"]] == ["TOWNSHIP_MENTOR", "VILLAGE_MENTOR"]
        assert [entry.content["mentee"]["code"] for entry in entries] == ["520624-00001", "520624-00004"]
        actions = set(session.exec(select(AuditEvent.action)))
    assert {"RUN_STARTED", "RUN_FINISHED", "PLAN_SUBMITTED", "PLAN_APPROVED", "PLAN_PUBLISHED"} <= actions
    assert plan_state(world, plan) is PlanState.PUBLISHED


def test_a_dry_run_cannot_be_submitted(world: World) -> None:
    populate(world, n=1)
    plan = new_plan(world, world.program(), RunMode.DRY_RUN)
    with pytest.raises(InvalidStateError, match="start a FINAL run"):
        run_in_transaction(world.database, lambda s: submit_match_plan(s, world.officer, plan.id))
    assert plan_state(world, plan) is PlanState.PROPOSED


def test_steps_out_of_order_are_refused_and_change_nothing(world: World) -> None:
    populate(world, n=1)
    plan = new_plan(world, world.program())
    with pytest.raises(InvalidStateError):
        run_in_transaction(world.database, lambda s: publish_match_plan(s, world.approver, plan.id))
    with pytest.raises(InvalidStateError):
        run_in_transaction(world.database, lambda s: approve_match_plan(s, world.approver, plan.id, "李批准"))
    with pytest.raises(ForbiddenError):
        run_in_transaction(world.database, lambda s: submit_match_plan(s, world.approver, plan.id))
    assert plan_state(world, plan) is PlanState.PROPOSED


def test_the_submitter_may_not_approve_and_the_approver_must_sign(world: World) -> None:
    populate(world, n=1)
    plan = new_plan(world, world.program())
    both = type(world.approver)(
        subject=world.officer.subject,
        role=world.approver.role,
        code_prefix=world.approver.code_prefix,
        county_ids=world.approver.county_ids,
    )
    run_in_transaction(world.database, lambda s: submit_match_plan(s, world.officer, plan.id))
    with pytest.raises(ForbiddenError, match="submitter"):
        run_in_transaction(world.database, lambda s: approve_match_plan(s, both, plan.id, "李批准"))
    with pytest.raises(InvalidInputError, match="name of the approver"):
        run_in_transaction(world.database, lambda s: approve_match_plan(s, world.approver, plan.id, "  "))
    assert plan_state(world, plan) is PlanState.SUBMITTED


def test_a_returned_plan_keeps_its_reason_and_cannot_be_approved(world: World) -> None:
    populate(world, n=1)
    plan = new_plan(world, world.program())
    run_in_transaction(world.database, lambda s: submit_match_plan(s, world.officer, plan.id))
    returned = run_in_transaction(world.database, lambda s: return_match_plan(s, world.approver, plan.id, "请就近调整"))
    assert (returned.state, returned.return_reason) == (PlanState.RETURNED, "请就近调整")
    with pytest.raises(InvalidStateError):
        run_in_transaction(world.database, lambda s: approve_match_plan(s, world.approver, plan.id, "李批准"))


def test_shortfalls_must_be_approved_with_the_plan(world: World) -> None:
    with world.database.write() as session:
        world.candidate(session, world.places.guihua.id)
        world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER)
    plan = new_plan(world, world.program())
    run_in_transaction(world.database, lambda s: submit_match_plan(s, world.officer, plan.id))
    with pytest.raises(InvalidStateError, match=r"1 seat\(s\) unfilled"):
        run_in_transaction(world.database, lambda s: approve_match_plan(s, world.approver, plan.id, "李批准"))
    assert plan_state(world, plan) is PlanState.SUBMITTED
    run_in_transaction(
        world.database, lambda s: approve_match_plan(s, world.approver, plan.id, "李批准", approve_shortfalls=True)
    )
    run_in_transaction(world.database, lambda s: publish_match_plan(s, world.approver, plan.id))
    with world.database.read() as session:
        seats = session.exec(select(RosterEntry)).one().content["mentors"]
    assert seats[0]["code"] == "520624-00002"
    assert seats[1]["slot"] == "VILLAGE_MENTOR"
    assert seats[1]["shortfall"]


def test_publishing_twice_is_refused_and_writes_nothing(world: World) -> None:
    populate(world, n=1)
    program = world.program()
    plan = new_plan(world, program)
    world.publish(plan)
    with pytest.raises(InvalidStateError, match="is PUBLISHED"):
        run_in_transaction(world.database, lambda s: publish_match_plan(s, world.approver, plan.id))
    with world.database.read() as session:
        assert len(session.exec(select(Roster)).all()) == 1
        assert len(active_links(session, program)) == 2


def test_a_plan_that_present_data_forbid_is_not_published(world: World) -> None:
    populate(world, n=1)
    program = world.program()
    plan = new_plan(world, program)
    run_in_transaction(world.database, lambda s: submit_match_plan(s, world.officer, plan.id))
    run_in_transaction(world.database, lambda s: approve_match_plan(s, world.approver, plan.id, "李批准"))
    with world.database.write() as session:
        mentee = session.exec(select(Mentee)).one()
        mentor = session.exec(select(Mentor)).first()
        assert mentor is not None
        add_exclusion(
            session,
            world.officer,
            world.cipher,
            ExclusionDraft(
                mentee_person_id=mentee.person_id,
                mentor_person_id=mentor.person_id,
                reason=ExclusionReason.COMPLAINT,
                source="信访",
            ),
        )
    with pytest.raises(InvalidStateError, match="no longer holds") as refused:
        run_in_transaction(world.database, lambda s: publish_match_plan(s, world.approver, plan.id))
    assert "AVOIDANCE" in refused.value.message
    assert "EXCLUDED" not in refused.value.message
    assert "520624-" in refused.value.message
    assert plan_state(world, plan) is PlanState.APPROVED
    with world.database.read() as session:
        assert session.exec(select(Pairing)).all() == []
        assert session.exec(select(Roster)).all() == []


def test_capacity_counts_the_pairings_of_other_programmes(world: World) -> None:
    """A retired cadre with capacity 1, busy in the 2+1 programme, is not free for the one-to-one programme."""
    with world.database.write() as session:
        world.candidate(session, world.places.guihua.id)
        retired = world.mentor(session, world.places.banqiao.id, MentorCategory.RETIRED_CADRE, capacity=1)
        world.mentor(
            session, world.places.dongxin.id, MentorCategory.VILLAGE_SECRETARY, pool_id=world.places.banqiao.id
        )
        world.assigned(session, world.places.dongxin.id)
    world.publish(new_plan(world, world.program()))
    with world.database.read() as session:
        assert retired.id in {m.mentor_id for m in session.exec(select(PairingMember))}
    second = world.program(kind=ProgramKind.ONE_TO_ONE, name="思南县2025年导师帮带")
    plan = new_plan(world, second)
    assert plan.metrics["n_filled"] == 0


def test_a_second_publication_keeps_unchanged_pairings_and_supersedes_the_first_plan(world: World) -> None:
    populate(world, n=2)
    program = world.program()
    first = new_plan(world, program)
    world.publish(first)
    with world.database.write() as session:
        before = active_links(session, program)
        pairings = {p.mentee_id: p.id for p in session.exec(select(Pairing))}
        mentee_id, _, mentor_id = sorted(before, key=str)[0]
        mentee, mentor = session.get_one(Mentee, mentee_id), session.get_one(Mentor, mentor_id)
        session.add(
            Exclusion(
                county_id=mentee.county_id,
                mentee_person_id=mentee.person_id,
                mentor_person_id=mentor.person_id,
                reason=ExclusionReason.OTHER,
                source_encrypted="test",
                created_by="test",
                updated_by="test",
            )
        )
        world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER)
        world.mentor(
            session,
            world.places.dongxin.id,
            MentorCategory.VILLAGE_SECRETARY,
            pool_id=world.places.banqiao.id,
        )
    second = new_plan(world, program)
    world.publish(second)
    assert plan_state(world, first) is PlanState.SUPERSEDED
    with world.database.read() as session:
        after = active_links(session, program)
        assert {p.mentee_id: p.id for p in session.exec(select(Pairing))} == pairings
        assert len(before & after) == 3
        replaced = session.exec(select(PairingMember).where(PairingMember.state == PairingMemberState.REPLACED)).one()
        assert (replaced.mentor_id, replaced.end_reason) == (mentor_id, MemberEndReason.SUPERSEDED)
        successor = session.get_one(PairingMember, replaced.replaced_by_id)
        assert successor.slot_code == replaced.slot_code
        assert successor.state is PairingMemberState.ACTIVE
        rosters = session.exec(select(Roster).order_by(col(Roster.roster_version))).all()
        assert [(r.roster_version, r.state) for r in rosters] == [(1, RosterState.AMENDED), (2, RosterState.PUBLISHED)]
        assert rosters[1].supersedes_id == rosters[0].id


def test_withdrawing_the_first_publication_ends_its_pairings_with_an_empty_version(world: World) -> None:
    populate(world, n=1)
    program = world.program()
    plan = new_plan(world, program)
    world.publish(plan)
    run_in_transaction(world.database, lambda s: withdraw_publication(s, world.approver, program.id, "误发"))
    assert plan_state(world, plan) is PlanState.WITHDRAWN
    with world.database.read() as session:
        assert active_links(session, program) == set()
        assert session.exec(select(Pairing)).one().state is PairingState.CANCELLED
        newest = session.exec(select(Roster).order_by(col(Roster.roster_version).desc())).first()
        assert newest is not None
        assert newest.roster_version == 2
        assert session.exec(select(RosterEntry).where(RosterEntry.roster_id == newest.id)).all() == []
    with pytest.raises(InvalidStateError, match="no published plan"):
        run_in_transaction(world.database, lambda s: withdraw_publication(s, world.approver, program.id, "再撤"))


def test_withdrawing_the_second_publication_restores_the_first(world: World) -> None:
    populate(world, n=2)
    program = world.program()
    first = new_plan(world, program)
    world.publish(first)
    with world.database.read() as session:
        before = active_links(session, program)
        original = [e.content for e in session.exec(select(RosterEntry).order_by(col(RosterEntry.position)))]
    with world.database.write() as session:
        world.candidate(session, world.places.dongxin.id)
        world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER)
    world.publish(new_plan(world, program))
    roster = run_in_transaction(
        world.database, lambda s: withdraw_publication(s, world.approver, program.id, "名单有误")
    )
    assert roster.roster_version == 3
    assert plan_state(world, first) is PlanState.PUBLISHED
    with world.database.read() as session:
        assert active_links(session, program) == before
        restored = session.exec(
            select(RosterEntry).where(RosterEntry.roster_id == roster.id).order_by(col(RosterEntry.position))
        ).all()
        assert [entry.content for entry in restored] == original
    last = run_in_transaction(world.database, lambda s: withdraw_publication(s, world.approver, program.id, "全部撤回"))
    assert last.roster_version == 4
    with world.database.read() as session:
        assert active_links(session, program) == set()


def test_what_a_later_publication_adds_begins_on_its_own_day_in_china(world: World) -> None:
    populate(world, n=1)
    program = world.program()
    world.publish(new_plan(world, program), now=datetime(2025, 2, 20, tzinfo=UTC))
    with world.database.write() as session:
        late = world.candidate(session, world.places.dongxin.id).id
        world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER)
        world.mentor(session, world.places.guihua.id, MentorCategory.VILLAGE_SECRETARY, pool_id=world.places.banqiao.id)
    # 18:00 UTC on 30 June is 1 July in China.
    world.publish(new_plan(world, program), now=datetime(2025, 6, 30, 18, tzinfo=UTC))
    with world.database.read() as session:
        starts = {pairing.mentee_id == late: pairing.start_date for pairing in session.exec(select(Pairing))}
    assert starts == {False: date(2025, 3, 1), True: date(2025, 7, 1)}


def test_a_plan_is_called_after_its_weights(world: World) -> None:
    populate(world, n=1)
    program = world.program()
    labels = [new_plan(world, program).label]
    for weights in ((0.65, 0.25, 0.10), (0.5, 0.5, 0.0)):
        content = PRESETS["TONGREN_2_PLUS_1"].to_json()
        content["weights"] = dict(zip(("geography", "experience", "preference"), weights, strict=True))
        with world.database.write() as session:
            create_match_policy_version(session, world.officer, program.id, content)
        labels.append(new_plan(world, program).label)
    assert labels == ["BALANCED", "NEAR_FIRST", "CUSTOM"]
