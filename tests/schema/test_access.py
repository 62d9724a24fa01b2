"""Who is refused what: anonymous visitors, wrong roles, and what mentors and mentees see of each other."""

from typing import Any

import pytest
from graphql import GraphQLList, GraphQLNonNull

from app.config import Profile
from app.crypto import PersonalDataCipher
from app.db import Database
from app.models import MatchPlan, MatchRun, PairingProgram
from schema.ids import encode_id
from schema.root import make_schema
from tests.schema.door import Door, open_door

OWN = {"viewer", "node", "nodes", "pairings", "pairing", "apiTokens"}
INTROSPECTION = "{__schema{queryType{name}}}"


def named(kind: Any) -> Any:
    while isinstance(kind, GraphQLNonNull | GraphQLList):
        kind = kind.of_type
    return kind


def root_queries() -> dict[str, str]:
    """A minimal query for each root field."""
    query_type = make_schema()._schema.query_type
    assert query_type is not None
    queries = {}
    for name, field in query_type.fields.items():
        arguments = [
            f"{key}: {['x'] if isinstance(named(each.type), GraphQLList) else chr(34) + 'x' + chr(34)}".replace(
                "'", '"'
            )
            for key, each in field.args.items()
            if isinstance(each.type, GraphQLNonNull)
        ]
        queries[name] = f"{{{name}{'(' + ', '.join(arguments) + ')' if arguments else ''}{{__typename}}}}"
    return queries


QUERIES = root_queries()


@pytest.mark.parametrize("field", QUERIES)
def test_anonymous_visitors_get_no_data_from_any_root_field(lite: Door, field: str) -> None:
    response = lite.request("POST", "/graphql", by=None, json={"query": QUERIES[field]})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json() == {
        "errors": [
            {
                "message": "Sign in with a valid token: Authorization: Bearer <token>.",
                "extensions": {"code": "UNAUTHENTICATED"},
            }
        ]
    }


@pytest.mark.parametrize("by", ["mentee", "mentor"])
def test_participants_are_refused_on_officers_fields(lite: Door, by: str) -> None:
    for field in sorted(set(QUERIES) - OWN):
        body = lite.ask(QUERIES[field], by=by)
        assert [error["extensions"]["code"] for error in body["errors"]] == ["FORBIDDEN"], field
        assert not (body["data"] or {}).get(field)


@pytest.mark.parametrize("by", ["reader", "township"])
def test_plans_are_refused_to_roles_without_the_permission(lite: Door, by: str) -> None:
    program = encode_id("PairingProgram", lite.world.ids["program"])
    plans = ("matchRuns", "matchRun", "matchPlans", "matchPlan", "supplyDemand")
    for field in (*plans, "pins", "ruleReleases", "exclusions", "preferences"):
        body = lite.ask(QUERIES[field], by=by)
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    lists = ("runs{totalCount}", "plans{totalCount}", "pins{totalCount}", "ruleReleases{totalCount}")
    for field in (*lists, "publishedPlan{id}"):
        body = lite.ask(f"query($id: ID!) {{pairingProgram(id: $id) {{name {field}}}}}", by=by, id=program)
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert body["data"]["pairingProgram"] == {"name": "2025年结对", field.partition("{")[0]: None}
    for name, key in (("MatchPlan", "plan"), ("Pin", "pin"), ("Exclusion", "exclusion"), ("PlanItem", "item")):
        query = "query($id: ID!) {node(id: $id) {id}}"
        assert lite.data(query, by=by, id=encode_id(name, lite.world.ids[key]))["node"] is None


PAIRINGS = """{viewer{role person{name phone}} pairings{totalCount nodes{menteeName plan{id}
  mentee{... on ReserveCandidate{person{name}}} members{mentorName mentor{person{name}}}}}}"""


def test_a_mentee_sees_the_own_pairing_and_only_names_of_its_mentors(door: Door) -> None:
    body = door.ask(PAIRINGS, by="mentee")
    assert {error["extensions"]["code"] for error in body["errors"]} == {"FORBIDDEN"}  # plan
    assert body["data"]["viewer"] == {"role": "MENTEE", "person": {"name": "候选 0", "phone": "138****1234"}}
    assert body["data"]["pairings"] == {
        "totalCount": 1,
        "nodes": [
            {
                "menteeName": "候选 0",
                "plan": None,
                "mentee": {"person": {"name": "候选 0"}},
                "members": [{"mentorName": "导师0", "mentor": None}, {"mentorName": "导师1", "mentor": None}],
            }
        ],
    }


def test_a_mentor_sees_the_own_pairings_and_only_names_of_the_mentees(door: Door) -> None:
    pairings = door.ask(PAIRINGS, by="mentor")["data"]["pairings"]
    assert pairings["totalCount"] == 2
    assert [(each["menteeName"], each["mentee"]) for each in pairings["nodes"]] == [("候选 0", None), ("候选 4", None)]
    assert pairings["nodes"][0]["members"][0]["mentor"] == {"person": {"name": "导师0"}}


