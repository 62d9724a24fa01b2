"""What an operation may cost, known before it runs: how many objects its answer can hold at most.

A field that returns an object costs 1, a list its length times what one item costs, a page of a connection ``first``
or ``last`` times what one node costs. Leaves cost nothing. Lists without arguments are short in this field, and are
counted with a usual length; what an answer really holds is counted again while it is made (``Context.spend``).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)
from strawberry.extensions.base_extension import SchemaExtension

from app.errors import AppError
from app.reads.paging import DEFAULT_PAGE, MAX_PAGE

MAX_COST = 100_000
"""A page of 200 candidates with their mentors and whom else those mentor costs a twentieth of it."""

USUAL_LENGTH = 5
LENGTHS = {
    "pairings": 2,
    "members": 2,
    "specialties": 3,
    "needs": 3,
    "conditions": 2,
    "appointments": 6,
    "townships": 20,
    "villages": 15,
}
"""Usual lengths of lists without arguments, by the name of the field."""

WORK = {
    "startMatchRun": 500,
    "startRepairRun": 500,
    "retryMatchRun": 500,
    "adjustMatchPlan": 500,
    "undoPlanAdjustment": 500,
    "pairingExplanation": 500,
    "mentorExplanation": 500,
    "alternatives": 500,
    "whyNot": 500,
    "shortfalls": 500,
    "supplyDemand": 200,
    "compareMatchPlans": 200,
    "exportRoster": 500,
    "exportForm": 500,
    "applyRosterEdits": 500,
}
"""Root fields that compute, in objects whose reading takes about as long."""


class TooCostlyError(AppError):
    """The operation asks for more than one answer may hold."""

    code = "TOO_COSTLY"


class RateLimitedError(AppError):
    """Whoever asks has asked for much in short time; ``retry_after_s`` tells when to try again, in seconds."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, message_zh: str, *, retry_after_s: int) -> None:
        super().__init__(message, message_zh)
        self.retry_after_s = retry_after_s


def cost_of(
    schema: GraphQLSchema, document: DocumentNode, operation_name: str | None, variables: Mapping[str, Any] | None
) -> int:
    """The most objects that the answer to a validated operation can hold.

    >>> from graphql import build_schema, parse
    >>> schema = build_schema('''
    ...     type Query { people(first: Int): PersonConnection! }
    ...     type PersonConnection { nodes: [Person!]! totalCount: Int! }
    ...     type Person { name: String! friends: [Person!]! }''')
    >>> cost_of(schema, parse("{ people(first: 10) { nodes { name friends { name } } } }"), None, None)
    61
    """
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    wanted = [node for node in operations if operation_name in (None, node.name.value if node.name else None)]
    operation = wanted[0]
    defaults = {
        item.variable.name.value: item.default_value
        for item in operation.variable_definitions or ()
        if item.default_value is not None
    }
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    root = schema.get_root_type(operation.operation)
    walk = _Walk(schema=schema, fragments=fragments, variables=variables or {}, defaults=defaults)
    return 0 if root is None else walk.of_selection(operation.selection_set, root, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    defaults: Mapping[str, Any]
    known: dict[tuple[str, int | None], int] = field(default_factory=dict)

    def of_selection(self, selections: SelectionSetNode, parent: GraphQLCompositeType, page: int | None) -> int:
        return sum(self._of_each(selections, parent, page))

    def _of_each(self, selections: SelectionSetNode, parent: GraphQLCompositeType, page: int | None) -> Iterator[int]:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield self._of_field(node, parent, page)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                inner = parent if condition is None else self.schema.get_type(condition.name.value)
                if is_composite_type(inner):
                    yield self.of_selection(node.selection_set, inner, page)
            elif isinstance(node, FragmentSpreadNode):
                yield self._of_fragment(node.name.value, page)

    def _of_fragment(self, name: str, page: int | None) -> int:
        key = name, page
        if key not in self.known:
            fragment = self.fragments[name]
            inner = self.schema.get_type(fragment.type_condition.name.value)
            self.known[key] = self.of_selection(fragment.selection_set, inner, page) if is_composite_type(inner) else 0
        return self.known[key]

    def _of_field(self, node: FieldNode, parent: GraphQLCompositeType, page: int | None) -> int:
        name = node.name.value
        if name.startswith("__") or not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return 0
        definition = parent.fields[name]
        own = WORK.get(name, 0) if parent in (self.schema.query_type, self.schema.mutation_type) else 0
        inner = get_named_type(definition.type)
        if node.selection_set is None or not is_composite_type(inner):
            # A count is a statement of its own.
            return own + (1 if name == "totalCount" else 0)
        is_list = is_list_type(get_nullable_type(definition.type))
        asked = self._asked_length(node, definition)
        if not is_list:
            return own + 1 + self.of_selection(node.selection_set, inner, asked)
        length = asked or page or LENGTHS.get(name, USUAL_LENGTH)
        return own + length * (1 + self.of_selection(node.selection_set, inner, None))

    def _asked_length(self, node: FieldNode, definition: GraphQLField) -> int | None:
        """The length that the arguments ask for; ``None`` for a field whose length they do not tell."""
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        for name in ("first", "last"):
            if name in given and (asked := self._number(given[name])) is not None:
                return min(max(asked, 1), MAX_PAGE)
        if "ids" in given:
            return self._length(given["ids"])
        return DEFAULT_PAGE if "first" in definition.args else None

    def _number(self, value: Any) -> int | None:
        if isinstance(value, VariableNode):
            name = value.name.value
            given = self.variables.get(name)
            if given is None and name not in self.variables:
                return None if name not in self.defaults else self._number(self.defaults[name])
            # 200.0 is an Int of 200 as well.
            return int(given) if isinstance(given, int | float) and math.isfinite(given) else None
        return int(value.value) if isinstance(value, IntValueNode) else None

    def _length(self, value: Any) -> int:
        if isinstance(value, VariableNode):
            name = value.name.value
            if name not in self.variables and name in self.defaults:
                return self._length(self.defaults[name])
            given = self.variables.get(name)
            return len(given) if isinstance(given, list) else 1
        return len(value.values) if isinstance(value, ListValueNode) else 1


class CostLimit(SchemaExtension):
    """Refuses operations that can cost too much, takes the others out of the bucket of whoever asks, and reports."""

    _told: dict[str, Any] | None = None

    def on_validate(self) -> Iterator[None]:
        """Weigh what has passed validation."""
        operation = self.execution_context
        if not operation.pre_execution_errors and operation.graphql_document is not None:
            schema = operation.schema._schema
            cost = cost_of(schema, operation.graphql_document, operation.operation_name, operation.variables)
            self._told = {"requested": cost, "maximum": MAX_COST}
            try:
                if cost > MAX_COST:
                    raise TooCostlyError(
                        f"The answer could hold {cost} objects, more than {MAX_COST}; ask for smaller pages or fewer "
                        "levels.",
                        f"本次查询最多可能返回 {cost} 项，超过上限 {MAX_COST}，请减小分页或层级。",
                    )
                self._told["remaining"] = operation.context.pay(cost)
            except AppError as refusal:
                operation.pre_execution_errors = [GraphQLError(refusal.message, original_error=refusal)]
        yield

    def get_results(self) -> dict[str, Any]:
        """The part of the answer that tells the cost."""
        return {} if self._told is None else {"cost": self._told}
