"""The query page of the development profile, served from this package: an intranet has no content network.

The page's scripts are GraphiQL 3.8.3 and React 18.3.1 (both MIT), stored compressed as published on npm.
"""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent
MEDIA_TYPES = {
    "graphiql.min.js": "text/javascript",
    "graphiql.min.css": "text/css",
    "react.production.min.js": "text/javascript",
    "react-dom.production.min.js": "text/javascript",
}
PAGE = (FOLDER / "index.html").read_text(encoding="utf-8")
"""The page itself; it asks for nothing outside this server."""


def graphiql_asset(request: Request) -> Response:
    """One of the page's files; every browser that runs it understands gzip."""
    name = request.path_params["name"]
    if name not in MEDIA_TYPES:
        raise HTTPException(404)
    return Response(
        (FOLDER / f"{name}.gz").read_bytes(),
        media_type=MEDIA_TYPES[name],
        headers={"Content-Encoding": "gzip", "Cache-Control": "public, max-age=86400"},
    )
