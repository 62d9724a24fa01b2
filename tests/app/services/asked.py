"""A county with a plan of a real run, its seats short of one officer, for questions about it."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlmodel import Session, select

from app.crypto import PersonalDataCipher
from app.db import Database
from app.models import (
    Exclusion,
    KinshipDeclaration,
    MatchPlan,
    Mentee,
    Mentor,
    PairingProgram,
    Person,
    PersonFlag,
    ReserveCandidate,
)
from app.models.vocabulary import (
    ExclusionReason,
    KinshipRelation,
    MentorCategory,
    PersonFlagKind,
    ReviewLevel,
    RunMode,
)
from app.services.questions.warm import WARM_PLANS
from tests.app.services.world import World, make_world
from tests.stock import furnish

TOWNSHIP_SLOT, VILLAGE_SLOT = "TOWNSHIP_MENTOR", "VILLAGE_MENTOR"
BY = {"created_by": "test", "updated_by": "test"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Two candidates of 板桥镇 (``a``, ``c``) and one of 塘头镇 (``b``); ``e`` is not reviewed far enough.

    Officers ``ta`` and ``tb`` serve their townships, ``d`` of 板桥镇 stands under discipline. Secretaries ``va`` of
    板桥镇 and ``vb`` of 塘头镇 may serve anybody; ``k`` of 板桥镇 is kin of ``c`` and excluded with ``a``.
    """

    world: World
    program: PairingProgram
    ids: dict[str, UUID]
    codes: dict[str, str]
    run_id: UUID
    plan_id: UUID


def make_asked(database: Database, cipher: PersonalDataCipher, *, mode: RunMode = RunMode.FINAL) -> Asked:
    """The county, its people and the plan of one run."""
    name = f"asked about {mode}, under {cipher.keyed_hash('template', 'name of templates')}"
    # The plan of every copy has the same id, and what was worked out for another test's must not answer here.
    WARM_PLANS._plans.clear()
    asked = furnish(database, name, lambda each: _run(each, cipher, mode))
    return replace(asked, world=replace(asked.world, database=database))


def _run(database: Database, cipher: PersonalDataCipher, mode: RunMode) -> Asked:
    world = make_world(database, cipher)
    places = world.places
    officer, secretary = MentorCategory.TOWNSHIP_OFFICER, MentorCategory.VILLAGE_SECRETARY
    with database.write() as session:
        people: dict[str, ReserveCandidate | Mentor] = {
            "a": world.candidate(session, places.guihua.id),
            "b": world.candidate(session, places.qinggang.id),
            "c": world.candidate(session, places.guihua.id),
            "e": world.candidate(session, places.guihua.id, review_level=ReviewLevel.TOWNSHIP_SELECTED),
            "ta": world.mentor(session, places.banqiao.id, officer),
            "tb": world.mentor(session, places.tangtou.id, officer),
            "d": world.mentor(session, places.banqiao.id, officer),
            "va": world.mentor(session, places.dongxin.id, secretary, pool_id=places.banqiao.id),
            "vb": world.mentor(session, places.other_guihua.id, secretary, pool_id=places.tangtou.id),
            "k": world.mentor(session, places.dongxin.id, secretary, pool_id=places.banqiao.id),
        }
        persons = {name: _person(session, each) for name, each in people.items()}
        county = {"county_id": places.county.id, **BY}
        kin = sorted((persons["c"].id, persons["k"].id))
        session.add(
            KinshipDeclaration(
                person_a_id=kin[0], person_b_id=kin[1], relation=KinshipRelation.LINEAL, source="申报", **county
            )
        )
        session.add(
            Exclusion(
                mentee_person_id=persons["a"].id,
                mentor_person_id=persons["k"].id,
                reason=ExclusionReason.CONFLICT,
                source_encrypted=world.cipher.encrypt("组织"),
                **county,
            )
        )
        session.add(
            PersonFlag(
                person_id=persons["d"].id,
                kind=PersonFlagKind.DISCIPLINE_IN_FORCE,
                start_date=date(2024, 6, 1),
                **county,
            )
        )
    program = world.program()
    run_id = world.run(program, mode=mode)
    with database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
    return Asked(
        world=world,
        program=program,
        ids={name: each.id for name, each in people.items()},
        codes={name: person.code for name, person in persons.items()},
        run_id=run_id,
        plan_id=plan.id,
    )


def _person(session: Session, each: ReserveCandidate | Mentor) -> Person:
    if isinstance(each, ReserveCandidate):
        return session.get_one(Person, session.get_one(Mentee, each.id).person_id)
    return session.get_one(Person, each.person_id)
