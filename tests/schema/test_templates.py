"""Empty workbooks over HTTP, and what the schema says of the kinds of tables."""

from io import BytesIO
from urllib.parse import unquote

import pytest
from openpyxl import load_workbook

from app.services.imports.records import SheetKind
from tests.schema.door import Door


def test_a_template_comes_with_its_name_and_the_lists_of_the_county(lite: Door) -> None:
    response = lite.request("GET", "/templates/CANDIDATES?county=520624")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/vnd.openxmlformats-officedocument.spreadsheetml")
    _, _, name = response.headers["content-disposition"].partition("filename*=UTF-8''")
    assert unquote(name) == "甲县村级后备力量信息台账（模板）.xlsx"
    assert response.headers["cache-control"] == "no-store"
    book = load_workbook(BytesIO(response.content))
    assert book.sheetnames[0] == "村级后备力量信息台账"
    assert any(name.startswith("村_") for name in book.defined_names)


@pytest.mark.parametrize(
    ("by", "path", "status", "code"),
    [
        ("county", "/templates/NOTHING?county=520624", 404, "NOT_FOUND"),
        ("county", "/templates/CANDIDATES", 404, "NOT_FOUND"),
        ("other_county", "/templates/CANDIDATES?county=520624", 404, "NOT_FOUND"),
        ("reader", "/templates/CANDIDATES?county=520624", 403, "FORBIDDEN"),
        ("mentee", "/templates/CANDIDATES?county=520624", 403, "FORBIDDEN"),
        (None, "/templates/CANDIDATES?county=520624", 401, "UNAUTHENTICATED"),
    ],
)
def test_templates_are_for_those_who_enter_people_of_the_county(
    lite: Door, by: str | None, path: str, status: int, code: str
) -> None:
    response = lite.request("GET", path, by=by)
    assert (response.status_code, response.json()["errors"][0]["extensions"]) == (status, {"code": code})


def test_the_kinds_of_tables_are_told_with_their_columns(lite: Door) -> None:
    query = """{ importKinds { kind label english: label(language: EN) templateUrl columns { key title required } } }"""
    kinds = {each["kind"]: each for each in lite.data(query, by="township")["importKinds"]}
    assert kinds.keys() == set(SheetKind)
    pools = kinds["MENTOR_POOLS"]
    assert (pools["label"], pools["english"], pools["templateUrl"]) == (
        "帮带导师库名册",
        "Mentor pools",
        "/templates/MENTOR_POOLS",
    )
    assert [(column["key"], column["required"]) for column in pools["columns"]] == [
        ("number", False),
        ("township", True),
        ("pool_name", True),
        ("note", False),
    ]
