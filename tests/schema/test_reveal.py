"""Revealing one clear value: who may, for what purpose, how often, and what is kept of it."""

import logging
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlmodel import select

from app.access import Permission, Viewer
from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import RevealLimitError
from app.models import AuditEvent, Person
from app.models.vocabulary import RevealField, Role
from app.services.privacy.reveal import CHINA, REFUSED, REVEALED, RevealDraft, reveal_personal_data
from schema.ids import encode_id
from tests.factories import id_number
from tests.schema.door import Door, open_door

NUMBER, PHONE = id_number(date(1985, 6, 12), 1), "13812341234"
REVEAL = """mutation($input: RevealPersonalDataInput!) {
  revealPersonalData(input: $input) { value userErrors { code message messageZh path } }
}"""


def give_numbers(door: Door) -> str:
    """The first candidate gets a number and a phone; the id to ask for."""
    with door.database.write() as session:
        person = session.get_one(Person, door.world.ids["mentee_person"])
        person.id_number_encrypted, person.phone_encrypted = door.world.secret(NUMBER), door.world.secret(PHONE)
    return encode_id("Person", door.world.ids["mentee_person"])


def reveal(door: Door, key: str, *, by: str = "county", **changes: Any) -> dict[str, Any]:
    given = {"personId": key, "field": "PHONE", "purpose": "通知本人参加培训"} | changes
    answer: dict[str, Any] = door.data(REVEAL, by=by, input=given)["revealPersonalData"]
    return answer


def events(door: Door) -> list[AuditEvent]:
    with door.database.read() as session:
        found = session.exec(select(AuditEvent)).all()
        return [event for event in found if event.action in (REVEALED, REFUSED)]


def test_one_value_is_revealed_and_recorded_without_it(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    key = give_numbers(door)
    with caplog.at_level(logging.DEBUG):
        assert reveal(door, key) == {"value": PHONE, "userErrors": []}
        assert reveal(door, key, by="township", field="ID_NUMBER")["value"] == NUMBER
    first, second = sorted(events(door), key=lambda event: event.at)
    assert (first.action, first.actor, first.target) == (REVEALED, "county", "Person 520624-00000")
    assert first.detail == {"field": "PHONE", "purpose": "通知本人参加培训"}
    assert (second.actor, second.detail["field"]) == ("township", "ID_NUMBER")
    assert PHONE not in caplog.text
    assert NUMBER not in caplog.text
    response = door.request(
        "POST",
        "/graphql",
        json={"query": REVEAL, "variables": {"input": {"personId": key, "field": "PHONE", "purpose": "核对信息"}}},
    )
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("by", ["reader", "approver", "prefecture", "system", "mentee", "mentor"])
def test_a_role_without_the_permission_reveals_nothing(lite: Door, by: str) -> None:
    answer = reveal(lite, give_numbers(lite), by=by)
    assert answer["value"] is None
    assert [error["code"] for error in answer["userErrors"]] == ["FORBIDDEN"]
    assert events(lite) == []


@pytest.mark.parametrize("by", ["other_county", "other_township"])
def test_a_person_of_another_territory_reads_as_absent(door: Door, by: str) -> None:
    answer = reveal(door, give_numbers(door), by=by)
    assert (answer["value"], answer["userErrors"][0]["code"]) == (None, "NOT_FOUND")
    assert events(door) == []


@pytest.mark.parametrize(
    "purpose",
    [
        "",
        "   ",
        "通知",
        "通" * 201,
        "核对13912345678的机主",
        "核对 １３９１２３４５６７８",
        f"核对{NUMBER}",
        "回拨0856-7221234",
    ],
)
def test_a_purpose_says_something_and_holds_no_number(lite: Door, purpose: str) -> None:
    answer = reveal(lite, give_numbers(lite), purpose=purpose)
    assert (answer["value"], answer["userErrors"][0]["code"]) == (None, "INVALID_INPUT")
    assert answer["userErrors"][0]["path"] == ["purpose"]
    assert not any(purpose in error["message"] for error in answer["userErrors"] if purpose.strip())
    assert events(lite) == []


def test_a_person_without_the_value_is_named_by_code(lite: Door) -> None:
    key = give_numbers(lite)
    with lite.database.write() as session:
        session.get_one(Person, lite.world.ids["mentee_person"]).phone_encrypted = None
    error = reveal(lite, key)["userErrors"][0]
    assert (error["code"], error["message"]) == ("INVALID_STATE", "Person 520624-00000 has no PHONE on file.")
    assert events(lite) == []


def test_one_operation_reveals_one_value(lite: Door) -> None:
    key = give_numbers(lite)
    query = REVEAL.replace("revealPersonalData(", "a: revealPersonalData(").replace(
        "}\n}", "}\n b: revealPersonalData(input: $input) { value userErrors { code } }\n}"
    )
    data = lite.data(query, input={"personId": key, "field": "PHONE", "purpose": "核对信息"})
    assert data["a"]["value"] == PHONE
    assert data["b"] == {"value": None, "userErrors": [{"code": "INVALID_INPUT"}]}
    assert len(events(lite)) == 1


def test_beyond_the_limit_of_the_day_nothing_is_told_and_the_attempt_is_recorded(
    database: Database, cipher: PersonalDataCipher
) -> None:
    door = open_door(database, cipher, reveals_per_day=2)
    key = give_numbers(door)
    assert [reveal(door, key)["value"] for _ in range(2)] == [PHONE, PHONE]
    refused = reveal(door, key)
    assert refused["value"] is None
    assert refused["userErrors"][0]["code"] == "REVEAL_LIMIT"
    assert "tomorrow" in refused["userErrors"][0]["message"]
    assert "明日" in refused["userErrors"][0]["messageZh"]
    assert reveal(door, key, by="township")["value"] == PHONE
    assert sorted(event.action for event in events(door)) == [REVEALED, REVEALED, REVEALED, REFUSED]


def test_the_day_is_the_day_in_china(sqlite_database: Database, cipher: PersonalDataCipher) -> None:
    door = open_door(sqlite_database, cipher)
    give_numbers(door)
    viewer = Viewer(
        subject="someone",
        role=Role.COUNTY_ADMIN,
        county_ids=frozenset({door.world.divisions["520624000000"]}),
        code_prefix="520624",
    )
    assert viewer.may(Permission.REVEAL)
    draft = RevealDraft(person_id=door.world.ids["mentee_person"], field=RevealField.PHONE, purpose="核对信息")
    with door.database.write() as session:
        assert reveal_personal_data(session, viewer, cipher, draft, most_per_day=1) == PHONE
    (event,) = events(door)
    next_day = datetime.combine(event.at.astimezone(CHINA).date() + timedelta(days=1), time(), tzinfo=CHINA)
    with door.database.write() as session:
        with pytest.raises(RevealLimitError):
            reveal_personal_data(session, viewer, cipher, draft, most_per_day=1, now=next_day - timedelta(seconds=1))
        assert reveal_personal_data(session, viewer, cipher, draft, most_per_day=1, now=next_day) == PHONE
