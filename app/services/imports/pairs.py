"""Compares rows about two people with the county's book: kinship, exclusions, wishes."""

from typing import Any

from app.access import covers_division
from app.models import Exclusion, KinshipDeclaration, Preference
from app.models.columns import CountyRow
from app.models.vocabulary import RowChange
from app.services.imports.outcome import Outcome
from app.services.imports.reconcile import Reconciliation
from app.services.imports.records import ExclusionRecord, KinshipRecord, PairRecord, PreferenceRecord, kind_of
from app.services.people.records import assign, authored, encrypted_text

PAIR_SOURCE = "IMPORT"


def reconcile_pair(run: Reconciliation, record: PairRecord, outcome: Outcome) -> None:
    """Create or change the row about the two people, both of whom must be known."""
    if not covers_division(run.viewer, run.book.county.code):
        # Before anybody is looked up: whether a person is on file is no answer for a township.
        outcome.problem("a_name", "FORBIDDEN_SHEET")
        return
    a = run.find_reference(record.a, "a_name", outcome)
    b = run.find_reference(record.b, "b_name", outcome)
    if not isinstance(record, PreferenceRecord):
        # A later list of pairs holds up earlier ones, whomever they are about: an undo that is refused for two people,
        # and not for others, would tell who stands in it.
        outcome.about = {kind_of(record).value}
    if a is None or b is None:
        outcome.change = RowChange.REJECTED
        return
    if a.id == b.id:
        outcome.problem("b_name", "SAME_PERSON")
        return
    is_symmetric = isinstance(record, KinshipRecord)
    if not run.is_first_pair(type(record), frozenset((a.id, b.id)) if is_symmetric else (a.id, b.id)):
        outcome.problem("b_name", "DUPLICATE_PAIR")
        return
    book, author = run.book, run.viewer.subject
    common: dict[str, Any] = {"county_id": book.county.id} | authored(author)
    values: dict[str, Any]
    stored: CountyRow | None
    if isinstance(record, KinshipRecord):
        values = {"relation": record.relation}
        key = frozenset((a.id, b.id))
        stored = book.kinships.get(key)
        if stored is None:
            book.kinships[key] = book.add(
                KinshipDeclaration(person_a_id=a.id, person_b_id=b.id, source=PAIR_SOURCE, **values, **common)
            )
    elif isinstance(record, ExclusionRecord):
        values = {"reason": record.reason}
        stored = book.exclusions.get((a.id, b.id))
        if stored is None:
            book.exclusions[a.id, b.id] = book.add(
                Exclusion(
                    mentee_person_id=a.id,
                    mentor_person_id=b.id,
                    source_encrypted=book.cipher.encrypt(PAIR_SOURCE),
                    **values,
                    **common,
                )
            )
    else:
        stored = book.preferences.get((a.id, b.id))
        values = {"rank": record.rank}
        if record.approved_by is not None:
            values["approved_by"] = record.approved_by
        if record.reason is not None:
            known = None if stored is None else stored.reason_encrypted
            values["reason_encrypted"] = encrypted_text(book.cipher, record.reason, known)
        if stored is None:
            book.preferences[a.id, b.id] = book.add(
                Preference(from_person_id=a.id, to_person_id=b.id, **values, **common)
            )
    is_changed = stored is not None and bool(assign(stored, values))
    if stored is not None and is_changed:
        run.touch(stored)
    if not isinstance(record, PreferenceRecord):
        # Whoever guesses two people must not learn from the preview whether a declaration about them is on file.
        outcome.change = RowChange.RECORDED
    elif stored is None:
        outcome.change = RowChange.NEW
    elif is_changed:
        outcome.change = RowChange.CHANGED
