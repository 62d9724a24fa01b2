"""The public audits of GraphQL over HTTP (package graphql-http) against the real server."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from schema.asgi import PREFLIGHT
from tests.clients.toolbox import Toolbox
from tests.jobs.machine import Machine

pytestmark = pytest.mark.slow

N_AUDITS = 61
"""How many graphql-http 1.23.1 has."""
UNREADABLE = {"572B", "FDE2", "556A", "74FF"}
"""Audits of documents that do not parse or ask for an unknown field; they want 200 or 400 by media type."""

BY_GET = {"5A70", "D6D5", "6A70"}
"""Audits of queries by GET, all of them optional."""


@pytest.fixture
def production(office: Machine) -> Iterator[Machine]:
    """A second server over the same county, in the production profile."""
    second = replace(office, port=0)
    process = second.server(embedded=False, TOUYAN_PROFILE="production")
    yield second
    process.kill()


def audits(toolbox: Toolbox, office: Machine, token: str, *header: str) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = toolbox.answer(
        "audits.mjs", f"http://127.0.0.1:{office.port}/graphql", *header, TOUYAN_TOKEN=token
    )
    assert len({result["id"] for result in results}) == len(results) == N_AUDITS
    return results


def unfulfilled(results: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (result["id"], result["httpStatus"], result["name"], result["reason"])
        for result in results
        if result["status"] != "ok"
    ]


def test_a_signed_in_client_finds_all_61_public_audits_fulfilled(toolbox: Toolbox, office: Machine) -> None:
    assert unfulfilled(audits(toolbox, office, office.token)) == []


def test_production_fulfils_the_same_audits_once_get_is_said_to_be_meant(toolbox: Toolbox, production: Machine) -> None:
    assert unfulfilled(audits(toolbox, production, production.token, PREFLIGHT, "1")) == []
    plain = unfulfilled(audits(toolbox, production, production.token))
    assert {(audit, status) for audit, status, *_ in plain} == {(audit, 400) for audit in BY_GET}


def test_a_stranger_is_told_to_sign_in_where_a_document_cannot_be_seen_to_ask_for_the_schema_alone(
    toolbox: Toolbox, office: Machine
) -> None:
    results = unfulfilled(audits(toolbox, office, token=""))
    assert {(audit, status) for audit, status, *_ in results} == {(audit, 401) for audit in UNREADABLE}
