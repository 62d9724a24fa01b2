"""Compares rows of the table of divisions with the stored ones: new ones, renamed, revoked and re-coded ones."""

from datetime import date, timedelta
from typing import Any

from app.access import Permission
from app.models import Division, DivisionPredecessor
from app.models.vocabulary import CoordinateSource, DivisionLevel, RowChange
from app.services.imports.outcome import Outcome
from app.services.imports.place_book import PlaceBook, is_in_force
from app.services.imports.reconcile import Reconciliation
from app.services.imports.records import DivisionRowRecord
from app.services.people.records import assign, stamp
from app.services.place_names import division_kind, local_label, short_names
from app.services.places import DivisionRecord, new_division

_LONG_AGO = date(1900, 1, 1)
"""First day of a revoked division of which only the last day is known."""


_COLUMN_OF = {
    "name": "division_name",
    "kind": "division_name",
    "local_label": "division_name",
    "valid_from": "valid_from",
    "valid_to": "valid_to",
    "latitude": "latitude",
    "longitude": "longitude",
    "coordinate_source": "coordinate_system",
}


def reconcile_division(
    run: Reconciliation, places: PlaceBook, record: DivisionRowRecord, address: str, outcome: Outcome
) -> None:
    """Create or change the division of the row's code; its old names stay as aliases."""
    if not run.viewer.may(Permission.RUN):
        outcome.problem("code", "COUNTY_SHEET")
        return
    first = places.rows_by_code.setdefault(record.code, address)
    if first != address:
        outcome.problem("code", "DUPLICATE_CODE", options=first)
        return
    division = places.find_division(record.code)
    if division is None:
        division = _create(run, places, record, outcome)
    else:
        _update(run, places, division, record, outcome)
    if division is None:
        return
    names = [*record.aliases, *short_names(division.level, division.name, places.county.name)]
    is_named = [places.add_alias(division, name) for name in names]
    if any(is_named):
        outcome.note_change("aliases")
    if record.former_code is not None and _link(run, places, division, record, outcome):
        outcome.note_change("former_code")
    if not is_in_force(division, run.today):
        _warn_of_people(run, division, "valid_to", outcome)


def _create(run: Reconciliation, places: PlaceBook, record: DivisionRowRecord, outcome: Outcome) -> Division | None:
    parent = places.find_division(record.parent_code) if record.parent_code is not None else None
    if parent is None:
        outcome.problem("code", "DIVISION_NOT_ON_FILE")
        return None
    start = record.valid_from or (_LONG_AGO if record.valid_to is not None else run.today)
    draft = DivisionRecord(
        code=record.code,
        name=record.name,
        level=record.level,
        parent_code=record.parent_code,
        valid_from=start,
        valid_to=record.valid_to,
        latitude=record.latitude,
        longitude=record.longitude,
        coordinate_source=CoordinateSource.UPLOADED if record.latitude is not None else None,
    )
    division = places.add(new_division(run.viewer, draft, {parent.code: parent}))
    places.index(division)
    outcome.change = RowChange.NEW
    return division


def _update(
    run: Reconciliation, places: PlaceBook, division: Division, record: DivisionRowRecord, outcome: Outcome
) -> None:
    values: dict[str, Any] = {}
    former_name = division.name
    if record.name != former_name:
        kind = division_kind(division.level, record.name, division.code)
        label = local_label(division.level, kind, record.name)
        values |= {"name": record.name, "kind": kind, "local_label": label}
    if record.valid_from is not None:
        values["valid_from"] = record.valid_from
    if record.valid_to is not None:
        values["valid_to"] = record.valid_to
    if record.latitude is not None:
        values["latitude"], values["longitude"] = record.latitude, record.longitude
        values["coordinate_source"] = CoordinateSource.UPLOADED
    if (values.get("valid_to") or division.valid_to or date.max) < (values.get("valid_from") or division.valid_from):
        outcome.problem("valid_to", "REVERSED_PERIOD")
        return
    changed = assign(division, values)
    if changed:
        if all(division is not row for row in places.added):
            stamp(division, run.viewer)
        outcome.note_change(*(_COLUMN_OF[name] for name in changed))
        if "name" in values:
            places.add_alias(division, former_name)


def _link(
    run: Reconciliation, places: PlaceBook, division: Division, record: DivisionRowRecord, outcome: Outcome
) -> bool:
    """Note what the division came from, which ends the day before it begins; whether that is new."""
    former = places.find_division(record.former_code or "")
    if former is None:
        outcome.problem("former_code", "DIVISION_NOT_ON_FILE")
        return False
    is_changed = places.add_alias(division, former.name)
    if (division.id, former.id) not in places.predecessors:
        places.predecessors.add((division.id, former.id))
        places.add(DivisionPredecessor(division_id=division.id, predecessor_id=former.id))
        is_changed = True
    if former.valid_to is None:
        former.valid_to = max(former.valid_from, division.valid_from - timedelta(days=1))
        if all(former is not row for row in places.added):
            stamp(former, run.viewer)
        is_changed = True
    _warn_of_people(run, former, "former_code", outcome)
    return is_changed


def _warn_of_people(run: Reconciliation, division: Division, column: str, outcome: Outcome) -> None:
    book = run.book
    is_used = any(person.division_id == division.id for person in book.persons.values()) or any(
        mentee.village_id == division.id for mentee in book.mentees.values()
    )
    if is_used and division.level is not DivisionLevel.COUNTY:
        outcome.problem(column, "REVOKED_DIVISION_IN_USE")
