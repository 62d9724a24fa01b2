"""Runs that cannot go on: they end FAILED with the reason and a remedy, in both languages, instead of hanging."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, func, select

from app.access import Viewer, code_prefix, record
from app.db import utc_now
from app.models import Division, MatchRun, MatchShare, PairingProgram
from app.models.vocabulary import OPEN_RUN_STATES, AuditAction, Role, RunState
from app.services.programs import county_of_program
from app.services.runs.shares import empty_shares

MOST_ATTEMPTS = 20
"""How often a run, or a share of one, is taken up; each time before, its worker process died."""

STANDSTILL = timedelta(minutes=10)
"""How long such a run must have stood still as well. Workers that are stopped again and again from outside, or that a
slow machine starts slowly, use up the attempts within minutes, and that is no fault of the run."""

NO_ROOM = (
    "The database had no room left; free or add disk space, then try the run again (retryMatchRun). "
    "数据库存储空间已满，请清理或扩充磁盘空间后重试本次匹配（retryMatchRun）。"
)
WORKERS_DIED = (
    f"Its worker process died {MOST_ATTEMPTS} times or more, and the run got no further for "
    f"{STANDSTILL.seconds // 60} minutes; see the log of the workers (memory is the usual reason), then try the run "
    "again (retryMatchRun). "
    f"工作进程已异常退出{MOST_ATTEMPTS}次以上，且任务{STANDSTILL.seconds // 60}分钟内没有进展，"
    "请查看工作进程日志（多为内存不足），处理后重试本次匹配（retryMatchRun）。"
)
UNREADABLE = (
    "What the run stored of its people cannot be read any more, so the database file or its disk is damaged; check "
    "both, then try the run again (retryMatchRun), which reads the people anew. "
    "本次匹配保存的数据已无法读取，数据库文件或磁盘可能损坏，请检查后重试（retryMatchRun），系统将重新读取人员数据。"
)

SOLVER_DIED = (
    "The process that solves a county ended in every attempt (memory is the usual reason); give the machine more "
    "memory or start the worker with fewer --shares, then try the run again (retryMatchRun). "
    "求解进程多次异常退出（多为内存不足），请增加内存或减少工作进程的 --shares 后重试（retryMatchRun）。"
)


def job_fault(kind: str) -> str:
    """The reason of a run whose job ended by a fault; ``kind`` is the type of the fault, never its text."""
    return (
        f"Its job ended by a fault ({kind}); the log of the workers says where. Try the run again (retryMatchRun); "
        "report it if it ends so again. "
        f"后台任务异常结束（{kind}），详情见工作进程日志。请重试本次匹配（retryMatchRun）；如再次出现请报告。"
    )


def count_attempt(session: Session, run_id: UUID) -> None:
    """Count that a worker takes up a run; one that was taken up too often ends."""
    run = session.get_one(MatchRun, run_id, with_for_update=True)
    if run.state not in OPEN_RUN_STATES:
        return
    if is_hopeless(session, run):
        fail_run(session, run_id, WORKERS_DIED)
        return
    run.attempt += 1
    session.add(run)


def is_hopeless(session: Session, run: MatchRun, *, share: MatchShare | None = None) -> bool:
    """Whether so many attempts at a run, or at one of its shares, have led nowhere for a long time.

    A run gets on while any share of it tells of progress; a share has to be solved, or another one of the run: one that
    kills its workers tells of progress before.
    """
    if (run if share is None else share).attempt < MOST_ATTEMPTS:
        return False
    sign = MatchShare.updated_at if share is None else MatchShare.solved_at
    last = session.exec(select(func.max(sign)).where(MatchShare.run_id == run.id)).one()
    begun = run.started_at or run.created_at
    return utc_now() - max(begun, last or begun) >= STANDSTILL


def fail_run(session: Session, run_id: UUID, reason: str) -> None:
    """End a run as FAILED."""
    end_run(session, run_id, RunState.FAILED, reason)


def end_run(session: Session, run_id: UUID, state: RunState, reason: str) -> None:
    """End a run without a plan; one that has ended already stays as it is."""
    run = session.get_one(MatchRun, run_id, with_for_update=True)
    if run.state not in OPEN_RUN_STATES:
        return
    run.state, run.messages = state, [{"kind": state.value, "text": reason}]
    finish(session, run, viewer_of(run))


def finish(session: Session, run: MatchRun, viewer: Viewer) -> None:
    """Close a run whose state is set: its shares are emptied, and the end is recorded."""
    empty_shares(session, run.id)
    run.finished_at, run.updated_at, run.version = utc_now(), utc_now(), run.version + 1
    session.add(run)
    session.flush()
    division = session.get_one(Division, session.get_one(PairingProgram, run.program_id).division_id)
    record(
        session,
        # A job has no territory of its own: its end belongs to that of the programme.
        replace(viewer, code_prefix=code_prefix(division)),
        AuditAction.RUN_FINISHED,
        f"MatchRun {run.id}",
        county_id=county_of_program(session, run.program_id),
        program=run.program_id,
        state=run.state,
    )


def viewer_of(run: MatchRun) -> Viewer:
    """The subject under which a job writes: whoever started the run."""
    return Viewer(subject=run.created_by, role=Role.SYSTEM_ADMIN)
