"""Appending to the audit trail: what a transaction recorded becomes its last entries, in the moment of its commit.

``record`` keeps events beside their session. Just before the outermost commit the head of the trail is locked, the
events are numbered, chained and inserted, and the head is sealed anew. So the one lock that all writers share is the
last that a transaction takes, and is held for a few statements only: it can neither wait in a circle nor make anybody
wait for somebody else's work. What is rolled back, whole or to a savepoint, leaves neither an event nor a gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from sqlalchemy import Table, event, insert, select, update
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Session, col

from app.db import SEAL_KEYS, refusal_of, utc_now
from app.errors import AuditTrailError, ConfigurationError, StorageFullError
from app.models import ApiToken, AuditEvent, AuditHead, Person, UserAccount
from app.models.vocabulary import TrailFault
from app.sealing import FIRST_HASH, Entry, Head, SealKey, SealKeys, entry_hash

_PENDING = "touyan_pending_events"

_HEAD: Table = AuditHead.__table__  # type: ignore[attr-defined]
_LOOK = select(_HEAD).where(_HEAD.c.id == 1)
_LOCK = _LOOK.with_for_update()
_INSERT = insert(AuditEvent.__table__)  # type: ignore[attr-defined]
_STORE = update(_HEAD).where(_HEAD.c.id == 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An event that waits for the commit: its values, and the savepoints under which it was recorded."""

    values: dict[str, Any]
    savepoints: tuple[SessionTransaction, ...]


def keys_of(session: OrmSession) -> SealKeys:
    """The sealing keys that the session's database was opened with."""
    keys = session.info.get(SEAL_KEYS)
    if not isinstance(keys, SealKeys):
        raise ConfigurationError(
            "this database was opened without the keys that seal its audit trail, so nothing can be recorded in it: "
            "open it with Database(url, seal_keys=SealKeys.of(data_keys))"
        )
    return keys


def keep(session: OrmSession, values: dict[str, Any]) -> None:
    """Keep an event for the commit of the session's transaction."""
    keys_of(session)
    if not session.in_transaction():
        session.begin()
    session.info.setdefault(_PENDING, []).append(Pending(values=values, savepoints=_savepoints(session)))


def can_append(session: OrmSession, keys: SealKeys | None) -> bool:
    """Whether the trail can go on: its head is there, whole, and sealed under one of the keys."""
    stored = find_head(session)
    return isinstance(stored, StoredHead) and keys is not None and stored.fault(keys) is None


def hold_head(session: OrmSession) -> None:
    """Lock the head now for what waits for the commit, which can then not be refused any more.

    Raises ``AuditTrailError`` when the trail cannot go on.
    """
    if session.info.get(_PENDING):
        locked_head(session, keys_of(session))


def pending_events(session: OrmSession) -> list[AuditEvent]:
    """What the session recorded in its present transaction, in order; numbers and hashes come with the commit."""
    return [AuditEvent(**each.values) for each in session.info.get(_PENDING, [])]


def _savepoints(session: OrmSession) -> tuple[SessionTransaction, ...]:
    found, transaction = [], session.get_nested_transaction()
    while transaction is not None:
        if transaction.nested:
            found.append(transaction)
        transaction = transaction.parent
    return tuple(found)


@event.listens_for(Session, "before_commit")
def _append_pending(session: OrmSession) -> None:
    # A savepoint that is released comes here as well; its events wait on.
    if session.in_nested_transaction() or _PENDING not in session.info:
        return
    pending: list[Pending] = session.info.pop(_PENDING)
    if not pending:
        return
    try:
        # Everything else is written, and locked, before the head is.
        session.flush()
        append(session, [each.values for each in pending])
    except DBAPIError as fault:
        refusal = refusal_of(fault)
        # The job engine would take a full disk for a lost connection, and try for ever.
        if isinstance(refusal, StorageFullError):
            raise refusal from None
        raise


@event.listens_for(Session, "after_soft_rollback")
def _forget_rolled_back(session: OrmSession, previous: SessionTransaction) -> None:
    if _PENDING not in session.info:
        return
    if previous.parent is None:
        session.info[_PENDING] = []
        return
    # A flush that failed comes here with a transaction of its own inside the savepoint.
    undone: SessionTransaction | None = previous
    while undone is not None and not undone.nested:
        undone = undone.parent
    session.info[_PENDING] = [
        each for each in session.info[_PENDING] if undone is not None and undone not in each.savepoints
    ]


@event.listens_for(Session, "after_commit")
def _refuse_lost_events(session: OrmSession) -> None:
    if session.info.get(_PENDING) and not session.in_nested_transaction():
        raise RuntimeError("a transaction was committed under an open savepoint: what it recorded is lost; release it")


@event.listens_for(Session, "after_transaction_end")
def _forget_at_end(session: OrmSession, transaction: SessionTransaction) -> None:
    # A session that is closed without a commit has recorded nothing.
    if transaction.parent is None:
        session.info.pop(_PENDING, None)


