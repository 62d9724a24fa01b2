"""Plans of one programme side by side: the figures that an office argues about, and the people who differ."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer
from app.errors import InvalidInputError
from app.models import MatchPlan, MatchRun, Mentee, Person, PlanItem
from app.models.vocabulary import BetterDirection, FigureUnit, PlanFigure
from app.reads.runs import plans_by_id
from app.reads.scope import of_mentees_in_scope

FEWEST, MOST = 2, 6
"""Plans that can be compared at a time: what fits side by side on a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRow:
    """One figure of every plan, in the order of the plans; ``None`` where a plan has none."""

    figure: PlanFigure
    unit: FigureUnit
    better: BetterDirection
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferingMentee:
    """A mentee whose seats differ between the plans: per plan, ``(slot, mentor)`` of the filled ones."""

    mentee_id: UUID
    seats: tuple[tuple[tuple[str, UUID], ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanComparison:
    """Plans side by side; the mentees are those of the territory, by 编号.

    ``shares_facts`` and ``shares_policy`` say whether all plans saw the same facts and were measured by one policy.
    """

    plans: tuple[MatchPlan, ...]
    rows: tuple[FigureRow, ...]
    mentees: tuple[DifferingMentee, ...]
    shares_facts: bool
    shares_policy: bool


def compare_match_plans(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> PlanComparison | None:
    """Compare 2 to 6 plans of one programme; ``None`` when one of them is unknown or outside the territory."""
    viewer.require(Permission.READ_PLANS)
    if len(set(ids)) != len(ids) or not FEWEST <= len(ids) <= MOST:
        raise InvalidInputError(
            f"Compare {FEWEST} to {MOST} different plans; these are {len(set(ids))} different of {len(ids)}.",
            f"请选择{FEWEST}至{MOST}个不同的方案；当前共{len(ids)}个，其中不同的{len(set(ids))}个。",
            path=["ids"],
        )
    found = plans_by_id(session, viewer, ids)
    if len(found) < len(ids):
        return None
    plans = tuple(found[key] for key in ids)
    if len({plan.program_id for plan in plans}) > 1:
        raise InvalidInputError(
            "These plans belong to different programmes; compare plans of one programme.",
            "所选方案属于不同的项目；只能比较同一项目的方案。",
            path=["ids"],
        )
    runs = session.exec(select(MatchRun).where(col(MatchRun.id).in_({plan.run_id for plan in plans}))).all()
    return PlanComparison(
        plans=plans,
        rows=tuple(
            FigureRow(figure=figure, unit=unit, better=better, values=tuple(read(plan) for plan in plans))
            for figure, (unit, better, read) in _FIGURES.items()
        ),
        mentees=_differing(session, viewer, ids),
        shares_facts=len({run.snapshot_hash for run in runs}) == 1,
        shares_policy=len({run.policy_id for run in runs}) == 1,
    )


def _differing(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> tuple[DifferingMentee, ...]:
    seats = (
        select(PlanItem.mentee_id, PlanItem.plan_id, PlanItem.slot_code, PlanItem.mentor_id)
        .join(Mentee, col(Mentee.id) == col(PlanItem.mentee_id))
        .join(Person, col(Person.id) == col(Mentee.person_id))
        .where(col(PlanItem.plan_id).in_(ids), of_mentees_in_scope(viewer, PlanItem.county_id, PlanItem.mentee_id))
        .order_by(col(Person.code), col(PlanItem.mentee_id), col(PlanItem.slot_code))
    )
    teams: dict[UUID, dict[UUID, list[tuple[str, UUID]]]] = defaultdict(lambda: defaultdict(list))
    for mentee_id, plan_id, slot, mentor_id in session.exec(seats):
        teams[mentee_id][plan_id].append((slot, mentor_id))
    every = (
        DifferingMentee(mentee_id=mentee_id, seats=tuple(tuple(own.get(plan_id, ())) for plan_id in ids))
        for mentee_id, own in teams.items()
    )
    return tuple(mentee for mentee in every if len(set(mentee.seats)) > 1)


def _metric(name: str, scale: float = 1.0) -> Callable[[MatchPlan], float | None]:
    def read(plan: MatchPlan) -> float | None:
        value = plan.metrics.get(name)
        return None if value is None else float(value) * scale

    return read


def _load_spread(plan: MatchPlan) -> float | None:
    least, most = plan.metrics.get("min_load"), plan.metrics.get("max_load")
    return None if least is None or most is None else float(most - least)


def _score(plan: MatchPlan) -> float | None:
    """The score under the policy of the run, whatever weights the plan was solved under."""
    if plan.levels_by_policy is None and plan.weights is not None:
        return None  # the run was cancelled before the policy's own plan, by which others are measured
    levels: Sequence[Mapping[str, Any]] = plan.levels if plan.levels_by_policy is None else plan.levels_by_policy
    return next((float(level["value"]) for level in levels if level["name"] == "SCORE"), None)


_FIGURES: Mapping[PlanFigure, tuple[FigureUnit, BetterDirection, Callable[[MatchPlan], float | None]]] = {
    PlanFigure.SEATS_FILLED: (FigureUnit.SEATS, BetterDirection.HIGHER, _metric("n_filled")),
    PlanFigure.SAME_TOWNSHIP_SHARE: (FigureUnit.PERCENT, BetterDirection.HIGHER, _metric("same_township_share", 100.0)),
    PlanFigure.MEAN_MINUTES: (FigureUnit.MINUTES, BetterDirection.LOWER, _metric("mean_minutes")),
    PlanFigure.P90_MINUTES: (FigureUnit.MINUTES, BetterDirection.LOWER, _metric("p90_minutes")),
    PlanFigure.MAX_MINUTES: (FigureUnit.MINUTES, BetterDirection.LOWER, _metric("max_minutes")),
    PlanFigure.MEAN_EXPERIENCE: (FigureUnit.POINTS, BetterDirection.HIGHER, _metric("mean_experience_fit")),
    PlanFigure.WORST_EXPERIENCE: (FigureUnit.POINTS, BetterDirection.HIGHER, _metric("worst_experience_fit")),
    PlanFigure.WEAK_TEAMS: (FigureUnit.TEAMS, BetterDirection.LOWER, _metric("n_weak_teams")),
    PlanFigure.LOAD_SPREAD: (FigureUnit.MENTEES, BetterDirection.LOWER, _load_spread),
    PlanFigure.WISHES_MET: (FigureUnit.WISHES, BetterDirection.HIGHER, _metric("n_wishes_met")),
    PlanFigure.CHANGED_LINKS: (FigureUnit.LINKS, BetterDirection.LOWER, _metric("n_changed_links")),
    PlanFigure.SCORE: (FigureUnit.POINTS, BetterDirection.HIGHER, _score),
}
