"""``touyan template``: empty workbooks for a county to fill in."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape

from app.access import SYSTEM_VIEWER
from app.cli.tools import DatabaseOption, err, opened
from app.rosters.templates import template_for
from app.services.imports.records import SheetKind

out = Console()
EVERY = "all"


def template(
    kind: Annotated[str, typer.Argument(help=f"A kind of table ({', '.join(SheetKind)}), or {EVERY}")],
    county: Annotated[str, typer.Option(help="Code of the county whose places the lists offer, e.g. 520624")],
    folder: Annotated[Path, typer.Option("--out", help="Where the workbooks go.")] = Path("out"),
    database: DatabaseOption = None,
) -> None:
    """Write the empty workbook of a kind, or of every kind, with lists of the county's townships and villages."""
    if kind != EVERY and kind.upper() not in SheetKind.__members__:
        err.print(f"No kind {escape(kind)}; there are {', '.join(SheetKind)} and {EVERY}. 没有该类模板。")
        raise typer.Exit(2)
    kinds = list(SheetKind) if kind == EVERY else [SheetKind[kind.upper()]]
    with opened(database) as (_, handle, _cipher):
        today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
        with handle.read() as session:
            made = [template_for(session, SYSTEM_VIEWER, each, county, today=today) for each in kinds]
        folder.mkdir(parents=True, exist_ok=True)
        for each in made:
            path = folder / each.file_name
            path.write_bytes(each.content)
            out.print(escape(str(path)), soft_wrap=True)
