"""The number of SQL statements does not grow with the page."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from app.crypto import PersonalDataCipher
from app.db import Database
from tests.schema.door import Door, open_door

DEEP = """query($n: Int!) { reserveCandidates(first: $n, orderBy: {field: CODE}) { nodes { id village { name } person { name }
  pairings { menteeName members { mentorName mentor { load person { name } pool { name } specialties { level }
    pairings { mentee { ... on ReserveCandidate { village { conditions { kind } } person { name appointments { title } } } }
    } } } } } } }"""
LISTS = {
    "cadres": "nodes{grassrootsYears isDualLeader appraisals{grade} division{name} mentors{id}}",
    "reserveCandidates": "nodes{pool{name} needs{specialty} person{villageLinks{village{name}}}}",
    "mentors": "nodes{load person{name} pairings{members{slotCode} program{name slots{code}}}}",
    "pairings": "nodes{mentee{__typename} plan{label run{seed}} members{pairing{id}}}",
}
PLAN = """query($n: Int!) { matchRuns { nodes { plans { items(first: $n) { totalCount nodes { mentee { __typename }
  mentor { person { name } } plan { label } } } shortfalls(first: $n) { nodes { mentee { __typename } } } } } }
  rosters { nodes { entries(first: $n) { nodes { mentee { __typename } } } } } }"""


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
    few, many = count(wide, PLAN, 5), count(wide, PLAN, 50)
    assert few == many <= 18
    for field, fields in LISTS.items():
        query = f"query($n: Int!) {{ {field}(first: $n) {{ {fields} }} }}"
        few, many = count(wide, query, 5), count(wide, query, 50)
        assert (field, few) == (field, many)
        assert many <= 12


def test_the_total_is_counted_only_when_asked_for(wide: Door) -> None:
    plain = count(wide, "query($n: Int!) {mentors(first: $n) {nodes{id}}}", 5)
    counted = count(wide, "query($n: Int!) {mentors(first: $n) {nodes{id} totalCount}}", 5)
    assert (plain, counted) == (4, 5)  # token, its division, the counties of the territory, page; and the count
