"""Reading access: who a token stands for, and the division that is the viewer's territory."""

import asyncio
from collections.abc import Iterable
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Grant, Viewer, find_grant, grants_by_token
from app.db import Database
from app.models import Division


async def find_grant_for_header(database: Database, authorization: str | None) -> Grant | None:
    """What an ``Authorization: Bearer`` header gives, looked up on a worker thread; ``None`` for anything else."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None

    def look_up() -> Grant | None:
        with database.read() as session:
            return find_grant(session, token.strip())

    return await asyncio.to_thread(look_up)


def viewers_of_tokens(database: Database, token_ids: Iterable[UUID]) -> dict[UUID, Viewer]:
    """Whom tokens stand for at this moment; those that expired or were revoked are left out."""
    with database.read() as session:
        return {token_id: grant.viewer for token_id, grant in grants_by_token(session, token_ids).items()}


def territory_division(session: Session, viewer: Viewer) -> Division | None:
    """The division in force that is the viewer's territory; ``None`` for the whole country."""
    if not viewer.code_prefix:
        return None
    code = viewer.code_prefix.ljust(12, "0")
    newest = select(Division).where(col(Division.code) == code).order_by(col(Division.valid_from).desc())
    return session.exec(newest).first()
