"""What a credential gives: whom it stands for, and until when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.access.viewers import Viewer


class CredentialKind(StrEnum):
    """By what somebody shows who it is."""

    TOKEN = "TOKEN"
    SESSION = "SESSION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One token or one session, by its key; the secret itself is never kept."""

    kind: CredentialKind
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a credential gives."""

    viewer: Viewer
    credential: Credential
    expires_at: datetime
