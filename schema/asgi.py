"""GraphQL over HTTP: who may ask, which bodies are accepted, and what an error may tell."""

import logging
import re
import traceback
from typing import Any
from uuid import uuid4

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException, StarletteRequestAdapter
from graphql import FieldNode, GraphQLError, OperationDefinitionNode, parse
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import AppError
from app.reads.access import viewer_for_header
from schema import graphiql
from schema.context import Context
from schema.limits import MAX_ERRORS, MAX_ITEMS, MAX_TOKENS
from schema.problems import extensions_of
from schema.root import make_schema

logger = logging.getLogger("touyan.graphql")

MAX_BODY_BYTES = 1_000_000
JSON_TYPE = "application/json"
GRAPHQL_TYPE = "application/graphql-response+json"
CODE_BY_STATUS = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
}
ESCAPED_NUL = re.compile(r"\\u(?:0000|\{0+\})")
"""How a text inside a document can spell the one character that PostgreSQL cannot store."""
SIGN_IN = "Sign in with a valid token: Authorization: Bearer <token>."


class LimitedRequest(StarletteRequestAdapter):
    """A request whose body is read only up to a limit."""

    async def get_body(self) -> bytes:
        """The body; refuses one that is too large before all of it has arrived."""
        body = bytearray()
        async for chunk in self._request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise HTTPException(413, f"The body has more than {MAX_BODY_BYTES} bytes.")
        return bytes(body)


