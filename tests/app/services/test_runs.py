"""Runs: what is recorded, what is refused, and that a run can be replayed."""

from datetime import date
from threading import Barrier, Thread
from uuid import UUID

import pytest
from sqlalchemy import func
from sqlmodel import Session, select

from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.models import (
    Division,
    MatchPlan,
    MatchRun,
    MatchSnapshot,
    Mentee,
    Mentor,
    PairingProgram,
    PlanItem,
    Shortfall,
)
from app.models.vocabulary import (
    ExclusionReason,
    MentorCategory,
    PlanState,
    PostKind,
    ProgramKind,
    Relation,
    RunMode,
    RunState,
    SolveStatus,
)
from app.services.constraints import ExclusionDraft, PinDraft, add_exclusion, add_pin
from app.services.people import AppointmentDraft
from app.services.programs import create_match_policy_version
from app.services.runs import RunDraft, replay, start, supply_demand
from app.services.snapshot import take_snapshot
from matching import PRESETS
from matching.build import build
from tests.app.services.world import World, make_world, populate


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


def count(session: Session, table: type) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def plan_of(world: World, run_id: UUID) -> tuple[MatchRun, MatchPlan, list[PlanItem]]:
    with world.database.read() as session:
        run = session.get_one(MatchRun, run_id)
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
        return run, plan, list(session.exec(select(PlanItem).where(PlanItem.plan_id == plan.id)))


def test_a_run_fills_every_seat_and_records_plan_items_and_levels(world: World) -> None:
    populate(world, n=2)
    run, plan, items = plan_of(world, world.run(world.program()))
    assert run.state is RunState.SOLVED
    assert run.solver_status is SolveStatus.OPTIMAL
    assert run.solver == "flow"
    assert plan.state is PlanState.PROPOSED
    assert sorted(item.slot_code for item in items) == ["TOWNSHIP_MENTOR"] * 2 + ["VILLAGE_MENTOR"] * 2
    assert len({item.mentor_id for item in items}) == 4
    assert {item.relation for item in items} == {Relation.SAME_TOWNSHIP}
    for item in items:
        assert sum(round(part["points"] * 10_000) for part in item.contributions) == round(item.score * 10_000)
    assert plan.metrics["n_filled"] == 4
    filled = next(level for level in plan.levels if "SEATS" in level["name"] or "FILL" in level["name"])
    assert filled["value"] == filled["bound"] == 4
    assert {"snapshot", "build", "solve"} <= set(run.stage_seconds)


def test_a_run_replayed_from_its_snapshot_gives_the_same_plan(world: World) -> None:
    populate(world, n=3)
    run_id = world.run(world.program(), seed=7)
    _, _, items = plan_of(world, run_id)
    again = replay(world.database, world.officer, run_id)
    assert {(seat.mentee_id, seat.slot, seat.mentor_id) for seat in again.seats} == {
        (str(item.mentee_id), item.slot_code, str(item.mentor_id)) for item in items
    }


def test_equal_facts_share_one_snapshot_and_give_one_plan(world: World) -> None:
    populate(world, n=2)
    program = world.program()
    first, second = (plan_of(world, world.run(program, mode=RunMode.DRY_RUN)) for _ in range(2))
    assert first[0].snapshot_hash == second[0].snapshot_hash
    links = [{(i.mentee_id, i.slot_code, i.mentor_id) for i in items} for _, _, items in (first, second)]
    assert links[0] == links[1]
    with world.database.read() as session:
        assert count(session, MatchSnapshot) == 1


def test_the_snapshot_holds_no_name_phone_or_id_number(world: World) -> None:
    populate(world, n=1)
    world.run(world.program())
    with world.database.read() as session:
        import zlib

        text = zlib.decompress(session.exec(select(MatchSnapshot)).one().content).decode("utf-8")
    assert "张" not in text
    assert "13800000" not in text


def test_a_seat_nobody_may_take_is_a_shortfall_with_its_reason(world: World) -> None:
    with world.database.write() as session:
        world.candidate(session, world.places.guihua.id)
        world.mentor(session, world.places.tangtou.id, MentorCategory.TOWNSHIP_OFFICER)
    run, plan, items = plan_of(world, world.run(world.program()))
    assert run.state is RunState.SOLVED_WITH_SHORTFALL
    with world.database.read() as session:
        gaps = session.exec(select(Shortfall).where(Shortfall.plan_id == plan.id)).all()
    assert {gap.slot_code for gap in gaps} == {"TOWNSHIP_MENTOR"}
    assert [item.slot_code for item in items] == ["VILLAGE_MENTOR"]
    assert gaps[0].reasons == [
        {"code": "NO_ELIGIBLE_MENTOR_IN_SCOPE", "count": 0},
        {"code": "TOWNSHIP_RULE", "count": 1},
    ]


def test_the_same_idempotency_key_starts_one_run(world: World) -> None:
    populate(world, n=1)
    program = world.program()
    draft = RunDraft(program_id=program.id, mode=RunMode.DRY_RUN, idempotency_key="k-1")
    first = world.work(draft)
    second = world.work(draft)
    assert first == second
    with world.database.read() as session:
        assert count(session, MatchRun) == 1
        assert count(session, MatchPlan) == 1


