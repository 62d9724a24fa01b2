"""Names folded for search, and the column that keeps them folded whoever writes."""

import ast
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from sqlmodel import col, select

from app.db import Database, utc_now
from app.folding import folded
from app.models import Division, metadata
from app.models.columns import SearchedRow
from app.models.vocabulary import DivisionKind, DivisionLevel

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("張鍾書", "张钟书"),
        ("劉　德華", "刘德华"),
        ("张  三", "张三"),
        ("张\u200b三\ufeff", "张三"),
        ("阿不都·买买提", "阿不都•買買提"),
        ("阿不都・买买提", "阿不都 ‧ 买买提"),
        ("阿不都．买买提", "阿不都买买提"),
        ("ＬＩ Ming", "li ming"),
        ("５２０６２４－00012", "520624-00012"),
        ("皇后村", "皇後村"),
        ("林著", "林着"),
    ],
)
def test_what_means_alike_is_folded_into_one_text(written: str, searched: str) -> None:
    assert folded(written) == folded(searched) != ""


def test_a_part_of_a_name_is_found_whatever_phrase_it_stands_in() -> None:
    assert folded("乾") in folded("乾隆村")  # a conversion of phrases keeps 乾 in 乾隆 and changes it alone
    assert folded("发") in folded("頭髮") == "头发"


def test_folding_is_done_with_once() -> None:
    characters = [*range(0x21, 0x250), *range(0x3400, 0xA000), *range(0xF900, 0xFB00), *range(0x20000, 0x2A6E0)]
    once = [folded(chr(each)) for each in characters]
    assert [folded(each) for each in once] == once


def test_different_names_stay_different() -> None:
    assert len({folded(name) for name in ("张三", "张二", "章三", "宁", "甯")}) == 5


def row(name: str) -> dict[str, Any]:
    return {
        "code": "520000000000",
        "name": name,
        "level": DivisionLevel.PROVINCE,
        "kind": DivisionKind.PROVINCE,
        "local_label": "省",
        "display_order": 1,
        "valid_from": date(2020, 1, 1),
        "created_by": "test",
        "updated_by": "test",
    }


def test_every_way_of_writing_a_row_keeps_the_folded_name(database: Database) -> None:
    with database.write() as session:
        session.add(Division(**row("貴　州")))
        session.flush()
        bulk = [row("廣 東") | {"valid_from": date(2021, 1, day)} for day in (1, 2)]
        session.connection().execute(
            insert(Division), [each | {"id": Division(**each).id, "version": 1} | _times() for each in bulk]
        )
        session.bulk_insert_mappings(Division, [row("雲南") | {"valid_from": date(2022, 1, 1)}])  # type: ignore[arg-type]
    with database.write() as session:
        changed = session.exec(select(Division).where(col(Division.name) == "貴　州")).one()
        assert changed.search_text == "贵州"
        changed.name = "湖 廣"
    with database.read() as session:
        found = session.exec(select(Division.search_text).order_by(col(Division.valid_from))).all()
    assert found == ["湖广", "广东", "广东", "云南"]


def _times() -> dict[str, Any]:
    return {"created_at": utc_now(), "updated_at": utc_now()}


def test_no_statement_changes_a_name_behind_the_session() -> None:
    searched = {table.__name__ for table in SearchedRow.__subclasses__()}
    assert {metadata.tables[name].c.search_text.nullable for name in ("person", "division", "mentor_pool")} == {False}
    assert searched == {"Person", "Division", "ReservePool", "MentorPool", "PairingProgram", "UserAccount"}
    for folder in ("app", "schema"):
        for path in (ROOT / folder).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            assert "bulk_update" not in source, path
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "update":
                    (table,) = node.args
                    assert isinstance(table, ast.Name), path
                    assert table.id not in searched, path
