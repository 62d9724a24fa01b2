"""A candidate leaves the reserve pool: the exit and the end of the pairings in one transaction."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from app.access import Permission, Viewer, get_in_county, record
from app.crypto import PersonalDataCipher
from app.db import utc_now
from app.errors import InvalidInputError, InvalidStateError
from app.models import Pairing, Person, ReserveCandidate
from app.models.vocabulary import AuditAction, CandidateState, PairingState
from app.services.pairings import china_today, end_pairings_of
from app.services.people.candidates import CANDIDATE_EXITS
from app.services.people.records import encrypted_text, stamp
from app.services.texts import required_text
from app.services.versions import require_version


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateExitDraft:
    """How, why and when a candidate leaves; ``exit_date`` is the last day in the pool, today unless stated."""

    candidate_id: UUID
    outcome: CandidateState
    reason: str
    exit_date: date | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateExit:
    """A candidate who left, and the pairings that ended with it."""

    candidate: ReserveCandidate
    pairings: tuple[Pairing, ...]


def remove_reserve_candidate(
    session: Session,
    viewer: Viewer,
    cipher: PersonalDataCipher,
    draft: CandidateExitDraft,
    *,
    now: datetime | None = None,
) -> CandidateExit:
    """Take a candidate out of the pool: REMOVED, WITHDRAWN, PROMOTED or TRANSFERRED.

    The pairings end by promotion or exit, and the freed mentors are available to the next run.
    """
    viewer.require(Permission.RUN)
    candidate = get_in_county(session, viewer, ReserveCandidate, draft.candidate_id, path=("id",))
    require_version(session, candidate, draft.expected_version)
    if draft.outcome not in CANDIDATE_EXITS:
        raise InvalidInputError(
            f"{draft.outcome} is no exit; possible: {', '.join(sorted(CANDIDATE_EXITS))}.",
            f"{draft.outcome} 不是出库状态；可选：{'、'.join(sorted(CANDIDATE_EXITS))}。",
            path=("outcome",),
        )
    if candidate.state is not CandidateState.IN_POOL:
        raise InvalidStateError(
            f"The candidate is {candidate.state}; only one IN_POOL can leave.",
            f"该后备力量当前状态为 {candidate.state}，只有在库（IN_POOL）的可以出库。",
            path=("id",),
        )
    reason = required_text(draft.reason, 200, "Give the reason of the exit.", "请填写退出原因。", path=("reason",))
    today = china_today(now or utc_now())
    day = draft.exit_date or today
    if day > today or (candidate.pool_date is not None and day < candidate.pool_date):
        raise InvalidInputError(
            f"The day of leaving {day} must lie between the day of entering the pool and today.",
            f"退出日期 {day} 须在入库日期与今日之间。",
            path=("exit_date",),
        )
    is_promotion = draft.outcome is CandidateState.PROMOTED
    ended = PairingState.ENDED_BY_PROMOTION if is_promotion else PairingState.ENDED_BY_EXIT
    candidate.state, candidate.exit_date = draft.outcome, day
    candidate.exit_reason_encrypted = encrypted_text(cipher, reason)
    stamp(candidate, viewer)
    session.add(candidate)
    pairings = end_pairings_of(session, viewer, candidate.id, ended, day)
    code = session.get_one(Person, candidate.person_id).code
    record(
        session,
        viewer,
        AuditAction.RESERVE_CANDIDATE_REMOVED,
        f"Person {code}",
        county_id=candidate.county_id,
        state=draft.outcome.value,
        exit_date=day,
        pairings=[str(pairing.id) for pairing in pairings],
    )
    session.flush()
    return CandidateExit(candidate=candidate, pairings=tuple(pairings))
