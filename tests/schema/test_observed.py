"""What a request leaves behind: an id in the answer and in every line, figures without names; and readiness."""

import asyncio
import logging
import math
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import text
from starlette.applications import Starlette

from app.config import Profile, Settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.main import create_app
from app.observe.logs import ACCESS
from app.presence import Presence
from app.request_id import GIVEN
from tests.app.trails import act, burglar, head
from tests.schema.door import Door, open_door
from tests.schema.test_sockets import ask as ask_over
from tests.schema.test_sockets import line

TOKEN = "geheim-geheim-geheim"


@pytest.fixture
def lite(sqlite_database: Database, cipher: PersonalDataCipher) -> Door:
    return open_door(sqlite_database, cipher)


class TestIds:
    def test_a_usable_id_comes_back_and_any_other_is_replaced(self, lite: Door) -> None:
        given = {"X-Request-ID": "order-2026.11_26"}
        assert lite.request("GET", "/healthz", headers=given).headers["x-request-id"] == "order-2026.11_26"
        for wrong in ("short", "x" * 65, "two words here", "<script>alert", "-begins-with-a-dash", "a\tb-cdefgh"):
            made = lite.request("GET", "/healthz", headers={"X-Request-ID": wrong}).headers["x-request-id"]
            assert made != wrong
            assert GIVEN.fullmatch(made)

    def test_every_answer_has_one_refusals_too(self, lite: Door) -> None:
        answers = [
            lite.request("GET", "/nowhere"),
            lite.request("POST", "/graphql", content=b"{"),
            lite.request("GET", "/exports/x", by=None),
        ]
        assert [answer.status_code for answer in answers] == [404, 415, 401]
        assert len({answer.headers["x-request-id"] for answer in answers}) == 3

    def test_a_fault_outside_of_graphql_is_told_by_its_id_alone(
        self, lite: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*_: Any) -> Any:
            raise KeyError("sec" + "ret")

        monkeypatch.setattr("app.http.exports.find_export", fail)
        answer = lite.request("GET", "/exports/00000000-0000-0000-0000-000000000001")
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["extensions"]["errorId"]) == (500, answer.headers["x-request-id"])
        assert "secret" not in answer.text + caplog.text
        assert f"fault {answer.headers['x-request-id']}: KeyError" in caplog.text

    def test_a_request_is_written_down_without_what_it_asked(
        self, lite: Door, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.INFO, ACCESS.name):
            answer = lite.request(
                "GET", "/graphql", params={"query": "{ viewer { role } }", "variables": '{"x": "secret"}'}
            )
        (record,) = [each for each in caplog.records if each.name == ACCESS.name]
        known = {name: record.__dict__[name] for name in ("method", "path", "status", "bytes", "user")}
        assert known == {
            "method": "GET",
            "path": "/graphql",
            "status": 200,
            "bytes": len(answer.content),
            "user": lite.data("{ viewer { subject } }")["viewer"]["subject"],
        }
        assert 0 < record.__dict__["ms"] < 60_000
        assert "secret" not in record.getMessage()
        assert lite.world.tokens["county"] not in caplog.text

    def test_operations_over_a_socket_have_ids_of_their_own_below_that_of_the_connection(
        self, lite: Door, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any) -> Any:
            raise KeyError("secret")

        monkeypatch.setattr("schema.people.queries.people.cadres_by_code", fail)
        with caplog.at_level(logging.INFO, ACCESS.name), line(lite) as session:
            assert session.response is not None
            own = session.response.headers["x-request-id"]
            (error,) = ask_over(session, '{ cadre(code: "x") { name } }')[0]["payload"]["errors"]
            ask_over(session, "query Secret { viewer { role } }")
        assert error["extensions"]["requestId"] == f"{own}.1"
        told = [each.__dict__ for each in caplog.records if each.name == ACCESS.name and "kind" in each.__dict__]
        assert [(each["kind"], each["field"], each["errors"]) for each in told] == [
            ("query", "cadre", True),
            ("query", "viewer", False),
        ]
        assert "Secret" not in caplog.text


