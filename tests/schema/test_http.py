"""GraphQL over HTTP: bodies that are no operations, negotiation, limits, and errors that tell nothing."""

import logging
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy.exc import OperationalError

from app.access import Viewer
from app.db import Database
from app.reads import people
from schema.asgi import MAX_BODY_BYTES
from tests.schema.door import Door

ABUSES: list[tuple[bytes, int]] = [
    (b"1", 400),
    (b"null", 400),
    (b'"text"', 400),
    (b"[]", 400),
    (b'[{"query": "{viewer{role}}"}]', 400),
    (b"", 400),
    (b'{"query": "{viewer{ro', 400),
    (b'{"query": "\xff\xfe"}', 400),
    (b'{"query": "\\ud800"}', 400),
    (b'{"query": "{viewer{role}} # \\u0000"}', 400),
    (b"{}", 400),
    (b'{"query": null}', 400),
    (b'{"query": 5}', 400),
    (b'{"query": ""}', 400),
    (b'{"query": "{viewer{role}}", "variables": [1]}', 400),
    (b'{"query": "{viewer{role}}", "variables": "x"}', 400),
    (b'{"query": "{viewer{role}}", "extensions": 3}', 400),
    (b'{"query": "{viewer{role}}", "operationName": {}}', 400),
    (b'{"query": "{viewer{role}}", "operationName": "Missing"}', 400),
    (b"[" * 100_000, 400),
    (b'{"query": "' + b"a" * MAX_BODY_BYTES + b'"}', 413),
]


@pytest.mark.parametrize("by", ["county", None])
def test_bodies_that_are_no_operations_are_client_errors(lite: Door, by: str | None) -> None:
    for body, expected in ABUSES:
        response = lite.request("POST", "/graphql", by=by, content=body, headers={"Content-Type": "application/json"})
        status = 401 if by is None and b'"Missing"' in body else expected
        assert (body[:40], response.status_code) == (body[:40], status)
        assert response.headers["content-type"].startswith("application/json")
        assert "data" not in response.json()
        assert response.json()["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ('{cadre(code: "\\u{0}"){name}}', None),
        ('{cadre(code: "\\u{000}"){name}}', None),
        ('{cadre(code: "\\u0000"){name}}', None),
        ("query($c: String){cadre(code: $c){name}}", '{"c": "\\u0000"}'),
        ("query($c: String){cadre(code: $c){name}}", '{"d": [{"\\u0000": 1}]}'),
    ],
)
def test_nul_characters_are_refused_however_they_are_spelled(lite: Door, query: str, variables: str | None) -> None:
    params = {"query": query} | ({"variables": variables} if variables else {})
    by_get = lite.request("GET", "/graphql", params=params)
    body = {"query": query, "variables": orjson.loads(variables) if variables else None}
    for response in (by_get, lite.request("POST", "/graphql", json=body)):
        assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


