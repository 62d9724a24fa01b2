"""Tables of access: users, their offices, sessions and API tokens, and the record of what was done."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint
from sqlmodel import Field, SQLModel

from app.db import utc_now
from app.models.columns import (
    Pii,
    Row,
    SearchedRow,
    TrackedRow,
    enum_field,
    instant_field,
    json_field,
    personal_field,
)
from app.models.vocabulary import AuditAction, Role, UserState
from app.sealing import FINGERPRINT_LENGTH


class UserAccount(SearchedRow, TrackedRow, table=True):
    """One human being who signs in. Written by administrators; kept, because the trail names its ``login``.

    ``failed_sign_ins`` counts attempts since the last one that succeeded, the present one included: an attempt is
    counted before its password is looked at, so that many at once cannot try more than the limit.
    """

    __tablename__ = "user_account"

    login: str = Field(max_length=40, unique=True)
    name: str = personal_field(Pii.DUTY, max_length=80)
    password_hash: str = Field(max_length=200)
    password_changed_at: datetime = instant_field(default_factory=utc_now)
    must_change_password: bool = True
    state: UserState = enum_field(UserState, default=UserState.ACTIVE)
    failed_sign_ins: int = 0
    locked_until: datetime | None = instant_field(default=None)
    last_sign_in_at: datetime | None = instant_field(default=None)


class Office(TrackedRow, table=True):
    """What a user is in the service for a period: a role over a division, or for one person. Both days included.

    A user has at most one office on any day. Kept for ever: it says who could do what, and when.
    """

    __tablename__ = "office"
    __table_args__ = (CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="period"),)

    user_id: UUID = Field(foreign_key="user_account.id", index=True)
    role: Role = enum_field(Role)
    division_id: UUID | None = Field(default=None, foreign_key="division.id", index=True)
    person_id: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    explicit_permissions: list[str] = json_field(default_factory=list)
    valid_from: date
    valid_to: date | None = None


class UserSession(Row, table=True):
    """One sign-in of one user in one browser; the cookie holds the secret, the table its hash. Deleted after it."""

    __tablename__ = "user_session"

    secret_hash: str = Field(max_length=64, unique=True)
    user_id: UUID = Field(foreign_key="user_account.id", index=True)
    created_at: datetime = instant_field(default_factory=utc_now)
    last_used_at: datetime = instant_field(default_factory=utc_now)
    expires_at: datetime = instant_field()
    ended_at: datetime | None = instant_field(default=None)


class ApiToken(TrackedRow, table=True):
    """A bearer token, stored as a hash: who it stands for, with which role, over which division, until when.

    One that belongs to an ``office`` is worth no more than the office is at the moment of use; one without was made on
    the machine itself. ``scopes`` narrows it to some permissions.
    """

    __tablename__ = "api_token"

    token_hash: str = Field(max_length=64, unique=True)
    label: str = Field(max_length=80)
    role: Role = enum_field(Role)
    division_id: UUID | None = Field(default=None, foreign_key="division.id")
    person_id: UUID | None = Field(default=None, foreign_key="person.id")
    office_id: UUID | None = Field(default=None, foreign_key="office.id", index=True)
    scopes: list[str] | None = json_field(default=None)
    expires_at: datetime = instant_field()
    revoked_at: datetime | None = instant_field(default=None)


class AuditEvent(Row, table=True):
    """One thing somebody did that must be answerable for years; appended only, without personal values.

    Rows are written by ``app.access.chain`` alone, which numbers them and chains them by their hashes (see
    ``app.sealing``); the database refuses to change or delete one.
    """

    __tablename__ = "audit_event"

    sequence: int = Field(unique=True, sa_type=BigInteger)
    at: datetime = instant_field(default_factory=utc_now, index=True)
    actor: str = Field(max_length=80, index=True)
    role: Role = enum_field(Role)
    action: AuditAction = enum_field(AuditAction, index=True)
    target: str = Field(max_length=120, index=True)
    detail: dict[str, Any] = json_field(default_factory=dict)
    territory_code: str = Field(default="", max_length=12)
    # No foreign key: it would take a lock on the county while the head is held, and the trail outlives every row.
    county_id: UUID | None = None
    request_id: str | None = Field(default=None, max_length=64, index=True)
    previous_hash: str = Field(max_length=64)
    entry_hash: str = Field(max_length=64)


class AuditHead(SQLModel, table=True):
    """The end of the audit trail, one row: how many entries there are, the hash of the last one, and the seal."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    n_entries: int = Field(sa_type=BigInteger)
    entry_hash: str = Field(max_length=64)
    sealed_at: datetime = instant_field()
    seal: str | None = Field(default=None, max_length=64)
    """Missing only until `touyan migrate` seals an unused database: the tables can be made without a key."""
    key_fingerprint: str | None = Field(default=None, max_length=FINGERPRINT_LENGTH)
