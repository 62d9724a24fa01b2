"""Root queries of places."""

from typing import Annotated

import strawberry

from app.access import Permission
from app.reads import places as reads
from schema.context import Info
from schema.fields import show
from schema.paging import After, Before, Connection, First, Last, OrderChoice, Paging, connect
from schema.permissions import root_field
from schema.places.inputs import DivisionFilterInput, DivisionOrderBy
from schema.places.types import Division


@strawberry.type(description="Queries of places.")
class PlacesQueries:
    @root_field(Permission.READ, "Divisions of the territory, and those that contain it.")
    async def divisions(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[DivisionFilterInput | None, strawberry.argument(description="Which divisions.")] = None,
        order_by: Annotated[
            DivisionOrderBy | None, strawberry.argument(description="Order; by code unless stated.")
        ] = None,
    ) -> Connection[Division]:
        return await connect(
            info.context,
            reads.DIVISIONS,
            filter.filters() if filter else reads.DivisionFilter(),
            order_by.choice() if order_by else OrderChoice(order=reads.DivisionOrder.CODE),
            Paging(first=first, after=after, last=last, before=before),
            show,
        )
