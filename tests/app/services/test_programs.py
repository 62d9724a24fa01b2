"""Programmes and their policy versions."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func
from sqlmodel import Session, select

from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import AppError, DuplicateError, ForbiddenError, InvalidInputError, NotFoundError, PolicyError
from app.models import MatchPolicy, PairingProgram, ProgramSlot
from app.models.vocabulary import MenteeKind, ProgramKind, Role
from app.services.programs import (
    ProgramDraft,
    create_match_policy_version,
    create_pairing_program,
    get_program,
    require_program,
    slots_of,
)
from matching import PRESETS
from tests.app.services.world import World, make_world


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


def draft(world: World) -> ProgramDraft:
    return ProgramDraft(
        division_id=world.places.county.id,
        kind=ProgramKind.TWO_PLUS_ONE,
        mentee_kind=MenteeKind.RESERVE_CANDIDATE,
        name="思南县2025年“2+1”结对帮带",
        year=2025,
        start_date=date(2025, 3, 15),
        preset="TONGREN_2_PLUS_1",
    )


def n_programs(world: World) -> int:
    with world.database.read() as session:
        return session.exec(select(func.count()).select_from(PairingProgram)).one()


def n_policies(world: World) -> int:
    with world.database.read() as session:
        return session.exec(select(func.count()).select_from(MatchPolicy)).one()


def content(**changes: Any) -> dict[str, Any]:
    return PRESETS["TONGREN_2_PLUS_1"].to_json() | changes


def test_a_programme_takes_slots_period_reference_date_and_policy_from_its_preset(world: World) -> None:
    program = run_in_transaction(world.database, lambda s: create_pairing_program(s, world.officer, draft(world)))
    assert (program.start_date, program.end_date) == (date(2025, 3, 15), date(2026, 3, 14))
    assert program.reference_date == date(2025, 3, 1)
    with world.database.read() as session:
        assert [slot.code for slot in slots_of(session, program.id)] == ["TOWNSHIP_MENTOR", "VILLAGE_MENTOR"]
        policy = session.exec(select(MatchPolicy)).one()
    assert policy.policy_version == 1
    assert policy.content == PRESETS["TONGREN_2_PLUS_1"].to_json()
    assert policy.fingerprint == PRESETS["TONGREN_2_PLUS_1"].fingerprint()


def test_a_period_that_starts_on_the_last_of_a_month_ends_before_the_same_day(world: World) -> None:
    late = replace(draft(world), start_date=date(2024, 2, 29))
    program = run_in_transaction(world.database, lambda s: create_pairing_program(s, world.officer, late))
    assert program.end_date == date(2025, 2, 27)


@pytest.mark.parametrize(
    ("changes", "error", "path"),
    [
        ({"preset": "UNKNOWN"}, PolicyError, ("preset",)),
        ({"kind": ProgramKind.ONE_TO_ONE}, PolicyError, ("preset",)),
        ({"mentee_kind": MenteeKind.ASSIGNED_CADRE}, PolicyError, ("menteeKind",)),
        ({"name": "  "}, InvalidInputError, ("name",)),
        ({"end_date": date(2025, 3, 1)}, InvalidInputError, ("endDate",)),
    ],
)
def test_a_faulty_programme_is_refused_at_the_item_and_not_written(
    world: World, changes: dict[str, Any], error: type[AppError], path: tuple[str, ...]
) -> None:
    faulty = replace(draft(world), **changes)
    with pytest.raises(error) as refused:
        run_in_transaction(world.database, lambda s: create_pairing_program(s, world.officer, faulty))
    assert refused.value.path == path
    assert n_programs(world) == n_policies(world) == 0


def test_a_programme_belongs_to_a_county_or_prefecture_in_the_viewers_territory(world: World) -> None:
    for division, error in (
        (world.places.banqiao, InvalidInputError),
        (world.places.foreign_county, NotFoundError),
        (world.places.prefecture, NotFoundError),
    ):
        faulty = replace(draft(world), division_id=division.id)
        with pytest.raises(error):
            run_in_transaction(world.database, lambda s, d=faulty: create_pairing_program(s, world.officer, d))
    assert n_programs(world) == 0


def test_the_same_programme_twice_is_refused(world: World) -> None:
    run_in_transaction(world.database, lambda s: create_pairing_program(s, world.officer, draft(world)))
    with pytest.raises(DuplicateError):
        run_in_transaction(world.database, lambda s: create_pairing_program(s, world.officer, draft(world)))
    assert n_programs(world) == 1


def test_a_reader_cannot_create_a_programme(world: World) -> None:
    with world.database.read() as session:
        reader = world.places.officer(session, Role.READER)
    with pytest.raises(ForbiddenError):
        run_in_transaction(world.database, lambda s: create_pairing_program(s, reader, draft(world)))
    assert n_programs(world) == 0


def test_policy_versions_count_up_and_keep_their_content(world: World) -> None:
    program = run_in_transaction(world.database, lambda s: create_pairing_program(s, world.officer, draft(world)))
    changed = content(weights={"geography": 0.65, "experience": 0.25, "preference": 0.10})
    row = run_in_transaction(
        world.database, lambda s: create_match_policy_version(s, world.officer, program.id, changed, note="就近优先")
    )
    assert (row.policy_version, row.note) == (2, "就近优先")
    assert row.content["weights"]["geography"] == 0.65
    assert n_policies(world) == 2


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"weights": {"geography": -0.1, "experience": 0.5, "preference": 0.5}}, "weights.geography"),
        ({"weights": {"geography": 0, "experience": 0, "preference": 0}}, "weights"),
        ({"weights": {"geography": float("nan"), "experience": 1, "preference": 1}}, "weights.geography"),
        ({"slots": []}, "slots"),
        ({"loadCap": 0}, "loadCap"),
        ({"loadTarget": 3, "loadCap": 2}, "policy"),
        ({"unheardOf": 1}, "unheardOf"),
        ({"slots": [{"code": "OTHER"}, {"code": "VILLAGE_MENTOR"}]}, "slots"),
    ],
)
def test_a_faulty_policy_is_refused_with_the_path_of_the_item(world: World, changes: dict[str, Any], path: str) -> None:
    program = run_in_transaction(world.database, lambda s: create_pairing_program(s, world.officer, draft(world)))
    with pytest.raises(PolicyError) as refused:
        run_in_transaction(
            world.database,
            lambda s: create_match_policy_version(s, world.officer, program.id, content(**changes)),
        )
    assert ".".join(refused.value.path) == f"content.{path}"
    assert path.split(".")[-1] in refused.value.message
    assert n_policies(world) == 1


def test_a_county_officer_reads_a_city_programme_but_does_not_run_it(world: World) -> None:
    with world.database.read() as session:
        city = world.places.officer(session, Role.PREFECTURE_OFFICER, of=world.places.prefecture)
        foreign = world.places.officer(session, of=world.places.foreign_county)
    wide = replace(draft(world), division_id=world.places.prefecture.id)
    program = run_in_transaction(world.database, lambda s: create_pairing_program(s, city, wide))

    def read(session: Session) -> PairingProgram:
        return get_program(session, world.officer, program.id)

    assert run_in_transaction(world.database, read).id == program.id
    with pytest.raises(ForbiddenError, match="more than your territory"):
        run_in_transaction(world.database, lambda s: require_program(s, world.officer, program.id))
    own = run_in_transaction(world.database, lambda s: create_pairing_program(s, world.officer, draft(world)))
    with pytest.raises(NotFoundError):
        run_in_transaction(world.database, lambda s: get_program(s, foreign, own.id))


def test_deleting_nothing_slots_are_unique_per_programme(world: World) -> None:
    run_in_transaction(world.database, lambda s: create_pairing_program(s, world.officer, draft(world)))
    with world.database.read() as session:
        slots = session.exec(select(ProgramSlot)).all()
    assert {(slot.position, slot.code) for slot in slots} == {(0, "TOWNSHIP_MENTOR"), (1, "VILLAGE_MENTOR")}
