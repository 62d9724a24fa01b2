"""Checking the audit trail from its first entry to its sealed head, in bounded memory; and sealing it under a new key.

What the check finds without help: any entry that was changed, removed, inserted or moved, entries that were chained
anew by somebody without the key, and a head that is forged or gone. What it cannot find is a whole trail that was put
back to an earlier genuine state, with the head of that time: for that, keep an *anchor* (number and hash of an entry)
outside the database and check against it.
"""

import json
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, column, func, select, table
from sqlmodel import Session, col

from app.access.chain import StoredHead, Unreadable, find_head, locked_head, make_head, store_head
from app.access.trail import record
from app.access.viewers import Viewer
from app.db import utc_now
from app.errors import AuditTrailError
from app.models import ApiToken, UserAccount
from app.models.vocabulary import AuditAction, TrailFault
from app.sealing import FIRST_HASH, Entry, Head, SealKeys, entry_hash

BATCH = 2_000
"""Entries that are read at a time."""

_NAMES = (
    "sequence id at actor role action target detail territory_code county_id request_id previous_hash entry_hash"
).split()
# Without types: what stands there is judged here, and must not stop the reading.
_EVENTS = table("audit_event", *(column(name) for name in _NAMES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something wrong: at which number, and what."""

    sequence: int
    fault: TrailFault


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailReport:
    """What a check saw: how many entries, the hash of the last one, and what is wrong, the first fault first."""

    n_entries: int
    entry_hash: str
    findings: tuple[Finding, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def verify_trail(
    session: Session,
    keys: SealKeys,
    *,
    anchors: Mapping[int, str] | None = None,
    checked: TrailReport | None = None,
) -> TrailReport:
    """Check every entry, the head and its seal, and the anchors (hash by number); best in a read session.

    Behind what an earlier report has ``checked`` only: its last good entry must still stand there with the same hash,
    and the check goes on from it. The hash of an entry binds all before it, so whatever is done to those in between is
    found by the next whole check.
    """
    stored = find_head(session)
    wanted = dict(anchors or {})
    watched = {*wanted, stored.head.n_entries} if isinstance(stored, StoredHead) else set(wanted)
    n_entries, last, findings = 0, FIRST_HASH, list[Finding]()
    seen: dict[int, str] = {0: FIRST_HASH}
    if checked is not None and _hash_at(session, checked.n_entries) == checked.entry_hash:
        n_entries, last = checked.n_entries, checked.entry_hash
        seen |= {number: _hash_at(session, number) or "" for number in watched if number <= n_entries}
    with closing(_rows(session, after=n_entries)) as rows:
        for row in rows:
            fault = _fault_of(row, n_entries + 1, last)
            if fault is not None:
                findings.append(Finding(sequence=n_entries + 1, fault=fault))
                break
            n_entries, last = n_entries + 1, row.entry_hash
            if n_entries in watched:
                seen[n_entries] = last
    is_chained = not findings
    findings += _findings_of_head(stored, keys, n_entries=n_entries, seen=seen, is_chained=is_chained)
    if n_entries == 0 and not findings and _was_used(session):
        # The seal of the day on which the tables were made, put back over a database in which something was done.
        findings.append(Finding(sequence=1, fault=TrailFault.END_MISSING))
    if is_chained:
        for sequence, anchored in sorted(wanted.items()):
            if sequence > n_entries:
                findings.append(Finding(sequence=sequence, fault=TrailFault.ANCHOR_MISSING))
            elif seen.get(sequence) != anchored:
                findings.append(Finding(sequence=sequence, fault=TrailFault.ANCHOR_DIFFERS))
    return TrailReport(n_entries=n_entries, entry_hash=last, findings=tuple(findings))


def _hash_at(session: Session, sequence: int) -> str | None:
    """The hash of one entry, as it stands there."""
    if sequence == 0:
        return FIRST_HASH
    statement = select(_EVENTS.c.entry_hash).where(_EVENTS.c.sequence == sequence).limit(1)
    found = session.execute(statement).scalar_one_or_none()
    return None if found is None else str(found)


def _was_used(session: Session) -> bool:
    """Whether something is there that cannot be made without an entry: a token or a user."""
    made = (col(ApiToken.id), col(UserAccount.id))
    return any(session.execute(select(key).limit(1)).first() is not None for key in made)


def _rows(session: Session, *, after: int) -> Generator[Any, None, None]:
    at: Any = _EVENTS.c.at
    if session.get_bind().dialect.name == "postgresql":
        at = cast(func.timezone("UTC", at), Text)
    columns = [at.label("at") if name == "at" else _EVENTS.c[name] for name in _NAMES]
    statement = select(*columns).order_by(_EVENTS.c.sequence, _EVENTS.c.id)
    if after > 0:
        statement = statement.where(_EVENTS.c.sequence > after)
    # Closed as soon as the reading ends, also at the first fault: PostgreSQL keeps a cursor open for it.
    with closing(session.execute(statement.execution_options(yield_per=BATCH))) as result:
        yield from result


def _fault_of(row: Any, expected: int, last: str) -> TrailFault | None:
    sequence, id_, at, actor, role, action, target, detail, territory_code, county_id, request_id, before, after = row
    if sequence != expected:
        if not isinstance(sequence, int):
            return TrailFault.ENTRY_UNREADABLE
        return TrailFault.ENTRY_MISSING if sequence > expected else TrailFault.ENTRY_REPEATED
    try:
        entry = Entry(
            sequence=sequence,
            id=_uuid(id_),
            at=_instant(at),
            actor=actor,
            role=role,
            action=action,
            target=target,
            detail=json.loads(detail) if isinstance(detail, str) else detail,
            territory_code=territory_code,
            county_id=None if county_id is None else _known_uuid(county_id),
            request_id=request_id,
        )
        computed = entry_hash(before, entry)
    except (ValueError, TypeError, AttributeError):
        # Somebody wrote what the service never writes.
        return TrailFault.ENTRY_UNREADABLE
    if computed != after:
        return TrailFault.ENTRY_CHANGED
    return None if before == last else TrailFault.ENTRY_MISPLACED


def _instant(text: str) -> datetime:
    """An instant as the databases give back what the service wrote: UTC, without a word of the zone."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is not None:
        raise ValueError("a zone that the service never writes")
    return instant.replace(tzinfo=UTC)


def _uuid(value: Any) -> UUID:
    if isinstance(value, UUID):
        return value
    found = UUID(value)
    if found.hex != value:
        raise ValueError("a spelling that the service never writes")
    return found


@lru_cache(maxsize=4_096)
def _known_uuid(value: Any) -> UUID:
    """As ``_uuid``; there are some thousand counties, and each comes again and again."""
    return _uuid(value)


def _findings_of_head(
    stored: "StoredHead | Unreadable | None",
    keys: SealKeys,
    *,
    n_entries: int,
    seen: Mapping[int, str],
    is_chained: bool,
) -> list[Finding]:
    if stored is None:
        return [Finding(sequence=n_entries + 1, fault=TrailFault.HEAD_MISSING)]
    if isinstance(stored, Unreadable):
        return [Finding(sequence=n_entries, fault=TrailFault.HEAD_FORGED)]
    head = stored.head
    fault = stored.fault(keys)
    if fault is not None:
        return [Finding(sequence=head.n_entries, fault=fault)]
    if not is_chained:
        return []
    if head.n_entries > n_entries:
        return [Finding(sequence=n_entries + 1, fault=TrailFault.END_MISSING)]
    if seen[head.n_entries] != head.entry_hash:
        return [Finding(sequence=head.n_entries, fault=TrailFault.RECHAINED)]
    if head.n_entries < n_entries:
        return [Finding(sequence=head.n_entries + 1, fault=TrailFault.END_UNSEALED)]
    return []


def reseal(session: Session, keys: SealKeys, *, checked: TrailReport | None = None) -> TrailReport:
    """Check the trail, then seal its head under the newest of the keys; the caller commits, and records why.

    ``checked`` is a report of ``verify_trail`` that was made before, without a lock: then only what is new is looked at
    while nobody else can write. ``keys`` must hold the key that the head is sealed under as well. Raises
    ``AuditTrailError`` when something is wrong: a faulty trail is not made genuine.
    """
    find_head(session, lock=True)  # nobody appends from here on
    report = verify_trail(session, keys, checked=checked)
    if not report.is_whole:
        first = report.findings[0]
        raise AuditTrailError(
            f"The audit trail is not whole: {first.fault} at entry {first.sequence}; it is not sealed anew. "
            "See `touyan audit verify`.",
            f"审计日志不完整：第 {first.sequence} 条 {first.fault}，未重新封存。请执行 touyan audit verify 查明。",
        )
    head, _ = locked_head(session, keys)
    store_head(session, Head(n_entries=head.n_entries, entry_hash=head.entry_hash, sealed_at=utc_now()), keys.newest)
    return report


def accept_trail(
    session: Session,
    viewer: Viewer,
    keys: SealKeys,
    reason: str,
    *,
    key_is_lost: bool = False,
    checked: TrailReport | None = None,
) -> TrailReport:
    """Go on behind a trail that is not whole: seal its last entry as it stands, and record what was found, and why.

    Faults of entries stay faults: every later check finds them again. Only what is wrong with the head ends here.
    A head under an unknown key is taken over only when that key is lost: the service would be shut out by it.
    ``checked`` as for ``reseal``.
    """
    former = find_head(session, lock=True)
    report = verify_trail(session, keys, checked=checked)
    is_unknown = any(each.fault is TrailFault.KEY_UNKNOWN for each in report.findings)
    if is_unknown and not key_is_lost:
        raise AuditTrailError(
            "The trail is sealed under a key that this process does not have, which is no fault of the trail: give it "
            "the data keys of the service. Only where that key is lost for good, say so (--key-is-lost).",
            "审计日志由本进程没有的密钥封存，这并非日志损坏：请使用本系统的数据密钥。"
            "仅在密钥确已永久丢失时使用 --key-is-lost。",
        )
    end = session.execute(
        select(_EVENTS.c.sequence, _EVENTS.c.entry_hash).order_by(_EVENTS.c.sequence.desc()).limit(1)
    ).one_or_none()
    n_entries, last = (0, FIRST_HASH) if end is None else (end.sequence, end.entry_hash)
    head = Head(n_entries=n_entries, entry_hash=last, sealed_at=utc_now())
    if former is None:
        make_head(session, head)
    store_head(session, head, keys.newest)
    record(
        session,
        viewer,
        AuditAction.TRAIL_RESEALED,
        f"AuditTrail {n_entries}",
        reason=reason,
        findings=[{"sequence": each.sequence, "fault": each.fault} for each in report.findings],
        former_count=former.head.n_entries if isinstance(former, StoredHead) else None,
        former_hash=former.head.entry_hash if isinstance(former, StoredHead) else None,
    )
    return report
