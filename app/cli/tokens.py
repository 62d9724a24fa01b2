"""``touyan token``: bearer tokens and data keys."""

from datetime import timedelta
from typing import Annotated

import typer
from cryptography.fernet import Fernet
from sqlmodel import Session, select

from app.access import create_token
from app.cli.tools import DatabaseOption, opened
from app.db import run_in_transaction
from app.errors import NotFoundError
from app.models import Person
from app.models.vocabulary import Role
from app.services.places import division_by_code

token_cli = typer.Typer(no_args_is_help=True, help="Bearer tokens and data keys.")


@token_cli.command("create")
def token_create(
    role: Annotated[Role, typer.Option(help="What the token may do")],
    label: Annotated[str, typer.Option(help="Who holds it")] = "command line",
    division: Annotated[str | None, typer.Option(help="Division code; none: the whole country")] = None,
    person: Annotated[str | None, typer.Option(help="编号 of the person (roles MENTOR and MENTEE)")] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days until it expires")] = 90,
    database: DatabaseOption = None,
) -> None:
    """Print a new bearer token, once; only its hash is stored."""
    with opened(database) as (_, handle, _cipher):

        def unit(session: Session) -> str:
            place = division_by_code(session, division) if division else None
            holder = session.exec(select(Person).where(Person.code == person)).first() if person else None
            if person and holder is None:
                raise NotFoundError(f"No person with code {person}.", f"没有编号为 {person} 的人员。")
            return create_token(
                session, role=role, label=label, division=place, person=holder, valid_for=timedelta(days=days)
            )

        typer.echo(run_in_transaction(handle, unit))


@token_cli.command("new-data-key")
def token_new_data_key() -> None:
    """Print a new key for TOUYAN_DATA_KEYS; put it in front of the older ones."""
    typer.echo(Fernet.generate_key().decode("ascii"))
