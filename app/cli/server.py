"""``touyan serve``, ``migrate``, ``schema``: the server, its tables and its document."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.cli.tools import DatabaseOption, opened
from app.jobs.engine import migrate_jobs
from migrations.runner import upgrade

out = Console()


def migrate(database: DatabaseOption = None) -> None:
    """Bring the database to the newest schema."""
    with opened(database) as (_, handle, cipher):
        upgrade(handle.engine, cipher=cipher)
        migrate_jobs(handle.engine.url.render_as_string(hide_password=False))
        out.print("Database is up to date.")


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default: TOUYAN_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default: TOUYAN_PORT.")] = None,
    database: DatabaseOption = None,
) -> None:
    """Run the GraphQL server."""
    import uvicorn

    from app.lines import LOGGING, Line
    from app.main import create_app
    from schema.asgi import MAX_BODY_BYTES

    with opened(database) as (settings, handle, cipher):
        app = create_app(settings, handle, cipher)
        uvicorn.run(
            app,
            host=host or settings.host,
            port=port or settings.port,
            loop="uvloop",
            http="httptools",
            ws=Line,
            ws_max_size=MAX_BODY_BYTES,
            log_config=LOGGING,
        )


def schema(
    write: Annotated[bool, typer.Option("--write", help="Write schema/schema.graphql instead of printing.")] = False,
    release: Annotated[
        bool, typer.Option("--release", help="Write schema/released.graphql: later changes are measured against it.")
    ] = False,
) -> None:
    """Print the GraphQL schema."""
    from schema.contract import RELEASED_FILE
    from schema.export import sdl

    if release:
        RELEASED_FILE.write_text(sdl(), encoding="utf-8")
    elif write:
        Path("schema/schema.graphql").write_text(sdl(), encoding="utf-8")
    else:
        typer.echo(sdl(), nl=False)
