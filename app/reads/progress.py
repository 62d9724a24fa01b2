"""Reading how far runs are, from what their shares have told."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_
from sqlmodel import Session, col, select

from app.access import Viewer
from app.db import utc_now
from app.models import MatchRun, MatchShare, ShareKind
from app.models.vocabulary import OPEN_RUN_STATES, RunState
from app.reads.runs import runs_by_id

_Told = tuple[Mapping[str, Any] | None, datetime | None, bool]
"""Progress of a share, when it was solved, and whether it belongs to the policy's own plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelView:
    """The incumbent of one level of the objective: a value and what no plan exceeds, in units of 10⁻⁴ points."""

    name: str
    value: int
    bound: int

    @property
    def gap(self) -> float:
        """(bound - value) / max(|value|, 1 point)."""
        return abs(self.bound - self.value) / max(abs(self.value), 10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """How far a run is.

    ``phase`` is what its solves do; ``None`` while none has begun. ``levels`` are sums over the shares of the
    policy's own plan, for every level of which all of these have told. ``seconds`` have passed since its start.
    """

    state: RunState
    phase: str | None
    n_shares: int
    n_solved: int
    levels: tuple[LevelView, ...]
    seconds: float

    @property
    def has_ended(self) -> bool:
        """Whether nothing changes any more."""
        return self.state not in OPEN_RUN_STATES


def progress_by_run(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, RunView]:
    """How far each run is."""
    runs = runs_by_id(session, viewer, ids)
    told: dict[UUID, list[_Told]] = defaultdict(list)
    is_own = and_(col(MatchShare.kind) == ShareKind.SOLVE, col(MatchShare.variant) == 0)
    shares = select(MatchShare.run_id, MatchShare.progress, MatchShare.solved_at, is_own)
    for run_id, progress, solved_at, belongs in session.exec(shares.where(col(MatchShare.run_id).in_(list(runs)))):
        told[run_id].append((progress, solved_at, bool(belongs)))
    return {run_id: _view(run, told[run_id]) for run_id, run in runs.items()}


def _view(run: MatchRun, shares: Sequence[_Told]) -> RunView:
    at_work = [progress["phase"] for progress, solved_at, _ in shares if progress is not None and solved_at is None]
    sums: dict[str, list[int]] = {}
    counts: dict[str, int] = defaultdict(int)
    own = [progress for progress, _, belongs in shares if belongs]
    for progress in own:
        for name, (value, bound) in (progress or {}).get("levels", {}).items():
            total = sums.setdefault(name, [0, 0])
            total[0], total[1] = total[0] + value, total[1] + bound
            counts[name] += 1
    seconds = 0.0 if run.started_at is None else ((run.finished_at or utc_now()) - run.started_at).total_seconds()
    return RunView(
        state=run.state,
        phase=at_work[0] if at_work else None,
        n_shares=len(shares),
        n_solved=sum(solved_at is not None for _, solved_at, _ in shares),
        levels=tuple(
            LevelView(name=name, value=value, bound=bound)
            for name, (value, bound) in sums.items()
            if counts[name] == len(own)
        ),
        seconds=round(max(seconds, 0.0), 3),
    )
