"""Tables of access: API tokens and the record of what was done."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field

from app.db import utc_now
from app.models.columns import Row, TrackedRow, enum_field, instant_field, json_field
from app.models.vocabulary import Role


class ApiToken(TrackedRow, table=True):
    """A bearer token, stored as a hash: who it stands for, with which role, over which division, until when."""

    __tablename__ = "api_token"

    token_hash: str = Field(max_length=64, unique=True)
    label: str = Field(max_length=80)
    role: Role = enum_field(Role)
    division_id: UUID | None = Field(default=None, foreign_key="division.id")
    person_id: UUID | None = Field(default=None, foreign_key="person.id")
    expires_at: datetime = instant_field()
    revoked_at: datetime | None = instant_field(default=None)


class AuditEvent(Row, table=True):
    """One thing somebody did that must be answerable for years; appended only, without personal values."""

    __tablename__ = "audit_event"

    at: datetime = instant_field(default_factory=utc_now, index=True)
    actor: str = Field(max_length=80)
    role: Role = enum_field(Role)
    action: str = Field(max_length=40, index=True)
    target: str = Field(max_length=120)
    detail: dict[str, Any] = json_field(default_factory=dict)
