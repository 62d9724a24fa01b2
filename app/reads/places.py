"""Reading places: divisions, village conditions, and what lies inside a division."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.access import Viewer
from app.folding import folded
from app.models import Division, MentorPool, VillageCondition
from app.models.vocabulary import DivisionKind, DivisionLevel, VillageConditionKind
from app.reads.conditions import Condition, among, equals, is_set, named, only
from app.reads.paging import Key, Listing, group_by_key
from app.reads.scope import divisions_around, trimmed_code


class DivisionOrder(StrEnum):
    """Orders of the list of divisions."""

    CODE = "CODE"
    NAME = "NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class DivisionFilter:
    """Which divisions; ``None`` leaves a condition out."""

    division_code: str | None = None
    level: DivisionLevel | None = None
    kinds: tuple[DivisionKind, ...] | None = None
    condition: VillageConditionKind | None = None
    search: str | None = None
    is_valid: bool | None = None
    valid_on: date | None = None


def _divisions(viewer: Viewer, wanted: DivisionFilter) -> SelectOfScalar[Division]:
    is_valid = None if wanted.is_valid is None else not wanted.is_valid
    return select(Division).where(
        divisions_around(viewer),
        *only(
            _under(wanted.division_code),
            equals(Division.level, wanted.level),
            among(Division.kind, wanted.kinds),
            _found(wanted.search),
            is_set(Division.valid_to, is_valid),
            _valid_on(wanted.valid_on),
            None if wanted.condition is None else col(Division.id).in_(villages_in(wanted.condition)),
        ),
    )


def _under(code: str | None) -> Condition:
    return None if code is None else col(Division.code).startswith(trimmed_code(code))


def _found(search: str | None) -> Condition:
    """By a part of the name or the beginning of the code."""
    name = named(Division, search)
    return (
        None
        if name is None or search is None
        else name | col(Division.code).startswith(folded(search), autoescape=True)
    )


def _valid_on(day: date | None) -> Condition:
    if day is None:
        return None
    return (col(Division.valid_from) <= day) & (col(Division.valid_to).is_(None) | (col(Division.valid_to) >= day))


def villages_in(condition: VillageConditionKind) -> Any:
    """The keys of villages that are in a condition now."""
    return select(col(VillageCondition.village_id)).where(
        col(VillageCondition.kind) == condition, col(VillageCondition.end_date).is_(None)
    )


DIVISIONS = Listing(
    name="divisions",
    table=Division,
    statement=_divisions,
    orders={
        DivisionOrder.CODE: (Key(column=Division.code, kind=str), Key(column=Division.id, kind=UUID)),
        DivisionOrder.NAME: (Key(column=Division.name, kind=str), Key(column=Division.id, kind=UUID)),
    },
)


def divisions_by_id(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, Division]:
    """Divisions by key, inside the territory or containing it."""
    rows = session.exec(select(Division).where(col(Division.id).in_(ids), divisions_around(viewer)))
    return {row.id: row for row in rows}


def children_by_parent(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[Division]]:
    """The divisions directly inside each division, in official order."""
    rows = session.exec(
        select(Division)
        .where(col(Division.parent_id).in_(ids), divisions_around(viewer))
        .order_by(col(Division.display_order), col(Division.code))
    )
    return group_by_key(ids, [(row.parent_id, row) for row in rows])


def conditions_by_village(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[VillageCondition]]:
    """The conditions of each village, newest first."""
    rows = session.exec(
        select(VillageCondition)
        .join(Division, col(Division.id) == col(VillageCondition.village_id))
        .where(col(VillageCondition.village_id).in_(ids), divisions_around(viewer))
        .order_by(col(VillageCondition.start_date).desc(), col(VillageCondition.kind))
    )
    return group_by_key(ids, [(row.village_id, row) for row in rows])


def pools_by_division(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[MentorPool]]:
    """The mentor pools of each township or county."""
    rows = session.exec(
        select(MentorPool)
        .join(Division, col(Division.id) == col(MentorPool.division_id))
        .where(col(MentorPool.division_id).in_(ids), divisions_around(viewer))
        .order_by(col(MentorPool.name), col(MentorPool.id))
    )
    return group_by_key(ids, [(row.division_id, row) for row in rows])
