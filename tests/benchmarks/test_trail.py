"""What the audit trail costs: appending to it, with each mutation, and checking a hundred thousand entries."""

import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import insert
from sqlmodel import Session

from app.access import chain, record, verify_trail
from app.db import Database, run_in_transaction
from app.models import AuditEvent
from app.models.vocabulary import AuditAction
from tests.app.test_db import token
from tests.app.trails import OFFICER, check
from tests.servers import TEST_SEAL_KEYS

pytestmark = pytest.mark.bench

N_ENTRIES = 100_000
BATCH = 5_000


def test_a_hundred_thousand_entries_are_checked_within_ten_seconds_in_little_memory(database: Database) -> None:
    def fill(session: Session) -> None:
        for number in range(BATCH):
            detail = {"mentee": "520624-00013", "fields": ["phone_masked", "tags"], "number": number}
            record(session, OFFICER, AuditAction.PERSON_CHANGED, f"Person 520624-{number:05d}", **detail)

    started = time.perf_counter()
    for _ in range(N_ENTRIES // BATCH):
        run_in_transaction(database, fill)
    filled = time.perf_counter() - started
    started, cpu = time.perf_counter(), time.process_time()
    report = check(database)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    kind = database.engine.dialect.name
    print(f"{kind}: {N_ENTRIES} entries filled in {filled:.1f} s, checked in {seconds:.2f} s ({cpu:.2f} s CPU)")  # noqa: T201
    assert (report.is_whole, report.n_entries) == (True, N_ENTRIES)
    assert cpu < 10
    tracemalloc.start()
    with database.read() as session:
        assert verify_trail(session, TEST_SEAL_KEYS).is_whole
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{kind}: {peak / 1e6:.1f} MB at most")  # noqa: T201
    assert peak < 30e6


@contextmanager
def unchained(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Events as plain rows, for comparison."""
    numbers = iter(range(10**9, 2 * 10**9))

    def plain(session: Session, events: list[dict[str, object]]) -> None:
        extra = {"previous_hash": "", "entry_hash": ""}
        session.execute(insert(AuditEvent.__table__), [{**each, **extra, "sequence": next(numbers)} for each in events])  # type: ignore[attr-defined]

    with monkeypatch.context() as patched:
        patched.setattr(chain, "append", plain)
        yield


def test_what_the_chain_adds_to_a_mutation(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def mutate(session: Session) -> None:
        session.add(token())
        record(session, OFFICER, AuditAction.PIN_ADDED, "Pin 1", mentee="520624-00013")

    def cost() -> float:
        started = time.perf_counter()
        for _ in range(200):
            run_in_transaction(database, mutate)
        return (time.perf_counter() - started) / 200 * 1000

    cost()
    chained = sorted(cost() for _ in range(5))
    assert check(database).is_whole
    with unchained(monkeypatch):
        plain = sorted(cost() for _ in range(5))
    kind = database.engine.dialect.name
    print(f"{kind}: a small mutation takes {chained[0]:.2f} ms chained, {plain[0]:.2f} ms with plain rows")  # noqa: T201
    assert chained[0] < plain[0] + 10
