"""The rows of shares: taken by a worker, told about, answered, and emptied when the run ends."""

import zlib
from typing import Any
from uuid import UUID

import orjson
from sqlmodel import Session, col, select, update

from app.db import utc_now
from app.models import MatchShare, ShareKind
from matching.shares import ShareFacts, share_from_json


class UnreadableShareError(Exception):
    """What is stored of a share is not what was written."""


def find_share(session: Session, run_id: UUID, number: int) -> MatchShare:
    """The row of one share."""
    return session.exec(select(MatchShare).where(MatchShare.run_id == run_id, MatchShare.number == number)).one()


def share_facts(session: Session, row: MatchShare) -> ShareFacts:
    """The facts of a share: its own, or those of the policy's own plan for the same part.

    Raises ``UnreadableShareError`` when they are damaged.
    """
    content = row.content
    if content is None:
        own = select(MatchShare.content).where(
            MatchShare.run_id == row.run_id,
            MatchShare.kind == ShareKind.SOLVE,
            MatchShare.variant == 0,
            MatchShare.part == row.part,
        )
        content = session.exec(own).one() or b""
    try:
        return share_from_json(orjson.loads(zlib.decompress(content)))
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise UnreadableShareError(f"share {row.number} of run {row.run_id}") from error


def keep_result(session: Session, run_id: UUID, number: int, result: dict[str, Any]) -> None:
    """Write what became of a share; the first answer stays."""
    row = find_share(session, run_id, number)
    if row.solved_at is None:
        row.result, row.solved_at, row.updated_at = result, utc_now(), utc_now()
        session.add(row)


def keep_progress(session: Session, run_id: UUID, number: int, progress: dict[str, Any]) -> None:
    """Write how far the solve of a share is."""
    session.exec(
        update(MatchShare)
        .where(col(MatchShare.run_id) == run_id, col(MatchShare.number) == number, col(MatchShare.solved_at).is_(None))
        .values(progress=progress, updated_at=utc_now())
    )


def empty_shares(session: Session, run_id: UUID) -> None:
    """Drop facts and plans of the shares of a run that ends; how many were solved stays."""
    session.exec(update(MatchShare).where(col(MatchShare.run_id) == run_id).values(content=b"", result=None))
