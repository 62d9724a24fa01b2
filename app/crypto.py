"""Encryption and keyed hashes of personal columns (class B of the privacy rules: ID number, phone).

Encryption is Fernet (AES-128-CBC with HMAC-SHA256) through ``MultiFernet``, so that keys can be rotated: the first
key encrypts, all keys decrypt. The look-up hash is HMAC-SHA256 under a key derived from the *last* (oldest) data key,
so it stays the same while newer keys are put in front; without that key all phone numbers cannot be tried out.
"""

import hmac
from collections.abc import Sequence
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import ConfigurationError


class WrongDataKeyError(Exception):
    """A stored value that none of the present data keys opens."""


class PersonalDataCipher:
    """Encrypts, decrypts and hashes single personal values under the keys of this installation."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ConfigurationError("no data key: set TOUYAN_DATA_KEYS")
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise ConfigurationError("a data key in TOUYAN_DATA_KEYS is not a 32-byte url-safe base64 key") from error
        self._hash_key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"touyan look-up hash").derive(
            keys[-1].encode("ascii")
        )

    def encrypt(self, value: str) -> str:
        """The value as a Fernet token (ASCII); the same value gives another token each time."""
        return self._fernet.encrypt(value.encode("utf-8")).decode("ascii")

    def decrypt(self, token: str) -> str:
        """The clear value of a token; raises ``WrongDataKeyError`` when no present key opens it."""
        try:
            return self._fernet.decrypt(token.encode("ascii")).decode("utf-8")
        except InvalidToken:
            raise WrongDataKeyError("no data key opens this value") from None

    def keyed_hash(self, kind: str, value: str) -> str:
        """64 hex digits, equal for equal values of one kind (``"id_number"``, ``"phone"``) under one installation."""
        return hmac.new(self._hash_key, f"{kind}:{value}".encode(), sha256).hexdigest()