def widen_to_prefecture(door: Door) -> tuple[str, str]:
    """Make the programme one of the prefecture, its run and plan telling of people in two counties."""
    world = door.world
    with door.database.write() as session:
        program = session.get_one(PairingProgram, world.ids["program"])
        program.division_id = world.divisions["520600000000"]
        run = session.get_one(MatchRun, world.ids["run"])
        run.messages = [
            {"kind": "SOLVER", "text": "exact"},
            {"kind": "EXCLUDED", "mentee": "520624-00001", "code": "NOT_IN_POOL"},
            {"kind": "EXCLUDED", "mentee": "520625-00001", "code": "NOT_IN_POOL"},
            {"kind": "WARNING", "code": "AGE", "text": "520625-00001: aged 57, above the 55 that the policy warns at"},
            {"kind": "WARNING", "code": "COMPLAINT", "text": "520624-00000-520624-10001: a complaint lies between"},
        ]
        plan = session.get_one(MatchPlan, world.ids["plan"])
        mentees = (world.candidates[0], world.ids["other_candidate"])
        plan.metrics = {
            "n_filled": 9,
            "townships": [{"township": "520624101000"}, {"township": "520625101000"}],
            "lowest": [{"mentee_id": str(mentee), "team_score": 1.0} for mentee in mentees],
        }
        session.add_all([program, run, plan])
    return encode_id("MatchRun", run.id), encode_id("MatchPlan", plan.id)


@pytest.mark.parametrize(
    ("by", "codes", "n_townships"),
    [
        ("county", ["520624-00001"], 1),
        ("approver", ["520624-00001"], 1),
        ("other_county", ["520625-00001", None], 1),
        ("prefecture", ["520624-00001", "520625-00001", None], 2),
    ],
)
def test_runs_and_plans_of_a_prefecture_tell_a_county_only_of_its_own_people(
    door: Door, by: str, codes: list[str | None], n_townships: int
) -> None:
    run, plan = widen_to_prefecture(door)
    query = """query($run: ID!, $plan: ID!) { matchRun(id: $run) { messages { kind code menteeCode text } }
        matchPlan(id: $plan) { metrics } }"""
    data = door.data(query, by=by, run=run, plan=plan)
    solver, *others = data["matchRun"]["messages"]
    assert solver == {"kind": "SOLVER", "code": None, "menteeCode": None, "text": "exact"}
    assert [message["menteeCode"] for message in others] == codes
    assert "complaint" not in str(others)
    metrics = data["matchPlan"]["metrics"]
    assert metrics["n_filled"] == 9
    assert (len(metrics["townships"]), len(metrics["lowest"])) == (n_townships, n_townships)


def test_other_pairings_are_null_for_a_mentee(lite: Door) -> None:
    query = "query($id: ID!) {pairing(id: $id) {id} node(id: $id) {id}}"
    pairing = encode_id("Pairing", lite.world.ids["pairing"])
    assert lite.data(query, by="mentee", id=pairing)["pairing"] == {"id": pairing}
    others = lite.data("{pairings{nodes{id}}}")["pairings"]["nodes"]
    for other in others:
        if other["id"] != pairing:
            assert lite.data(query, by="mentee", id=other["id"]) == {"pairing": None, "node": None}


@pytest.mark.parametrize("token", ["ty_wrong", "Basic x", "ty_"])
def test_a_wrong_token_is_refused_even_for_introspection(lite: Door, token: str) -> None:
    response = lite.request(
        "POST", "/graphql", by=None, json={"query": INTROSPECTION}, headers={"Authorization": f"Bearer {token}"}
    )
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")


def test_development_shows_the_schema_and_graphiql_to_anybody(lite: Door) -> None:
    assert lite.data(INTROSPECTION, by=None)["__schema"]["queryType"]["name"] == "Query"
    page = lite.request("GET", "/graphql", by=None, headers={"Accept": "text/html"})
    assert (page.status_code, "GraphiQL" in page.text) == (200, True)
    for query in (
        "{__schema{queryType{name}} viewer{role}}",
        "{...on Query{viewer{role}}}",
        "{",
        "fragment a on Q {b}",
    ):
        response = lite.request("POST", "/graphql", by=None, json={"query": query})
        assert (response.status_code, "data" in response.json()) == (401, False)


def test_production_shows_nothing_without_a_token(sqlite_database: Database, cipher: PersonalDataCipher) -> None:
    door = open_door(sqlite_database, cipher, profile=Profile.PRODUCTION)
    for request in (
        {"method": "POST", "json": {"query": INTROSPECTION}},
        {"method": "GET", "headers": {"Accept": "text/html"}},
    ):
        response = door.request(path="/graphql", by=None, **request)  # type: ignore[arg-type]
        assert (response.status_code, "schema" in response.text) == (401, False)
    assert door.request("GET", "/graphql", headers={"Accept": "text/html"}).status_code == 404
    assert door.data(INTROSPECTION)["__schema"]["queryType"]["name"] == "Query"
    message = door.ask("{viewr{role}}")["errors"][0]["message"]
    assert "Did you mean" not in message
