"""Reading places: divisions, village conditions, and what lies inside a division."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.access import Viewer
from app.models import Division, MentorPool, VillageCondition
from app.models.vocabulary import DivisionLevel, VillageConditionKind
from app.reads.paging import Key, Listing, group_by_key
from app.reads.scope import divisions_around, name_contains, trimmed_code


class DivisionOrder(StrEnum):
    """Orders of the list of divisions."""

    CODE = "CODE"
    NAME = "NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class DivisionFilter:
    """Which divisions; ``None`` leaves a condition out."""

    division_code: str | None = None
    level: DivisionLevel | None = None
    condition: VillageConditionKind | None = None
    name: str | None = None
    is_valid: bool | None = None


def _divisions(viewer: Viewer, wanted: DivisionFilter) -> SelectOfScalar[Division]:
    statement = select(Division).where(divisions_around(viewer))
    if wanted.division_code is not None:
        statement = statement.where(col(Division.code).startswith(trimmed_code(wanted.division_code)))
    if wanted.level is not None:
        statement = statement.where(col(Division.level) == wanted.level)
    if wanted.name is not None:
        statement = statement.where(name_contains(Division.name, wanted.name))
    if wanted.is_valid is not None:
        open_ended = col(Division.valid_to).is_(None)
        statement = statement.where(open_ended if wanted.is_valid else ~open_ended)
    if wanted.condition is not None:
        current = select(col(VillageCondition.village_id)).where(
            col(VillageCondition.kind) == wanted.condition, col(VillageCondition.end_date).is_(None)
        )
        statement = statement.where(col(Division.id).in_(current))
    return statement


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
