"""Every column of every table says which class of personal data it holds, why none, or who takes the data away."""

import sqlalchemy as sa
from sqlalchemy import Column

from app.db import UtcDateTime
from app.models import metadata
from app.models.columns import Pii
from app.services.privacy.accounts import login_columns
from app.services.privacy.columns import ENCRYPTED_SUFFIX, encrypted_columns
from app.services.privacy.mentions import OF_BOTH, OF_COUNTIES, OF_PROGRAMS

WITHOUT_PERSONAL_DATA = {
    # Access: what accounts and tokens are, not whose.
    "api_token.role": "closed list",
    "api_token.scopes": "closed list",
    "api_token.token_hash": "hash of a random secret",
    "office.explicit_permissions": "closed list",
    "office.role": "closed list",
    "office.valid_from": "period of an office",
    "office.valid_to": "period of an office",
    "user_account.password_hash": "salted hash; gone with the account (accounts.close_access)",
    "user_account.state": "closed list",
    "user_session.secret_hash": "hash of a random secret",
    # The trail, which cannot be changed: ids, codes, counts and logins (app.access.trail refuses numbers).
    "audit_event.action": "closed list",
    "audit_event.actor": "login or label of a token, by which what was done is answered for",
    "audit_event.detail": "ids, codes, counts and stated purposes",
    "audit_event.entry_hash": "checksum",
    "audit_event.previous_hash": "checksum",
    "audit_event.request_id": "id of a request",
    "audit_event.role": "closed list",
    "audit_event.target": "kind of an object and its id or 编号",
    "audit_event.territory_code": "division code",
    "audit_head.entry_hash": "checksum",
    "audit_head.key_fingerprint": "checksum",
    "audit_head.seal": "checksum",
    # Places.
    "division.code": "division code",
    "division.coordinate_source": "closed list",
    "division.kind": "closed list",
    "division.level": "closed list",
    "division.local_label": "kind of a place",
    "division.name": "name of a place",
    "division.terrain": "closed list",
    "division.urban_rural_class": "closed list",
    "division.valid_from": "period of a place",
    "division.valid_to": "period of a place",
    "division_alias.alias": "name of a place",
    "division_alias.normalized_alias": "name of a place",
    "travel_time.source": "name of a data source",
    "village_condition.end_date": "period of a village's condition",
    "village_condition.kind": "closed list",
    "village_condition.start_date": "period of a village's condition",
    "zone.kind": "closed list",
    "zone.name": "name of a place",
    "zone_township.end_date": "period of a zone",
    "zone_township.start_date": "period of a zone",
    # Machines.
    "worker_slot.adopted_by": "name of a worker process",
    "worker_slot.host": "name of a machine",
    "worker_slot.name": "name of a worker process",
    # What programmes, plans and files are about: no single person.
    "appointment.source": "where the row was written: ENTRY or IMPORT",
    "export_job.file_name": "the title of the roster and its version",
    "export_job.file_sha256": "checksum",
    "export_job.form": "closed list",
    "export_job.format": "type of the file",
    "export_job.layout": "closed list",
    "export_job.mask_level": "how the file was masked",
    "export_job.row_order": "closed list",
    "export_job.state": "state of the file",
    "form_text.form": "closed list",
    "form_text.texts": "words of a form",
    "form_text.widths": "widths of columns",
    "import_batch.counts": "counts of rows",
    "import_batch.file_sha256": "checksum",
    "import_batch.mappings": "names of sheets, letters and keys of columns",
    "import_batch.sender_code": "division code",
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
    "import_mapping.sender_code": "division code",
    "import_row.change": "closed list",
    "import_undo.about": "keys of people, codes of divisions, names of pools and zones",
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
    "match_plan.solver_status": "how the solve ended",
    "match_plan.state": "state of the plan",
    "match_plan.weights": "weights of criteria",
    "match_policy.content": "rules and weights",
    "match_policy.fingerprint": "checksum",
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
    "program_slot.name": "name of a slot",
    "reserve_pool.name": "name of a pool",
    "roster.checksum": "checksum",
    "roster.document_no": "number of a document",
    "roster.header": "title, unit and date of a form",
    "roster.kind": "closed list",
    "roster.state": "closed list",
    "roster.title": "title of a form",
    "roster_master.form": "closed list",
    "roster_master.format": "closed list",
    "roster_master.layout": "closed list",
    "roster_master.mask_level": "closed list",
    "roster_master.own_line": "number of an archived file",
    "roster_master.own_short": "number of an archived file",
    "roster_master.row_order": "closed list",
    "roster_master.sha256": "checksum",
    "roster_master.title": "title of a form",
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


HANDLED = {
    # Whoever becomes a pseudonym is taken out of these (app.services.privacy).
    "api_token.label": "accounts.close_access",
    "user_account.login": "accounts.close_access",
    **{str(column): "accounts.close_access" for column in login_columns()},
    **{f"{each.class_.__tablename__}.{each.key}": "mentions" for each in (*OF_BOTH, *OF_COUNTIES, *OF_PROGRAMS)},
}
"""Columns that can name a person, and what clears them of somebody who left."""


def may_hold_texts(column: Column[object]) -> bool:
    """Whether texts, days or objects can stand in a column; instants of the tracking columns apart."""
    if column.foreign_keys or column.name in ("id", "version"):
        return False
    if isinstance(column.type, UtcDateTime):
        return False
    numbers = (sa.Integer, sa.Float, sa.Boolean, sa.Uuid)
    return not isinstance(column.type, numbers)


def test_every_text_day_and_object_carries_its_class_or_a_reason_why_it_has_none_or_is_cleared() -> None:
    assert len(metadata.tables) == 60
    classes = {level.value for level in Pii}
    texts = {str(column): column for table in metadata.tables.values() for column in table.columns}
    texts = {name: column for name, column in texts.items() if may_hold_texts(column)}
    unmarked = {name for name, column in texts.items() if column.info.get("pii") not in classes}
    assert sorted(unmarked - set(WITHOUT_PERSONAL_DATA) - set(HANDLED)) == []
    stale = set(WITHOUT_PERSONAL_DATA) - unmarked
    assert sorted(stale) == [], "marked or gone: take them out of the list"
    assert sorted(set(HANDLED) - set(texts)) == []
    assert set(HANDLED).isdisjoint(WITHOUT_PERSONAL_DATA)


def test_a_new_column_that_nobody_thought_of_is_found() -> None:
    """A text, an object and bytes are looked at; numbers, keys and instants cannot name anybody."""
    table = sa.Table(
        "new_table",
        sa.MetaData(),
        *(sa.Column(name, kind) for name, kind in (("a", sa.String()), ("b", sa.JSON()), ("c", sa.LargeBinary()))),
        *(sa.Column(name, kind) for name, kind in (("id", sa.Uuid()), ("n", sa.Integer()), ("at", UtcDateTime()))),
    )
    assert [column.name for column in table.columns if may_hold_texts(column)] == ["a", "b", "c"]


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
        "import_batch.sheets_encrypted",
        "import_correction.text_encrypted",
        "import_row.content_encrypted",
        "import_source.content_encrypted",
        "import_undo.content_encrypted",
        "pairing_member.note_encrypted",
        "person.id_number_encrypted",
        "person.phone_encrypted",
        "person_flag.note_encrypted",
        "plan_adjustment.reason_encrypted",
        "preference.reason_encrypted",
        "reserve_candidate.exit_reason_encrypted",
    }
