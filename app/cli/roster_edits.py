"""``touyan roster``: a roster that came back as a file, compared with the one in force, and its edits laid down."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlmodel import col, select

from app.access import SYSTEM_VIEWER
from app.cli.tools import DatabaseOption, err, opened
from app.db import Database
from app.models import Mentee, Mentor, Person
from app.rosters.roster_file import read_roster
from app.services.roster_edits import (
    EditDraft,
    RosterComparison,
    RosterEditsDraft,
    apply_roster_edits,
    compare_roster,
)
from app.services.roster_edits.records import Choice

roster_cli = typer.Typer(no_args_is_help=True, help="A roster that was handed out and came back (花名册回导).")
out = Console()

FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Exported roster (.xlsx, .xls, .csv)")]
RosterOption = Annotated[UUID, typer.Option("--roster", help="Roster in force")]
ChooseOption = Annotated[
    list[str] | None, typer.Option("--choose", help="SHEET!CELL=编号 of who is meant there, SHEET!CELL= for nobody")
]


@roster_cli.command()
def compare(
    file: FileArgument, roster_id: RosterOption, choose: ChooseOption = None, database: DatabaseOption = None
) -> None:
    """Show what was changed by hand and what it means; exit code 1 where it is not clear who is meant."""
    with opened(database) as (_, handle, _cipher):
        compared = _compared(handle, file, roster_id, choose or [])
        _show(compared)
    if not compared.is_clear:
        raise typer.Exit(1)


@roster_cli.command()
def apply(
    file: FileArgument,
    roster_id: RosterOption,
    reason: Annotated[str, typer.Option(help="Why; stands in every pin.")],
    choose: ChooseOption = None,
    database: DatabaseOption = None,
) -> None:
    """Lay the edits of a file down as pins and exclusions; refused while it is not clear who is meant."""
    with opened(database) as (_, handle, cipher):
        compared = _compared(handle, file, roster_id, choose or [])
        _show(compared)
        if not compared.is_clear:
            err.print("Nothing was written: say who is meant (--choose), or correct the file. 未写入任何数据。")
            raise typer.Exit(1)
        if not compared.edits:
            out.print("nothing to lay down 无改动")
            return
        edits = tuple(
            EditDraft(
                mentee_id=edit.mentee.id,
                slot_code=edit.slot_code,
                mentor_id=None if edit.mentor is None else edit.mentor.id,
                former_mentor_id=None if edit.former is None else edit.former.id,
            )
            for edit in compared.edits
        )
        draft = RosterEditsDraft(roster_id=roster_id, checksum=compared.checksum, edits=edits, reason=reason)
        done = apply_roster_edits(handle, SYSTEM_VIEWER, cipher, draft)
        out.print(
            f"{len(done.pin_ids)} pin(s), {len(done.exclusion_ids)} exclusion(s) laid down, {done.n_laid_down} were in "
            f"force already; next: touyan repair {done.program_id}"
        )


def _compared(handle: Database, file: Path, roster_id: UUID, choose: list[str]) -> RosterComparison:
    chosen = {cell: key for text in choose for cell, key in [_choice(handle, text)]}
    return compare_roster(handle, SYSTEM_VIEWER, roster_id, read_roster(file.name, file.read_bytes()), chosen=chosen)


def _choice(handle: Database, text: str) -> tuple[str, UUID | None]:
    cell, sign, code = text.rpartition("=")
    if not sign or "!" not in cell:
        raise typer.BadParameter(f"{text!r} is not SHEET!CELL=编号", param_hint="--choose")
    if not code:
        return cell, None
    try:
        return cell, UUID(code)
    except ValueError:
        pass
    with handle.read() as session:
        found = [
            key
            for table in (Mentee, Mentor)
            for key in session.exec(
                select(table.id)
                .join(Person, col(Person.id) == col(table.person_id))
                .where(Person.code == code)
                .order_by(col(table.id))
            )
        ]
    if len(found) != 1:
        raise typer.BadParameter(
            f"{code!r} has {len(found)} records as mentee or mentor; name the record by its id", param_hint="--choose"
        )
    return cell, found[0]


def _show(compared: RosterComparison) -> None:
    """Print everything that differs, and what laying it down means."""
    for note in (*compared.notes, *compared.refusals):
        out.print(f"[yellow]{escape(note.english)}[/yellow] {escape(note.chinese)}")
    if compared.is_identical:
        out.print(f"identical: {compared.n_rows} mentees, {compared.n_same} seats 与花名册一致")
        return
    for row in compared.rows:
        out.print(f"[red]{row.state}[/red] {escape(row.told.english)} {escape(row.told.chinese)}{_listed(row.choices)}")
    for choice in compared.absent:
        out.print(f"{choice.code} is not in the file and keeps the mentors 文件中无此人，结对不变")
    table = Table("cell", "mentee", "slot", "state", "before", "after", "meaning")
    for seat in compared.seats:
        told = [seat.meaning] if seat.meaning is not None else []
        texts = [f"{one.english}\n{one.chinese}" for one in (*told, *seat.refusals)]
        state = f"[red]{seat.state} refused[/red]" if seat.refusals else seat.state.value
        table.add_row(
            escape(seat.cell),
            seat.mentee.code,
            seat.slot_code,
            state + (" (in force already)" if seat.is_laid_down else ""),
            "-" if seat.former is None else seat.former.code,
            "-" if seat.mentor is None else seat.mentor.code,
            escape("\n".join(texts)) + _listed(seat.choices),
        )
    out.print(table)
    for move in compared.moves:
        before, after = (("-" if each is None else each.code) for each in (move.before, move.after))
        out.print(f"a repair would also move 补配还将变动: {move.mentee.code} {move.slot_code} {before} -> {after}")


def _listed(choices: tuple[Choice, ...]) -> str:
    return "".join(f"\n  choose 可选: {choice.code} {escape(choice.place)} ({choice.id})" for choice in choices)
