"""``touyan audit`` over a database that the command line itself has filled."""

import csv
import io
import re

import pytest
from sqlalchemy import text

from app.config import get_settings
from app.db import Database
from tests.app.test_cli import Shell
from tests.app.trails import burglar
from tests.servers import TEST_DATA_KEY


@pytest.fixture
def shell(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.delenv("TOUYAN_DATABASE_URL", raising=False)
    monkeypatch.setenv("TOUYAN_DATA_KEYS", TEST_DATA_KEY)
    get_settings.cache_clear()
    made = Shell(tmp_path)  # type: ignore[arg-type]
    made.run("migrate")
    for label in ("=SUM(A1)", "第二个", "third"):
        made.run("token", "create", "--role", "AUDITOR", "--label", label)
    return made


def damage(shell: Shell, statement: str) -> None:
    database = Database(f"sqlite:///{shell.database}")
    with burglar(database) as connection:
        connection.execute(text(statement))
    database.dispose()


def test_a_whole_trail_is_said_to_be_whole_and_its_head_is_its_anchor(shell: Shell) -> None:
    told = shell.run("audit", "verify")
    assert "whole: 3 entries" in told
    assert "审计日志完整：共 3 条" in told
    anchor = shell.run("audit", "head").strip()
    assert re.fullmatch(r"3:[0-9a-f]{64}", anchor)
    shell.run("token", "create", "--role", "AUDITOR")
    assert "whole: 4 entries" in shell.run("audit", "verify", "--anchor", anchor)
    wrong = anchor.replace("3:", "2:")
    told = shell.run("audit", "verify", "--anchor", anchor, "--anchor", wrong, code=1)
    assert "ANCHOR_DIFFERS entry 2" in told
    assert "第 2 条：该条记录与锚点不符" in told
    assert "NUMBER:HASH" in shell.run("audit", "verify", "--anchor", "3-abc", code=1)


def test_what_is_wrong_is_said_with_its_number_in_both_languages_and_ends_with_code_1(shell: Shell) -> None:
    damage(shell, "UPDATE audit_event SET actor = 'x' WHERE sequence = 2")
    told = shell.run("audit", "verify", code=1)
    assert "ENTRY_CHANGED entry 2: The entry was changed after it was written." in told
    assert "第 2 条：该条记录被改动。" in told
    assert "首个问题之前的 1 条记录有效" in told


def test_a_broken_head_stops_everything_that_is_recorded_until_somebody_answers_for_it(shell: Shell) -> None:
    damage(shell, "DELETE FROM audit_head")
    assert "HEAD_MISSING" in shell.run("audit", "verify", code=1)
    assert "AUDIT_TRAIL_BROKEN" in shell.run("audit", "head", code=1)
    refused = shell.run("token", "create", "--role", "AUDITOR", code=1)
    assert "AUDIT_TRAIL_BROKEN" in refused
    assert "审计日志的链头已丢失" in refused
    assert "INVALID_INPUT" in shell.run("audit", "accept", "--reason", " ", code=1)
    assert "1 finding(s)" in shell.run("audit", "accept", "--reason", "磁盘故障，已核查")
    shell.run("token", "create", "--role", "AUDITOR")
    assert "whole: 5 entries" in shell.run("audit", "verify")
    assert "重新封存审计日志" in shell.run("audit", "list", "--action", "TRAIL_RESEALED")


def rows(told: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(told)))


def test_entries_are_listed_as_a_table_and_as_csv_by_what_is_asked_for(shell: Shell) -> None:
    table = shell.run("audit", "list")
    assert "签发令牌" in table
    assert table.count("TOKEN_CREATED") == 3
    found = rows(shell.run("audit", "list", "--format", "csv"))
    assert [row["sequence"] for row in found] == ["1", "2", "3"]
    assert {row["actor"] for row in found} == {"system"}
    assert found[0]["detail"] == '{"division":null,"person":null,"role":"AUDITOR"}'
    assert len(found[0]["entry_hash"]) == 64
    assert rows(shell.run("audit", "list", "--format", "csv", "--actor", "nobody")) == []
    assert rows(shell.run("audit", "list", "--format", "csv", "--action", "RUN_STARTED")) == []
    assert len(rows(shell.run("audit", "list", "--format", "csv", "--target", "ApiToken "))) == 3
    assert rows(shell.run("audit", "list", "--format", "csv", "--until", "2020-01-01")) == []
    assert len(rows(shell.run("audit", "list", "--format", "csv", "--since", "2020-01-01T00:00:00+08:00"))) == 3
    assert "--since must be a day" in shell.run("audit", "list", "--since", "gestern", code=1)
