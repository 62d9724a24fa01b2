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
from app.models.vocabulary import ExportForm, ExportFormat, ImportState, MaskLevel, RosterLayout, RowOrder
from app.rosters.exporter import ExportDraft, export_form
from app.rosters.importer import upload_workbook
from app.rosters.pdffont import FontChain
from app.services.exports import save_export
from app.services.imports import commit_import, discard_import
from app.services.places import division_by_code

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
    purpose: Annotated[str, typer.Option(help="What the file is for; recorded, and printed on it.")],
    roster_id: Annotated[UUID | None, typer.Argument(help="Published roster, for the forms made of one")] = None,
    form: Annotated[ExportForm | None, typer.Option(help="What to print; the roster itself unless stated.")] = None,
    program: Annotated[
        UUID | None, typer.Option(help="Programme whose roster is in force, instead of a roster")
    ] = None,
    plan: Annotated[UUID | None, typer.Option(help="Plan whose empty seats are listed")] = None,
    division: Annotated[str | None, typer.Option(help="Code of the division, for the forms of present data")] = None,
    file_format: Annotated[ExportFormat, typer.Option("--format")] = ExportFormat.XLSX,
    layout: Annotated[RosterLayout, typer.Option()] = RosterLayout.WIDE,
    mask: Annotated[MaskLevel, typer.Option()] = MaskLevel.STANDARD,
    order: Annotated[RowOrder, typer.Option()] = RowOrder.OFFICIAL,
    folder: Annotated[Path, typer.Option("--out")] = Path("out"),
    database: DatabaseOption = None,
) -> None:
    """Write a form to a file; the hand-out is recorded with its checksum."""
    with opened(database) as (settings, handle, _cipher):
        division_id = None
        if division is not None:
            with handle.read() as session:
                division_id = division_by_code(session, division).id
        draft = ExportDraft(
            form=form,
            roster_id=roster_id,
            program_id=program,
            plan_id=plan,
            division_id=division_id,
            format=file_format,
            layout=layout,
            mask_level=mask,
            order=order,
            purpose=purpose,
        )
        job = export_form(handle, SYSTEM_VIEWER, draft, chain=FontChain(settings.pdf_font))
        out.print(f"{save_export(job, folder)}  sha256 {job.file_sha256}")
