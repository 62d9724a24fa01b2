"""The command line ``touyan``. Exit codes: 0 done, 1 refused (the message says why), 2 wrong usage."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from cryptography.fernet import Fernet
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlmodel import Session, select

from app.access import SYSTEM_VIEWER, Viewer, create_token
from app.cli_solve import solve
from app.config import Settings, data_keys, get_settings, settings_with_database
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.demo import create_sample_program, run_demo
from app.errors import AppError, ConfigurationError, NotFoundError
from app.models import ImportIssue, MatchPlan, Person, Roster
from app.models.vocabulary import ExportFormat, ImportState, MaskLevel, PlanState, Role, RunMode
from app.rosters.exporter import ExportDraft, RosterLayout, export_roster
from app.rosters.importer import upload_workbook
from app.sample.catalog import DEFAULT_SEED, PROGRAMS, SAMPLES, Sample
from app.sample.load import load_places, write_workbooks
from app.services.exports import save_export
from app.services.imports import commit_import, discard_import
from app.services.places import division_by_code
from app.services.plans import approve_match_plan, submit_match_plan
from app.services.publication import publish_match_plan
from app.services.runs import RunDraft, start_match_run
from migrations.runner import upgrade

# Typer's own tracebacks print local variables, which can hold personal data.
cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Touyan 头雁: mentor matching for village cadres.",
)
token_cli = typer.Typer(no_args_is_help=True, help="Bearer tokens and data keys.")
cli.add_typer(token_cli, name="token")
cli.command()(solve)
out = Console()
err = Console(stderr=True)

DatabaseOption = Annotated[
    str | None, typer.Option("--database", help="Database file or URL; default: TOUYAN_DATABASE_URL.")
]


@contextmanager
def refusals_as_exit_codes() -> Iterator[None]:
    """Print a refusal in both languages and leave with code 1."""
    try:
        yield
    except AppError as error:
        err.print(f"[red]{error.code}[/red] {escape(error.message)}\n{escape(error.message_zh)}")
        raise typer.Exit(1) from error
    except ConfigurationError as error:
        err.print(f"[red]CONFIGURATION[/red] {escape(str(error))}")
        raise typer.Exit(1) from error
    except (OperationalError, ProgrammingError) as error:
        err.print(
            f"[red]DATABASE[/red] {escape(str(error.orig).strip())}\n"
            "Is the server reachable, and is the schema up to date (touyan migrate)? "
            "请检查数据库是否可用，并执行 touyan migrate。"
        )
        raise typer.Exit(1) from error


def settings_for(database: str | None) -> Settings:
    """The settings, with another database when one is named on the command line."""
    if database is None:
        return get_settings()
    return settings_with_database(database if "://" in database else f"sqlite:///{database}")


@contextmanager
def opened(database: str | None) -> Iterator[tuple[Settings, Database, PersonalDataCipher]]:
    """Settings, database and cipher for one command."""
    with refusals_as_exit_codes():
        settings = settings_for(database)
        handle = Database(settings.database_url)
        try:
            yield settings, handle, PersonalDataCipher(data_keys(settings))
        finally:
            handle.dispose()


@contextmanager
def progress_bar(description: str) -> Iterator[Progress]:
    """A progress bar with counts and elapsed time."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        bar.add_task(description, total=None)
        yield bar


def known_sample(name: str) -> str:
    """The name of a sample; wrong usage when there is none of that name."""
    if name not in SAMPLES:
        raise typer.BadParameter(f"there is no sample {name!r}; choose one of {', '.join(SAMPLES)}")
    return name


@cli.command()
def migrate(database: DatabaseOption = None) -> None:
    """Bring the database to the newest schema."""
    with opened(database) as (_, handle, _cipher):
        upgrade(handle.engine)
        out.print("Database is up to date.")


@cli.command()
def sample(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(SAMPLES)}")],
    folder: Annotated[Path, typer.Option("--out", help="Where the workbooks go.")] = Path("out/workbooks"),
    seed: Annotated[int, typer.Option(help="The same seed writes the same people.")] = DEFAULT_SEED,
    database: DatabaseOption = None,
) -> None:
    """Load the places of a sample and write its people as county workbooks."""
    with opened(database) as (_, handle, _cipher):
        chosen = Sample(known_sample(name), seed)
        with progress_bar(f"{name}: places") as bar:
            run_in_transaction(handle, lambda session: load_places(session, SYSTEM_VIEWER, chosen))
            paths = write_workbooks(
                chosen,
                folder,
                on_progress=lambda done, total: bar.update(bar.task_ids[0], completed=done, total=total),
            )
        out.print(f"{len(paths)} workbook(s) in {folder}")


