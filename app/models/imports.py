"""Tables of imports: an uploaded file, what was read of it, how it was corrected, and how it can be taken back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from app.models.columns import (
    Pii,
    Row,
    TrackedRow,
    enum_field,
    instant_field,
    json_field,
    personal_field,
    personal_json_field,
)
from app.models.vocabulary import ImportState, RowChange, Severity


class ImportBatch(TrackedRow, table=True):
    """One uploaded file on its way into the tables; nothing of it is in them before COMMITTED.

    ``sender_code`` is the division that the file came from: how it writes its headers is remembered. ``mappings`` are
    what somebody said of the sheets of this file, by sheet name. ``sheets_encrypted`` tells what was read of each
    sheet, with the headers as written: where no header was found, they may be anything.
    """

    __tablename__ = "import_batch"

    county_id: UUID | None = Field(default=None, foreign_key="division.id", index=True)
    sender_code: str = Field(default="", max_length=12)
    file_name: str = Field(max_length=200)
    file_sha256: str = Field(max_length=64, index=True)
    state: ImportState = enum_field(ImportState)
    counts: dict[str, int] = json_field(default_factory=dict)
    mappings: dict[str, Any] = json_field(default_factory=dict)
    sheets_encrypted: str | None = personal_field(Pii.SENSITIVE, default=None)
    committed_at: datetime | None = instant_field(default=None)
    undone_at: datetime | None = instant_field(default=None)


class ImportSource(Row, table=True):
    """The bytes of an uploaded file, from which a batch is read again when it is corrected. Dropped after 90 days."""

    __tablename__ = "import_source"

    batch_id: UUID = Field(foreign_key="import_batch.id", unique=True)
    content_encrypted: str | None = personal_field(Pii.SENSITIVE, default=None)


class ImportCorrection(TrackedRow, table=True):
    """What somebody put in place of a cell, or that a row is to be left out; the file itself stays as it came."""

    __tablename__ = "import_correction"
    __table_args__ = (UniqueConstraint("batch_id", "sheet", "cell"),)

    batch_id: UUID = Field(foreign_key="import_batch.id", index=True)
    sheet: str = Field(max_length=80)
    cell: str = Field(max_length=12)
    """The address of a cell, or the number of a row that is left out."""
    is_row_skipped: bool = False
    text_encrypted: str | None = personal_field(Pii.SENSITIVE, default=None)


class ImportMapping(TrackedRow, table=True):
    """What a header means in the files of one sender; ``column_key`` null means that the column is left out."""

    __tablename__ = "import_mapping"
    __table_args__ = (UniqueConstraint("county_id", "sender_code", "kind", "header"),)

    county_id: UUID = Field(foreign_key="division.id", index=True)
    sender_code: str = Field(max_length=12)
    kind: str = Field(max_length=40)
    header: str = Field(max_length=200)
    column_key: str | None = Field(default=None, max_length=40)


class ImportRow(Row, table=True):
    """One row of an uploaded file with its address; ``content_encrypted`` is dropped after 90 days."""

    __tablename__ = "import_row"
    __table_args__ = (UniqueConstraint("batch_id", "sheet", "row_number"),)

    batch_id: UUID = Field(foreign_key="import_batch.id", index=True)
    position: int = 0
    sheet: str = Field(max_length=80)
    row_number: int
    kind: str = Field(max_length=40)
    change: RowChange = enum_field(RowChange)
    changed_columns: list[str] = json_field(default_factory=list)
    content_encrypted: str | None = personal_field(Pii.SENSITIVE, default=None)


class ImportIssue(Row, table=True):
    """One problem of an uploaded file at one cell, without the personal value that stands there.

    ``choices`` are texts that the cell could hold instead.
    """

    __tablename__ = "import_issue"

    batch_id: UUID = Field(foreign_key="import_batch.id", index=True)
    position: int = 0
    sheet: str = Field(max_length=80)
    cell: str = Field(max_length=12)
    column_key: str | None = Field(default=None, max_length=40)
    code: str = Field(max_length=40)
    severity: Severity = enum_field(Severity)
    message: str = Field(max_length=400)
    message_zh: str = Field(max_length=400)
    choices: list[str] = personal_json_field(Pii.CADRE, default_factory=list)


class ImportUndo(Row, table=True):
    """What a commit wrote, and what stood there before, so that it can be taken back. Dropped after 90 days.

    ``about`` names the people and places of its rows, those too that said nothing new: what an earlier import wrote
    about them is not taken back before this one. Of kinship and exclusions it has only the kind.
    """

    __tablename__ = "import_undo"

    batch_id: UUID = Field(foreign_key="import_batch.id", unique=True)
    about: list[str] = json_field(default_factory=list)
    content_encrypted: str | None = personal_field(Pii.SENSITIVE, default=None)
