"""Documents that ask one root field for everything it can tell: good arguments, and a deep selection."""

from collections.abc import Collection
from typing import Any

import graphql

from tests.fuzz.operations import schema
from tests.fuzz.sweep import good_value

DEPTH = 2
"""Objects below the root field whose plain fields are asked for."""
DEPTH_BY_FIELD = {"node": -1, "nodes": -1, "cadre": 1, "pairingProgram": 1, "exportJob": 1}
"""Where that would be more than a document may be; of ``node`` every type has a test of its own."""
ROOT_PAGE, PAGE = 50, 3


def arguments_of(operation: str, field: str) -> dict[str, Any]:
    """Good values, with handles in them, for all that the field requires, and for the size of its page."""
    root: Any = schema().type_map[operation]
    args = root.fields[field].args
    given = {
        name: good_value(each.type, field, name) for name, each in args.items() if graphql.is_required_argument(each)
    }
    if field == "cadre":
        given["id"] = "@Cadre:0"
    if field == "compareMatchPlans":
        given["ids"] = ["@MatchPlan:0", "@MatchPlan:1"]
    return given | ({"first": ROOT_PAGE} if "first" in args else {})


def document(operation: str, field: str) -> str:
    """The document; every argument is a variable of its name."""
    root: Any = schema().type_map[operation]
    found = root.fields[field]
    names = list(arguments_of(operation, field))
    declared = ", ".join(f"${name}: {found.args[name].type}" for name in names)
    given = ", ".join(f"{name}: ${name}" for name in names)
    head = f"{operation.lower()}{f'({declared})' if declared else ''}"
    inner = selected(graphql.get_named_type(found.type), DEPTH_BY_FIELD.get(field, DEPTH))
    return f"{head} {{ {field}{f'({given})' if given else ''} {inner} }}"


def selected(of_type: Any, depth: int, left_out: Collection[str] = ()) -> str:
    """The plain fields of a type, and those of the objects below it as deep as asked for."""
    if graphql.is_leaf_type(of_type):
        return ""
    if depth < 0:
        return "{ __typename id }"
    if graphql.is_union_type(of_type) or graphql.is_interface_type(of_type):
        return _branches(of_type, depth)
    parts = ["__typename"]
    for name, field in of_type.fields.items():
        if name in left_out or any(graphql.is_required_argument(each) for each in field.args.values()):
            continue
        inner = graphql.get_named_type(field.type)
        if graphql.is_leaf_type(inner):
            parts.append(name)
        elif depth > 0 and not _is_wide(inner):
            page = f"(first: {PAGE})" if "first" in field.args else ""
            below = depth if inner.name.endswith(("Connection", "Edge")) else depth - 1
            parts.append(f"{name}{page} {selected(inner, below)}")
    return f"{{ {' '.join(parts)} }}"


def _branches(of_type: Any, depth: int) -> str:
    """Of each possible type the fields that no earlier one has with another type."""
    known: dict[str, str] = {}
    parts = ["__typename"]
    for each in schema().get_possible_types(of_type):
        left_out = {
            name for name, field in each.fields.items() if known.setdefault(name, str(field.type)) != str(field.type)
        }
        parts.append(f"... on {each.name} {selected(each, depth, left_out)}")
    return f"{{ {' '.join(parts)} }}"


def _is_wide(of_type: Any) -> bool:
    return of_type.name == "Node" or of_type.name.endswith("Edge")
