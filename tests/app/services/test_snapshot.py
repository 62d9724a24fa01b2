"""The facts a run may know: what the bridge from tables to the matching library makes of the rows."""

from datetime import date
from uuid import UUID

import pytest
from sqlmodel import Session, select

from app.crypto import PersonalDataCipher
from app.db import Database
from app.models import AssignedCadre, Division, Mentor, MentorPool, Person, PersonFlag
from app.models.vocabulary import (
    AssignmentState,
    MentorCategory,
    MentorState,
    PersonFlagKind,
    PostKind,
    ProgramKind,
)
from app.services.people import AppointmentDraft, AssignedCadreDraft, create_assigned_cadre
from app.services.snapshot import take_snapshot
from matching.people import mentor_tenths, person_capacity
from matching.policy import PRESETS
from tests.app.services.test_publication import new_plan
from tests.app.services.world import World, make_world, populate


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


def flag(person_id: UUID, county_id: UUID, start: date, end: date | None) -> PersonFlag:
    return PersonFlag(
        person_id=person_id,
        county_id=county_id,
        kind=PersonFlagKind.DISCIPLINE_IN_FORCE,
        start_date=start,
        end_date=end,
        created_by="test",
        updated_by="test",
    )


def test_a_person_in_two_pools_carries_the_load_of_other_programmes_once(world: World) -> None:
    populate(world, n=1)
    world.publish(new_plan(world, world.program()))
    with world.database.write() as session:
        mentor = session.exec(select(Mentor).where(Mentor.category == MentorCategory.TOWNSHIP_OFFICER)).one()
        world.mentor(
            session,
            world.places.banqiao.id,
            MentorCategory.TOWNSHIP_OFFICER,
            pool_id=world.places.county.id,
            person_id=mentor.person_id,
        )
    other = world.program(kind=ProgramKind.ONE_TO_ONE, name="思南县2025年导师帮带")
    with world.database.read() as session:
        facts = take_snapshot(session, other)
    records = [record for record in facts.mentors if record.person_id == str(mentor.person_id)]
    assert len(records) == 2
    assert person_capacity(records, PRESETS["FUSHAN_ONE_TO_ONE"]) == (1, 1)


def test_a_posting_that_ended_does_not_stand_in_the_way_of_the_present_one(world: World) -> None:
    with world.database.write() as session:
        former_id = world.assigned(session, world.places.dongxin.id)
        former = session.get_one(AssignedCadre, former_id)
        former.state = AssignmentState.ENDED
        session.add(former)
        session.flush()
        present = create_assigned_cadre(
            session,
            world.officer,
            AssignedCadreDraft(
                person_id=former.person_id,
                village_id=world.places.guihua.id,
                sending_unit="县农业农村局",
                assigned_from=date(2025, 1, 1),
            ),
        )
        world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER)
    plan = new_plan(world, world.program(kind=ProgramKind.ONE_TO_ONE, name="导师帮带"))
    assert plan.metrics["n_filled"] == 1
    with world.database.read() as session:
        (mentee,) = take_snapshot(session, world.program(kind=ProgramKind.ONE_TO_ONE, name="再次")).mentees
    assert mentee.id == str(present.id)


@pytest.mark.parametrize(
    ("start", "end", "blocks"),
    [
        (date(2024, 6, 1), date(2025, 2, 28), False),
        (date(2024, 6, 1), date(2025, 3, 1), True),
        (date(2024, 6, 1), None, True),
        (date(2025, 6, 1), None, True),
        (date(2026, 3, 1), None, False),
    ],
)
def test_discipline_counts_when_it_touches_the_programme(
    world: World, start: date, end: date | None, blocks: bool
) -> None:
    """The programme runs from 2025-03-01 to 2026-02-28; ages and tenures stand still, discipline does not."""
    populate(world, n=1)
    program = world.program()
    with world.database.write() as session:
        mentor = session.exec(select(Mentor).where(Mentor.category == MentorCategory.TOWNSHIP_OFFICER)).one()
        session.add(flag(mentor.person_id, mentor.county_id, start, end))
    with world.database.read() as session:
        facts = take_snapshot(session, program)
    assert [m.has_discipline_in_force for m in facts.mentors if m.id == str(mentor.id)] == [blocks]


def test_a_place_is_described_by_the_division_in_force(world: World) -> None:
    """One code, renamed and moved within the county in 2024: the row in force at the reference date counts."""
    with world.database.write() as session:
        old = session.get_one(Division, world.places.guihua.id)
        old.latitude, old.longitude, old.valid_to = 27.0, 108.0, date(2024, 5, 31)
        session.add(old)
        values = old.model_dump(exclude={"id", "valid_from", "valid_to", "latitude", "longitude"})
        session.add(Division(**values, valid_from=date(2024, 6, 1), latitude=28.0, longitude=108.5))
        session.add(
            Division(**values, valid_from=date(2019, 1, 1), valid_to=date(2019, 12, 31), latitude=26.0, longitude=107.0)
        )
        world.candidate(session, world.places.dongxin.id)
    program = world.program()
    with world.database.read() as session:
        place = take_snapshot(session, program).geography.places["520624101201"]
    assert (place.latitude, place.longitude) == (28.0, 108.5)


def test_years_in_the_trade_round_half_up_like_all_years(world: World) -> None:
    with world.database.write() as session:
        trade = AppointmentDraft(
            post=PostKind.TRADE,
            title="合作社理事长",
            division_id=world.places.guihua.id,
            start_date=date(2022, 12, 1),
        )
        owner = world.person(session, world.places.guihua.id, trade)
        industry_mentor(session, world, owner)
    with world.database.read() as session:
        (mentor,) = take_snapshot(session, world.program()).mentors
    assert mentor_tenths(mentor) == 23


def industry_mentor(session: Session, world: World, person: Person) -> None:
    pool = MentorPool(
        division_id=world.places.banqiao.id,
        county_id=world.places.county.id,
        name="板桥镇帮带导师库",
        created_by="test",
        updated_by="test",
    )
    session.add(pool)
    session.flush()
    session.add(
        Mentor(
            person_id=person.id,
            pool_id=pool.id,
            county_id=person.county_id,
            category=MentorCategory.INDUSTRY_LEADER,
            state=MentorState.ACTIVE,
            created_by="test",
            updated_by="test",
        )
    )
