"""Mutations over the real services: what they write, what they refuse, and that a refusal writes nothing."""

import asyncio
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import func
from sqlmodel import col, select

from app.models import AuditEvent, Exclusion, MatchPolicy, Mentor, Person, Pin, ReserveCandidate
from schema.ids import encode_id
from schema.root import Mutation
from tests.factories import id_number
from tests.factories_graph import TOWNSHIP
from tests.schema.door import Door

ERRORS = "userErrors{code message messageZh path}"
VILLAGE = "520624101202"


def place(door: Door, code: str, kind: str = "Village") -> str:
    return encode_id(kind, door.world.divisions[code])


def known(door: Door, kind: str, name: str) -> str:
    return encode_id(kind, door.world.ids[name])


def mutate(door: Door, name: str, fields: str, /, *, by: str = "county", **values: Any) -> dict[str, Any]:
    """The payload of one mutation."""
    query = f"mutation($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ {ERRORS} {fields} }} }}"
    payload: dict[str, Any] = door.data(query, by=by, input=values)[name]
    return payload


def done(door: Door, name: str, fields: str, /, *, by: str = "county", **values: Any) -> Any:
    """The changed object of a mutation that was not refused."""
    payload = mutate(door, name, fields, by=by, **values)
    assert payload.pop("userErrors") == []
    (changed,) = payload.values()
    return changed


def refused(door: Door, name: str, fields: str, /, *, by: str = "county", **values: Any) -> tuple[str, list[str]]:
    """Code and path of the one user error of a mutation that wrote nothing."""
    before = totals(door)
    payload = mutate(door, name, fields, by=by, **values)
    (error,) = payload.pop("userErrors")
    assert list(payload.values()) == [None]
    assert totals(door) == before
    assert error["message"]
    assert error["messageZh"]
    return error["code"], error["path"]


def totals(door: Door) -> list[int]:
    tables = (Person, ReserveCandidate, Mentor, Pin, Exclusion, MatchPolicy, AuditEvent)
    with door.database.read() as session:
        return [session.exec(select(func.count()).select_from(table)).one() for table in tables]


def new_person(door: Door, name: str = "新人甲", **values: Any) -> dict[str, Any]:
    return {"name": name, "divisionId": place(door, VILLAGE), **values}


def test_people_are_entered_and_changed(door: Door) -> None:
    number = id_number(date(1992, 5, 4))
    cadre = done(
        door,
        "createCadre",
        "cadre{id code version idNumber phone birthDate{text} appointments{title} division{name}}",
        person=new_person(door, idNumber=number, phone="13812345678"),
        appointments=[
            {
                "post": "VILLAGE_DIRECTOR",
                "title": "村委会主任",
                "startDate": "2019-03-01",
                "divisionId": place(door, VILLAGE),
            }
        ],
    )
    assert (cadre["phone"], cadre["idNumber"]) == ("138****5678", number[:6] + "*" * 12)
    assert (cadre["birthDate"], cadre["division"]) == ({"text": "1992.05"}, {"name": "石门村"})
    changed = done(
        door,
        "updateCadre",
        "cadre{name version phone appointments{title}}",
        id=cadre["id"],
        expectedVersion=cadre["version"],
        changes={"phone": None, "appointments": []},
    )
    assert changed == {"name": "新人甲", "version": cadre["version"] + 1, "phone": None, "appointments": []}
    person = encode_id("Person", key_of_code(door, cadre["code"]))
    candidate = done(
        door,
        "createReserveCandidate",
        "reserveCandidate{id state village{name} needs{specialty weight} person{code}}",
        personId=person,
        villageId=place(door, VILLAGE),
        targetPost="SECRETARY",
        source="RETURNED_TALENT",
        poolId=known(door, "ReservePool", "reserve_pool"),
        needs=[{"specialty": "DIGITAL", "weight": 2}],
    )
    assert (candidate["village"], candidate["person"]) == ({"name": "石门村"}, {"code": cadre["code"]})
    assert candidate["needs"] == [{"specialty": "DIGITAL", "weight": 2.0}]
    moved = done(
        door,
        "updateReserveCandidate",
        "reserveCandidate{reviewLevel tags}",
        id=candidate["id"],
        changes={"reviewLevel": "COUNTY_VETTED", "tags": ["返乡"]},
    )
    assert moved == {"reviewLevel": "COUNTY_VETTED", "tags": ["返乡"]}
    assigned = done(
        door,
        "createAssignedCadre",
        "assignedCadre{sendingUnit state}",
        personId=known(door, "Person", "mentor_person1"),
        villageId=place(door, VILLAGE),
        sendingUnit="县水利局",
        assignedFrom="2025-01-01",
    )
    assert assigned == {"sendingUnit": "县水利局", "state": "ACTIVE"}
    mentor = done(
        door,
        "createMentor",
        "mentor{id pool{division{name}} specialties{specialty level} capacity load}",
        personId=person,
        category="VILLAGE_COMMITTEE",
        poolDivisionId=place(door, TOWNSHIP, "Township"),
        specialties=[{"specialty": "MEDIATION", "level": "GOOD"}],
        capacity=1,
    )
    assert (mentor["pool"], mentor["load"]) == ({"division": {"name": "板桥镇"}}, 0)
    paused = done(
        door,
        "updateMentor",
        "mentor{state capacity}",
        id=mentor["id"],
        changes={"state": "SUSPENDED", "capacity": None},
    )
    assert paused == {"state": "SUSPENDED", "capacity": None}


