"""The judge of generated operations finds every kind of fault, and lets good answers and refusals pass."""

import logging
from typing import Any

import orjson
import pytest

from tests.fuzz.county import Bait
from tests.fuzz.judge import alarm, faults_of

JSON, GRAPHQL = "application/json; charset=utf-8", "application/graphql-response+json; charset=utf-8"
BAIT = Bait(secrets=["520624199001010013", "13900017001"], foreign=["外县人", "520625-00001"])
REFUSED = {"code": "NOT_FOUND", "message": "No mentor 7.", "messageZh": "没有导师 7。", "path": []}


def judged(body: Any, *, status: int = 200, kind: str = JSON, request: str = "{}", is_bound: bool = True) -> list[str]:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    found, _ = faults_of(status, kind, content, request, BAIT, is_bound=is_bound)
    return found


def error(message: str = "No mentor 7.", code: str | None = "NOT_FOUND") -> dict[str, Any]:
    return {"message": message, "extensions": {} if code is None else {"code": code}}


def test_answers_and_refusals_are_no_faults() -> None:
    assert judged({"data": {"viewer": {"role": "READER"}}}) == []
    assert judged({"data": {"mentor": None}, "errors": [error()], "extensions": {"cost": 1}}) == []
    assert judged({"data": {"addPin": {"refusals": [REFUSED]}}}) == []
    assert judged({"errors": [error()]}, status=400, kind=GRAPHQL) == []
    assert judged({"errors": [error()]}) == []


@pytest.mark.parametrize(
    ("body", "options"),
    [
        ({"errors": [error()]}, {"status": 500}),
        ({"errors": [error()]}, {"status": 503}),
        ({"data": {}}, {"kind": "text/html"}),
        (b"{", {}),
        ([], {}),
        ({}, {}),
        ({"data": None}, {}),
        ({"data": []}, {}),
        ({"data": {}, "errors": []}, {}),
        ({"data": {}, "more": 1}, {}),
        ({"data": {}}, {"status": 400}),
        ({"errors": [error()]}, {"kind": GRAPHQL}),
        ({"data": None, "errors": [error(code=None)]}, {}),
        ({"data": None, "errors": [error(code="INTERNAL")]}, {}),
        ({"data": None, "errors": [error(code="UNAVAILABLE")]}, {}),
        ({"data": None, "errors": [error("")]}, {}),
        ({"data": {"addPin": {"refusals": [REFUSED | {"code": "INTERNAL"}]}}}, {}),
        ({"data": {"addPin": {"refusals": [REFUSED | {"messageZh": ""}]}}}, {}),
        ({"data": {"addPin": {"refusals": [REFUSED | {"message": "KeyError: 'slots'"}]}}}, {}),
        ({"data": {"mentor": {"name": "外县人"}}}, {}),
        ({"data": {"mentor": {"code": "520625-00001"}}}, {}),
        ({"data": {"mentor": {"phone": "13900017001"}}}, {"is_bound": False}),
        ({"data": {"mentor": {"note": "ID 520624199001010013."}}}, {"is_bound": False}),
    ],
)
def test_every_kind_of_fault_is_found(body: Any, options: dict[str, Any]) -> None:
    assert len(judged(body, **options)) == 1


@pytest.mark.parametrize(
    "message",
    [
        "Traceback (most recent call last)",
        "(sqlite3.OperationalError) no such table",
        "SELECT person.id FROM person",
        "UNIQUE constraint failed",
        "ValueError: month must be in 1..12",
        "'NoneType' has no attribute 'id'",
        "cannot open /var/lib/touyan.db",
        "<app.models.Person object at 0x7f3a>",
    ],
)
def test_messages_that_tell_of_the_inside_are_found(message: str) -> None:
    assert judged({"data": None, "errors": [error(message)]})
    # What the client wrote may be repeated to the client.
    assert judged({"data": None, "errors": [error(message)]}, request=message) == []


def test_a_text_of_the_other_county_may_be_repeated_to_who_wrote_it_and_told_to_the_prefecture() -> None:
    answer = {"data": None, "errors": [error("No person 520625-00001 in your territory.")]}
    assert judged(answer, request='{"code": "520625-00001"}') == []
    assert judged(answer, is_bound=False) == []
    assert len(judged(answer)) == 1


def test_what_is_logged_as_an_error_is_heard() -> None:
    with alarm() as heard:
        logging.getLogger("touyan.graphql").error("fault %s", 7)
        logging.getLogger("touyan.graphql").info("refused")
    logging.getLogger("touyan.graphql").error("later")
    assert heard.lines == ["fault 7"]
