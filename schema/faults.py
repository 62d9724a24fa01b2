"""What a client may know of an error, over whichever transport."""

import logging
import re
from typing import Any
from uuid import uuid4

from graphql import GraphQLError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from app.errors import AppError
from app.observe import metrics
from app.observe.logs import place_of
from app.request_id import request_id
from schema.problems import extensions_of

logger = logging.getLogger("touyan.graphql")


REASONS: dict[type[Exception], str] = {
    CannotGetOperationTypeError: "The document has no operation, or none of that name.",
    InvalidOperationTypeError: "Operations of this kind are not accepted by GET.",
}
"""What the library means by errors that it tells streams as faults."""

SUGGESTION = re.compile(r" Did you mean [^?]*\?")
"""How graphql-core offers names that a client may have meant, behind what is wrong."""


def told(error: GraphQLError, *, suggests: bool) -> Any:
    """What the client may know of an error: all of a refusal or a mistake in the document, only an id of a fault.

    Mistakes come with names that may have been meant only where the service ``suggests`` them.
    """
    original = error.original_error
    while isinstance(original, GraphQLError) and original.original_error is not None:
        original = original.original_error
    formatted: dict[str, Any] = dict(error.formatted)
    if isinstance(original, AppError):
        logger.info("refused: %s", original.code)
        metrics.errors.labels(original.code).inc()
        formatted["message"] = original.message
        formatted["extensions"] = extensions_of(original)
        return formatted
    if original is None or isinstance(original, GraphQLError):
        logger.info("bad document")
        metrics.errors.labels("BAD_DOCUMENT").inc()
        if not suggests:
            formatted["message"] = SUGGESTION.sub("", formatted["message"])
        formatted.setdefault("extensions", {"code": "BAD_DOCUMENT"})
        return formatted
    if isinstance(original, CannotGetOperationTypeError | InvalidOperationTypeError):
        logger.info("bad operation")
        metrics.errors.labels("BAD_REQUEST").inc()
        formatted["message"] = REASONS[type(original)]
        formatted["extensions"] = {"code": "BAD_REQUEST"}
        return formatted
    return formatted | fault(original)


def fault(original: BaseException) -> dict[str, Any]:
    """What the client is told of a fault; the place of it goes to the log, under the same id."""
    error_id = uuid4().hex
    # The text of an exception can hold personal values (parameters of a statement): only its type and place are kept.
    logger.error("fault %s: %s", error_id, place_of(original))
    metrics.errors.labels("INTERNAL").inc()
    message = f"Something went wrong on our side; report error id {error_id}."
    extensions = {"code": "INTERNAL", "errorId": error_id}
    if (own_id := request_id.get()) is not None:
        extensions["requestId"] = own_id
    return {"message": message, "extensions": extensions}