def key_of_code(door: Door, code: str) -> Any:
    with door.database.read() as session:
        return session.exec(select(Person.id).where(col(Person.code) == code)).one()


def test_stale_versions_and_emptied_names_are_refused(lite: Door) -> None:
    cadre = known(lite, "Cadre", "mentee_person")
    assert refused(lite, "updateCadre", "cadre{id}", id=cadre, expectedVersion=99, changes={"school": "x"}) == (
        "VERSION_CONFLICT",
        ["expectedVersion"],
    )
    assert refused(lite, "updateCadre", "cadre{id}", id=cadre, changes={"name": None})[0] == "INVALID_INPUT"


def test_wrong_values_are_refused_with_the_path_of_the_field(lite: Door) -> None:
    bad = new_person(lite, idNumber="520624199001010010")
    code, path = refused(lite, "createCadre", "cadre{id}", person=bad)
    assert (code, path) == ("INVALID_INPUT", ["person", "idNumber"])
    wrong_kind = new_person(lite) | {"divisionId": known(lite, "Mentor", "mentor0")}
    assert refused(lite, "createCadre", "cadre{id}", person=wrong_kind) == ("INVALID_INPUT", ["person", "divisionId"])
    foreign = new_person(lite) | {"divisionId": place(lite, "520625101201")}
    assert refused(lite, "createCadre", "cadre{id}", person=foreign) == ("NOT_FOUND", ["person", "divisionId"])


def test_refused_changes_name_the_field_inside_changes(lite: Door) -> None:
    cadre, mentor = known(lite, "Cadre", "mentee_person"), known(lite, "Mentor", "mentor0")
    early = [{"post": "VILLAGE_DIRECTOR", "title": "主任", "startDate": "0001-01-01"}]
    for name, fields, key, changes, path in (
        ("updateCadre", "cadre{id}", cadre, {"phone": "1"}, ["phone"]),
        ("updateCadre", "cadre{id}", cadre, {"appointments": early}, ["appointments", "0", "startDate"]),
        ("updateMentor", "mentor{id}", mentor, {"capacity": -1}, ["capacity"]),
    ):
        code, told = refused(lite, name, fields, id=key, changes=changes)
        assert (code, told) == ("INVALID_INPUT", ["changes", *path])


