"""Several plans and repairs through the job engine: the same as in one process, and an end on request."""

import threading
import time
from collections.abc import Sequence
from contextlib import closing
from importlib import import_module
from uuid import UUID

import pytest
from sqlmodel import col, select

from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.jobs.client import JobClient
from app.jobs.worker import work_until
from app.models import MatchPlan, MatchRun, MatchShare, PlanItem, PlanRepair
from app.models.vocabulary import PlanMethod, RunMode, RunState, WeightPreset
from app.services.runs import RepairDraft, RunDraft, control, start_match_run, start_repair_run
from tests.app.services.test_run_plans import contested, plans_of, recorded
from tests.app.services.test_run_repairs import published, suspend
from tests.app.services.world import World, make_world


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


def worked(world: World, draft: RunDraft | RepairDraft) -> UUID:
    with closing(JobClient(world.database)) as jobs:
        if isinstance(draft, RepairDraft):
            run_id = start_repair_run(world.database, world.officer, draft, enqueue=jobs.enqueue_run)
        else:
            run_id = start_match_run(world.database, world.officer, draft, enqueue=jobs.enqueue_run)
    work_until(world.database, run_id, slot="test", on_look=lambda _: None)
    return run_id


def told(plans: Sequence[MatchPlan]) -> list[object]:
    return [(p.number, p.label, p.method, p.solver_status, p.levels, p.levels_by_policy, p.metrics) for p in plans]


def test_the_job_engine_makes_the_plans_of_one_process(world: World) -> None:
    contested(world)
    draft = RunDraft(
        program_id=world.program().id, mode=RunMode.FINAL, seed=4, plans=tuple(WeightPreset), curve_points=3
    )
    run, plans = plans_of(world, worked(world, draft))
    assert run.state is RunState.SOLVED
    assert set(run.stage_seconds) == {"snapshot", "build", "solve", "curve", "report"}
    _, here = plans_of(world, world.work(draft))
    assert told(plans) == told(here)
    assert [recorded(world, plan) for plan in plans] == [recorded(world, plan) for plan in here]


def test_the_job_engine_repairs_as_one_process_does(world: World) -> None:
    program_id, _, roster = published(world, n=2)
    suspend(world, min(roster)[2])
    run, plans = plans_of(world, worked(world, RepairDraft(program_id=program_id)))
    assert (run.mode, [plan.method for plan in plans]) == (RunMode.REPAIR, [PlanMethod.REPAIR])
    assert roster - recorded(world, plans[0]) == {min(roster)}
    with world.database.read() as session:
        changes = session.exec(select(PlanRepair)).one()
        changed = session.exec(
            select(PlanItem).where(PlanItem.plan_id == plans[0].id, col(PlanItem.is_changed_from_published))
        ).all()
    assert (changes.n_kept, changes.n_changed_links, len(changed)) == (3, 2, 1)
    assert changes.ended[0]["reasons"] == ["MENTOR_INACTIVE"]


def endless(tell: object, *_: object, **__: object) -> None:
    """Stands in for a long search, in the process of the curve or the repair."""
    time.sleep(600)


@pytest.mark.parametrize("kind", ["curve", "repair"])
def test_a_long_curve_or_repair_ends_soon_when_its_run_is_cancelled(
    world: World, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "curve":
        contested(world)
        monkeypatch.setattr("matching.tradeoff.apart._points", endless)
        draft: RunDraft | RepairDraft = RunDraft(
            program_id=world.program().id, mode=RunMode.FINAL, plans=(WeightPreset.NEAR_FIRST,), curve_points=3
        )
    else:
        program_id, _, _ = published(world, n=2)
        monkeypatch.setattr(import_module("matching.repair.apart"), "_answer", endless)
        draft = RepairDraft(program_id=program_id)
    known = {run.id for run in runs(world)}
    started = time.monotonic()

    def cancel() -> None:
        while True:
            time.sleep(0.2)
            new = [run for run in runs(world) if run.id not in known and run.state is RunState.RUNNING]
            if new and all(share_is_done(world, new[0].id)):
                end(world, new[0].id)
                return

    canceller = threading.Thread(target=cancel, daemon=True)
    canceller.start()
    run, plans = plans_of(world, worked(world, draft))
    assert time.monotonic() - started < 60
    assert run.state is RunState.CANCELLED
    assert [plan.label for plan in plans] == (["BALANCED", "NEAR_FIRST"] if kind == "curve" else [])
    if kind == "curve":
        assert any("ended with 0 of 3 points" in message["text"] for message in run.messages if "text" in message)


def end(world: World, run_id: UUID) -> None:
    run_in_transaction(world.database, lambda session: control.cancel_match_run(session, world.officer, run_id))


def runs(world: World) -> list[MatchRun]:
    with world.database.read() as session:
        return list(session.exec(select(MatchRun)))


def share_is_done(world: World, run_id: UUID) -> list[bool]:
    """Whether every share is solved but the one that takes for ever."""
    with world.database.read() as session:
        shares = session.exec(select(MatchShare).where(MatchShare.run_id == run_id)).all()
    return [share.solved_at is not None for share in shares if share.content is not None or share.variant]
