"""Empty workbooks to be filled in: ``GET /templates/{kind}?county=CODE``."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.access import Viewer
from app.access.cookies import secret_of
from app.access.grants import Grant
from app.db import Database
from app.errors import AppError, DatabaseUnavailableError, ForbiddenError, NotFoundError
from app.http.exports import MEDIA_TYPES, content_disposition
from app.models.vocabulary import ExportFormat
from app.reads.access import find_grant_for_cookie, find_grant_for_header
from app.rosters.templates import Template, template_for
from app.services.imports.records import SheetKind

CHINA = ZoneInfo("Asia/Shanghai")
_PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Vary": "Cookie"}


async def download_template(request: Request) -> Response:
    """The workbook of a kind for a county of the viewer's territory; it holds places and no people."""
    database: Database = request.app.state.database
    try:
        grant = await _grant(request, database)
        if grant is None:
            refusal = _refusal(401, "UNAUTHENTICATED", "Sign in with a valid token: Authorization: Bearer <token>.")
            refusal.headers["WWW-Authenticate"] = "Bearer"
            return refusal
        request.state.grant = grant
        kind, county = request.path_params["kind"], request.query_params.get("county", "")
        template = await asyncio.to_thread(_make, database, grant.viewer, kind, county)
    except DatabaseUnavailableError as error:
        return _refusal(503, error.code, error.message)
    except AppError as error:
        return _refusal(403 if isinstance(error, ForbiddenError) else 404, error.code, error.message)
    headers = _PRIVATE | {"Content-Disposition": content_disposition(template.file_name)}
    return Response(template.content, media_type=MEDIA_TYPES[ExportFormat.XLSX], headers=headers)


async def _grant(request: Request, database: Database) -> Grant | None:
    header = request.headers.get("authorization")
    secret = secret_of(request.cookies, is_production=request.app.state.is_production)
    if header is None and secret is not None:
        # A link of our own page: the cookie does not come along with links of other sites.
        return await find_grant_for_cookie(database, secret, csrf=None, is_safe=True)
    return await find_grant_for_header(database, header)


def _make(database: Database, viewer: Viewer, kind: str, county: str) -> Template:
    if kind not in SheetKind.__members__:
        kinds = ", ".join(SheetKind)
        raise NotFoundError(f"No template {kind[:40]}; there are {kinds}.", f"没有模板 {kind[:40]}；可选：{kinds}。")
    with database.read() as session:
        return template_for(session, viewer, SheetKind[kind], county, today=datetime.now(CHINA).date())


def _refusal(status: int, code: str, message: str) -> JSONResponse:
    body = {"errors": [{"message": message, "extensions": {"code": code}}]}
    return JSONResponse(body, status_code=status, headers=_PRIVATE)