def test_texts_and_days_that_do_not_fit_are_refused_with_their_path(door: Door) -> None:
    program, plan = known(door, "PairingProgram", "program"), known(door, "MatchPlan", "plan")
    mentee, mentor = encode_id("ReserveCandidate", door.world.candidates[1]), known(door, "Mentor", "mentor3")
    persons = {
        "menteePersonId": known(door, "Person", "mentee_person"),
        "mentorPersonId": known(door, "Person", "mentor_person2"),
    }
    wish = {"fromPersonId": persons["mentorPersonId"], "toPersonId": persons["menteePersonId"], "rank": 1}
    new = {
        "divisionId": place(door, "520624000000", "County"),
        "kind": "TWO_PLUS_ONE",
        "menteeKind": "RESERVE_CANDIDATE",
        "name": "新项目",
        "year": 2026,
        "startDate": "2026-03-01",
        "preset": "TONGREN_2_PLUS_1",
    }
    long = "长" * 401
    pin = {"programId": program, "menteeId": mentee, "mentorId": mentor}
    policy = {"programId": program, "preset": "TONGREN_2_PLUS_1"}
    calls: list[tuple[str, str, str, dict[str, Any], str]] = [
        ("county", "addPin", "pin{id}", pin | {"reason": long}, "reason"),
        ("county", "addExclusion", "exclusion{id}", persons | {"reason": "OTHER", "source": long}, "source"),
        ("county", "addPreference", "preference{id}", wish | {"reason": long}, "reason"),
        ("county", "addPreference", "preference{id}", wish | {"approvedBy": long}, "approvedBy"),
        (
            "county",
            "releaseRule",
            "ruleRelease{id}",
            {"programId": program, "menteeId": mentee, "reason": long},
            "reason",
        ),
        ("county", "createMatchPolicyVersion", "matchPolicy{id}", policy | {"note": long}, "note"),
        (
            "county",
            "startMatchRun",
            "matchRun{id}",
            {"programId": program, "mode": "DRY_RUN", "idempotencyKey": long},
            "idempotencyKey",
        ),
        ("approver", "publishMatchPlan", "roster{id}", {"id": plan, "documentNo": long}, "documentNo"),
        ("approver", "withdrawPublication", "roster{id}", {"programId": program, "reason": long}, "reason"),
    ]
    calls += [
        ("county", "createPairingProgram", "pairingProgram{id}", new | {field: value}, field)
        for field, value in (
            ("name", long),
            ("documentNo", long),
            ("year", -1),
            ("startDate", "9999-12-01"),
            ("endDate", "9999-12-31"),
            ("referenceDate", "0001-01-01"),
        )
    ]
    for by, name, fields, values, field in calls:
        assert (name, field, refused(door, name, fields, by=by, **values)) == (name, field, ("INVALID_INPUT", [field]))


def test_numbers_that_no_answer_could_hold_are_refused(lite: Door) -> None:
    program = known(lite, "PairingProgram", "program")
    before = totals(lite)
    for number in ("9" * 60, "1e400", "[{a: -1e999}]"):
        content = f'{{programId: "{program}", preset: "TONGREN_2_PLUS_1", overrides: {{loadCap: {number}}}}}'
        body = lite.ask(f"mutation {{ createMatchPolicyVersion(input: {content}) {{ matchPolicy {{ content }} }} }}")
        assert body["errors"][0]["message"].startswith("JSON holds")
        assert "data" not in body
    assert totals(lite) == before


def test_two_changes_of_the_same_version_cannot_both_succeed(door: Door) -> None:
    cadre = known(door, "Cadre", "mentee_person")
    query = "mutation($input: UpdateCadreInput!) {updateCadre(input: $input) {userErrors{code} cadre{version}}}"

    async def both() -> list[Any]:
        transport = httpx.ASGITransport(app=door.application)
        async with httpx.AsyncClient(transport=transport, base_url="http://touyan.test") as client:
            headers = {"Authorization": f"Bearer {door.world.tokens['county']}"}
            bodies = [
                {"query": query, "variables": {"input": {"id": cadre, "expectedVersion": 1, "changes": {"school": s}}}}
                for s in ("甲校", "乙校", "丙校", "丁校")
            ]
            posts = (client.post("/graphql", headers=headers, json=body) for body in bodies)
            return [answer.json()["data"]["updateCadre"] for answer in await asyncio.gather(*posts)]

    answers = asyncio.run(both())
    assert [answer["cadre"] for answer in answers if answer["cadre"]] == [{"version": 2}]
    refusals = [error["code"] for answer in answers for error in answer["userErrors"]]
    assert refusals == ["VERSION_CONFLICT"] * 3


