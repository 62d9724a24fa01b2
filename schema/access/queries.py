"""Root queries of access: the viewer, users and tokens."""

import strawberry

from app.access import Permission
from app.reads.users import TOKENS, USERS, TokenOrder, UserOrder
from schema.access.inputs import ApiTokenFilterInput, ApiTokenOrderBy, UserFilterInput, UserOrderBy
from schema.access.types import ApiToken, User, Viewer
from schema.context import Info
from schema.lists import root_list
from schema.paging import Connection, OrderChoice
from schema.permissions import root_field


@strawberry.type(description="Queries of access.")
class AccessQueries:
    @root_field(Permission.READ_OWN, "Who is asking.")
    async def viewer(self, info: Info) -> Viewer:
        return Viewer.of(info.context.viewer)

    users: Connection[User] | None = root_list(
        Permission.MANAGE_USERS,
        USERS,
        UserFilterInput,
        UserOrderBy,
        OrderChoice(order=UserOrder.LOGIN),
        "Users whom the viewer looks after, and the own account.",
        which="Which users.",
        ordered="by login",
    )
    api_tokens: Connection[ApiToken] | None = root_list(
        Permission.READ_OWN,
        TOKENS,
        ApiTokenFilterInput,
        ApiTokenOrderBy,
        OrderChoice(order=TokenOrder.CREATED_AT),
        "The own tokens, and those of users whom the viewer looks after.",
        which="Which tokens.",
        ordered="by the instant at which they were made",
    )
