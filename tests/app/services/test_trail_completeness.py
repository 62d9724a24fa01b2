"""A county's year through every service that decides something: each decision is one entry, and none names a person."""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from app.access import SYSTEM_VIEWER, create_token
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.http.exports import _hand_out
from app.models import AuditEvent, MatchPlan, Mentor, Pairing, PairingMember, Person, ReserveCandidate, Roster
from app.models.vocabulary import (
    AuditAction,
    CandidateState,
    ExclusionReason,
    ExportForm,
    ExportFormat,
    KinshipRelation,
    MemberEndReason,
    PersonFlagKind,
    Role,
    RunMode,
)
from app.rosters.exporter import ExportDraft
from app.rosters.formtexts import FormTextDraft, reset_form_text, set_form_text
from app.rosters.importer import upload_workbook
from app.services import people as services
from app.services.adjustments import (
    AdjustmentDraft,
    SwapDraft,
    UndoDraft,
    adjust_match_plan,
    undo_plan_adjustment,
)
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
from app.services.exits import CandidateExitDraft, remove_reserve_candidate
from app.services.imports import commit_import, discard_import
from app.services.pairings import EndPairingDraft, end_pairing
from app.services.people.merging import MergePersonsDraft, merge_persons
from app.services.plans import return_match_plan, submit_match_plan
from app.services.programs import create_match_policy_version
from app.services.publication import withdraw_publication
from app.services.roster_edits import EditDraft, RosterEditsDraft, apply_roster_edits
from app.services.runs import RunDraft
from app.services.runs.control import cancel_match_run
from matching.policy import TONGREN_2_PLUS_1
from tests.app.rosters.conftest import mentor_row
from tests.app.services.world import World, make_world, populate
from tests.app.trails import check
from tests.exports import exported
from tests.workbooks import MENTOR_HEADERS, add_sheet, new_workbook, to_bytes

NOW = datetime(2025, 3, 15, 8, tzinfo=UTC)

OF_OTHERS = {
    action
    for action in AuditAction
    if action.name.startswith(("SIGN", "USER", "PASSWORD", "OFFICE", "SESSIONS", "TOKEN_REVOKED"))
} | {
    AuditAction.PERSONAL_DATA_REVEALED,
    AuditAction.PERSONAL_DATA_REVEAL_REFUSED,
    AuditAction.RESTRICTED_DATA_READ,
    AuditAction.PERSON_PSEUDONYMISED,
    AuditAction.RETENTION_APPLIED,
    AuditAction.KEYS_ROTATED,
    AuditAction.BACKUP_MADE,
    AuditAction.DATABASE_RESTORED,
    AuditAction.DATABASE_MIGRATED,
    AuditAction.TRAIL_RESEALED,
    AuditAction.IMPORT_CORRECTED,
    AuditAction.IMPORT_UNDONE,
    AuditAction.IMPORT_MAPPING_CHANGED,
}
"""Recorded by users and sessions, by privacy, by operation and at the desk of imports; their own tests show it."""

RESTRICTED: tuple[type[StrEnum], ...] = (KinshipRelation, ExclusionReason, PersonFlagKind)
"""Closed lists of class A: none of their words may stand in the trail."""


def import_twice(session: Session, world: World, cipher: PersonalDataCipher) -> None:
    for number, finish in ((1, commit_import), (2, discard_import)):
        book = new_workbook()
        add_sheet(book, "导师库", MENTOR_HEADERS, [mentor_row(number)])
        batch = upload_workbook(
            session, world.officer, cipher, county_code="520624", file_name="王小明.xlsx", data=to_bytes(book), now=NOW
        )
        if finish is commit_import:
            commit_import(session, world.officer, cipher, batch.id, now=NOW)
        else:
            discard_import(session, world.officer, batch.id)


def constrain(session: Session, world: World, cipher: PersonalDataCipher, program_id: object) -> None:
    mentee = session.exec(select(ReserveCandidate).order_by(col(ReserveCandidate.id).desc())).first()
    assert mentee is not None
    mentors = session.exec(select(Mentor).order_by(col(Mentor.id))).all()
    pin = PinDraft(program_id=program_id, mentee_id=mentee.id, mentor_id=mentors[0].id, reason="组织决定")  # type: ignore[arg-type]
    remove_pin(session, world.officer, add_pin(session, world.officer, pin).id)
    pair = {"mentee_person_id": mentee.person_id, "mentor_person_id": mentors[0].person_id}
    complaint = ExclusionDraft(**pair, reason=ExclusionReason.COMPLAINT, source="信访件")
    remove_exclusion(session, world.officer, add_exclusion(session, world.officer, cipher, complaint).id)
    veto = PreferenceDraft(
        from_person_id=mentee.person_id,
        to_person_id=mentors[1].person_id,
        rank=0,
        reason="与其有矛盾",
        approved_by="李批准",
    )
    add_preference(session, world.officer, cipher, veto)
    release = RuleReleaseDraft(program_id=program_id, mentee_id=mentee.id, reason="搬迁户")  # type: ignore[arg-type]
    release_rule(session, world.officer, release)


