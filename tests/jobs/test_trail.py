"""What jobs do is recorded in the same chain, in the transactions in which the engine keeps its own record."""

from contextlib import closing

import pytest
from sqlmodel import Session

from app.access import record
from app.crypto import PersonalDataCipher
from app.db import Database
from app.jobs.client import JobClient
from app.jobs.engine import Jobs
from app.jobs.worker import work_until, working
from app.models.vocabulary import AuditAction, RunMode, RunState
from app.services.runs import RunDraft, start_match_run
from tests.app.services.world import make_world, populate
from tests.app.trails import ADMIN, check, entries


def test_the_end_of_a_run_is_chained_once_with_its_programme_and_territory(
    database: Database, cipher: PersonalDataCipher
) -> None:
    world = make_world(database, cipher)
    populate(world, n=2)
    program = world.program()
    with closing(JobClient(database)) as jobs:
        draft = RunDraft(program_id=program.id, mode=RunMode.FINAL)
        run_id = start_match_run(database, world.officer, draft, enqueue=jobs.enqueue_run)
    assert work_until(database, run_id, slot="test", on_look=lambda _: None).state is RunState.SOLVED
    started, finished = (row for row in entries(database) if row.target == f"MatchRun {run_id}")
    assert (started.action, finished.action) == (AuditAction.RUN_STARTED, AuditAction.RUN_FINISHED)
    assert (started.detail["program"], started.detail["mode"]) == (str(program.id), "FINAL")
    assert finished.detail == {"program": str(program.id), "state": "SOLVED"}
    assert (finished.territory_code, finished.county_id) == ("520624", world.places.county.id)
    assert check(database).is_whole


def test_a_job_whose_transaction_fails_records_nothing_and_one_that_is_run_again_records_once(
    database: Database,
) -> None:
    def lose(session: Session) -> None:
        record(session, ADMIN, AuditAction.RUN_FINISHED, "MatchRun lost")
        raise RuntimeError

    def keep(session: Session) -> None:
        record(session, ADMIN, AuditAction.RUN_FINISHED, "MatchRun kept")

    def transactions(jobs: Jobs) -> None:
        with pytest.raises(RuntimeError):
            jobs.transaction("lose", lose)
        jobs.transaction("keep", keep)

    with working(database, slot="test", n_shares=1) as jobs:
        transactions(jobs)
    assert [(row.sequence, row.target) for row in entries(database)] == [(1, "MatchRun kept")]
    assert check(database).is_whole
