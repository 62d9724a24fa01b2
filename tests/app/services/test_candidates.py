"""Reserve candidates and assigned cadres: entering, changing, leaving."""

from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import select

from app.errors import (
    AppError,
    DuplicateError,
    InvalidInputError,
    InvalidStateError,
)
from app.models import (
    DevelopmentNeed,
    Mentee,
    ReservePool,
)
from app.models.vocabulary import (
    CandidateState,
    MenteeKind,
    ReviewLevel,
    Role,
    Specialty,
)
from app.services import people
from tests.app.services.office import Office


def test_a_candidate_enters_the_countys_only_pool(office_on_both: Office) -> None:
    office = office_on_both
    first = office.candidate(
        office.person(), needs=(people.NeedDraft(specialty=Specialty.MEDIATION, weight=2.0),), tags=("头雁",)
    )
    second = office.candidate(office.person(name="李四"), state=CandidateState.COUNTY_VETTED)
    assert first.pool_id == second.pool_id
    assert second.review_level is ReviewLevel.COUNTY_VETTED
    assert [pool.name for pool in office.session.exec(select(ReservePool)).all()] == ["后备力量库"]
    mentee = office.session.get_one(Mentee, first.id)
    assert (mentee.kind, mentee.village_id) == (MenteeKind.RESERVE_CANDIDATE, office.places.guihua.id)
    need = office.session.exec(select(DevelopmentNeed)).one()
    assert (need.person_id, need.specialty, need.weight) == (first.person_id, Specialty.MEDIATION, 2.0)


def test_a_candidate_moves_through_its_life_step_by_step(office: Office) -> None:
    candidate = office.candidate(office.person())
    states = [CandidateState.NOMINATED, CandidateState.TOWNSHIP_SELECTED, CandidateState.COUNTY_VETTED]
    states += [CandidateState.PREFECTURE_REVIEWED, CandidateState.IN_POOL]
    for state in states:
        people.update_reserve_candidate(
            office.session, office.viewer, office.cipher, candidate.id, people.ReserveCandidateChanges(state=state)
        )
    assert (candidate.state, candidate.review_level) == (CandidateState.IN_POOL, ReviewLevel.PREFECTURE_REVIEWED)
    leave = people.ReserveCandidateChanges(
        state=CandidateState.REMOVED, exit_date=date(2025, 6, 1), exit_reason="工作责任心差"
    )
    people.update_reserve_candidate(office.session, office.viewer, office.cipher, candidate.id, leave)
    assert candidate.state is CandidateState.REMOVED
    before = office.counts()
    with pytest.raises(InvalidStateError):
        people.update_reserve_candidate(
            office.session,
            office.viewer,
            office.cipher,
            candidate.id,
            people.ReserveCandidateChanges(state=CandidateState.IN_POOL),
        )
    assert office.counts() == before
    assert candidate.state is CandidateState.REMOVED
    details = [event.detail for event in office.recorded()]
    assert "工作责任心差" not in str(details)


@pytest.mark.parametrize(
    ("changes", "error", "path"),
    [
        (people.ReserveCandidateChanges(state=CandidateState.IN_POOL), InvalidStateError, "state"),
        (people.ReserveCandidateChanges(state=CandidateState.REMOVED), InvalidStateError, "state"),
        (people.ReserveCandidateChanges(exit_reason="别的"), InvalidInputError, "exit_reason"),
        (
            people.ReserveCandidateChanges(needs=(people.NeedDraft(specialty=Specialty.POLICY, weight=0),)),
            InvalidInputError,
            "needs",
        ),
    ],
)
def test_a_faulty_change_of_a_candidate_is_refused(
    office: Office, changes: people.ReserveCandidateChanges, error: type[AppError], path: str
) -> None:
    candidate = office.candidate(office.person())
    before = office.counts()
    with pytest.raises(error) as refusal:
        people.update_reserve_candidate(office.session, office.viewer, office.cipher, candidate.id, changes)
    assert refusal.value.path[0] == path
    assert office.counts() == before
    assert (candidate.state, candidate.version) == (CandidateState.SURVEYED, 1)


@pytest.mark.parametrize("missing", ["exit_date", "exit_reason"])
def test_leaving_the_pool_needs_date_and_reason(office: Office, missing: str) -> None:
    candidate = office.candidate(office.person(), state=CandidateState.IN_POOL)
    given = {"exit_date": date(2025, 6, 1), "exit_reason": "提拔", "state": CandidateState.PROMOTED}
    given.pop(missing)
    with pytest.raises(InvalidInputError) as refusal:
        people.update_reserve_candidate(
            office.session,
            office.viewer,
            office.cipher,
            candidate.id,
            people.ReserveCandidateChanges(**given),  # type: ignore[arg-type]
        )
    assert refusal.value.path == (missing,)
    assert (candidate.state, candidate.version) == (CandidateState.IN_POOL, 1)


def test_a_candidate_needs_a_village_of_the_own_county(office: Office) -> None:
    person = office.person()
    before = office.counts()
    with pytest.raises(InvalidInputError) as refusal:
        office.candidate(person, village_id=office.places.banqiao.id)
    assert refusal.value.path == ("village_id",)
    prefecture = office.places.officer(office.session, Role.PREFECTURE_OFFICER, of=office.places.prefecture)
    with pytest.raises(InvalidInputError):
        replace(office, viewer=prefecture).candidate(person, village_id=office.places.foreign_village.id)
    office.candidate(person)
    with pytest.raises(DuplicateError):
        office.candidate(person)
    assert office.counts()["ReserveCandidate"] == before["ReserveCandidate"] + 1


def test_an_assigned_cadre_is_stored_once_per_village(office: Office) -> None:
    person = office.person()
    draft = people.AssignedCadreDraft(
        person_id=person.id,
        village_id=office.places.guihua.id,
        sending_unit="县财政局",
        assigned_from=date(2024, 5, 1),
        term_end=date(2026, 4, 30),
    )
    cadre = people.create_assigned_cadre(office.session, office.viewer, draft)
    assert office.session.get_one(Mentee, cadre.id).kind is MenteeKind.ASSIGNED_CADRE
    before = office.counts()
    with pytest.raises(DuplicateError):
        people.create_assigned_cadre(office.session, office.viewer, draft)
    with pytest.raises(InvalidInputError) as refusal:
        people.create_assigned_cadre(office.session, office.viewer, replace(draft, term_end=date(2024, 4, 30)))
    assert refusal.value.path == ("term_end",)
    assert office.counts() == before