def change_people(session: Session, world: World, cipher: PersonalDataCipher) -> None:
    candidate = session.exec(select(ReserveCandidate)).first()
    mentor = session.exec(select(Mentor)).first()
    assert candidate is not None
    assert mentor is not None
    changes = services.PersonChanges(phone="13912345678", native_place="贵州思南")
    services.update_cadre(session, world.officer, cipher, candidate.person_id, changes)
    services.update_reserve_candidate(
        session, world.officer, cipher, candidate.id, services.ReserveCandidateChanges(tags=("返乡",))
    )
    services.update_mentor(session, world.officer, mentor.id, services.MentorChanges(capacity=2))
    keep, drop = (world.person(session, world.places.guihua.id) for _ in range(2))
    merge = MergePersonsDraft(keep_id=keep.id, drop_id=drop.id, reason="经乡镇核实为同一人")
    merge_persons(session, world.officer, merge)


def take_out(world: World, cipher: PersonalDataCipher, roster_id: UUID, mentee_id: UUID) -> None:
    """Lay down that the roster came back without the first mentor of a mentee."""
    with world.database.read() as session:
        checksum = session.get_one(Roster, roster_id).checksum
        pairs = select(PairingMember.mentor_id).join(Pairing, col(Pairing.id) == col(PairingMember.pairing_id))
        wanted = pairs.where(Pairing.mentee_id == mentee_id, PairingMember.slot_code == "TOWNSHIP_MENTOR")
        former = session.exec(wanted).one()
    edit = EditDraft(mentee_id=mentee_id, slot_code="TOWNSHIP_MENTOR", former_mentor_id=former)
    draft = RosterEditsDraft(roster_id=roster_id, checksum=checksum, edits=(edit,), reason="张三要求更换")
    apply_roster_edits(world.database, world.officer, cipher, draft)


def plan_of(world: World, run_id: object) -> MatchPlan:
    with world.database.read() as session:
        return session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()


def year(world: World, cipher: PersonalDataCipher) -> None:
    """Every decision that officers and approvers can take, from the first import to the withdrawal."""
    database, officer = world.database, world.officer
    run_in_transaction(
        database, lambda s: create_token(s, role=Role.READER, label="reader", division=world.places.county, now=NOW)
    )
    populate(world, n=3)
    run_in_transaction(database, lambda s: world.assigned(s, world.places.guihua.id))
    run_in_transaction(database, lambda s: import_twice(s, world, cipher))
    run_in_transaction(database, lambda s: change_people(s, world, cipher))
    program = world.program()
    policy = TONGREN_2_PLUS_1.to_json() | {"periodMonths": 11}
    run_in_transaction(database, lambda s: create_match_policy_version(s, officer, program.id, policy))
    run_in_transaction(database, lambda s: constrain(s, world, cipher, program.id))
    waiting = world.start(RunDraft(program_id=program.id, mode=RunMode.DRY_RUN))
    run_in_transaction(database, lambda s: cancel_match_run(s, officer, waiting))
    first = plan_of(world, world.run(program))
    with database.read() as session:
        mentees = sorted(session.exec(select(ReserveCandidate.id)))
    swap = SwapDraft(
        mentee_id=mentees[0],
        slot_code="TOWNSHIP_MENTOR",
        other_mentee_id=mentees[1],
        other_slot_code="TOWNSHIP_MENTOR",
    )
    adjusted = adjust_match_plan(
        database, officer, cipher, AdjustmentDraft(plan_id=first.id, changes=(swap,), reason="就近调整")
    )
    undo_plan_adjustment(database, officer, UndoDraft(adjustment_id=adjusted.adjustment_ids[0]))
    run_in_transaction(database, lambda s: submit_match_plan(s, officer, first.id))
    run_in_transaction(database, lambda s: return_match_plan(s, world.approver, first.id, "张三不同意"))
    roster_id = world.publish(plan_of(world, world.run(program, seed=1)), now=NOW)
    export = ExportDraft(roster_id=roster_id, format=ExportFormat.CSV, purpose="报市委组织部备案")
    job_id = exported(database, officer, export, now=NOW).id
    county_id = world.places.county.id
    ledger = ExportDraft(
        form=ExportForm.CANDIDATE_LEDGER, division_id=county_id, format=ExportFormat.CSV, purpose="报市委组织部备案"
    )
    exported(database, officer, ledger, now=NOW)
    words = FormTextDraft(division_id=county_id, form=ExportForm.MENTOR_POOL, texts={"annex": "附件12"}, widths={})
    run_in_transaction(database, lambda s: set_form_text(s, officer, words))
    run_in_transaction(database, lambda s: reset_form_text(s, officer, county_id, ExportForm.MENTOR_POOL))
    run_in_transaction(database, lambda s: _hand_out(s, officer, str(job_id)))
    take_out(world, cipher, roster_id, mentees[2])
    with database.read() as session:
        pairing = session.exec(select(Pairing).where(Pairing.mentee_id == mentees[0])).one()
    ending = EndPairingDraft(pairing_id=pairing.id, reason=MemberEndReason.DISCIPLINE, note="被立案审查")
    run_in_transaction(database, lambda s: end_pairing(s, officer, cipher, ending))
    leaving = CandidateExitDraft(candidate_id=mentees[1], outcome=CandidateState.REMOVED, reason="受到党纪处分")
    run_in_transaction(database, lambda s: remove_reserve_candidate(s, officer, cipher, leaving))
    run_in_transaction(database, lambda s: withdraw_publication(s, world.approver, program.id, "王五举报"))


