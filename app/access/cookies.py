"""The cookie of a session and the header that goes with it."""

from collections.abc import Mapping

CSRF_HEADER = "x-csrf-token"


def cookie_name(*, is_production: bool) -> str:
    """The name of the cookie: in production browsers take it over TLS only, and from this very host."""
    return "__Host-touyan_session" if is_production else "touyan_session"


def secret_of(cookies: Mapping[str, str], *, is_production: bool) -> str | None:
    """The secret of the session in the cookies of a request."""
    return cookies.get(cookie_name(is_production=is_production)) or None