def test_pins_exclusions_wishes_and_releases(door: Door) -> None:
    program = known(door, "PairingProgram", "program")
    mentee = encode_id("ReserveCandidate", door.world.candidates[1])
    pin = done(
        door,
        "addPin",
        "pin{id slotCode mentee{... on ReserveCandidate{id}} mentor{id} program{name}}",
        programId=program,
        menteeId=mentee,
        mentorId=known(door, "Mentor", "mentor3"),
        slotCode="VILLAGE_MENTOR",
        reason="同村",
    )
    assert (pin["mentee"], pin["slotCode"]) == ({"id": mentee}, "VILLAGE_MENTOR")
    assert done(door, "removePin", "removedId", id=pin["id"]) == pin["id"]
    assert refused(door, "removePin", "removedId", id=pin["id"])[0] == "NOT_FOUND"
    persons = {
        "menteePersonId": known(door, "Person", "mentee_person"),
        "mentorPersonId": known(door, "Person", "mentor_person2"),
    }
    exclusion = done(door, "addExclusion", "exclusion{id}", **persons, reason="COMPLAINT", source="信访登记")
    assert set(exclusion) == {"id"}
    assert refused(door, "addExclusion", "exclusion{id}", **persons, reason="OTHER", source="x")[0] == "DUPLICATE"
    assert done(door, "removeExclusion", "removedId", id=exclusion["id"]) == exclusion["id"]
    wish = done(
        door,
        "addPreference",
        "preference{rank fromPerson{name} toPerson{name}}",
        fromPersonId=known(door, "Person", "mentor_person0"),
        toPersonId=known(door, "Person", "mentee_person"),
        rank=2,
    )
    assert wish == {"rank": 2, "fromPerson": {"name": "导师0"}, "toPerson": {"name": "候选 0"}}
    release = done(
        door, "releaseRule", "ruleRelease{rule reason}", programId=program, menteeId=mentee, reason="本镇无人"
    )
    assert release == {"rule": "TOWNSHIP_RULE", "reason": "本镇无人"}


def test_policy_versions_come_whole_or_as_a_preset_with_changes(lite: Door) -> None:
    program = known(lite, "PairingProgram", "program")
    name, fields = "createMatchPolicyVersion", "matchPolicy{policyVersion content note}"
    policy = done(
        lite, name, fields, programId=program, preset="TONGREN_2_PLUS_1", overrides={"loadCap": 2}, note="上限两人"
    )
    assert (policy["policyVersion"], policy["content"]["loadCap"], policy["note"]) == (2, 2, "上限两人")
    again = done(lite, name, fields, programId=program, content=policy["content"])
    assert (again["policyVersion"], again["content"]) == (3, policy["content"])
    assert refused(lite, name, fields, programId=program) == ("INVALID_INPUT", ["content"])
    assert refused(lite, name, fields, programId=program, preset="X") == ("INVALID_POLICY", ["preset"])
    assert refused(lite, name, fields, programId=program, content=[1]) == ("INVALID_INPUT", ["content"])
    bad = {"weights": {"geography": -1}}
    code, path = refused(lite, name, fields, programId=program, preset="TONGREN_2_PLUS_1", overrides=bad)
    assert (code, path[:3]) == ("INVALID_POLICY", ["content", "weights", "geography"])


