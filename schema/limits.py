"""What one document may cost: tokens, depth, aliases, one operation at a time. Rule classes are built once.

A rule class made anew for every request would defeat the cache of validations, which is keyed by the classes.
"""

from collections.abc import Iterator

from graphql import GraphQLError, OperationDefinitionNode
from strawberry.extensions import AddValidationRules, MaxAliasesLimiter, MaxTokensLimiter, ParserCache, ValidationCache
from strawberry.extensions.base_extension import SchemaExtension
from strawberry.extensions.query_depth_limiter import create_validator

MAX_TOKENS = 2_000
MAX_DEPTH = 16
MAX_ALIASES = 30
"""The longest query of the documentation has 400 tokens and depth 11; introspection by GraphiQL has depth 13."""

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


EXTENSIONS = (TokenLimit, ShapeLimits, ParserCache, ValidationCache, NamedOperation)
