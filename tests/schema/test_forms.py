"""Forms by GraphQL: exported, fetched in parts, worded, and all of it inside the territory alone."""

from typing import Any

import pytest

from app.http import exports
from schema.ids import encode_id
from tests.schema.door import Door

EXPORT = """mutation($input: ExportFormInput!) { exportForm(input: $input) {
  exportJob { form formLabel format layout rowOrder url masterSha256 fileSha256 rowCount
    division { code } program { id } plan { id } roster { id } }
  userErrors { code path message } } }"""
SET = """mutation($input: SetFormTextInput!) { setFormText(input: $input) {
  formText { form formLabel version texts { key text isOwn } widths { column width isOwn } }
  userErrors { code path } } }"""
RESET = """mutation($input: ResetFormTextInput!) { resetFormText(input: $input) {
  formText { version texts { key text isOwn } } userErrors { code } } }"""
READ = "query($id: ID!) { formTexts(divisionId: $id) { form version texts { key isOwn } } }"


def county(door: Door) -> str:
    return encode_id("County", door.world.divisions["520624000000"])


def export(door: Door, by: str = "county", **values: Any) -> dict[str, Any]:
    body = door.ask(EXPORT, input={"format": "CSV", "purpose": "备案"} | values, by=by)
    payload: dict[str, Any] = body["data"]["exportForm"]
    return payload


def test_a_list_of_present_data_is_exported_and_fetched(door: Door) -> None:
    payload = export(door, form="MENTOR_POOL", divisionId=county(door))
    job = payload["exportJob"]
    assert payload["userErrors"] == []
    assert (job["form"], job["formLabel"], job["format"]) == ("MENTOR_POOL", "帮带导师库花名册", "CSV")
    assert (job["masterSha256"], job["roster"], job["plan"], job["program"]) == (None, None, None, None)
    assert job["division"] == {"code": "520624000000"}
    file = door.request("GET", job["url"])
    assert file.status_code == 200
    assert file.text.lstrip("\ufeff").startswith("序号,乡镇（街道）,编号,姓名")
    assert len(file.text.rstrip().split("\r\n")) == job["rowCount"] + 2
    assert door.request("GET", job["url"], by="other_county").status_code == 404


def test_a_form_of_another_county_is_not_found(lite: Door) -> None:
    payload = export(lite, by="other_county", form="CANDIDATE_LEDGER", divisionId=county(lite))
    assert payload["exportJob"] is None
    assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [("NOT_FOUND", ["divisionId"])]


def test_a_file_is_sent_in_parts_that_make_the_whole(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    job = export(door, form="MENTOR_POOL", divisionId=county(door), format="PDF")["exportJob"]
    whole = door.request("GET", job["url"])
    monkeypatch.setattr(exports, "CHUNK_BYTES", 1_000)
    parts = door.request("GET", job["url"], headers={"Accept-Encoding": "identity"})
    assert whole.headers["content-type"] == "application/pdf"
    assert len(whole.content) > 10_000
    assert parts.content == whole.content
    assert parts.headers["content-length"] == str(len(whole.content))


def test_a_county_words_a_form_reads_it_and_takes_it_back(door: Door) -> None:
    given = {
        "divisionId": county(door),
        "form": "MENTOR_POOL",
        "texts": [{"key": "annex", "text": "附件12"}],
        "widths": [{"column": "name", "width": 9.5}],
    }
    payload = door.ask(SET, input=given)["data"]["setFormText"]
    assert payload["userErrors"] == []
    text = payload["formText"]
    assert (text["form"], text["version"]) == ("MENTOR_POOL", 1)
    assert [each for each in text["texts"] if each["isOwn"]] == [{"key": "annex", "text": "附件12", "isOwn": True}]
    assert [each for each in text["widths"] if each["isOwn"]] == [{"column": "name", "width": 9.5, "isOwn": True}]
    read = door.ask(READ, id=county(door))["data"]["formTexts"]
    assert {each["form"]: each["version"] for each in read if each["version"]} == {
        "MENTOR_POOL": 1,
        "CANDIDATE_LEDGER": 1,
    }
    assert len(read) == 8
    stale = door.ask(SET, input=given | {"expectedVersion": 7})["data"]["setFormText"]
    assert stale["userErrors"][0]["code"] == "VERSION_CONFLICT"
    faulty = door.ask(SET, input=given | {"texts": [{"key": "annex", "text": "=1"}]})["data"]["setFormText"]
    assert faulty["userErrors"] == [{"code": "INVALID_INPUT", "path": ["texts"]}]
    back = door.ask(RESET, input={"divisionId": county(door), "form": "MENTOR_POOL"})["data"]["resetFormText"]
    assert back["formText"]["version"] is None
    assert not [each for each in back["formText"]["texts"] if each["isOwn"]]


def test_the_words_of_another_county_read_as_absent(lite: Door) -> None:
    assert lite.ask(READ, id=county(lite), by="other_county")["data"]["formTexts"] is None
    given = {"divisionId": county(lite), "form": "MENTOR_POOL", "texts": [{"key": "annex", "text": "附件12"}]}
    payload = lite.ask(SET, input=given, by="other_county")["data"]["setFormText"]
    assert (payload["formText"], payload["userErrors"][0]["code"]) == (None, "NOT_FOUND")
