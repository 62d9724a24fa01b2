"""The door for files, and the whole way of one through the API: upload, correct, commit, take back."""

from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from app.models import AuditEvent, ImportBatch, ImportSource, Person
from schema.ids import encode_id
from tests.app.imports.conftest import candidates
from tests.app.rosters.conftest import candidate_row
from tests.factories_graph_people import COUNTY
from tests.schema.door import Door

LOOK = """query($id: ID!) { importBatch(id: $id) {
  state counts { new rejected skipped } fileName senderCode
  sheets { name kind headerRow rowCount columns { letter header key } }
  issues(filter: {severity: ERROR}) { nodes { cell code columnKey choices messageZh } }
  rows { nodes { rowNumber change kind } } } }"""
CORRECT = """mutation($input: CorrectImportInput!) { correctImport(input: $input) {
  importBatch { state } userErrors { code path } } }"""
COMMIT = """mutation($input: CommitImportInput!) { commitImport(input: $input) {
  importBatch { state undoneAt } userErrors { code } } }"""
STEP = """mutation($input: ImportBatchInput!) { %s(input: $input) {
  importBatch { state undoneAt } userErrors { code } } }"""


def place(door: Door) -> dict[str, object]:
    """Names of a township and a village of the county."""
    query = """query($code: String!) {
      divisions(filter: {divisionCode: $code}, first: 50) { nodes { __typename name code } } }"""
    found = door.data(query, code=COUNTY[:6])["divisions"]["nodes"]
    village = next(each for each in found if each["__typename"] == "Village")
    town = next(each for each in found if each["code"] == village["code"][:9] + "000")
    return {"乡镇（街道）": town["name"], "村（社区）": village["name"]}


def send(door: Door, data: bytes, *, by: str | None = "county", **fields: str) -> httpx.Response:
    return door.request(
        "POST", "/imports", by=by, files={"file": ("台账.xlsx", data)}, data={"county": COUNTY[:6], **fields}
    )


def step(door: Door, name: str, batch_id: str, *, by: str = "county") -> Any:
    query = COMMIT if name == "commitImport" else STEP % name
    return door.data(query, by=by, input={"id": batch_id})[name]


def test_a_file_goes_in_is_corrected_committed_and_taken_back(door: Door) -> None:
    row = candidate_row(1, **place(door))
    answer = send(door, candidates([row | {"性别": "x"}, candidate_row(2, **place(door))]))
    assert answer.status_code == 201, answer.text
    told = answer.json()["importBatch"]
    assert (told["state"], told["fileName"], told["counts"]["rejected"]) == ("HAS_ERRORS", "台账.xlsx", 1)
    found = door.data(LOOK, id=told["id"])["importBatch"]
    (issue,) = found["issues"]["nodes"]
    assert (issue["cell"], issue["code"], issue["columnKey"]) == ("E2", "UNKNOWN_WORD", "sex")
    assert (found["sheets"][0]["kind"], found["sheets"][0]["rowCount"]) == ("CANDIDATES", 2)
    assert {"letter": "D", "header": "姓名", "key": "name"} in found["sheets"][0]["columns"]
    assert [each["change"] for each in found["rows"]["nodes"]] == ["REJECTED", "NEW"]
    assert step(door, "commitImport", told["id"])["userErrors"] == [{"code": "BATCH_HAS_ERRORS"}]
    fix = {"id": told["id"], "corrections": [{"sheet": "台账", "cell": "E2", "text": "男"}]}
    assert door.data(CORRECT, input=fix)["correctImport"]["importBatch"] == {"state": "READY"}
    assert step(door, "commitImport", told["id"])["importBatch"]["state"] == "COMMITTED"
    with door.database.read() as session:
        assert session.exec(select(Person.id).where(col(Person.name).in_((row["姓名"], "张丙")))).all()
    undone = step(door, "undoImport", told["id"])["importBatch"]
    assert (undone["state"], undone["undoneAt"] is None) == ("UNDONE", False)
    with door.database.read() as session:
        assert not session.exec(select(Person.id).where(col(Person.name).in_((row["姓名"], "张丙")))).all()
        actions = [row.action.value for row in session.exec(select(AuditEvent).order_by(col(AuditEvent.sequence)))]
    assert [each for each in actions if each.startswith("IMPORT")] == [
        "IMPORT_UPLOADED", "IMPORT_CORRECTED", "IMPORT_UPLOADED", "IMPORT_COMMITTED", "IMPORT_UNDONE",
    ]  # fmt: skip


