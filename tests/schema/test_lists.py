"""What holds for every list: filter, order, paging, search that leaks nothing, spans that make sense."""

from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type

from app.models import Person
from schema.ids import encode_id
from schema.root import make_schema
from tests.schema.door import Door

SCHEMA = make_schema()._schema
PAGING = ["first", "after", "last", "before", "filter", "orderBy"]
NESTED_SEARCH = """query($t: String!) { matchPlans { nodes { items(filter: {search: $t}) { totalCount }
  shortfalls(filter: {search: $t}) { totalCount } adjustments(filter: {search: $t}) { totalCount } } }
  rosters { nodes { entries(filter: {search: $t}) { totalCount } } } }"""


def connections() -> dict[str, Any]:
    """Every field with a connection, by its coordinate."""
    return {
        f"{each.name}.{name}": field
        for each in SCHEMA.type_map.values()
        if isinstance(each, GraphQLObjectType)
        for name, field in each.fields.items()
        if get_named_type(field.type).name.endswith("Connection")
    }


def test_every_connection_can_be_paged_filtered_and_ordered() -> None:
    found = connections()
    assert {coordinate: list(field.args) for coordinate, field in found.items()} == dict.fromkeys(found, PAGING)
    assert len(found) == 39


IMPORTS = {"Query.importBatches", "Query.importMappings", "ImportBatch.issues", "ImportBatch.rows"}
"""Lists about files."""


def test_every_list_of_people_or_places_can_be_searched() -> None:
    unsearched = {
        coordinate
        for coordinate, field in connections().items()
        if "search" not in get_named_type(field.args["filter"].type).fields
    }
    # Policies and files have no name of their own; whom an exclusion concerns is not told; the trail names nobody.
    assert unsearched == {
        "Query.matchPolicies",
        "PairingProgram.policies",
        "Query.exportJobs",
        "Query.exclusions",
        "Query.auditEvents",
        *IMPORTS,
    }


def test_every_list_that_lies_in_a_territory_can_be_narrowed_to_a_division() -> None:
    missing = {
        coordinate
        for coordinate, field in connections().items()
        if "divisionCode" not in get_named_type(field.args["filter"].type).fields
    }
    # Issues and rows lie where their file does; remembered headers are narrowed by their sender.
    assert missing == {"Query.exclusions"} | IMPORTS - {"Query.importBatches"}


def test_seats_and_entries_are_found_by_the_people_in_them(door: Door) -> None:
    def counts(text: str, by: str = "county") -> list[int]:
        data = door.data(NESTED_SEARCH, by=by, t=text)
        plan, roster = data["matchPlans"]["nodes"][0], data["rosters"]["nodes"][0]
        return [plan[name]["totalCount"] for name in ("items", "shortfalls", "adjustments")] + [
            roster["entries"]["totalCount"]
        ]

    assert counts("候選　0") == [2, 1, 1, 1]
    assert counts("520624-00001") == [2, 0, 0, 1]
    assert counts("導師0") == [2, 0, 0, 0]
    assert counts("导师") == [10, 0, 0, 0]
    assert counts("外县") == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "field", ["cadres", "reserveCandidates", "mentors", "pairings", "pins", "ruleReleases", "preferences"]
)
def test_people_of_another_territory_are_not_found(lite: Door, field: str) -> None:
    query = f"query($t: String!) {{ {field}(filter: {{search: $t}}) {{ totalCount nodes {{ id }} }} }}"
    for text in ("导师", "候选", "520624-"):
        assert lite.data(query, by="other_county", t=text)[field] == {"totalCount": 0, "nodes": []}
    assert lite.data(query, by="county", t="外县人")[field]["totalCount"] == 0


def test_a_file_outside_the_territory_is_not_found_by_its_name_in_a_list_that_hides_it(lite: Door) -> None:
    with lite.database.write() as session:
        person = session.get_one(Person, lite.world.ids["mentee_person"])
        person.division_id = lite.world.divisions["520624102000"]  # the village stays in the other township
    query = """query($t: String!) { reserveCandidates(filter: {search: $t}) { nodes { person { name } } }
      pairings(filter: {search: $t}) { nodes { menteeName } } }"""
    hidden = lite.data(query, by="township", t="520624-00000")
    assert (hidden["reserveCandidates"]["nodes"], hidden["pairings"]["nodes"]) == ([], [])
    by_name = lite.data(query, by="township", t="候选0")
    assert by_name["reserveCandidates"]["nodes"] == []
    assert by_name["pairings"]["nodes"] == [{"menteeName": "候选 0"}]  # the name itself is shown there
    assert len(lite.data(query, by="county", t="520624-00000")["reserveCandidates"]["nodes"]) == 1


