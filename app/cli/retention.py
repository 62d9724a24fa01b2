"""``touyan retention``: letting go what is kept no longer, and making a person who left a pseudonym."""

from typing import Annotated

import typer
from rich.console import Console
from sqlmodel import Session, select

from app.access import SYSTEM_VIEWER
from app.cli.tools import DatabaseOption, err, opened
from app.db import run_in_transaction, utc_now
from app.errors import NotFoundError
from app.models import Person
from app.services.privacy.pseudonyms import pseudonymise_person
from app.services.privacy.retention import RetentionFailedError, RetentionRules, apply_retention, count_due

retention_cli = typer.Typer(no_args_is_help=True, help="What is kept no longer than it is needed.")
out = Console()


@retention_cli.command("apply")
def retention_apply(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much is due.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Let go what is due by the settings TOUYAN_KEEP_…; workers do the same every day."""
    with opened(database) as (settings, handle, cipher):
        rules, now = RetentionRules.of(settings), utc_now()
        if dry_run:
            _tell(count_due(handle, rules, now), " due")
            return
        counts: dict[str, int] = {}
        try:
            for counts in apply_retention(handle, cipher, rules, now):  # noqa: B007 - the last ones are told
                pass
        except RetentionFailedError as fault:
            err.print(f"[red]RETENTION[/red] {fault}", soft_wrap=True)
            raise typer.Exit(1) from fault
        finally:
            _tell(counts)


@retention_cli.command("pseudonymise")
def retention_pseudonymise(
    code: Annotated[str, typer.Argument(help="编号 of the person")], database: DatabaseOption = None
) -> None:
    """Make a person who takes part in nothing any more a pseudonym; there is no way back."""
    with opened(database) as (_, handle, cipher):

        def unit(session: Session) -> None:
            person = session.exec(select(Person).where(Person.code == code)).first()
            if person is None:
                raise NotFoundError(f"No person with code {code}.", f"没有编号为 {code} 的人员。")
            pseudonymise_person(session, SYSTEM_VIEWER, cipher, person.id)

        run_in_transaction(handle, unit)
        handle.empty_log()
        out.print(f"{code} is a pseudonym now.")


def _tell(counts: dict[str, int], word: str = "") -> None:
    for name, count in counts.items():
        out.print(f"{name}: {count}{word}")