def test_a_pin_is_kept_by_the_run(world: World) -> None:
    populate(world, n=3)
    program = world.program()
    with world.database.write() as session:
        mentee = session.exec(select(Mentee)).first()
        mentor = session.exec(select(Mentor).where(Mentor.category == MentorCategory.VILLAGE_SECRETARY)).all()[-1]
        assert mentee is not None
        add_pin(
            session,
            world.officer,
            PinDraft(program_id=program.id, mentee_id=mentee.id, mentor_id=mentor.id, reason="组织决定"),
        )
    _, _, items = plan_of(world, world.run(program))
    assert [i.mentor_id for i in items if i.is_pinned] == [mentor.id]
    assert [i.mentee_id for i in items if i.is_pinned] == [mentee.id]


def test_a_pairing_of_another_programme_loads_a_person_once_however_many_records(world: World) -> None:
    populate(world, n=1)
    with world.database.write() as session:
        officer = session.exec(select(Mentor).where(Mentor.category == MentorCategory.TOWNSHIP_OFFICER)).one()
        world.mentor(
            session,
            world.places.banqiao.id,
            MentorCategory.RETIRED_CADRE,
            pool_id=world.places.county.id,
            person_id=officer.person_id,
        )
    _, plan, _ = plan_of(world, world.run(world.program()))
    world.publish(plan)
    other = world.program(kind=ProgramKind.ONE_TO_ONE)
    with world.database.read() as session:
        found = take_snapshot(session, session.get_one(PairingProgram, other.id))
    records = [mentor for mentor in found.mentors if mentor.person_id == str(officer.person_id)]
    assert len(records) == 2
    assert sum(mentor.active_load for mentor in records) == 1


def test_supply_and_demand_names_the_township_that_is_short(world: World) -> None:
    populate(world, n=2)
    with world.database.write() as session:
        world.candidate(session, world.places.qinggang.id)
    program = world.program()
    rows = run_in_transaction(world.database, lambda s: supply_demand(s, world.officer, program.id))
    by_code = {row.township_code: row for row in rows}
    assert (by_code["520624101000"].mentees, by_code["520624101000"].seats) == (2, 4)
    assert by_code["520624101000"].local_shortage == 0
    assert by_code["520624102000"].local_shortage == 1


def test_two_calls_with_one_key_at_once_make_one_run(world: World) -> None:
    populate(world, n=1)
    draft = RunDraft(program_id=world.program().id, mode=RunMode.DRY_RUN, idempotency_key="k-1")
    barrier, ids = Barrier(2), list[UUID]()

    def call() -> None:
        barrier.wait()
        ids.append(world.work(draft))

    threads = [Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 2
    assert len(set(ids)) == 1
    with world.database.read() as session:
        assert session.exec(select(MatchRun)).one().state is RunState.SOLVED
        assert count(session, MatchPlan) == 1


def test_the_problem_is_built_outside_any_transaction(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    populate(world, n=1)
    program = world.program()
    checked_out = []

    def watched(*arguments: object, **options: object) -> object:
        checked_out.append(world.database.engine.pool.checkedout())  # type: ignore[attr-defined]
        return build(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(start, "build", watched)
    world.run(program)
    assert checked_out == [0]


def test_the_remarks_of_a_run_tell_nobody_of_a_complaint(world: World) -> None:
    populate(world, n=1)
    program = world.program()
    preset = PRESETS["TONGREN_2_PLUS_1"].to_json()
    preset["avoidance"] = {**preset["avoidance"], "complaintPairs": "WARN"}
    with world.database.write() as session:
        create_match_policy_version(session, world.officer, program.id, preset)
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
    run, _, _ = plan_of(world, world.run(program))
    assert "AVOIDANCE" in {message.get("code") for message in run.messages}
    assert "complaint" not in str(run.messages).lower()


def test_supply_and_demand_counts_a_mentor_of_a_revoked_township(world: World) -> None:
    populate(world, n=1)
    with world.database.write() as session:
        world.mentor(session, world.places.tangtou.id, MentorCategory.TOWNSHIP_OFFICER)
        township = session.get_one(Division, world.places.tangtou.id)
        township.valid_to = date(2024, 12, 31)
        session.add(township)
    program = world.program()
    rows = run_in_transaction(world.database, lambda s: supply_demand(s, world.officer, program.id))
    assert [(row.township_code, row.eligible_mentors) for row in rows] == [("520624101000", 2), ("520624102000", 1)]


def test_a_mentor_who_works_in_another_county_is_not_taken_for_a_local(world: World) -> None:
    with world.database.write() as session:
        world.candidate(session, world.places.guihua.id)
        abroad = AppointmentDraft(
            post=PostKind.TOWNSHIP_OFFICER,
            title="干部",
            division_id=world.places.foreign_village.id,
            start_date=date(2010, 1, 1),
        )
        outsider = world.person(session, world.places.banqiao.id, abroad)
        world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER, person_id=outsider.id)
    program = world.program()
    with world.database.read() as session:
        taken = take_snapshot(session, session.get_one(PairingProgram, program.id))
    assert [mentor.anchors for mentor in taken.mentors] == [("520621101201",)]
    run, _, items = plan_of(world, world.run(program))
    assert run.state is RunState.SOLVED_WITH_SHORTFALL
    assert items == []
