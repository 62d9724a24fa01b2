"""What operations cost: weighed before they run, reported, and taken out of the bucket of whoever asks."""

import pytest
from graphql import parse

from app.crypto import PersonalDataCipher
from app.db import Database
from app.rate import MOST_BUCKETS, RateLimit
from schema.cost import LENGTHS, MAX_COST, WORK, cost_of
from schema.root import Mutation, Query, make_schema
from tests.schema.door import Door, open_door

SCHEMA = make_schema()._schema


def cost(query: str, **variables: object) -> int:
    return cost_of(SCHEMA, parse(query), None, variables)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ viewer { role } }", 1),
        ("{ __schema { types { name } } }", 0),
        ("{ cadres { nodes { name } } }", 1 + 50),
        ("{ cadres(first: 10) { nodes { name } totalCount } }", 1 + 10 + 1),
        ("{ cadres(last: 10) { edges { cursor node { name } } pageInfo { hasNextPage } } }", 1 + 10 * 2 + 1),
        ("{ cadres(first: 100000) { nodes { name } } }", 1 + 200),
        ("{ cadres(first: 10) { nodes { division { name } appointments { title } } } }", 1 + 10 * (1 + 1 + 6)),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', 3),
        ("{ ...A ...A } fragment A on Query { viewer { role } }", 2),
        ("{ ... on Query { viewer { role } } }", 1),
        ('{ supplyDemand(programId: "x") { __typename } }', 200 + 5),
    ],
)
def test_an_operation_costs_the_objects_that_its_answer_can_hold(query: str, expected: int) -> None:
    assert cost(query) == expected


def test_lengths_in_variables_count_and_their_defaults_do() -> None:
    query = "query($n: Int = 20) { cadres(first: $n) { nodes { name } } }"
    assert (cost(query), cost(query, n=5), cost(query, n="x"), cost(query, n=None)) == (21, 6, 51, 51)
    assert cost("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["a"] * 7) == 7


def test_the_named_operation_is_weighed() -> None:
    document = parse("query A { viewer { role } } query B { cadres { nodes { name } } }")
    assert (cost_of(SCHEMA, document, "A", None), cost_of(SCHEMA, document, "B", None)) == (1, 51)


def test_every_weight_belongs_to_a_field_that_exists() -> None:
    roots = {item.name for root in (SCHEMA.query_type, SCHEMA.mutation_type) if root for item in [root]}
    assert roots == {Query.__name__, Mutation.__name__}
    fields = {
        name
        for each in SCHEMA.type_map.values()
        for name in getattr(each, "fields", {})
        if not each.name.startswith("__")
    }
    assert set(LENGTHS) | set(WORK) <= fields


def test_the_cost_is_reported_with_every_answer(lite: Door) -> None:
    body = lite.ask("{ cadres(first: 10) { nodes { name } } }")
    assert body["extensions"]["cost"] == {"requested": 11, "maximum": MAX_COST, "remaining": 200_000 - 11}


def test_an_operation_that_could_cost_too_much_is_refused_before_it_runs(lite: Door) -> None:
    page = (
        "cadres(first: 200) { nodes { mentors { pairings { members { mentor { pairings { members { id } } } } } } } }"
    )
    body = lite.ask(f"{{ {page} a: {page} b: {page} c: {page} d: {page} }}")
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "TOO_COSTLY"
    assert str(body["extensions"]["cost"]["requested"]) in error["message"]
    assert "data" not in body
    assert "remaining" not in body["extensions"]["cost"]


def test_who_asks_for_much_in_short_time_waits_and_others_do_not(
    sqlite_database: Database, cipher: PersonalDataCipher
) -> None:
    door = open_door(sqlite_database, cipher, rate_points=1_000, rate_points_per_s=10)
    query = {"query": "{ cadres(first: 200) { nodes { name } } }"}
    answers = [door.request("POST", "/graphql", json=query) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
    error = answers[-1].json()["errors"][0]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert answers[-1].headers["retry-after"] == str(error["extensions"]["retryAfterS"]) in ("1", "2")
    assert "data" not in answers[-1].json()
    assert door.request("POST", "/graphql", by="other_county", json=query).status_code == 200


def test_a_bucket_fills_again_and_is_never_overdrawn() -> None:
    now = 0.0
    rate = RateLimit(capacity=100, per_second=10, clock=lambda: now)
    assert (rate.take("a", 90), rate.take("a", 20), rate.remaining("a")) == (0.0, 1.0, 10)
    now = 1.0
    assert (rate.take("a", 20), rate.remaining("a"), rate.remaining("b")) == (0.0, 0, 100)
    now = 1_000.0
    assert rate.remaining("a") == 100
    assert rate.take("a", 5_000) == 0.0  # more than fits is let through once it is full
    assert rate.take("a", 1) == pytest.approx(0.1)


def test_buckets_of_many_users_are_forgotten_when_they_are_full_again() -> None:
    now = 0.0
    rate = RateLimit(capacity=10, per_second=1, clock=lambda: now)
    for number in range(MOST_BUCKETS):
        rate.take(f"user {number}", 5)
    now = 3.0
    rate.take("hungry", 1)
    now = 6.0
    rate.take("hungry", 10)
    rate.take("one more", 1)
    assert set(rate.buckets) == {"hungry", "one more"}


def test_a_length_counts_however_it_is_written() -> None:
    query = "query($n: Int) { cadres(first: $n) { nodes { name } } }"
    assert cost(query, n=200.0) == cost(query, n=200) == 1 + 200
    assert cost(query, n=float("nan")) == 1 + 50
    assert cost('query($ids: [ID!]! = ["a", "b", "c"]) { nodes(ids: $ids) { id } }') == 3


def test_a_run_started_again_costs_as_much_as_one_started() -> None:
    query = 'mutation {{ {}(input: {{{}: "x"}}) {{ matchRun {{ id }} }} }}'
    assert cost(query.format("retryMatchRun", "id")) == cost(query.format("startMatchRun", "programId"))
