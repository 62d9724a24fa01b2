"""Each root query once, on both databases, and nothing for those who may not see it."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from schema.ids import encode_id
from schema.nodes import READ_BY_TYPE
from tests.factories_graph import COUNTY, World
from tests.schema.door import Door

ROW_BY_TYPE = {
    "User": "user",
    "Office": "office",
    "ApiToken": "api_token",
    "Person": "mentee_person",
    "Cadre": "mentee_person",
    "AssignedCadre": "assigned_cadre",
    "ReservePool": "reserve_pool",
    "MentorPool": "mentor_pool",
    "Mentor": "mentor0",
    "PairingProgram": "program",
    "MatchPolicy": "policy",
    "Pairing": "pairing",
    "PairingMember": "member",
    "Pin": "pin",
    "RuleRelease": "release",
    "Exclusion": "exclusion",
    "Preference": "preference",
    "MatchRun": "run",
    "MatchPlan": "plan",
    "PlanAdjustment": "adjustment",
    "PlanItem": "item",
    "Shortfall": "shortfall",
    "Roster": "roster",
    "RosterEntry": "entry",
    "ExportJob": "export",
    "ImportBatch": "import_batch",
    "ImportIssue": "import_issue",
    "ImportRow": "import_row",
    "ImportMapping": "import_mapping",
}
CODE_BY_TYPE = {
    "Province": "520000000000",
    "Prefecture": "520600000000",
    "County": COUNTY,
    "Township": "520624101000",
    "Village": "520624101201",
}


def key(world: World, type_name: str) -> UUID:
    if type_name in CODE_BY_TYPE:
        return world.divisions[CODE_BY_TYPE[type_name]]
    if type_name == "ReserveCandidate":
        return world.candidates[0]
    return world.ids[ROW_BY_TYPE[type_name]]


def ident(door: Door, type_name: str) -> str:
    return encode_id(type_name, key(door.world, type_name))


def test_viewer_tells_role_territory_and_permissions(door: Door) -> None:
    viewer = door.data("{viewer{subject role roleLabel permissions codePrefix division{__typename name} person{id}}}")[
        "viewer"
    ]
    assert viewer == {
        "subject": "county",
        "role": "COUNTY_ADMIN",
        "roleLabel": "县级经办人",
        "permissions": [
            *("READ", "READ_OWN", "READ_PLANS", "READ_CADRE_DATA", "READ_MASKED_DATA"),
            *("REVEAL", "EDIT_PEOPLE", "RUN", "EXPORT", "MANAGE_USERS"),
        ],
        "codePrefix": "520624",
        "division": {"__typename": "County", "name": "甲县"},
        "person": None,
    }


LISTS: list[tuple[str, str, int]] = [
    ("divisions", "", 8),
    ("divisions", '(filter:{level:VILLAGE, divisionCode:"520624101000"})', 2),
    ("divisions", "(filter:{condition:WEAK_ECONOMY, isValid:true})", 1),
    ("cadres", "", 11),
    ("cadres", '(filter:{isVillageCadre:true, search:"导师"})', 5),
    ("cadres", "(filter:{isVillageCadre:false})", 0),
    ("cadres", '(filter:{post:VILLAGE_DIRECTOR, divisionCode:"520624102"})', 1),
    ("reserveCandidates", "", 5),
    ("reserveCandidates", '(filter:{search:"候选0"})', 1),
    ("reserveCandidates", '(filter:{search:"候　选 0"})', 1),
    ("reserveCandidates", "(filter:{states:[IN_POOL], targetPost:SECRETARY, condition:WEAK_ECONOMY})", 2),
    ("reserveCandidates", "(filter:{states:[REMOVED]})", 0),
    ("reserveCandidates", '(filter:{search:"%"})', 0),
    ("assignedCadres", "(filter:{states:[ACTIVE], condition:WEAK_ECONOMY})", 1),
    ("mentors", "(filter:{states:[ACTIVE], categories:[VILLAGE_SECRETARY], specialty:PARTY_BUILDING})", 5),
    ("mentors", "(filter:{categories:[RETIRED_CADRE]})", 0),
    ("mentorPools", '(filter:{divisionCode:"520624", search:"板桥"})', 1),
    ("pairingPrograms", "(filter:{kind:TWO_PLUS_ONE, year:2025})", 1),
    ("matchPolicies", "", 1),
    ("matchRuns", "(filter:{mode:FINAL, states:[SOLVED_WITH_SHORTFALL]})", 1),
    ("pairings", "(filter:{states:[ACTIVE]})", 5),
    ("rosters", "(filter:{states:[PUBLISHED]})", 1),
    ("divisions", '(filter:{search:"桂 花"})', 1),
    ("divisions", '(filter:{search:"520624101"})', 3),
    ("divisions", '(filter:{kinds:[TOWN], validOn:"2024-01-01"})', 2),
    ("divisions", '(filter:{validOn:"2022-12-31"})', 0),
    ("cadres", '(filter:{search:"520624-1", statuses:[ACTIVE]})', 5),
    ("cadres", '(filter:{search:"20624-1"})', 0),
    ("cadres", '(filter:{updatedAt:{to:"2020-01-01T00:00:00Z"}})', 0),
    ("cadres", '(filter:{updatedAt:{from:"2020-01-01T00:00:00+08:00"}})', 11),
    ("reserveCandidates", '(filter:{search:"候選0"})', 1),
    ("reserveCandidates", "(filter:{sources:[RETURNED_TALENT], reviewLevels:[PREFECTURE_REVIEWED]})", 5),
    ("reserveCandidates", '(filter:{poolDate:{from:"2024-06-01", to:"2024-06-01"}})', 5),
    ("reserveCandidates", '(filter:{poolDate:{from:"2024-06-02"}})', 0),
    ("reservePools", '(filter:{search:"後備"})', 1),
    ("assignedCadres", '(filter:{assignedFrom:{to:"2024-05-01"}, search:"選派"})', 1),
    ("mentors", '(filter:{search:"導師3", availableOn:"2026-01-01"})', 1),
    ("mentors", "(filter:{hasFreeCapacity:true})", 0),
    ("mentors", "(filter:{hasFreeCapacity:false})", 5),
    ("mentorPools", '(filter:{search:"板橋鎮"})', 1),
    ("pairingPrograms", '(filter:{menteeKind:RESERVE_CANDIDATE, startDate:{from:"2025-01-01"}, search:"結對"})', 1),
    ("matchPolicies", '(filter:{divisionCode:"520625"})', 0),
    ("pairings", '(filter:{search:"候選 1"})', 1),
    ("pairings", '(filter:{search:"導師1"})', 2),
    ("pairings", '(filter:{search:"520624-10001"})', 2),
    ("pairings", '(filter:{startDate:{to:"2025-03-01"}, endDate:{from:"2026-02-28"}})', 5),
    ("pairings", '(filter:{endDate:{to:"2026-02-27"}})', 0),
    ("pins", '(filter:{search:"導師0", divisionCode:"520624101"})', 1),
    ("pins", '(filter:{search:"导师1"})', 0),
    ("ruleReleases", '(filter:{search:"候选0"})', 1),
    ("exclusions", '(filter:{createdAt:{from:"2020-01-01T00:00:00Z"}})', 1),
    ("preferences", '(filter:{ranks:[1], search:"候选"})', 1),
    ("preferences", "(filter:{ranks:[0]})", 0),
    ("matchRuns", '(filter:{divisionCode:"520624", search:"2025年結對"})', 1),
    ("matchPlans", "(filter:{states:[PUBLISHED], methods:[POLICY]})", 1),
    ("matchPlans", '(filter:{createdAt:{to:"2020-01-01T00:00:00Z"}})', 0),
    ("rosters", '(filter:{publishedAt:{from:"2025-03-15T00:00:00Z", to:"2025-03-16T00:00:00Z"}, search:"结对"})', 1),
    ("exportJobs", '(filter:{states:[DONE], formats:[XLSX], maskLevels:[STANDARD], divisionCode:"520624"})', 1),
    ("exportJobs", "(filter:{formats:[CSV]})", 0),
]


def test_each_list_has_what_its_filter_says(door: Door) -> None:
    for field, arguments, expected in LISTS:
        found = door.data(f"{{{field}{arguments}{{totalCount nodes{{id}} edges{{cursor}}}}}}")[field]
        assert (field, arguments, found["totalCount"]) == (field, arguments, expected)
        assert len(found["nodes"]) == len(found["edges"]) == expected


def test_lists_of_another_county_show_nothing_of_this_one(lite: Door) -> None:
    for field, own in (
        ("cadres", 1),
        ("reserveCandidates", 1),
        ("assignedCadres", 0),
        ("mentors", 0),
        ("mentorPools", 0),
        ("pairingPrograms", 0),
        ("matchPolicies", 0),
        ("matchRuns", 0),
        ("pairings", 0),
        ("rosters", 0),
        ("reservePools", 1),
        ("pins", 0),
        ("ruleReleases", 0),
        ("exclusions", 0),
        ("preferences", 0),
        ("matchPlans", 0),
        ("exportJobs", 0),
    ):
        found = lite.data(f"{{{field}{{totalCount nodes{{id}}}}}}", by="other_county")[field]
        assert (field, found["totalCount"], len(found["nodes"])) == (field, own, own)


def test_a_township_officer_sees_the_own_township(lite: Door) -> None:
    query = (
        "{reserveCandidates{totalCount} mentors{totalCount} pairings{totalCount} rosters{nodes{entries{totalCount}}}}"
    )
    own, other = lite.data(query, by="township"), lite.data(query, by="other_township")
    assert (own["reserveCandidates"]["totalCount"], own["mentors"]["totalCount"]) == (4, 5)
    assert (other["reserveCandidates"]["totalCount"], other["mentors"]["totalCount"]) == (1, 0)
    assert (own["pairings"]["totalCount"], other["pairings"]["totalCount"]) == (4, 1)
    assert own["rosters"]["nodes"][0]["entries"]["totalCount"] == 4
    assert other["rosters"]["nodes"][0]["entries"]["totalCount"] == 1


def test_single_items_are_found_by_id_and_by_code(door: Door) -> None:
    query = """query($cadre: ID!, $candidate: ID!, $assigned: ID!, $mentor: ID!, $program: ID!, $run: ID!, $plan: ID!,
        $pairing: ID!, $roster: ID!, $job: ID!) {
      cadre(id: $cadre) { code grassrootsYears(referenceDate: "2025-03-01") isDualLeader isVillageCadre
        appraisals { year gradeLabel } }
      byCode: cadre(code: "520624-00000") { name birthDate { text precision } ethnicity { code label }
        villageLinks { roleLabel village { name } } }
      reserveCandidate(id: $candidate) { stateLabel(language: EN) pool { name } needs { specialty weight } }
      assignedCadre(id: $assigned) { sendingUnit village { name needs { specialtyLabel } } }
      mentor(id: $mentor) { load capacity pool { name division { name } } specialties { specialtyLabel levelLabel } }
      pairingProgram(id: $program) { slots { code } policies { nodes { policyVersion content } } runs { nodes { mode } }
        pins { nodes { reason mentee { __typename } mentor { id } } } ruleReleases { nodes { rule } }
        rosters { nodes { rosterVersion } } plans { nodes { label } }
        publishedPlan { label } pairings(first: 2) { totalCount nodes { menteeName } } }
      matchRun(id: $run) { levels { name value } stageSeconds { stage seconds } messages { kind text }
        policy { policyVersion } plans { label } }
      matchPlan(id: $plan) { metrics submittedBy items(first: 3, orderBy: {field: SCORE, direction: DESC}) {
        totalCount nodes { score contributions { term points } relationLabel mentor { category } } }
        shortfalls { nodes { slotCode reasons { code label mentorCount } } } }
      pairing(id: $pairing) { agreementNo plan { label } members { slotCode mentorName mentor { person { name } } } }
      roster(id: $roster) { header entries(first: 1) { totalCount nodes { position content } } plan { label } }
      exportJob(id: $job) { url fileName rowCount roster { title } }
    }"""
    names = ["cadre", "candidate", "assigned", "mentor", "program", "run", "plan", "pairing", "roster", "job"]
    types = ["Cadre", "ReserveCandidate", "AssignedCadre", "Mentor", "PairingProgram", "MatchRun", "MatchPlan"]
    types += ["Pairing", "Roster", "ExportJob"]
    data = door.data(query, **{name: ident(door, type_name) for name, type_name in zip(names, types, strict=True)})
    assert data["cadre"] == {
        "code": "520624-00000",
        "grassrootsYears": 10.0,
        "isDualLeader": False,
        "isVillageCadre": True,
        "appraisals": [{"year": 2024, "gradeLabel": "优秀"}],
    }
    assert data["byCode"]["birthDate"] == {"text": "1990.06", "precision": "MONTH"}
    assert data["byCode"]["ethnicity"] == {"code": "15", "label": "土家族"}
    assert data["byCode"]["villageLinks"][0]["village"] == {"name": "桂花村"}
    assert data["reserveCandidate"]["needs"] == [{"specialty": "DIGITAL", "weight": 2.0}]
    assert data["assignedCadre"]["village"]["needs"] == [{"specialtyLabel": "产业发展"}]
    assert (data["mentor"]["load"], data["mentor"]["capacity"]) == (2, 2)
    assert [slot["code"] for slot in data["pairingProgram"]["slots"]] == ["TOWNSHIP_MENTOR", "VILLAGE_MENTOR"]
    assert data["pairingProgram"]["pairings"]["totalCount"] == 5
    assert data["matchRun"]["stageSeconds"] == [{"stage": "snapshot", "seconds": 0.1}]
    assert data["matchPlan"]["items"]["totalCount"] == 10
    assert data["matchPlan"]["items"]["nodes"][0]["contributions"] == [{"term": "geography", "points": 81.0}]
    assert data["matchPlan"]["shortfalls"]["nodes"][0]["reasons"] == [
        {"code": "ALL_AT_CAPACITY", "label": "符合条件的导师名额已满", "mentorCount": 1},
        {"code": "AVOIDANCE", "label": "回避/组织原因", "mentorCount": None},
    ]
    assert [member["mentorName"] for member in data["pairing"]["members"]] == ["导师0", "导师1"]
    assert data["roster"]["entries"]["nodes"][0]["content"]["mentee"]["phone"] == "138****1234"
    assert data["exportJob"]["url"] == f"/exports/{door.world.ids['export']}"


def test_node_fetches_every_type_and_nothing_outside_the_territory(door: Door) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    names = [name for name in READ_BY_TYPE if name != "AuditEvent"]  # tests/schema/test_audit.py
    ids = [ident(door, name) for name in names]
    assert [node["__typename"] for node in door.data(query, ids=ids)["nodes"]] == names
    foreign = door.data(query, ids=ids, by="other_county")["nodes"]
    shared = {"Province", "Prefecture"}
    assert {name for name, node in zip(names, foreign, strict=True) if node} == shared
    single = "query($id: ID!) { node(id: $id) { id } }"
    assert door.data(single, id=encode_id("Person", uuid4()))["node"] is None
    assert door.data(single, id=encode_id("Nonsense", uuid4()))["node"] is None
    assert door.data(single, id=encode_id("Village", door.world.divisions[COUNTY]))["node"] is None
    assert door.data(single, id=ident(door, "Cadre"))["node"]["id"] == ident(door, "Cadre")


def test_ids_that_are_no_ids_and_too_many_ids_are_refused(lite: Door) -> None:
    for text in ("", "nonsense", "Zm9v", "候选", encode_id("Person", uuid4())[:-4]):
        error = lite.ask("query($id: ID!) { node(id: $id) { id } }", id=text)["errors"][0]
        assert error["extensions"]["code"] == "INVALID_INPUT"
    many = [ident(lite, "Person")] * 101
    body = lite.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=many)
    assert body["errors"][0]["extensions"]["code"] == "INVALID_INPUT"


SINGLES = {
    "reserveCandidate": "ReserveCandidate",
    "assignedCadre": "AssignedCadre",
    "mentor": "Mentor",
    "pairingProgram": "PairingProgram",
    "matchRun": "MatchRun",
    "matchPlan": "MatchPlan",
    "pairing": "Pairing",
    "roster": "Roster",
    "exportJob": "ExportJob",
    "cadre": "Cadre",
}


@pytest.mark.parametrize("field", SINGLES)
def test_a_single_item_is_null_when_unknown_or_in_another_county(lite: Door, field: str) -> None:
    query = f"query($id: ID!) {{ {field}(id: $id) {{ id }} }}"
    known = ident(lite, SINGLES[field])
    assert lite.data(query, id=known)[field] == {"id": known}
    assert lite.data(query, id=known, by="other_county")[field] is None
    assert lite.data(query, id=encode_id(SINGLES[field], uuid4()))[field] is None
    wrong = lite.ask(query, id=encode_id("Village", uuid4()))
    assert wrong["errors"][0]["extensions"]["code"] == "INVALID_INPUT"


def test_supply_demand_is_null_outside_the_territory(lite: Door) -> None:
    query = "query($id: ID!) { supplyDemand(programId: $id) { townshipCode shortage } }"
    assert lite.data(query, id=ident(lite, "PairingProgram"), by="other_county")["supplyDemand"] is None


def test_relations_can_be_followed_in_both_directions(door: Door) -> None:
    query = """query($id: ID!) { node(id: $id) { ... on Village { parent { name
        ... on Township { villages { name } mentorPools { mentors { nodes { pairings { menteeName mentee {
          ... on ReserveCandidate { person { reserveCandidates { village { parent { name } } } } } } } } } } } }
        reserveCandidates { nodes { person { name mentors { id } }
          pairings { members { mentor { pool { division { name } } } } } } }
        assignedCadres { nodes { person { assignedCadres { sendingUnit } } } }
        conditions { kindLabel village { name } } } } }"""
    village: Any = door.data(query, id=ident(door, "Village"))["node"]
    assert village["parent"]["villages"] == [{"name": "桂花村"}, {"name": "石门村"}]
    pairings = village["parent"]["mentorPools"][0]["mentors"]["nodes"][0]["pairings"]
    assert sorted(pairing["menteeName"] for pairing in pairings) == ["候选 0", "候选 4"]
    assert [each["person"]["name"] for each in village["reserveCandidates"]["nodes"]] == ["候选 0", "候选 3"]
    assert village["assignedCadres"]["nodes"][0]["person"]["assignedCadres"] == [{"sendingUnit": "县农业局"}]


def test_personal_numbers_come_masked_and_never_clear(door: Door) -> None:
    response = door.request(
        "POST", "/graphql", json={"query": "{cadres{nodes{idNumber phone}} reserveCandidates{nodes{id}}}"}
    )
    first = response.json()["data"]["cadres"]["nodes"][0]
    assert first == {"idNumber": "520624************", "phone": "138****1234"}
    assert "secret" not in response.text
    assert "restricted" not in response.text
