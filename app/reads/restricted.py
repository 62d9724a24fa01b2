"""Reading class A: flags of persons and declared kinship. Whoever may not read it reads nothing.

That somebody read it is recorded by the caller, who also knows what it was asked for.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_
from sqlmodel import Session, col, select

from app.access import CODE_LENGTH, Permission, Viewer, territory_clause
from app.models import KinshipDeclaration, PersonFlag
from app.models.vocabulary import DivisionLevel
from app.reads.paging import group_by_key


def restricted_in_scope(viewer: Viewer, county_column: object) -> ColumnElement[bool]:
    """Rows of class A of the viewer's own county; nothing for whoever may not read them."""
    is_of_one_county = len(viewer.code_prefix) == CODE_LENGTH[DivisionLevel.COUNTY]
    if not is_of_one_county or not viewer.may(Permission.READ_RESTRICTED_DATA):
        return false()
    return territory_clause(viewer, county_column)


def flags_by_person(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[PersonFlag]]:
    """The restricted facts about each person, oldest first."""
    rows = session.exec(
        select(PersonFlag)
        .where(col(PersonFlag.person_id).in_(ids), restricted_in_scope(viewer, PersonFlag.county_id))
        .order_by(col(PersonFlag.start_date), col(PersonFlag.id))
    )
    return group_by_key(ids, [(row.person_id, row) for row in rows])


def kinships_by_person(session: Session, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[KinshipDeclaration]]:
    """The kinship that each person has declared or is named in."""
    rows = session.exec(
        select(KinshipDeclaration)
        .where(
            or_(col(KinshipDeclaration.person_a_id).in_(ids), col(KinshipDeclaration.person_b_id).in_(ids)),
            restricted_in_scope(viewer, KinshipDeclaration.county_id),
        )
        .order_by(col(KinshipDeclaration.id))
    )
    sides = [(side, row) for row in rows for side in (row.person_a_id, row.person_b_id) if side in set(ids)]
    return group_by_key(ids, sides)
