"""GraphQL over HTTP: who may ask, which bodies are accepted, and what an error may tell."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from typing import Any

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException, StarletteRequestAdapter
from graphql import FieldNode, GraphQLError, OperationDefinitionNode, parse
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.http.base import BaseRequestProtocol
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError, SubscriptionExecutionResult

from app.access import Grant, Viewer
from app.access.cookies import CSRF_HEADER, secret_of
from app.config import Profile, Settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import DatabaseUnavailableError, ForbiddenError, StorageFullError
from app.jobs.client import JobClient
from app.jobs.hub import ProgressHub
from app.observe import metrics
from app.rate import RateLimit
from app.reads.access import find_grant_for_cookie, find_grant_for_header
from app.rosters.pdffont import FontChain
from schema import graphiql
from schema.connections import Connections, too_many_operations
from schema.context import Context
from schema.deadline import Deadline
from schema.documents import TrustedDocuments, load_documents
from schema.faults import fault, told
from schema.limits import MAX_ERRORS, MAX_ITEMS, MAX_TOKENS
from schema.operations import operation_of
from schema.problems import extensions_of
from schema.root import make_schema
from schema.sockets import SocketHandler, TextSocket
from schema.streams import SSE, EventStream, guarded

MAX_BODY_BYTES = 1_000_000
BODY_WAIT_S = 10.0
"""Seconds within which all of a body must have arrived."""
PREFLIGHT = "graphql-require-preflight"
"""Header without which production answers nothing by GET: a page of another origin cannot send it unasked."""
JSON_TYPE = "application/json"
GRAPHQL_TYPE = "application/graphql-response+json"
CODE_BY_STATUS = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    408: "TIMED_OUT",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
}
INIT_WAIT = timedelta(seconds=10)
"""How long an open socket may stay silent before it says who it is."""
ANSWER_HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Accept, Authorization, Cookie",
    "X-Content-Type-Options": "nosniff",
}
"""What is answered depends on the token and is personal: nothing in between may keep it."""
SIGN_IN = "Sign in with a valid token: Authorization: Bearer <token>."
SESSION_OVER = "Nobody is signed in here any more; sign in again."


class LimitedRequest(StarletteRequestAdapter):
    """A request whose body is read only up to a limit."""

    async def get_body(self) -> bytes:
        """The body; refuses one that is too large before all of it has arrived, and one that does not arrive."""
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_WAIT_S):
                async for chunk in self._request.stream():
                    body += chunk
                    if len(body) > MAX_BODY_BYTES:
                        raise HTTPException(413, f"The body has more than {MAX_BODY_BYTES} bytes.")
        except TimeoutError:
            raise HTTPException(408, f"The body did not arrive within {BODY_WAIT_S:.0f} s.") from None
        return bytes(body)


class GraphQLView(GraphQL[Context, None]):
    """The one view. Development shows GraphiQL and the schema to anybody; production shows nothing without a token."""

    request_adapter_class = LimitedRequest
    websocket_adapter_class = TextSocket
    graphql_transport_ws_handler_class = SocketHandler

    def __init__(
        self,
        *,
        database: Database,
        cipher: PersonalDataCipher,
        jobs: JobClient,
        hub: ProgressHub,
        settings: Settings,
    ) -> None:
        is_development = settings.profile is Profile.DEVELOPMENT
        schema = make_schema()
        super().__init__(
            schema=schema,
            graphql_ide="graphiql" if is_development else None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            connection_init_wait_timeout=INIT_WAIT,
            allowed_origins=settings.origins,
        )
        self.documents = TrustedDocuments(texts={})
        if settings.trusted_documents is not None:
            self.documents = load_documents(
                settings.trusted_documents, schema._schema, excludes_others=settings.only_trusted_documents
            )
        self.rate = RateLimit(capacity=settings.rate_points, per_second=settings.rate_points_per_s)
        self.timeout_s = settings.request_timeout_s
        self.connections = Connections(database=database)
        self.database = database
        self.cipher = cipher
        self.reveals_per_day = settings.reveals_per_day
        self.fonts = FontChain(settings.pdf_font)
        self.jobs = jobs
        self.hub = hub
        self.is_development = is_development
        self.cursor_key = bytes.fromhex(cipher.keyed_hash("cursor", "key of page cursors"))

    @property
    def graphql_ide_html(self) -> str:
        """The query page, which asks for nothing outside this server."""
        return graphiql.PAGE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every refusal has a JSON body in the shape of GraphQL errors."""
        if scope["type"] == "websocket":
            await self.run(WebSocket(scope, receive=receive, send=send))
            return
        request = Request(scope, receive)
        try:
            response = await self.run(request)
        except HTTPException as refusal:
            response = self._refusal(request, refusal.status_code, refusal.reason)
        except ClientDisconnect:
            return
        except (DatabaseUnavailableError, StorageFullError) as refusal:
            metrics.errors.labels(refusal.code).inc()
            error = {"message": refusal.message, "extensions": extensions_of(refusal)}
            response = _answer(self.encode_json({"errors": [error]}), 503, JSON_TYPE)
        except Exception as problem:  # noqa: BLE001 - outside the operation: told like any other fault
            response = _answer(self.encode_json({"errors": [fault(problem)]}), 500, JSON_TYPE)
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """The context of one operation; refuses a wrong token, and in production a missing one.

        Over a socket, who asks is told by the first message of the protocol: until then it is nobody.
        """
        if isinstance(request, WebSocket):
            return self.new_context(None, streams=True, over_socket=True)
        # The query page starts with the word Bearer and no token behind it: that is nobody yet, not a wrong token.
        header = request.headers.get("authorization")
        header = None if header is None or header.strip().lower() in ("", "bearer") else header
        secret = None if header is not None else secret_of(request.cookies, is_production=not self.is_development)
        grant = await (
            find_grant_for_header(self.database, header) if secret is None else self._grant_of_session(request, secret)
        )
        if grant is None and (header is not None or not self.is_development):
            raise HTTPException(401, SIGN_IN if secret is None else SESSION_OVER)
        request.state.grant = grant
        streams = SSE.accepts(request.headers.get("accept", ""))
        return self.new_context(None if grant is None else grant.viewer, streams=streams)

    async def _grant_of_session(self, request: Request, secret: str) -> Grant | None:
        try:
            return await find_grant_for_cookie(
                self.database, secret, csrf=request.headers.get(CSRF_HEADER), is_safe=False
            )
        except ForbiddenError as refusal:
            if self.is_development and request.method == "GET":
                return None  # the query page itself, before it knows the token
            raise HTTPException(403, refusal.message) from None

    def new_context(self, visitor: Viewer | None, *, streams: bool, over_socket: bool = False) -> Context:
        """A fresh context: of one operation, also where one connection carries several."""
        return Context(
            database=self.database,
            cipher=self.cipher,
            jobs=self.jobs,
            hub=self.hub,
            cursor_key=self.cursor_key,
            visitor=visitor,
            rate=self.rate,
            deadline=Deadline(self.timeout_s),
            streams=streams,
            max_items=MAX_ITEMS,
            over_socket=over_socket,
            reveals_per_day=self.reveals_per_day,
            fonts=self.fonts,
        )

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        """Whether somebody looks for the query page: what names a document asks for its answer."""
        return "documentId" not in request.query_params and super().should_render_graphql_ide(request)

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """The response that headers are collected on; its media type is the negotiated one."""
        response = await super().get_sub_response(request)
        accept = request.headers.get("accept", "*/*")
        response.media_type = JSON_TYPE if SSE.accepts(accept) else _negotiated(accept)
        return response

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """One operation; refuses batches and everything that is not an object of the right shape."""
        data: Any
        if request.method == "GET":
            if not self.is_development and not request.headers.get(PREFLIGHT):
                raise HTTPException(400, f"By GET, send the header {PREFLIGHT}: 1 as well.")
            data = {key: value for key, value in self.parse_query_params(request.query_params).items() if value != ""}
        else:
            if (request.content_type or "").partition(";")[0].strip().lower() != JSON_TYPE:
                raise HTTPException(415, "Send the operation as application/json.")
            data = self.parse_json(await request.get_body())
        if not isinstance(data, dict):
            raise HTTPException(400, "Send one operation as a JSON object; batches are not accepted.")
        query, variables, name, extensions = operation_of(data, self.documents)
        return GraphQLRequestData(
            query=query,
            variables=variables,
            operation_name=name or None,
            extensions=extensions,
            protocol="sse" if SSE.accepts(request.headers.get("accept", "")) else "http",
        )

    def decode_json(self, data: str | bytes) -> object:
        """Strict JSON in UTF-8."""
        return orjson.loads(data)

    def encode_json(self, data: object) -> bytes:
        """JSON in UTF-8."""
        return orjson.dumps(data)

    async def execute_operation(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        request_data: GraphQLRequestData | list[GraphQLRequestData],
        context: Context,
        root_value: None,
        sub_response: Response,
    ) -> ExecutionResult | list[ExecutionResult] | SubscriptionExecutionResult:
        """Execute; an anonymous visitor may only ask for the schema."""
        if context.visitor is None and not (
            isinstance(request_data, GraphQLRequestData)
            # A stream ends with the right to see it, and belongs to somebody.
            and request_data.protocol == "http"
            and asks_for_schema(request_data.query)
        ):
            raise HTTPException(401, SIGN_IN)
        return await super().execute_operation(
            request, request_adapter, request_data, context, root_value, sub_response
        )

    async def create_streaming_response(
        self,
        request: Request | WebSocket,
        stream: Callable[[], AsyncIterator[str]],
        sub_response: Response,
        headers: Mapping[str, str],
    ) -> Response:
        """A stream of events, which ends when whoever asks may no longer do so."""
        grant: Grant = request.state.grant
        user = grant.viewer.subject
        if self.connections.has_most_operations(user):
            return self._too_many()
        parts = guarded(self.connections, grant, stream, self.encode_json_string)
        return EventStream(parts, ANSWER_HEADERS | dict(headers))

    def _too_many(self) -> Response:
        refusal = too_many_operations()
        error = {"message": refusal.message, "extensions": extensions_of(refusal)}
        return _answer(self.encode_json({"errors": [error]}), 429, JSON_TYPE)

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """The response: refusals with their codes, faults as an error id and nothing else."""
        errors = result.errors or []
        response: GraphQLHTTPResponse = {}
        is_request_error = isinstance(result, PreExecutionError) or (
            result.data is None and bool(errors) and all(error.path is None for error in errors)
        )
        if errors:
            response["errors"] = [told(error, suggests=self.is_development) for error in errors[:MAX_ERRORS]]
        extensions = dict(result.extensions or {})
        if len(errors) > MAX_ERRORS:
            extensions["omittedErrors"] = len(errors) - MAX_ERRORS
        if extensions:
            response["extensions"] = extensions
        if not is_request_error:
            response["data"] = result.data
        return response

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        """The HTTP response; a request error is a 400 for clients that speak GraphQL over HTTP."""
        is_request_error = "data" not in response_data
        media_type = sub_response.media_type or JSON_TYPE
        status = 400 if is_request_error and media_type == GRAPHQL_TYPE else 200
        wait_s = _retry_after_s(response_data)
        response = _answer(self.encode_json(response_data), status if wait_s is None else 429, media_type)
        if wait_s is not None:
            response.headers["Retry-After"] = str(wait_s)
        return response

    def _refusal(self, request: Request, status: int, reason: str) -> Response:
        code = CODE_BY_STATUS.get(status, "BAD_REQUEST")
        metrics.errors.labels(code).inc()
        error = {"message": reason, "extensions": {"code": code}}
        accepts_graphql = GRAPHQL_TYPE in request.headers.get("accept", "")
        response = _answer(
            self.encode_json({"errors": [error]}), status, GRAPHQL_TYPE if accepts_graphql else JSON_TYPE
        )
        if status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        if status == 405:
            response.headers["Allow"] = "GET, POST"
        return response


def _retry_after_s(response_data: Any) -> int | None:
    """The seconds after which an operation that was refused for its rate may come again."""
    for error in response_data.get("errors", ()):
        seconds = error.get("extensions", {}).get("retryAfterS")
        if seconds is not None:
            return int(seconds)
    return None


def _answer(body: str | bytes, status: int, media_type: str) -> Response:
    return Response(body, status_code=status, media_type=f"{media_type}; charset=utf-8", headers=ANSWER_HEADERS)


def _negotiated(accept: str) -> str:
    offered = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    if GRAPHQL_TYPE in offered:
        return GRAPHQL_TYPE
    if {JSON_TYPE, "application/*", "*/*", "text/html", ""} & set(offered):
        return JSON_TYPE
    raise HTTPException(406, f"Accept {GRAPHQL_TYPE} or {JSON_TYPE}.")


def asks_for_schema(query: str | None) -> bool:
    """Whether every root field of every operation is part of introspection."""
    try:
        document = parse(query or "", max_tokens=MAX_TOKENS)
    except GraphQLError:
        return False
    selections = [
        selection
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        for selection in definition.selection_set.selections
    ]
    return bool(selections) and all(
        isinstance(selection, FieldNode) and selection.name.value.startswith("__") for selection in selections
    )
