"""A province through the real queue: started, worked on by real worker processes, recorded as plans, and measured.

``make bench-scale`` runs it; ``--programmes 8`` takes a tenth. Nothing of it is compared with a limit: what is asserted
is that every run ends with one plan and that every seat is filled or a shortfall.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import psutil
import typer
from rich.console import Console
from sqlalchemy import create_engine, func, make_url, text
from sqlmodel import col, select

from app.access import SYSTEM_VIEWER
from app.db import Database
from app.jobs.client import JobClient
from app.models import MatchPlan, MatchRun, PlanItem, Shortfall
from app.models.vocabulary import OPEN_RUN_STATES, RunMode, RunState
from app.services.runs import RunDraft, start_match_run
from tests.benchmarks.province import ProvinceShape, create_programs, write_province
from tests.servers import TEST_DATA_KEY, migrated, opened, postgresql_server

MIB = 1024**2
LEAST_FILLED = 0.9
"""Share of the seats below which the invented people are not like those of a province."""
LOOKING_S = 0.5
"""Seconds between two looks at the runs and at the memory of the workers."""
PATIENCE_S = 3600.0

SCRIPT = """import sys
from app.cli import main
if __name__ == "__main__":
    sys.exit(main())
"""
"""What an installed ``touyan`` command is: solver processes import the program that their worker was started by."""
ROOT = Path(__file__).parents[2]

out = Console(highlight=False, soft_wrap=True)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A database with a province whose runs wait in the queue, and what that took."""

    n_rows: int
    rows_s: float
    start_s: float
    start_cpu_s: float
    run_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What the engine recorded of the shares: how long the step took in which each was solved, and its solve within."""

    n_shares: int
    step_s: float
    solve_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """How the runs were worked on.

    ``wall_s`` lies between the beginning of the first run and the end of the last; ``cpu_s`` is that of all workers
    with their solvers. ``resident_mib`` counts memory that processes share once for each of them, ``own_mib`` in parts.
    """

    n_workers: int
    wall_s: float
    cpu_s: float
    resident_mib: float
    own_mib: float
    stage_s: dict[str, float]
    shares: Shares
    n_items: int
    n_shortfalls: int
    database_mib: float


def prepare(database: Database, shape: ProvinceShape) -> Prepared:
    """Write the province and start a run of every programme."""
    began = time.perf_counter()
    n_rows = write_province(database, shape)
    rows_s = time.perf_counter() - began
    programs = create_programs(database, shape)
    began, cpu = time.perf_counter(), time.process_time()
    with closing(JobClient(database)) as jobs:
        run_ids = tuple(
            start_match_run(
                database,
                SYSTEM_VIEWER,
                RunDraft(program_id=program, mode=RunMode.FINAL),
                enqueue=jobs.enqueue_run,
            )
            for program in programs
        )
    return Prepared(
        n_rows=n_rows,
        rows_s=rows_s,
        start_s=time.perf_counter() - began,
        start_cpu_s=time.process_time() - cpu,
        run_ids=run_ids,
    )


def work(database: Database, prepared: Prepared, shape: ProvinceShape, folder: Path, n_workers: int) -> Worked:
    """Let worker processes work on all runs to their end, check what they recorded, and say what it took."""
    workers = [_worker(database, folder, f"w{number + 1}") for number in range(n_workers)]
    try:
        memory = _wait(database, prepared.run_ids, workers, folder)
        cpu_s = sum(_cpu_s(worker.pid) for worker in workers)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(timeout=60)
    with database.read() as session:
        runs = session.exec(select(MatchRun).where(col(MatchRun.id).in_(prepared.run_ids))).all()
        plans = session.exec(select(MatchPlan.run_id)).all()
        n_items = session.exec(select(func.count()).select_from(PlanItem)).one()
        n_shortfalls = session.exec(select(func.count()).select_from(Shortfall)).one()
    solved = {RunState.SOLVED, RunState.SOLVED_WITH_SHORTFALL}
    assert {run.state for run in runs} <= solved, [run.messages[:1] for run in runs if run.state not in solved]
    assert sorted(plans) == sorted(prepared.run_ids)
    n_seats = 2 * shape.n_all_mentees
    assert n_items + n_shortfalls == n_seats, (n_items, n_shortfalls, n_seats)
    assert n_items >= LEAST_FILLED * n_seats, n_items
    beginning = min(run.started_at for run in runs if run.started_at is not None)
    end = max(run.finished_at for run in runs if run.finished_at is not None)
    shares = _shares(database)
    assert shares.n_shares == shape.n_programs * shape.n_counties
    stages = {stage: sum(run.stage_seconds[stage] for run in runs) / len(runs) for stage in runs[0].stage_seconds}
    return Worked(
        n_workers=n_workers,
        wall_s=(end - beginning).total_seconds(),
        cpu_s=cpu_s,
        resident_mib=memory[0] / MIB,
        own_mib=memory[1] / MIB,
        stage_s=stages,
        shares=shares,
        n_items=n_items,
        n_shortfalls=n_shortfalls,
        database_mib=_size(database) / MIB,
    )


def _worker(database: Database, folder: Path, slot: str) -> subprocess.Popen[bytes]:
    """A worker process as an office starts it; one share at a time."""
    script = folder / "touyan"
    script.write_text(SCRIPT, encoding="utf-8")
    url = database.engine.url.render_as_string(hide_password=False)
    environment = {"TOUYAN_DATABASE_URL": url, "TOUYAN_DATA_KEYS": TEST_DATA_KEY, "PYTHONPATH": str(ROOT)}
    with (folder / f"{slot}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, str(script), "worker", "--slot", slot, "--shares", "1"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            cwd=ROOT,
        )


def _wait(
    database: Database, run_ids: Sequence[UUID], workers: Sequence[subprocess.Popen[bytes]], folder: Path
) -> tuple[int, int]:
    """Wait for the end of all runs; the greatest memory of the workers with their solvers, in bytes."""
    greatest, own = 0, 0
    waiting = select(func.count()).where(col(MatchRun.id).in_(run_ids), col(MatchRun.state).in_(OPEN_RUN_STATES))
    end = time.monotonic() + PATIENCE_S
    while True:
        with database.read() as session:
            n_open = session.exec(waiting).one()
        if n_open == 0:
            return greatest, own
        logs = "".join(path.read_text()[-2000:] for path in sorted(folder.glob("w*.log")))
        assert all(worker.poll() is None for worker in workers), logs
        assert time.monotonic() < end, logs
        sizes = [_memory(process) for worker in workers for process in _family(worker.pid)]
        greatest, own = max(greatest, sum(size[0] for size in sizes)), max(own, sum(size[1] for size in sizes))
        time.sleep(LOOKING_S)


def _family(process_id: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(process_id)
        return [process, *process.children(recursive=True)]
    return []


def _memory(process: psutil.Process) -> tuple[int, int]:
    with suppress(psutil.Error):
        memory = process.memory_full_info()
        return memory.rss, memory.pss
    return 0, 0


def _cpu_s(process_id: int) -> float:
    """Seconds of processor time of a worker and of all solvers that it has had: ended ones count with their parent."""
    times = [process.cpu_times() for process in _family(process_id)]
    return float(sum(own.user + own.system + own.children_user + own.children_system for own in times))


def _shares(database: Database) -> Shares:
    is_sqlite = database.engine.dialect.name == "sqlite"
    table = "operation_outputs" if is_sqlite else "dbos.operation_outputs"
    query = text(
        f"SELECT output, completed_at_epoch_ms - started_at_epoch_ms FROM {table} WHERE function_name = 'solve'"
    )
    with database.engine.connect() as connection:
        rows = connection.execute(query).all()
    return Shares(
        n_shares=len(rows),
        step_s=sum(milliseconds for _, milliseconds in rows) / 1000,
        solve_s=sum(_answer(output)["result"]["seconds"] for output, _ in rows),
    )


def _answer(output: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(output)
    return answer


def _size(database: Database) -> int:
    if database.engine.dialect.name == "sqlite":
        path = Path(database.engine.url.database or "")
        return sum(part.stat().st_size for part in path.parent.glob(f"{path.name}*"))
    with database.engine.connect() as connection:
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def tell_prepared(kind: str, shape: ProvinceShape, prepared: Prepared, say: Say) -> None:
    """Print what the writing of the province and the starting of the runs took."""
    n_runs = len(prepared.run_ids)
    say(
        f"{kind}: {shape.n_all_mentees} mentees, {2 * shape.n_all_mentees} mentors, "
        f"{shape.n_programs * shape.n_counties} counties: {prepared.n_rows} rows in {prepared.rows_s:.0f} s, "
        f"{prepared.n_rows / prepared.rows_s:.0f} rows/s"
    )
    say(
        f"{kind}: {n_runs} runs started in {prepared.start_s:.1f} s one after another, "
        f"{prepared.start_s / n_runs:.2f} s each, {prepared.start_cpu_s / n_runs:.2f} s of processor time"
    )


def tell_worked(kind: str, shape: ProvinceShape, worked: Worked, say: Say) -> None:
    """Print what the working took."""
    shares, n_seats = worked.shares, worked.n_items + worked.n_shortfalls
    per_share = 1000 / shares.n_shares
    stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in worked.stage_s.items())
    say(
        f"{kind}, {worked.n_workers} worker(s): {worked.wall_s:.1f} s, {shape.n_programs / worked.wall_s * 60:.1f} "
        f"runs/min, {shape.n_all_mentees / worked.wall_s:.0f} mentees/s; {worked.cpu_s:.1f} s of processor time; "
        f"memory {worked.resident_mib:.0f} MiB resident, {worked.own_mib:.0f} MiB without counting twice; database "
        f"{worked.database_mib:.0f} MiB; {worked.n_items} of {n_seats} seats filled ({worked.n_items / n_seats:.1%})"
    )
    say(
        f"  a share: {shares.step_s * per_share:.0f} ms in its step, of which {shares.solve_s * per_share:.0f} ms of "
        f"solving; slots busy {shares.step_s / worked.wall_s / worked.n_workers:.0%} of the time; mean seconds of the "
        f"stages of a run: {stages}"
    )


def measure_sqlite(shape: ProvinceShape, folder: Path, say: Say) -> Worked:
    """One worker over SQLite."""
    with disposing(migrated(f"sqlite:///{folder / 'scale.db'}")) as database:
        prepared = prepare(database, shape)
        tell_prepared("SQLite", shape, prepared, say)
        worked = work(database, prepared, shape, folder, 1)
        tell_worked("SQLite", shape, worked, say)
        return worked


@contextmanager
def disposing(database: Database) -> Iterator[Database]:
    """Close the connections of a database at the end of a block."""
    try:
        yield database
    finally:
        database.dispose()


def measure_postgresql(shape: ProvinceShape, folder: Path, say: Say) -> list[Worked]:
    """One and two workers over PostgreSQL, each over a copy of the same database with its waiting runs."""
    found = []
    with postgresql_server() as server:
        admin = create_engine(server, isolation_level="AUTOCOMMIT")

        def created(name: str, template: str = "template0") -> str:
            with admin.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
            return make_url(server).set(database=name).render_as_string(False)

        with disposing(migrated(created("scale_waiting"))) as database:
            prepared = prepare(database, shape)
        tell_prepared("PostgreSQL", shape, prepared, say)
        for n_workers in (1, 2):
            with disposing(opened(created(f"scale_{n_workers}", "scale_waiting"))) as database:
                worked = work(database, prepared, shape, folder, n_workers)
            tell_worked("PostgreSQL", shape, worked, say)
            found.append(worked)
            with admin.connect() as connection:
                connection.execute(text(f"DROP DATABASE scale_{n_workers} WITH (FORCE)"))
        with admin.connect() as connection:
            connection.execute(text("DROP DATABASE scale_waiting WITH (FORCE)"))
        admin.dispose()
    say(f"PostgreSQL: two workers are {found[0].wall_s / found[1].wall_s:.2f} times as fast as one")
    return found


def main(
    programmes: Annotated[int, typer.Option(min=1, max=99, help="Prefectures with ten counties each.")] = 80,
    postgresql: Annotated[bool, typer.Option(help="Also measure over PostgreSQL, with 1 and 2 workers.")] = True,
    sqlite: Annotated[bool, typer.Option(help="Also measure over SQLite, with 1 worker.")] = True,
) -> None:
    """Measure a province through the queue."""
    shape = ProvinceShape(n_programs=programmes)
    load = os.getloadavg()[0]
    out.print(f"{os.cpu_count()} cores, load {load:.1f} before the measurement" + (" (busy)" if load > 0.5 else ""))
    with tempfile.TemporaryDirectory(prefix="touyan-scale-") as name:
        if sqlite:
            measure_sqlite(shape, Path(name), out.print)
        if postgresql:
            measure_postgresql(shape, Path(name), out.print)


if __name__ == "__main__":
    typer.run(main)
