"""What counts as a fault: an answer that is not one, that tells of the inside, or that tells of other people."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from tests.fuzz.county import Bait

INSIDE = re.compile(
    r"Traceback \(most recent|\bFile \"|site-packages|/(?:usr|home|work|tmp|root|opt|var)/|\.py\b"
    r"|\b(?:sqlalchemy|psycopg|sqlite3?|orjson|strawberry|asyncio|openpyxl|ortools|numpy)\b"
    r"|\bSELECT\b.+\bFROM\b|\bINSERT INTO\b|\bUPDATE\b.+\bSET\b|\bDELETE FROM\b"
    r"|\b(?:UNIQUE|CHECK|FOREIGN KEY) constraint"
    r"|\b[A-Z][a-zA-Z]*(?:Error|Exception|Warning)\b|\bNoneType\b|object at 0x[0-9a-f]|<class '",
)
FAULT_CODES = frozenset({"INTERNAL", "UNAVAILABLE", "STORAGE_FULL", "TIMED_OUT", "RATE_LIMITED"})
"""Codes that no operation may get while the database is well and nobody else asks."""
STATUS_BY_TYPE = {
    "application/json": {200, 400, 413},
    "application/graphql-response+json": {200, 400, 413},
}


class Alarm(logging.Handler):
    """Keeps what is logged as an error; the place of a masked fault stands only there."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        if record.exc_info:
            self.lines.append(logging.Formatter().formatException(record.exc_info))


@contextmanager
def alarm() -> Iterator[Alarm]:
    """Listen to all errors that are logged."""
    handler = Alarm()
    logging.getLogger().addHandler(handler)
    try:
        yield handler
    finally:
        logging.getLogger().removeHandler(handler)


def faults_of(
    status: int, content_type: str, content: bytes, request: str, bait: Bait, *, is_bound: bool
) -> tuple[list[str], dict[str, Any]]:
    """Everything wrong with a response, and its body; ``is_bound``: the asker's territory is the one county."""
    media_type = content_type.partition(";")[0]
    if status not in STATUS_BY_TYPE.get(media_type, set()):
        return [f"status {status} as {content_type}: {content[:300]!r}"], {}
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return ["not JSON"], {}
    found = [*_shape(status, media_type, body), *_errors(body, request)]
    text = orjson.dumps(body).decode()
    # A reveal answers with a number of the own county; with one of the other it never does.
    allowed = bait.revealable if "revealPersonalData" in request else set()
    found += [f"a whole number of somebody: {each}" for each in bait.secrets if each in text and each not in allowed]
    if is_bound:
        found += [f"of the other county: {each}" for each in bait.foreign if each in text and each not in request]
    return found, body if isinstance(body, dict) else {}


def _shape(status: int, media_type: str, body: Any) -> Iterator[str]:
    if not isinstance(body, dict) or not body or set(body) - {"data", "errors", "extensions"}:
        yield "not a GraphQL response"
        return
    if "errors" in body and not (isinstance(body["errors"], list) and body["errors"]):
        yield "empty errors"
    if "data" not in body:
        if "errors" not in body:
            yield "neither data nor errors"
        if media_type == "application/graphql-response+json" and status == 200:
            yield "a request error with status 200"
    elif status != 200:
        yield "data with another status than 200"
    elif not isinstance(body["data"], dict | None):
        yield "data is no object"
    elif body["data"] is None and "errors" not in body:
        yield "no data and no error"


def _errors(body: Any, request: str) -> Iterator[str]:
    if not isinstance(body, dict):
        return
    errors = body.get("errors") or []
    for error in errors:
        code = (error.get("extensions") or {}).get("code")
        if not isinstance(error.get("message"), str) or not error["message"]:
            yield "an error without a message"
            continue
        if not isinstance(code, str) or not code:
            yield f"an error without a code: {error['message'][:200]}"
        if code in FAULT_CODES:
            yield f"{code}: {error['message'][:200]}"
        yield from _telltales(error["message"], request)
    for refusal in _refusals(body.get("data")):
        if refusal["code"] in FAULT_CODES:
            yield f"refused with {refusal['code']}"
        if not refusal["message"] or not refusal["messageZh"]:
            yield f"refused without words: {refusal['code']}"
        yield from _telltales(refusal["message"], request)
        yield from _telltales(refusal["messageZh"], request)


def _telltales(message: str, request: str) -> Iterator[str]:
    yield from (
        f"tells of the inside ({match[0][:60]}): {message[:200]}"
        for match in INSIDE.finditer(message)
        if match[0] not in request
    )


def _refusals(data: Any) -> Iterator[dict[str, Any]]:
    for payload in (data or {}).values():
        if isinstance(payload, dict):
            yield from payload.get("refusals") or []
