"""Root queries of access: the viewer."""

import strawberry

from app.access import Permission
from schema.access.types import Viewer
from schema.context import Info
from schema.permissions import root_field


@strawberry.type(description="Queries of access.")
class AccessQueries:
    @root_field(Permission.READ_OWN, "Who is asking.")
    async def viewer(self, info: Info) -> Viewer:
        return Viewer.of(info.context.viewer)