def test_a_fault_outside_the_operation_is_told_like_any_other(
    lite: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = ("520624" + "199001010013", "张" + "三")  # apart: a traceback tells the line itself

    async def broken(*_: Any) -> Any:
        raise OperationalError(secrets[0], {}, Exception(secrets[1]))

    monkeypatch.setattr("schema.asgi.find_grant_for_header", broken)
    response = lite.request("POST", "/graphql", json={"query": "{viewer{role}}"})
    error = response.json()["errors"][0]
    assert (response.status_code, error["extensions"]["code"]) == (500, "INTERNAL")
    assert error["extensions"]["errorId"] in caplog.text
    for secret in secrets:
        assert secret not in caplog.text + response.text


def test_other_methods_and_media_types_are_refused(lite: Door) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        response = lite.request(method, "/graphql", json={"query": "{viewer{role}}"})
        assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    form = lite.request("POST", "/graphql", data={"query": "{viewer{role}}"})
    assert form.status_code == 415
    plain = lite.request("POST", "/graphql", json={"query": "{viewer{role}}"}, headers={"Accept": "image/png"})
    assert plain.status_code == 406
    missing = lite.request("POST", "/graphql/subscriptions", json={})
    assert missing.status_code == 404


def test_queries_may_come_by_get_but_mutations_may_not(lite: Door) -> None:
    good = lite.request("GET", "/graphql", params={"query": "{viewer{role}}"})
    assert good.json()["data"] == {"viewer": {"role": "COUNTY_ADMIN"}}
    bad = lite.request("GET", "/graphql", params={"query": 'mutation{removePin(input:{id:"x"}){removedId}}'})
    assert bad.status_code == 400
    for variables in ("{", "[]", "5"):
        params = {"query": "{viewer{role}}", "variables": variables}
        assert lite.request("GET", "/graphql", params=params).status_code == 400


def test_a_subscription_without_a_stream_is_refused(lite: Door) -> None:
    body = lite.ask('subscription { matchRunProgress(runId: "x") { offset } }')
    assert body["errors"][0]["message"].startswith("Subscriptions are answered over a WebSocket")
    assert "data" not in body


def test_request_errors_are_400_for_clients_of_the_new_media_type(lite: Door) -> None:
    new = {"Accept": "application/graphql-response+json"}
    for query in ("{", "{nothing}", "query($x: ID!){node(id:$x){id}}", "query A{viewer{role}} query B{viewer{role}}"):
        answer = lite.request("POST", "/graphql", json={"query": query}, headers=new)
        assert (query, answer.status_code) == (query, 400)
        assert answer.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
        assert "data" not in answer.json()
        assert lite.request("POST", "/graphql", json={"query": query}).status_code == 200
    good = lite.request("POST", "/graphql", json={"query": "{viewer{role}}"}, headers=new)
    assert (good.status_code, good.headers["cache-control"]) == (200, "no-store")
    assert "Accept" in good.headers["vary"]
    named = {"query": "query A{viewer{role}} query B{viewer{subject}}", "operationName": "B"}
    assert lite.request("POST", "/graphql", json=named).json()["data"] == {"viewer": {"subject": "county"}}


@pytest.mark.parametrize(
    "query", ["{", "{viewer{role " * 700, "{nothing}", "query A{viewer{role}} query B{viewer{role}}"]
)
def test_a_document_that_is_refused_is_told_in_a_stream_as_in_one_answer(lite: Door, query: str) -> None:
    answer = lite.request("POST", "/graphql", json={"query": query}, headers={"Accept": "text/event-stream"})
    lines = [text for text in answer.text.splitlines() if text]
    assert (answer.status_code, lines[0], lines[2:]) == (200, "event: next", ["event: complete", "data: "])
    assert orjson.loads(lines[1].removeprefix("data: ")) == {"errors": lite.ask(query)["errors"]}


def test_long_deep_and_repetitive_documents_are_refused_at_once(lite: Door) -> None:
    long = "{" + " ".join(f"a{number}: viewer {{ role }}" for number in range(1_500)) + "}"
    deep = "{divisions{nodes{" + "parent{" * 20 + "name" + "}" * 20 + "}}}"
    many = "{" + " ".join(f"a{number}: viewer {{ role }}" for number in range(31)) + "}"
    again = "{" + "viewer{role} " * 480 + "}"
    for query in (long, deep, many, again):
        started = time.perf_counter()
        body = lite.ask(query)
        assert time.perf_counter() - started < 0.5
        assert "data" not in body
        assert len(body["errors"]) == 1


def test_an_operation_that_fans_out_is_stopped(lite: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schema.asgi.MAX_ITEMS", 100)
    small = "{reserveCandidates{nodes{village{reserveCandidates{nodes{id}}}}}}"
    assert "errors" not in lite.ask(small)
    inner = "id"
    for _ in range(4):
        inner = f"village{{reserveCandidates{{nodes{{{inner}}}}}}}"
    body = lite.ask(f"{{reserveCandidates{{nodes{{{inner}}}}}}}")
    assert {error["extensions"]["code"] for error in body["errors"]} == {"TOO_COSTLY"}
    assert len(body["errors"]) <= 50


def test_graphiql_introspection_fits_the_limits(lite: Door) -> None:
    from graphql import get_introspection_query

    assert lite.data(get_introspection_query(), by=None)["__schema"]["types"]


def test_faults_tell_an_error_id_and_nothing_else(
    lite: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = ("520624199001010013", "张三", "SELECT")

    def broken(viewer: Viewer) -> Any:
        number, name, verb = secrets
        raise OperationalError(f"{verb} {number}", {"id_number": number}, Exception(name))

    monkeypatch.setattr(people, "mentees_in_scope", broken)
    with caplog.at_level(logging.INFO):
        response = lite.request("POST", "/graphql", json={"query": "{reserveCandidates{nodes{id}}}"})
    error = response.json()["errors"][0]
    error_id = error["extensions"]["errorId"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["message"] == f"Something went wrong on our side; report error id {error_id}."
    assert error_id in caplog.text
    for secret in secrets:
        assert secret not in caplog.text
        assert secret not in response.text


def test_refusals_keep_their_code_and_both_languages(lite: Door) -> None:
    error = lite.ask("{reserveCandidates(first: 0){nodes{id}}}")["errors"][0]
    assert error["message"].startswith("`first` must lie between")
    assert error["extensions"] == {
        "code": "INVALID_INPUT",
        "messageZh": "first 须在 1 与 200 之间，当前为 0。",
        "inputPath": ["first"],
    }


def test_bad_values_of_variables_are_explained_to_the_client(lite: Door) -> None:
    query = "query($d: Date) {cadres(first: 1) {nodes{grassrootsYears(referenceDate: $d)}}}"
    error = lite.ask(query, d="not a day")["errors"][0]
    assert "not a day" in error["message"] or "Date" in error["message"]
    assert "errorId" not in error.get("extensions", {})


def test_health_needs_no_token(lite: Door) -> None:
    response = lite.request("GET", "/healthz", by=None)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_a_document_is_parsed_and_validated_once_for_many_requests(lite: Door) -> None:
    from strawberry.extensions import parser_cache, validation_cache

    caches: list[Any] = [
        module(size)
        for module, size in (
            (parser_cache._get_parse_cache, parser_cache.DEFAULT_MAXSIZE),
            (validation_cache._get_validate_cache, validation_cache.DEFAULT_MAXSIZE),
        )
    ]
    before = [cache.cache_info() for cache in caches]
    for _ in range(5):
        lite.data("query OnlyHere { viewer { role subject } }")
    after = [cache.cache_info() for cache in caches]
    assert [new.misses - old.misses for old, new in zip(before, after, strict=True)] == [1, 1]
    assert [new.hits - old.hits for old, new in zip(before, after, strict=True)] == [4, 4]
    assert all(info.maxsize == 128 for info in after)


def test_while_the_database_is_away_every_door_says_so(lite: Door, tmp_path: Path) -> None:
    away = Database(f"sqlite:///{tmp_path / 'absent' / 'touyan.db'}")
    lite.application.state.database = away
    assert lite.request("GET", "/healthz", by=None).status_code == 200, "the process itself is well"
    response = lite.request("GET", f"/exports/{UUID(int=1)}")
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")


EVENTS = {"Accept": "text/event-stream"}


def test_a_stream_belongs_to_somebody(lite: Door) -> None:
    body = {"query": "{ __schema { queryType { name } } }"}
    assert lite.request("POST", "/graphql", by=None, json=body).status_code == 200
    response = lite.request("POST", "/graphql", by=None, json=body, headers=EVENTS)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")


def test_a_stream_tells_of_an_operation_that_cannot_be_run(lite: Door) -> None:
    change = 'mutation { startMatchRun(input: {programId: "x"}) { userErrors { code } } }'
    by_get = lite.request("GET", "/graphql", params={"query": change}, headers=EVENTS).text
    assert "not accepted by GET" in by_get
    assert "INTERNAL" not in by_get
    unnamed = {"query": "{ viewer { role } }", "operationName": "other"}
    answer = lite.request("POST", "/graphql", json=unnamed, headers=EVENTS).text
    assert "none of that name" in answer
    assert "INTERNAL" not in answer


@pytest.mark.parametrize("number", ["9" * 5_000, "1." + "9" * 5_000])
def test_a_number_too_long_to_be_read_is_a_mistake_in_the_document(lite: Door, number: str) -> None:
    (error,) = lite.ask(f"{{ cadres(first: {number}) {{ nodes {{ id }} }} }}")["errors"]
    assert error["extensions"] == {"code": "BAD_DOCUMENT"}
    assert error["message"].endswith("at most 100 are accepted.")


def test_a_document_is_no_place_for_values_of_any_length(lite: Door) -> None:
    long = {"query": "{ viewer { role } } #" + "x" * 50_000}
    response = lite.request("POST", "/graphql", json=long)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")
    assert lite.request("POST", "/graphql", json={"query": long["query"][:50_000]}).status_code == 200
