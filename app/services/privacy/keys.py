"""Rotation of data keys: every encrypted value and every look-up hash comes under the newest key.

The way of a rotation: put a new key in front of the others, let every process start anew (from then on all write under
the new key, and find what stands under the old ones), rotate, and take away the keys that no row holds any more.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Table, bindparam, select, update
from sqlmodel import Session

from app.access import Viewer, record
from app.crypto import PersonalDataCipher, WrongDataKeyError
from app.db import Database, run_in_transaction
from app.errors import DuplicateError
from app.models.vocabulary import AuditAction
from app.services.privacy.columns import EncryptedColumn, encrypted_columns

BATCH_ROWS = 500
"""Rows of one table that one transaction looks at: a tenth of a second, in which other writers wait on SQLite."""

Renewal = Callable[[Session, PersonalDataCipher], int]
"""Renews something else that rests on a data key, in the last transaction of a rotation; how much it renewed."""


@dataclass(slots=True, kw_only=True)
class KeyUse:
    """How many values each key holds: ``by_key`` counts by place, newest first; ``unreadable`` by column."""

    by_key: list[int]
    unreadable: Counter[str] = field(default_factory=Counter)

    @property
    def unused(self) -> list[int]:
        """Places of the keys that may leave: all but the newest that hold nothing."""
        return [place for place, count in enumerate(self.by_key) if place > 0 and count == 0]


@dataclass(slots=True, kw_only=True)
class Rotation:
    """What a rotation did: values that it encrypted anew, hashes that it made anew, and who holds which key now."""

    values: int = 0
    hashes: int = 0
    renewed: int = 0
    use: KeyUse


def count_key_use(database: Database, cipher: PersonalDataCipher) -> KeyUse:
    """How many values each key holds now; reads everything and changes nothing."""
    use = KeyUse(by_key=[0] * len(cipher.key_names))
    for table, columns in encrypted_columns().items():
        last: UUID | None = None
        while True:
            with database.read() as session:
                rows = _rows(session, table, columns, last, is_locked=False)
            if not rows:
                break
            last = rows[-1].id
            for row in rows:
                for column, token in _tokens(row, columns):
                    place = _place_of(cipher, token)
                    if place is None:
                        use.unreadable[f"{table.name}.{column.column.name}"] += 1
                    else:
                        use.by_key[place] += 1
    return use


def rotate_keys(
    database: Database,
    viewer: Viewer,
    cipher: PersonalDataCipher,
    *,
    renewals: Sequence[Renewal] = (),
    on_batch: Callable[[int], None] = lambda _rows: None,
) -> Rotation:
    """Bring every value under the newest key, a batch of rows in each transaction, and record how many they were.

    It can be ended at any moment and begun again: what stands under the newest key already is left alone. ``renewals``
    are other things that rest on a data key; each is renewed in the last transaction, together with the record.
    Raises ``DuplicateError`` when two persons turn out to have the same ID number.
    """
    done = Rotation(use=KeyUse(by_key=[]))
    for table, columns in encrypted_columns().items():
        last: UUID | None = None
        while True:
            unit = partial(_turn, cipher=cipher, table=table, columns=columns, after=last)
            batch = run_in_transaction(database, unit)
            if batch.last is None:
                break
            last = batch.last
            done.values += batch.values
            done.hashes += batch.hashes
            on_batch(batch.rows)
    done.use = count_key_use(database, cipher)

    def finish(session: Session) -> int:
        renewed = sum(renew(session, cipher) for renew in renewals)
        record(
            session,
            viewer,
            AuditAction.KEYS_ROTATED,
            f"DataKey {cipher.key_names[0]}",
            values=done.values,
            hashes=done.hashes,
            renewed=renewed,
            unreadable=sum(done.use.unreadable.values()),
            unused=[cipher.key_names[place] for place in done.use.unused],
        )
        return renewed

    done.renewed = run_in_transaction(database, finish)
    return done


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """What one transaction of a rotation did; ``last`` is ``None`` when the table has no more rows."""

    last: UUID | None
    rows: int = 0
    values: int = 0
    hashes: int = 0


def _turn(
    session: Session, cipher: PersonalDataCipher, table: Table, columns: Sequence[EncryptedColumn], after: UUID | None
) -> _Batch:
    rows = _rows(session, table, columns, after, is_locked=True)
    n_values = n_hashes = 0
    for row in rows:
        values: dict[str, Any] = {}
        for column, token in _tokens(row, columns):
            place = _place_of(cipher, token)
            if place is None:
                continue  # counted at the end: no key that is present opens it
            clear = cipher.decrypt(token)
            if place > 0:
                values[column.column.name] = cipher.encrypt(clear)
                n_values += 1
            if column.hash_column is not None:
                hashed = cipher.keyed_hash(column.kind, clear)
                if getattr(row, column.hash_column.name) != hashed:
                    _refuse_second(session, table, column, row.id, hashed)
                    values[column.hash_column.name] = hashed
                    n_hashes += 1
        if values:
            # Core, not the entities: to whoever reads the row nothing has changed, so neither has its version.
            session.connection().execute(
                update(table).where(table.c.id == bindparam("row_id")), {"row_id": row.id, **values}
            )
    return _Batch(last=rows[-1].id if rows else None, rows=len(rows), values=n_values, hashes=n_hashes)


def _refuse_second(session: Session, table: Table, column: EncryptedColumn, row_id: UUID, hashed: str) -> None:
    """Refuse a hash that another row holds where it must be unique: processes wrote under different newest keys."""
    assert column.hash_column is not None
    if not column.hash_column.unique:
        return
    other = (
        session.connection()
        .execute(select(table.c.id, table.c.code).where(column.hash_column == hashed, table.c.id != row_id))
        .first()
    )
    if other is not None:
        code = session.connection().execute(select(table.c.code).where(table.c.id == row_id)).scalar_one()
        raise DuplicateError(
            f"{code} and {other.code} hold the same {column.kind}; correct one of the two records, then rotate again.",
            f"{code} 与 {other.code} 的 {column.kind} 相同；请先更正其中一条记录，再重新轮换密钥。",
        )


def _rows(
    session: Session, table: Table, columns: Sequence[EncryptedColumn], after: UUID | None, *, is_locked: bool
) -> Sequence[Any]:
    wanted = [table.c.id]
    for each in columns:
        wanted += [each.column] if each.hash_column is None else [each.column, each.hash_column]
    query = select(*wanted).order_by(table.c.id).limit(BATCH_ROWS)
    if after is not None:
        query = query.where(table.c.id > after)
    return session.connection().execute(query.with_for_update() if is_locked else query).all()


def _tokens(row: Any, columns: Sequence[EncryptedColumn]) -> Iterator[tuple[EncryptedColumn, str]]:
    for each in columns:
        token = getattr(row, each.column.name)
        if token is not None:
            yield each, token


def _place_of(cipher: PersonalDataCipher, token: str) -> int | None:
    try:
        return cipher.key_of(token)
    except WrongDataKeyError:
        return None
