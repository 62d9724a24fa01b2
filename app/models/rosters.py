"""Tables of rosters and of what is handed out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlmodel import Field

from app.db import utc_now
from app.models.columns import (
    CountyRow,
    Pii,
    Row,
    TrackedRow,
    enum_field,
    instant_field,
    json_field,
    personal_field,
    personal_json_field,
)
from app.models.vocabulary import (
    ExportForm,
    ExportFormat,
    ExportState,
    MaskLevel,
    ProgramKind,
    RosterLayout,
    RosterState,
    RowOrder,
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


class RosterMaster(Row, table=True):
    """One file of a published roster version, made once and handed out as it is ever after; every copy adds a mark.

    Written with the first hand-out of this form, layout, order and mask for a division's part; kept with the roster.
    ``own_line`` and ``own_short`` are what a hand-out replaces by its mark.
    """

    __tablename__ = "roster_master"
    __table_args__ = (
        UniqueConstraint(
            *("roster_id", "division_id", "form", "format", "layout", "mask_level", "row_order"),
            name="uq_roster_master_key",
        ),
    )

    roster_id: UUID = Field(foreign_key="roster.id", index=True)
    division_id: UUID = Field(foreign_key="division.id", index=True)
    form: ExportForm = enum_field(ExportForm)
    format: ExportFormat = enum_field(ExportFormat)
    layout: RosterLayout = enum_field(RosterLayout)
    mask_level: MaskLevel = enum_field(MaskLevel)
    row_order: RowOrder = enum_field(RowOrder)
    title: str = Field(max_length=300)
    own_line: str = Field(max_length=200)
    own_short: str = Field(max_length=80)
    row_count: int
    sha256: str = Field(max_length=64)
    content: bytes = personal_field(Pii.CADRE, sa_type=LargeBinary)
    created_at: datetime = instant_field(default_factory=utc_now)
    created_by: str = Field(max_length=80)


class FormText(TrackedRow, table=True):
    """What one division prints otherwise than a form is delivered: texts by key, and widths of columns.

    Written by officers; it holds for what is printed later, never for what is archived.
    """

    __tablename__ = "form_text"
    __table_args__ = (UniqueConstraint("division_id", "form"),)

    division_id: UUID = Field(foreign_key="division.id", index=True)
    form: ExportForm = enum_field(ExportForm)
    texts: dict[str, str] = json_field(default_factory=dict)
    widths: dict[str, float] = json_field(default_factory=dict)


class ExportJob(TrackedRow, table=True):
    """One file handed out: what, for what purpose, how masked, to whom. Kept at least three years.

    ``division_id`` is where all its rows lie, ``county_id`` its county where that is one. A file of a roster names the
    roster and the archived master that it is a copy of; one of a plan the plan; the others show present data.
    """

    __tablename__ = "export_job"

    form: ExportForm = enum_field(ExportForm)
    roster_id: UUID | None = Field(default=None, foreign_key="roster.id", index=True)
    program_id: UUID | None = Field(default=None, foreign_key="pairing_program.id", index=True)
    plan_id: UUID | None = Field(default=None, foreign_key="match_plan.id", index=True)
    master_id: UUID | None = Field(default=None, foreign_key="roster_master.id", index=True)
    division_id: UUID = Field(foreign_key="division.id", index=True)
    county_id: UUID | None = Field(default=None, foreign_key="division.id", index=True)
    format: ExportFormat = enum_field(ExportFormat)
    layout: RosterLayout = enum_field(RosterLayout, default=RosterLayout.WIDE)
    row_order: RowOrder = enum_field(RowOrder, default=RowOrder.OFFICIAL)
    mask_level: MaskLevel = enum_field(MaskLevel)
    purpose: str = Field(max_length=200)
    state: ExportState = enum_field(ExportState)
    file_name: str = Field(max_length=200)
    file_sha256: str | None = Field(default=None, max_length=64)
    row_count: int | None = None
    content: bytes | None = personal_field(Pii.CADRE, default=None)
