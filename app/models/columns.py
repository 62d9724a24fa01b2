"""Building blocks of the tables: keys, tracking columns, enum, JSON and personal columns."""

from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Self, cast
from uuid import UUID, uuid4

from sqlalchemy import JSON, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel
from sqlmodel._compat import partial_init

from app.db import EnumText, UtcDateTime, utc_now
from app.folding import folded

JSON_TYPE = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Pii(StrEnum):
    """Privacy class of a column (A restricted, B sensitive, C cadre data, D duty data).

    Free texts of class A, and all values of class B, are stored encrypted, in columns whose names end with
    ``_encrypted``. Codes of closed lists and dates of class A are not: that such a row exists, and between whom, tells
    most of what its code would, and it must stay findable.
    """

    RESTRICTED = "A"
    SENSITIVE = "B"
    CADRE = "C"
    DUTY = "D"


def enum_field(enum: type[StrEnum], **options: Any) -> Any:
    """A column that holds one value of ``enum`` as text."""
    return Field(sa_type=cast(Any, EnumText(enum)), **options)


def instant_field(**options: Any) -> Any:
    """A column that holds an aware instant in UTC."""
    return Field(sa_type=cast(Any, UtcDateTime()), **options)


def json_field(**options: Any) -> Any:
    """A JSON column (JSONB on PostgreSQL)."""
    return Field(sa_type=cast(Any, JSON_TYPE), **options)


def personal_field(pii: Pii, **options: Any) -> Any:
    """A column with personal data; its privacy class stands in ``column.info["pii"]``."""
    return Field(sa_column_kwargs={"info": {"pii": pii.value}}, **options)


def personal_json_field(pii: Pii, **options: Any) -> Any:
    """A JSON column with personal data."""
    return personal_field(pii, sa_type=cast(Any, JSON_TYPE), **options)


def personal_enum_field(pii: Pii, enum: type[StrEnum], **options: Any) -> Any:
    """An enum column with personal data."""
    return Field(sa_type=cast(Any, EnumText(enum)), sa_column_kwargs={"info": {"pii": pii.value}}, **options)


class Row(SQLModel):
    """A row with a UUID made in Python."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)

    @classmethod
    def made(cls, **values: Any) -> Self:
        """A new row of values that are known to be right, for thousands of rows at a time.

        The constructor sets each attribute through two libraries, which costs a third of a millisecond; here the values
        are put in place as they are. Fields left out take their defaults.
        """
        with partial_init():
            row = cls()
        content = row.__dict__
        for name, make, default in _defaults(cls):
            if name not in values:
                content[name] = default if make is None else make()
        content.update(values)
        return row


@cache
def _defaults(table: type[Row]) -> tuple[tuple[str, Any, Any], ...]:
    """The fields of a table that have a default: what makes it, or itself."""
    optional = [(name, field) for name, field in table.model_fields.items() if not field.is_required()]
    return tuple((name, field.default_factory, field.default) for name, field in optional)


class TrackedRow(Row):
    """A row that says who made and changed it; ``version`` grows with every change and guards against lost updates."""

    created_at: datetime = instant_field(default_factory=utc_now)
    created_by: str = Field(max_length=80)
    updated_at: datetime = instant_field(default_factory=utc_now)
    updated_by: str = Field(max_length=80)
    version: int = 1


class CountyRow(TrackedRow):
    """A row of people or pairings: it carries its county, the column of territory and of later distribution."""

    county_id: UUID = Field(foreign_key="division.id", index=True)


def _folded_name(context: Any) -> str:
    return folded(context.get_current_parameters()["name"])


class SearchedRow(SQLModel):
    """A row that is found by its ``name``: ``search_text`` is the folded name, kept by the table itself.

    Every INSERT fills it, in bulk or not, and so does every change of a row in a session.
    """

    search_text: str | None = Field(
        default=None, nullable=False, sa_column_kwargs={"default": _folded_name, "info": {"pii": Pii.DUTY.value}}
    )


@event.listens_for(SearchedRow, "before_update", propagate=True)
def _fold_changed_name(_mapper: Any, _connection: Any, row: Any) -> None:
    row.search_text = folded(row.name)
