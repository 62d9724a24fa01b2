"""``touyan import`` and ``export``: county workbooks in, rosters out."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from sqlmodel import col, select

from app.access import SYSTEM_VIEWER, Viewer
from app.cli.tools import DatabaseOption, err, opened
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.models import ImportIssue
from app.models.vocabulary import ExportForm, ExportFormat, ImportState, MaskLevel, RosterLayout, RowOrder
from app.rosters.exporter import ExportDraft, export_form
from app.rosters.files.container import read_upload
from app.rosters.importer import receive_and_read
from app.rosters.pdffont import FontChain
from app.services.exports import save_export
from app.services.imports import commit_import, discard_import, undo_import
from app.services.places import division_by_code

out = Console()


def import_(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Workbooks: .xlsx, .xls or .csv")],
    county: Annotated[str, typer.Option(help="Code of the county the people belong to, e.g. 520624")],
    sender: Annotated[
        str | None, typer.Option(help="Code of the township that sent them: its headers are remembered.")
    ] = None,
    commit: Annotated[bool, typer.Option(help="Write to the tables; without it only the preview is shown.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Preview workbooks and, with --commit, write them; a file with errors is refused whole."""
    failed = False
    with opened(database) as (_, handle, cipher):
        for path in files:
            failed |= not import_workbook(handle, cipher, SYSTEM_VIEWER, path, county, sender=sender, commit=commit)
    if failed:
        raise typer.Exit(1)


def import_workbook(
    handle: Database,
    cipher: PersonalDataCipher,
    viewer: Viewer,
    path: Path,
    county: str,
    *,
    commit: bool,
    sender: str | None = None,
) -> bool:
    """Upload one workbook, show its preview, commit it when asked; ``False`` when it has errors."""
    with path.open("rb") as stream:
        data = read_upload(path.name, stream)
    batch = receive_and_read(
        handle, viewer, cipher, county_code=county, file_name=path.name, data=data, sender_code=sender
    )
    counts = ", ".join(f"{key} {value}" for key, value in batch.counts.items())
    out.print(f"{escape(path.name)}: {counts}")
    with handle.read() as session:
        found = select(ImportIssue).where(col(ImportIssue.batch_id) == batch.id).order_by(col(ImportIssue.position))
        issues = session.exec(found).all()
    for issue in issues:
        colour = "red" if issue.severity == "ERROR" else "yellow"
        where = escape(f"{issue.sheet}!{issue.cell}")
        out.print(f"  [{colour}]{issue.severity}[/{colour}] {where} {issue.code}: {escape(issue.message)}")
    if batch.state is ImportState.PARSED:
        run_in_transaction(handle, lambda session: discard_import(session, viewer, batch.id))
        err.print(
            "No header of this file is known. Rename its columns after `touyan template`, or upload it through the "
            "service and say what they are (mapImportSheet). 表头无法识别：请按 touyan template 的模板修改列名，"
            "或通过服务上传后确认表头。"
        )
        return False
    if batch.state is ImportState.HAS_ERRORS:
        run_in_transaction(handle, lambda session: discard_import(session, viewer, batch.id))
        err.print("Nothing was written: correct the cells above and import the file again. 未写入任何数据。")
        return False
    if commit:
        run_in_transaction(handle, lambda session: commit_import(session, viewer, cipher, batch.id))
        out.print(f"  committed 已提交  (to take it back: touyan undo-import {batch.id})")
    else:
        run_in_transaction(handle, lambda session: discard_import(session, viewer, batch.id))
        out.print("  preview only; add --commit to write 仅预览")
    return True


def undo(
    batch: Annotated[UUID, typer.Argument(help="The import, as it was named when it was committed")],
    database: DatabaseOption = None,
) -> None:
    """Take a committed import back: the records are as before. Refused when something builds on it."""
    with opened(database) as (_, handle, cipher):
        done = run_in_transaction(handle, lambda session: undo_import(session, SYSTEM_VIEWER, cipher, batch))
        out.print(f"{escape(done.file_name)}: taken back 已撤销")


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
