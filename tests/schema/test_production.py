"""What the production profile refuses: each way in which public GraphQL services are abused."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from graphql import get_introspection_query
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from app.config import Profile, Settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import ConfigurationError
from schema.asgi import PREFLIGHT
from schema.documents import load_documents
from schema.limits import MAX_ALIASES, MAX_DIRECTIVES, MAX_REPETITIONS, MAX_ROOT_FIELDS
from schema.root import make_schema
from tests.schema.door import Door, open_door
from tests.schema.serving import served

ROLE = "{ viewer { role } }"


@pytest.fixture
def office(sqlite_database: Database, cipher: PersonalDataCipher) -> Door:
    return open_door(sqlite_database, cipher, profile=Profile.PRODUCTION)


def refused(door: Door, query: str) -> str:
    """The message of an operation that is refused before anything of it runs."""
    body = door.ask(query)
    assert "data" not in body
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "BAD_DOCUMENT"
    return str(error["message"])


def test_an_anonymous_caller_sees_no_schema_and_no_page(office: Door) -> None:
    for query in (get_introspection_query(), "{ __schema { types { name } } }", "{ __typename }", ROLE, "{"):
        answer = office.request("POST", "/graphql", by=None, json={"query": query})
        assert (answer.status_code, list(answer.json())) == (401, ["errors"])
        assert answer.headers["www-authenticate"] == "Bearer"
    for headers in ({"Accept": "text/html"}, {"Accept": "*/*"}):
        page = office.request("GET", "/graphql", by=None, headers=headers)
        assert (page.status_code, "html" in page.text) == (401, False)
    assert office.request("GET", "/graphql", headers={"Accept": "text/html"}).status_code == 404
    assert office.request("GET", "/graphiql/graphiql.js").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "{ viewr { role } }",
        "{ viewer { rol } }",
        '{ node(idd: "x") { id } }',
        "{ cadres(orderBy: {field: COD}) { totalCount } }",
        "query($x: Viewr) { viewer { role } }",
        '{ node(id: "x") { ... on Cadr { name } } }',
    ],
)
def test_errors_suggest_no_names(office: Door, query: str) -> None:
    body = office.ask(query)
    assert body["errors"]
    assert "Did you mean" not in json.dumps(body)


def test_nothing_is_answered_by_get_without_the_preflight_header(office: Door) -> None:
    bare = office.request("GET", "/graphql", params={"query": ROLE})
    assert (bare.status_code, PREFLIGHT in bare.json()["errors"][0]["message"]) == (400, True)
    asked = office.request("GET", "/graphql", params={"query": ROLE}, headers={PREFLIGHT: "1"})
    assert asked.json()["data"] == {"viewer": {"role": "COUNTY_ADMIN"}}
    change = 'mutation { removePin(input: {id: "x"}) { removedId } }'
    for headers in ({}, {PREFLIGHT: "1"}):
        assert office.request("GET", "/graphql", params={"query": change}, headers=headers).status_code == 400
    watched = {"query": 'subscription { matchRunProgress(runId: "x") { offset } }'}
    stream = {"Accept": "text/event-stream"}
    assert office.request("GET", "/graphql", params=watched, headers=stream).status_code == 400


def test_form_encoded_bodies_are_refused(office: Door) -> None:
    for form in ({"data": {"query": ROLE}}, {"files": {"operations": (None, json.dumps({"query": ROLE}))}}):
        answer = office.request("POST", "/graphql", **form)  # type: ignore[arg-type]
        assert (answer.status_code, "data" in answer.json()) == (415, False)
    plain = office.request(
        "POST", "/graphql", content=json.dumps({"query": ROLE}), headers={"Content-Type": "text/plain"}
    )
    assert plain.status_code == 415


def test_batches_are_refused(office: Door) -> None:
    answer = office.request("POST", "/graphql", json=[{"query": ROLE}, {"query": ROLE}])
    assert (answer.status_code, "data" in answer.text) == (400, False)


def test_overloads_of_aliases_directives_fields_and_root_fields_are_refused(office: Door) -> None:
    aliases = "{ viewer {" + " ".join(f"a{n}: role" for n in range(MAX_ALIASES + 1)) + "} }"
    assert "alias" in refused(office, aliases)
    directives = "{ viewer " + "@include(if: true) " * (MAX_DIRECTIVES + 1) + "{ role } }"
    assert f"at most {MAX_DIRECTIVES}" in refused(office, directives)
    unknown = "{ viewer " + "@aa " * (MAX_DIRECTIVES + 1) + "{ role } }"
    assert f"at most {MAX_DIRECTIVES}" in refused(office, unknown)
    duplicates = "{ viewer { " + "role " * (MAX_REPETITIONS + 1) + "} }"
    assert f"more than {MAX_REPETITIONS} times" in refused(office, duplicates)
    fragment = " ".join('viewer { role } node(id: "x") { id }' for _ in range(MAX_ROOT_FIELDS // 2))
    roots = f"{{ ...A ...B }} fragment A on Query {{ {fragment} }} fragment B on Query {{ viewer {{ role }} }}"
    assert f"at most {MAX_ROOT_FIELDS}" in refused(office, roots)


def test_circular_introspection_is_refused(office: Door) -> None:
    inner = "name"
    for _ in range(8):
        inner = f"fields {{ type {{ {inner} }} }}"
    assert "depth" in refused(office, f"{{ __schema {{ types {{ {inner} }} }} }}")


def test_answers_hold_no_tracing_or_debug_fields(office: Door) -> None:
    for headers in ({}, {"X-Apollo-Tracing": "1"}, {"Apollo-Require-Preflight": "true"}):
        body = office.request("POST", "/graphql", json={"query": ROLE}, headers=headers).json()
        assert set(body) == {"data", "extensions"}
        assert set(body["extensions"]) == {"cost"}


def test_errors_hold_no_stack_traces(
    office: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> Any:
        raise KeyError("sec" + "ret")  # apart: a traceback tells the line itself

    monkeypatch.setattr("schema.people.queries.people.cadres_by_code", fail)
    with caplog.at_level(logging.INFO):
        answer = office.request("POST", "/graphql", json={"query": '{ cadre(code: "x") { name } }'})
    error = answer.json()["errors"][0]
    assert set(error["extensions"]) == {"code", "errorId", "requestId"}
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    for word in ("Traceback", "KeyError", "secret", ".py", "File"):
        assert word not in answer.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["7"], 4400),
        (["[]"], 4400),
        (["null"], 4400),
        (['"x"'], 4400),
        (["{"], 4400),
        (['{"type": "unknown"}'], 4400),
        (['{"type": "connection_init", "payload": 7}'], 4403),
        (['{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { role } }"}}'], 4401),
        (["INIT", '{"type": "connection_init"}'], 4429),
        (["INIT", '{"type": "subscribe", "id": "1", "payload": {}}'], 4400),
    ],
)
def test_messages_that_are_none_close_the_socket_with_the_codes_of_the_protocol(
    office: Door, messages: list[str], code: int
) -> None:
    payload = {"authorization": f"Bearer {office.world.tokens['county']}"}
    init = json.dumps({"type": "connection_init", "payload": payload})
    with (
        served(office) as port,
        connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=["graphql-transport-ws"]) as line,  # type: ignore[list-item]
    ):
        for message in messages:
            line.send(init if message == "INIT" else message)
        with pytest.raises(ConnectionClosed) as end:
            list(line)
    assert end.value.rcvd is not None
    assert end.value.rcvd.code == code


def test_browsers_of_other_origins_may_not_read_answers_unless_told(
    sqlite_database: Database, cipher: PersonalDataCipher
) -> None:
    origin = {"Origin": "https://desk.example"}
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    closed = open_door(sqlite_database, cipher, profile=Profile.PRODUCTION)
    answer = closed.request("POST", "/graphql", json={"query": ROLE}, headers=origin)
    assert "access-control-allow-origin" not in answer.headers
    assert closed.request("OPTIONS", "/graphql", by=None, headers=origin | ask).status_code == 401


def test_an_allowed_origin_may_ask(office: Door, cipher: PersonalDataCipher) -> None:
    from app.main import create_app

    settings = Settings(allowed_origins="https://desk.example", embedded_worker=False)
    door = Door(application=create_app(settings, office.database, cipher), world=office.world, database=office.database)
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    origin = {"Origin": "https://desk.example"}
    allowed = door.request("OPTIONS", "/graphql", by=None, headers=origin | ask)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, "https://desk.example")
    other = door.request("OPTIONS", "/graphql", by=None, headers={"Origin": "https://evil.example"} | ask)
    assert (other.status_code, "access-control-allow-origin" in other.headers) == (400, False)
    assert "access-control-allow-credentials" not in allowed.headers


@pytest.mark.parametrize("origins", ["desk.example", "https://desk.example/path", "*", "ftp://x"])
def test_origins_must_be_whole_origins(origins: str) -> None:
    with pytest.raises(ValueError, match="must be origins"):
        Settings(allowed_origins=origins)


def test_long_answers_are_compressed_and_short_ones_are_not(office: Door) -> None:
    query = {"query": get_introspection_query()}
    long = office.request("POST", "/graphql", json=query, headers={"Accept-Encoding": "gzip"})
    assert long.headers["content-encoding"] == "gzip"
    assert {"accept", "authorization", "accept-encoding"} <= {
        name.strip().lower() for name in long.headers["vary"].split(",")
    }
    plain = office.request("POST", "/graphql", json=query, headers={"Accept-Encoding": "identity"})
    assert ("content-encoding" in plain.headers, plain.json()) == (False, long.json())
    short = office.request("POST", "/graphql", json={"query": ROLE}, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in short.headers


class TestTrustedDocuments:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "documents.json"
        named = "query Cadre($code: String!) { cadre(code: $code) { code } }"
        path.write_text(json.dumps({"role": ROLE, "cadre": named}), encoding="utf-8")
        return path

    @pytest.fixture
    def strict(self, sqlite_database: Database, cipher: PersonalDataCipher, path: Path) -> Door:
        return open_door(
            sqlite_database, cipher, profile=Profile.PRODUCTION, trusted_documents=path, only_trusted_documents=True
        )

    def test_a_document_is_named_by_its_id(self, strict: Door) -> None:
        posted = strict.request("POST", "/graphql", json={"documentId": "role"})
        assert posted.json()["data"] == {"viewer": {"role": "COUNTY_ADMIN"}}
        got = strict.request("GET", "/graphql", params={"documentId": "role"}, headers={PREFLIGHT: "1"})
        assert got.json()["data"] == posted.json()["data"]
        named = strict.request("POST", "/graphql", json={"documentId": "cadre", "variables": {"code": "nobody"}})
        assert named.json()["data"] == {"cadre": None}

    @pytest.mark.parametrize(
        "body", [{"query": ROLE}, {"documentId": "other"}, {"documentId": 7}, {"documentId": "role", "query": ROLE}, {}]
    )
    def test_everything_else_is_refused(self, strict: Door, body: dict[str, Any]) -> None:
        answer = strict.request("POST", "/graphql", json=body)
        assert (answer.status_code, "data" in answer.json()) == (400, False)

    def test_where_others_are_accepted_both_ways_work(
        self, sqlite_database: Database, cipher: PersonalDataCipher, path: Path
    ) -> None:
        door = open_door(sqlite_database, cipher, trusted_documents=path)
        by_id = door.request("POST", "/graphql", json={"documentId": "role"}).json()["data"]
        assert by_id == door.data(ROLE)

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("{", "cannot be read as JSON"),
            ("[]", "must be a JSON object"),
            ('{"a": 7}', "must be a JSON object"),
            ('{"a": "{ nothing }"}', "document 'a': Cannot query field"),
            ('{"a": "{"}', "document 'a': Syntax Error"),
        ],
    )
    def test_a_faulty_file_is_refused_at_start(self, path: Path, text: str, fault: str) -> None:
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigurationError, match=fault):
            load_documents(path, make_schema()._schema, excludes_others=False)

    def test_only_trusted_needs_a_file(self) -> None:
        with pytest.raises(ValueError, match="TOUYAN_TRUSTED_DOCUMENTS"):
            Settings(only_trusted_documents=True)