@pytest.fixture
def events(sqlite_database: Database, cipher: PersonalDataCipher) -> list[AuditEvent]:
    world = make_world(sqlite_database, cipher)
    year(world, cipher)
    assert check(sqlite_database).is_whole
    with sqlite_database.read() as session:
        return list(session.exec(select(AuditEvent).order_by(col(AuditEvent.sequence))))


def test_every_decision_is_one_entry_and_no_entry_says_who_it_is_about(
    events: list[AuditEvent], sqlite_database: Database
) -> None:
    counts = Counter(event.action for event in events)
    often = {
        AuditAction.PERSON_CREATED: 12,
        AuditAction.RESERVE_CANDIDATE_CREATED: 3,
        AuditAction.MENTOR_CREATED: 6,
        AuditAction.IMPORT_UPLOADED: 2,
        AuditAction.RUN_STARTED: 3,
        AuditAction.RUN_FINISHED: 3,
        AuditAction.PLAN_SUBMITTED: 2,
        AuditAction.EXCLUSION_ADDED: 2,
    }
    assert counts == {action: often.get(action, 1) for action in AuditAction if action not in OF_OTHERS}

    told = [json.dumps(event.detail, ensure_ascii=False) + event.target for event in events]
    with sqlite_database.read() as session:
        names = {person.name for person in session.exec(select(Person))}
    secrets = {
        *names,
        "王小明",
        "张三",
        "王五",
        "李批准",
        "信访",
        "矛盾",
        "立案",
        "党纪",
        "搬迁",
        "贵州思南",
        "138",
        "139",
    }
    assert len(names) == 12
    for text in told:
        assert not [secret for secret in secrets if secret in re.sub(r"[0-9a-f-]{32,64}", "", text)], text
        words = [value for enum in RESTRICTED for value in enum if value is not ExclusionReason.OTHER]
        assert not [word for word in (*words, "DISCIPLINE", "HEALTH", "KINSHIP") if word in text], text
    # Every entry lies in the county, but those of the command line.
    county = {event.county_id for event in events if event.actor != SYSTEM_VIEWER.subject}
    assert len(county) == 1
    assert None not in county
    assert {event.territory_code for event in events if event.actor != SYSTEM_VIEWER.subject} == {"520624"}


def test_decisions_say_what_was_before_and_after(events: list[AuditEvent]) -> None:
    found = {event.action: event.detail for event in events}
    policy, program = found[AuditAction.POLICY_CREATED], found[AuditAction.PROGRAM_CREATED]
    assert policy["before"] == program["policy_fingerprint"]
    assert (len(policy["after"]), policy["policy_version"]) == (64, 2)
    steps = [(event.action, event.detail["before"], event.detail["after"]) for event in events if "run" in event.detail]
    assert steps == [
        (AuditAction.PLAN_SUBMITTED, "PROPOSED", "SUBMITTED"),
        (AuditAction.PLAN_RETURNED, "SUBMITTED", "RETURNED"),
        (AuditAction.PLAN_SUBMITTED, "PROPOSED", "SUBMITTED"),
        (AuditAction.PLAN_APPROVED, "SUBMITTED", "APPROVED"),
    ]
    exported, handed = found[AuditAction.ROSTER_EXPORTED], found[AuditAction.EXPORT_DOWNLOADED]
    for name in ("row_count", "purpose", "mask_level", "sha256"):
        assert exported[name] == handed[name]
    assert (exported["row_count"], exported["mask_level"]) == (3, "STANDARD")
    assert found[AuditAction.PIN_ADDED] == found[AuditAction.PIN_REMOVED]
    assert found[AuditAction.EXCLUSION_ADDED] == found[AuditAction.PREFERENCE_ADDED] == {}
