"""The contract with clients: breaking changes are named, refusals have their code, nullability follows rules."""

from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_introspection_type,
    is_list_type,
    is_non_null_type,
)

from app.errors import AppError
from schema.context import NotSignedInError
from schema.contract import RELEASED_FILE, Change, breaking_changes, dangerous_changes, unnamed
from schema.cost import TooCostlyError
from schema.enums import LABELLED
from schema.export import sdl
from schema.problems import UserErrorCode
from schema.root import make_schema
from tests.house.test_conventions import error_classes

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
OLD = """
type Query { cadre(id: ID, code: String = "a"): Cadre mentors: [Cadre!]! people: Person share: Float count: Int }
interface Named { name: String! }
type Cadre implements Named { name: String! years: Float! load: Int }
type Mentor { name: String! }
union Person = Cadre | Mentor
enum State { ACTIVE ENDED }
input Filter { state: State }
directive @masked on FIELD
"""
CHANGES = [
    ('id: ID, code: String = "a"', "id: ID", "Query.cadre(code:)"),
    ("id: ID, code: String", "id: ID!, code: String", "Query.cadre(id:)"),
    ("mentors: [Cadre!]!", "mentors: [Cadre!]", "Query.mentors"),
    (" load: Int", "", "Cadre.load"),
    ("years: Float!", "years: String!", "Cadre.years"),
    (" implements Named", "", "Cadre"),
    ("Cadre | Mentor", "Cadre", "Person"),
    (" ENDED", "", "State.ENDED"),
    ("state: State", "state: State age: Int!", "Filter.age"),
    ("state: State", "state: String", "Filter.state"),
    ("directive @masked on FIELD", "", "@masked"),
]


@pytest.mark.parametrize(("before", "after", "coordinate"), CHANGES)
def test_a_breaking_change_must_be_named_by_its_coordinate(before: str, after: str, coordinate: str) -> None:
    changes = breaking_changes(OLD, OLD.replace(before, after))
    assert [each.coordinate for each in changes] == [coordinate]
    head, tail = "# Changelog\n\n## Unreleased\n", "\n## 0.0.9\n"
    assert unnamed(changes, f"{head}- `{coordinate}` is another.{tail}") == []
    for text in ("- Something.", f"- `{coordinate}x` is another.", f"- `x{coordinate}` is another."):
        assert unnamed(changes, f"{head}{text}{tail}- `{coordinate}` is another.") == changes


def test_changes_that_break_nothing_need_no_name() -> None:
    current = OLD.replace("load: Int", "load: Int! more: Int").replace("id: ID,", "id: ID, name: String,")
    assert breaking_changes(OLD, current) == []
    assert dangerous_changes(OLD, current) == [
        Change("Query.cadre(name:)", "An optional argument Query.cadre(name:) was added.")
    ]


def test_a_changelog_without_the_heading_is_no_excuse() -> None:
    with pytest.raises(KeyError, match="Unreleased"):
        unnamed([], "# Changelog\n\n## 1.0\n")


def test_every_breaking_change_since_the_release_is_named_in_the_changelog() -> None:
    released = RELEASED_FILE.read_text(encoding="utf-8")
    missing = unnamed(breaking_changes(released, sdl()), CHANGELOG.read_text(encoding="utf-8"))
    assert missing == [], "name these coordinates in CHANGELOG.md under Unreleased, and say what to do instead"


def test_every_refusal_has_its_code_in_the_schema_and_every_code_its_refusal() -> None:
    refusals = [
        each for each in error_classes() if each is not AppError and each.__module__.startswith(("app", "schema"))
    ]
    assert {NotSignedInError, TooCostlyError} < set(refusals)
    assert sorted(each.code for each in refusals) == sorted(UserErrorCode)
    assert AppError.code not in set(UserErrorCode)  # the base is never raised itself


SCHEMA = make_schema()._schema
MAY_BE_NON_NULL = {
    "Query.viewer": "an operation without a viewer is refused as a whole",
    "Query.nodes": "Relay: a list as long as the ids, empty where there is no object",
    "Cadre.person": "the same row, seen without the career",
    "ComparedTeam.plan": "one of the plans asked for: without one of them there is no comparison",
}
"""Fields with an object that are never empty, and why."""
MAY_HOLD_NULLS = {
    "Query.nodes": "Relay: empty where there is no object",
    "ComparedFigure.values": "one value for each plan, empty where a plan has none",
}
"""Lists with empty items, and why."""


def output_fields() -> dict[str, Any]:
    return {
        f"{each.name}.{name}": field
        for each in SCHEMA.type_map.values()
        if isinstance(each, GraphQLObjectType | GraphQLInterfaceType) and not is_introspection_type(each)
        for name, field in each.fields.items()
    }


def has_id(kind: Any) -> bool:
    if isinstance(kind, GraphQLUnionType):
        return all(has_id(each) for each in kind.types)
    return "id" in getattr(kind, "fields", {})


def test_ids_and_items_of_lists_are_never_empty() -> None:
    fields = output_fields()
    assert {str(field.type) for name, field in fields.items() if name.endswith(".id")} == {"ID!"}
    holding = {
        name
        for name, field in fields.items()
        if is_list_type(kind := get_nullable_type(field.type)) and not is_non_null_type(kind.of_type)
    }
    assert holding == set(MAY_HOLD_NULLS)


def test_what_a_relation_leads_to_may_be_empty_because_it_may_lie_outside_the_territory() -> None:
    followed = {
        name: field
        for name, field in output_fields().items()
        if has_id(get_named_type(field.type))
        and not is_list_type(get_nullable_type(field.type))
        and not name.split(".")[0].endswith("Edge")
    }
    assert len(followed) > 80
    assert {name for name, field in followed.items() if is_non_null_type(field.type)} == {
        name for name in MAY_BE_NON_NULL if not name.startswith("Query.")
    }


def test_every_root_field_may_be_empty_so_that_one_refusal_leaves_the_rest_of_the_answer() -> None:
    roots = {name: field for name, field in output_fields().items() if name.split(".")[0] in ("Query", "Mutation")}
    assert len(roots) > 60
    filled = {name for name, field in roots.items() if is_non_null_type(field.type)}
    assert filled == {name for name in MAY_BE_NON_NULL if name.startswith("Query.")}


def test_connections_have_no_holes_and_payloads_are_empty_beside_their_user_errors() -> None:
    for name, field in output_fields().items():
        owner, own = name.split(".")
        if owner.endswith(("Connection", "CappedList")):
            needed = own in ("edges", "nodes", "pageInfo", "totalCount")
            assert needed, name
            assert is_non_null_type(field.type), name
        if owner.endswith("Edge"):
            assert is_non_null_type(field.type), name
        if owner.endswith("Payload"):
            assert is_non_null_type(field.type) is (own == "userErrors"), name


def test_fields_that_need_a_permission_may_be_empty() -> None:
    for name in ("runs", "plans", "pins", "ruleReleases", "publishedPlan"):
        assert not is_non_null_type(output_fields()[f"PairingProgram.{name}"].type), name
    for name in ("Pairing.plan", "Roster.plan"):
        assert not is_non_null_type(output_fields()[name].type), name


def test_every_enum_value_of_the_domain_is_described_in_both_languages() -> None:
    for enum in [*LABELLED, UserErrorCode]:
        values = SCHEMA.type_map[enum.__name__].values  # type: ignore[union-attr]
        assert {name for name in values if " / " not in values[name].description} == set(), enum.__name__
