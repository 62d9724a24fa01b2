"""Paths that lead out of a territory end there: a programme of the prefecture ties people of two counties together."""

from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session

from app.crypto import PersonalDataCipher
from app.db import Database
from app.models import Mentor, MentorPool, Pairing, PairingMember, PairingProgram, PlanItem, Roster, RosterEntry
from app.models.vocabulary import (
    MentorCategory,
    MentorState,
    PairingMemberState,
    PairingState,
    Relation,
    TravelSource,
)
from schema.ids import encode_id
from schema.matrix import root_fields
from schema.root import make_schema
from tests.access.fields import arguments_of, document
from tests.factories_graph_pairing import END
from tests.factories_graph_people import BY, OTHER_COUNTY, START, person
from tests.schema.door import Door, open_door

HOME, AWAY = "home", "away"
LISTS = [
    each.name
    for each in root_fields(make_schema())
    if each.kind == "query" and not set(arguments_of("Query", each.name)) - {"first"} and each.name != "users"
]


class Tied:
    """The small county, its programme widened to the prefecture, with pairings across the border."""

    def __init__(self, door: Door) -> None:
        self.door, self.ids = door, door.world.ids
        with door.database.write() as session:
            session.get_one(PairingProgram, self.ids["program"]).division_id = door.world.divisions["520600000000"]
            self.away_mentor = self._mentor(session)
            self.away_mentor_person = session.get_one(Mentor, self.away_mentor).person_id
            self.away_pairing = self._pairing(session, self.ids["other_candidate"], door.world.divisions[OTHER_COUNTY])
            home = session.get_one(Pairing, self.ids["pairing"])
            for pairing, slot, mentor in (
                (home, "THIRD_MENTOR", self.away_mentor),
                (self.away_pairing, "TOWNSHIP_MENTOR", self.ids["mentor0"]),
                (self.away_pairing, "VILLAGE_MENTOR", self.away_mentor),
            ):
                self._seat(session, pairing, slot, mentor)
            roster = session.get_one(Roster, self.ids["roster"])
            session.add(
                RosterEntry(
                    roster_id=roster.id,
                    county_id=door.world.divisions[OTHER_COUNTY],
                    mentee_id=self.ids["other_candidate"],
                    position=99,
                    content={"mentee": {"name": "外县人", "code": "520625-00001"}},
                    **BY,
                )
            )
        self.marks = {
            HOME: {"520624-", *(encode_id("ReserveCandidate", key) for key in door.world.candidates)},
            AWAY: {
                "520625-",
                "外县人",
                encode_id("Person", self.ids["other_person"]),
                encode_id("Cadre", self.ids["other_person"]),
                encode_id("ReserveCandidate", self.ids["other_candidate"]),
                encode_id("Mentor", self.away_mentor),
                encode_id("Pairing", self.away_pairing.id),
            },
        }

    def _mentor(self, session: Session) -> UUID:
        county = self.door.world.divisions[OTHER_COUNTY]
        pool = MentorPool(division_id=county, county_id=county, name="乙县帮带导师库", **BY)
        session.add(pool)
        row = person(session, self.door.world, "520625-10001", "外县导师", "520625101201")
        mentor = Mentor(
            person_id=row.id,
            pool_id=pool.id,
            county_id=county,
            category=MentorCategory.VILLAGE_SECRETARY,
            state=MentorState.ACTIVE,
            **BY,
        )
        session.add(mentor)
        session.flush()
        return mentor.id

    def _pairing(self, session: Session, mentee_id: UUID, county_id: UUID) -> Pairing:
        pairing = Pairing(
            program_id=self.ids["program"],
            plan_id=self.ids["plan"],
            mentee_id=mentee_id,
            county_id=county_id,
            state=PairingState.ACTIVE,
            start_date=START,
            end_date=END,
            **BY,
        )
        session.add(pairing)
        session.flush()
        return pairing

    def _seat(self, session: Session, pairing: Pairing, slot: str, mentor_id: UUID) -> None:
        shared: dict[str, Any] = {"mentor_id": mentor_id, "county_id": pairing.county_id, **BY}
        session.add(
            PairingMember(
                pairing_id=pairing.id,
                slot_code=slot,
                state=PairingMemberState.ACTIVE,
                start_date=START,
                **shared,
            )
        )
        session.add(
            PlanItem(
                plan_id=self.ids["plan"],
                mentee_id=pairing.mentee_id,
                slot_code=slot,
                score=1.0,
                contributions=[],
                relation=Relation.SAME_TOWNSHIP,
                travel_minutes=1.0,
                travel_source=TravelSource.TABLE,
                **shared,
            )
        )

    def leaks(self, data: Any, where: str) -> set[str]:
        text = str(data)
        return {mark for mark in self.marks[where] if mark in text}


