"""Signing in: what is accepted, what stops guessing, and what every step leaves in the trail."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from argon2.profiles import RFC_9106_LOW_MEMORY
from sqlmodel import col, select

from app.access import SYSTEM_VIEWER, CredentialKind, Permission, passwords
from app.access.offices import CHINA, local_day
from app.access.sessions import SESSION_IDLES, SESSION_LASTS, find_session, session_grant, touch_session
from app.db import Database, run_in_transaction, utc_now
from app.errors import InvalidInputError
from app.models import AuditEvent, Office, UserAccount, UserSession
from app.models.vocabulary import Role, UserState
from app.services import access
from app.services.access import SignInRefusedError, signing
from app.services.access.signing import FIRST_LOCK, MOST_FAILURES, NoOfficeError
from app.services.access.strangers import MOST_A_MINUTE

NOW = utc_now()
PASSWORD = "four geese fly south"


def enter(database: Database, login: str = "wang.fang", *, role: Role = Role.READER) -> UserAccount:
    """A user with an office over the whole country from today on, who has chosen the password."""

    def unit(session):  # type: ignore[no-untyped-def]
        entered = access.UserDraft(login=login, name="王芳", password=PASSWORD)
        first = access.first_password(entered)
        user = access.create_user(session, SYSTEM_VIEWER, entered, first)
        draft = access.OfficeDraft(user_id=user.id, role=role, valid_from=local_day(NOW))
        access.give_office(session, SYSTEM_VIEWER, draft, first)
        user.must_change_password = False
        session.add(user)
        return user

    return run_in_transaction(database, unit)


def actions(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        return [(row.action, row.actor) for row in session.exec(select(AuditEvent).order_by(col(AuditEvent.at)))]


def test_a_password_opens_a_session_that_stands_for_the_office_of_the_user(database: Database) -> None:
    user = enter(database)
    signed_in = access.sign_in(database, " Wang.Fang ", PASSWORD, now=NOW)
    assert (signed_in.viewer.subject, signed_in.viewer.role, signed_in.must_change_password) == (
        "wang.fang",
        Role.READER,
        False,
    )
    with database.read() as session:
        row = find_session(session, signed_in.secret, now=NOW)
        assert row is not None
        assert signed_in.secret not in row.secret_hash
        grant = session_grant(session, row, now=NOW)
        assert grant is not None
        assert (grant.viewer, grant.credential.kind, grant.credential.id, grant.expires_at) == (
            signed_in.viewer,
            CredentialKind.SESSION,
            row.id,
            NOW + SESSION_LASTS,
        )
        assert session.get_one(UserAccount, user.id).last_sign_in_at == NOW
    assert actions(database)[-1] == ("SIGNED_IN", "wang.fang")


@pytest.mark.parametrize(("login", "password"), [("wang.fang", "four geese fly north"), ("li.na", PASSWORD), ("", "")])
def test_a_wrong_login_and_a_wrong_password_look_the_same(database: Database, login: str, password: str) -> None:
    enter(database)
    with pytest.raises(SignInRefusedError) as refusal:
        access.sign_in(database, login, password, now=NOW)
    assert "wrong, or the login is locked" in refusal.value.message
    with database.read() as session:
        assert session.exec(select(UserSession)).all() == []
    # What was typed as a login can be a password: it is not kept.
    assert actions(database)[-1] == ("SIGN_IN_FAILED", "wang.fang" if login == "wang.fang" else "stranger")


def test_five_failures_lock_a_login_and_each_further_lock_lasts_twice_as_long(database: Database) -> None:
    user, instant = enter(database), NOW
    for minutes in (15, 30, 60):
        for _ in range(MOST_FAILURES):
            with pytest.raises(SignInRefusedError):
                access.sign_in(database, "wang.fang", "not the password", now=instant)
        with database.read() as session:
            until = session.get_one(UserAccount, user.id).locked_until
        assert until == instant + timedelta(minutes=minutes)
        with pytest.raises(SignInRefusedError):  # the right one, too early
            access.sign_in(database, "wang.fang", PASSWORD, now=until - timedelta(seconds=1))
        instant = until
    access.sign_in(database, "wang.fang", PASSWORD, now=instant)
    with database.read() as session:
        row = session.get_one(UserAccount, user.id)
        assert (row.failed_sign_ins, row.locked_until) == (0, None)
    assert [action for action, _ in actions(database)].count("USER_LOCKED") == 3


def test_many_attempts_at_once_look_at_no_more_passwords_than_the_limit(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(database)
    looked_at: list[str] = []

    def is_never(stored: str, _: str) -> bool:
        looked_at.append(stored)
        return False

    monkeypatch.setattr(signing, "is_password", is_never)

    def attempt(_: int) -> None:
        with pytest.raises(SignInRefusedError):
            access.sign_in(database, "wang.fang", "not the password", now=NOW)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(attempt, range(24)))
    with database.read() as session:
        stored = session.exec(select(UserAccount.password_hash)).one()
    assert looked_at.count(stored) == MOST_FAILURES
    assert len(looked_at) == 24


def test_a_session_ends_by_idling_by_age_and_with_its_office(database: Database) -> None:
    user = enter(database)
    secret = access.sign_in(database, "wang.fang", PASSWORD, now=NOW).secret

    def lasts(at: datetime) -> bool:
        with database.read() as session:
            row = find_session(session, secret, now=at)
            return row is not None and session_grant(session, row, now=at) is not None

    assert (lasts(NOW + SESSION_IDLES - timedelta(seconds=1)), lasts(NOW + SESSION_IDLES)) == (True, False)
    used = NOW
    while used + SESSION_IDLES < NOW + SESSION_LASTS:
        used += timedelta(minutes=59)
        with database.write() as session:
            row = session.exec(select(UserSession)).one()
            touch_session(session, row.id, now=used)
    end = NOW + SESSION_LASTS
    assert (lasts(end - timedelta(seconds=1)), lasts(end)) == (True, False)
    with database.write() as session:
        office = session.exec(select(Office).where(col(Office.user_id) == user.id)).one()
        office.valid_to = local_day(NOW)
    midnight = datetime.combine(local_day(NOW) + timedelta(days=1), datetime.min.time(), CHINA)
    if midnight < end:
        assert (lasts(midnight - timedelta(seconds=1)), lasts(midnight)) == (True, False)


def test_who_is_disabled_or_has_no_office_today_does_not_get_in(database: Database) -> None:
    user = enter(database)
    with database.write() as session:
        session.exec(select(Office)).one().valid_to = local_day(NOW)
    tomorrow = NOW + timedelta(days=1)
    with pytest.raises(NoOfficeError):
        access.sign_in(database, "wang.fang", PASSWORD, now=tomorrow)
    secret = access.sign_in(database, "wang.fang", PASSWORD, now=NOW).secret
    run_in_transaction(
        database, lambda session: access.update_user(session, SYSTEM_VIEWER, user.id, state=UserState.DISABLED)
    )
    with pytest.raises(SignInRefusedError):
        access.sign_in(database, "wang.fang", PASSWORD, now=NOW)
    with database.read() as session:
        assert find_session(session, secret, now=NOW) is None


def test_a_first_password_only_opens_the_way_to_a_password_of_ones_own(database: Database) -> None:
    user = enter(database)
    anew = access.new_first_password()
    run_in_transaction(database, lambda session: access.reset_password(session, SYSTEM_VIEWER, user.id, anew))
    first = anew.clear
    signed_in = access.sign_in(database, "wang.fang", first, now=NOW)
    assert signed_in.must_change_password
    with database.read() as session:
        row = find_session(session, signed_in.secret, now=NOW)
        assert row is not None
        grant = session_grant(session, row, now=NOW)
    assert grant is not None
    assert [each for each in Permission if grant.viewer.may(each)] == [Permission.READ_OWN]
    access.change_password(database, grant.viewer, present=first, new="a new song in the valley", now=NOW)
    with database.read() as session:
        assert find_session(session, signed_in.secret, now=NOW) is None
    again = access.sign_in(database, "wang.fang", "a new song in the valley", now=NOW)
    assert again.viewer.may(Permission.READ)
    with pytest.raises(SignInRefusedError):
        access.sign_in(database, "wang.fang", first, now=NOW)


@pytest.mark.parametrize(
    "password",
    ["too short", "a" * 129, "wang.fang is my name", "aaaaaaaaaaaaaaab", PASSWORD],
    ids=["short", "long", "login", "few characters", "the present one"],
)
def test_a_weak_password_is_refused_and_the_old_one_stays(database: Database, password: str) -> None:
    enter(database)
    viewer = access.sign_in(database, "wang.fang", PASSWORD, now=NOW).viewer
    with pytest.raises(InvalidInputError) as refusal:
        access.change_password(database, viewer, present=PASSWORD, new=password, now=NOW)
    assert refusal.value.path == ("new_password",)
    access.sign_in(database, "wang.fang", PASSWORD, now=NOW)


def test_a_password_is_the_same_however_its_letters_are_spelt(database: Database) -> None:
    enter(database)
    composed, spelt_out = "die süße Möwe fliegt", "die su\u0308ße Mo\u0308we fliegt"
    viewer = access.sign_in(database, "wang.fang", PASSWORD, now=NOW).viewer
    access.change_password(database, viewer, present=PASSWORD, new=spelt_out, now=NOW)
    for typed in (composed, spelt_out):
        assert access.sign_in(database, "wang.fang", typed, now=NOW).viewer == viewer
    with pytest.raises(InvalidInputError, match="the present one"):
        access.change_password(database, viewer, present=spelt_out, new=composed, now=NOW)


def test_half_a_character_is_refused_in_a_new_password_and_opens_nothing(database: Database) -> None:
    enter(database)
    viewer = access.sign_in(database, "wang.fang", PASSWORD, now=NOW).viewer
    with pytest.raises(InvalidInputError, match="half a character"):
        access.change_password(database, viewer, present=PASSWORD, new="four geese fly \ud83d", now=NOW)
    with pytest.raises(SignInRefusedError):
        access.sign_in(database, "wang.fang", "four geese fly \ud83d", now=NOW)


def test_a_wrong_present_password_counts_like_a_failed_sign_in(database: Database) -> None:
    user = enter(database)
    viewer = access.sign_in(database, "wang.fang", PASSWORD, now=NOW).viewer
    for _ in range(MOST_FAILURES):
        with pytest.raises(SignInRefusedError):
            access.change_password(database, viewer, present="a guess at it", new="a new song in the valley", now=NOW)
    with database.read() as session:
        assert session.get_one(UserAccount, user.id).locked_until == NOW + FIRST_LOCK


def test_an_old_hash_is_made_anew_at_the_next_sign_in(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    user = enter(database)
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY))
    access.sign_in(database, "wang.fang", PASSWORD, now=NOW)
    with database.read() as session:
        stored = session.get_one(UserAccount, user.id).password_hash
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_signing_out_ends_the_session_once(database: Database) -> None:
    enter(database)
    secret = access.sign_in(database, "wang.fang", PASSWORD, now=NOW).secret
    ended = [run_in_transaction(database, lambda session: access.sign_out(session, secret, now=NOW)) for _ in range(2)]
    assert ended == [True, False]
    assert [action for action, _ in actions(database)].count("SIGNED_OUT") == 1


def test_a_day_begins_at_midnight_in_china() -> None:
    assert local_day(datetime(2026, 11, 26, 15, 59, tzinfo=CHINA)) == date(2026, 11, 26)
    assert local_day(datetime.fromisoformat("2026-11-26T15:59:59+00:00")) == date(2026, 11, 26)
    assert local_day(datetime.fromisoformat("2026-11-26T16:00:00+00:00")) == date(2026, 11, 27)


def test_weak_new_passwords_lock_nobody_out(database: Database) -> None:
    user = enter(database)
    viewer = access.sign_in(database, "wang.fang", PASSWORD, now=NOW).viewer
    for _ in range(MOST_FAILURES + 1):
        with pytest.raises(InvalidInputError):
            access.change_password(database, viewer, present=PASSWORD, new="short", now=NOW)
        with pytest.raises(InvalidInputError):
            access.change_password(database, viewer, present=PASSWORD, new=PASSWORD, now=NOW)
    with database.read() as session:
        row = session.get_one(UserAccount, user.id)
    assert (row.failed_sign_ins, row.locked_until) == (0, None)


def test_strangers_cannot_fill_the_trail_and_none_of_them_is_left_untold(database: Database) -> None:
    enter(database)
    begun = len(actions(database))

    def attempts(n: int, *, at: datetime) -> None:
        def attempt(number: int) -> None:
            with pytest.raises(SignInRefusedError):
                access.sign_in(database, f"guess{number}", PASSWORD, now=at)

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(attempt, range(n)))

    attempts(60, at=NOW)
    assert actions(database)[begun:] == [("SIGN_IN_FAILED", "stranger")] * MOST_A_MINUTE
    attempts(1, at=NOW + timedelta(seconds=59))
    assert len(actions(database)) == begun + MOST_A_MINUTE
    attempts(2, at=NOW + timedelta(seconds=60))
    with database.read() as session:
        events = session.exec(select(AuditEvent).order_by(col(AuditEvent.sequence)).offset(begun)).all()
    # Of two at once either may be committed first.
    assert sorted(event.detail["attempts"] for event in events) == [1] * (MOST_A_MINUTE + 1) + [57]
    assert {event.target for event in events} == {"UserAccount"}


def test_a_login_that_exists_is_told_every_time_whatever_strangers_do(database: Database) -> None:
    user = enter(database)
    for login in ("nobody", "wang.fang", "nobody", *["nobody"] * 6, "wang.fang"):
        with pytest.raises(SignInRefusedError):
            access.sign_in(database, login, "not the password", now=NOW)
    with database.read() as session:
        told = session.exec(select(AuditEvent.detail).where(AuditEvent.target == f"UserAccount {user.id}")).all()
    assert [each for each in told if "failures" in each] == [{"failures": 1}, {"failures": 2}]
