"""Mentors and their pools."""

from datetime import date

import pytest
from sqlmodel import select

from app.errors import (
    InvalidInputError,
    InvalidStateError,
    NotFoundError,
)
from app.models import (
    MentorPool,
    MentorSpecialty,
)
from app.models.vocabulary import (
    MentorState,
    SkillLevel,
    Specialty,
)
from app.services import people
from tests.app.services.office import Office


def test_a_mentor_enters_the_pool_of_the_township(office_on_both: Office) -> None:
    office = office_on_both
    skills = (people.SpecialtyDraft(specialty=Specialty.INDUSTRY, level=SkillLevel.GOOD),)
    first = office.mentor(office.person(), specialties=skills, capacity=2)
    second = office.mentor(office.person(name="李四"))
    assert first.pool_id == second.pool_id
    pool = office.session.exec(select(MentorPool)).one()
    assert (pool.name, pool.division_id) == ("板桥镇帮带导师库", office.places.banqiao.id)
    changes = people.MentorChanges(
        specialties=(people.SpecialtyDraft(specialty=Specialty.INDUSTRY, level=SkillLevel.FAMILIAR),), capacity=None
    )
    people.update_mentor(office.session, office.viewer, first.id, changes, expected_version=1)
    specialty = office.session.exec(select(MentorSpecialty)).one()
    assert (specialty.level, first.capacity, first.version) == (SkillLevel.FAMILIAR, None, 2)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"capacity": -1}, "capacity"),
        ({"trade_years": -0.5}, "trade_years"),
        ({"pool_division_id": None}, "pool_id"),
        ({"available_from": date(2025, 2, 1), "available_to": date(2025, 1, 1)}, "available_to"),
        (
            {"specialties": (people.SpecialtyDraft(specialty=Specialty.POLICY, level=SkillLevel.GOOD),) * 2},
            "specialties",
        ),
    ],
)
def test_a_faulty_mentor_is_refused(office: Office, changes: dict[str, object], path: str) -> None:
    person = office.person()
    before = office.counts()
    with pytest.raises(InvalidInputError) as refusal:
        office.mentor(person, **changes)
    assert refusal.value.path[0] == path
    assert office.counts() == before


def test_a_mentor_pool_stands_in_a_township_or_the_county_of_the_person(office: Office) -> None:
    person = office.person()
    with pytest.raises(InvalidInputError):
        office.mentor(person, pool_division_id=office.places.guihua.id)
    with pytest.raises(NotFoundError):
        office.mentor(person, pool_division_id=office.places.foreign_county.id)
    office.mentor(person, pool_division_id=office.places.county.id)
    assert office.session.exec(select(MentorPool)).one().name == "思南县帮带导师库"


def test_a_removed_mentor_does_not_come_back(office: Office) -> None:
    mentor = office.mentor(office.person())
    for state in (MentorState.SUSPENDED, MentorState.ACTIVE, MentorState.REMOVED):
        people.update_mentor(office.session, office.viewer, mentor.id, people.MentorChanges(state=state))
    before = office.counts()
    with pytest.raises(InvalidStateError):
        people.update_mentor(office.session, office.viewer, mentor.id, people.MentorChanges(state=MentorState.ACTIVE))
    assert mentor.state is MentorState.REMOVED
    assert office.counts() == before
