"""Reading access: who a token stands for, and the division that is the viewer's territory."""

import asyncio

from sqlmodel import Session, col, select

from app.access import Viewer, viewer_for_token
from app.db import Database
from app.models import Division


async def viewer_for_header(database: Database, authorization: str | None) -> Viewer | None:
    """The viewer of an ``Authorization: Bearer`` header, looked up on a worker thread; ``None`` for anything else."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None

    def look_up() -> Viewer | None:
        with database.read() as session:
            return viewer_for_token(session, token.strip())

    return await asyncio.to_thread(look_up)


def territory_division(session: Session, viewer: Viewer) -> Division | None:
    """The division in force that is the viewer's territory; ``None`` for the whole country."""
    if not viewer.code_prefix:
        return None
    code = viewer.code_prefix.ljust(12, "0")
    newest = select(Division).where(col(Division.code) == code).order_by(col(Division.valid_from).desc())
    return session.exec(newest).first()
