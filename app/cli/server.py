"""``touyan serve``, ``schema``: the server and its document."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.tools import DatabaseOption, leave_process, opened
from app.presence import Presence
from app.schema_state import require_current


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default: TOUYAN_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default: TOUYAN_PORT.")] = None,
    database: DatabaseOption = None,
) -> None:
    """Run the GraphQL server."""
    from app.main import create_app
    from app.serving import Server

    with opened(database, is_service=True) as (settings, handle, cipher):
        require_current(handle)
        presence = Presence()
        app = create_app(settings, handle, cipher, presence)
        server = Server(
            app, settings, presence, host=host or settings.host, port=port or settings.port, leave=app.state.leave
        )
        server.run()
        code = 0 if server.started else 1
    # Threads of what nobody waits for any more would keep the process.
    leave_process(code)


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
