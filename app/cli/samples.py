"""``touyan sample``, ``program``, ``demo``: the places and invented people of the samples."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.access import SYSTEM_VIEWER
from app.cli.tools import DatabaseOption, opened, progress_bar, refusals_as_exit_codes
from app.db import run_in_transaction
from app.demo import create_sample_program, run_demo
from app.sample.catalog import DEFAULT_SEED, PROGRAMS, SAMPLES, Sample
from app.sample.load import load_places, write_workbooks

out = Console()


def known_sample(name: str) -> str:
    """The name of a sample; wrong usage when there is none of that name."""
    if name not in SAMPLES:
        raise typer.BadParameter(f"there is no sample {name!r}; choose one of {', '.join(SAMPLES)}")
    return name


def sample(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(SAMPLES)}")],
    folder: Annotated[Path, typer.Option("--out", help="Where the workbooks go.")] = Path("out/workbooks"),
    seed: Annotated[int, typer.Option(help="The same seed writes the same people.")] = DEFAULT_SEED,
    database: DatabaseOption = None,
) -> None:
    """Load the places of a sample and write its people as county workbooks."""
    with opened(database) as (_, handle, _cipher):
        chosen = Sample(known_sample(name), seed)
        with progress_bar(f"{name}: places") as bar:
            run_in_transaction(handle, lambda session: load_places(session, SYSTEM_VIEWER, chosen))
            paths = write_workbooks(
                chosen,
                folder,
                on_progress=lambda done, total: bar.update(bar.task_ids[0], completed=done, total=total),
            )
        out.print(f"{len(paths)} workbook(s) in {folder}")


def program(
    name: Annotated[str, typer.Argument(help=f"Sample whose programme to create: {', '.join(SAMPLES)}")],
    database: DatabaseOption = None,
) -> None:
    """Create the pairing programme of a sample and print its id."""
    with opened(database) as (_, handle, _cipher):
        described = PROGRAMS[known_sample(name)]
        row = run_in_transaction(handle, lambda session: create_sample_program(session, SYSTEM_VIEWER, described))
        out.print(f"{row.id}  {row.name}")


def demo(
    folder: Annotated[Path, typer.Option("--out", help="Database, workbooks and rosters go here.")] = Path("out"),
) -> None:
    """From county workbooks to published rosters, with a summary."""
    with refusals_as_exit_codes():
        run_demo(folder, out)