class GraphQLView(GraphQL[Context, None]):
    """The one view. Development shows GraphiQL and the schema to anybody; production shows nothing without a token."""

    request_adapter_class = LimitedRequest

    def __init__(self, *, database: Database, cipher: PersonalDataCipher, is_development: bool) -> None:
        super().__init__(
            schema=make_schema(hides_suggestions=not is_development),
            graphql_ide="graphiql" if is_development else None,
            subscription_protocols=(),
        )
        self.database = database
        self.cipher = cipher
        self.is_development = is_development
        self.cursor_key = bytes.fromhex(cipher.keyed_hash("cursor", "key of page cursors"))

    @property
    def graphql_ide_html(self) -> str:
        """The query page, which asks for nothing outside this server."""
        return graphiql.PAGE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every refusal has a JSON body in the shape of GraphQL errors."""
        request = Request(scope, receive)
        try:
            response = await self.run(request)
        except HTTPException as refusal:
            response = self._refusal(request, refusal.status_code, refusal.reason)
        except ClientDisconnect:
            return
        except Exception as fault:  # noqa: BLE001 - outside the operation: told like any other fault
            response = _answer(self.encode_json({"errors": [_fault(fault)]}), 500, JSON_TYPE)
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """The context of one operation; refuses a wrong token, and in production a missing one."""
        # The query page starts with the word Bearer and no token behind it: that is nobody yet, not a wrong token.
        header = request.headers.get("authorization")
        header = None if header is None or header.strip().lower() in ("", "bearer") else header
        visitor = await viewer_for_header(self.database, header)
        if visitor is None and (header is not None or not self.is_development):
            raise HTTPException(401, SIGN_IN)
        return Context(
            database=self.database,
            cipher=self.cipher,
            cursor_key=self.cursor_key,
            visitor=visitor,
            max_items=MAX_ITEMS,
        )

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """The response that headers are collected on; its media type is the negotiated one."""
        response = await super().get_sub_response(request)
        response.media_type = _negotiated(request.headers.get("accept", "*/*"))
        return response

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """One operation; refuses batches and everything that is not an object of the right shape."""
        data: Any
        if request.method == "GET":
            data = {key: value for key, value in self.parse_query_params(request.query_params).items() if value != ""}
        else:
            if (request.content_type or "").partition(";")[0].strip().lower() != JSON_TYPE:
                raise HTTPException(415, "Send the operation as application/json.")
            data = self.parse_json(await request.get_body())
        if not isinstance(data, dict):
            raise HTTPException(400, "Send one operation as a JSON object; batches are not accepted.")
        query, variables, name, extensions = (
            data.get(key) for key in ("query", "variables", "operationName", "extensions")
        )
        if not isinstance(query, str) or not query.strip():
            raise HTTPException(400, "`query` must be a text with a GraphQL document.")
        if not isinstance(variables, dict | None) or not isinstance(extensions, dict | None):
            raise HTTPException(400, "`variables` and `extensions` must be objects.")
        if not isinstance(name, str | None):
            raise HTTPException(400, "`operationName` must be a text.")
        if ESCAPED_NUL.search(query) or _has_nul([query, variables, name]):
            raise HTTPException(400, "NUL characters are not accepted.")
        return GraphQLRequestData(query=query, variables=variables, operation_name=name or None, extensions=extensions)

    def decode_json(self, data: str | bytes) -> object:
        """Strict JSON in UTF-8."""
        return orjson.loads(data)

    def encode_json(self, data: object) -> bytes:
        """JSON in UTF-8."""
        return orjson.dumps(data)

    async def execute_single(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        sub_response: Response,
        context: Context,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        """Execute; an anonymous visitor may only ask for the schema."""
        if context.visitor is None and not _asks_for_schema(request_data.query or ""):
            raise HTTPException(401, SIGN_IN)
        return await super().execute_single(request, request_adapter, sub_response, context, root_value, request_data)

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """The response: refusals with their codes, faults as an error id and nothing else."""
        errors = result.errors or []
        response: GraphQLHTTPResponse = {}
        is_request_error = isinstance(result, PreExecutionError) or (
            result.data is None and bool(errors) and all(error.path is None for error in errors)
        )
        if errors:
            response["errors"] = [_told(error) for error in errors[:MAX_ERRORS]]
        if len(errors) > MAX_ERRORS:
            response["extensions"] = {"omittedErrors": len(errors) - MAX_ERRORS}
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
        return _answer(self.encode_json(response_data), status, media_type)

    def _refusal(self, request: Request, status: int, reason: str) -> Response:
        error = {"message": reason, "extensions": {"code": CODE_BY_STATUS.get(status, "BAD_REQUEST")}}
        accepts_graphql = GRAPHQL_TYPE in request.headers.get("accept", "")
        response = _answer(
            self.encode_json({"errors": [error]}), status, GRAPHQL_TYPE if accepts_graphql else JSON_TYPE
        )
        if status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        if status == 405:
            response.headers["Allow"] = "GET, POST"
        return response


def _answer(body: str | bytes, status: int, media_type: str) -> Response:
    # What is answered depends on the token and is personal: nothing in between may keep it.
    headers = {"Cache-Control": "no-store", "Vary": "Accept, Authorization"}
    return Response(body, status_code=status, media_type=f"{media_type}; charset=utf-8", headers=headers)


def _has_nul(value: object) -> bool:
    """Whether any text inside a JSON value holds a NUL character."""
    if isinstance(value, dict):
        return any(_has_nul(item) for pair in value.items() for item in pair)
    if isinstance(value, list):
        return any(_has_nul(item) for item in value)
    return isinstance(value, str) and "\0" in value


def _negotiated(accept: str) -> str:
    offered = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    if GRAPHQL_TYPE in offered:
        return GRAPHQL_TYPE
    if {JSON_TYPE, "application/*", "*/*", "text/html", ""} & set(offered):
        return JSON_TYPE
    raise HTTPException(406, f"Accept {GRAPHQL_TYPE} or {JSON_TYPE}.")


def _asks_for_schema(query: str) -> bool:
    """Whether every root field of every operation is part of introspection."""
    try:
        document = parse(query, max_tokens=MAX_TOKENS)
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


def _told(error: GraphQLError) -> Any:
    """What the client may know of an error: all of a refusal or a mistake in the document, only an id of a fault."""
    original = error.original_error
    while isinstance(original, GraphQLError) and original.original_error is not None:
        original = original.original_error
    formatted: dict[str, Any] = dict(error.formatted)
    if isinstance(original, AppError):
        logger.info("refused: %s", original.code)
        formatted["message"] = original.message
        formatted["extensions"] = extensions_of(original)
        return formatted
    if original is None or isinstance(original, GraphQLError):
        logger.info("bad document")
        formatted.setdefault("extensions", {"code": "BAD_DOCUMENT"})
        return formatted
    return formatted | _fault(original)


def _fault(original: BaseException) -> dict[str, Any]:
    """What the client is told of a fault; the place of it goes to the log, under the same id."""
    error_id = uuid4().hex
    # The text of an exception can hold personal values (parameters of a statement): only its type and place are kept.
    place = "".join(traceback.format_tb(original.__traceback__))
    logger.error("fault %s: %s\n%s", error_id, type(original).__name__, place)
    message = f"Something went wrong on our side; report error id {error_id}."
    return {"message": message, "extensions": {"code": "INTERNAL", "errorId": error_id}}
