"""What makes the audit trail tamper-evident: the hash of an entry, and the keyed seal of the trail's head.

**Entry hash.** SHA-256 over the ASCII text of one JSON array without spaces, keys of objects sorted, everything outside
ASCII escaped as ``\\uXXXX``::

    ["touyan-audit-1", previous_hash, sequence, id, at, actor, role, action, target, detail,
     territory_code, county_id, request_id]

``previous_hash`` is the hash of the entry before, 64 zeros for the first; ``id`` and ``county_id`` are UUIDs in their
36 characters, ``at`` is UTC as ``2026-01-31T08:15:00.123456Z``, what is missing is ``null``. So an entry cannot change
in any column, vanish from the middle or change its place without every later hash becoming another one.

**Seal.** Whoever can write to the database can compute such hashes anew. The head of the trail therefore carries an
HMAC-SHA256 of the number of entries, the hash of the last one and the instant of sealing, under a key that is derived
from a data key of the installation and stands in no database.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import ConfigurationError

FIRST_HASH = "0" * 64
"""What the first entry has in place of the hash of the entry before."""

ENTRY_FORMAT, HEAD_FORMAT = "touyan-audit-1", "touyan-audit-head-1"
"""Names of the two encodings; another encoding gets another name."""

_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":"))

FINGERPRINT_LENGTH = 16
"""Hex digits that name a sealing key without telling anything of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The columns of one entry of the trail, as they are hashed."""

    sequence: int
    id: UUID
    at: datetime
    actor: str
    role: str
    action: str
    target: str
    detail: Mapping[str, Any]
    territory_code: str
    county_id: UUID | None
    request_id: str | None


def entry_hash(previous_hash: str, entry: Entry) -> str:
    """The 64 hex digits that stand for an entry and everything before it."""
    return sha256(_encoded(_content(previous_hash, entry))).hexdigest()


def _content(previous_hash: str, entry: Entry) -> list[object]:
    county = None if entry.county_id is None else str(entry.county_id)
    return [
        ENTRY_FORMAT,
        previous_hash,
        entry.sequence,
        str(entry.id),
        _instant(entry.at),
        entry.actor,
        entry.role,
        entry.action,
        entry.target,
        entry.detail,
        entry.territory_code,
        county,
        entry.request_id,
    ]


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _encoded(content: list[object]) -> bytes:
    return _ENCODER.encode(content).encode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a seal stands for: how many entries there are, the hash of the last one, and since when that is so."""

    n_entries: int
    entry_hash: str
    sealed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SealKey:
    """One key that seals the head of the trail."""

    secret: bytes = field(repr=False)
    fingerprint: str

    @classmethod
    def derived(cls, data_key: str) -> "SealKey":
        """The sealing key that belongs to a data key; neither it nor its fingerprint tells anything of the other."""
        raw = data_key.encode("utf-8")
        return cls(
            secret=_derive(raw, b"touyan audit seal", 32),
            fingerprint=_derive(raw, b"touyan audit seal name", FINGERPRINT_LENGTH // 2).hex(),
        )

    def seal(self, head: Head) -> str:
        """The 64 hex digits that only a holder of the key can make."""
        content = [HEAD_FORMAT, self.fingerprint, head.n_entries, head.entry_hash, _instant(head.sealed_at)]
        return hmac.new(self.secret, _encoded(content), sha256).hexdigest()

    def fits(self, head: Head, seal: str) -> bool:
        """Whether the seal was made of this head with this key."""
        return hmac.compare_digest(self.seal(head).encode("ascii"), seal.encode("utf-8"))


class SealKeys:
    """The sealing keys of this installation, newest first."""

    def __init__(self, keys: Sequence[SealKey]) -> None:
        if not keys:
            raise ConfigurationError("no data key to seal the audit trail with: set TOUYAN_DATA_KEYS")
        self.newest = keys[0]
        self._by_fingerprint = {key.fingerprint: key for key in keys}
        self._fingerprints = [key.fingerprint for key in keys]

    @classmethod
    def of(cls, data_keys: Sequence[str]) -> "SealKeys":
        """The sealing keys that belong to the data keys, newest first."""
        return cls([SealKey.derived(key) for key in data_keys])

    def find_place(self, fingerprint: str | None) -> int | None:
        """The place of a key among the keys, newest first; ``None`` when this installation does not have it."""
        return self._fingerprints.index(fingerprint) if fingerprint in self._fingerprints else None

    def find(self, fingerprint: str | None) -> SealKey | None:
        """The key of a fingerprint; ``None`` when this installation does not have it."""
        return None if fingerprint is None else self._by_fingerprint.get(fingerprint)


def _derive(data_key: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(data_key)
