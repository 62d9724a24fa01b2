"""Publication: an approved plan becomes ACTIVE pairings and an immutable roster version; withdrawal goes back one.

Pairings that stay as they are keep their row; what changes is ended with a reason and written anew, so history is
never overwritten.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.access import Permission, Viewer, record
from app.db import utc_now
from app.errors import InvalidStateError
from app.models import (
    AssignedCadre,
    MatchPlan,
    Mentee,
    Mentor,
    Pairing,
    PairingMember,
    PairingProgram,
    Person,
    PlanItem,
    ReserveCandidate,
    Roster,
    RosterEntry,
    Shortfall,
)
from app.models.vocabulary import (
    AssignmentState,
    AuditAction,
    CandidateState,
    MemberEndReason,
    PairingMemberState,
    PairingState,
    PersonStatus,
    PlanState,
)
from app.services.plan_basis import policy_of_plan
from app.services.plans import count_open_shortfalls, require_plan
from app.services.programs import county_of_program, require_program
from app.services.rosters import CHINA, EntryDraft, Teams, plan_entries, roster_header, write_roster
from app.services.snapshot import EXIT_STATES, counties_of
from app.services.texts import optional_text, required_text
from app.services.verification import refuse_broken_plan
from app.services.versions import expect_version


def publish_match_plan(
    session: Session,
    viewer: Viewer,
    plan_id: UUID,
    *,
    document_no: str | None = None,
    expected_version: int | None = None,
    now: datetime | None = None,
) -> Roster:
    """APPROVED to PUBLISHED: pairings ACTIVE, the former plan SUPERSEDED, the next roster version written.

    Everything is checked once more against the present data (capacities over all programmes, kinship, exclusions,
    people who left): a plan that no longer holds is refused by 编号 and nothing is written.
    """
    viewer.require(Permission.APPROVE)
    number = optional_text(document_no, 80, path=["documentNo"])
    plan = require_plan(session, viewer, plan_id, lock=True)
    expect_version(session, plan, expected_version)
    if plan.state is not PlanState.APPROVED:
        raise InvalidStateError(
            f"Plan {plan.id} is {plan.state}; only an APPROVED plan can be published.",
            f"方案 {plan.id} 当前状态为 {plan.state}，只有已批准（APPROVED）的方案可以发布。",
        )
    n_open = count_open_shortfalls(session, plan.id)
    if n_open:
        raise InvalidStateError(
            f"Plan {plan.id} has {n_open} shortfall(s) nobody approved.",
            f"方案 {plan.id} 有 {n_open} 个缺口未经批准。",
        )
    program = session.get_one(PairingProgram, plan.program_id)
    items = session.exec(select(PlanItem).where(PlanItem.plan_id == plan.id)).all()
    _lock_mentors(session, plan)
    refuse_broken_plan(session, program, policy_of_plan(session, plan), items)

    now = now or utc_now()
    former = session.exec(
        select(MatchPlan).where(MatchPlan.program_id == program.id, MatchPlan.state == PlanState.PUBLISHED)
    ).first()
    if former is not None:
        former.state, former.updated_at, former.updated_by = PlanState.SUPERSEDED, now, viewer.subject
        former.version += 1
        session.add(former)
    teams: dict[UUID, dict[str, UUID]] = defaultdict(dict)
    for item in items:
        teams[item.mentee_id][item.slot_code] = item.mentor_id
    changed = apply_teams(session, viewer, program, plan, teams, MemberEndReason.SUPERSEDED, now)
    shortfalls = session.exec(select(Shortfall).where(Shortfall.plan_id == plan.id)).all()
    roster = write_roster(
        session,
        viewer,
        program,
        plan_id=plan.id,
        header=roster_header(session, program, now, number or program.document_no),
        entries=plan_entries(session, program, teams, shortfalls),
        now=now,
    )
    plan.state, plan.published_by, plan.published_at = PlanState.PUBLISHED, viewer.subject, now
    plan.updated_at, plan.updated_by, plan.version = now, viewer.subject, plan.version + 1
    session.add(plan)
    session.flush()
    record(
        session,
        viewer,
        AuditAction.PLAN_PUBLISHED,
        f"MatchPlan {plan.id}",
        county_id=county_of_program(session, program.id),
        program=program.id,
        roster=roster.id,
        replaced=None if former is None else former.id,
        roster_version=roster.roster_version,
        **changed,
    )
    return roster


def withdraw_publication(
    session: Session,
    viewer: Viewer,
    program_id: UUID,
    reason: str,
    *,
    expected_version: int | None = None,
    now: datetime | None = None,
) -> Roster:
    """Take the published plan back: the next roster version restores the one before it (or is empty).

    The plan becomes WITHDRAWN; the plan of the restored version is PUBLISHED again. ``expected_version`` is that of the
    plan in force.
    """
    viewer.require(Permission.APPROVE)
    program = require_program(session, viewer, program_id, lock=True)
    text = required_text(reason, 400, "Say why the publication is withdrawn.", "请填写撤回原因。", path=["reason"])
    plan = session.exec(
        select(MatchPlan).where(MatchPlan.program_id == program.id, MatchPlan.state == PlanState.PUBLISHED)
    ).first()
    if plan is None:
        raise InvalidStateError(
            f"Programme {program.id} has no published plan to withdraw.", f"项目 {program.id} 没有已发布的方案。"
        )
    session.refresh(plan, with_for_update=True)
    expect_version(session, plan, expected_version)
    first = session.exec(select(func.min(Roster.roster_version)).where(col(Roster.plan_id) == plan.id)).one()
    before = session.exec(
        select(Roster).where(Roster.program_id == program.id, Roster.roster_version == (first or 1) - 1)
    ).first()
    entries = (
        list(
            session.exec(
                select(RosterEntry).where(RosterEntry.roster_id == before.id).order_by(col(RosterEntry.position))
            )
        )
        if before is not None
        else []
    )
    teams = {
        entry.mentee_id: {
            mentor["slot"]: UUID(mentor["mentor_id"])
            for mentor in entry.content["mentors"]
            if mentor.get("mentor_id") is not None
        }
        for entry in entries
    }
    restored = session.get(MatchPlan, before.plan_id) if before is not None and before.plan_id else None
    now = now or utc_now()
    plan.state, plan.withdrawn_by, plan.withdrawn_at = PlanState.WITHDRAWN, viewer.subject, now
    plan.withdraw_reason = text
    for touched in (plan, restored):
        if touched is not None:
            touched.updated_at, touched.updated_by, touched.version = now, viewer.subject, touched.version + 1
            session.add(touched)
    if restored is not None:
        restored.state = PlanState.PUBLISHED
        items = session.exec(select(PlanItem).where(PlanItem.plan_id == restored.id)).all()
        _lock_mentors(session, restored)
        refuse_broken_plan(session, program, policy_of_plan(session, restored), items)
    changed = apply_teams(session, viewer, program, restored or plan, teams, MemberEndReason.WITHDRAWN, now)
    header = dict(before.header) if before is not None else roster_header(session, program, now, program.document_no)
    roster = write_roster(
        session,
        viewer,
        program,
        plan_id=restored.id if restored is not None else None,
        header=header,
        entries=[EntryDraft(entry.mentee_id, entry.county_id, entry.content) for entry in entries],
        now=now,
    )
    record(
        session,
        viewer,
        AuditAction.PUBLICATION_WITHDRAWN,
        f"MatchPlan {plan.id}",
        county_id=county_of_program(session, program.id),
        program=program.id,
        roster=roster.id,
        roster_version=roster.roster_version,
        restored=None if restored is None else restored.id,
        **changed,
    )
    return roster


def apply_teams(
    session: Session,
    viewer: Viewer,
    program: PairingProgram,
    plan: MatchPlan,
    teams: Teams,
    end_reason: MemberEndReason,
    now: datetime,
) -> Mapping[str, int]:
    """Make the ACTIVE pairings of the programme equal to ``teams``; returns how many members changed.

    The first publication begins with the programme; what later ones add begins, and what they end ends, on the day
    of ``now`` in China. The pairing of a mentee who was promoted or left ends as such.
    """
    today = max(program.start_date, min(now.astimezone(CHINA).date(), program.end_date))
    is_first = session.exec(select(Pairing.id).where(Pairing.program_id == program.id).limit(1)).first() is None
    begins = program.start_date if is_first else today
    pairings = {
        row.mentee_id: row
        for row in session.exec(
            select(Pairing).where(Pairing.program_id == program.id, Pairing.state == PairingState.ACTIVE)
        )
    }
    members: dict[UUID, dict[str, PairingMember]] = defaultdict(dict)
    active = (
        select(PairingMember)
        .join(Pairing, col(Pairing.id) == col(PairingMember.pairing_id))
        .where(
            Pairing.program_id == program.id,
            Pairing.state == PairingState.ACTIVE,
            PairingMember.state == PairingMemberState.ACTIVE,
        )
    )
    for member in session.exec(active):
        members[member.pairing_id][member.slot_code] = member
    counties = [county.id for county in counties_of(session, program)]
    homes = select(Mentee.id, Mentee.county_id).where(col(Mentee.county_id).in_(counties))
    county_by_mentee = dict(session.exec(homes).all())
    ended_states = _ended_states(session, counties) if set(pairings) - set(teams) else {}
    counts = {"kept": 0, "ended": 0, "added": 0}
    successors: list[tuple[PairingMember, PairingMember]] = []
    for mentee_id, pairing in pairings.items():
        if teams.get(mentee_id):
            continue
        pairing.state = ended_states.get(mentee_id, PairingState.CANCELLED)
        pairing.updated_at, pairing.updated_by = now, viewer.subject
        pairing.version += 1
        session.add(pairing)
        for member in members[pairing.id].values():
            _end(session, viewer, member, PairingMemberState.ENDED, end_reason, today, now)
            counts["ended"] += 1
    for mentee_id, team in teams.items():
        if not team:
            continue
        found = pairings.get(mentee_id)
        if found is None:
            found = Pairing(
                program_id=program.id,
                plan_id=plan.id,
                county_id=county_by_mentee[mentee_id],
                mentee_id=mentee_id,
                state=PairingState.ACTIVE,
                start_date=begins,
                end_date=program.end_date,
                created_by=viewer.subject,
                updated_by=viewer.subject,
            )
            session.add(found)
        present = members.get(found.id, {})
        for slot in sorted(set(present) | set(team)):
            old, wanted = present.get(slot), team.get(slot)
            if old is not None and old.mentor_id == wanted:
                counts["kept"] += 1
                continue
            new = None
            if wanted is not None:
                new = PairingMember(
                    pairing_id=found.id,
                    county_id=found.county_id,
                    mentor_id=wanted,
                    slot_code=slot,
                    state=PairingMemberState.ACTIVE,
                    start_date=begins,
                    created_by=viewer.subject,
                    updated_by=viewer.subject,
                )
                session.add(new)
                counts["added"] += 1
            if old is not None:
                state = PairingMemberState.ENDED if new is None else PairingMemberState.REPLACED
                _end(session, viewer, old, state, end_reason, today, now)
                if new is not None:
                    successors.append((old, new))
                counts["ended"] += 1
    session.flush()
    # The successors must be stored before anything may point at them.
    for old, new in successors:
        old.replaced_by_id = new.id
    session.flush()
    return counts


def _ended_states(session: Session, counties: Sequence[UUID]) -> dict[UUID, PairingState]:
    """How the pairings of mentees who may not be mentored any more end; mentees who still may are not in it."""
    states: dict[UUID, PairingState] = {}
    left = (
        select(Mentee.id)
        .join(Person, col(Person.id) == col(Mentee.person_id))
        .where(col(Mentee.county_id).in_(counties), Person.status == PersonStatus.LEFT)
    )
    ended = select(AssignedCadre.id).where(
        col(AssignedCadre.county_id).in_(counties), AssignedCadre.state == AssignmentState.ENDED
    )
    for mentee_id in (*session.exec(left), *session.exec(ended)):
        states[mentee_id] = PairingState.ENDED_BY_EXIT
    exits = select(ReserveCandidate.id, ReserveCandidate.state).where(
        col(ReserveCandidate.county_id).in_(counties), col(ReserveCandidate.state).in_(EXIT_STATES)
    )
    for mentee_id, state in session.exec(exits):
        is_promoted = state is CandidateState.PROMOTED
        states[mentee_id] = PairingState.ENDED_BY_PROMOTION if is_promoted else PairingState.ENDED_BY_EXIT
    return states


def _end(
    session: Session,
    viewer: Viewer,
    member: PairingMember,
    state: PairingMemberState,
    reason: MemberEndReason,
    today: date,
    now: datetime,
) -> None:
    member.state, member.end_reason = state, reason
    member.end_date = today
    member.updated_at, member.updated_by, member.version = now, viewer.subject, member.version + 1
    session.add(member)


def _lock_mentors(session: Session, plan: MatchPlan) -> None:
    """Hold the mentors' persons until the transaction ends: two programmes must not publish the same person at once."""
    persons = (
        select(Mentor.person_id)
        .join(PlanItem, col(PlanItem.mentor_id) == col(Mentor.id))
        .where(PlanItem.plan_id == plan.id)
    )
    session.exec(select(Person.id).where(col(Person.id).in_(persons)).order_by(col(Person.id)).with_for_update()).all()
