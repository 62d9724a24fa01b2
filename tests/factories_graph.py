"""A small county with people, a programme, a plan, pairings and rosters, inserted straight into the tables."""

from sqlmodel import Session

from app.access import create_token
from app.db import Database
from app.models import Division, Person
from app.models.vocabulary import Role
from tests.factories_graph_pairing import add_pairings, add_programme, add_rosters
from tests.factories_graph_people import COUNTY as COUNTY
from tests.factories_graph_people import OTHER_COUNTY, OTHER_TOWNSHIP, add_divisions, add_people
from tests.factories_graph_people import TOWNSHIP as TOWNSHIP
from tests.factories_graph_people import World as World


def build_world(database: Database, *, n_candidates: int = 5) -> World:
    """Insert everything: ``n_candidates`` candidates in one county, each in a pairing with two mentors."""
    world = World()
    with database.write() as session:
        add_divisions(session, world)
        add_people(session, world, n_candidates)
        add_programme(session, world)
        add_pairings(session, world)
        add_rosters(session, world)
        _tokens(session, world)
    return world


def _tokens(session: Session, world: World) -> None:
    def token(name: str, role: Role, code: str | None, person_key: str | None = None) -> None:
        division = session.get(Division, world.divisions[code]) if code else None
        owner = session.get(Person, world.ids[person_key]) if person_key else None
        world.tokens[name] = create_token(session, role=role, label=name, division=division, person=owner)

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
