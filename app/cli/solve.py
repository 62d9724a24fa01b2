"""The command ``touyan solve``: the engine on a plain assignment instance, without a database."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from matching.errors import MatchingError
from matching.instances import Fairness, Instance, read_instance, read_pins, read_tables
from matching.instances.solve import solve_or_refuse
from matching.vocabulary import SolveStatus

err = Console(stderr=True)

InstanceArgument = Annotated[
    Path,
    typer.Argument(
        exists=True,
        help="An .npz file with S (scores, people x servers), M (1 = conflict; may be absent), d (demands) and "
        "c (capacities); or a folder with scores.csv (one line per person), conflicts.csv (person,server pairs, "
        "0-based; may be absent) and limits.csv (header kind,index,units; lines person,0,3 and server,0,12); "
        "or the file of scores alone, with the others beside it or as options.",
    ),
]
TablesArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[CONFLICTS] [LIMITS]", exists=True, dir_okay=False, help="csv files of the same form."),
]


def _read(instance: Path, tables: list[Path], conflicts: Path | None, limits: Path | None) -> Instance:
    """Read the instance from wherever it is given; refuse files that are given twice or not at all."""
    if not tables and conflicts is None and limits is None and instance.suffix.lower() != ".csv":
        return read_instance(instance)
    if instance.is_dir() or instance.suffix.lower() != ".csv":
        raise typer.BadParameter("conflicts and limits go with a csv file of scores", param_hint="INSTANCE")
    rest = list(tables)
    if limits is None and rest:
        limits = rest.pop()
    if conflicts is None and rest:
        conflicts = rest.pop()
    if rest:
        raise typer.BadParameter("give scores, conflicts and limits once each", param_hint="INSTANCE")
    if limits is None:
        raise typer.BadParameter("a csv file of scores needs the file of limits as well", param_hint="--limits")
    return read_tables(instance, conflicts, limits)


def solve(
    instance: InstanceArgument,
    tables: TablesArgument = None,
    fair: Annotated[
        Fairness,
        typer.Option(
            help="Before the sum: nothing, the lowest total of the fully served, or the ceil(n/10) lowest totals."
        ),
    ] = Fairness.NONE,
    time_limit: Annotated[
        float, typer.Option(min=0.1, max=86_400.0, help="Seconds; a safety net, the search has its own step budget.")
    ] = 60.0,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="The same seed gives the same plan.")] = 0,
    conflicts: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="csv of person,server pairs that may never be made."),
    ] = None,
    limits: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="csv of demands and capacities: kind,index,units."),
    ] = None,
    pins: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="csv of person,server pairs every plan must contain."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the JSON here instead of printing it.")] = None,
) -> None:
    """Solve an assignment instance and print one JSON object with the plan and its certificates.

    Most pairs first, then fairness, then the greatest sum of scores. Exit code 0 with a plan, 1 when refused: the
    message names the entry at fault; clashing pins also give a JSON object with status INFEASIBLE.
    """
    try:
        result = solve_or_refuse(
            _read(instance, tables or [], conflicts, limits),
            fair=fair,
            pins=read_pins(pins) if pins is not None else (),
            time_limit_s=time_limit,
            seed=seed,
        )
    except MatchingError as error:
        err.print(f"[red]{type(error).__name__}[/red] {escape(str(error))}")
        raise typer.Exit(1) from error
    text = json.dumps(result.to_json(), ensure_ascii=False)
    if out is None:
        typer.echo(text)
    else:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            err.print(f"[red]OUT[/red] {escape(str(error))}")
            raise typer.Exit(1) from error
    if result.status is SolveStatus.INFEASIBLE:
        err.print(f"[red]PinConflictError[/red] {escape(result.reason or '')}")
        raise typer.Exit(1)
