"""``touyan worker``: a process that works on runs, and a look at who works on what."""

import logging
import os
import signal
import threading
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import col, select

from app.cli.tools import DatabaseOption, opened
from app.db import WORKER_IDLE_LIMIT_S
from app.jobs.worker import working
from app.models import MatchRun, MatchShare, WorkerSlot
from app.models.vocabulary import OPEN_RUN_STATES
from matching.apart import until_warm

worker_cli = typer.Typer(help="Work on runs in this process, until it is told to end.")
out = Console()


@worker_cli.callback(invoke_without_command=True)
def work(
    context: typer.Context,
    slot: Annotated[str, typer.Option(help="Name of the place this process takes; one live process each.")] = "w1",
    shares: Annotated[int | None, typer.Option(help="Counties solved at a time; the cores of the machine.")] = None,
    database: DatabaseOption = None,
) -> None:
    """Work on runs until SIGTERM or Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    is_over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: is_over.set())
    n_shares = shares or os.cpu_count() or 1
    with (
        opened(database, idle_limit_s=WORKER_IDLE_LIMIT_S) as (_, handle, _cipher),
        working(handle, slot=slot, n_shares=n_shares),
    ):
        # What was left behind is taken up meanwhile; what is said here may be relied on.
        until_warm()
        out.print(f"Working in slot {slot}; end with Ctrl-C.")
        is_over.wait()
    # Threads of runs that are being joined would keep the process; their work is taken up by the next one.
    logging.shutdown()
    os._exit(0)


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
