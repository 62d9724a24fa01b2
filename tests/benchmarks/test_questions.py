"""Questions to a stored plan of the Tongren sample: the first one, the first about a county, and the next ones."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from sqlmodel import col, select

from app.access import SYSTEM_VIEWER
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.demo import create_sample_program
from app.models import MatchPlan, PlanItem, Shortfall
from app.models.vocabulary import RunMode
from app.rosters.importer import upload_workbook
from app.sample.catalog import PROGRAMS, Sample
from app.sample.load import county_codes, load_places, write_workbooks
from app.services import questions
from app.services.imports import commit_import
from app.services.programs import create_match_policy_version
from app.services.runs import RunDraft, run_here, start_match_run
from matching import Pricing
from matching.policy import TONGREN_2_PLUS_1, TONGREN_TEAMS, Policy
from tests.servers import opened

AnswerT = TypeVar("AnswerT")
N_QUESTIONS = 40
LIMIT_S = 0.5


@pytest.fixture(scope="module")
def tongren(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, cipher: PersonalDataCipher) -> Database:
    """The sample's 1,216 candidates and 2,432 mentors of ten counties."""
    folder = tmp_path_factory.mktemp("tongren")
    path = folder / "touyan.db"
    path.write_bytes(sqlite_template.read_bytes())
    database, sample = opened(f"sqlite:///{path}"), Sample("tongren")
    run_in_transaction(database, lambda s: load_places(s, SYSTEM_VIEWER, sample))
    for county, workbook in zip(county_codes(sample), write_workbooks(sample, folder), strict=True):
        data = workbook.read_bytes()
        batch = run_in_transaction(
            database,
            lambda s, county=county, name=workbook.name, data=data: upload_workbook(
                s, SYSTEM_VIEWER, cipher, county_code=county, file_name=name, data=data
            ),
        )
        run_in_transaction(database, lambda s, key=batch.id: commit_import(s, SYSTEM_VIEWER, cipher, key))
    return database


def timed(question: Callable[[], AnswerT]) -> tuple[AnswerT, float, float]:
    begun, used = time.perf_counter(), time.process_time()
    return question(), time.perf_counter() - begun, time.process_time() - used


@pytest.mark.bench
def test_the_first_question_takes_seconds_and_the_next_ones_do_not(tongren: Database) -> None:
    program = run_in_transaction(tongren, lambda s: create_sample_program(s, SYSTEM_VIEWER, PROGRAMS["tongren"]))
    for name, policy in (("pairs", TONGREN_2_PLUS_1), ("teams", TONGREN_TEAMS)):
        measure(tongren, program.id, name, policy)


def measure(database: Database, program_id, name: str, policy: Policy) -> None:
    run_in_transaction(database, lambda s: create_match_policy_version(s, SYSTEM_VIEWER, program_id, policy.to_json()))
    draft = RunDraft(program_id=program_id, mode=RunMode.DRY_RUN)
    run_id = start_match_run(database, SYSTEM_VIEWER, draft, enqueue=lambda _session, _run_id: None)
    run_here(database, run_id)
    with database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
        items = session.exec(
            select(PlanItem)
            .where(PlanItem.plan_id == plan.id)
            .order_by(col(PlanItem.mentee_id), col(PlanItem.slot_code))
        ).all()
        n_gaps = len(session.exec(select(Shortfall.id).where(Shortfall.plan_id == plan.id)).all())
    county = items[0].county_id
    own = [item for item in items if item.county_id == county]
    other = next(item for item in items if item.county_id != county)

    def ask(item: PlanItem) -> questions.SeatAnswer:
        return questions.explain_pairing(database, SYSTEM_VIEWER, plan.id, item.mentee_id, item.slot_code)

    _, first_s, first_cpu_s = timed(lambda: ask(own[0]))
    _, other_s, other_cpu_s = timed(lambda: ask(other))
    found = [timed(lambda item=item: ask(item)) for item in own[1 : N_QUESTIONS + 1]]
    diagnosis, diagnosis_s, _ = timed(lambda: questions.diagnose_plan(database, SYSTEM_VIEWER, plan.id))
    wall, cpu = (np.array(column) for column in list(zip(*found, strict=True))[1:])
    print(  # noqa: T201
        f"\nquestions, {name}: the very first {first_s:.2f} s (processor {first_cpu_s:.2f}), the first about another "
        f"county {other_s:.2f} s ({other_cpu_s:.2f}), the next median {np.median(wall) * 1000:.0f} ms "
        f"({np.median(cpu) * 1000:.0f}), worst {wall.max() * 1000:.0f} ms; the first diagnosis {diagnosis_s:.2f} s"
    )
    assert {answer.pricing for answer, _, _ in found} == {Pricing.FREE}
    assert sum(len(a.explanation.alternatives) == 5 for a, _, _ in found if a.explanation) >= 0.9 * N_QUESTIONS
    assert diagnosis.n_empty == diagnosis.n_unavoidable == n_gaps
    assert np.median(cpu) <= LIMIT_S
