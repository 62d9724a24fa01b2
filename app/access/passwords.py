"""Passwords: what is accepted, and their Argon2id hashes."""

from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from app.errors import InvalidInputError

SHORTEST, LONGEST = 12, 128
"""Characters of a password: length is what makes it strong; beyond the longest, hashing would only cost time."""

FEWEST_DIFFERENT = 5
"""Different characters that a password has at least."""

HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
"""Argon2id with the second recommended parameters of RFC 9106: 64 MiB, three passes, four lanes."""

NOBODY = HASHER.hash("the password of nobody")
"""Looked at for an unknown login, so that its refusal takes as long as that of a known one."""


def normal(password: str) -> str:
    """A password in the one spelling (NFC) in which it is hashed: keyboards spell the same letters differently."""
    return normalize("NFC", password)


def hash_password(password: str) -> str:
    """The salted hash of a password, with its parameters."""
    return HASHER.hash(normal(password))


def is_password(stored: str, password: str) -> bool:
    """Whether a password belongs to a stored hash; takes some 50 ms of two cores and 64 MiB."""
    try:
        return HASHER.verify(stored, normal(password))
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


def must_hash_anew(stored: str) -> bool:
    """Whether a hash was made with parameters other than today's."""
    return HASHER.check_needs_rehash(stored)


def require_strong_password(password: str, *, login: str, path: tuple[str, ...] = ("password",)) -> None:
    """Raise ``InvalidInputError`` for a password that is easily guessed, or that no text can hold."""
    password = normal(password)
    if any("\ud800" <= character <= "\udfff" for character in password):
        raise InvalidInputError(
            "The password holds half a character (a lone surrogate); choose another.",
            "密码含不完整的字符，请更换。",
            path=path,
        )
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInputError(
            f"A password has {SHORTEST} to {LONGEST} characters; a sentence is a good one.",
            f"密码长度应为{SHORTEST}至{LONGEST}个字符，建议使用一句话。",
            path=path,
        )
    if login.casefold() in password.casefold() or len(set(password)) < FEWEST_DIFFERENT:
        raise InvalidInputError(
            f"The password contains the login, or fewer than {FEWEST_DIFFERENT} different characters; choose another.",
            f"密码包含登录名，或不同字符少于{FEWEST_DIFFERENT}个，请更换。",
            path=path,
        )
