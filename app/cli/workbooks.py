"""``touyan import`` and ``export``: county workbooks in, rosters out."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from sqlmodel import select

from app.access import SYSTEM_VIEWER, Viewer
from app.cli.tools import DatabaseOption, err, opened
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.models import ImportIssue
from app.models.vocabulary import ExportFormat, ImportState, MaskLevel
from app.rosters.exporter import ExportDraft, RosterLayout, export_roster
from app.rosters.importer import upload_workbook
from app.services.exports import save_export
from app.services.imports import commit_import, discard_import

out = Console()


def import_(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Workbooks (.xlsx)")],
    county: Annotated[str, typer.Option(help="Code of the county the people belong to, e.g. 520624")],
    commit: Annotated[bool, typer.Option(help="Write to the tables; without it only the preview is shown.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Preview workbooks and, with --commit, write them; a file with errors is refused whole."""
    failed = False
    with opened(database) as (_, handle, cipher):
        for path in files:
            failed |= not import_workbook(handle, cipher, SYSTEM_VIEWER, path, county, commit=commit)
    if failed:
        raise typer.Exit(1)


def import_workbook(
    handle: Database, cipher: PersonalDataCipher, viewer: Viewer, path: Path, county: str, *, commit: bool
) -> bool:
    """Upload one workbook, show its preview, commit it when asked; ``False`` when it has errors."""
    batch = run_in_transaction(
        handle,
        lambda session: upload_workbook(
            session, viewer, cipher, county_code=county, file_name=path.name, data=path.read_bytes()
        ),
    )
    counts = ", ".join(f"{key} {value}" for key, value in batch.counts.items())
    out.print(f"{escape(path.name)}: {counts}")
    with handle.read() as session:
        issues = session.exec(select(ImportIssue).where(ImportIssue.batch_id == batch.id)).all()
    for issue in issues:
        colour = "red" if issue.severity == "ERROR" else "yellow"
        where = escape(f"{issue.sheet}!{issue.cell}")
        out.print(f"  [{colour}]{issue.severity}[/{colour}] {where} {issue.code}: {escape(issue.message)}")
    if batch.state is ImportState.HAS_ERRORS:
        run_in_transaction(handle, lambda session: discard_import(session, viewer, batch.id))
        err.print("Nothing was written: correct the cells above and import the file again. 未写入任何数据。")
        return False
    if commit:
        run_in_transaction(handle, lambda session: commit_import(session, viewer, cipher, batch.id))
        out.print("  committed 已提交")
    else:
        run_in_transaction(handle, lambda session: discard_import(session, viewer, batch.id))
        out.print("  preview only; add --commit to write 仅预览")
    return True


def export(
    roster_id: Annotated[UUID, typer.Argument(help="Published roster")],
    purpose: Annotated[str, typer.Option(help="What the file is for; recorded.")],
    file_format: Annotated[ExportFormat, typer.Option("--format")] = ExportFormat.XLSX,
    layout: Annotated[RosterLayout, typer.Option()] = RosterLayout.WIDE,
    mask: Annotated[MaskLevel, typer.Option()] = MaskLevel.STANDARD,
    folder: Annotated[Path, typer.Option("--out")] = Path("out"),
    database: DatabaseOption = None,
) -> None:
    """Write a roster to a file; the hand-out is recorded with its checksum."""
    with opened(database) as (_, handle, _cipher):
        draft = ExportDraft(
            roster_id=roster_id, format=file_format, layout=layout, mask_level=mask, purpose=purpose, county_id=None
        )
        job = run_in_transaction(handle, lambda session: export_roster(session, SYSTEM_VIEWER, draft))
        out.print(f"{save_export(job, folder)}  sha256 {job.file_sha256}")
