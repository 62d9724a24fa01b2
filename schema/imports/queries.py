"""Root queries of imports."""

import strawberry

from app.access import Permission
from app.reads import imports as reads
from schema.context import Info
from schema.enums import OrderDirection
from schema.fields import IdArgument, find_shown
from schema.ids import key_of
from schema.imports.inputs import (
    ImportBatchFilterInput,
    ImportBatchOrderBy,
    ImportMappingFilterInput,
    ImportMappingOrderBy,
)
from schema.imports.types import ImportBatch, ImportMapping
from schema.lists import root_list
from schema.paging import Connection, OrderChoice
from schema.permissions import root_field


@strawberry.type(description="Queries of imports.")
class ImportsQueries:
    import_batches: Connection[ImportBatch] | None = root_list(
        Permission.EDIT_PEOPLE,
        reads.IMPORT_BATCHES,
        ImportBatchFilterInput,
        ImportBatchOrderBy,
        OrderChoice(order=reads.ImportBatchOrder.CREATED_AT, direction=OrderDirection.DESC),
        "Uploaded files of the territory; below county level only the viewer's own.",
        which="Which files.",
        ordered="newest first",
    )
    import_mappings: Connection[ImportMapping] | None = root_list(
        Permission.EDIT_PEOPLE,
        reads.IMPORT_MAPPINGS,
        ImportMappingFilterInput,
        ImportMappingOrderBy,
        OrderChoice(order=reads.ImportMappingOrder.HEADER),
        "What the headers of senders in the territory were said to mean.",
        which="Which headers.",
        ordered="by header",
    )

    @root_field(Permission.EDIT_PEOPLE, "One uploaded file. Empty when unknown or outside the territory.")
    async def import_batch(self, info: Info, id: IdArgument) -> ImportBatch | None:
        return await find_shown(info, reads.batches_by_id, key_of(id, "ImportBatch"), ImportBatch)
