"""Fields that tell who somebody is: an operation that asks for them would show what the asker must not see."""

from typing import Any

import graphql

LEAVES = (
    *("id", "code", "name", "phone", "idNumber", "title", "text", "menteeName", "mentorName", "content", "header"),
    *("reason", "note"),
)
BRANCHES = (
    "nodes",
    "person",
    "mentee",
    "mentor",
    "otherMentor",
    "replacedBy",
    "gets",
    "leaves",
    "fromPerson",
    "toPerson",
)
MOST_LEVELS = 3
"""A page, its mentees, their persons."""


def told(selected: graphql.SelectionSetNode, of_type: Any) -> graphql.SelectionSetNode:
    """The selection of an object with all fields that tell who it is about, those of people around it included."""
    return graphql.SelectionSetNode(selections=(*selected.selections, *_fields(of_type, MOST_LEVELS, _names(selected))))


def _names(selected: graphql.SelectionSetNode) -> set[str]:
    fields = [each for each in selected.selections if isinstance(each, graphql.FieldNode)]
    # A branch that is asked for already may carry arguments; asking again without them would clash.
    return {each.name.value for each in fields if each.alias is None} | {
        each.alias.value for each in fields if each.alias
    }


def _fields(of_type: Any, n_levels: int, known: set[str]) -> list[graphql.SelectionNode]:
    if graphql.is_union_type(of_type):
        return [
            graphql.InlineFragmentNode(
                type_condition=graphql.NamedTypeNode(name=graphql.NameNode(value=each.name)),
                directives=(),
                selection_set=graphql.SelectionSetNode(selections=tuple(_fields(each, n_levels, set()))),
            )
            for each in of_type.types
        ]
    found: list[graphql.SelectionNode] = []
    for name in (*LEAVES, *BRANCHES):
        field = of_type.fields.get(name)
        if field is None or name in known or any(graphql.is_required_argument(each) for each in field.args.values()):
            continue
        inner = graphql.get_named_type(field.type)
        if graphql.is_leaf_type(inner):
            found.append(_field(name, None))
        elif n_levels > 1 and (nested := _fields(inner, n_levels - 1, set())):
            found.append(_field(name, graphql.SelectionSetNode(selections=tuple(nested))))
    return found


def _field(name: str, selected: graphql.SelectionSetNode | None) -> graphql.FieldNode:
    return graphql.FieldNode(name=graphql.NameNode(value=name), arguments=(), directives=(), selection_set=selected)
