"""Pins, exclusions, preferences and released rules."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func
from sqlmodel import select

from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import DuplicateError, ForbiddenError, InvalidInputError, NotFoundError, PinClashError
from app.models import Exclusion, KinshipDeclaration, Mentee, Mentor, PairingProgram, Pin, PlanItem, Preference
from app.models.vocabulary import ExclusionReason, KinshipRelation, MentorCategory, ProgramKind, Role
from app.services.constraints import (
    ExclusionDraft,
    PinDraft,
    PreferenceDraft,
    RuleReleaseDraft,
    add_exclusion,
    add_pin,
    add_preference,
    release_rule,
    remove_exclusion,
    remove_pin,
)
from tests.app.services.world import World, make_world, populate


@pytest.fixture
def world(sqlite_database: Database, cipher: PersonalDataCipher) -> World:
    made = make_world(sqlite_database, cipher)
    populate(made, n=1)
    return made


def people(world: World) -> tuple[Mentee, Mentor, Mentor]:
    with world.database.read() as session:
        mentee = session.exec(select(Mentee)).one()
        by_category = {mentor.category: mentor for mentor in session.exec(select(Mentor))}
    return mentee, by_category[MentorCategory.TOWNSHIP_OFFICER], by_category[MentorCategory.VILLAGE_SECRETARY]


def pin_draft(world: World, program: PairingProgram, **changes: object) -> PinDraft:
    mentee, officer, _ = people(world)
    made = PinDraft(
        program_id=program.id, mentee_id=mentee.id, mentor_id=officer.id, slot_code="TOWNSHIP_MENTOR", reason="组织决定"
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def add(world: World, draft: PinDraft) -> UUID:
    return run_in_transaction(world.database, lambda s: add_pin(s, world.officer, draft)).id


def n_pins(world: World) -> int:
    with world.database.read() as session:
        return session.exec(select(func.count()).select_from(Pin)).one()


def test_a_pin_can_be_added_and_removed(world: World) -> None:
    pin_id = add(world, pin_draft(world, world.program()))
    assert n_pins(world) == 1
    run_in_transaction(world.database, lambda s: remove_pin(s, world.officer, pin_id))
    assert n_pins(world) == 0
    with pytest.raises(NotFoundError):
        run_in_transaction(world.database, lambda s: remove_pin(s, world.officer, pin_id))


def test_a_second_pin_on_the_same_seat_is_refused_by_code(world: World) -> None:
    program = world.program()
    _, officer, secretary = people(world)
    add(world, pin_draft(world, program))
    with pytest.raises(PinClashError, match=r"slot of mentee 520624-00001 is pinned to mentor 520624-00002"):
        add(world, pin_draft(world, program, mentor_id=secretary.id))
    with pytest.raises(DuplicateError):
        add(world, pin_draft(world, program, mentor_id=officer.id, slot_code=None))
    assert n_pins(world) == 1


def test_more_pins_than_slots_are_refused(world: World) -> None:
    program = world.program()
    _, _, secretary = people(world)
    first = pin_draft(world, program, slot_code=None)
    with world.database.write() as session:
        third = world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER)
    add(world, first)
    add(world, replace(first, mentor_id=secretary.id))
    with pytest.raises(PinClashError, match="All 2 slots"):
        add(world, replace(first, mentor_id=third.id))
    assert n_pins(world) == 2


def test_a_pin_on_kin_is_refused_without_telling_why(world: World) -> None:
    program = world.program()
    mentee, officer, _ = people(world)
    with world.database.write() as session:
        session.add(
            KinshipDeclaration(
                county_id=mentee.county_id,
                person_a_id=officer.person_id,
                person_b_id=mentee.person_id,
                relation=KinshipRelation.SPOUSE,
                source="test",
                created_by="test",
                updated_by="test",
            )
        )
    with pytest.raises(PinClashError, match="avoidance") as refused:
        add(world, pin_draft(world, program))
    assert "KINSHIP" not in refused.value.message
    assert "亲属" not in refused.value.message_zh
    assert n_pins(world) == 0


def test_pins_name_slots_mentees_and_mentors_that_exist(world: World) -> None:
    program = world.program()
    one_to_one = world.program(kind=ProgramKind.ONE_TO_ONE, name="导师帮带")
    with pytest.raises(InvalidInputError, match="no slot 'THIRD'"):
        add(world, pin_draft(world, program, slot_code="THIRD"))
    with pytest.raises(NotFoundError):
        add(world, pin_draft(world, program, mentee_id=uuid4()))
    with pytest.raises(NotFoundError):
        add(world, pin_draft(world, program, mentor_id=uuid4()))
    with pytest.raises(NotFoundError, match="has no mentee"):
        add(world, pin_draft(world, one_to_one, slot_code="MENTOR"))
    with pytest.raises(InvalidInputError, match="reason"):
        add(world, pin_draft(world, program, reason=" "))
    assert n_pins(world) == 0


def test_an_excluded_pair_is_never_formed_and_may_be_allowed_again(world: World) -> None:
    program = world.program()
    mentee, officer, _ = people(world)
    draft = ExclusionDraft(
        mentee_person_id=mentee.person_id,
        mentor_person_id=officer.person_id,
        reason=ExclusionReason.COMPLAINT,
        source="信访",
    )
    exclusion = run_in_transaction(world.database, lambda s: add_exclusion(s, world.officer, world.cipher, draft))
    with pytest.raises(DuplicateError):
        run_in_transaction(world.database, lambda s: add_exclusion(s, world.officer, world.cipher, draft))
    world.run(program)
    with world.database.read() as session:
        assert officer.id not in {item.mentor_id for item in session.exec(select(PlanItem))}
    run_in_transaction(world.database, lambda s: remove_exclusion(s, world.officer, exclusion.id))
    with world.database.read() as session:
        assert session.exec(select(Exclusion)).all() == []


def test_a_veto_needs_a_reason_and_an_approver(world: World) -> None:
    mentee, officer, _ = people(world)
    draft = PreferenceDraft(from_person_id=mentee.person_id, to_person_id=officer.person_id, rank=0)
    for faulty, field in (
        (draft, "reason"),
        (replace(draft, reason="有矛盾"), "approvedBy"),
        (replace(draft, rank=4), "rank"),
        (replace(draft, rank=1, to_person_id=mentee.person_id), "toPersonId"),
    ):
        with pytest.raises(InvalidInputError) as refused:
            run_in_transaction(world.database, lambda s, d=faulty: add_preference(s, world.officer, world.cipher, d))
        assert refused.value.path == (field,)
    with world.database.read() as session:
        assert session.exec(select(Preference)).all() == []
    wish = replace(draft, rank=1)
    run_in_transaction(world.database, lambda s: add_preference(s, world.officer, world.cipher, wish))
    with pytest.raises(DuplicateError):
        run_in_transaction(world.database, lambda s: add_preference(s, world.officer, world.cipher, wish))


def test_a_released_township_rule_opens_the_seat_and_is_reported_as_fallback(world: World) -> None:
    with world.database.write() as session:
        candidate = world.candidate(session, world.places.qinggang.id)
        for _ in range(2):
            world.mentor(session, world.places.banqiao.id, MentorCategory.TOWNSHIP_OFFICER)
    program = world.program()
    draft = RuleReleaseDraft(program_id=program.id, mentee_id=candidate.id, reason="本镇无人选")
    run_in_transaction(world.database, lambda s: release_rule(s, world.officer, draft))
    with pytest.raises(DuplicateError):
        run_in_transaction(world.database, lambda s: release_rule(s, world.officer, draft))
    with pytest.raises(InvalidInputError, match="cannot be released"):
        run_in_transaction(world.database, lambda s: release_rule(s, world.officer, replace(draft, rule="KINSHIP")))
    world.run(program)
    with world.database.read() as session:
        released = [item for item in session.exec(select(PlanItem)) if item.is_released]
    assert [(item.mentee_id, item.slot_code, item.tier) for item in released] == [(candidate.id, "TOWNSHIP_MENTOR", 2)]


def test_township_officers_cannot_pin_and_foreign_officers_see_nobody(world: World) -> None:
    program = world.program()
    draft = pin_draft(world, program)
    with world.database.read() as session:
        township = world.places.officer(session, Role.TOWNSHIP_OFFICER, of=world.places.banqiao)
        foreign = world.places.officer(session, of=world.places.foreign_county)
    with pytest.raises(ForbiddenError):
        run_in_transaction(world.database, lambda s: add_pin(s, township, draft))
    with pytest.raises(NotFoundError):
        run_in_transaction(world.database, lambda s: add_pin(s, foreign, draft))
    assert n_pins(world) == 0
