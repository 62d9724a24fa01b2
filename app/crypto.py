"""Encryption and keyed hashes of personal columns (ID numbers, phones, and free texts of privacy class A).

Encryption is Fernet (AES-128-CBC with HMAC-SHA256). The look-up hash is HMAC-SHA256 under a key derived from a data
key; without that key all phone numbers cannot be tried out. The first data key is the newest: it encrypts and hashes
whatever is written. All of them decrypt, and all of them are asked for when a value is looked up, so that a key can be
put in front at any time, and an old one can leave once no row holds it any more.
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
    """Encrypts, decrypts and hashes single personal values under the keys of this installation, newest first."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ConfigurationError("no data key: set TOUYAN_DATA_KEYS")
        if len(set(keys)) < len(keys):
            raise ConfigurationError("a data key stands twice in TOUYAN_DATA_KEYS")
        try:
            self._fernets = [Fernet(key) for key in keys]
        except ValueError as error:
            raise ConfigurationError("a data key in TOUYAN_DATA_KEYS is not a 32-byte url-safe base64 key") from error
        self._fernet = MultiFernet(self._fernets)
        self._hash_keys = [_derived(key, b"touyan look-up hash") for key in keys]
        self.key_names = tuple(_derived(key, b"touyan key name").hex()[:8] for key in keys)
        """What keys are called where they must be told apart; nothing of a key can be found out from its name."""

    def encrypt(self, value: str) -> str:
        """The value as a Fernet token (ASCII); the same value gives another token each time."""
        return self._fernet.encrypt(value.encode("utf-8")).decode("ascii")

    def decrypt(self, token: str) -> str:
        """The clear value of a token; raises ``WrongDataKeyError`` when no present key opens it."""
        try:
            return self._fernet.decrypt(token.encode("ascii")).decode("utf-8")
        except InvalidToken:
            raise WrongDataKeyError("no data key opens this value") from None

    def key_of(self, token: str) -> int:
        """The place of the key that opens a token, 0 for the newest; raises ``WrongDataKeyError`` when none does."""
        for place, fernet in enumerate(self._fernets):
            try:
                fernet.decrypt(token.encode("ascii"))
            except InvalidToken:
                continue
            return place
        raise WrongDataKeyError("no data key opens this value")

    def keyed_hash(self, kind: str, value: str) -> str:
        """64 hex digits for writing: equal for equal values of one kind (``"id_number"``, ``"phone"``) and one key."""
        return self.keyed_hashes(kind, value)[0]

    def keyed_hashes(self, kind: str, value: str) -> list[str]:
        """For looking up: the hashes that rows may hold of the value, one for each present key, newest first."""
        return [hmac.new(key, f"{kind}:{value}".encode(), sha256).hexdigest() for key in self._hash_keys]


def new_data_key() -> str:
    """A new random key, as ``TOUYAN_DATA_KEYS`` takes it."""
    return Fernet.generate_key().decode("ascii")


def _derived(key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key.encode("ascii"))
