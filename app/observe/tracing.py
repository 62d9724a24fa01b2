"""Traces for a collector that speaks OTLP: spans of requests, operations, statements and jobs, without any value.

Nothing of the library is imported unless a collector is named, and every span costs one comparison then.
"""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from sqlalchemy import Connection, Engine, event

from app.errors import ConfigurationError


@dataclass(slots=True)
class _State:
    provider: Any = None
    tracer: Any = None


_state = _State()


def start_tracing(endpoint: str, *, component: str) -> None:
    """Send spans to the collector at an address; raises ``ConfigurationError`` where the library is not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise ConfigurationError(
            "TOUYAN_OTEL_ENDPOINT: traces need the extra packages: pip install 'touyan[otel]' / "
            "链路追踪需要额外的软件包，请安装 touyan[otel]"
        ) from None
    export_to(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")), component=component)


def export_to(processor: Any, *, component: str) -> None:
    """Give every span that ends to a processor of the library."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    stop_tracing()
    about = {"service.name": "touyan", "service.version": version("touyan"), "touyan.component": component}
    _state.provider = TracerProvider(resource=Resource.create(about))
    _state.provider.add_span_processor(processor)
    _state.tracer = _state.provider.get_tracer("touyan")


def stop_tracing() -> None:
    """Send what is left, and make no more spans."""
    provider, _state.provider, _state.tracer = _state.provider, None, None
    if provider is not None:
        provider.shutdown()


@contextmanager
def span(name: str, *, holds: bool = True, **attributes: str | int | float) -> Iterator[Any]:
    """One span around the block; ``None`` where nothing is traced. Attributes must be names and numbers of our own.

    ``holds`` says that what happens in the block is below the span, for which the block must not change its task.
    """
    if _state.tracer is None:
        yield None
        return
    if not holds:
        alone = _state.tracer.start_span(name, attributes=_named(attributes))
        try:
            yield alone
        finally:
            alone.end()
        return
    # Texts of exceptions can hold values of people: the status tells that one happened, and its type.
    options = {"record_exception": False, "set_status_on_exception": False}
    with _state.tracer.start_as_current_span(name, attributes=_named(attributes), **options) as made:
        try:
            yield made
        except BaseException as error:
            _fail(made, type(error).__name__)
            raise


@contextmanager
def request(scope: MutableMapping[str, Any], own_id: str) -> Iterator[Any]:
    """The span of a request, below that of whoever sent it (``traceparent``)."""
    if _state.tracer is None:
        yield None
        return
    from opentelemetry.context import attach, detach
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    token = attach(TraceContextTextMapPropagator().extract(carrier))
    try:
        method = "WEBSOCKET" if scope["type"] == "websocket" else scope["method"]
        about = {"http.request.method": method, "touyan.request_id": own_id}
        with _state.tracer.start_as_current_span(method, kind=SpanKind.SERVER, attributes=about) as made:
            yield made
    finally:
        detach(token)


def end_request(made: Any, route: str, status: int) -> None:
    """Say what became of a request."""
    if made is None:
        return
    made.update_name(f"{made.attributes['http.request.method']} {route}")
    made.set_attributes({"http.route": route, "http.response.status_code": status})
    if status >= 500:
        _fail(made, str(status))


def trace_statements(engine: Engine) -> None:
    """A span for every statement of an engine; its text has placeholders where values stand."""
    system = engine.dialect.name

    @event.listens_for(engine, "before_cursor_execute")
    def _before(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if _state.tracer is not None:
            word = statement.split(None, 1)[0].upper() if statement.strip() else "STATEMENT"
            about = {"db.system.name": system, "db.query.text": statement}
            connection.info["touyan_span"] = _state.tracer.start_span(word, attributes=about)

    @event.listens_for(engine, "after_cursor_execute")
    def _after(connection: Connection, *_: Any) -> None:
        made = connection.info.pop("touyan_span", None)
        if made is not None:
            made.end()

    @event.listens_for(engine, "handle_error")
    def _failed(context: Any) -> None:
        made = None if context.connection is None else context.connection.info.pop("touyan_span", None)
        if made is not None:
            _fail(made, type(context.original_exception).__name__)
            made.end()


def _named(attributes: dict[str, Any]) -> dict[str, Any]:
    return {f"touyan.{name}": value for name, value in attributes.items()}


def _fail(made: Any, kind: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    made.set_status(Status(StatusCode.ERROR))
    made.set_attribute("error.type", kind)
