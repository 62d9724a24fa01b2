"""A roster that comes back through the doors: sent, looked at, chosen, laid down; and who may not."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from sqlmodel import select

from app.config import Profile, Settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.main import create_app
from app.models import AuditEvent, Exclusion, Pin, Roster
from app.models.vocabulary import AuditAction, RosterState
from schema.ids import encode_id
from tests.app.rosters.round_trips import TOWNSHIP, VILLAGE, Office, Paper, open_office
from tests.factories_graph import World as Tokens
from tests.schema.door import Door
from tests.schema.test_adjustments import _tokens

APPLY = """mutation($input: ApplyRosterEditsInput!) { applyRosterEdits(input: $input) {
  pins { slotCode mentor { id } mentee { ... on ReserveCandidate { id } } } exclusions { id } laidDownCount
  userErrors { code path message messageZh } } }"""
Desk = tuple[Door, Office]


def open_desk(database: Database, cipher: PersonalDataCipher) -> Desk:
    office = open_office(database, cipher)
    world = Tokens(cipher=cipher)
    with database.write() as session:
        _tokens(session, office.world, world)
    settings = Settings(profile=Profile.DEVELOPMENT, data_keys=SecretStr("not used: the cipher is passed in"))
    return Door(application=create_app(settings, database, cipher), world=world, database=database), office


@pytest.fixture
def desk(database: Database, cipher: PersonalDataCipher) -> Desk:
    return open_desk(database, cipher)


@pytest.fixture
def lite_desk(sqlite_database: Database, cipher: PersonalDataCipher) -> Desk:
    return open_desk(sqlite_database, cipher)


def send(
    desk: Desk, data: bytes, *, by: str | None = "county", key: str | None = None, **fields: str
) -> httpx.Response:
    door, office = desk
    path = f"/rosters/{key or encode_id('Roster', office.roster_id)}/edits"
    return door.request("POST", path, by=by, files={"file": ("花名册.xlsx", data)}, data=fields)


def told(desk: Desk, data: bytes, **fields: str) -> dict[str, Any]:
    answer = send(desk, data, **fields)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["rosterEdits"]
    return found


def edited(office: Office, change: Callable[[Paper, dict[str, dict[str, str]]], None]) -> bytes:
    paper = Paper(office.file())
    change(paper, office.teams())
    return paper.bytes()


def input_of(found: dict[str, Any]) -> dict[str, Any]:
    """The input that lays down what a comparison has told."""
    edits = [
        {
            "menteeId": seat["mentee"]["id"],
            "slotCode": seat["slotCode"],
            "mentorId": None if seat["mentor"] is None else seat["mentor"]["id"],
            "formerMentorId": None if seat["formerMentor"] is None else seat["formerMentor"]["id"],
        }
        for seat in found["seats"]
    ]
    return {"rosterId": found["rosterId"], "checksum": found["checksum"], "edits": edits, "reason": "经办修改"}


def swap_and_remove(paper: Paper, teams: dict[str, dict[str, str]]) -> None:
    first, second, third = sorted(teams)
    paper.swap(teams[first][TOWNSHIP], teams[second][TOWNSHIP])
    paper.take(teams[third][VILLAGE])


def test_an_unchanged_file_is_told_to_be_identical(lite_desk: Desk) -> None:
    found = told(lite_desk, lite_desk[1].file())
    assert (found["isIdentical"], found["isClear"], found["counts"]["same"]) == (True, True, 6)
    assert (found["rows"], found["seats"], found["absent"], found["moves"]) == ([], [], [], [])


def test_a_file_with_edits_is_sent_looked_at_and_laid_down(desk: Desk) -> None:
    door, office = desk
    found = told(desk, edited(office, swap_and_remove))
    assert [seat["state"] for seat in found["seats"]] == ["REPLACED", "REPLACED", "REMOVED"]
    assert (found["isIdentical"], found["isClear"], len(found["moves"])) == (False, True, 1)
    assert all(seat["meaning"]["message"] and seat["meaning"]["messageZh"] for seat in found["seats"])
    asked = input_of(found)
    done = door.data(APPLY, input=asked)["applyRosterEdits"]
    assert done["userErrors"] == []
    assert (len(done["exclusions"]), done["laidDownCount"]) == (1, 0)
    wanted = [(e["menteeId"], e["slotCode"], e["mentorId"]) for e in asked["edits"][:2]]
    assert [(pin["mentee"]["id"], pin["slotCode"], pin["mentor"]["id"]) for pin in done["pins"]] == wanted
    again = door.data(APPLY, input=asked)["applyRosterEdits"]
    assert (again["pins"], again["exclusions"], again["laidDownCount"]) == ([], [], 3)


def test_who_is_meant_is_chosen_by_cell(lite_desk: Desk) -> None:
    _, office = lite_desk

    def misname(paper: Paper, teams: dict[str, dict[str, str]]) -> None:
        first, second, _ = sorted(teams)
        row, column = paper.find(teams[first][TOWNSHIP])
        paper.sheet.cell(row, column + 1).value = office.person(teams[second][TOWNSHIP]).name

    data = edited(office, misname)
    (seat,) = told(lite_desk, data)["seats"]
    assert seat["state"] == "AMBIGUOUS"
    other = next(each for each in seat["choices"] if each["code"] != seat["formerMentor"]["code"])
    (chosen,) = told(lite_desk, data, choices=json.dumps({seat["cell"]: other["id"]}))["seats"]
    assert (chosen["state"], chosen["mentor"]) == ("REPLACED", other)
    (nobody,) = told(lite_desk, data, choices=json.dumps({seat["cell"]: None}))["seats"]
    assert nobody["state"] == "REMOVED"
    for bad in (
        "[",
        "[]",
        '{"a": 1}',
        "[" * 5000,
        json.dumps({"a": "x"}),
        json.dumps({str(n): None for n in range(101)}),
    ):
        assert send(lite_desk, data, choices=bad).status_code == 400, bad


@pytest.mark.parametrize(("by", "status"), [(None, 401), ("reader", 403), ("approver", 403), ("other_county", 404)])
def test_who_may_not_run_here_compares_nothing(lite_desk: Desk, by: str | None, status: int) -> None:
    _, office = lite_desk
    answer = send(lite_desk, office.file(), by=by)
    assert answer.status_code == status, answer.text
    assert "520624-" not in answer.text


def test_unknown_rosters_and_files_that_are_none_are_refused(lite_desk: Desk) -> None:
    _, office = lite_desk
    data = office.file()
    for key in (encode_id("Roster", uuid4()), encode_id("Mentor", office.roster_id), "x"):
        assert send(lite_desk, data, key=key).status_code == 404
    answer = send(lite_desk, b"a,b\r\n1,2\r\n")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (422, "UNREADABLE_WORKBOOK")
    with lite_desk[0].database.write() as session:
        roster = session.exec(select(Roster)).one()
        roster.state = RosterState.AMENDED
        session.add(roster)
    answer = send(lite_desk, data)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (409, "INVALID_STATE")


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"checksum": "0" * 64}, "VERSION_CONFLICT", ["checksum"]),
        ({"reason": " "}, "INVALID_INPUT", ["reason"]),
        ({"edits": []}, "INVALID_INPUT", ["edits"]),
        ({"rosterId": encode_id("Roster", uuid4())}, "NOT_FOUND", ["rosterId"]),
    ],
)
def test_refused_edits_write_nothing(lite_desk: Desk, change: dict[str, Any], code: str, path: list[str]) -> None:
    door, office = lite_desk
    asked = input_of(told(lite_desk, edited(office, swap_and_remove))) | change
    payload = door.data(APPLY, input=asked)["applyRosterEdits"]
    (error,) = payload["userErrors"]
    assert (error["code"], error["path"]) == (code, path)
    assert (payload["pins"], payload["exclusions"], payload["laidDownCount"]) == (None, None, None)
    with door.database.read() as session:
        assert session.exec(select(Pin)).all() == []
        assert session.exec(select(Exclusion)).all() == []
        assert not session.exec(select(AuditEvent).where(AuditEvent.action == AuditAction.ROSTER_EDITS_APPLIED)).all()


def test_a_faulty_edit_is_named_by_its_place(lite_desk: Desk) -> None:
    door, office = lite_desk
    asked = input_of(told(lite_desk, edited(office, swap_and_remove)))
    asked["edits"][1]["formerMentorId"] = None
    (error,) = door.data(APPLY, input=asked)["applyRosterEdits"]["userErrors"]
    assert (error["code"], error["path"]) == ("VERSION_CONFLICT", ["edits", "1", "formerMentorId"])
