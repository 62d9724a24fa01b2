"""Users, offices and tokens: who gives what to whom, and that nobody raises the own rights."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from app.access import SYSTEM_VIEWER, Permission, Viewer, find_grant
from app.access.offices import local_day, viewer_of_office
from app.access.passwords import is_password
from app.db import run_in_transaction, utc_now
from app.errors import NotFoundError
from app.models import ApiToken, AuditEvent, Office, UserAccount
from app.models.vocabulary import Role
from app.services import access
from app.services.access import users
from schema.ids import decode_id, encode_id
from tests.hashing import hash_cheaply
from tests.schema.door import Door

CREATE = """mutation($input: CreateUserInput!) { createUser(input: $input) {
  user { id login name state mustChangePassword offices { role } } firstPassword userErrors { code path } } }"""
GIVE = """mutation($input: GiveOfficeInput!) { giveOffice(input: $input) {
  office { id role division { code } person { code } explicitPermissions validFrom validTo user { login } }
  userErrors { code path } } }"""
END = """mutation($input: EndOfficeInput!) { endOffice(input: $input) {
  office { validTo } userErrors { code path } } }"""
UPDATE = """mutation($input: UpdateUserInput!) { updateUser(input: $input) {
  user { name state version } userErrors { code path } } }"""
USERS = "query($filter: UserFilterInput) { users(filter: $filter) { totalCount nodes { login } } }"
TODAY = local_day(utc_now())
OF_THE_FACTORY = "reader.one"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_cheaply(monkeypatch)


def create(door: Door, login: str, by: str = "system", **given: Any) -> Any:
    return door.data(CREATE, by=by, input={"login": login, "name": "王芳", **given})["createUser"]


def give(door: Door, user: str, role: str, by: str = "system", place: str | None = "520624000000", **given: Any) -> Any:
    draft = {"userId": user, "role": role, "validFrom": TODAY.isoformat(), **given}
    if place is not None:
        kind = {True: "County", False: "Township"}[place.endswith("000000")]
        draft["divisionId"] = encode_id(kind, door.world.divisions[place])
    return door.data(GIVE, by=by, input=draft)["giveOffice"]


def refused(payload: Any) -> tuple[str, list[str]]:
    (error,) = payload["userErrors"]
    return error["code"], error["path"]


def logins(door: Door, by: str, **filters: Any) -> list[str]:
    return [node["login"] for node in door.data(USERS, by=by, filter=filters)["users"]["nodes"]]


def test_a_user_is_entered_with_a_first_password_that_is_told_once(door: Door) -> None:
    made = create(door, "Li.Na")
    assert (made["user"].pop("id") is not None, made["user"], made["userErrors"]) == (
        True,
        {"login": "li.na", "name": "王芳", "state": "ACTIVE", "mustChangePassword": True, "offices": []},
        [],
    )
    with door.database.read() as session:
        user = session.exec(select(UserAccount).where(UserAccount.login == "li.na")).one()
        assert made["firstPassword"] not in user.password_hash
        (event,) = session.exec(select(AuditEvent).where(AuditEvent.action == "USER_CREATED")).all()
    assert (event.detail, event.actor) == ({"login": "li.na"}, "whole country")


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"login": "ab"}, "INVALID_INPUT", ["login"]),
        ({"login": "1abc"}, "INVALID_INPUT", ["login"]),
        ({"login": "王芳"}, "INVALID_INPUT", ["login"]),
        ({"login": "system"}, "DUPLICATE", ["login"]),
        ({"login": "county"}, "DUPLICATE", ["login"]),  # the label of a token
        ({"login": "li.na", "name": "12"}, "INVALID_INPUT", ["name"]),
        ({"login": "li.na", "password": "short"}, "INVALID_INPUT", ["password"]),
    ],
)
def test_a_user_that_cannot_be_is_refused_whole(lite: Door, given: dict[str, str], code: str, path: list[str]) -> None:
    payload = create(lite, given.pop("login"), **given)
    assert (refused(payload), payload["user"]) == ((code, path), None)
    with lite.database.read() as session:
        assert session.exec(select(UserAccount.login)).all() == [OF_THE_FACTORY]


def test_two_users_never_share_a_login(lite: Door) -> None:
    create(lite, "li.na")
    assert refused(create(lite, "LI.NA")) == ("DUPLICATE", ["login"])


def test_a_county_looks_after_the_users_of_the_own_county_alone(door: Door) -> None:
    mine, theirs, free = (create(door, login)["user"]["id"] for login in ("mine", "theirs", "free"))
    give(door, mine, "TOWNSHIP_OFFICER", place="520624101000")
    give(door, theirs, "READER", place="520625000000")
    assert create(door, "helper", by="county")["userErrors"] == []
    assert logins(door, "system") == ["free", "helper", "mine", OF_THE_FACTORY, "theirs"]
    assert logins(door, "county") == ["helper", "mine", OF_THE_FACTORY]
    assert logins(door, "other_county") == ["theirs"]
    assert logins(door, "system", divisionCode="520624") == ["mine", OF_THE_FACTORY]
    assert logins(door, "system", roles=["READER"]) == [OF_THE_FACTORY, "theirs"]
    assert logins(door, "system", search="MIN") == ["mine"]
    for user in (theirs, free):
        for changes in ({"name": "李四"}, {"state": "DISABLED"}):
            payload = door.data(UPDATE, by="county", input={"id": user, "changes": changes})["updateUser"]
            assert refused(payload)[0] == "NOT_FOUND"
        assert refused(give(door, user, "READER", by="county"))[0] == "NOT_FOUND"
    with door.database.read() as session:
        assert {
            (row.login, row.name, row.version)
            for row in session.exec(select(UserAccount).where(UserAccount.login != OF_THE_FACTORY))
        } == {(login, "王芳", 1) for login in ("mine", "theirs", "free", "helper")}


@pytest.mark.parametrize("role", ["SYSTEM_ADMIN", "PREFECTURE_OFFICER", "COUNTY_ADMIN", "COUNTY_APPROVER", "AUDITOR"])
def test_a_county_does_not_choose_who_runs_approves_or_audits(lite: Door, role: str) -> None:
    user = create(lite, "helper", by="county")["user"]["id"]
    assert refused(give(lite, user, role, by="county")) == ("FORBIDDEN", ["role"])
    assert give(lite, user, "READER", by="county")["userErrors"] == []
    # Nor does it look after such a user any longer, once somebody else has chosen so.
    other = create(lite, "other", by="county")["user"]["id"]
    place = None if role in ("SYSTEM_ADMIN", "AUDITOR", "PREFECTURE_OFFICER") else "520624000000"
    if role != "PREFECTURE_OFFICER":
        assert give(lite, other, role, place=place)["userErrors"] == []
        reset = "mutation($input: ResetPasswordInput!) {resetPassword(input: $input) {firstPassword userErrors{code}}}"
        payload = lite.data(reset, by="county", input={"userId": other})["resetPassword"]
        assert (payload["firstPassword"], payload["userErrors"][0]["code"]) == (None, "NOT_FOUND")


def test_an_office_is_given_from_today_on_for_a_period_with_its_territory(door: Door) -> None:
    user = create(door, "li.na")["user"]["id"]
    end = (TODAY + timedelta(days=30)).isoformat()
    office = give(door, user, "COUNTY_ADMIN", validTo=end, explicitPermissions=["READ_RESTRICTED_DATA"])["office"]
    del office["id"]
    assert office == {
        "role": "COUNTY_ADMIN",
        "division": {"code": "520624000000"},
        "person": None,
        "explicitPermissions": ["READ_RESTRICTED_DATA"],
        "validFrom": TODAY.isoformat(),
        "validTo": end,
        "user": {"login": "li.na"},
    }


@pytest.mark.parametrize(
    ("role", "place", "given", "code", "path"),
    [
        ("COUNTY_ADMIN", "520624101000", {}, "INVALID_INPUT", ["divisionId"]),
        ("TOWNSHIP_OFFICER", "520624000000", {}, "INVALID_INPUT", ["divisionId"]),
        ("COUNTY_ADMIN", None, {}, "INVALID_INPUT", ["divisionId"]),
        ("MENTOR", "520624000000", {}, "INVALID_INPUT", ["personId"]),
        ("READER", "520624000000", {"personId": "mentee_person"}, "INVALID_INPUT", ["personId"]),
        ("READER", "520624000000", {"validFrom": "2020-01-01"}, "INVALID_INPUT", ["validFrom"]),
        ("READER", "520624000000", {"validTo": "2020-01-01"}, "INVALID_INPUT", ["validTo"]),
        (
            "READER",
            "520624000000",
            {"explicitPermissions": ["READ_RESTRICTED_DATA"]},
            "INVALID_INPUT",
            ["explicitPermissions"],
        ),
        ("COUNTY_ADMIN", "520624000000", {"explicitPermissions": ["RUN"]}, "INVALID_INPUT", ["explicitPermissions"]),
    ],
)
def test_an_office_that_cannot_be_is_refused_whole(
    lite: Door, role: str, place: str | None, given: dict[str, Any], code: str, path: list[str]
) -> None:
    user = create(lite, "li.na")["user"]["id"]
    if "personId" in given:
        given = {"personId": encode_id("Person", lite.world.ids[given["personId"]])}
    assert refused(give(lite, user, role, place=place, **given)) == (code, path)
    with lite.database.read() as session:
        assert len(session.exec(select(Office)).all()) == 1  # the factory's


def test_a_user_has_one_office_at_a_time_and_the_next_one_behind_it(lite: Door) -> None:
    user = create(lite, "li.na")["user"]["id"]
    first = give(lite, user, "READER", validTo=(TODAY + timedelta(days=9)).isoformat())["office"]["id"]
    again = {"validFrom": (TODAY + timedelta(days=9)).isoformat()}
    assert refused(give(lite, user, "READER", **again)) == ("DUPLICATE", ["validFrom"])
    assert give(lite, user, "READER", validFrom=(TODAY + timedelta(days=10)).isoformat())["userErrors"] == []
    later = {"officeId": first, "lastDay": (TODAY + timedelta(days=10)).isoformat()}
    assert refused(lite.data(END, by="system", input=later)["endOffice"]) == ("INVALID_INPUT", ["lastDay"])
    ended = lite.data(END, by="system", input={"officeId": first})["endOffice"]
    assert ended == {"office": {"validTo": TODAY.isoformat()}, "userErrors": []}


class Signed:
    """A user who asks with a token of the own office."""

    def __init__(self, door: Door, login: str, role: str, **given: Any) -> None:
        self.door, self.id = door, create(door, login)["user"]["id"]
        self.office = give(door, self.id, role, **given)["office"]["id"]
        self.login = login
        door.world.tokens[login] = self.token(["READ_OWN", *(["MANAGE_USERS"] if role.endswith("ADMIN") else [])])

    def token(self, scopes: list[str]) -> str:
        def unit(session: Session) -> str:
            user = session.exec(select(UserAccount).where(UserAccount.login == self.login)).one()
            office = session.exec(select(Office).where(Office.user_id == user.id)).one()
            viewer = viewer_of_office(session, user, office)
            assert isinstance(viewer, Viewer)
            draft = access.TokenDraft(label="desk", scopes=tuple(Permission(name) for name in scopes))
            _, clear = access.create_own_token(session, viewer, draft)
            assert find_grant(session, clear) is not None
            return clear

        return run_in_transaction(self.door.database, unit)


def test_nobody_changes_the_own_rights(lite: Door) -> None:
    admin = Signed(lite, "zhao", "SYSTEM_ADMIN", place=None)
    for query, given, name in (
        (UPDATE, {"id": admin.id, "changes": {"state": "DISABLED"}}, "updateUser"),
        (END, {"officeId": admin.office}, "endOffice"),
        (GIVE, {"userId": admin.id, "role": "READER", "validFrom": TODAY.isoformat()}, "giveOffice"),
    ):
        assert refused(lite.data(query, by="zhao", input=given)[name])[0] == "FORBIDDEN"


def test_a_token_is_worth_what_its_scopes_and_the_office_of_the_moment_leave(door: Door) -> None:
    user = Signed(door, "li.na", "COUNTY_ADMIN")
    door.world.tokens["narrow"] = user.token(["READ"])
    who = door.data("{cadres{totalCount}}", by="narrow")
    assert who["cadres"]["totalCount"] > 0
    for query in ("{matchRuns{totalCount}}", "{viewer{subject}}", "{users{totalCount}}"):
        body = door.ask(query, by="narrow")
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    door.data(END, by="system", input={"officeId": user.office})
    with door.database.write() as session:
        (office,) = (each for each in session.exec(select(Office)) if encode_id("Office", each.id) == user.office)
        office.valid_from = office.valid_to = TODAY - timedelta(days=1)
    response = door.request("POST", "/graphql", by="narrow", json={"query": "{cadres{totalCount}}"})
    assert response.status_code == 401


def test_a_disabled_user_is_out_at_once_with_every_token(door: Door) -> None:
    user = Signed(door, "li.na", "READER")
    payload = door.data(UPDATE, by="system", input={"id": user.id, "changes": {"state": "DISABLED"}})["updateUser"]
    assert payload["user"] == {"name": "王芳", "state": "DISABLED", "version": 2}
    assert door.request("POST", "/graphql", by="li.na", json={"query": "{__typename}"}).status_code == 401
    with door.database.read() as session:
        (token,) = session.exec(select(ApiToken).where(ApiToken.label == "desk")).all()
    assert token.revoked_at is not None


def test_tokens_are_seen_and_ended_by_their_user_and_by_who_looks_after_the_user(door: Door) -> None:
    Signed(door, "li.na", "READER").token(["READ_OWN"])
    tokens = '{apiTokens(filter: {search: "DESK"}) {totalCount nodes {id label scopes office{user{login}}}}}'
    seen = {by: door.data(tokens, by=by)["apiTokens"]["totalCount"] for by in ("li.na", "county", "other_county")}
    assert seen == {"li.na": 2, "county": 2, "other_county": 0}
    assert door.data("{apiTokens{totalCount}}", by="reader")["apiTokens"]["totalCount"] == 0
    key = door.data(tokens, by="li.na")["apiTokens"]["nodes"][0]["id"]
    end = "mutation($input: RevokeApiTokenInput!) {revokeApiToken(input: $input) {apiToken{id} userErrors{code}}}"
    for by, code in (("other_county", "NOT_FOUND"), ("reader", "NOT_FOUND"), ("li.na", None)):
        errors = door.data(end, by=by, input={"tokenId": key})["revokeApiToken"]["userErrors"]
        assert [error["code"] for error in errors] == ([] if code is None else [code])


def test_a_token_cannot_make_a_wider_token(lite: Door) -> None:
    user = Signed(lite, "li.na", "COUNTY_ADMIN")
    lite.world.tokens["narrow"] = user.token(["READ_OWN"])
    make = "mutation($input: CreateApiTokenInput!) {createApiToken(input: $input) {clearToken userErrors{code}}}"
    payload = lite.data(make, by="narrow", input={"label": "more", "scopes": ["RUN"]})["createApiToken"]
    assert (payload["clearToken"], payload["userErrors"][0]["code"]) == (None, "FORBIDDEN")


def test_a_mentor_s_office_sees_the_own_pairings(door: Door) -> None:
    person = encode_id("Person", door.world.ids["mentor_person0"])
    Signed(door, "mentor.one", "MENTOR", personId=person)
    assert door.data("{pairings{totalCount}}", by="mentor.one")["pairings"]["totalCount"] == 2


def test_who_made_an_account_does_not_keep_the_key_to_an_office_of_another(door: Door) -> None:
    """Who enters and runs does not choose who approves: not by a password that is known either."""
    made = create(door, "later.approver", by="county")
    query = GIVE.replace("userErrors", "firstPassword userErrors")
    county = encode_id("County", door.world.divisions["520624000000"])
    given = {"userId": made["user"]["id"], "role": "COUNTY_APPROVER", "validFrom": TODAY.isoformat()}
    payload = door.data(query, by="system", input={**given, "divisionId": county})["giveOffice"]
    assert payload["firstPassword"] not in (None, made["firstPassword"])
    for password, status in ((made["firstPassword"], 401), (payload["firstPassword"], 200)):
        body = {"login": "later.approver", "password": password}
        assert door.request("POST", "/session", by=None, json=body).status_code == status


def test_who_gave_an_account_its_password_does_not_keep_the_key_to_a_later_office(door: Door) -> None:
    """Also where the administrator who gives the office has made the account: a county may have reset it since."""
    user = create(door, "li.wei")["user"]["id"]
    office = give(door, user, "TOWNSHIP_OFFICER", place="520624101000")["office"]["id"]
    reset = "mutation($input: ResetPasswordInput!) {resetPassword(input: $input) {firstPassword userErrors{code}}}"
    known = door.data(reset, by="county", input={"userId": user})["resetPassword"]["firstPassword"]
    own = "known to the county as well"
    _, user_id = decode_id(user)
    viewer = access.sign_in(door.database, "li.wei", known).viewer
    access.change_password(door.database, viewer, present=known, new=own)
    with door.database.write() as session:
        session.delete(session.get_one(Office, decode_id(office)[1]))
    query = GIVE.replace("userErrors", "firstPassword userErrors")
    given = {"userId": user, "role": "COUNTY_APPROVER", "validFrom": TODAY.isoformat()}
    county = encode_id("County", door.world.divisions["520624000000"])
    told = door.data(query, by="system", input={**given, "divisionId": county})["giveOffice"]["firstPassword"]
    for password, status in ((own, 401), (told, 200)):
        body = {"login": "li.wei", "password": password}
        assert door.request("POST", "/session", by=None, json=body).status_code == status
    with door.database.read() as session:
        assert session.get_one(UserAccount, user_id).must_change_password


def test_an_office_that_has_not_begun_can_be_taken_back(door: Door) -> None:
    user = create(door, "li.na")["user"]["id"]
    office = give(door, user, "READER", validFrom=(TODAY + timedelta(days=30)).isoformat())["office"]["id"]
    assert door.data(END, by="system", input={"officeId": office})["endOffice"]["userErrors"] == []
    assert give(door, user, "READER")["userErrors"] == []


def test_a_token_without_reading_reads_nothing_of_the_territory(door: Door) -> None:
    """Neither by the viewer's own division nor by ids: a first password opens no way to people."""
    user = Signed(door, "li.na", "COUNTY_ADMIN")
    door.world.tokens["own"] = user.token(["READ_OWN"])
    query = """{ viewer { division { ... on County { townships { villages { reserveCandidates(first: 5) {
      nodes { person { name } } } } } } } } }"""
    assert "候选" in str(door.data(query, by="county"))
    assert "候选" not in str(door.ask(query, by="own"))
    node = "query($id: ID!) { node(id: $id) { ... on Person { name } } }"
    person = encode_id("Person", door.world.ids["mentee_person"])
    assert door.data(node, by="county", id=person)["node"] is not None
    assert door.data(node, by="own", id=person)["node"] is None
    assert door.data("{pairings{totalCount}}", by="own")["pairings"]["totalCount"] == 0


