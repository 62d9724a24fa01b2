"""``touyan user``: the first administrator, and help when nobody can sign in any more."""

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import Session, col, select

from app.access import SYSTEM_VIEWER, Permission
from app.access.offices import local_day, office_on
from app.cli.tools import DatabaseOption, opened
from app.db import run_in_transaction, utc_now
from app.errors import NotFoundError
from app.labels import label
from app.models import Division, Person, UserAccount
from app.models.vocabulary import Role, UserState
from app.services import access
from app.services.places import division_by_code

user_cli = typer.Typer(no_args_is_help=True, help="Users: the first administrator, and a way back in.")
out = Console()

Login = Annotated[str, typer.Argument(help="Login of the user")]


@user_cli.command("create")
def user_create(
    login: Login,
    name: Annotated[str, typer.Option(help="Name of the user")],
    role: Annotated[Role, typer.Option(help="What the user may do")],
    division: Annotated[str | None, typer.Option(help="Division code; none: the whole country")] = None,
    person: Annotated[str | None, typer.Option(help="编号 of the person (roles MENTOR and MENTEE)")] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last day of the office, YYYY-MM-DD; open unless stated"),
    ] = None,
    allow: Annotated[list[Permission] | None, typer.Option(help="Permission given by name")] = None,
    database: DatabaseOption = None,
) -> None:
    """Enter a user with an office from today on; prints the first password, once."""
    with opened(database) as (_, handle, _cipher):
        user_draft = access.UserDraft(login=login, name=name)
        first = access.first_password(user_draft)

        def unit(session: Session) -> None:
            place = division_by_code(session, division) if division else None
            holder = session.exec(select(Person).where(Person.code == person)).first() if person else None
            if person and holder is None:
                raise NotFoundError(f"No person with code {person}.", f"没有编号为 {person} 的人员。")
            user = access.create_user(session, SYSTEM_VIEWER, user_draft, first)
            draft = access.OfficeDraft(
                user_id=user.id,
                role=role,
                division_id=None if place is None else place.id,
                person_id=None if holder is None else holder.id,
                valid_from=local_day(utc_now()),
                valid_to=None if until is None else until.date(),
                explicit_permissions=tuple(allow or ()),
            )
            access.give_office(session, SYSTEM_VIEWER, draft, first)

        run_in_transaction(handle, unit)
        typer.echo(first.clear)


@user_cli.command("reset-password")
def user_reset_password(login: Login, database: DatabaseOption = None) -> None:
    """Give a user a new first password and end a lock-out; prints it, once."""
    with opened(database) as (_, handle, _cipher):
        first = access.new_first_password()
        run_in_transaction(
            handle, lambda session: access.reset_password(session, SYSTEM_VIEWER, _user(session, login).id, first)
        )
        typer.echo(first.clear)


@user_cli.command("disable")
def user_disable(login: Login, database: DatabaseOption = None) -> None:
    """Disable a user; every session and token of the user ends."""
    with opened(database) as (_, handle, _cipher):
        run_in_transaction(
            handle,
            lambda session: access.update_user(
                session, SYSTEM_VIEWER, _user(session, login).id, state=UserState.DISABLED
            ),
        )
        typer.echo(f"{login} is disabled.")


@user_cli.command("list")
def user_list(database: DatabaseOption = None) -> None:
    """All users with their offices of today."""
    with opened(database) as (_, handle, _cipher), handle.read() as session:
        table = Table("login", "name", "state", "role", "division", "last sign-in")
        today = local_day(utc_now())
        for user in session.exec(select(UserAccount).order_by(col(UserAccount.login))):
            office = office_on(session, user.id, today)
            place = session.get(Division, office.division_id) if office and office.division_id else None
            seen = user.last_sign_in_at
            table.add_row(
                user.login,
                user.name,
                label(user.state),
                "" if office is None else label(office.role),
                "" if place is None else f"{place.code} {place.name}",
                "" if seen is None else f"{seen:%Y-%m-%d %H:%M} UTC",
            )
        out.print(table)


def _user(session: Session, login: str) -> UserAccount:
    user = session.exec(select(UserAccount).where(col(UserAccount.login) == login.strip().lower())).first()
    if user is None:
        raise NotFoundError(f"No user with login {login}.", f"没有登录名为 {login} 的用户。")
    return user
