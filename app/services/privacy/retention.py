"""What is kept no longer than it is needed, and for how long (domain 6): each duty finds what is due and lets it go.

Never touched: the audit trail, published rosters, and the facts of runs whose plans went the way to publication. They
are archives, kept as the archive schedule says.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, String, cast, delete, exists, func, or_, update
from sqlmodel import Session, col, select

from app.access import SYSTEM_VIEWER, Viewer, record
from app.config import Settings
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction, utc_now
from app.models import (
    ApiToken,
    Appointment,
    AssignedCadre,
    ExportJob,
    ImportBatch,
    ImportRow,
    ImportSource,
    ImportUndo,
    MatchPlan,
    MatchRun,
    MatchShare,
    MatchSnapshot,
    Mentee,
    Mentor,
    Pairing,
    PairingMember,
    Person,
    PersonFlag,
    ReserveCandidate,
    UserSession,
)
from app.models.vocabulary import (
    AssignmentState,
    AuditAction,
    CandidateState,
    MentorState,
    PairingMemberState,
    PairingState,
    PersonStatus,
    PlanState,
    PostKind,
)
from app.services.people.candidates import CANDIDATE_EXITS
from app.services.privacy.import_files import forget_files
from app.services.privacy.pseudonyms import RESTRICTED_END_REASONS, pseudonymise_person

log = logging.getLogger("touyan.retention")

CHINA = ZoneInfo("Asia/Shanghai")
BATCH_ROWS = 200
"""Records that one transaction lets go: other writers wait a tenth of a second on SQLite."""
BATCH_PERSONS = 1
"""Persons that one transaction makes pseudonyms of: for each, every encrypted text of the county is opened, some 40 µs
for one text, while others wait to write."""
_ON_THE_WAY = (
    PlanState.SUBMITTED,
    PlanState.APPROVED,
    PlanState.PUBLISHED,
    PlanState.SUPERSEDED,
    PlanState.WITHDRAWN,
)
_FINAL_EXITS = (CandidateState.REMOVED, CandidateState.WITHDRAWN)
"""Exits after which nobody is a cadre; whoever was promoted or transferred keeps a file as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRules:
    """How long each kind is kept."""

    candidates_years: int
    restricted_years: int
    import_days: int
    export_days: int
    export_record_years: int
    token_days: int
    run_days: int

    @classmethod
    def of(cls, settings: Settings) -> "RetentionRules":
        """The rules of the settings, which enforce the floors."""
        return cls(
            candidates_years=settings.keep_candidates_years,
            restricted_years=settings.keep_restricted_years,
            import_days=settings.keep_import_days,
            export_days=settings.keep_export_days,
            export_record_years=settings.keep_export_record_years,
            token_days=settings.keep_token_days,
            run_days=settings.keep_run_days,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The moment at which duties are judged."""

    rules: RetentionRules
    now: datetime

    def years_ago(self, years: int) -> date:
        """The same day that many years earlier, in China."""
        today = self.now.astimezone(CHINA).date()
        return today.replace(year=today.year - years, day=min(today.day, 28) if today.month == 2 else today.day)

    def days_ago(self, days: int) -> datetime:
        """The instant that many days earlier."""
        return self.now - timedelta(days=days)


class RetentionFailedError(Exception):
    """Some duties failed, and the others were done."""

    def __init__(self, duties: Sequence[str]) -> None:
        super().__init__(
            f"These duties failed, the others were done: {', '.join(duties)}. The log says with what kind of fault; "
            "the next round tries them again / "
            f"以下事项执行失败，其余已完成：{', '.join(duties)}；故障类型见日志，下一轮将重试"
        )


LetGo = Callable[[Session, Viewer, PersonalDataCipher, Sequence[Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One kind that is let go: the keys that are due, how, and how many at once (``BATCH_ROWS`` unless said)."""

    name: str
    find: Callable[[Due], Select[Any]]
    let_go: LetGo
    batch: int | None = None


def _delete(table: Any) -> LetGo:
    def let_go(session: Session, _viewer: Viewer, _cipher: PersonalDataCipher, keys: Sequence[Any]) -> None:
        session.connection().execute(delete(table).where(col(table.id).in_(keys)))

    return let_go


def _empty(table: Any, **values: Any) -> LetGo:
    def let_go(session: Session, _viewer: Viewer, _cipher: PersonalDataCipher, keys: Sequence[Any]) -> None:
        session.connection().execute(update(table).where(col(table.id).in_(keys)).values(**values))

    return let_go


def _import_rows(due: Due) -> Select[Any]:
    return (
        select(ImportRow.id)
        .join(ImportBatch, col(ImportBatch.id) == col(ImportRow.batch_id))
        .where(
            col(ImportRow.content_encrypted).is_not(None),
            col(ImportBatch.created_at) < due.days_ago(due.rules.import_days),
        )
    )


def _import_files(due: Due) -> Select[Any]:
    """Batches of which anything but rows is kept."""
    source = select(ImportSource.id).where(
        ImportSource.batch_id == ImportBatch.id, col(ImportSource.content_encrypted).is_not(None)
    )
    undo = select(ImportUndo.id).where(
        ImportUndo.batch_id == ImportBatch.id, col(ImportUndo.content_encrypted).is_not(None)
    )
    return select(ImportBatch.id).where(
        or_(exists(source), exists(undo), col(ImportBatch.sheets_encrypted).is_not(None)),
        col(ImportBatch.created_at) < due.days_ago(due.rules.import_days),
    )


def _forget_files(session: Session, _viewer: Viewer, _cipher: PersonalDataCipher, keys: Sequence[Any]) -> None:
    forget_files(session, keys)


def _flags(due: Due) -> Select[Any]:
    return select(PersonFlag.id).where(col(PersonFlag.end_date) < due.years_ago(due.rules.restricted_years))


def _exit_reasons(due: Due) -> Select[Any]:
    return select(ReserveCandidate.id).where(
        col(ReserveCandidate.exit_reason_encrypted).is_not(None),
        col(ReserveCandidate.exit_date) < due.years_ago(due.rules.restricted_years),
    )


def _ended_members(due: Due) -> Select[Any]:
    return select(PairingMember.id).where(
        or_(
            col(PairingMember.note_encrypted).is_not(None),
            col(PairingMember.end_reason).in_(RESTRICTED_END_REASONS),
        ),
        col(PairingMember.end_date) < due.years_ago(due.rules.restricted_years),
    )


def _empty_members(session: Session, _viewer: Viewer, _cipher: PersonalDataCipher, keys: Sequence[Any]) -> None:
    of_keys = update(PairingMember).where(col(PairingMember.id).in_(keys))
    session.connection().execute(of_keys.values(note_encrypted=None))
    restricted = col(PairingMember.end_reason).in_(RESTRICTED_END_REASONS)
    session.connection().execute(of_keys.where(restricted).values(end_reason=None))


def _left_candidates(due: Due) -> Select[Any]:
    """Persons who left the pool long ago for good, and are nothing else: no cadre, no mentor, in no pairing."""
    last_day = due.years_ago(due.rules.candidates_years)
    candidate = select(ReserveCandidate.id).where(ReserveCandidate.person_id == Person.id)
    mentor = select(Mentor.id).where(
        Mentor.person_id == Person.id, col(Mentor.state).not_in((MentorState.REMOVED, MentorState.RETIRED))
    )
    posted = select(AssignedCadre.id).where(
        AssignedCadre.person_id == Person.id, AssignedCadre.state == AssignmentState.ACTIVE
    )
    in_office = select(Appointment.id).where(
        Appointment.person_id == Person.id, col(Appointment.end_date).is_(None), Appointment.post != PostKind.OTHER
    )
    mentored = (
        select(Pairing.id)
        .join(Mentee, col(Mentee.id) == col(Pairing.mentee_id))
        .where(Mentee.person_id == Person.id, Pairing.state == PairingState.ACTIVE)
    )
    serving = (
        select(PairingMember.id)
        .join(Mentor, col(Mentor.id) == col(PairingMember.mentor_id))
        .where(Mentor.person_id == Person.id, PairingMember.state == PairingMemberState.ACTIVE)
    )
    present = candidate.where(
        or_(
            col(ReserveCandidate.state).not_in(_FINAL_EXITS),
            col(ReserveCandidate.exit_date).is_(None),
            col(ReserveCandidate.exit_date) >= last_day,
        )
    )
    others = (present, mentor, posted, in_office, mentored, serving)
    return select(Person.id).where(
        Person.status != PersonStatus.PSEUDONYMISED, exists(candidate), *(~exists(query) for query in others)
    )


def _pseudonymise(session: Session, viewer: Viewer, cipher: PersonalDataCipher, keys: Sequence[Any]) -> None:
    for key in keys:
        pseudonymise_person(session, viewer, cipher, key)


def _working_data(due: Due) -> Select[Any]:
    """Candidates who left long ago and went on as cadres: the tags of their time in the pool."""
    return select(ReserveCandidate.id).where(
        col(ReserveCandidate.state).in_(CANDIDATE_EXITS),
        col(ReserveCandidate.exit_date) < due.years_ago(due.rules.candidates_years),
        func.length(cast(col(ReserveCandidate.tags), String)) > len("[]"),
    )


def _tokens(due: Due) -> Select[Any]:
    last = due.days_ago(due.rules.token_days)
    return select(ApiToken.id).where(or_(col(ApiToken.expires_at) < last, col(ApiToken.revoked_at) < last))


def _sessions(due: Due) -> Select[Any]:
    last = due.days_ago(due.rules.token_days)
    return select(UserSession.id).where(or_(col(UserSession.expires_at) < last, col(UserSession.ended_at) < last))


def _export_files(due: Due) -> Select[Any]:
    return select(ExportJob.id).where(
        col(ExportJob.content).is_not(None), col(ExportJob.created_at) < due.days_ago(due.rules.export_days)
    )


def _export_records(due: Due) -> Select[Any]:
    years = due.rules.export_record_years
    return select(ExportJob.id).where(col(ExportJob.created_at) < due.now - timedelta(days=366 * years))


def _old_runs(due: Due) -> Select[Any]:
    kept = select(MatchPlan.id).where(MatchPlan.run_id == MatchRun.id, col(MatchPlan.state).in_(_ON_THE_WAY))
    return select(MatchRun.id).where(
        col(MatchRun.snapshot_hash).is_not(None),
        col(MatchRun.finished_at) < due.days_ago(due.rules.run_days),
        ~exists(kept),
    )


def _forget_facts(session: Session, _viewer: Viewer, _cipher: PersonalDataCipher, keys: Sequence[Any]) -> None:
    """Shares and facts of runs; facts that another run shares stay with it."""
    connection = session.connection()
    connection.execute(delete(MatchShare).where(col(MatchShare.run_id).in_(keys)))
    of_keys = col(MatchRun.id).in_(keys)
    hashes = connection.execute(select(MatchRun.snapshot_hash).where(of_keys)).scalars().all()
    connection.execute(update(MatchRun).where(of_keys).values(snapshot_hash=None))
    used = select(MatchRun.id).where(MatchRun.snapshot_hash == MatchSnapshot.hash)
    connection.execute(delete(MatchSnapshot).where(col(MatchSnapshot.hash).in_(hashes), ~exists(used)))


DUTIES: tuple[Duty, ...] = (
    Duty(name="import_rows", find=_import_rows, let_go=_empty(ImportRow, content_encrypted=None)),
    Duty(name="import_files", find=_import_files, let_go=_forget_files),
    Duty(name="flags", find=_flags, let_go=_delete(PersonFlag)),
    Duty(name="exit_reasons", find=_exit_reasons, let_go=_empty(ReserveCandidate, exit_reason_encrypted=None)),
    Duty(name="ended_members", find=_ended_members, let_go=_empty_members),
    Duty(name="persons", find=_left_candidates, let_go=_pseudonymise, batch=BATCH_PERSONS),
    Duty(name="working_data", find=_working_data, let_go=_empty(ReserveCandidate, tags=[])),
    Duty(name="tokens", find=_tokens, let_go=_delete(ApiToken)),
    Duty(name="sessions", find=_sessions, let_go=_delete(UserSession)),
    Duty(name="export_files", find=_export_files, let_go=_empty(ExportJob, content=None)),
    Duty(name="export_records", find=_export_records, let_go=_delete(ExportJob)),
    Duty(name="run_facts", find=_old_runs, let_go=_forget_facts),
)


def count_due(database: Database, rules: RetentionRules, now: datetime) -> dict[str, int]:
    """How much each duty would let go now; changes nothing."""
    due = Due(rules=rules, now=now)
    with database.read() as session:
        return {
            duty.name: session.connection()
            .execute(select(func.count()).select_from(duty.find(due).subquery()))
            .scalar_one()
            for duty in DUTIES
        }


def apply_retention(
    database: Database,
    cipher: PersonalDataCipher,
    rules: RetentionRules,
    now: datetime,
    *,
    viewer: Viewer = SYSTEM_VIEWER,
) -> Iterator[dict[str, int]]:
    """Let go what is due, a batch in each transaction, which records it; yields the counts after each.

    It can be left at any batch: the next time goes on with what is still due. What found nothing records nothing. A
    duty that fails does not keep the others: they go on, and in the end ``RetentionFailedError`` names those that did.
    """
    due = Due(rules=rules, now=now)
    counts = {duty.name: 0 for duty in DUTIES}
    failed: list[str] = []

    def batch(session: Session, *, duty: Duty, size: int) -> int:
        keys: list[UUID] = list(session.connection().execute(duty.find(due).limit(size)).scalars())
        if keys:
            duty.let_go(session, viewer, cipher, keys)
            told = {duty.name: len(keys)}
            record(session, viewer, AuditAction.RETENTION_APPLIED, "Retention", counts=told)
        return len(keys)

    try:
        for duty in DUTIES:
            size = duty.batch or BATCH_ROWS
            while True:
                try:
                    n_gone = run_in_transaction(database, partial(batch, duty=duty, size=size))
                except Exception as fault:  # noqa: BLE001 - told in the end; what is due elsewhere must go all the same
                    log.error("retention: duty %s failed: %s", duty.name, type(fault).__name__)
                    failed.append(duty.name)
                    break
                counts[duty.name] += n_gone
                yield dict(counts)
                if n_gone < size:
                    break
        if failed:
            raise RetentionFailedError(failed)
    finally:
        # Also after a round that found nothing: the one before may not have been let.
        database.empty_log()


def daily_retention(
    database: Database, cipher: PersonalDataCipher, settings: Settings
) -> Callable[[], Iterator[dict[str, int]]]:
    """What a worker begins every day."""
    rules = RetentionRules.of(settings)
    return lambda: apply_retention(database, cipher, rules, utc_now())
