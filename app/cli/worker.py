"""``touyan worker``: a process that works on runs, and a look at who works on what."""

import os
import signal
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import col, select

from app.cli.tools import DatabaseOption, leave_process, opened
from app.db import WORKER_IDLE_LIMIT_S
from app.jobs.worker import working
from app.models import MatchRun, MatchShare, WorkerSlot
from app.models.vocabulary import OPEN_RUN_STATES
from app.observe.metrics import serve_metrics, watch_pool, watch_statements
from app.observe.tracing import trace_statements
from app.schema_state import require_current
from app.services.privacy.retention import daily_retention
from matching.apart import until_warm

worker_cli = typer.Typer(help="Work on runs in this process, until it is told to end.")
out = Console()


@worker_cli.callback(invoke_without_command=True)
def work(
    context: typer.Context,
    slot: Annotated[str, typer.Option(help="Name of the place this process takes; one live process each.")] = "w1",
    shares: Annotated[int | None, typer.Option(help="Counties solved at a time; the cores of the machine.")] = None,
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Tell figures for Prometheus on this port, to this machine.")
    ] = None,
    database: DatabaseOption = None,
) -> None:
    """Work on runs until SIGTERM or Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    told, tell = os.pipe()
    for number in (signal.SIGTERM, signal.SIGINT):
        # No event of threads: its lock may be held by the very wait that the signal interrupts.
        signal.signal(number, lambda *_: os.write(tell, b"x"))
    n_shares = shares or os.cpu_count() or 1
    with opened(database, idle_limit_s=WORKER_IDLE_LIMIT_S, is_service=True) as (settings, handle, cipher):
        require_current(handle)
        if settings.otel_endpoint is not None:
            trace_statements(handle.engine)
        if metrics_port is not None:
            watch_statements(handle.engine)
            watch_pool(handle.engine)
            serve_metrics(metrics_port)
        keeping = daily_retention(handle, cipher, settings)
        with working(handle, slot=slot, n_shares=n_shares, keeping=keeping):
            # What was left behind is taken up meanwhile; what is said here may be relied on.
            until_warm()
            out.print(f"Working in slot {slot}; end with Ctrl-C.")
            os.read(told, 1)
    # Threads of runs that are being joined would keep the process; their work is taken up by the next one.
    leave_process(0)


@worker_cli.command()
def status(database: DatabaseOption = None) -> None:
    """Show slots and open runs."""
    with opened(database) as (_, handle, _cipher), handle.read() as session:
        slots = Table("slot", "machine", "process", "last beat", "state", title="slots")
        for row in session.exec(select(WorkerSlot).order_by(col(WorkerSlot.name))):
            state = "working" if row.ended_at is None else f"ended, adopted by {row.adopted_by or 'nobody'}"
            slots.add_row(row.name, row.host, str(row.process_id), f"{row.beat_at:%Y-%m-%d %H:%M:%S}", state)
        out.print(slots)
        runs = Table("run", "state", "since", "counties solved", title="open runs")
        open_runs = select(MatchRun).where(col(MatchRun.state).in_(OPEN_RUN_STATES)).order_by(col(MatchRun.created_at))
        for run in session.exec(open_runs):
            solved = session.exec(select(MatchShare.result).where(MatchShare.run_id == run.id)).all()
            n_solved = sum(result is not None for result in solved)
            runs.add_row(str(run.id), run.state, f"{run.created_at:%Y-%m-%d %H:%M:%S}", f"{n_solved} of {len(solved)}")
        out.print(runs)
