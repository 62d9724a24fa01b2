"""Downloads of files: who may, what the headers say, and that each is recorded."""

from uuid import uuid4

import pytest
from sqlmodel import col, select

from app.http.exports import content_disposition
from app.models import AuditEvent, ExportJob
from app.models.vocabulary import ExportFormat, ExportState
from tests.schema.door import Door


def downloads(door: Door) -> list[AuditEvent]:
    with door.database.read() as session:
        rows = list(session.exec(select(AuditEvent).where(col(AuditEvent.action) == "EXPORT_DOWNLOADED")))
        session.expunge_all()
        return rows


def change(door: Door, **values: object) -> None:
    with door.database.write() as session:
        job = session.get_one(ExportJob, door.world.ids["export"])
        for name, value in values.items():
            setattr(job, name, value)
        session.add(job)


def path(door: Door) -> str:
    return f"/exports/{door.world.ids['export']}"


def test_the_file_comes_with_its_name_and_type_and_is_recorded(door: Door) -> None:
    response = door.request("GET", path(door))
    assert (response.status_code, response.content) == (200, b"PK-bytes")
    assert response.headers["content-type"].startswith("application/vnd.openxmlformats-officedocument.spreadsheetml")
    assert response.headers["content-disposition"] == (
        "attachment; filename=\"___ 2025.xlsx\"; filename*=UTF-8''%E8%8A%B1%E5%90%8D%E5%86%8C%202025.xlsx"
    )
    assert (response.headers["cache-control"], response.headers["x-content-type-options"]) == ("no-store", "nosniff")
    (event,) = downloads(door)
    assert (event.actor, event.target) == ("county", f"ExportJob {door.world.ids['export']}")
    assert event.detail == {
        "form": "TWO_PLUS_ONE_ROSTER",
        "roster": str(door.world.ids["roster"]),
        "purpose": event.detail["purpose"],
        "mask_level": "STANDARD",
        "row_count": 5,
        "sha256": "2" * 64,
    }
    assert event.detail["purpose"]


def test_csv_is_labelled_as_csv(lite: Door) -> None:
    change(lite, format=ExportFormat.CSV)
    assert lite.request("GET", path(lite), by="reader").headers["content-type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize("by", ["other_county", "township"])
def test_outside_the_territory_a_file_looks_unknown(lite: Door, by: str) -> None:
    outside = lite.request("GET", path(lite), by=by)
    unknown = lite.request("GET", f"/exports/{uuid4()}", by=by)
    garbled = lite.request("GET", "/exports/x'--", by=by)
    for response in (outside, unknown, garbled):
        assert (response.status_code, response.json()["errors"][0]["extensions"]) == (404, {"code": "NOT_FOUND"})
    assert downloads(lite) == []


def test_a_file_of_the_whole_programme_needs_its_whole_division(lite: Door) -> None:
    change(lite, county_id=None)
    assert [lite.request("GET", path(lite), by=by).status_code for by in ("county", "prefecture", "other_county")] == [
        200,
        200,
        404,
    ]


def test_unfinished_files_look_unknown(lite: Door) -> None:
    change(lite, state=ExportState.FAILED)
    assert lite.request("GET", path(lite)).status_code == 404
    change(lite, state=ExportState.DONE, content=None)
    assert lite.request("GET", path(lite)).status_code == 404


def test_anonymous_visitors_and_participants_get_no_file(lite: Door) -> None:
    anonymous = lite.request("GET", path(lite), by=None)
    assert (anonymous.status_code, anonymous.headers["www-authenticate"]) == (401, "Bearer")
    for by in ("mentee", "mentor"):
        response = lite.request("GET", path(lite), by=by)
        assert (response.status_code, b"PK" in response.content) == (403, False)
    assert downloads(lite) == []


def test_names_cannot_break_out_of_the_header() -> None:
    header = content_disposition('a"b\r\nX: y.csv')
    assert header == "attachment; filename=\"a_b__X_ y.csv\"; filename*=UTF-8''a%22b%0D%0AX%3A%20y.csv"
