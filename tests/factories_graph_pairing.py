"""The second half of the small county: a programme with a published plan, its pairings and its roster."""

from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import Session

from app.models import (
    Exclusion,
    ExportJob,
    FormText,
    ImportBatch,
    ImportIssue,
    ImportMapping,
    ImportRow,
    MatchPlan,
    MatchPolicy,
    MatchRun,
    Pairing,
    PairingMember,
    PairingProgram,
    Pin,
    PlanAdjustment,
    PlanItem,
    Preference,
    ProgramSlot,
    Roster,
    RosterEntry,
    RuleRelease,
    Shortfall,
)
from app.models.vocabulary import (
    AdjustmentKind,
    ExclusionReason,
    ExportForm,
    ExportFormat,
    ExportState,
    ImportState,
    MaskLevel,
    MenteeKind,
    PairingMemberState,
    PairingState,
    PlanState,
    ProgramKind,
    Relation,
    RosterState,
    RowChange,
    RunMode,
    RunState,
    Severity,
    SolveStatus,
    TravelSource,
)
from tests.factories_graph_people import BY, COUNTY, World

START = date(2025, 3, 1)
END = date(2026, 2, 28)


def add_programme(session: Session, world: World) -> None:
    programme = PairingProgram(
        division_id=world.divisions[COUNTY],
        kind=ProgramKind.TWO_PLUS_ONE,
        mentee_kind=MenteeKind.RESERVE_CANDIDATE,
        name="2025年结对",
        year=2025,
        start_date=START,
        end_date=END,
        reference_date=START,
        **BY,
    )
    session.add(programme)
    session.flush()
    world.ids["program"] = programme.id
    for position, code in enumerate(("TOWNSHIP_MENTOR", "VILLAGE_MENTOR"), start=1):
        session.add(ProgramSlot(program_id=programme.id, position=position, code=code, name=f"帮带干部{position}"))
    policy = MatchPolicy(program_id=programme.id, policy_version=1, content={"slots": []}, fingerprint="0" * 64, **BY)
    session.add(policy)
    session.flush()
    run = MatchRun(
        program_id=programme.id,
        policy_id=policy.id,
        mode=RunMode.FINAL,
        state=RunState.SOLVED_WITH_SHORTFALL,
        solver="flow",
        solver_status=SolveStatus.OPTIMAL,
        levels=[{"name": "SEATS_FILLED", "value": 9.0, "bound": 9.0, "gap": 0.0}],
        stage_seconds={"snapshot": 0.1},
        messages=[{"kind": "SOLVER", "text": "exact"}],
        **BY,
    )
    session.add(run)
    session.flush()
    plan = MatchPlan(
        run_id=run.id,
        program_id=programme.id,
        label="BALANCED",
        state=PlanState.PUBLISHED,
        levels=run.levels,
        metrics={"filled": 9},
        submitted_by="officer",
        **BY,
    )
    session.add(plan)
    session.flush()
    world.ids |= {"policy": policy.id, "run": run.id, "plan": plan.id}
    county: dict[str, Any] = {"county_id": world.divisions[COUNTY], **BY}
    pin = Pin(
        program_id=programme.id,
        mentee_id=world.candidates[0],
        mentor_id=world.ids["mentor0"],
        reason="老搭档",
        **county,
    )
    release = RuleRelease(
        program_id=programme.id, mentee_id=world.candidates[0], rule="TOWNSHIP_RULE", reason="无本镇导师", **county
    )
    exclusion = Exclusion(
        mentee_person_id=world.ids["mentee_person"],
        mentor_person_id=world.ids["mentor_person1"],
        reason=ExclusionReason.COMPLAINT,
        source_encrypted=world.secret("factory"),
        **county,
    )
    preference = Preference(
        from_person_id=world.ids["mentee_person"],
        to_person_id=world.ids["mentor_person0"],
        rank=1,
        reason_encrypted=world.secret("restricted-preference-reason"),
        **county,
    )
    shortfall = Shortfall(
        plan_id=plan.id,
        mentee_id=world.candidates[0],
        slot_code="VILLAGE_MENTOR",
        reasons=[
            {"code": "ALL_AT_CAPACITY", "count": 1},
            {"code": "KINSHIP", "count": 1},
            {"code": "DISCIPLINE", "count": 2},
        ],
        **county,
    )
    adjustment = PlanAdjustment(
        plan_id=plan.id,
        number=1,
        kind=AdjustmentKind.FORBID,
        mentee_id=world.candidates[0],
        mentor_id=world.ids["mentor1"],
        reason_encrypted=world.secret("restricted-adjustment-reason"),
        **county,
    )
    session.add_all([pin, release, exclusion, preference, shortfall, adjustment])
    session.flush()
    world.ids |= {
        "pin": pin.id,
        "release": release.id,
        "exclusion": exclusion.id,
        "preference": preference.id,
        "shortfall": shortfall.id,
        "adjustment": adjustment.id,
    }