@pytest.mark.parametrize("by", ["reader", "mentee", "other_county"])
def test_roles_and_territories_without_the_right_change_nothing(lite: Door, by: str) -> None:
    expected = "NOT_FOUND" if by == "other_county" else "FORBIDDEN"
    plan, program = known(lite, "MatchPlan", "plan"), known(lite, "PairingProgram", "program")
    mentee, mentor = encode_id("ReserveCandidate", lite.world.candidates[0]), known(lite, "Mentor", "mentor2")
    person = known(lite, "Person", "mentee_person")
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("createCadre", "cadre{id}", {"person": new_person(lite)}),
        ("updateCadre", "cadre{id}", {"id": person, "changes": {"school": "x"}}),
        (
            "mergePersons",
            "cadre{id}",
            {"keepId": person, "dropId": known(lite, "Person", "mentor_person1"), "reason": "x"},
        ),
        ("updateReserveCandidate", "reserveCandidate{id}", {"id": mentee, "changes": {"tags": []}}),
        ("updateMentor", "mentor{id}", {"id": mentor, "changes": {"capacity": 1}}),
        ("addPin", "pin{id}", {"programId": program, "menteeId": mentee, "mentorId": mentor, "reason": "x"}),
        ("removePin", "removedId", {"id": known(lite, "Pin", "pin")}),
        ("removeExclusion", "removedId", {"id": known(lite, "Exclusion", "exclusion")}),
        ("createMatchPolicyVersion", "matchPolicy{id}", {"programId": program, "preset": "TONGREN_2_PLUS_1"}),
        ("startMatchRun", "matchRun{id}", {"programId": program, "mode": "DRY_RUN"}),
        ("submitMatchPlan", "matchPlan{id}", {"id": plan}),
        (
            "adjustMatchPlan",
            "matchPlan{id}",
            {"id": plan, "changes": [{"forbid": {"menteeId": mentee, "mentorId": mentor}}], "reason": "x"},
        ),
        ("undoPlanAdjustment", "matchPlan{id}", {"id": known(lite, "PlanAdjustment", "adjustment")}),
        ("endPairing", "pairing{id}", {"id": known(lite, "Pairing", "pairing"), "reason": "REQUESTED"}),
        (
            "removeReserveCandidate",
            "reserveCandidate{id}",
            {"id": mentee, "outcome": "REMOVED", "reason": "x"},
        ),
        (
            "exportRoster",
            "exportJob{id}",
            {"rosterId": known(lite, "Roster", "roster"), "format": "CSV", "purpose": "x"},
        ),
    ]
    for name, fields, values in calls:
        assert (name, refused(lite, name, fields, by=by, **values)[0]) == (name, expected)


def test_anonymous_visitors_reach_no_mutation(lite: Door) -> None:
    before = totals(lite)
    for item in Mutation.__strawberry_definition__.fields:  # type: ignore[attr-defined]
        first, *rest = item.python_name.split("_")
        name = first + "".join(word.title() for word in rest)
        query = f'mutation {{ {name}(input: {{id: "x"}}) {{ userErrors {{ code }} }} }}'
        response = lite.request("POST", "/graphql", by=None, json={"query": query})
        assert (name, response.status_code, "data" in response.json()) == (name, 401, False)
    assert totals(lite) == before


def test_two_records_of_one_person_become_one(door: Door) -> None:
    records = [
        done(door, "createCadre", "cadre{id code}", person=new_person(door) | {"name": "同一人"}) for _ in range(2)
    ]
    keep, drop = (each["id"] for each in records)
    done(door, "updateCadre", "cadre{id}", id=drop, changes={"school": "贵州大学"})
    merged = done(door, "mergePersons", "cadre{id code school}", keepId=keep, dropId=drop, reason="经乡镇核实为同一人")
    assert merged == records[0] | {"school": "贵州大学"}
    again = refused(door, "mergePersons", "cadre{id}", keepId=keep, dropId=drop, reason="经乡镇核实为同一人")
    assert again == ("NOT_FOUND", ["dropId"])
