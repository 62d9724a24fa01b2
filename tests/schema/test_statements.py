"""The number of SQL statements does not grow with the page."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from app.crypto import PersonalDataCipher
from app.db import Database
from schema.generations import QUIET_TURNS
from tests.schema.door import Door, open_door

DEEP = """query($n: Int!) { reserveCandidates(first: $n, orderBy: {field: CODE}) { nodes { id
  village { name } person { name }
  pairings { menteeName members { mentorName mentor { load person { name } pool { name } specialties { level }
    pairings { mentee { ... on ReserveCandidate { village { conditions { kind } }
      person { name appointments { title } } } }
    } } } } } } }"""
LISTS = {
    "cadres": "nodes{grassrootsYears isDualLeader appraisals{grade} division{name} mentors{id}}",
    "reserveCandidates": "nodes{pool{name} needs{specialty} person{villageLinks{village{name}}}}",
    "mentors": "nodes{load person{name} pairings{members{slotCode} program{name slots{code}}}}",
    "pins": "nodes{mentee{__typename} mentor{person{name}} program{name}}",
    "exportJobs": "nodes{roster{title program{name}}}",
    "pairings": "nodes{mentee{__typename} plan{label run{seed}} members{pairing{id}}}",
}
NESTED = (
    """query($n: Int!) { matchRuns { nodes { plans { items(first: $n) { totalCount nodes { mentee { __typename }
  mentor { person { name } } plan { label } } } } } } }""",
    "query($n: Int!) { matchRuns { nodes { plans { shortfalls(first: $n) { nodes { mentee { __typename } } } } } } }",
    "query($n: Int!) { rosters { nodes { entries(first: $n) { nodes { mentee { __typename } } } } } }",
    "query($n: Int!) { pairingPrograms { nodes { pairings(first: $n) { totalCount nodes { menteeName } } } } }",
    """query($n: Int!) { mentorPools { nodes { mentors(first: $n, filter: {search: "導師", hasFreeCapacity: false}) {
  totalCount nodes { load person { name } } } } } }""",
    """query($n: Int!) { divisions(first: $n, filter: {level: VILLAGE}) { nodes { ... on Village {
  reserveCandidates(first: $n) { totalCount nodes { person { name } } } assignedCadres { nodes { state } } } } } }""",
    """query($n: Int!) { pairingPrograms(first: 2) { nodes { runs(first: $n) { nodes { mode } }
  plans(first: $n) { nodes { label adjustments(first: $n) { nodes { kind } } } }
  pins(first: $n) { nodes { reason mentee { __typename } } }
  policies(first: $n) { nodes { note } } rosters(first: $n) { nodes { title } } } } }""",
)
SHARED = """query($n: Int!) {
  reserveCandidates(first: $n) { nodes { village { parent { parent { parent { name } } } }
    person { division { name parent { name } } county { name } } pairings { members { mentor { person { name } } } } } }
  mentors(first: $n) { totalCount nodes { person { division { parent { name } } } pairings { menteeName } } }
  cadres(first: $n) { nodes { person { residence { name } county { name } mentors { person { name } } } } } }"""
"""Branches of different length that share their reads."""


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    seen: list[str] = []

    def listen(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", listen)
    yield seen
    event.remove(database.engine, "before_cursor_execute", listen)


@pytest.fixture
def wide(database: Database, cipher: PersonalDataCipher) -> Door:
    """A ring of seventy candidates and mentors: also a page of fifty has neighbours outside it."""
    return open_door(database, cipher, n_candidates=70)


def count(door: Door, query: str, size: int) -> int:
    with statements(door.database) as seen:
        door.data(query, n=size)
    return len(seen)


def test_a_page_of_fifty_costs_as_many_statements_as_one_of_five(wide: Door) -> None:
    few, many = count(wide, DEEP, 5), count(wide, DEEP, 50)
    assert few == many <= 22
    for query in NESTED:
        few, many = count(wide, query, 5), count(wide, query, 50)
        assert (query, few) == (query, many)
        assert many <= 11
    for field, fields in LISTS.items():
        query = f"query($n: Int!) {{ {field}(first: $n) {{ {fields} }} }}"
        few, many = count(wide, query, 5), count(wide, query, 50)
        assert (field, few) == (field, many)
        assert many <= 12


@pytest.mark.parametrize("query", [DEEP, SHARED, *NESTED])
def test_which_statements_are_issued_does_not_depend_on_how_long_each_takes(
    wide: Door, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with statements(wide.database) as plain:
        wide.data(query, n=20)
    delays = iter([0.03, 0.0, 0.0, 0.02, 0.0, 0.01, 0.0] * 20)

    def dawdle(*_: Any) -> None:
        time.sleep(next(delays))

    event.listen(wide.database.engine, "before_cursor_execute", dawdle)
    with statements(wide.database) as slow:
        wide.data(query, n=20)
    event.remove(wide.database.engine, "before_cursor_execute", dawdle)
    monkeypatch.setattr("schema.generations.QUIET_TURNS", 20 * QUIET_TURNS)
    with statements(wide.database) as patient:
        wide.data(query, n=20)
    assert plain == slow == patient


def test_branches_of_one_operation_share_their_statements(wide: Door) -> None:
    with statements(wide.database) as seen:
        wide.data(SHARED, n=5)
    few = len(seen)
    assert few == count(wide, SHARED, 50) <= 22


def test_the_total_is_counted_only_when_asked_for(wide: Door) -> None:
    plain = count(wide, "query($n: Int!) {mentors(first: $n) {nodes{id}}}", 5)
    counted = count(wide, "query($n: Int!) {mentors(first: $n) {nodes{id} totalCount}}", 5)
    assert (plain, counted) == (4, 5)  # token, its division, the counties of the territory, page; and the count
