"""Root queries of places."""

import strawberry

from app.access import Permission
from app.reads import places as reads
from schema.lists import root_list
from schema.paging import Connection, OrderChoice
from schema.places.inputs import DivisionFilterInput, DivisionOrderBy
from schema.places.types import Division


@strawberry.type(description="Queries of places.")
class PlacesQueries:
    divisions: Connection[Division] | None = root_list(
        Permission.READ,
        reads.DIVISIONS,
        DivisionFilterInput,
        DivisionOrderBy,
        OrderChoice(order=reads.DivisionOrder.CODE),
        "Divisions of the territory, and those that contain it.",
        which="Which divisions.",
        ordered="by code",
    )
