"""Whether the service can answer: the process is up and the database responds."""

import asyncio

from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse

from app.db import Database
from app.errors import DatabaseUnavailableError


async def health(request: Request) -> JSONResponse:
    """200 with ``ok``, or 503 when the database does not respond; needs no token and tells nothing else."""
    database: Database = request.app.state.database

    def ask() -> None:
        with database.read() as session:
            session.execute(text("SELECT 1"))

    try:
        await asyncio.to_thread(ask)
    except DatabaseUnavailableError:
        return JSONResponse({"status": "database unavailable"}, status_code=503)
    return JSONResponse({"status": "ok"})
