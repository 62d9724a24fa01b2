"""The end of pairings by hand, between two publications: history is kept, and published rosters stay as they are.

The next run sees what is still ACTIVE as published, so it fills the freed seats and moves nobody else; its publication
writes the next roster version with the change table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, get_in_county, record
from app.crypto import PersonalDataCipher
from app.db import utc_now
from app.errors import InvalidInputError, InvalidStateError, NotFoundError
from app.models import AssignedCadre, Pairing, PairingMember, PairingProgram
from app.models.vocabulary import AuditAction, MemberEndReason, PairingMemberState, PairingState
from app.services.people.records import encrypted_text, stamp
from app.services.rosters import CHINA
from app.services.texts import optional_text
from app.services.versions import require_version

MEMBER_REASONS = frozenset(
    {
        MemberEndReason.TRANSFERRED,
        MemberEndReason.RETIRED,
        MemberEndReason.DISCIPLINE,
        MemberEndReason.HEALTH,
        MemberEndReason.REQUESTED,
        MemberEndReason.NOT_PERFORMING,
        MemberEndReason.ERROR,
    }
)
"""Why an officer may end the service of a mentor (domain 4.3); the other reasons follow from something else."""
OUTCOMES = {
    PairingState.GRADUATED: MemberEndReason.COMPLETED,
    PairingState.ENDED_BY_PERIOD: MemberEndReason.COMPLETED,
    PairingState.ENDED_BY_PROMOTION: MemberEndReason.MENTEE_LEFT,
    PairingState.ENDED_BY_EXIT: MemberEndReason.MENTEE_LEFT,
    PairingState.CANCELLED: None,
}
"""How a whole pairing may end, and the reason for its mentors; a cancelled one needs a reason of ``MEMBER_REASONS``."""
LEAVING = frozenset({PairingState.ENDED_BY_PROMOTION, PairingState.ENDED_BY_EXIT})


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPairingDraft:
    """The end of a whole pairing, or (``member_id``) of the service of one mentor in it.

    ``outcome`` goes with a whole pairing, CANCELLED unless stated; ``end_date`` is the last day, today unless stated.
    """

    pairing_id: UUID
    member_id: UUID | None = None
    outcome: PairingState | None = None
    reason: MemberEndReason | None = None
    end_date: date | None = None
    note: str | None = None
    expected_version: int | None = None


def end_pairing(
    session: Session,
    viewer: Viewer,
    cipher: PersonalDataCipher,
    draft: EndPairingDraft,
    *,
    now: datetime | None = None,
) -> Pairing:
    """End an ACTIVE pairing or one mentor of it; a pairing that loses its last mentor is CANCELLED."""
    viewer.require(Permission.RUN)
    pairing = get_in_county(session, viewer, Pairing, draft.pairing_id, path=("id",))
    lock_programs(session, [pairing.program_id])
    require_version(session, pairing, draft.expected_version)
    if pairing.state is not PairingState.ACTIVE:
        raise InvalidStateError(
            f"Pairing {pairing.id} is {pairing.state}; only an ACTIVE one can be ended.",
            f"结对 {pairing.id} 当前状态为 {pairing.state}，只有帮带中（ACTIVE）的结对可以结束。",
            path=("id",),
        )
    note = optional_text(draft.note, 200, path=("note",))
    outcome, reason = _checked_end(session, pairing, draft)
    members = active_members(session, pairing)
    ending = members
    if draft.member_id is not None:
        ending = [member for member in members if member.id == draft.member_id]
        if not ending:
            raise NotFoundError(
                f"Pairing {pairing.id} has no serving mentor {draft.member_id}.",
                f"结对 {pairing.id} 没有正在帮带的导师 {draft.member_id}。",
                path=("member_id",),
            )
    now = now or utc_now()
    day = _checked_day(draft.end_date, [member.start_date for member in ending], now)
    for member in ending:
        if note is not None:
            member.note_encrypted = encrypted_text(cipher, note)
        end_member(session, viewer, member, reason, day)
    if len(ending) == len(members):
        close_pairing(session, viewer, pairing, outcome, day)
    else:
        stamp(pairing, viewer)
        session.add(pairing)
    session.flush()
    record(
        session,
        viewer,
        AuditAction.PAIRING_ENDED,
        f"Pairing {pairing.id}",
        county_id=pairing.county_id,
        program=pairing.program_id,
        state=pairing.state,
        members=len(ending),
    )
    return pairing


def end_pairings_of(
    session: Session, viewer: Viewer, mentee_id: UUID, outcome: PairingState, day: date
) -> list[Pairing]:
    """End every ACTIVE pairing of a mentee who leaves, in all programmes."""
    of_mentee = select(Pairing).where(Pairing.mentee_id == mentee_id, Pairing.state == PairingState.ACTIVE)
    lock_programs(session, [pairing.program_id for pairing in session.exec(of_mentee)])
    # Read again under the locks: a publication may just have ended one, or begun one.
    fresh = of_mentee.order_by(col(Pairing.id)).with_for_update().execution_options(populate_existing=True)
    pairings = list(session.exec(fresh))
    for pairing in pairings:
        for member in active_members(session, pairing):
            end_member(session, viewer, member, MemberEndReason.MENTEE_LEFT, max(day, member.start_date))
        close_pairing(session, viewer, pairing, outcome, max(day, pairing.start_date))
    session.flush()
    return pairings


def lock_programs(session: Session, program_ids: Sequence[UUID]) -> None:
    """Hold programmes until the transaction ends, so that no publication goes on beside it."""
    ordered = select(PairingProgram.id).where(col(PairingProgram.id).in_(program_ids)).order_by(col(PairingProgram.id))
    session.exec(ordered.with_for_update()).all()


def active_members(session: Session, pairing: Pairing) -> list[PairingMember]:
    """The mentors who serve in a pairing, by slot."""
    query = select(PairingMember).where(
        PairingMember.pairing_id == pairing.id, PairingMember.state == PairingMemberState.ACTIVE
    )
    ordered = query.order_by(col(PairingMember.slot_code), col(PairingMember.id))
    return list(session.exec(ordered.execution_options(populate_existing=True)))


def end_member(session: Session, viewer: Viewer, member: PairingMember, reason: MemberEndReason, day: date) -> None:
    """End the service of one mentor."""
    member.state, member.end_reason, member.end_date = PairingMemberState.ENDED, reason, day
    stamp(member, viewer)
    session.add(member)


def close_pairing(session: Session, viewer: Viewer, pairing: Pairing, outcome: PairingState, day: date) -> None:
    """End a pairing; its period ends no later than that day."""
    pairing.state, pairing.end_date = outcome, min(pairing.end_date, max(day, pairing.start_date))
    stamp(pairing, viewer)
    session.add(pairing)


def china_today(now: datetime) -> date:
    """The day in China at an instant."""
    return now.astimezone(CHINA).date()


def _checked_end(session: Session, pairing: Pairing, draft: EndPairingDraft) -> tuple[PairingState, MemberEndReason]:
    if draft.member_id is not None and draft.outcome is not None:
        raise InvalidInputError(
            "One mentor of a pairing ends with a reason, not with an outcome; leave `outcome` out.",
            "结束单个导师的帮带只填写原因，请勿填写结果（outcome）。",
            path=("outcome",),
        )
    outcome = draft.outcome or PairingState.CANCELLED
    if outcome not in OUTCOMES:
        raise InvalidInputError(
            f"A pairing cannot be ended as {outcome}; possible: {', '.join(sorted(OUTCOMES))}.",
            f"结对不能以 {outcome} 结束；可选：{'、'.join(sorted(OUTCOMES))}。",
            path=("outcome",),
        )
    if outcome in LEAVING and session.get(AssignedCadre, pairing.mentee_id) is None:
        raise InvalidInputError(
            f"{outcome} follows when the candidate leaves the pool; use removeReserveCandidate.",
            f"{outcome} 随后备力量出库产生，请使用 removeReserveCandidate。",
            path=("outcome",),
        )
    given, implied = draft.reason, OUTCOMES[outcome]
    if implied is not None:
        if given is not None:
            raise InvalidInputError(
                f"An end as {outcome} is its own reason; leave `reason` out.",
                f"以 {outcome} 结束无需另填原因（reason）。",
                path=("reason",),
            )
        return outcome, implied
    if given not in MEMBER_REASONS:
        raise InvalidInputError(
            f"Give the reason: one of {', '.join(sorted(MEMBER_REASONS))}.",
            f"请填写结束原因：{'、'.join(sorted(MEMBER_REASONS))} 之一。",
            path=("reason",),
        )
    assert given is not None
    return outcome, given


def _checked_day(day: date | None, starts: Sequence[date], now: datetime) -> date:
    """The last day: not in the future, and not before anybody's first; today becomes the first where that is later."""
    today, first = china_today(now), max(starts, default=china_today(now))
    if day is None:
        return max(today, first)
    if not first <= day <= max(today, first):
        raise InvalidInputError(
            f"The last day {day} must lie between {first}, when the mentoring began, and today.",
            f"结束日期 {day} 须在帮带开始日期 {first} 与今日之间。",
            path=("end_date",),
        )
    return day
