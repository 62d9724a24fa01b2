"""Compares the lists of a person with a row: posts, needs, appraisals, contact links, and discipline."""

from collections.abc import Hashable, Iterable
from datetime import date

from app.access import covers_division
from app.models import AnnualAppraisal, Person, PersonFlag, VillageLink
from app.models.columns import CountyRow
from app.models.vocabulary import NeedSource, PersonFlagKind, RowChange
from app.services.imports.outcome import Outcome
from app.services.imports.person_facts import POST_LIST_SOURCE, set_needs
from app.services.imports.reconcile import Reconciliation
from app.services.imports.records import PersonRecord, WeightedNeed
from app.services.people import AppointmentDraft, NeedDraft
from app.services.people.candidates import need_key, new_need
from app.services.people.records import appointment_key, assign, authored, new_appointment

IMPORT_SOURCE = "IMPORT"
UNDATED_START = date(1900, 1, 1)
"""Start of links and flags that a workbook states without a date: they count for every reference date until ended."""


def update_lists(run: Reconciliation, person: Person, record: PersonRecord, outcome: Outcome) -> bool:
    """Make the person's lists those that the row gives; a blank cell leaves its list. Whether anything changed."""
    book, author = run.book, run.viewer.subject
    changed = False
    if record.appointments and run.first_given(
        person.id, "career", sorted_keys(map(appointment_key, record.appointments)), outcome
    ):

        def make_post(draft: AppointmentDraft) -> CountyRow:
            return new_appointment(person, draft, source=IMPORT_SOURCE, author=author)

        if run.replace_list(
            book.appointments,
            person.id,
            record.appointments,
            appointment_key,
            appointment_key,
            make_post,
            may_remove=lambda row: record.is_career_complete and row.source != POST_LIST_SOURCE,
        ):
            outcome.changed.add("career")
            changed = True
    if record.needs and run.has_needs_sheet:
        added = Outcome()
        weighted = tuple(WeightedNeed(specialty=need.specialty, weight=need.weight) for need in record.needs)
        set_needs(run, person, weighted, added)
        outcome.problems += added.problems
        if added.change is not RowChange.UNCHANGED:
            outcome.changed.add("needs")
            changed = True
    elif record.needs and run.first_given(person.id, "needs", sorted_keys(map(need_key, record.needs)), outcome):

        def make_need(draft: NeedDraft) -> CountyRow:
            return new_need(person, draft, NeedSource.SURVEY, author)

        if run.replace_list(book.needs, person.id, record.needs, need_key, need_key, make_need):
            outcome.changed.add("needs")
            changed = True
    changed |= _update_appraisals(run, person, record, outcome)
    changed |= _update_links(run, person, record, outcome)
    _update_discipline(run, person, record, outcome)
    return changed


def _update_appraisals(run: Reconciliation, person: Person, record: PersonRecord, outcome: Outcome) -> bool:
    """Set the grades of the years that the sheet has; other years stay."""
    stored = run.book.appraisals.setdefault(person.id, [])
    by_year = {row.year: row for row in stored}
    changed = False
    for item in record.appraisals:
        if not run.first_given(person.id, f"appraisal_{item.year}", item.grade, outcome):
            continue
        row = by_year.get(item.year)
        if row is None:
            row = AnnualAppraisal.made(
                person_id=person.id,
                county_id=person.county_id,
                year=item.year,
                grade=item.grade,
                **authored(run.viewer.subject),
            )
            stored.append(run.book.add(row))
        elif assign(row, {"grade": item.grade}):
            run.touch(row)
        else:
            continue
        outcome.changed.add(f"appraisal_{item.year}")
        changed = True
    return changed


def _update_links(run: Reconciliation, person: Person, record: PersonRecord, outcome: Outcome) -> bool:
    """Open the links that are new and end those that are no longer listed; ended ones stay as history."""
    wanted = {(link.village_id, link.role) for link in record.links}
    if not wanted or not run.first_given(person.id, "linked_villages", wanted, outcome):
        return False
    stored = run.book.links.setdefault(person.id, [])
    is_open = {(row.village_id, row.role): row for row in stored if row.end_date is None or row.end_date > run.today}
    changed = False
    for key, row in is_open.items():
        if key not in wanted:
            row.end_date = run.today
            run.touch(row)
            changed = True
    for village_id, role in sorted(wanted - is_open.keys()):
        was_open = any((row.village_id, row.role) == (village_id, role) for row in stored)
        reopened = next(
            (r for r in stored if (r.village_id, r.role, r.start_date) == (village_id, role, run.today)), None
        )
        if reopened is not None:
            reopened.end_date = None
            run.touch(reopened)
        else:
            row = VillageLink.made(
                person_id=person.id,
                county_id=person.county_id,
                village_id=village_id,
                role=role,
                start_date=run.today if was_open else UNDATED_START,
                **authored(run.viewer.subject),
            )
            stored.append(run.book.add(row))
        changed = True
    if changed:
        outcome.changed.add("linked_villages")
    return changed


def _update_discipline(run: Reconciliation, person: Person, record: PersonRecord, outcome: Outcome) -> None:
    """Begin or end what the row says is in force.

    That is told to nobody, not even to whoever may read it: the rows of a batch and their counts are read by every
    officer of the county, and the counts stand in the trail.
    """
    wanted = record.is_discipline_in_force
    if not covers_division(run.viewer, run.book.county.code):
        return  # entered by the county only: what a township writes there neither sets nor ends anything
    if wanted is None or not run.first_given(person.id, "discipline", wanted, outcome):
        return
    flags = [row for row in run.book.flags.setdefault(person.id, []) if row.kind is PersonFlagKind.DISCIPLINE_IN_FORCE]
    is_open = [row for row in flags if row.end_date is None or row.end_date > run.today]
    if wanted == bool(is_open):
        return
    for row in is_open:
        row.end_date = run.today
        run.touch(row)
    if wanted:
        flag = PersonFlag(
            person_id=person.id,
            county_id=person.county_id,
            kind=PersonFlagKind.DISCIPLINE_IN_FORCE,
            start_date=run.today if flags else UNDATED_START,
            **authored(run.viewer.subject),
        )
        run.book.flags[person.id].append(run.book.add(flag))


def sorted_keys(keys: Iterable[tuple[Hashable, ...]]) -> list[str]:
    """Keys in an order that does not depend on the order of the cell."""
    return sorted(repr(key) for key in keys)
