"""The id under which everything that one request causes can be found again, in answers, logs and events."""

import re
import secrets
from contextvars import ContextVar

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request, or of the operation over a socket, that runs in this context; ``None`` outside of any."""

run_id: ContextVar[str | None] = ContextVar("run_id", default=None)
"""The id of the run that a job in this context works on; ``None`` outside of jobs."""

GIVEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
"""What a caller may give as an id: 8 to 64 characters that mean nothing to a log, a header or a shell."""


def new_request_id() -> str:
    """32 hex digits that no other request has."""
    return secrets.token_hex(16)


def request_id_of(header: str | None) -> str:
    """The id that the header ``X-Request-ID`` gives, or a new one where it gives none that can be used.

    >>> request_id_of("order-2026.11")
    'order-2026.11'
    >>> len(request_id_of("two words")), len(request_id_of(None))
    (32, 32)
    """
    return header if header is not None and GIVEN.fullmatch(header) else new_request_id()