@pytest.mark.parametrize("by", ["mentee", "mentor"])
def test_participants_find_nothing_beyond_the_names_they_see(lite: Door, by: str) -> None:
    query = "query($t: String!) { pairings(filter: {search: $t}) { totalCount } }"
    own = "520624-00000" if by == "mentee" else "520624-10000"
    whole = lite.data("{pairings{totalCount}}", by=by)["pairings"]["totalCount"]
    assert lite.data(query, by=by, t=own)["pairings"]["totalCount"] == whole
    others = ["520624-10001", "520624-00001", "520624-00004", "导师2", "候选 2", "村委会", "138", "小学"]
    for text in [*others, "520624-10000" if by == "mentee" else "520624-00000"]:
        assert (text, lite.data(query, by=by, t=text)["pairings"]["totalCount"]) == (text, 0)
    foreign = {"mentorId": encode_id("Mentor", lite.world.ids["mentor0" if by == "mentee" else "mentor1"])}
    asked = "query($f: PairingFilterInput) { pairings(filter: $f) { totalCount } }"
    assert lite.data(asked, by=by, f=foreign)["pairings"]["totalCount"] == 0


def test_no_participant_gets_a_list_of_people_by_searching(lite: Door) -> None:
    for field in ("cadres", "reserveCandidates", "mentors", "assignedCadres", "pins", "matchPlans"):
        body = lite.ask(f'{{{field}(filter: {{search: "导"}}) {{totalCount}}}}', by="mentor")
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("field", "condition", "path"),
    [
        ("pairings", 'startDate: {from: "2026-02-01", to: "2026-01-31"}', ["filter", "startDate", "from"]),
        ("matchRuns", 'createdAt: {from: "2026-02-01T00:00:00"}', ["filter", "createdAt", "from"]),
        ("matchRuns", 'createdAt: {to: "0001-01-01T00:00:00+08:00"}', ["filter", "createdAt", "to"]),
        (
            "rosters",
            'publishedAt: {from: "2026-02-01T00:00:00Z", to: "2026-02-01T00:00:00+08:00"}',
            ["filter", "publishedAt", "from"],
        ),
    ],
)
def test_spans_that_make_no_sense_are_refused(lite: Door, field: str, condition: str, path: list[str]) -> None:
    error = lite.ask(f"{{{field}(filter: {{{condition}}}) {{nodes{{id}}}}}}")["errors"][0]
    assert (error["extensions"]["code"], error["extensions"]["inputPath"]) == ("INVALID_INPUT", path)


def test_a_search_without_letters_leaves_the_list_as_it_is(lite: Door) -> None:
    for text in ("", "  ", "·"):
        query = "query($t: String!) { mentors(filter: {search: $t}) { totalCount } }"
        assert lite.data(query, t=text)["mentors"]["totalCount"] == 5


LONGEST = "ﷺ" * 200
"""The longest text that is searched for, of characters that each fold to eighteen."""


@pytest.mark.parametrize("field", ["divisions", "cadres", "mentors", "mentorPools", "pairingPrograms", "pairings"])
def test_a_search_is_as_long_as_names_are(door: Door, field: str) -> None:
    query = f"query($t: String!) {{ {field}(filter: {{search: $t}}) {{ totalCount }} }}"
    assert door.data(query, t=LONGEST)[field]["totalCount"] == 0
    error = door.ask(query, t="长" * 20_000)["errors"][0]
    assert (error["extensions"]["code"], error["extensions"]["inputPath"]) == ("INVALID_INPUT", ["filter", "search"])


def test_a_list_has_no_more_items_than_a_statement_takes(door: Door) -> None:
    query = "query($s: [RunState!]) { matchRuns(filter: {states: $s}) { totalCount } }"
    assert door.data(query, s=["INFEASIBLE"] * 10_000) == {"matchRuns": {"totalCount": 0}}
    response = door.request("POST", "/graphql", json={"query": query, "variables": {"s": ["DRAFT"] * 70_000}})
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")
