"""Sessions, transactions and column types on both databases."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import Session, select

from app.db import Database, run_in_transaction
from app.errors import DuplicateError
from app.models import ApiToken, Division
from app.models.vocabulary import DivisionKind, DivisionLevel, Role

EXPIRY = datetime(2030, 1, 1, tzinfo=UTC)


def token(label: str = "TESTED", **values: object) -> ApiToken:
    given = {"token_hash": uuid4().hex, "label": label, "role": Role.READER, "expires_at": EXPIRY}
    return ApiToken(**(given | {"created_by": "test", "updated_by": "test"} | values))  # type: ignore[arg-type]


def test_a_write_block_commits_at_its_end_and_rolls_back_on_an_error(database: Database) -> None:
    with database.write() as session:
        session.add(token("KEPT"))

    def lose(session: Session) -> None:
        session.add(token("LOST"))
        session.flush()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run_in_transaction(database, lose)
    with database.read() as session:
        assert [row.label for row in session.exec(select(ApiToken))] == ["KEPT"]


def test_a_read_block_sees_one_snapshot_of_the_database(database: Database) -> None:
    with database.read() as session:
        assert session.exec(select(ApiToken)).all() == []
        with database.write() as writer:
            writer.add(token())
        assert session.exec(select(ApiToken)).all() == []
    with database.read() as session:
        assert len(session.exec(select(ApiToken)).all()) == 1


def test_instants_come_back_aware_in_utc(database: Database) -> None:
    china = timezone(timedelta(hours=8))
    with database.write() as session:
        session.add(token(expires_at=datetime(2025, 3, 1, 8, 30, tzinfo=china)))
    with database.read() as session:
        assert session.exec(select(ApiToken)).one().expires_at == datetime(2025, 3, 1, 0, 30, tzinfo=UTC)


def test_naive_instants_and_unknown_enum_values_are_refused(database: Database) -> None:
    for faulty in (token(expires_at=datetime(2025, 3, 1)), token(role="EMPEROR")):  # noqa: DTZ001
        with pytest.raises(StatementError), database.write() as session:
            session.add(faulty)
    with database.read() as session:
        assert session.exec(select(ApiToken)).all() == []


def test_errors_of_the_database_do_not_quote_the_values_of_the_row(database: Database) -> None:
    row = token("姓名不外泄")
    row.label = None  # type: ignore[assignment]
    with pytest.raises(IntegrityError) as conflict, database.write() as session:
        session.add(row)
    assert "parameters hidden" in str(conflict.value)


def test_two_writers_at_once_both_succeed(database: Database) -> None:
    barrier = Barrier(2)

    def work(number: int) -> None:
        def unit(session: Session) -> None:
            session.add(token(f"W{number}"))
            session.flush()

        barrier.wait()
        for _ in range(20):
            run_in_transaction(database, unit)

    threads = [Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        labels = [row.label for row in session.exec(select(ApiToken))]
    assert (labels.count("W0"), labels.count("W1")) == (20, 20)


def place(code: str) -> Division:
    return Division(
        code=code,
        name="甲县",
        level=DivisionLevel.COUNTY,
        kind=DivisionKind.COUNTY,
        local_label="县",
        display_order=1,
        valid_from=date(2023, 1, 1),
        created_by="test",
        updated_by="test",
    )


def test_a_writer_who_comes_second_is_told_of_a_duplicate_and_of_no_value(database: Database) -> None:
    attempts = []

    def enter(session: Session) -> None:
        attempts.append(None)
        session.add(place("520624000000"))
        session.flush()

    run_in_transaction(database, enter)
    with pytest.raises(DuplicateError) as refusal:
        run_in_transaction(database, enter)
    assert len(attempts) == 3  # the second writer looked again before being told
    assert "520624" not in refusal.value.message + refusal.value.message_zh
    assert refusal.value.__suppress_context__


def test_a_writer_who_comes_second_can_find_the_row_of_the_first(database: Database) -> None:
    is_late = []

    def enter_once(session: Session) -> str:
        found = session.exec(select(Division)).first() if is_late else None
        if found is not None:
            return "found"
        is_late.append(None)
        session.add(place("520624000000"))
        session.flush()
        return "entered"

    assert run_in_transaction(database, enter_once) == "entered"
    is_late.clear()
    assert run_in_transaction(database, enter_once) == "found"


def test_other_broken_constraints_stay_faults_whose_text_has_no_values(database: Database) -> None:
    def enter(session: Session) -> None:
        row = place("520624000000")
        row.parent_id = UUID(int=7)
        session.add(row)
        session.flush()

    with pytest.raises(IntegrityError) as fault:
        run_in_transaction(database, enter)
    assert "甲县" not in str(fault.value)


def test_sqlite_runs_in_wal_mode_with_foreign_keys_on(sqlite_database: Database) -> None:
    with sqlite_database.read() as session:
        assert session.connection().execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert session.connection().execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert session.connection().execute(text("PRAGMA busy_timeout")).scalar() == 30000


def test_a_failed_statement_does_not_repeat_its_parameters(database: Database) -> None:
    same = uuid4()
    with database.write() as session:
        session.add(token("FIRST", id=same))
    with pytest.raises(IntegrityError) as failed, database.write() as session:
        session.add(token("张三的备注", id=same))
    assert "张三的备注" not in str(failed.value)


def test_a_unit_that_meets_a_row_of_another_writer_runs_again_and_sees_it(database: Database) -> None:
    """Two first writers of one key: both finish, with one row."""
    same, barrier, made = uuid4(), Barrier(2), list[bool]()

    def work() -> None:
        attempts = []

        def unit(session: Session) -> bool:
            if session.get(ApiToken, same) is not None:
                return False
            attempts.append(1)
            if database.engine.dialect.name == "postgresql" and len(attempts) == 1:
                barrier.wait(timeout=10)
            session.add(token("KEY", id=same))
            session.flush()
            return True

        made.append(run_in_transaction(database, unit))

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, True]


def test_what_sqlite_deletes_is_written_over_and_leaves_its_log(sqlite_database: Database) -> None:
    path = Path(sqlite_database.engine.url.database or "")
    mark = "a text that must not stay readable"
    with sqlite_database.engine.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
        connection.exec_driver_sql("CREATE TABLE note (text VARCHAR)")
        connection.exec_driver_sql("INSERT INTO note VALUES (?)", (mark * 300,))
    with sqlite_database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM note")

    def readable() -> bool:
        return any(mark.encode() in each.read_bytes() for each in path.parent.glob("touyan.db*"))

    assert readable()
    with sqlite_database.read() as session:
        session.exec(text("SELECT count(*) FROM note"))  # type: ignore[call-overload]
        # Somebody reads the log: it waits for a moment, and says that it was not emptied.
        with sqlite_database.engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO note VALUES ('x')")
        assert not sqlite_database.empty_log()
    assert sqlite_database.empty_log()
    assert not readable()