@pytest.fixture
def tied(database: Database, cipher: PersonalDataCipher) -> Tied:
    return Tied(open_door(database, cipher))


SINGLES = {
    "pairing": ("Pairing", "pairing"),
    "mentor": ("Mentor", "mentor0"),
    "matchRun": ("MatchRun", "run"),
    "matchPlan": ("MatchPlan", "plan"),
    "pairingProgram": ("PairingProgram", "program"),
    "roster": ("Roster", "roster"),
}


def test_nothing_that_a_county_reads_leads_to_people_of_another_county(tied: Tied) -> None:
    """A pairing across the border names the mentor, as the printed roster does, and tells no more."""
    for by in ("county", "approver", "reader", "township"):
        for name in LISTS:
            body = tied.door.ask(document("Query", name), by=by, **arguments_of("Query", name))
            assert tied.leaks(body.get("data"), AWAY) == set(), (by, name)
        for name, (type_name, key) in SINGLES.items():
            body = tied.door.ask(document("Query", name), by=by, id=encode_id(type_name, tied.ids[key]))
            assert tied.leaks(body.get("data"), AWAY) == set(), (by, name)


def test_nothing_that_the_other_county_reads_leads_back(tied: Tied) -> None:
    for name in LISTS:
        body = tied.door.ask(document("Query", name), by="other_county", **arguments_of("Query", name))
        assert tied.leaks(body.get("data"), HOME) == set(), name
    for name, key in (("pairing", tied.away_pairing.id), ("mentor", tied.away_mentor)):
        body = tied.door.ask(document("Query", name), by="other_county", id=encode_id(name.title(), key))
        assert body["data"][name] is not None
        assert tied.leaks(body["data"], HOME) == set(), name


def test_a_mentor_s_other_mentees_stay_behind_the_border(tied: Tied) -> None:
    query = "query($id: ID!) { mentor(id: $id) { pairings { id menteeName mentee { ... on ReserveCandidate {id} } } } }"
    mentor = encode_id("Mentor", tied.ids["mentor0"])
    inside = tied.door.data(query, by="county", id=mentor)["mentor"]["pairings"]
    assert encode_id("Pairing", tied.ids["pairing"]) in {each["id"] for each in inside}
    assert encode_id("Pairing", tied.away_pairing.id) not in {each["id"] for each in inside}
    assert tied.door.data(query, by="other_county", id=mentor)["mentor"] is None


def test_a_mentor_and_a_mentee_read_nothing_beyond_their_own_pairings(tied: Tied) -> None:
    for by, own in (("mentee", "mentee_person"), ("mentor", "mentor_person0")):
        for name in ("viewer", "pairings"):
            body = tied.door.ask(document("Query", name), by=by, **arguments_of("Query", name))
            text = str(body.get("data"))
            others = {
                key: encode_id("Person", value)
                for key, value in tied.ids.items()
                if "person" in key and key != own and encode_id("Person", value) in text
            }
            assert others == {}, (by, name)


def test_a_township_reads_the_people_of_its_own_villages_alone(tied: Tied) -> None:
    county = encode_id("County", tied.door.world.divisions["520624000000"])
    query = """query($id: ID!) { node(id: $id) { ... on County { townships { code villages {
        code reserveCandidates(first: 50) { totalCount nodes { person { code } } } } } } } }"""
    body = tied.door.ask(query, by="township", id=county)
    assert "520624102201" not in str(body.get("data"))
    inside = tied.door.data(query, by="county", id=county)
    assert "520624102201" in str(inside)
    listed = tied.door.data("{reserveCandidates{nodes{village{code}}}}", by="township")["reserveCandidates"]["nodes"]
    assert {each["village"]["code"][:9] for each in listed} == {"520624101"}


def test_the_plan_of_a_prefecture_shows_each_county_its_own_seats(tied: Tied) -> None:
    query = """query($id: ID!) { matchPlan(id: $id) { items(first: 200) { nodes {
      mentee { ... on ReserveCandidate { id } } } } } }"""
    plan = encode_id("MatchPlan", tied.ids["plan"])

    def mentees(by: str) -> set[str]:
        return {str(each["mentee"]) for each in tied.door.data(query, by=by, id=plan)["matchPlan"]["items"]["nodes"]}

    away = encode_id("ReserveCandidate", tied.ids["other_candidate"])
    assert mentees("other_county") == {str({"id": away})}
    assert str({"id": away}) not in mentees("county")
    assert mentees("prefecture") == mentees("county") | mentees("other_county")
