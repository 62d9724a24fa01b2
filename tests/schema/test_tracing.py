"""Traces: spans of request, operation, statement and job below each other, without values; nothing where unset."""

import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import ConfigurationError
from app.observe import tracing
from tests.schema.door import Door, open_door
from tests.schema.test_sockets import ask as ask_over
from tests.schema.test_sockets import line

SECRET = "钟书华"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.export_to(SimpleSpanProcessor(exporter), component="test")
    yield exporter
    tracing.stop_tracing()


@pytest.fixture
def traced(sqlite_database: Database, cipher: PersonalDataCipher) -> Door:
    return open_door(sqlite_database, cipher, otel_endpoint="http://127.0.0.1:4318")


def find(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    (found,) = [span for span in spans.get_finished_spans() if span.name == name]
    return found


def parent_of(span: ReadableSpan) -> int | None:
    return None if span.parent is None else span.parent.span_id


def test_statements_stand_below_the_operation_and_that_below_the_request_of_whoever_asked(
    traced: Door, spans: InMemorySpanExporter
) -> None:
    trace, above = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    body = {
        "query": "query Secret($n: String) { cadres(filter: {search: $n}) { totalCount } }",
        "variables": {"n": SECRET},
    }
    spans.clear()
    answer = traced.request("POST", "/graphql", json=body, headers={"traceparent": f"00-{trace}-{above}-01"})
    assert answer.json()["data"] == {"cadres": {"totalCount": 0}}
    request, operation = find(spans, "POST /graphql"), find(spans, "query cadres")
    assert request.context is not None
    assert (f"{request.context.trace_id:032x}", f"{parent_of(request):016x}") == (trace, above)
    assert dict(request.attributes or {}) == {
        "http.request.method": "POST",
        "touyan.request_id": answer.headers["x-request-id"],
        "http.route": "/graphql",
        "http.response.status_code": 200,
    }
    assert parent_of(operation) == request.context.span_id
    assert operation.context is not None
    statements = [span for span in spans.get_finished_spans() if "db.query.text" in (span.attributes or {})]
    below = [span for span in statements if parent_of(span) == operation.context.span_id]
    assert any("FROM person" in str((span.attributes or {})["db.query.text"]) for span in below)
    told = "".join(span.to_json() for span in spans.get_finished_spans())
    for value in (SECRET, "Secret", traced.world.tokens["county"]):
        assert value not in told


def test_a_fault_marks_its_spans_with_the_type_alone(
    traced: Door, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError(SECRET)

    monkeypatch.setattr("app.http.exports.find_export", fail)
    traced.request("GET", "/exports/00000000-0000-0000-0000-000000000001")
    request = find(spans, "GET /exports/{id}")
    assert (request.status.status_code, (request.attributes or {})["error.type"]) == (StatusCode.ERROR, "500")
    assert SECRET not in "".join(span.to_json() for span in spans.get_finished_spans())


def test_a_statement_that_fails_ends_its_span(traced: Door, spans: InMemorySpanExporter) -> None:
    spans.clear()
    with pytest.raises(Exception, match="no such table"), traced.database.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1 FROM absent_table")
    span = find(spans, "SELECT")
    assert (span.status.status_code, (span.attributes or {})["error.type"]) == (StatusCode.ERROR, "OperationalError")


def test_operations_over_sockets_have_spans(traced: Door, spans: InMemorySpanExporter) -> None:
    with line(traced) as session:
        ask_over(session, "{ viewer { role } }")
    assert find(spans, "query viewer") is not None


def test_a_stream_of_events_leaves_no_complaint_of_the_library(
    traced: Door, spans: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"query": "{ viewer { role } }"}
    text = traced.request("POST", "/graphql", json=body, headers={"Accept": "text/event-stream"}).text
    assert "event: complete" in text
    assert find(spans, "query viewer") is not None
    assert "detach" not in caplog.text


def test_spans_arrive_at_a_collector(traced: Door) -> None:
    received: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == "/v1/traces"
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        tracing.start_tracing(f"http://127.0.0.1:{server.server_port}/", component="test")
        traced.data("{ viewer { role } }")
        tracing.stop_tracing()
        server.shutdown()
        thread.join()
    texts = [gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body for body in received]
    requests = [ExportTraceServiceRequest.FromString(text) for text in texts]
    names = [
        span.name
        for each in requests
        for group in each.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]
    assert {"POST /graphql", "query viewer"} <= set(names)
    resource = {item.key: item.value.string_value for item in requests[0].resource_spans[0].resource.attributes}
    assert (resource["service.name"], resource["touyan.component"]) == ("touyan", "test")


def test_where_no_collector_is_named_nothing_of_the_library_is_imported() -> None:
    code = (
        "import sys, app.main, app.serving, app.cli.worker, app.cli.server\n"
        "from app.observe.tracing import span\n"
        "with span('x') as made: assert made is None\n"
        "found = [name for name in sys.modules if name.startswith('opentelemetry')]\n"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_the_extra_packages_the_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(ConfigurationError, match=r"TOUYAN_OTEL_ENDPOINT: .*touyan\[otel\].*请安装"):
        tracing.start_tracing("http://127.0.0.1:4318", component="test")
