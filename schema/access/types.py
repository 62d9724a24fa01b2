"""Types of access: the viewer."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from app.access import Permission
from app.access import Viewer as ViewerRow
from app.models.vocabulary import Role
from app.reads import access, people
from schema.context import Info
from schema.fields import Wrapped, described, label_of, one, show

if TYPE_CHECKING:
    from schema.people.types import Person
    from schema.places.types import Division


@strawberry.type(description="Who is asking.")
class Viewer(Wrapped, shows=ViewerRow):
    row: strawberry.Private[ViewerRow]

    subject: str = described("Label of the token, which stands in the record of what was done.")
    role: Role = described("Role.")
    role_label: str = label_of("role")
    code_prefix: str = described("Territory as leading digits of division codes; empty for the whole country.")
    person: Annotated["Person", strawberry.lazy("schema.people.types")] | None = one(
        people.persons_by_id, "person_id", "The person a mentor's or mentee's token stands for."
    )

    @strawberry.field(description="The territory as a division; empty for the whole country.")
    async def division(self, info: Info) -> Annotated["Division", strawberry.lazy("schema.places.types")] | None:
        return show(await info.context.read(access.territory_division))  # type: ignore[no-any-return]

    @strawberry.field(description="What the role may do.")
    def permissions(self) -> list[Permission]:
        return [permission for permission in Permission if self.row.may(permission)]
