"""Every root field, asked by every role inside and outside the territory: data absent, and nothing changed."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from app.access import ROLES_BY_PERMISSION, Permission
from app.crypto import PersonalDataCipher
from app.models.vocabulary import Role
from schema.matrix import RootField, root_fields
from schema.root import make_schema
from tests.access.fields import arguments_of, document, selected
from tests.access.world import Ground, fingerprint, open_ground
from tests.fuzz.operations import schema
from tests.fuzz.values import ID_TYPES
from tests.servers import opened

FIELDS = [each for each in root_fields(make_schema()) if each.kind != "subscription"]
QUERIES = [each for each in FIELDS if each.kind == "query"]
MUTATIONS = [each for each in FIELDS if each.kind == "mutation"]
TELLS_NOTHING_OF_PEOPLE = {"viewer", "supplyDemand", "alternatives", "auditTrail", "formTexts", "importKinds"}
"""Fields whose answers hold the asker, figures, headers or words, or are empty for the seat that is asked about."""
NAMING = ("id", "ids", "planId", "programId", "runId", "menteeId", "mentorId")
"""Arguments that name something of the home county."""

WITHOUT_PLACE = {"createUser"}
"""Mutations that name nothing that lies in a territory: there is no outside."""


@pytest.fixture(scope="module")
def ground(
    sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory, cipher: PersonalDataCipher
) -> Iterator[Ground]:
    """Two counties on SQLite, which nothing that is refused here may change."""
    path = tmp_path_factory.mktemp("ground") / "touyan.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = opened(f"sqlite:///{path}")
    yield open_ground(database, cipher)
    database.dispose()


def holds(role: Role, permission: Permission) -> bool:
    return role in ROLES_BY_PERMISSION[permission]


def asked(ground: Ground, field: RootField, tokens: dict[Role, str]) -> dict[Role, Any]:
    """What each role is answered."""
    operation = field.kind.title()
    query, variables = document(operation, field.name), arguments_of(operation, field.name)

    async def ask_all() -> dict[Role, Any]:
        async with ground.client() as client:
            return {role: await ground.ask(client, token, query, variables) for role, token in tokens.items()}

    return asyncio.run(ask_all())


@pytest.mark.parametrize("field", QUERIES, ids=lambda field: field.name)
def test_a_query_tells_a_role_without_its_permission_nothing(ground: Ground, field: RootField) -> None:
    for tokens in (ground.inside, ground.outside):
        answers = asked(ground, field, {r: t for r, t in tokens.items() if not holds(r, field.permission)})
        for role, body in answers.items():
            assert [error["extensions"]["code"] for error in body["errors"]] == ["FORBIDDEN"], role
            assert not any((body["data"] or {}).values()), role


@pytest.mark.parametrize("field", QUERIES, ids=lambda field: field.name)
def test_a_query_tells_a_role_outside_the_territory_nothing_of_it(ground: Ground, field: RootField) -> None:
    answers = asked(ground, field, {r: t for r, t in ground.outside.items() if holds(r, field.permission)})
    assert answers
    for role, body in answers.items():
        assert ground.told(body.get("data")) == set(), role
        if any(name in arguments_of("Query", field.name) for name in NAMING):
            assert body["data"][field.name] in (None, [], [None]), role


@pytest.mark.parametrize("field", QUERIES, ids=lambda field: field.name)
def test_the_same_query_tells_somebody_inside_of_its_people(ground: Ground, field: RootField) -> None:
    """Otherwise the tests above would show nothing."""
    answers = asked(ground, field, {r: t for r, t in ground.inside.items() if holds(r, field.permission)})
    assert answers
    for role, body in answers.items():
        assert body["data"] is not None, (role, body["errors"])
    if field.name not in TELLS_NOTHING_OF_PEOPLE:
        assert ground.told(answers[Role.SYSTEM_ADMIN]["data"]), answers[Role.SYSTEM_ADMIN]


@pytest.mark.parametrize("field", MUTATIONS, ids=lambda field: field.name)
def test_a_mutation_changes_nothing_for_a_role_without_its_permission(ground: Ground, field: RootField) -> None:
    before = fingerprint(ground.database)
    for tokens in (ground.inside, ground.outside):
        answers = asked(ground, field, {r: t for r, t in tokens.items() if not holds(r, field.permission)})
        for role, body in answers.items():
            payload = body["data"][field.name]
            assert [error["code"] for error in payload.pop("userErrors")] == ["FORBIDDEN"], role
            del payload["__typename"]
            assert not any(payload.values()), role
    assert fingerprint(ground.database) == before


@pytest.mark.parametrize("field", [each for each in MUTATIONS if each.name not in WITHOUT_PLACE], ids=lambda f: f.name)
def test_a_mutation_outside_the_territory_changes_nothing_and_tells_nothing(ground: Ground, field: RootField) -> None:
    before = fingerprint(ground.database)
    answers = asked(ground, field, {r: t for r, t in ground.outside.items() if holds(r, field.permission)})
    for role, body in answers.items():
        payload = body["data"][field.name]
        codes = {error["code"] for error in payload.pop("userErrors")}
        assert codes
        assert codes <= {"NOT_FOUND", "FORBIDDEN", "INVALID_INPUT"}, (role, codes)
        del payload["__typename"]
        assert not any(payload.values()), role
        assert ground.told(body["data"]) == set(), role
    assert fingerprint(ground.database) == before


@pytest.mark.parametrize("type_name", ID_TYPES)
def test_an_object_of_any_type_is_fetched_by_its_id_inside_the_territory_alone(ground: Ground, type_name: str) -> None:
    of_type: Any = schema().type_map[type_name]
    query = f"query($id: ID!) {{ node(id: $id) {{ __typename ... on {type_name} {selected(of_type, 1)} }} }}"

    async def ask_all() -> tuple[Any, dict[Role, Any]]:
        async with ground.client() as client:
            variables = {"id": f"@{type_name}:0"}
            inside = await ground.ask(client, ground.inside[Role.SYSTEM_ADMIN], query, variables)
            return inside, {r: await ground.ask(client, t, query, variables) for r, t in ground.outside.items()}

    inside, outside = asyncio.run(ask_all())
    assert inside["data"]["node"]["__typename"] == type_name
    for role, body in outside.items():
        assert ground.told(body.get("data")) == set(), role
        if type_name not in ("Province", "Prefecture", "County", "Township", "Village"):
            assert body["data"]["node"] is None, role


def test_every_root_field_is_asked_for() -> None:
    assert len(QUERIES) + len(MUTATIONS) == len(FIELDS)
    assert len(FIELDS) >= 78
