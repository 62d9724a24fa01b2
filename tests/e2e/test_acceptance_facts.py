"""The acceptance facts of matching through storage: rows in, run, rows out, on both databases."""

from collections import Counter
from datetime import date
from uuid import UUID

import pytest
from sqlmodel import Session, select

from app.crypto import PersonalDataCipher
from app.db import Database
from app.models import (
    AnnualAppraisal,
    Appointment,
    MatchPlan,
    Mentee,
    Mentor,
    MentorPool,
    PairingProgram,
    Person,
    PlanItem,
    ReserveCandidate,
    ReservePool,
)
from app.models.vocabulary import (
    AppraisalGrade,
    CandidateSource,
    CandidateState,
    MenteeKind,
    MentorCategory,
    MentorState,
    PostKind,
    ProgramKind,
    ReviewLevel,
    TargetPost,
)
from app.services.programs import create_match_policy_version
from matching import PRESETS
from tests.app.services.world import World, make_world

N_CANDIDATES, N_MENTORS = 1216, 2432


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


def store_one_township(session: Session, world: World, *, capacity: int) -> None:
    """Candidates of 桂花村; half the mentors officers of the township, half secretaries of 垌心村: every rule holds."""
    county, stamp = world.places.county.id, {"created_by": "test", "updated_by": "test"}
    pool = ReservePool(county_id=county, name="后备力量库", **stamp)
    mentor_pool = MentorPool(county_id=county, division_id=world.places.banqiao.id, name="帮带导师库", **stamp)
    session.add_all([pool, mentor_pool])
    session.flush()
    persons, mentees, candidates, appointments, appraisals, mentors = [], [], [], [], [], []
    for number in range(N_CANDIDATES + N_MENTORS):
        is_candidate = number < N_CANDIDATES
        is_officer = number % 2 == 0
        home = world.places.guihua if is_candidate else world.places.banqiao if is_officer else world.places.dongxin
        person = Person(
            county_id=county,
            code=f"520624-{number + 1:05d}",
            division_id=home.id,
            name="张三",
            birth_date=date(1985, 5, 1),
            **stamp,
        )
        persons.append(person)
        if is_candidate:
            mentee = Mentee(
                county_id=county,
                kind=MenteeKind.RESERVE_CANDIDATE,
                person_id=person.id,
                village_id=home.id,
                **stamp,
            )
            mentees.append(mentee)
            candidates.append(
                ReserveCandidate(
                    id=mentee.id,
                    county_id=county,
                    person_id=person.id,
                    pool_id=pool.id,
                    target_post=TargetPost.SECRETARY,
                    source=CandidateSource.SURVEYED_LOCAL,
                    review_level=ReviewLevel.PREFECTURE_REVIEWED,
                    state=CandidateState.IN_POOL,
                    **stamp,
                )
            )
            continue
        post = PostKind.TOWNSHIP_OFFICER if is_officer else PostKind.VILLAGE_SECRETARY
        appointments.append(
            Appointment(
                county_id=county,
                person_id=person.id,
                post=post,
                title="干部" if is_officer else "党支部书记",
                division_id=home.id,
                start_date=date(2015, 3, 1),
                is_grassroots=True,
                source="test",
                **stamp,
            )
        )
        appraisals.append(
            AnnualAppraisal(county_id=county, person_id=person.id, year=2024, grade=AppraisalGrade.COMPETENT, **stamp)
        )
        mentors.append(
            Mentor(
                county_id=county,
                person_id=person.id,
                pool_id=mentor_pool.id,
                category=MentorCategory.TOWNSHIP_OFFICER if is_officer else MentorCategory.VILLAGE_SECRETARY,
                capacity=capacity,
                state=MentorState.ACTIVE,
                **stamp,
            )
        )
    for rows in (persons, mentees, candidates, appointments, appraisals, mentors):
        session.add_all(rows)
        session.flush()


def loads(world: World, program: PairingProgram) -> tuple[MatchPlan, Counter[UUID]]:
    run_id = world.run(program)
    with world.database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
        items = session.exec(select(PlanItem).where(PlanItem.plan_id == plan.id)).all()
    assert len({(item.mentee_id, item.slot_code) for item in items}) == len(items)
    return plan, Counter(item.mentor_id for item in items)


@pytest.mark.slow
def test_1216_stored_candidates_fill_2432_seats_with_each_mentor_once(world: World) -> None:
    with world.database.write() as session:
        store_one_township(session, world, capacity=1)
    plan, load = loads(world, world.program())
    assert plan.metrics["n_filled"] == 2432
    assert len(load) == 2432
    assert set(load.values()) == {1}


@pytest.mark.slow
def test_with_capacity_two_the_load_target_keeps_every_stored_mentor_at_one(world: World) -> None:
    with world.database.write() as session:
        store_one_township(session, world, capacity=2)
    program = world.program()
    with world.database.write() as session:
        wider = PRESETS["TONGREN_2_PLUS_1"].to_json() | {"loadCap": 2}
        create_match_policy_version(session, world.officer, program.id, wider)
    plan, load = loads(world, program)
    assert plan.metrics["n_filled"] == 2432
    assert len(load) == 2432
    assert set(load.values()) == {1}


def test_30_assigned_cadres_in_20_villages_get_30_mentors_and_fallbacks_are_reported(world: World) -> None:
    with world.database.write() as session:
        places = world.places
        villages = [
            (places.banqiao, places.guihua),
            (places.banqiao, places.dongxin),
            (places.tangtou, places.qinggang),
            (places.tangtou, places.other_guihua),
        ]
        for number in range(30):
            world.assigned(session, villages[number % 4][1].id)
        for number in range(30):
            # 板桥镇 has two mentors too few, 塘头镇 two to spare.
            township = places.banqiao if number < 14 else places.tangtou
            world.mentor(session, township.id, MentorCategory.RETIRED_CADRE)
    program = world.program(kind=ProgramKind.ONE_TO_ONE, name="思南县2025年导师帮带")
    plan, load = loads(world, program)
    assert plan.metrics["n_filled"] == 30
    assert set(load.values()) == {1}
    assert plan.metrics["n_fallbacks"] == 2
    with world.database.read() as session:
        tiers = Counter(item.tier for item in session.exec(select(PlanItem).where(PlanItem.plan_id == plan.id)))
    assert tiers == {0: 28, 2: 2}
