"""Supply and demand per township before any run."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, covers_division
from app.models import Division
from app.models.vocabulary import DivisionLevel
from app.services.programs import get_program, policy_for_run
from app.services.snapshot import counties_of, take_snapshot
from matching import Policy
from matching.supply import supply_table


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyDemandRow:
    """Supply and demand of one township before any run; persons are counted, not records."""

    township_id: UUID
    township_code: str
    mentees: int
    seats: int
    eligible_mentors: int
    capacity: int
    local_seats: int
    local_capacity: int
    shortage: int
    local_shortage: int


def supply_demand(session: Session, viewer: Viewer, program_id: UUID) -> tuple[SupplyDemandRow, ...]:
    """Supply and demand per township under the newest policy, for the townships in the viewer's territory."""
    viewer.require(Permission.READ_PLANS)
    program = get_program(session, viewer, program_id)
    policy = Policy.from_json(policy_for_run(session, program, None).content)
    facts = take_snapshot(session, program)
    counties = [county.id for county in counties_of(session, program)]
    # A mentor may still stand at a revoked township; the newest division of a code is read last and stays.
    townships = (
        select(Division.code, Division.id)
        .where(col(Division.county_id).in_(counties), Division.level != DivisionLevel.VILLAGE)
        .order_by(col(Division.valid_from))
    )
    by_code = dict(session.exec(townships).all())
    return tuple(
        SupplyDemandRow(
            township_id=by_code[row.township or row.county],
            township_code=row.township or row.county,
            mentees=row.n_mentees,
            seats=row.n_seats,
            eligible_mentors=row.n_mentors,
            capacity=row.free_capacity,
            local_seats=row.n_local_seats,
            local_capacity=row.local_capacity,
            shortage=row.shortage,
            local_shortage=row.local_shortage,
        )
        for row in supply_table(facts, policy)
        if covers_division(viewer, row.township or row.county)
    )
