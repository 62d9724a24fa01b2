"""The supply-demand table: which township cannot be filled, before any run."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from app.reads import places
from app.services.runs import SupplyDemandRow as Row
from schema.fields import Wrapped, described, one

if TYPE_CHECKING:
    from schema.places.types import Division


@strawberry.type(description="Supply and demand of one township under the newest policy (供需表).")
class SupplyDemandRow(Wrapped, shows=Row):
    row: strawberry.Private[Row]

    township_code: str = described("Division code of the township, or of the county for its own pool.")
    mentees: int = described("Persons to be mentored.")
    seats: int = described("Seats to be filled.")
    eligible_mentors: int = described("Mentors of the township who may serve.")
    capacity: int = described("How many mentees they can still take.")
    local_seats: int = described("Seats that must be filled from the township itself.")
    local_capacity: int = described("How many mentees its mentors can take in such seats.")
    shortage: int = described("Seats that its own mentors cannot fill.")
    local_shortage: int = described("Seats bound to the township that its own mentors cannot fill.")
    township: Annotated["Division", strawberry.lazy("schema.places.types")] | None = one(
        places.divisions_by_id, "township_id", "The township."
    )