@cli.command("import")
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


@cli.command()
def program(
    name: Annotated[str, typer.Argument(help=f"Sample whose programme to create: {', '.join(SAMPLES)}")],
    database: DatabaseOption = None,
) -> None:
    """Create the pairing programme of a sample and print its id."""
    with opened(database) as (_, handle, _cipher):
        described = PROGRAMS[known_sample(name)]
        row = run_in_transaction(handle, lambda session: create_sample_program(session, SYSTEM_VIEWER, described))
        out.print(f"{row.id}  {row.name}")


@cli.command()
def match(
    program_id: Annotated[UUID, typer.Argument(help="Pairing programme")],
    final: Annotated[bool, typer.Option(help="A FINAL run, whose plan can be submitted.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same plan.")] = 0,
    database: DatabaseOption = None,
) -> None:
    """Run the optimizer and print the plan's figures."""
    mode = RunMode.FINAL if final else RunMode.DRY_RUN
    with opened(database) as (_, handle, _cipher):
        with progress_bar("matching") as bar:

            def show(phase: str, done: int, total: int) -> None:
                bar.update(bar.task_ids[0], description=phase, completed=done, total=total)

            draft = RunDraft(program_id=program_id, mode=mode, seed=seed)
            run_id = start_match_run(handle, SYSTEM_VIEWER, draft, on_progress=show)
        with handle.read() as session:
            plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
        table = Table("level", "value", "bound", "gap", title=f"run {run_id}, plan {plan.id}")
        for level in plan.levels:
            table.add_row(level["name"], f"{level['value']:g}", f"{level['bound']:g}", f"{level['gap']:g}")
        out.print(table)


@cli.command()
def publish(
    plan_id: Annotated[UUID, typer.Argument(help="Plan of a FINAL run")],
    approver: Annotated[str, typer.Option(help="Name of the person who approves")],
    approve_shortfalls: Annotated[bool, typer.Option(help="The approver has seen the unfilled seats.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Submit, approve and publish a plan, each under its own subject, and print the roster's id."""
    with opened(database) as (_, handle, _cipher):
        approving = Viewer(subject="command line approver", role=Role.SYSTEM_ADMIN)

        def unit(session: Session) -> Roster:
            plan = session.get(MatchPlan, plan_id)
            if plan is not None and plan.state is PlanState.PROPOSED:
                submit_match_plan(session, SYSTEM_VIEWER, plan_id)
            if plan is not None and plan.state is PlanState.SUBMITTED:
                approve_match_plan(session, approving, plan_id, approver, approve_shortfalls=approve_shortfalls)
            return publish_match_plan(session, approving, plan_id)

        roster = run_in_transaction(handle, unit)
        out.print(f"roster {roster.id} version {roster.roster_version}: {roster.title}")


@cli.command()
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


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default: TOUYAN_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default: TOUYAN_PORT.")] = None,
    database: DatabaseOption = None,
) -> None:
    """Run the GraphQL server."""
    import uvicorn

    from app.main import create_app

    with opened(database) as (settings, handle, cipher):
        app = create_app(settings, handle, cipher)
        uvicorn.run(
            app, host=host or settings.host, port=port or settings.port, loop="uvloop", http="httptools", ws="none"
        )


@cli.command()
def schema(
    write: Annotated[bool, typer.Option("--write", help="Write schema/schema.graphql instead of printing.")] = False,
) -> None:
    """Print the GraphQL schema."""
    from schema.export import sdl

    if write:
        Path("schema/schema.graphql").write_text(sdl(), encoding="utf-8")
    else:
        typer.echo(sdl(), nl=False)


@cli.command()
def demo(
    folder: Annotated[Path, typer.Option("--out", help="Database, workbooks and rosters go here.")] = Path("out"),
) -> None:
    """From county workbooks to published rosters, with a summary."""
    with refusals_as_exit_codes():
        run_demo(folder, out)


def main() -> None:
    """Entry point of the ``touyan`` command."""
    cli()
