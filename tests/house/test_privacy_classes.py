"""Every column of people, pairings, runs and rosters says which class of personal data it holds, or why none."""

import sqlalchemy as sa
from sqlalchemy import Column
from sqlmodel import SQLModel

from app.db import UtcDateTime
from app.models import imports, metadata, pairing, people, rosters, runs
from app.models.columns import Pii
from app.services.privacy.columns import ENCRYPTED_SUFFIX, encrypted_columns

SLICES = {module.__name__ for module in (imports, pairing, people, rosters, runs)}
WITHOUT_PERSONAL_DATA = {
    # What programmes, plans and files are about: no single person.
    "appointment.source": "where the row was written: ENTRY or IMPORT",
    "export_job.file_name": "the title of the roster and its version",
    "export_job.file_sha256": "checksum",
    "export_job.format": "type of the file",
    "export_job.mask_level": "how the file was masked",
    "export_job.purpose": "an occasion; refused where it holds a personal number",
    "export_job.state": "state of the file",
    "import_batch.counts": "counts of rows",
    "import_batch.file_name": "name of a county's workbook",
    "import_batch.file_sha256": "checksum",
    "import_batch.mappings": "names of sheets, letters and keys of columns",
    "import_batch.sender_code": "code of a division",
    "import_batch.state": "state of the file",
    "import_correction.cell": "address",
    "import_correction.sheet": "name of a sheet",
    "import_issue.cell": "address",
    "import_issue.code": "closed list",
    "import_issue.column_key": "key of a column",
    "import_issue.message": "sentence of a closed list, without the value of the cell",
    "import_issue.message_zh": "the same in Chinese",
    "import_issue.severity": "closed list",
    "import_issue.sheet": "name of a sheet",
    "import_mapping.column_key": "key of a column",
    "import_mapping.header": "header of a column that somebody named",
    "import_mapping.kind": "kind of the sheet",
    "import_mapping.sender_code": "code of a division",
    "import_row.change": "closed list",
    "import_row.changed_columns": "keys of columns",
    "import_row.kind": "kind of the sheet",
    "import_row.sheet": "name of a sheet",
    "kinship_declaration.source": "where the row was written: IMPORT",
    "match_plan.curve": "figures of a plan",
    "match_plan.label": "which plan of the run",
    "match_plan.levels": "figures of a plan",
    "match_plan.levels_by_policy": "figures of a plan",
    "match_plan.method": "how the plan was made",
    "match_plan.metrics": "figures of a plan; the lowest teams by internal id",
    "match_plan.return_reason": "about a plan as a whole",
    "match_plan.solver_status": "how the solve ended",
    "match_plan.state": "state of the plan",
    "match_plan.weights": "weights of criteria",
    "match_plan.withdraw_reason": "about a publication as a whole",
    "match_policy.content": "rules and weights",
    "match_policy.fingerprint": "checksum",
    "match_policy.note": "about a policy",
    "match_run.idempotency_key": "key of a request",
    "match_run.levels": "figures of a plan",
    "match_run.messages": "remarks by 编号; avoidance stands for class A (avoidance.public_warning)",
    "match_run.mode": "closed list",
    "match_run.presets": "names of weights",
    "match_run.solver": "name of a solver",
    "match_run.solver_status": "closed list",
    "match_run.stage_seconds": "times",
    "match_run.state": "closed list",
    "match_share.counties": "division codes",
    "match_share.kind": "closed list",
    "match_share.progress": "figures of a solve",
    "match_snapshot.hash": "checksum",
    "mentor_pool.name": "name of a pool",
    "pairing.agreement_no": "number of a document",
    "pairing_member.slot_code": "which slot",
    "pairing_program.document_no": "number of a document",
    "pairing_program.end_date": "period of a programme",
    "pairing_program.kind": "closed list",
    "pairing_program.mentee_kind": "closed list",
    "pairing_program.name": "name of a programme",
    "pairing_program.reference_date": "day of a programme",
    "pairing_program.start_date": "period of a programme",
    "pin.slot_code": "which slot",
    "plan_adjustment.kind": "closed list",
    "plan_adjustment.other_slot_code": "which slot",
    "plan_adjustment.slot_code": "which slot",
    "plan_item.anchor_code": "division code",
    "plan_item.relation": "closeness of two places",
    "plan_item.slot_code": "which slot",
    "plan_item.travel_source": "where minutes came from",
    "plan_origin.content": "links and figures of a plan, by internal id",
    "plan_repair.offers": "counts",
    "program_slot.code": "which slot",
    "program_slot.duties": "about a slot",
    "program_slot.name": "name of a slot",
    "reserve_pool.name": "name of a pool",
    "roster.checksum": "checksum",
    "roster.document_no": "number of a document",
    "roster.header": "title, unit and date of a form",
    "roster.kind": "closed list",
    "roster.state": "closed list",
    "roster.title": "title of a form",
    "rule_release.rule": "which rule",
    "shortfall.slot_code": "which slot",
}
CLEAR_OF_A_AND_B = {
    # Codes and dates that must be findable, and contents by internal id (see ``Pii``); of the home, the division.
    "exclusion.reason", "kinship_declaration.relation", "match_share.content", "match_share.result",
    "match_snapshot.content", "pairing_member.end_reason", "person.residence_division_id", "person_flag.end_date",
    "person_flag.kind",
    "person_flag.start_date", "plan_repair.added", "plan_repair.ended", "plan_repair.mentees", "plan_repair.mentors",
    "shortfall.reasons",
}  # fmt: skip


