"""Viewers, tokens and territory."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlmodel import Session, select

from app.access import (
    ROLES_BY_PERMISSION,
    SYSTEM_VIEWER,
    Permission,
    Viewer,
    create_token,
    find_grant,
    get_in_county,
    record,
    require_division,
    territory_clause,
    viewer_for_division,
)
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import ForbiddenError, InvalidInputError, NotFoundError
from app.models import ApiToken, AuditEvent, Person
from app.models.vocabulary import AuditAction, Role
from tests.app.services.world import World, make_world

NOW = datetime(2025, 3, 1, tzinfo=UTC)


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    made = make_world(database, cipher)
    with database.write() as session:
        made.person(session, made.places.guihua.id, name="桂花人")
        made.person(session, made.places.qinggang.id, name="青杠人")
        made.officer = SYSTEM_VIEWER
        made.person(session, made.places.foreign_village.id, name="外县人")
    return made


def names(session: Session, world: World, role: Role, place: object) -> set[str]:
    viewer = viewer_for_division(session, subject="x", role=role, division=place)  # type: ignore[arg-type]
    clause = territory_clause(viewer, Person.county_id, Person.division_id)
    return set(session.exec(select(Person.name).where(clause)))


def test_territory_is_a_prefix_of_division_codes_at_every_level(world: World) -> None:
    places = world.places
    with world.database.read() as session:
        assert names(session, world, Role.SYSTEM_ADMIN, None) == {"桂花人", "青杠人", "外县人"}
        assert names(session, world, Role.PREFECTURE_OFFICER, places.prefecture) == {"桂花人", "青杠人", "外县人"}
        assert names(session, world, Role.COUNTY_ADMIN, places.county) == {"桂花人", "青杠人"}
        assert names(session, world, Role.TOWNSHIP_OFFICER, places.banqiao) == {"桂花人"}
        assert names(session, world, Role.TOWNSHIP_OFFICER, places.guihua) == {"桂花人"}
        assert names(session, world, Role.COUNTY_ADMIN, places.foreign_county) == {"外县人"}
        assert names(session, world, Role.MENTOR, places.county) == set()
        assert names(session, world, Role.MENTEE, None) == set()


def test_single_rows_outside_the_territory_look_unknown(world: World) -> None:
    with world.database.read() as session:
        township = viewer_for_division(session, subject="x", role=Role.TOWNSHIP_OFFICER, division=world.places.banqiao)
        by_name = {person.name: person for person in session.exec(select(Person))}
        assert get_in_county(session, township, Person, by_name["桂花人"].id).name == "桂花人"
        for person_id in (by_name["青杠人"].id, by_name["外县人"].id, uuid4()):
            with pytest.raises(NotFoundError) as refused:
                get_in_county(session, township, Person, person_id)
            assert "人" not in refused.value.message
        with pytest.raises(NotFoundError):
            require_division(session, township, world.places.tangtou.id)


def test_a_token_stands_for_its_role_and_division_until_it_expires(world: World) -> None:
    with world.database.write() as session:
        token = create_token(
            session,
            role=Role.COUNTY_ADMIN,
            label="思南县经办",
            division=world.places.county,
            valid_for=timedelta(days=1),
            now=NOW,
        )
    with world.database.read() as session:
        stored = session.exec(select(ApiToken)).one()
        assert token not in stored.model_dump_json()
        grant = find_grant(session, token, now=NOW + timedelta(hours=23))
        assert grant is not None
        viewer = grant.viewer
        assert (viewer.role, viewer.subject, viewer.code_prefix) == (Role.COUNTY_ADMIN, "思南县经办", "520624")
        assert find_grant(session, token, now=NOW + timedelta(hours=24)) is None
        assert find_grant(session, token + "x", now=NOW) is None
        assert find_grant(session, "", now=NOW) is None


def test_a_revoked_token_is_unknown(world: World) -> None:
    with world.database.write() as session:
        token = create_token(session, role=Role.READER, label="x", division=None, now=NOW)
        session.exec(select(ApiToken)).one().revoked_at = NOW
    with world.database.read() as session:
        assert find_grant(session, token, now=NOW) is None


@pytest.mark.parametrize("role", [Role.COUNTY_ADMIN, Role.TOWNSHIP_OFFICER, Role.COUNTY_APPROVER, Role.MENTOR])
def test_a_role_that_needs_a_place_or_person_gets_no_token_without(world: World, role: Role) -> None:
    with world.database.write() as session, pytest.raises(InvalidInputError):
        create_token(session, role=role, label="x", division=None)
    with world.database.read() as session:
        assert session.exec(select(ApiToken)).all() == []


def test_no_role_holds_every_permission() -> None:
    holders = {role: {p for p, roles in ROLES_BY_PERMISSION.items() if role in roles} for role in Role}
    # Whoever runs the machine neither reveals numbers nor reads restricted facts.
    assert set(Permission) - holders[Role.SYSTEM_ADMIN] == {Permission.REVEAL, Permission.READ_RESTRICTED_DATA}
    own = {Permission.READ_OWN, Permission.READ_CADRE_DATA, Permission.READ_MASKED_DATA}
    assert holders[Role.MENTEE] == holders[Role.MENTOR] == own
    assert Permission.APPROVE not in holders[Role.COUNTY_ADMIN]
    assert Permission.RUN not in holders[Role.COUNTY_APPROVER]
    assert holders[Role.READER] == own | {Permission.READ}
    assert holders[Role.AUDITOR] == {Permission.READ, Permission.READ_OWN, Permission.READ_AUDIT}


def test_a_missing_permission_names_the_roles_that_hold_it(world: World) -> None:
    with world.database.read() as session:
        reader = viewer_for_division(session, subject="x", role=Role.READER, division=world.places.county)
    with pytest.raises(ForbiddenError, match="COUNTY_ADMIN, PREFECTURE_OFFICER, SYSTEM_ADMIN"):
        reader.require(Permission.RUN)


def test_making_a_token_is_recorded_without_the_token(world: World) -> None:
    with world.database.write() as session:
        token = create_token(session, role=Role.READER, label="思南县", division=world.places.county, now=NOW)
    with world.database.read() as session:
        (event,) = session.exec(select(AuditEvent).where(AuditEvent.action == "TOKEN_CREATED")).all()
        stored = session.exec(select(ApiToken)).one()
    assert (event.action, event.target) == ("TOKEN_CREATED", f"ApiToken {stored.id}")
    assert event.detail == {"role": "READER", "division": "520624000000", "person": None}
    assert token not in event.model_dump_json()
    assert stored.token_hash not in event.model_dump_json()


@pytest.mark.parametrize("label", [" ", "长" * 81])
def test_a_token_without_a_usable_label_is_refused(world: World, label: str) -> None:
    with world.database.write() as session, pytest.raises(InvalidInputError, match="1 to 80 characters"):
        create_token(session, role=Role.READER, label=label, division=None)
    with world.database.read() as session:
        assert session.exec(select(ApiToken)).all() == []


@pytest.mark.parametrize("label", ["system", "Stranger", " SYSTEM "])
def test_a_token_does_not_bear_a_name_of_the_service(sqlite_database: Database, label: str) -> None:
    with sqlite_database.write() as session, pytest.raises(InvalidInputError, match="a name of the service"):
        create_token(session, role=Role.READER, label=label, division=None)


def test_a_token_does_not_bear_the_login_of_a_closed_account_and_a_second_one_may_be_called_like_the_first(
    database: Database,
) -> None:
    """Both stand in the trail: a login as somebody else, a label as who holds the tokens."""
    user, desk = (Viewer(subject=subject, role=Role.READER) for subject in ("wang.fang", "desk"))
    run_in_transaction(database, lambda s: record(s, user, AuditAction.SIGNED_IN, f"UserAccount {uuid4()}"))
    run_in_transaction(database, lambda s: record(s, desk, AuditAction.PIN_ADDED, f"Pin {uuid4()}"))
    with database.write() as session:
        with pytest.raises(InvalidInputError, match="or was one"):
            create_token(session, role=Role.READER, label="Wang.Fang", division=None)
        assert create_token(session, role=Role.READER, label="desk", division=None)