def append(session: OrmSession, events: Sequence[dict[str, Any]]) -> None:
    """Number, chain and insert events behind the head, and seal it; the head stays locked until the commit."""
    keys = keys_of(session)
    head, key = locked_head(session, keys)
    last = head.entry_hash
    rows = []
    for sequence, values in enumerate(events, start=head.n_entries + 1):
        entry = Entry(sequence=sequence, **values)
        before, last = last, entry_hash(last, entry)
        rows.append({**values, "sequence": sequence, "previous_hash": before, "entry_hash": last})
    session.execute(_INSERT, rows)
    store_head(session, Head(n_entries=head.n_entries + len(rows), entry_hash=last, sealed_at=utc_now()), key)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHead:
    """The head as it stands in the database, with its seal."""

    head: Head
    seal: str | None
    key_fingerprint: str | None

    def fault(self, keys: SealKeys) -> TrailFault | None:
        """What is wrong with the seal."""
        if self.seal is None or self.key_fingerprint is None:
            return TrailFault.HEAD_UNSEALED
        key = keys.find(self.key_fingerprint)
        if key is None:
            return TrailFault.KEY_UNKNOWN
        return None if key.fits(self.head, self.seal) else TrailFault.HEAD_FORGED


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A head that holds what the service never writes."""


def find_head(session: OrmSession, *, lock: bool = False) -> StoredHead | Unreadable | None:
    """The head; ``None`` when somebody has removed it."""
    try:
        row = session.execute(_LOCK if lock else _LOOK).one_or_none()
        if row is None:
            return None
        return StoredHead(
            head=Head(n_entries=int(row.n_entries), entry_hash=str(row.entry_hash), sealed_at=row.sealed_at),
            seal=None if row.seal is None else str(row.seal),
            key_fingerprint=None if row.key_fingerprint is None else str(row.key_fingerprint),
        )
    except (ValueError, TypeError, DataError):
        return Unreadable()


def locked_head(session: OrmSession, keys: SealKeys) -> tuple[Head, SealKey]:
    """The head, locked and found to be sealed by one of the keys, and the key with which it goes on being sealed.

    A head that somebody wrote without the key must not be sealed over: that would make a forgery genuine.
    """
    stored = find_head(session, lock=True)
    if stored is None:
        _refuse(
            "The audit trail has no head any more, so nothing can be recorded, and nothing was written.",
            "审计日志的链头已丢失，无法记录，本次未写入任何数据。",
        )
    fault = TrailFault.HEAD_FORGED if isinstance(stored, Unreadable) else stored.fault(keys)
    if isinstance(stored, StoredHead) and fault is TrailFault.HEAD_UNSEALED:
        _refuse(
            "The head of the audit trail has no seal, so nothing can be recorded, and nothing was written. `touyan "
            "migrate` seals the trail of a database in which nothing was done yet; any other was changed by somebody "
            "without the key.",
            "审计日志的链头未封存，无法记录，本次未写入任何数据。尚未使用的数据库请执行 touyan migrate 封存；"
            "其他情况说明链头被无密钥者改动。",
        )
    if isinstance(stored, Unreadable) or fault is TrailFault.HEAD_FORGED:
        _refuse(
            "The head of the audit trail was changed by somebody without the key, so nothing can be recorded, and "
            "nothing was written.",
            "审计日志的链头被无密钥者改动，无法记录，本次未写入任何数据。",
        )
    if fault is TrailFault.KEY_UNKNOWN:
        name = stored.key_fingerprint
        _refuse(
            f"The audit trail is sealed under the key {name}, which this process does not have; put the data key it "
            "comes from back into TOUYAN_DATA_KEYS, and take it out after `touyan keys rotate` only. Nothing was "
            "written.",
            f"审计日志由密钥 {name} 封存，本进程没有该密钥；请将对应的数据密钥放回 TOUYAN_DATA_KEYS，"
            "执行 touyan keys rotate 之后方可移除。本次未写入任何数据。",
        )
    key = keys.find(stored.key_fingerprint)
    assert key is not None
    return stored.head, key


def seal_unused(session: OrmSession, keys: SealKeys) -> bool:
    """Seal the empty head of a database in which nothing was done yet; whether it had no seal.

    The tables can be made without a key. Once there is a seal, a head without one is a forgery, however empty it is: so
    this is for ``touyan migrate`` alone, and where there is anything besides the head it does nothing.
    """
    stored = find_head(session, lock=True)
    if not isinstance(stored, StoredHead) or stored.seal is not None or stored.key_fingerprint is not None:
        return False
    is_empty = stored.head.n_entries == 0 and stored.head.entry_hash == FIRST_HASH
    used = (col(AuditEvent.id), col(UserAccount.id), col(ApiToken.id), col(Person.id))
    if not is_empty or any(session.execute(select(key).limit(1)).first() is not None for key in used):
        return False
    store_head(session, Head(n_entries=0, entry_hash=FIRST_HASH, sealed_at=utc_now()), keys.newest)
    return True


def make_head(session: OrmSession, head: Head) -> None:
    """Write a head where none is any more, without a seal."""
    session.execute(
        insert(_HEAD).values(id=1, n_entries=head.n_entries, entry_hash=head.entry_hash, sealed_at=head.sealed_at)
    )


def store_head(session: OrmSession, head: Head, key: SealKey) -> None:
    """Write the head with its seal."""
    values = {"n_entries": head.n_entries, "entry_hash": head.entry_hash, "sealed_at": head.sealed_at}
    session.execute(_STORE, {**values, "seal": key.seal(head), "key_fingerprint": key.fingerprint})


def _refuse(message: str, message_zh: str) -> NoReturn:
    raise AuditTrailError(f"{message} See `touyan audit verify`.", f"{message_zh}请执行 touyan audit verify 查明。")
