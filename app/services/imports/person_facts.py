"""Compares rows of posts and of needs with the county's book: they add to the lists of people and villages."""

from typing import Any

from app.access import covers_division
from app.models import Appointment, DevelopmentNeed, Person
from app.models.vocabulary import NeedSource, RowChange
from app.services.imports.outcome import Outcome
from app.services.imports.reconcile import Reconciliation
from app.services.imports.records import AppointmentsRecord, NeedsRecord, PersonListRecord, WeightedNeed
from app.services.people import AppointmentDraft
from app.services.people.records import assign, authored, new_appointment

POST_LIST_SOURCE = "POST_LIST"
"""Where posts of 任职经历表 come from: the career in a roster neither has them all nor removes them."""


def reconcile_facts(run: Reconciliation, record: PersonListRecord, outcome: Outcome) -> None:
    """Add the posts or needs of the row, or change those that are there; nothing is removed."""
    if isinstance(record, AppointmentsRecord):
        person = run.find_reference(record.person, "name", outcome)
        if person is not None:
            for draft in record.posts:
                _post(run, person, draft, outcome)
        return
    if record.person is not None:
        person = run.find_reference(record.person, "name", outcome)
        if person is not None:
            set_needs(run, person, record.needs, outcome)
    _village_needs(run, record, outcome)


def _post(run: Reconciliation, person: Person, draft: AppointmentDraft, outcome: Outcome) -> None:
    stored = run.book.appointments.setdefault(person.id, [])
    found = next((row for row in stored if _same_post(row, draft)), None)
    if found is None:
        row = new_appointment(person, draft, source=POST_LIST_SOURCE, author=run.viewer.subject)
        stored.append(run.book.add(row))
        outcome.change = RowChange.NEW
        return
    # An end that is not given leaves the stored one.
    is_end_new = draft.end_date is not None and run.first_given(
        person.id, f"post_end {found.id}", draft.end_date, outcome
    )
    if is_end_new and assign(found, {"end_date": draft.end_date}):
        run.touch(found)
        outcome.note_change("post_end")


def _same_post(row: Appointment, draft: AppointmentDraft) -> bool:
    return (row.post, row.title, row.organisation, row.division_id, row.start_date) == (
        draft.post,
        draft.title,
        draft.organisation,
        draft.division_id,
        draft.start_date,
    )


def set_needs(run: Reconciliation, person: Person, needs: tuple[WeightedNeed, ...], outcome: Outcome) -> None:
    """Add needs of a person or change their weights."""
    stored = run.book.needs.setdefault(person.id, [])
    for need in needs:
        _set_need(run, stored, need, DevelopmentNeed(person_id=person.id, **_common(run, need)), outcome)


def _village_needs(run: Reconciliation, record: NeedsRecord, outcome: Outcome) -> None:
    if record.village_id is None:
        return
    village = run.book.divisions[record.village_id]
    if not covers_division(run.viewer, village.code):
        outcome.problem("village", "OUTSIDE_TERRITORY")
        return
    outcome.about.add(f"NEEDS {village.id}")
    stored = run.book.village_needs.setdefault(village.id, [])
    for need in record.village_needs:
        _set_need(run, stored, need, DevelopmentNeed(village_id=village.id, **_common(run, need)), outcome)


def _common(run: Reconciliation, need: WeightedNeed) -> dict[str, Any]:
    return {
        "county_id": run.book.county.id,
        "specialty": need.specialty,
        "weight": 1.0 if need.weight is None else need.weight,
        "source": NeedSource.SURVEY,
    } | authored(run.viewer.subject)


def _set_need(
    run: Reconciliation, stored: list[DevelopmentNeed], need: WeightedNeed, new: DevelopmentNeed, outcome: Outcome
) -> None:
    owner = new.person_id or new.village_id
    found = next((row for row in stored if row.specialty is need.specialty), None)
    if found is None:
        stored.append(run.book.add(new))
        outcome.change = RowChange.NEW
    if owner is None or need.weight is None:
        return
    column = "needs" if new.person_id is not None else "village_needs"
    is_first = run.first_given(owner, f"{column} {need.specialty}", need.weight, outcome, column="weight")
    if found is not None and is_first and assign(found, {"weight": need.weight}):
        run.touch(found)
        outcome.note_change("weight")
