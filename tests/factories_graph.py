"""A small county with people, a programme, a plan, pairings and rosters, inserted straight into the tables."""

from copy import deepcopy
from datetime import date, timedelta

from sqlmodel import Session

from app.access import Permission, create_token
from app.access.tokens import new_token
from app.crypto import PersonalDataCipher
from app.db import Database, utc_now
from app.models import Division, Office, Person, UserAccount
from app.models.vocabulary import Role
from tests.factories_graph_pairing import add_imports, add_pairings, add_programme, add_rosters
from tests.factories_graph_people import BY, OTHER_COUNTY, OTHER_TOWNSHIP, add_divisions, add_people
from tests.factories_graph_people import COUNTY as COUNTY
from tests.factories_graph_people import TOWNSHIP as TOWNSHIP
from tests.factories_graph_people import World as World
from tests.stock import furnish


def build_world(database: Database, cipher: PersonalDataCipher, *, n_candidates: int = 5) -> World:
    """Insert everything: ``n_candidates`` candidates in one county, each in a pairing with two mentors."""
    name = f"graph of {n_candidates}"
    world = furnish(database, name, lambda each: _written(each, cipher, n_candidates))
    return deepcopy(world, {id(world.cipher): world.cipher})


def _written(database: Database, cipher: PersonalDataCipher, n_candidates: int) -> World:
    world = World(cipher=cipher)
    with database.write() as session:
        add_divisions(session, world)
        add_people(session, world, n_candidates)
        add_programme(session, world)
        add_pairings(session, world)
        add_rosters(session, world)
        add_imports(session, world)
        _tokens(session, world)
        _user(session, world)
    return world


def _tokens(session: Session, world: World) -> None:
    def token(name: str, role: Role, code: str | None, person_key: str | None = None) -> None:
        division = session.get(Division, world.divisions[code]) if code else None
        owner = session.get(Person, world.ids[person_key]) if person_key else None
        label = "whole country" if name == "system" else name  # which is the service's own name in the trail
        world.tokens[name] = create_token(session, role=role, label=label, division=division, person=owner)

    token("system", Role.SYSTEM_ADMIN, None)
    token("prefecture", Role.PREFECTURE_OFFICER, "520600000000")
    token("county", Role.COUNTY_ADMIN, COUNTY)
    token("approver", Role.COUNTY_APPROVER, COUNTY)
    token("other_county", Role.COUNTY_ADMIN, OTHER_COUNTY)
    token("township", Role.TOWNSHIP_OFFICER, TOWNSHIP)
    token("other_township", Role.TOWNSHIP_OFFICER, OTHER_TOWNSHIP)
    token("reader", Role.READER, COUNTY)
    token("auditor", Role.AUDITOR, COUNTY)
    token("mentee", Role.MENTEE, COUNTY, "mentee_person")
    token("mentor", Role.MENTOR, COUNTY, "mentor_person0")


def _user(session: Session, world: World) -> None:
    """A user who reads the county, with a token for nothing but reading."""
    user = UserAccount(login="reader.one", name="看一看", password_hash="none that opens", **BY)
    session.add(user)
    session.flush()
    office = Office(
        user_id=user.id, role=Role.READER, division_id=world.divisions[COUNTY], valid_from=date(2025, 1, 1), **BY
    )
    session.add(office)
    session.flush()
    row, world.tokens["user"] = new_token(
        label="reading",
        role=Role.READER,
        division_id=office.division_id,
        person_id=None,
        office_id=office.id,
        scopes=[Permission.READ],
        expires_at=utc_now() + timedelta(days=90),
        author=user.login,
    )
    session.add(row)
    world.ids |= {"user": user.id, "office": office.id, "api_token": row.id}
