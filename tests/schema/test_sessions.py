"""Signing in with a browser: the cookie, the token against forged requests, and what a session may do where."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session, select
from websockets.sync.client import connect

from app.access import SYSTEM_VIEWER
from app.access.offices import local_day
from app.config import Profile
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction, utc_now
from app.http.sessions import FAILURES_AT_ONCE, SECONDS_PER_FAILURE
from app.models import UserAccount, UserSession
from app.models.vocabulary import Role
from app.services import access
from schema import connections
from tests.hashing import hash_cheaply
from tests.schema.door import Door, open_door
from tests.schema.serving import served
from tests.schema.test_connections import Endless, closing, view_of

PASSWORD = "four geese fly south"
WHO = {"query": "{viewer{subject role user{login name} division{code}}}"}
WATCH = "subscription($id: ID!) { matchRunProgress(runId: $id) { offset } }"
FOREIGN = {"Origin": "https://elsewhere.example"}


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_cheaply(monkeypatch)


def enter(door: Door, login: str = "wang.fang", role: Role = Role.COUNTY_ADMIN) -> None:
    """A user of the county, who has chosen the password."""

    def unit(session: Session) -> None:
        draft = access.UserDraft(login=login, name="王芳", password=PASSWORD)
        first = access.first_password(draft)
        user = access.create_user(session, SYSTEM_VIEWER, draft, first)
        office = access.OfficeDraft(
            user_id=user.id,
            role=role,
            division_id=door.world.divisions["520624000000"],
            valid_from=local_day(utc_now()),
        )
        access.give_office(session, SYSTEM_VIEWER, office, first)
        user.must_change_password = False
        session.add(user)

    run_in_transaction(door.database, unit)


def sign_in(door: Door, password: str = PASSWORD, login: str = "wang.fang", **headers: str) -> httpx.Response:
    return door.request("POST", "/session", by=None, json={"login": login, "password": password}, headers=headers)


def cookie_of(response: httpx.Response) -> str:
    return response.headers["set-cookie"].partition(";")[0]


def ask(door: Door, cookie: str, csrf: str | None, body: Any = WHO, **headers: str) -> httpx.Response:
    own = {"Cookie": cookie} | ({} if csrf is None else {"X-CSRF-Token": csrf})
    return door.request("POST", "/graphql", by=None, json=body, headers=own | headers)


def test_a_session_asks_as_its_user_over_the_territory_of_the_office(door: Door) -> None:
    enter(door)
    response = sign_in(door)
    shown = response.json()
    csrf = shown.pop("csrfToken")
    assert (response.status_code, shown) == (
        200,
        {"subject": "wang.fang", "role": "COUNTY_ADMIN", "codePrefix": "520624", "mustChangePassword": False},
    )
    cookie = cookie_of(response)
    assert ask(door, cookie, csrf).json()["data"]["viewer"] == {
        "subject": "wang.fang",
        "role": "COUNTY_ADMIN",
        "user": {"login": "wang.fang", "name": "王芳"},
        "division": {"code": "520624000000"},
    }
    told = door.request("GET", "/session", by=None, headers={"Cookie": cookie})
    assert (told.status_code, told.json()["csrfToken"]) == (200, csrf)


@pytest.mark.parametrize(
    ("profile", "name", "secure"),
    [(Profile.DEVELOPMENT, "touyan_session", False), (Profile.PRODUCTION, "__Host-touyan_session", True)],
)
def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    sqlite_database: Database, cipher: PersonalDataCipher, profile: Profile, name: str, secure: bool
) -> None:
    door = open_door(sqlite_database, cipher, profile=profile)
    enter(door)
    first, *attributes = sign_in(door).headers["set-cookie"].split("; ")
    assert first.startswith(f"{name}=")
    assert sorted(attributes) == sorted(
        ["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=strict", *(["Secure"] if secure else [])]
    )


def test_nothing_is_asked_or_changed_by_cookie_without_the_token_of_the_session(lite: Door) -> None:
    enter(lite)
    cookie, other = cookie_of(sign_in(lite)), sign_in(lite).json()["csrfToken"]
    for csrf in (None, "", "x", other):
        response = ask(lite, cookie, csrf)
        assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
        assert "data" not in response.json()
        ended = lite.request("DELETE", "/session", by=None, headers={"Cookie": cookie})
        assert ended.status_code == 403
    assert lite.request("GET", "/session", by=None, headers={"Cookie": cookie}).status_code == 200


def test_a_page_of_another_origin_cannot_sign_anybody_in(lite: Door) -> None:
    enter(lite)
    refused = sign_in(lite, **FOREIGN)
    assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)
    assert sign_in(lite, Origin="http://touyan.test").status_code == 200


def test_a_form_cannot_sign_anybody_in(lite: Door) -> None:
    enter(lite)
    body = json.dumps({"login": "wang.fang", "password": PASSWORD})
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        response = lite.request("POST", "/session", by=None, content=body, headers={"Content-Type": kind})
        assert (response.status_code, "set-cookie" in response.headers) == (400, False)


@pytest.mark.parametrize(
    "body",
    [b"", b"1", b"null", b"[]", b"{", b'{"login": 1, "password": "x"}', b'{"login": "a"}', b"\xff", b"[" * 5_000],
)
def test_a_body_that_is_no_login_and_password_is_a_mistake(lite: Door, body: bytes) -> None:
    response = lite.request("POST", "/session", by=None, content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "password",
    [
        "我们\u3000一起在思南县\u3000为人民服务",
        "quatre\u00a0mots\u00a0bien\u00a0longs",
        "一家人👨\u200d👩\u200d👧在思南县的大山里面",
    ],
    ids=["wide space", "no-break space", "emoji"],
)
def test_every_password_that_is_accepted_opens_the_door(lite: Door, password: str) -> None:
    enter(lite)
    viewer = access.sign_in(lite.database, "wang.fang", PASSWORD).viewer
    access.change_password(lite.database, viewer, present=PASSWORD, new=password)
    assert sign_in(lite, password).status_code == 200
    assert (
        sign_in(lite, password.replace("\u3000", " ").replace("\u00a0", " ").replace("\u200d", "")).status_code == 401
    )


def test_a_login_is_printable_text(lite: Door) -> None:
    assert sign_in(lite, login="wang\x00fang").status_code == 400


def test_a_wrong_password_is_told_without_a_word_of_it(lite: Door) -> None:
    enter(lite)
    response = sign_in(lite, "swordfish and more")
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (401, "SIGN_IN_REFUSED")
    assert "swordfish" not in response.text
    assert "set-cookie" not in response.headers


def test_signing_out_ends_the_session_and_takes_the_cookie_away(lite: Door) -> None:
    enter(lite)
    response = sign_in(lite)
    cookie, csrf = cookie_of(response), response.json()["csrfToken"]
    out = lite.request("DELETE", "/session", by=None, headers={"Cookie": cookie, "X-CSRF-Token": csrf})
    assert (out.status_code, out.json()) == (200, {"signedOut": True})
    assert "Max-Age=0" in out.headers["set-cookie"]
    assert ask(lite, cookie, csrf).status_code == 401
    assert lite.request("GET", "/session", by=None, headers={"Cookie": cookie}).status_code == 401


def test_a_session_that_was_not_used_for_an_hour_is_over(lite: Door) -> None:
    enter(lite)
    response = sign_in(lite)
    cookie, csrf = cookie_of(response), response.json()["csrfToken"]
    with lite.database.write() as session:
        session.exec(select(UserSession)).one().last_used_at = utc_now() - timedelta(minutes=59)
    assert ask(lite, cookie, csrf).status_code == 200
    with lite.database.write() as session:
        row = session.exec(select(UserSession)).one()
        assert utc_now() - row.last_used_at < timedelta(minutes=1)  # the use was written down
        row.last_used_at = utc_now() - timedelta(minutes=60)
    assert ask(lite, cookie, csrf).status_code == 401


def test_a_first_password_opens_nothing_but_the_way_to_another(lite: Door) -> None:
    enter(lite)
    with lite.database.write() as session:
        user = session.exec(select(UserAccount).where(UserAccount.login == "wang.fang")).one()
        user.must_change_password = True
    response = sign_in(lite)
    assert response.json()["mustChangePassword"] is True
    cookie, csrf = cookie_of(response), response.json()["csrfToken"]
    refused = ask(lite, cookie, csrf, {"query": "{cadres{totalCount}}"}).json()
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    change = (
        "mutation($input: ChangePasswordInput!) {changePassword(input: $input) {viewer{subject} userErrors{code path}}}"
    )
    given = {"presentPassword": PASSWORD, "newPassword": "a new song in the valley"}
    changed = ask(lite, cookie, csrf, {"query": change, "variables": {"input": given}}).json()
    assert changed["data"]["changePassword"] == {"viewer": {"subject": "wang.fang"}, "userErrors": []}
    assert ask(lite, cookie, csrf).status_code == 401
    again = sign_in(lite, "a new song in the valley")
    body = ask(lite, cookie_of(again), again.json()["csrfToken"], {"query": "{cadres{totalCount}}"}).json()
    assert body["data"]["cadres"]["totalCount"] > 0


def test_a_file_is_fetched_by_a_link_of_the_own_page(lite: Door) -> None:
    enter(lite)
    cookie = cookie_of(sign_in(lite))
    path = f"/exports/{lite.world.ids['export']}"
    assert lite.request("GET", path, by=None, headers={"Cookie": cookie}).content == b"PK-bytes"
    assert lite.request("GET", path, by=None).status_code == 401


def test_a_bearer_token_goes_before_a_cookie(lite: Door) -> None:
    enter(lite)
    cookie = cookie_of(sign_in(lite))
    body = lite.request("POST", "/graphql", by="reader", json=WHO, headers={"Cookie": cookie}).json()
    assert body["data"]["viewer"]["subject"] == "reader"


def test_a_socket_takes_the_cookie_with_its_token_and_ends_with_the_session(
    lite: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(lite)
    monkeypatch.setattr(view_of(lite), "hub", Endless(pace_s=0.02))
    monkeypatch.setattr(connections, "LOOKING_S", 0.2)
    response = sign_in(lite)
    cookie, csrf = cookie_of(response), response.json()["csrfToken"]

    def opened(port: int) -> Any:
        return connect(
            f"ws://127.0.0.1:{port}/graphql",
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
            additional_headers={"Cookie": cookie},
        )

    with served(lite) as port:
        for payload in (None, {}, {"csrfToken": 1}, {"csrfToken": "x"}):
            with opened(port) as line:
                line.send(json.dumps({"type": "connection_init", "payload": payload}))
                assert closing(line)[0] == 4403
        with opened(port) as line:
            line.send(json.dumps({"type": "connection_init", "payload": {"csrfToken": csrf}}))
            assert json.loads(line.recv()) == {"type": "connection_ack"}
            lite.request("DELETE", "/session", by=None, headers={"Cookie": cookie, "X-CSRF-Token": csrf})
            assert closing(line) == (4401, "Session revoked")


def test_sign_ins_wait_in_a_line_that_ends(lite: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.http.sessions.MOST_WAITING", 0)
    response = sign_in(lite)
    assert (response.status_code, response.headers["retry-after"]) == (429, "2")


def sign_in_from(door: Door, address: str, password: str) -> httpx.Response:
    """As ``sign_in``, from another machine."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=door.application, client=(address, 40_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://touyan.test") as client:
            return await client.post("/session", json={"login": "wang.fang", "password": password})

    return asyncio.run(send())


