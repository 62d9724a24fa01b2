"""What one document may cost: tokens, depth, aliases, one operation at a time. Rule classes are built once.

A rule class made anew for every request would defeat the cache of validations, which is keyed by the classes.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from graphql import FieldNode, GraphQLError, OperationDefinitionNode, Visitor, visit
from strawberry.extensions import AddValidationRules, MaxAliasesLimiter, MaxTokensLimiter, ParserCache, ValidationCache
from strawberry.extensions.base_extension import SchemaExtension
from strawberry.extensions.query_depth_limiter import create_validator

MAX_TOKENS = 2_000
MAX_DEPTH = 16
"""GraphiQL's introspection fits, and so does a page of candidates down to the persons their mentors also mentor."""
MAX_ALIASES = 30
MAX_REPETITIONS = 100
MAX_ITEMS = 20_000
"""Items of lists in one operation: depth alone does not bound villages of townships of villages."""
MAX_ERRORS = 50

_DEPTH_RULE = create_validator(MAX_DEPTH, None)
_ALIAS_RULES = tuple(MaxAliasesLimiter(MAX_ALIASES).validation_rules)


class TokenLimit(MaxTokensLimiter):
    """Refuses long documents in the lexer, before anything is built."""

    def __init__(self) -> None:
        super().__init__(MAX_TOKENS)


class ShapeLimits(AddValidationRules):
    """Refuses deep documents and those with many aliases."""

    def __init__(self) -> None:
        super().__init__([_DEPTH_RULE, *_ALIAS_RULES])


class NamedOperation(SchemaExtension):
    """Refuses several operations without a name: the first one would be run by accident."""

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
        yield


class MergeableValidation(ValidationCache):
    """Refuses documents that name one field again and again, then validates.

    Validation compares fields of one name pair by pair: hundreds of them would hold the event loop for seconds.
    """

    def on_validate(self) -> Iterator[None]:
        """Count before the validation of the document."""
        document = self.execution_context.graphql_document
        names = _FieldNames()
        if document is not None:
            visit(document, names)
        if names.seen and max(names.seen.values()) > MAX_REPETITIONS:
            message = f"A field stands more than {MAX_REPETITIONS} times in the document."
            self.execution_context.pre_execution_errors = [GraphQLError(message)]
            yield
        else:
            yield from super().on_validate()


class _FieldNames(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.seen[node.alias.value if node.alias else node.name.value] += 1


EXTENSIONS = (TokenLimit, ShapeLimits, ParserCache, MergeableValidation, NamedOperation)
