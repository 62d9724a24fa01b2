"""The audit trail over GraphQL: who reads which entries, by what they are found, and where the trail ends."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from app.access import Viewer, create_token, record
from app.crypto import PersonalDataCipher
from app.db import Database
from app.models import Division
from app.models.vocabulary import AuditAction, Role
from app.request_id import request_id
from schema.ids import encode_id
from tests.app.trails import burglar, entries, head, sql
from tests.factories_graph_people import COUNTY, OTHER_COUNTY, TOWNSHIP
from tests.schema.door import Door, open_door

LIST = """query($f: AuditEventFilterInput) { auditEvents(filter: $f, orderBy: {field: SEQUENCE}) { totalCount nodes {
  id sequence actor role action target detail requestId entryHash } } }"""
AUDITORS = {"auditor": COUNTY, "other_auditor": OTHER_COUNTY, "city_auditor": "520600000000", "town_auditor": TOWNSHIP}


def add_auditors(door: Door) -> None:
    with door.database.write() as session:
        for name, code in AUDITORS.items():
            division = session.get(Division, door.world.divisions[code])
            door.world.tokens[name] = create_token(session, role=Role.AUDITOR, label=name, division=division)


def act(door: Door, subject: str, prefix: str, *, county: UUID | None = None, request: str | None = None) -> None:
    actor = Viewer(subject=subject, role=Role.COUNTY_ADMIN, code_prefix=prefix)
    known = request_id.set(request)
    with door.database.write() as session:
        record(session, actor, AuditAction.PIN_ADDED, f"Pin {subject}", county_id=county, mentee="520624-00001")
    request_id.reset(known)


def filled(door: Door) -> Door:
    """Entries by actors of both counties, of a township, of the city and of nowhere, some about a county."""
    add_auditors(door)
    divisions = door.world.divisions
    act(door, "county", "520624", request="r-1")
    act(door, "other", "520625")
    act(door, "town", "520624101")
    act(door, "city", "5206")
    act(door, "city for county", "5206", county=divisions[COUNTY])
    act(door, "system for other", "", county=divisions[OTHER_COUNTY], request="r-2")
    return door


@pytest.fixture
def trail(door: Door) -> Door:
    return filled(door)


@pytest.fixture
def lite_trail(sqlite_database: Database, cipher: PersonalDataCipher) -> Door:
    return filled(open_door(sqlite_database, cipher))


def subjects(door: Door, by: str, **wanted: Any) -> list[str]:
    nodes = door.data(LIST, by=by, f={"actions": ["PIN_ADDED"]} | wanted)["auditEvents"]["nodes"]
    return [node["target"].removeprefix("Pin ") for node in nodes]


SEEN = {
    "system": ["county", "other", "town", "city", "city for county", "system for other"],
    "city_auditor": ["county", "other", "town", "city", "city for county", "system for other"],
    "auditor": ["county", "town", "city for county"],
    "other_auditor": ["other", "system for other"],
    "town_auditor": ["town"],
}


def test_an_auditor_sees_what_was_done_in_the_own_territory_or_to_its_counties(trail: Door) -> None:
    assert {by: subjects(trail, by) for by in SEEN} == SEEN
    total = trail.data("{ auditEvents { totalCount } }", by="auditor")["auditEvents"]["totalCount"]
    assert total == 3  # tokens were made by the command line, for no county in particular


def test_what_lies_elsewhere_reads_as_absent(trail: Door) -> None:
    query = "query($id: ID!) { auditEvent(id: $id) { target } node(id: $id) { id ... on AuditEvent { target } } }"
    for row in (row for row in entries(trail.database) if row.action is AuditAction.PIN_ADDED):
        key = encode_id("AuditEvent", row.id)
        for by, seen in SEEN.items():
            found = trail.data(query, by=by, id=key)
            shown = row.target if row.target.removeprefix("Pin ") in seen else None
            assert found["auditEvent"] == (shown and {"target": shown})
            assert found["node"] == (shown and {"id": key, "target": shown})
    unknown = encode_id("AuditEvent", uuid4())
    assert trail.data(query, by="system", id=unknown) == {"auditEvent": None, "node": None}


@pytest.mark.parametrize("by", ["county", "approver", "prefecture", "reader", "township", "mentor", "mentee"])
def test_others_are_refused(lite_trail: Door, by: str) -> None:
    for query in ("{ auditEvents { totalCount } }", "{ auditTrail { count } }"):
        (error,) = lite_trail.ask(query, by=by)["errors"]
        assert error["extensions"]["code"] == "FORBIDDEN"
    key = encode_id("AuditEvent", entries(lite_trail.database)[-1].id)
    assert lite_trail.data("query($id: ID!) { node(id: $id) { id } }", by=by, id=key)["node"] is None


def test_entries_are_found_by_actor_action_target_time_request_and_division(lite_trail: Door) -> None:
    def find(**wanted: Any) -> list[str]:
        return subjects(lite_trail, "system", **wanted)

    assert find(actor="city") == ["city"]
    assert find(actions=["PIN_REMOVED"]) == []
    assert find(target="Pin city") == ["city", "city for county"]
    assert find(target="Pin %") == find(target="Pin _ity") == []
    assert find(target="x" * 5_000) == []
    assert find(requestId="r-1") == ["county"]
    assert find(at={"to": "2020-01-01T00:00:00Z"}) == []
    assert find(at={"from": "2020-01-01T00:00:00Z"}) == SEEN["system"]
    assert find(divisionCode="520625000000") == ["other", "system for other"]
    assert find(divisionCode="520624101000") == ["town"]
    body = lite_trail.ask(LIST, by="system", f={"at": {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}})
    assert body["errors"][0]["extensions"]["inputPath"] == ["filter", "at", "from"]
    assert lite_trail.ask(LIST, by="system", f={"divisionCode": "52x"})["errors"] != []


def test_an_entry_tells_everything_but_its_territory(lite_trail: Door) -> None:
    query = """{ auditEvents(filter: {requestId: "r-1"}) { nodes { sequence at actor role roleLabel action actionLabel
      english: actionLabel(language: EN) target detail requestId entryHash } } }"""
    (node,) = lite_trail.data(query, by="auditor")["auditEvents"]["nodes"]
    (row,) = [row for row in entries(lite_trail.database) if row.request_id == "r-1"]
    assert node.pop("at")
    assert node == {
        "sequence": row.sequence,
        "actor": "county",
        "role": "COUNTY_ADMIN",
        "roleLabel": "县级经办人",
        "action": "PIN_ADDED",
        "actionLabel": "锁定结对",
        "english": "Pin added",
        "target": "Pin county",
        "detail": {"mentee": "520624-00001"},
        "requestId": "r-1",
        "entryHash": row.entry_hash,
    }


def test_pages_go_from_the_newest_entry_to_the_first_without_a_gap(trail: Door) -> None:
    query = """query($after: String) { auditEvents(first: 4, after: $after) { totalCount nodes { sequence }
      pageInfo { hasNextPage endCursor } } }"""
    found: list[int] = []
    cursor = None
    while True:
        page = trail.data(query, by="system", after=cursor)["auditEvents"]
        found += [node["sequence"] for node in page["nodes"]]
        cursor = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == list(range(page["totalCount"], 0, -1))


def test_the_end_of_the_trail_is_shown_as_an_anchor(lite_trail: Door) -> None:
    query = "{ auditTrail { count headHash sealedAt keyFingerprint } }"
    end = head(lite_trail.database)
    assert end is not None
    shown = lite_trail.data(query, by="auditor")["auditTrail"]
    assert (shown["count"], shown["headHash"], shown["keyFingerprint"]) == (
        end.n_entries, end.entry_hash, end.key_fingerprint,
    )  # fmt: skip
    with burglar(lite_trail.database) as connection:
        sql("DELETE FROM audit_head")(connection)
    assert lite_trail.data(query, by="auditor")["auditTrail"] is None


def test_a_mutation_behind_a_broken_trail_is_refused_as_data_and_writes_nothing(lite_trail: Door) -> None:
    with burglar(lite_trail.database) as connection:
        sql("UPDATE audit_head SET n_entries = n_entries - 1")(connection)
    program = encode_id("PairingProgram", lite_trail.world.ids["program"])
    candidate = encode_id("ReserveCandidate", lite_trail.world.candidates[3])
    query = """mutation($input: ReleaseRuleInput!) { releaseRule(input: $input) { ruleRelease { id }
      userErrors { code messageZh } } }"""
    release = {"programId": program, "menteeId": candidate, "reason": "会议决定"}
    answer = lite_trail.data(query, input=release)["releaseRule"]
    assert (answer["ruleRelease"], answer["userErrors"][0]["code"]) == (None, "AUDIT_TRAIL_BROKEN")
    releases = lite_trail.data("{ ruleReleases { totalCount } }")["ruleReleases"]["totalCount"]
    with burglar(lite_trail.database) as connection:
        sql("UPDATE audit_head SET n_entries = n_entries + 1")(connection)
    assert lite_trail.data(query, input=release)["releaseRule"]["userErrors"] == []
    assert lite_trail.data("{ ruleReleases { totalCount } }")["ruleReleases"]["totalCount"] == releases + 1