def test_a_file_corrected_since_it_was_looked_at_is_not_committed_unseen(lite: Door) -> None:
    told = send(lite, candidates([candidate_row(1, **place(lite))])).json()["importBatch"]
    version = lite.data("query($id: ID!) { importBatch(id: $id) { version } }", id=told["id"])["importBatch"]["version"]
    fix = {"id": told["id"], "corrections": [{"sheet": "台账", "cell": "E2", "text": "女"}]}
    assert lite.data(CORRECT, input=fix)["correctImport"]["importBatch"] == {"state": "READY"}
    seen = {"id": told["id"], "expectedVersion": version}
    assert lite.data(COMMIT, input=seen)["commitImport"] == {
        "importBatch": None, "userErrors": [{"code": "VERSION_CONFLICT"}],
    }  # fmt: skip
    version = lite.data("query($id: ID!) { importBatch(id: $id) { version } }", id=told["id"])["importBatch"]["version"]
    done = lite.data(COMMIT, input=seen | {"expectedVersion": version})["commitImport"]
    assert (done["importBatch"]["state"], done["userErrors"]) == ("COMMITTED", [])


@pytest.mark.parametrize(("by", "status"), [(None, 401), ("reader", 403), ("auditor", 403), ("other_county", 404)])
def test_who_may_not_enter_people_sends_no_file(lite: Door, by: str | None, status: int) -> None:
    answer = send(lite, candidates([candidate_row(1)]), by=by)
    assert answer.status_code == status
    assert nothing_kept(lite)


def nothing_kept(door: Door) -> bool:
    with door.database.read() as session:
        # One file of long ago belongs to the world.
        return len(session.exec(select(ImportBatch)).all()) == 1 and not session.exec(select(ImportSource)).all()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "UNREADABLE_WORKBOOK"),
        (b"PK\x03\x04 damaged", "UNREADABLE_WORKBOOK"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "UNREADABLE_WORKBOOK"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words_and_leaves_nothing(lite: Door, data: bytes, code: str) -> None:
    answer = send(lite, data)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (422, code)
    assert answer.json()["errors"][0]["extensions"]["messageZh"]
    assert nothing_kept(lite)


def test_a_file_that_is_too_large_is_refused_by_what_it_announces_and_by_what_arrives(lite: Door) -> None:
    large = b"x" * (20 * 2**20 + 20_000)
    answer = send(lite, large)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (413, "TOO_LARGE")

    async def pieces() -> Any:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n'
        for _ in range(21):
            yield b"x" * 2**20

    answer = lite.request(
        "POST", "/imports", content=pieces(), headers={"content-type": "multipart/form-data; boundary=b"}
    )
    assert answer.status_code == 413
    assert nothing_kept(lite)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{}", "application/json"),
        (b"--b\r\n", "multipart/form-data; boundary=b"),
        (b"--b--\r\n", "multipart/form-data; boundary=b"),
        (b"nothing of the kind", "multipart/form-data; boundary=b"),
        (b"--b\r\n", "multipart/form-data"),
        (b'--b\r\nContent-Disposition: form-data; name="county"\r\n\r\n520624\r\n--b--\r\n',
         "multipart/form-data; boundary=b"),
    ],
)  # fmt: skip
def test_a_form_without_a_file_is_refused(lite: Door, content: bytes, kind: str) -> None:
    answer = lite.request("POST", "/imports", content=content, headers={"content-type": kind})
    assert answer.status_code == 400, answer.text
    assert nothing_kept(lite)


def test_a_sender_outside_the_county_is_refused(lite: Door) -> None:
    answer = send(lite, candidates([candidate_row(1)]), sender="520625101")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "INVALID_INPUT")
    assert nothing_kept(lite)


def test_a_township_sees_its_own_files_and_the_county_sees_them_all(lite: Door) -> None:
    key = send(lite, candidates([candidate_row(1)]), by="township").json()["importBatch"]["id"]
    listed = "{ importBatches { nodes { id } } }"
    old = encode_id("ImportBatch", lite.world.ids["import_batch"])
    assert lite.data(listed, by="county")["importBatches"]["nodes"] == [{"id": key}, {"id": old}]
    assert lite.data(listed, by="township")["importBatches"]["nodes"] == [{"id": key}]
    assert lite.data(listed, by="other_township")["importBatches"]["nodes"] == []
    assert lite.data(LOOK, by="other_township", id=key)["importBatch"] is None
