"""A run of the Tongren sample with three presets and a curve of five, and a repair of what it published."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import col, select

from app.access import SYSTEM_VIEWER, Viewer, viewer_for_division
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.demo import create_sample_program
from app.jobs.client import JobClient
from app.jobs.worker import work_until
from app.models import Division, MatchPlan, MatchRun, Mentor, PlanItem, PlanRepair
from app.models.vocabulary import MentorState, PlanMethod, Role, RunMode, RunState, WeightPreset
from app.reads.comparison import compare_match_plans
from app.sample.catalog import PROGRAMS, Sample
from app.sample.load import county_codes, load_places, write_workbooks
from app.services.plans import approve_match_plan, submit_match_plan
from app.services.publication import publish_match_plan
from app.services.runs import RepairDraft, RunDraft, replay, start_match_run, start_repair_run
from app.services.runs.joining import links_of
from tests.e2e.test_tongren_sample import import_one
from tests.servers import opened

pytestmark = pytest.mark.bench


def worked(database: Database, draft: RunDraft | RepairDraft) -> tuple[MatchRun, list[MatchPlan], float]:
    started = time.perf_counter()
    jobs = JobClient(database)
    if isinstance(draft, RepairDraft):
        run_id = start_repair_run(database, SYSTEM_VIEWER, draft, enqueue=jobs.enqueue_run)
    else:
        run_id = start_match_run(database, SYSTEM_VIEWER, draft, enqueue=jobs.enqueue_run)
    jobs.close()
    work_until(database, run_id, slot="bench", on_look=lambda _: None)
    seconds = time.perf_counter() - started
    with database.read() as session:
        plans = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id).order_by(col(MatchPlan.number)))
        return session.get_one(MatchRun, run_id), list(plans), seconds


def recorded(database: Database, plan_id: UUID) -> frozenset[tuple[str, str, str]]:
    with database.read() as session:
        items = session.exec(select(PlanItem).where(PlanItem.plan_id == plan_id))
        return frozenset((str(item.mentee_id), item.slot_code, str(item.mentor_id)) for item in items)


@dataclass(slots=True)
class City:
    """The imported sample and its programme."""

    database: Database
    officer: Viewer
    approver: Viewer
    program_id: UUID


@pytest.fixture(scope="module")
def city(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, cipher: PersonalDataCipher) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("tongren")
    path = folder / "touyan.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = opened(f"sqlite:///{path}")
    sample = Sample("tongren")
    run_in_transaction(database, lambda session: load_places(session, SYSTEM_VIEWER, sample))
    with database.read() as session:
        place = session.exec(select(Division).where(Division.code == "520600000000")).one()
        officer = viewer_for_division(session, subject="officer", role=Role.PREFECTURE_OFFICER, division=place)
        approver = viewer_for_division(session, subject="approver", role=Role.PREFECTURE_OFFICER, division=place)
    for county, workbook in zip(county_codes(sample), write_workbooks(sample, folder), strict=True):
        import_one(database, cipher, officer, county, workbook)
    program = run_in_transaction(database, lambda s: create_sample_program(s, officer, PROGRAMS["tongren"]))
    yield City(database=database, officer=officer, approver=approver, program_id=program.id)
    database.dispose()


def test_three_presets_and_a_curve_of_five_of_the_tongren_sample(city: City) -> None:
    database = city.database
    draft = RunDraft(program_id=city.program_id, mode=RunMode.FINAL, seed=1, plans=tuple(WeightPreset), curve_points=5)
    run, plans, seconds = worked(database, draft)
    print(f"\nwith presets and curve {seconds:.1f} s {run.stage_seconds}")  # noqa: T201
    for plan in plans:
        levels = plan.levels if plan.levels_by_policy is None else plan.levels_by_policy
        score = next(level for level in levels if level["name"] == "SCORE")
        print(  # noqa: T201
            f"{plan.number} {plan.label:17} {plan.method:16} filled {plan.metrics['n_filled']} score "
            f"{score['value']:.4f} gap {score['gap']:.4%} near {plan.metrics['same_township_share']:.4f} "
            f"fit {plan.metrics['mean_experience_fit']:.3f}"
        )
    assert run.state in (RunState.SOLVED, RunState.SOLVED_WITH_SHORTFALL)
    assert len(plans) == 1 + 3 + 5
    assert len({plan.metrics["n_filled"] for plan in plans}) == 1
    assert [plan.same_as_id for plan in plans[:4]] == [None, None, plans[0].id, None]
    started = time.perf_counter()
    with database.read() as session:
        found = compare_match_plans(session, SYSTEM_VIEWER, [plan.id for plan in plans[:6]])
    assert found is not None
    print(f"compare six: {time.perf_counter() - started:.2f} s, {len(found.mentees)} differ")  # noqa: T201
    assert links_of(replay(database, city.officer, run.id, number=1)) == recorded(database, plans[1].id)


def test_repairs_of_the_tongren_sample(city: City) -> None:
    database, officer = city.database, city.officer
    run, (own,), seconds = worked(database, RunDraft(program_id=city.program_id, mode=RunMode.FINAL, seed=1))
    print(f"\nown plan alone {seconds:.1f} s {run.stage_seconds}")  # noqa: T201
    run_in_transaction(database, lambda s: submit_match_plan(s, officer, own.id))
    run_in_transaction(
        database, lambda s: approve_match_plan(s, city.approver, own.id, "李批准", approve_shortfalls=True)
    )
    run_in_transaction(database, lambda s: publish_match_plan(s, city.approver, own.id))
    roster = recorded(database, own.id)
    gone = {link[2] for link in sorted(roster)[:: len(roster) // 20]}
    with database.write() as session:
        for mentor_id in gone:
            session.get_one(Mentor, UUID(mentor_id)).state = MentorState.SUSPENDED
    ended = {link for link in roster if link[2] in gone}
    for budget in (0, 4):
        draft = RepairDraft(program_id=city.program_id, max_changes=budget)
        repair, (plan,), seconds = worked(database, draft)
        with database.read() as session:
            changes = session.exec(select(PlanRepair).where(PlanRepair.plan_id == plan.id)).one()
        print(  # noqa: T201
            f"repair of {len(gone)} mentors, budget {budget}: {seconds:.1f} s {repair.stage_seconds}, "
            f"{changes.n_kept} of {changes.n_published} stay, {changes.n_changed_links} change, offers {changes.offers}"
        )
        assert plan.method is PlanMethod.REPAIR
        assert ended <= roster - recorded(database, plan.id)
        assert changes.n_moves <= budget
        if budget == 0:
            assert roster - recorded(database, plan.id) == ended
