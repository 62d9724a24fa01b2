"""Who asks: a token for each role inside the home county, and one for each role outside of it."""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
import orjson
from sqlmodel import Session, col, select

from app.access import create_token
from app.crypto import PersonalDataCipher
from app.db import Database
from app.models import Division, PairingProgram, Person, Roster, metadata
from app.models.vocabulary import DivisionKind, DivisionLevel, Role
from schema.ids import encode_id
from tests.factories_graph_people import BY, COUNTY, OTHER_COUNTY
from tests.fuzz.county import TABLES, County, open_county
from tests.fuzz.values import packed

OTHER_PREFECTURE = "520700000000"
OUTSIDE: dict[Role, str] = {
    Role.SYSTEM_ADMIN: OTHER_COUNTY,
    Role.PREFECTURE_OFFICER: OTHER_PREFECTURE,
    Role.COUNTY_ADMIN: OTHER_COUNTY,
    Role.COUNTY_APPROVER: OTHER_COUNTY,
    Role.TOWNSHIP_OFFICER: "520625101000",
    Role.AUDITOR: OTHER_COUNTY,
    Role.READER: OTHER_COUNTY,
    Role.MENTOR: OTHER_COUNTY,
    Role.MENTEE: OTHER_COUNTY,
}


@dataclass(frozen=True, slots=True)
class Ground:
    """The two counties, the tokens, and the texts by which something of the home county is recognised."""

    county: County
    inside: dict[Role, str]
    outside: dict[Role, str]
    marks: frozenset[str]

    @property
    def database(self) -> Database:
        """The database below."""
        return self.county.door.database

    async def ask(self, client: httpx.AsyncClient, token: str, query: str, variables: dict[str, Any]) -> Any:
        """The body of one answer; handles in the variables stand for things of the home county."""
        body = packed(query, variables, self.county.bait.filled)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        response = await client.post("/graphql", content=body, headers=headers)
        assert response.status_code == 200, response.text[:500]
        return orjson.loads(response.content)

    def client(self) -> httpx.AsyncClient:
        """A client of the application."""
        transport = httpx.ASGITransport(app=self.county.door.application)
        return httpx.AsyncClient(transport=transport, base_url="http://touyan.test")

    def told(self, data: Any) -> set[str]:
        """What of the home county stands in an answer."""
        text = orjson.dumps(data).decode()
        return {mark for mark in self.marks if mark in text}


def open_ground(database: Database, cipher: PersonalDataCipher) -> Ground:
    """Make the counties and the tokens."""
    county = open_county(database, cipher)
    with database.write() as session:
        _add_prefecture(session)
        outside = {role: _outside_token(session, county, role) for role in Role}
        marks = _marks(session, county)
    return Ground(county, county.tokens, outside, marks)


def _add_prefecture(session: Session) -> None:
    province = session.exec(select(Division).where(Division.level == DivisionLevel.PROVINCE)).one()
    session.add(
        Division(
            code=OTHER_PREFECTURE,
            name="别市",
            level=DivisionLevel.PREFECTURE,
            kind=DivisionKind.PREFECTURE,
            local_label="市",
            parent_id=province.id,
            display_order=99,
            valid_from=date(2023, 1, 1),
            **BY,
        )
    )
    session.flush()


def _outside_token(session: Session, county: County, role: Role) -> str:
    division = session.exec(select(Division).where(Division.code == OUTSIDE[role])).one()
    owner = None
    if role in (Role.MENTOR, Role.MENTEE):
        owner = session.get_one(Person, county.door.world.ids["other_person"])
    return create_token(
        session, role=role, label=f"outside {role}", division=division, person=owner, valid_for=timedelta(days=1)
    )


def _marks(session: Session, county: County) -> frozenset[str]:
    other = session.exec(select(Division).where(Division.code == OTHER_COUNTY)).one()
    marks: set[str] = set()
    for person in session.exec(select(Person).where(col(Person.county_id) != other.id)):
        marks |= {person.code, person.id_number_masked or "", person.phone_masked or ""}
    programs = session.exec(select(PairingProgram).where(col(PairingProgram.division_id) != other.id)).all()
    marks |= {program.name for program in programs}
    at_home = [program.id for program in programs]
    marks |= set(session.exec(select(Roster.title).where(col(Roster.program_id).in_(at_home))))
    for table in TABLES:
        for name in {each for each in county.bait.pools if each == table.__name__}:
            marks |= set(county.bait.pools[name])
    marks |= {encode_id("User", county.door.world.ids["user"]), "reader.one"}
    for division in session.exec(select(Division).where(col(Division.code).startswith(COUNTY[:6]))):
        marks |= {encode_id(division.level.value.title(), division.id), division.code}
    # A title that stands in one of the other county as well tells nothing.
    return frozenset(mark for mark in marks if mark and not any(mark in text for text in county.bait.foreign))


def fingerprint(database: Database) -> str:
    """A hash of every row of every table, in whatever order they lie."""
    digest = hashlib.sha256()
    with database.engine.connect() as connection:
        for table in metadata.sorted_tables:
            rows = connection.execute(table.select()).all()
            digest.update("\n".join(sorted(repr(tuple(row)) for row in rows)).encode())
    return digest.hexdigest()
