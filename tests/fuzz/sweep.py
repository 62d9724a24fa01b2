"""Every argument of every root field with every hostile value in it, and every list much too long.

All other values are good, so that the one that is not comes as far as it can.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import graphql

from tests.fuzz.operations import schema
from tests.fuzz.values import ENUMS_BY_ARGUMENT, HOSTILE_BY_SCALAR, ONE_OF_FIELDS, USUAL_FIELDS, plain

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A list of one good item again and again."""

    times: int


LIST = "[]"
"""The kind of a place that holds a list."""
LENGTHS = (0, 300, 20_000, 70_000)
"""SQLite takes 32,766 parameters in one statement, PostgreSQL 65,535."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One scalar, or one list, in the arguments of a root field."""

    operation: str
    field: str
    path: Path
    kind: str

    @property
    def label(self) -> str:
        """As messages name it."""
        return ".".join((self.operation, self.field, *self.path))

    def query(self) -> str:
        """The document: every argument is a variable of its name."""
        root, field = _root(self.operation, self.field)
        names = [
            name for name, each in field.args.items() if name == self.path[0] or graphql.is_required_argument(each)
        ]
        declared = ", ".join(f"${name}: {field.args[name].type}" for name in names)
        given = ", ".join(f"{name}: ${name}" for name in names)
        inner = graphql.get_named_type(field.type)
        if root is schema().mutation_type:
            selected = " { refusals: userErrors { code message messageZh path } }"
        elif inner.name.endswith("Connection"):
            selected = " { totalCount nodes { __typename } pageInfo { endCursor } }"
        else:
            selected = " { __typename }"
        return f"{self.operation.lower()}({declared}) {{ {self.field}({given}){selected} }}"

    def variables(self, value: Any) -> dict[str, Any]:
        """The variables with ``value`` at this place."""
        _, field = _root(self.operation, self.field)
        return {
            name: _value(each.type, self.field, name, self.path[1:] if name == self.path[0] else None, value)
            for name, each in field.args.items()
            if name == self.path[0] or graphql.is_required_argument(each)
        }


def places() -> list[Place]:
    """All of them."""
    found = []
    for operation in ("Query", "Mutation"):
        root: Any = schema().type_map[operation]
        for name, field in root.fields.items():
            for argument, each in field.args.items():
                for path, kind in _kinds(each.type):
                    found.append(Place(operation=operation, field=name, path=(argument, *path), kind=kind))
    return found


def hostile_values(place: Place) -> tuple[Any, ...]:
    """The values to be tried at a place."""
    if place.kind == LIST:
        return tuple(Repeated(times) for times in LENGTHS)
    return tuple(HOSTILE_BY_SCALAR[place.kind])


def _root(operation: str, field: str) -> tuple[Any, Any]:
    root: Any = schema().type_map[operation]
    return root, root.fields[field]


def _kinds(of_type: Any) -> Iterator[tuple[Path, str]]:
    nullable, inner = graphql.get_nullable_type(of_type), graphql.get_named_type(of_type)
    if graphql.is_list_type(nullable):
        yield (), LIST
    if graphql.is_input_object_type(inner):
        for name, field in inner.fields.items():
            for path, kind in _kinds(field.type):
                yield (name, *path), kind
    elif graphql.is_scalar_type(inner):
        yield (), inner.name


def good_value(of_type: Any, owner: str, name: str) -> Any:
    """A good value for an argument or field of a type."""
    return _value(of_type, owner, name, None, None)


def _value(of_type: Any, owner: str, name: str, path: Path | None, hostile: Any) -> Any:
    """A good value; with ``path``, one that has the hostile value at its end."""
    nullable = graphql.get_nullable_type(of_type)
    if graphql.is_list_type(nullable):
        if path == () and isinstance(hostile, Repeated):
            return [_value(nullable.of_type, owner, name, None, None)] * hostile.times
        return [_value(nullable.of_type, owner, name, path, hostile)]
    if graphql.is_input_object_type(nullable):
        return _object(nullable, path, hostile)
    if path is not None:
        return hostile
    if graphql.is_enum_type(nullable):
        usual = ENUMS_BY_ARGUMENT.get(f"{owner}.{name}")
        return usual[0] if usual else min(nullable.values, key=len)
    return plain(owner, name, nullable.name)


def _object(of_type: Any, path: Path | None, hostile: Any) -> dict[str, Any]:
    at = path[0] if path else None
    choice = ONE_OF_FIELDS.get(of_type.name, ())
    wanted = [name for name, field in of_type.fields.items() if graphql.is_required_input_field(field)]
    wanted += [name for name in USUAL_FIELDS.get(of_type.name, ()) if name not in wanted]
    if at is not None and at not in wanted:
        wanted.append(at)
    if choice and at not in choice:
        wanted.append(choice[0])
    return {
        name: _value(of_type.fields[name].type, of_type.name, name, path[1:] if path and name == at else None, hostile)
        for name in wanted
    }
