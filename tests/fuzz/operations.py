"""Generated operations: what Schemathesis makes of the schema, aimed at the world, some of it sent as variables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

import graphql
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers
from schemathesis import GenerationMode
from schemathesis.schemas import APIOperation

from schema.root import make_schema
from tests.fuzz.telling import told
from tests.fuzz.values import (
    ENUMS_BY_ARGUMENT,
    ONE_OF_FIELDS,
    USUAL_FIELDS,
    WRONG,
    aimed,
    any_of,
    packed,
    register_scalars,
    to_node,
)

TELLING = 8
"""Tenths of the objects that are asked who they are, beside what Schemathesis has chosen."""
ACCEPTED = ("application/graphql-response+json", "application/json", "*/*")
MOST_ITEMS = 3
"""Items of a generated list that are kept: more of them would rather meet a limit than the code behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How an operation is bent: chances in tenths."""

    name: str
    aimed: int
    """Values that are made for their argument, instead of any value of its type."""
    kept: int
    """Optional arguments and fields that stay."""
    spoiled: int
    """Values of any type at all."""


CAREFUL = Style(name="careful", aimed=10, kept=3, spoiled=0)
BOLD = Style(name="bold", aimed=8, kept=5, spoiled=0)
WILD = Style(name="wild", aimed=4, kept=6, spoiled=2)
STYLES = (CAREFUL, CAREFUL, CAREFUL, BOLD, BOLD, WILD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation with handles in it, and the case of Schemathesis it was made from."""

    field: str
    style: str
    accept: str
    case: schemathesis.Case
    query: str
    variables: dict[str, Any] | None

    def body(self, filled: Callable[[str, int], str]) -> bytes:
        """The request body with its handles filled in."""
        return packed(self.query, self.variables, filled)


@cache
def schema() -> graphql.GraphQLSchema:
    """The schema of the service."""
    return make_schema()._schema


@cache
def root_fields() -> dict[str, APIOperation]:
    """The operations that Schemathesis finds: one for each root field of queries and mutations."""
    register_scalars()
    loaded = schemathesis.graphql.from_dict(dict(graphql.introspection_from_schema(schema())))
    found = [result.ok() for result in loaded.get_all_operations()]
    return {each.label: each for each in found}


@st.composite
def operations(draw: st.DrawFn, label: str) -> Operation:
    """Operations that ask for one root field."""
    api = root_fields()[label]
    style = draw(st.sampled_from(STYLES))
    # An operation with one violation of the schema: refused, but never with more than a sentence.
    is_wrong = style is WILD and draw(st.integers(0, 4)) == 4
    case = draw(api.as_strategy(generation_mode=GenerationMode.NEGATIVE if is_wrong else GenerationMode.POSITIVE))
    accept = draw(st.sampled_from(ACCEPTED))
    common = {"field": label, "accept": accept, "case": case}
    if is_wrong:
        return Operation(style="invalid", query=case.body, variables=None, **common)
    try:
        document = graphql.parse(case.body)
    except graphql.GraphQLSyntaxError:  # a text with half a character
        return Operation(style="unreadable", query=case.body, variables=None, **common)
    (definition,) = document.definitions
    assert isinstance(definition, graphql.OperationDefinitionNode)
    bender = _Bender(draw, style, draws_variables=draw(st.integers(0, 2)) < 2)
    root = schema().get_root_type(definition.operation)
    assert root is not None
    selections = bender.selections(definition.selection_set, root)
    declared = [
        graphql.VariableDefinitionNode(
            variable=graphql.VariableNode(name=graphql.NameNode(value=name)), type=graphql.parse_type(str(of_type))
        )
        for name, of_type in bender.types.items()
    ]
    bent = graphql.OperationDefinitionNode(
        operation=definition.operation,
        name=None,
        variable_definitions=tuple(declared),
        directives=(),
        selection_set=selections,
    )
    return Operation(style=style.name, query=graphql.print_ast(bent), variables=bender.variables, **common)


