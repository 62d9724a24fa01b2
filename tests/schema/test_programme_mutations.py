"""The main job through mutations: from people to a downloaded roster."""

from app.services.runs import run_here
from schema.ids import key_of
from tests.schema.door import Door
from tests.schema.test_mutations import done, known, place, refused

OTHER_VILLAGE, OTHER_TOWNSHIP = "520625101201", "520625101000"


def enter_mentor(door: Door, name: str, code: str, kind: str, post: str, category: str) -> None:
    person = {"name": name, "divisionId": place(door, code, kind), "unitAndPost": "木黄镇"}
    post_held = {"post": post, "title": name, "startDate": "2003-01-01", "divisionId": place(door, code, kind)}
    cadre = done(door, "createCadre", "cadre{id}", by="other_county", person=person, appointments=[post_held])
    done(
        door,
        "createMentor",
        "mentor{id}",
        by="other_county",
        personId=cadre["id"],
        category=category,
        poolDivisionId=place(door, OTHER_TOWNSHIP, "Township"),
    )


def test_a_programme_goes_from_people_to_a_downloaded_roster(door: Door) -> None:
    enter_mentor(door, "镇长乙", OTHER_TOWNSHIP, "Township", "TOWNSHIP_LEADER", "TOWNSHIP_LEADER")
    enter_mentor(door, "书记乙", OTHER_VILLAGE, "Village", "VILLAGE_SECRETARY", "VILLAGE_SECRETARY")
    program = done(
        door,
        "createPairingProgram",
        "pairingProgram{id endDate slots{code} policies{nodes{policyVersion}}}",
        by="other_county",
        divisionId=place(door, "520625000000", "County"),
        kind="TWO_PLUS_ONE",
        menteeKind="RESERVE_CANDIDATE",
        name="乙县结对",
        year=2026,
        startDate="2026-03-01",
        preset="TONGREN_2_PLUS_1",
    )
    assert (program["endDate"], len(program["slots"]), len(program["policies"]["nodes"])) == ("2027-02-28", 2, 1)
    table = door.data(
        "query($id: ID!) {supplyDemand(programId: $id) {townshipCode seats township{name}}}",
        by="other_county",
        id=program["id"],
    )["supplyDemand"]
    assert [(row["seats"], row["township"]) for row in table if row["seats"]] == [(2, {"name": "木黄镇"})]
    run = "matchRun{id state plans{id state items{nodes{slotCode score}} shortfalls{totalCount}}}"
    asked = {"programId": program["id"], "mode": "FINAL", "idempotencyKey": "once"}
    waiting = done(door, "startMatchRun", run, by="other_county", **asked)
    assert (waiting["state"], waiting["plans"]) == ("QUEUED", [])
    assert done(door, "startMatchRun", run, by="other_county", **asked) == waiting
    run_here(door.database, key_of(waiting["id"], "MatchRun"))
    first = done(door, "startMatchRun", run, by="other_county", **asked)
    (plan,) = first["plans"]
    assert (first["state"], plan["state"], len(plan["items"]["nodes"])) == ("SOLVED", "PROPOSED", 2)
    early = refused(door, "publishMatchPlan", "roster{id}", by="prefecture", id=plan["id"])
    assert early[0] == "INVALID_STATE"
    submitted = done(door, "submitMatchPlan", "matchPlan{state submittedBy}", by="other_county", id=plan["id"])
    assert submitted == {"state": "SUBMITTED", "submittedBy": "other_county"}
    assert refused(door, "approveMatchPlan", "matchPlan{id}", by="other_county", id=plan["id"], approverName="甲")[
        0
    ] == ("FORBIDDEN")
    approved = done(
        door, "approveMatchPlan", "matchPlan{state approverName}", by="prefecture", id=plan["id"], approverName="部长"
    )
    assert approved == {"state": "APPROVED", "approverName": "部长"}
    roster = done(
        door,
        "publishMatchPlan",
        "roster{id rosterVersion documentNo entries{nodes{content}}}",
        by="prefecture",
        id=plan["id"],
        documentNo="乙组〔2026〕1号",
    )
    assert (roster["rosterVersion"], roster["documentNo"]) == (1, "乙组〔2026〕1号")
    assert len(roster["entries"]["nodes"]) == 1
    pairings = door.data("{pairings{nodes{state members{mentorName}}}}", by="other_county")["pairings"]["nodes"]
    assert [each["state"] for each in pairings] == ["ACTIVE"]
    assert sorted(member["mentorName"] for member in pairings[0]["members"]) == sorted(["镇长乙", "书记乙"])
    job = done(
        door,
        "exportRoster",
        "exportJob{state url rowCount}",
        by="other_county",
        rosterId=roster["id"],
        format="XLSX",
        purpose="印发",
        countyId=place(door, "520625000000", "County"),
    )
    file = door.request("GET", job["url"], by="other_county")
    assert (job["state"], file.status_code, file.content[:2]) == ("DONE", 200, b"PK")
    assert door.request("GET", job["url"], by="county").status_code == 404
    withdrawn = done(
        door,
        "withdrawPublication",
        "roster{rosterVersion}",
        by="prefecture",
        programId=program["id"],
        reason="名单有误",
    )
    assert withdrawn == {"rosterVersion": 2}


def test_a_submitted_plan_can_be_returned(lite: Door) -> None:
    plan = known(lite, "MatchPlan", "plan")
    assert refused(lite, "returnMatchPlan", "matchPlan{id}", by="approver", id=plan, reason="x")[0] == "INVALID_STATE"