def tables_of_people() -> set[str]:
    """The tables of the four slices."""
    found, classes = set(), [SQLModel]
    while classes:
        each = classes.pop()
        classes += each.__subclasses__()
        if each.__module__ in SLICES and hasattr(each, "__table__"):
            found.add(each.__table__.name)
    return found


def may_hold_texts(column: Column[object]) -> bool:
    """Whether texts, days or objects can stand in a column; accounts and instants of the tracking columns apart."""
    if column.foreign_keys or column.name in ("id", "version") or column.name.endswith("_by"):
        return False
    if isinstance(column.type, UtcDateTime):
        return False
    numbers = (sa.Integer, sa.Float, sa.Boolean, sa.Uuid)
    return not isinstance(column.type, numbers)


def test_every_text_day_and_object_carries_its_class_or_a_reason_why_it_has_none() -> None:
    tables = tables_of_people()
    assert len(tables) == 43
    classes = {level.value for level in Pii}
    unmarked = {
        f"{name}.{column.name}"
        for name in tables
        for column in metadata.tables[name].columns
        if may_hold_texts(column) and column.info.get("pii") not in classes
    }
    assert sorted(unmarked - set(WITHOUT_PERSONAL_DATA)) == []
    stale = set(WITHOUT_PERSONAL_DATA) - unmarked
    assert sorted(stale) == [], "marked or gone: take them out of the list"


def test_free_texts_of_class_a_and_all_of_class_b_are_stored_encrypted_or_hashed_or_masked() -> None:
    clear = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if column.info.get("pii") in ("A", "B") and not column.name.endswith((ENCRYPTED_SUFFIX, "_hash", "_masked"))
    }
    assert clear == CLEAR_OF_A_AND_B


def test_the_encrypted_columns_are_these() -> None:
    found = {f"{table.name}.{each.column.name}" for table, columns in encrypted_columns().items() for each in columns}
    assert found == {
        "exclusion.note_encrypted",
        "exclusion.source_encrypted",
        "import_row.content_encrypted",
        "pairing_member.note_encrypted",
        "person.id_number_encrypted",
        "person.phone_encrypted",
        "person_flag.note_encrypted",
        "plan_adjustment.reason_encrypted",
        "preference.reason_encrypted",
        "reserve_candidate.exit_reason_encrypted",
    }