@contextmanager
def _without_constants_of_code() -> Iterator[None]:
    """Keep Hypothesis from drawing the constants of whatever modules are loaded: a seed would say nothing then."""
    providers.CONSTANTS_CACHE.cache.clear()
    with patch.object(providers, "_get_local_constants", return_value=providers.Constants()):
        yield
    providers.CONSTANTS_CACHE.cache.clear()


def generate(label: str, n_cases: int, of_seed: str, take: Callable[[Operation], None]) -> None:
    """Hand over ``n_cases`` operations that ask for one root field; the same ones for the same seed."""

    @seed(of_seed)
    @settings(
        max_examples=n_cases,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operations(label))
    def each(operation: Operation) -> None:
        take(operation)

    with _without_constants_of_code():
        each()


REFUSALS = graphql.FieldNode(
    name=graphql.NameNode(value="userErrors"),
    alias=graphql.NameNode(value="refusals"),
    arguments=(),
    directives=(),
    selection_set=graphql.SelectionSetNode(
        selections=tuple(
            graphql.FieldNode(name=graphql.NameNode(value=name), arguments=(), directives=())
            for name in ("code", "message", "messageZh", "path")
        )
    ),
)
"""Every mutation is asked for its refusals too, so that it is known which ones wrote something."""


class _Bender:
    """Walks over a document and changes its values, according to a style."""

    def __init__(self, draw: st.DrawFn, style: Style, *, draws_variables: bool) -> None:
        self.draw = draw
        self.style = style
        self.draws_variables = draws_variables
        self.types: dict[str, Any] = {}
        self.variables: dict[str, Any] = {}

    def _chance(self, tenths: int) -> bool:
        # Hypothesis tries small numbers first: the first operation of every field is the plainest.
        return tenths > 0 and self.draw(st.integers(0, 9)) < tenths

    def _keeps(self, tenths: int) -> bool:
        return self.draw(st.integers(0, 9)) >= 10 - tenths

    def _spoils(self) -> bool:
        return self.style.spoiled > 0 and self._keeps(self.style.spoiled)

    def selections(self, node: graphql.SelectionSetNode, parent: Any) -> graphql.SelectionSetNode:
        found: list[graphql.SelectionNode] = []
        for each in node.selections:
            if isinstance(each, graphql.InlineFragmentNode):
                inner = schema().type_map[each.type_condition.name.value] if each.type_condition else parent
                found.append(
                    graphql.InlineFragmentNode(
                        type_condition=each.type_condition,
                        directives=(),
                        selection_set=self.selections(each.selection_set, inner),
                    )
                )
            else:
                assert isinstance(each, graphql.FieldNode)
                found.append(self._field(each, parent))
        selected = graphql.SelectionSetNode(selections=tuple(found))
        is_root = parent in (schema().query_type, schema().mutation_type)
        return told(selected, parent) if not is_root and self._chance(TELLING) else selected

    def _field(self, node: graphql.FieldNode, parent: Any) -> graphql.FieldNode:
        name = node.name.value
        if name == "__typename":
            return node
        definition = parent.fields[name]
        arguments = []
        for argument in node.arguments or ():
            wanted = definition.args[argument.name.value]
            if not graphql.is_required_argument(wanted) and not self._keeps(self.style.kept):
                continue
            value = self._value(argument.value, wanted.type, name, argument.name.value)
            arguments.append(graphql.ArgumentNode(name=argument.name, value=self._lifted(value, wanted.type)))
        inner = graphql.get_named_type(definition.type)
        selected = self.selections(node.selection_set, inner) if node.selection_set else None
        if selected is not None and parent is schema().mutation_type:
            selected = graphql.SelectionSetNode(selections=(*selected.selections, REFUSALS))
        return graphql.FieldNode(
            name=node.name, alias=node.alias, arguments=tuple(arguments), directives=(), selection_set=selected
        )

    def _lifted(self, value: Any, of_type: Any) -> graphql.ValueNode:
        """A value as a variable, or as it stands in the document."""
        if not self.draws_variables:
            return _inline(value)
        name = f"v{len(self.types)}"
        self.types[name] = of_type
        self.variables[name] = _plain(value)
        return graphql.VariableNode(name=graphql.NameNode(value=name))

    def _value(self, node: graphql.ValueNode, of_type: Any, owner: str, name: str) -> Any:
        """A value: a node that stays, or a Python value; lists and objects hold either."""
        is_required = graphql.is_non_null_type(of_type)
        inner = graphql.get_nullable_type(of_type)
        if isinstance(node, graphql.NullValueNode) and not (is_required or self._chance(self.style.aimed)):
            return node
        if self._spoils():
            return self.draw(WRONG)
        if graphql.is_list_type(inner):
            found = node.values[:MOST_ITEMS] if isinstance(node, graphql.ListValueNode) else []
            if not found and self._chance(self.style.aimed):
                found = [graphql.NullValueNode(), graphql.NullValueNode()]
            return [self._value(each, inner.of_type, owner, name) for each in found]
        if graphql.is_input_object_type(inner):
            return self._object(node, inner)
        if graphql.is_enum_type(inner):
            usual = ENUMS_BY_ARGUMENT.get(f"{owner}.{name}")
            if usual and self._chance(self.style.aimed):
                return _Enum(self.draw(st.sampled_from(usual)))
            if isinstance(node, graphql.EnumValueNode):
                return node
            return _Enum(self.draw(st.sampled_from(sorted(inner.values))))
        scalar = graphql.get_named_type(inner).name
        if self._chance(self.style.aimed):
            return self.draw(aimed(owner, name, scalar, is_search=owner.endswith("FilterInput")))
        return self.draw(any_of(scalar))

    def _object(self, node: graphql.ValueNode, of_type: Any) -> dict[str, Any]:
        given = (
            {each.name.value: each.value for each in node.fields} if isinstance(node, graphql.ObjectValueNode) else {}
        )
        names = [name for name, wanted in of_type.fields.items() if graphql.is_required_input_field(wanted)]
        optional = [name for name in of_type.fields if name not in names]
        names += [name for name in optional if name in given and self._keeps(self.style.kept + 2)]
        if self._chance(self.style.aimed):
            names += USUAL_FIELDS.get(of_type.name, ())
        choice = ONE_OF_FIELDS.get(of_type.name)
        if choice and self._chance(self.style.aimed):
            names = [*(name for name in names if name not in choice), self.draw(st.sampled_from(choice))]
        found = {}
        for name in dict.fromkeys(names):
            found[name] = self._value(
                given.get(name, graphql.NullValueNode()), of_type.fields[name].type, of_type.name, name
            )
            if isinstance(found[name], graphql.NullValueNode) and name in optional and self._chance(self.style.aimed):
                del found[name]
        return found


@dataclass(frozen=True, slots=True)
class _Enum:
    name: str


def _inline(value: Any) -> graphql.ValueNode:
    if isinstance(value, graphql.ValueNode):
        return value
    if isinstance(value, _Enum):
        return graphql.EnumValueNode(value=value.name)
    if isinstance(value, dict) and all(name.isascii() and name.isidentifier() for name in value):
        fields = [
            graphql.ObjectFieldNode(name=graphql.NameNode(value=name), value=_inline(item))
            for name, item in value.items()
        ]
        return graphql.ObjectValueNode(fields=tuple(fields))
    if isinstance(value, list):
        return graphql.ListValueNode(values=tuple(_inline(item) for item in value))
    return to_node(value)


def _plain(value: Any) -> Any:
    if isinstance(value, graphql.ValueNode):
        return graphql.value_from_ast_untyped(value)
    if isinstance(value, _Enum):
        return value.name
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
