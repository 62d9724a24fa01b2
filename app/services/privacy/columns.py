"""Where encrypted values stand: found in the tables themselves, so that a new column cannot be forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, MetaData, Table

from app.models import metadata
from app.models.columns import Pii

ENCRYPTED_SUFFIX = "_encrypted"
"""What the names of encrypted columns end with."""
ENCRYPTED_CLASSES = frozenset({Pii.RESTRICTED.value, Pii.SENSITIVE.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptedColumn:
    """A column of tokens, and the column with the look-up hash of the same value where there is one."""

    column: Column[Any]
    hash_column: Column[Any] | None

    @property
    def kind(self) -> str:
        """What the look-up hash of the value is made for: ``id_number`` for ``id_number_encrypted``."""
        return self.column.name.removesuffix(ENCRYPTED_SUFFIX)


def encrypted_columns(tables: MetaData = metadata) -> dict[Table, tuple[EncryptedColumn, ...]]:
    """The encrypted columns of every table that has some, tables by name.

    Raises ``LookupError`` for one that carries no privacy class, or one that is not stored encrypted: the name and the
    mark must agree.
    """
    found = {table: tuple(_of_table(table)) for table in sorted(tables.tables.values(), key=lambda each: each.name)}
    return {table: columns for table, columns in found.items() if columns}


def _of_table(table: Table) -> Iterator[EncryptedColumn]:
    for column in table.columns:
        if not column.name.endswith(ENCRYPTED_SUFFIX):
            continue
        if column.info.get("pii") not in ENCRYPTED_CLASSES:
            raise LookupError(f"{table.name}.{column.name} is encrypted and must carry privacy class A or B")
        hash_name = column.name.removesuffix(ENCRYPTED_SUFFIX) + "_hash"
        yield EncryptedColumn(column=column, hash_column=table.columns.get(hash_name))
