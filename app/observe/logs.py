"""The log of all processes: one handler for our own lines and those of the libraries, and what no line may hold.

Lines are JSON for machines or text for the eye. Every line carries the id of its request, and that of its run in jobs.
Of an exception its type and its place are written down, never its text, which can hold values of people.
"""

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.orjson import OrjsonFormatter

from app.request_id import request_id, run_id

ACCESS = logging.getLogger("touyan.access")
"""Where requests and operations over sockets are written down."""

QUIET = ("alembic", "asyncio", "httpx", "sqlalchemy", "urllib3", "websockets")
"""Libraries whose lines begin to matter with warnings."""

OWN_WAYS = ("uvicorn", "uvicorn.access", "uvicorn.error", "dbos")
"""Libraries that may have been given handlers of their own before."""

FIELDS = ("method", "path", "status", "ms", "bytes", "user", "kind", "field", "errors")
"""What a line of the access log holds beside its text, in this order."""


def place_of(error: BaseException) -> str:
    """Types and places of an exception and of those that caused it, without their texts."""
    parts: list[str] = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        parts.append(f"{type(cause).__name__}\n{''.join(traceback.format_tb(cause.__traceback__))}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "caused by ".join(parts).rstrip()


class WithoutValues(logging.Filter):
    """Adds the ids of the context to a record, and takes out of it what stands behind the path of an address."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; none is left out."""
        record.request_id, record.run_id = request_id.get(), run_id.get()
        if record.name.startswith("uvicorn") and isinstance(record.args, tuple):
            # It can hold names and tokens: an operation that is sent by GET carries its variables there.
            record.args = tuple(part.partition("?")[0] if isinstance(part, str) else part for part in record.args)
        return True


class JsonLines(OrjsonFormatter):
    """One JSON object a line."""

    def __init__(self) -> None:
        super().__init__("%(message)s")

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Nothing goes into the line that is not named here: extras of libraries are unknown to us."""
        log_data["at"] = _instant(record)
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data["message"] = record.getMessage()
        for name, key in (("request_id", "requestId"), ("run_id", "runId")):
            if (value := getattr(record, name, None)) is not None:
                log_data[key] = value
        log_data |= {name: record.__dict__[name] for name in FIELDS if name in record.__dict__}
        if "exc_info" in message_dict:
            log_data["fault"] = message_dict["exc_info"]

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the library's name
        """Types and places, without texts."""
        return "" if ei[1] is None else place_of(ei[1])


class TextLines(logging.Formatter):
    """A line for the eye."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; the place of an exception follows below it."""
        ids = [value[:8] for name in ("request_id", "run_id") if (value := getattr(record, name, None)) is not None]
        line = f"{_instant(record)[11:23]} {record.levelname:<7} {record.name} {record.getMessage()}"
        line += f" [{' '.join(ids)}]" if ids else ""
        if isinstance(record.exc_info, tuple) and record.exc_info[1] is not None:
            line += "\n" + place_of(record.exc_info[1])
        return line


def _instant(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class StandardError(logging.StreamHandler[Any]):
    """Writes to the standard error of the moment, wherever that points by then."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        """The present standard error."""
        return sys.stderr


def set_up_logging(*, is_json: bool, level: str = "info") -> None:
    """Send every line of this process through the one handler; what was set up before is replaced."""
    handler = StandardError()
    handler.setFormatter(JsonLines() if is_json else TextLines())
    handler.addFilter(WithoutValues())
    root = logging.getLogger()
    for known in [each for each in root.handlers if isinstance(each, StandardError)]:
        root.removeHandler(known)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in OWN_WAYS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