def test_no_transaction_waits_for_the_hashing_of_a_password(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 takes some 50 ms of two cores: on SQLite every other writer would wait so long."""
    hashed: list[tuple[str, int]] = []
    plain = users.hash_password

    def spied(password: str) -> str:
        hashed.append((step, door.database.engine.pool.checkedout()))  # type: ignore[attr-defined]
        return plain(password)

    monkeypatch.setattr(users, "hash_password", spied)
    step = "create"
    made = create(door, "li.na", by="county")
    step = "reset"
    reset = "mutation($input: ResetPasswordInput!) {resetPassword(input: $input) {firstPassword userErrors{code}}}"
    told = door.data(reset, by="system", input={"userId": made["user"]["id"]})["resetPassword"]["firstPassword"]
    step = "give"
    give_and_tell = GIVE.replace("userErrors", "firstPassword userErrors")
    place = encode_id("County", door.world.divisions["520624000000"])
    office = {"userId": made["user"]["id"], "role": "COUNTY_ADMIN", "validFrom": TODAY.isoformat(), "divisionId": place}
    anew = door.data(give_and_tell, by="system", input=office)["giveOffice"]["firstPassword"]
    assert hashed == [("create", 0), ("reset", 0), ("give", 0)]
    assert len({made["firstPassword"], told, anew}) == 3
    with door.database.read() as session:
        stored = session.exec(select(UserAccount.password_hash).where(UserAccount.login == "li.na")).one()
    assert [is_password(stored, each) for each in (made["firstPassword"], told, anew)] == [False, False, True]


def test_an_office_that_is_given_meanwhile_puts_a_user_out_of_reach_of_the_county(door: Door) -> None:
    """Who waits for the row of a user must see what was done to the user meanwhile, also in other tables."""
    _, user_id = decode_id(create(door, "li.na", by="county")["user"]["id"])
    with door.database.read() as session:
        grant = find_grant(session, door.world.tokens["county"])
    assert grant is not None
    waits, goes_on = threading.Event(), threading.Event()

    def promote() -> None:
        def unit(session: Session) -> None:
            user = session.exec(select(UserAccount).where(UserAccount.id == user_id).with_for_update()).one()
            user.name = "王芳二"
            draft = access.OfficeDraft(user_id=user_id, role=Role.AUDITOR, valid_from=TODAY)
            access.give_office(session, SYSTEM_VIEWER, draft, access.new_first_password())
            waits.set()
            assert goes_on.wait(20)

        run_in_transaction(door.database, unit)

    def change() -> None:
        viewer = grant.viewer
        run_in_transaction(door.database, lambda session: access.update_user(session, viewer, user_id, name="李四"))

    with ThreadPoolExecutor(2) as threads:
        promoted = threads.submit(promote)
        assert waits.wait(20)
        changed = threads.submit(change)
        time.sleep(0.5)  # long enough to come to the lock; too short would only make the test easier
        goes_on.set()
        promoted.result(20)
        with pytest.raises(NotFoundError):
            changed.result(20)
    with door.database.read() as session:
        assert session.get_one(UserAccount, user_id).name == "王芳二"
