"""Reading what repairs change, without people outside the territory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Viewer
from app.models import Mentee, Mentor, PlanRepair
from app.reads.runs import plans_by_id
from app.reads.scope import is_whole_country, mentees_in_scope, of_persons_in_scope

Entries = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairView:
    """What the plan of a repair changes: totals of the whole plan, entries of the territory."""

    row: PlanRepair
    ended: Entries
    added: Entries
    mentees: Entries
    mentors: Entries


def repairs_by_plan(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, RepairView]:
    """What each plan of a repair changes; plans of other runs have nothing."""
    rows = session.exec(select(PlanRepair).where(col(PlanRepair.plan_id).in_(list(plans_by_id(session, viewer, ids)))))
    found = list(rows)
    if not found:
        return {}
    mentees = mentors = None
    if not is_whole_country(viewer):
        mentees = {str(key) for key in session.exec(select(Mentee.id).where(mentees_in_scope(viewer)))}
        own = of_persons_in_scope(viewer, Mentor.person_id)
        mentors = {str(key) for key in session.exec(select(Mentor.id).where(own))}
    return {
        row.plan_id: RepairView(
            row=row,
            ended=_inside(row.ended, "mentee_id", mentees),
            added=_inside(row.added, "mentee_id", mentees),
            mentees=_inside(row.mentees, "mentee_id", mentees),
            mentors=_inside(row.mentors, "mentor_id", mentors),
        )
        for row in found
    }


def _inside(entries: Sequence[Mapping[str, Any]], key: str, known: set[str] | None) -> Entries:
    return tuple(entry for entry in entries if known is None or entry[key] in known)