def figures(answer: httpx.Response) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def near(application: Starlette, client: str, path: str = "/metrics", **headers: str) -> httpx.Response:
    """One request from an address."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=application, client=(client, 9))
        async with httpx.AsyncClient(transport=transport, base_url="http://touyan.test") as asking:
            return await asking.get(path, headers=headers)

    return asyncio.run(send())


class TestFigures:
    def test_operations_are_told_by_kind_and_field_and_never_by_a_name_or_a_value(self, lite: Door) -> None:
        def grown(name: str, **labels: str) -> float:
            key = (name, tuple(sorted(labels.items())))
            return after.get(key, 0.0) - before.get(key, 0.0)

        before = figures(near(lite.application, "127.0.0.1"))
        lite.data("query Secret { viewer { role } }")
        lite.data("{ viewer { role } __typename }")
        lite.data("{ a: viewer { role } cadres { totalCount } }")
        lite.ask("query Wrong { nothing }")
        lite.ask('mutation { removePin(input: {id: "x"}) { removedId userErrors { code } } }')
        answer = near(lite.application, "127.0.0.1")
        after = figures(answer)
        seconds = "touyan_operation_seconds_count"
        assert grown(seconds, kind="query", field="viewer") == 2
        assert grown(seconds, kind="query", field="several") == 1
        assert grown(seconds, kind="refused", field="") == 1
        assert grown(seconds, kind="mutation", field="removePin") == 1
        assert grown("touyan_errors_total", code="BAD_DOCUMENT") == 1
        assert grown("touyan_errors_total", code="INVALID_INPUT") == 1
        assert grown("touyan_http_requests_total", route="/graphql", method="POST", status="200") == 5
        assert grown("touyan_database_statement_seconds_count") > 5
        for word in ("Secret", "Wrong", "nothing", lite.world.tokens["county"], "经办人", "520624"):
            assert word not in answer.text

    def test_the_database_tells_of_runs_queues_and_workers(self, lite: Door) -> None:
        told = figures(near(lite.application, "127.0.0.1"))
        assert sum(value for (name, _), value in told.items() if name == "touyan_runs") >= 1
        assert told["touyan_queued_jobs", (("queue", "runs"),)] == 0
        assert told["touyan_worker_slots", (("state", "beating"),)] == 0
        assert any(name == "touyan_build_info" for name, _ in told)
        assert any(name == "process_cpu_seconds_total" for name, _ in told)
        assert told["touyan_database_connections", (("state", "in_use"),)] >= 0

    def test_the_number_of_the_audit_trails_last_entry_is_told(self, lite: Door, sqlite_database: Database) -> None:
        def sequence() -> float:
            return figures(near(lite.application, "127.0.0.1"))["touyan_audit_sequence", ()]

        end = head(sqlite_database)
        assert end is not None
        assert sequence() == end.n_entries > 0
        act(sqlite_database, 2)
        assert sequence() == end.n_entries + 2
        with burglar(sqlite_database) as connection:
            connection.execute(text("DELETE FROM audit_head"))
        assert math.isnan(sequence())

    def test_unknown_paths_and_methods_are_one_series_each(self, lite: Door) -> None:
        for number in range(3):
            lite.request("BREW", f"/nowhere/{number}")
        told = near(lite.application, "127.0.0.1").text
        assert 'touyan_http_requests_total{method="other",route="other",status="404"}' in told
        assert "nowhere" not in told
        assert "BREW" not in told

    def test_without_a_token_they_are_told_to_this_machine_alone(self, lite: Door) -> None:
        assert near(lite.application, "127.0.0.1").status_code == 200
        assert near(lite.application, "10.0.0.7").status_code == 403
        for header in ("X-Forwarded-For", "Forwarded", "Via"):
            assert near(lite.application, "127.0.0.1", **{header: "127.0.0.1"}).status_code == 403, "through a proxy"

    def test_with_a_token_they_are_told_to_its_holder(
        self, sqlite_database: Database, cipher: PersonalDataCipher
    ) -> None:
        door = open_door(sqlite_database, cipher, profile=Profile.PRODUCTION, metrics_token=SecretStr(TOKEN))
        assert near(door.application, "10.0.0.7", authorization=f"Bearer {TOKEN}").status_code == 200
        for given in ({}, {"authorization": "Bearer x"}, {"authorization": f"Bearer {door.world.tokens['county']}"}):
            assert near(door.application, "127.0.0.1", **given).status_code == 401

    def test_production_tells_none_unless_it_is_set_up(
        self, sqlite_database: Database, cipher: PersonalDataCipher
    ) -> None:
        door = open_door(sqlite_database, cipher, profile=Profile.PRODUCTION)
        assert near(door.application, "127.0.0.1").status_code == 404

    def test_they_are_told_while_the_database_is_away(
        self, lite: Door, cipher: PersonalDataCipher, tmp_path: Path
    ) -> None:
        away = Database(f"sqlite:///{tmp_path}/absent/touyan.db")
        application = create_app(Settings(embedded_worker=False), away, cipher)
        told = figures(near(application, "127.0.0.1"))
        assert not any(name == "touyan_runs" for name, _ in told)
        assert math.isnan(told["touyan_audit_sequence", ()])
        assert any(name == "process_resident_memory_bytes" for name, _ in told)


class TestReadiness:
    @pytest.fixture
    def presence(self) -> Presence:
        return Presence()

    @pytest.fixture
    def application(self, sqlite_database: Database, cipher: PersonalDataCipher, presence: Presence) -> Starlette:
        path = sqlite_database.engine.url.database
        settings = Settings(database_url=f"sqlite:///{path}", embedded_worker=False)
        return create_app(settings, sqlite_database, cipher, presence)

    def ready(self, application: Starlette) -> tuple[int, dict[str, Any]]:
        answer = near(application, "10.0.0.7", "/readyz")
        return answer.status_code, answer.json()

    def test_it_is_not_while_it_starts_or_leaves(self, application: Starlette, presence: Presence) -> None:
        assert self.ready(application) == (503, {"status": "starting", "checks": {}})
        presence.begin()
        assert self.ready(application)[0] == 200
        presence.leave()
        assert self.ready(application) == (503, {"status": "leaving", "checks": {}})
        presence.begin()
        assert self.ready(application)[0] == 503, "who has begun to leave does not come back"
        assert near(application, "10.0.0.7", "/healthz").status_code == 200

    def test_it_names_its_checks_and_nothing_else(self, application: Starlette, presence: Presence) -> None:
        presence.begin()
        checks = {"database": True, "schema": True, "jobs": True, "trail": True, "disk": True}
        assert self.ready(application) == (200, {"status": "ready", "checks": checks})

    @pytest.mark.parametrize(
        ("change", "check"),
        [
            ("UPDATE alembic_version SET version_num = '0001'", "schema"),
            ("DROP TABLE dbos_migrations", "jobs"),
            ("UPDATE audit_head SET seal = 'forged', key_fingerprint = 'another'", "trail"),
        ],
    )
    def test_other_tables_than_needed_are_told(
        self, application: Starlette, presence: Presence, sqlite_database: Database, change: str, check: str
    ) -> None:
        with sqlite_database.write() as session:
            session.connection().execute(text(change))
        presence.begin()
        status, body = self.ready(application)
        assert (status, [name for name, is_well in body["checks"].items() if not is_well]) == (503, [check])

    def test_a_full_disk_is_told(
        self, application: Starlette, presence: Presence, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Usage:
            free = 2**20

        monkeypatch.setattr("app.http.health.shutil.disk_usage", lambda _: Usage)
        presence.begin()
        status, body = self.ready(application)
        assert (status, body["checks"]["disk"], body["checks"]["database"]) == (503, False, True)

    def test_an_absent_database_is_told_without_where_it_would_be(
        self, cipher: PersonalDataCipher, presence: Presence, tmp_path: Path
    ) -> None:
        away = Database(f"sqlite:///{tmp_path}/absent/touyan.db")
        application = create_app(Settings(embedded_worker=False), away, cipher, presence)
        presence.begin()
        answer = near(application, "10.0.0.7", "/readyz")
        assert (answer.status_code, answer.json()["checks"]["database"]) == (503, False)
        assert "absent" not in answer.text

    def test_a_worker_whose_heart_is_not_felt_is_told(
        self, sqlite_database: Database, cipher: PersonalDataCipher, presence: Presence
    ) -> None:
        application = create_app(Settings(embedded_worker=True), sqlite_database, cipher, presence)
        presence.begin()
        status, body = self.ready(application)
        assert (status, body["checks"]["worker"]) == (503, False)

    def test_the_database_is_asked_once_a_second_however_often_it_is_asked_for(
        self, application: Starlette, presence: Presence, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        presence.begin()
        self.ready(application)
        monkeypatch.setattr("app.http.health.shutil.disk_usage", lambda _: pytest.fail("asked again"))
        monkeypatch.setattr("app.http.health.KEPT_S", 3_600.0)
        assert {self.ready(application)[0] for _ in range(5)} == {200}

    def test_a_check_that_hangs_counts_as_failed_and_holds_nobody(
        self, application: Starlette, presence: Presence, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.http.health.PATIENCE_S", 0.05)
        monkeypatch.setattr("app.http.health.shutil.disk_usage", lambda _: time.sleep(1.0))
        presence.begin()
        status, body = self.ready(application)
        assert (status, set(body["checks"].values())) == (503, {False})
