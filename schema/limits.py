"""What one document may be: tokens, depth, aliases, directives, root fields, one operation at a time.

Rule classes are built once, here: one made anew for every request would defeat the cache of validations, which is keyed
by the classes. Deep recursion over fragments is bounded by the tokens.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    Visitor,
    visit,
)
from strawberry.extensions import AddValidationRules, MaxAliasesLimiter, MaxTokensLimiter, ParserCache, ValidationCache
from strawberry.extensions.base_extension import SchemaExtension
from strawberry.extensions.query_depth_limiter import create_validator
from strawberry.extensions.validation_cache import DEFAULT_MAXSIZE

from schema.cost import CostLimit
from schema.deadline import OperationDeadline
from schema.watching import OperationWatch

MAX_TOKENS = 2_000
MAX_DEPTH = 16
"""GraphiQL's introspection fits, and so does a page of candidates down to the persons their mentors also mentor."""
MAX_ALIASES = 30
MAX_REPETITIONS = 100
MAX_DIRECTIVES = 20
MAX_ROOT_FIELDS = 20
MAX_DIGITS = 100
"""Digits of a number in a document: Python refuses to read some thousands, in the middle of the validation."""
MAX_ITEMS = 20_000
"""Items of lists in one operation: depth alone does not bound villages of townships of villages."""
MAX_ERRORS = 50

_DEPTH_RULE = create_validator(MAX_DEPTH, None)
_ALIAS_RULES = tuple(MaxAliasesLimiter(MAX_ALIASES).validation_rules)


class TokenLimit(MaxTokensLimiter):
    """Refuses long documents in the lexer, before anything is built."""

    def __init__(self) -> None:
        super().__init__(MAX_TOKENS)


class DocumentCache(ParserCache):
    """Keeps parsed documents; leaves it to the library to tell that one does not parse.

    The library's own cache raises that in a place from which streams, over sockets and as server-sent events, never
    tell the client.
    """

    def on_parse(self) -> Iterator[None]:
        """Look the document up before it is parsed."""
        context = self.execution_context
        with suppress(GraphQLError):
            context.graphql_document = self.cached_parse_document(context.query, **context.parse_options)
        yield


class ShapeLimits(AddValidationRules):
    """Refuses deep documents and those with many aliases."""

    def __init__(self) -> None:
        super().__init__([_DEPTH_RULE, *_ALIAS_RULES])


class RunnableOperation(SchemaExtension):
    """Refuses several operations without a name, and subscriptions where nothing can be streamed.

    Of several operations the first one would be run by accident.
    """

    def on_validate(self) -> Iterator[None]:
        """Check before the validation of the document."""
        document = self.execution_context.graphql_document
        operations = [
            definition
            for definition in (document.definitions if document else ())
            if isinstance(definition, OperationDefinitionNode)
        ]
        if len(operations) > 1 and self.execution_context._provided_operation_name is None:
            message = "The document has several operations; name one in `operationName`."
            self.execution_context.pre_execution_errors = [GraphQLError(message)]
        elif not self.execution_context.context.streams and any(
            each.operation is OperationType.SUBSCRIPTION for each in operations
        ):
            message = "Subscriptions are answered over a WebSocket, or to clients that accept text/event-stream."
            self.execution_context.pre_execution_errors = [GraphQLError(message)]
        yield


class _Shape(Visitor):
    """What stands in a document, counted in one walk."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: Counter[str] = Counter()
        self.n_directives = self.n_digits = 0

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.fields[node.alias.value if node.alias else node.name.value] += 1

    def enter_directive(self, *_: Any) -> None:
        self.n_directives += 1

    def enter_int_value(self, node: IntValueNode, *_: Any) -> None:
        self.n_digits = max(self.n_digits, len(node.value))

    def enter_float_value(self, node: FloatValueNode, *_: Any) -> None:
        self.n_digits = max(self.n_digits, len(node.value))

    def fault(self, document: DocumentNode) -> str | None:
        """Why the document is refused, if it is."""
        if self.fields and max(self.fields.values()) > MAX_REPETITIONS:
            return f"A field stands more than {MAX_REPETITIONS} times in the document."
        if self.n_directives > MAX_DIRECTIVES:
            return f"The document has {self.n_directives} directives; at most {MAX_DIRECTIVES} are accepted."
        if self.n_digits > MAX_DIGITS:
            return f"A number has {self.n_digits} digits; at most {MAX_DIGITS} are accepted."
        n_root_fields = _most_root_fields(document)
        if n_root_fields > MAX_ROOT_FIELDS:
            return f"An operation asks for {n_root_fields} root fields; at most {MAX_ROOT_FIELDS} are accepted."
        return None


def _most_root_fields(document: DocumentNode) -> int:
    """How many root fields the longest operation has, those in its fragments included."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    known: dict[str, int] = {}

    def count(selections: SelectionSetNode) -> int:
        return sum(count_one(node) for node in selections.selections)

    def count_one(node: SelectionNode) -> int:
        if isinstance(node, InlineFragmentNode):
            return count(node.selection_set)
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name not in known:
                # A fragment inside itself adds nothing; validation refuses it, as it does an unknown one.
                known[name] = 0
                known[name] = count(fragments[name].selection_set) if name in fragments else 0
            return known[name]
        return 1

    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return max((count(node.selection_set) for node in operations), default=0)


class MergeableValidation(ValidationCache):
    """Refuses documents that say one thing again and again, then validates.

    Validation compares fields of one name pair by pair: hundreds of them would hold the event loop for seconds.
    """

    def on_validate(self) -> Iterator[None]:
        """Count before the validation of the document."""
        document = self.execution_context.graphql_document
        fault = None if document is None else _fault_of(document)
        if fault is not None:
            self.execution_context.pre_execution_errors = [GraphQLError(fault)]
            yield
        else:
            yield from super().on_validate()


@lru_cache(maxsize=DEFAULT_MAXSIZE)
def _fault_of(document: DocumentNode) -> str | None:
    shape = _Shape()
    visit(document, shape)
    return shape.fault(document)


EXTENSIONS = (
    OperationWatch,
    TokenLimit,
    ShapeLimits,
    DocumentCache,
    MergeableValidation,
    RunnableOperation,
    CostLimit,
    OperationDeadline,
)
