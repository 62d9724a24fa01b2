"""What holds for the schema as a document: descriptions, permissions, ids, and the committed text."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
)

from app.access import ROLES_BY_PERMISSION, Permission
from app.labels import RESTRICTED_REASONS
from app.models.vocabulary import ReasonCode, Role
from schema.export import SCHEMA_FILE, sdl
from schema.matrix import personal_fields
from schema.nodes import READ_BY_TYPE
from schema.permissions import RequirePermission
from schema.root import Mutation, Query, make_schema
from schema.runs.reasons import ShortfallReasonCode

SCHEMA = make_schema()._schema


def own_types() -> list[Any]:
    return [
        each
        for each in SCHEMA.type_map.values()
        if not is_introspection_type(each) and not is_specified_scalar_type(each)
    ]


def described_things() -> Iterator[tuple[str, str | None]]:
    for each in own_types():
        yield each.name, each.description
        if isinstance(each, GraphQLEnumType):
            yield from ((f"{each.name}.{name}", value.description) for name, value in each.values.items())
        if isinstance(each, GraphQLInputObjectType | GraphQLObjectType | GraphQLInterfaceType):
            for name, item in each.fields.items():
                yield f"{each.name}.{name}", item.description
                for argument, detail in getattr(item, "args", {}).items():
                    yield f"{each.name}.{name}({argument})", detail.description


def test_everything_in_the_schema_is_described() -> None:
    things = list(described_things())
    assert [name for name, description in things if not description] == []
    assert len(things) > 900


def test_the_committed_document_is_current() -> None:
    text = SCHEMA_FILE.read_text(encoding="utf-8")
    assert text == sdl(), "run `touyan schema --write`"
    assert text.endswith("}\n")


def permission_of(field: Any) -> Any:
    held = [each.permission for each in field.extensions if isinstance(each, RequirePermission)]
    assert len(held) == 1, f"{field.python_name} must state one permission"
    return held[0]


def test_every_root_field_states_one_permission_that_some_role_has() -> None:
    for root in (Query, Mutation):
        for item in root.__strawberry_definition__.fields:  # type: ignore[attr-defined]
            assert ROLES_BY_PERMISSION[permission_of(item)]


def test_a_mentee_is_admitted_to_own_data_only() -> None:
    admitted = {
        item.python_name
        for root in (Query, Mutation)
        for item in root.__strawberry_definition__.fields  # type: ignore[attr-defined]
        if Role.MENTEE in ROLES_BY_PERMISSION[permission_of(item)]
    }
    reading = {"viewer", "node", "nodes", "pairings", "pairing", "api_tokens"}
    assert admitted == reading | {"change_password", "create_api_token", "revoke_api_token"}


def test_every_object_with_an_id_can_be_fetched_by_it() -> None:
    node = SCHEMA.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    assert {each.name for each in SCHEMA.get_implementations(node).objects} == set(READ_BY_TYPE)


def test_shown_reasons_are_all_reasons_with_the_restricted_ones_merged() -> None:
    shown = {code.value for code in ShortfallReasonCode}
    assert shown == {code.value for code in ReasonCode} - {code.value for code in RESTRICTED_REASONS} | {"AVOIDANCE"}


def test_stored_forms_are_no_fields_and_class_a_needs_its_permission_by_name() -> None:
    # A kind of table is named after what its rows are about, and is no field.
    names = {name.lower() for name, _ in described_things() if "Input" not in name and "SheetKind." not in name}
    for word in ("encrypted", "hash_"):
        assert not [name for name in names if word in name]
    opened = {
        f"{type_name}.{field}".lower()
        for type_name, field, _, permission in personal_fields()
        if permission is Permission.READ_RESTRICTED_DATA
    }
    for word in ("exitreason", "restrictedreason", "restrictedendreason", ".flags", ".kinships", "preference.reason"):
        found = {name for name in names if name.endswith(word)}
        assert found, word
        assert found <= opened, word
