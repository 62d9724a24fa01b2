"""The command ``touyan solve``: the engine on a plain assignment instance, without a database."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from matching.errors import MatchingError
from matching.instances import Fairness, read_instance, read_pins
from matching.instances.solve import solve_or_refuse
from matching.vocabulary import SolveStatus

err = Console(stderr=True)

InstanceArgument = Annotated[
    Path,
    typer.Argument(
        exists=True,
        help="An .npz file with S (scores, people x servers), M (1 = conflict; may be absent), d (demands) and "
        "c (capacities); or a folder with scores.csv (one line per person), conflicts.csv (person,server pairs, "
        "0-based; may be absent) and limits.csv (header kind,index,units; lines person,0,3 and server,0,12).",
    ),
]


def solve(
    instance: InstanceArgument,
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
            read_instance(instance),
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