def test_an_address_from_which_too_many_sign_ins_fail_waits_and_others_do_not(
    lite: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(lite)
    looked_at: list[str] = []

    def find_nobody(_database: Database, login: str, password: str) -> access.SignedIn:
        looked_at.append(login)
        if password == PASSWORD:
            return access.sign_in(_database, login, password)
        raise access.SignInRefusedError

    monkeypatch.setattr("app.http.sessions.sign_in", find_nobody)
    # What succeeds costs nothing, however often.
    assert {sign_in_from(lite, "10.1.2.3", PASSWORD).status_code for _ in range(FAILURES_AT_ONCE + 5)} == {200}
    wrong = [sign_in_from(lite, "10.1.2.3", "a guess").status_code for _ in range(FAILURES_AT_ONCE)]
    assert set(wrong) == {401}
    n_looked_at = len(looked_at)
    refused = sign_in_from(lite, "10.1.2.3", PASSWORD)
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
    assert 1 <= int(refused.headers["Retry-After"]) <= SECONDS_PER_FAILURE
    assert len(looked_at) == n_looked_at
    assert sign_in_from(lite, "10.1.2.4", PASSWORD).status_code == 200


def test_all_addresses_of_an_ipv6_site_count_as_one(lite: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.http.sessions.sign_in", _refuse)
    sites = [f"2001:db8:0:1::{number:x}" for number in range(1, FAILURES_AT_ONCE + 1)]
    assert {sign_in_from(lite, site, "x").status_code for site in sites} == {401}
    assert sign_in_from(lite, "2001:db8:0:1:ffff::1", "x").status_code == 429
    assert sign_in_from(lite, "2001:db8:0:2::1", "x").status_code == 401


def _refuse(*_: object) -> access.SignedIn:
    raise access.SignInRefusedError
