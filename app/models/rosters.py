"""Tables of rosters and of what is handed out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from app.models.columns import (
    CountyRow,
    Pii,
    TrackedRow,
    enum_field,
    instant_field,
    json_field,
    personal_field,
    personal_json_field,
)
from app.models.vocabulary import (
    ExportFormat,
    ExportState,
    MaskLevel,
    ProgramKind,
    RosterState,
)


class Roster(TrackedRow, table=True):
    """One published version of a programme's roster; it never changes, corrections are the next version."""

    __tablename__ = "roster"
    __table_args__ = (UniqueConstraint("program_id", "roster_version"),)

    program_id: UUID = Field(foreign_key="pairing_program.id", index=True)
    plan_id: UUID | None = Field(default=None, foreign_key="match_plan.id", index=True)
    roster_version: int
    kind: ProgramKind = enum_field(ProgramKind)
    state: RosterState = enum_field(RosterState)
    title: str = Field(max_length=200)
    published_at: datetime = instant_field()
    document_no: str | None = Field(default=None, max_length=80)
    header: dict[str, Any] = json_field(default_factory=dict)
    checksum: str = Field(max_length=64)
    supersedes_id: UUID | None = Field(default=None, foreign_key="roster.id")


class RosterEntry(CountyRow, table=True):
    """One row of a roster: one mentee with its mentors as printed, copied at publication, phones masked."""

    __tablename__ = "roster_entry"
    __table_args__ = (UniqueConstraint("roster_id", "position"),)

    roster_id: UUID = Field(foreign_key="roster.id", index=True)
    mentee_id: UUID = Field(foreign_key="mentee.id", index=True)
    position: int
    content: dict[str, Any] = personal_json_field(Pii.CADRE)


class ExportJob(TrackedRow, table=True):
    """One file handed out: what, for what purpose, how masked, to whom. Kept at least three years."""

    __tablename__ = "export_job"

    roster_id: UUID = Field(foreign_key="roster.id", index=True)
    county_id: UUID | None = Field(default=None, foreign_key="division.id", index=True)
    format: ExportFormat = enum_field(ExportFormat)
    mask_level: MaskLevel = enum_field(MaskLevel)
    purpose: str = Field(max_length=200)
    state: ExportState = enum_field(ExportState)
    file_name: str = Field(max_length=200)
    file_sha256: str | None = Field(default=None, max_length=64)
    row_count: int | None = None
    content: bytes | None = personal_field(Pii.CADRE, default=None)