def add_pairings(session: Session, world: World) -> None:
    county: dict[str, Any] = {"county_id": world.divisions[COUNTY], **BY}
    n_mentors = max(2, len(world.candidates))
    for number, mentee_id in enumerate(world.candidates):
        pairing = Pairing(
            program_id=world.ids["program"],
            plan_id=world.ids["plan"],
            mentee_id=mentee_id,
            state=PairingState.ACTIVE,
            start_date=START,
            end_date=END,
            **county,
        )
        session.add(pairing)
        session.flush()
        for offset, slot in enumerate(("TOWNSHIP_MENTOR", "VILLAGE_MENTOR")):
            mentor_id = world.ids[f"mentor{(number + offset) % n_mentors}"]
            member = PairingMember(
                pairing_id=pairing.id,
                mentor_id=mentor_id,
                slot_code=slot,
                state=PairingMemberState.ACTIVE,
                start_date=START,
                note_encrypted=world.secret("restricted-note"),
                **county,
            )
            item = PlanItem(
                plan_id=world.ids["plan"],
                mentee_id=mentee_id,
                mentor_id=mentor_id,
                slot_code=slot,
                score=80.0 + offset,
                contributions=[{"term": "geography", "points": 80.0 + offset}],
                relation=Relation.SAME_TOWNSHIP,
                travel_minutes=12.5,
                travel_source=TravelSource.TABLE,
                **county,
            )
            session.add_all([member, item])
            if number == 0 and offset == 0:
                world.ids |= {"pairing": pairing.id, "member": member.id, "item": item.id}


def add_rosters(session: Session, world: World) -> None:
    roster = Roster(
        program_id=world.ids["program"],
        plan_id=world.ids["plan"],
        roster_version=1,
        kind=ProgramKind.TWO_PLUS_ONE,
        state=RosterState.PUBLISHED,
        title="花名册",
        published_at=datetime(2025, 3, 15, tzinfo=UTC),
        header={"title": "花名册"},
        checksum="1" * 64,
        **BY,
    )
    session.add(roster)
    session.flush()
    for position, mentee_id in enumerate(world.candidates, start=1):
        entry = RosterEntry(
            roster_id=roster.id,
            county_id=world.divisions[COUNTY],
            mentee_id=mentee_id,
            position=position,
            content={"mentee": {"name": "候选", "phone": "138****1234"}},
            **BY,
        )
        session.add(entry)
        world.ids.setdefault("entry", entry.id)
    job = ExportJob(
        form=ExportForm.TWO_PLUS_ONE_ROSTER,
        roster_id=roster.id,
        program_id=world.ids["program"],
        division_id=world.divisions[COUNTY],
        county_id=world.divisions[COUNTY],
        format=ExportFormat.XLSX,
        mask_level=MaskLevel.STANDARD,
        purpose="印发",
        state=ExportState.DONE,
        file_name="花名册 2025.xlsx",
        file_sha256="2" * 64,
        row_count=len(world.candidates),
        content=b"PK-bytes",
        **BY,
    )
    words = FormText(
        division_id=world.divisions[COUNTY], form=ExportForm.CANDIDATE_LEDGER, texts={"annex": "附件4-1"}, **BY
    )
    session.add_all([job, words])
    session.flush()
    world.ids |= {"roster": roster.id, "export": job.id, "form_text": words.id, "county": world.divisions[COUNTY]}


def add_imports(session: Session, world: World) -> None:
    """A file that was committed long ago, with a row, an issue, and a header that somebody named."""
    county = world.divisions[COUNTY]
    batch = ImportBatch(
        county_id=county,
        sender_code=COUNTY,
        file_name="台账.xlsx",
        file_sha256="3" * 64,
        state=ImportState.COMMITTED,
        counts={"new": 1, "changed": 0, "unchanged": 0, "recorded": 0, "rejected": 0, "skipped": 0},
        **BY,
    )
    session.add(batch)
    session.flush()
    row = ImportRow(batch_id=batch.id, sheet="台账", row_number=2, kind="CANDIDATES", change=RowChange.NEW)
    issue = ImportIssue(
        batch_id=batch.id,
        sheet="台账",
        cell="G2",
        column_key="birth",
        code="BIRTH_DIFFERS_FROM_ID",
        severity=Severity.WARNING,
        message="Differs.",
        message_zh="不一致。",
        choices=["1985.01", "1985.10"],
    )
    mapping = ImportMapping(
        county_id=county, sender_code=COUNTY, kind="CANDIDATES", header="同志", column_key="name", **BY
    )
    session.add_all([row, issue, mapping])
    session.flush()
    world.ids |= {
        "import_batch": batch.id, "import_row": row.id, "import_issue": issue.id, "import_mapping": mapping.id,
    }  # fmt: skip
