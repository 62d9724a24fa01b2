"""Every list of the schema, found in the schema itself: what it costs in statements does not grow with its rows."""

from collections.abc import Iterator

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from app.crypto import PersonalDataCipher
from app.db import Database
from schema.root import make_schema
from tests.schema.door import Door, open_door
from tests.schema.test_statements import statements

SCHEMA = make_schema()._schema


def fields_of(each: object) -> dict[str, GraphQLField]:
    return dict(each.fields) if isinstance(each, GraphQLObjectType | GraphQLInterfaceType) else {}


def is_connection(field: GraphQLField) -> bool:
    return get_named_type(field.type).name.endswith("Connection")


def askable(field: GraphQLField) -> bool:
    return not any(is_required_argument(argument) for argument in field.args.values())


def leaves(each: object) -> str:
    """The fields of a type that need no selection of their own."""
    names = [name for name, field in fields_of(each).items() if is_leaf_type(get_named_type(field.type))]
    return " ".join(["__typename", *(name for name in names if askable(fields_of(each)[name]))])


def selected(name: str, field: GraphQLField) -> str:
    """A field with all leaves behind it."""
    inner = get_named_type(field.type)
    if is_leaf_type(inner):
        return name
    if is_connection(field):
        node = get_named_type(fields_of(inner)["nodes"].type)
        return f"{name}(first: 3) {{ totalCount nodes {{ {leaves(node)} }} }}"
    return f"{name} {{ {leaves(inner)} }}"


def members(each: object) -> Iterator[tuple[str, GraphQLObjectType]]:
    """The types that an item can be of, each with a selection of its fields in which ``%s`` is left open."""
    if isinstance(each, GraphQLUnionType | GraphQLInterfaceType):
        yield from ((f"... on {member.name} {{ %s }}", member) for member in SCHEMA.get_possible_types(each))
    elif isinstance(each, GraphQLObjectType):
        yield "%s", each


def queries() -> Iterator[tuple[str, str]]:
    """For every list at the root, every relation of its items with everything behind it."""
    assert SCHEMA.query_type is not None
    for root, field in SCHEMA.query_type.fields.items():
        if not is_connection(field):
            continue
        node = get_named_type(fields_of(get_named_type(field.type))["nodes"].type)
        for around, item in members(node):
            for name, inner in item.fields.items():
                behind = get_named_type(inner.type)
                if is_leaf_type(behind) or not askable(inner):
                    continue
                parts = [selected(name, inner)]
                if not is_connection(inner):
                    parts = [
                        f"{name} {{ {within % _everything(each)} }}" for within, each in members(behind) if each.fields
                    ]
                for part in parts:
                    yield f"{root}.{name}", f"query($n: Int!) {{ {root}(first: $n) {{ nodes {{ {around % part} }} }} }}"


def _everything(each: GraphQLObjectType) -> str:
    return " ".join(selected(name, field) for name, field in each.fields.items() if askable(field))


def test_the_statements_of_every_list_are_as_many_for_fifty_rows_as_for_fifteen(
    sqlite_database: Database, cipher: PersonalDataCipher
) -> None:
    door = open_door(sqlite_database, cipher, n_candidates=60, rate_points=10**9, rate_points_per_s=10**9)
    grown: dict[str, tuple[int, int]] = {}
    n_asked = 0
    for name, query in queries():
        counts = []
        for size in (15, 50):
            with statements(door.database) as seen:
                door.data(query, by="system", n=size)
            counts.append(len(seen))
        n_asked += 1
        if counts[1] > counts[0]:
            grown[name] = (counts[0], counts[1])
    assert grown == {}
    assert n_asked > 60


def test_a_text_longer_than_any_name_is_refused_and_repeated_choices_are_one(lite: Door) -> None:
    query = "query($s: String, $of: [PersonStatus!]) { cadres(filter: {search: $s, statuses: $of}) { totalCount } }"
    (error,) = lite.ask(query, s="張" * 50_000)["errors"]
    assert (error["extensions"]["code"], error["extensions"]["inputPath"]) == ("INVALID_INPUT", ["filter", "search"])
    once, often = (lite.data(query, of=["ACTIVE"] * n)["cadres"]["totalCount"] for n in (1, 1_000))
    assert once == often > 0


def test_a_condition_names_only_so_many_values(lite: Door) -> None:
    query = "query($ranks: [Int!]) { preferences(filter: {ranks: $ranks}) { totalCount } }"
    assert lite.data(query, ranks=[1] * 1_000) == lite.data(query, ranks=[1])
    (error,) = lite.ask(query, ranks=list(range(1_000)))["errors"]
    assert (error["extensions"]["code"], error["extensions"]["inputPath"]) == ("INVALID_INPUT", ["filter"])
