"""Types of access: the viewer, users, their offices and tokens."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.access import Permission
from app.access import Viewer as ViewerRow
from app.models import ApiToken as ApiTokenRow
from app.models import Office as OfficeRow
from app.models import UserAccount as UserRow
from app.models.vocabulary import Role, UserState
from app.reads import access, people, places, users
from schema.context import Info
from schema.fields import Node, Wrapped, described, label_of, many, one, show

if TYPE_CHECKING:
    from schema.people.types import Person
    from schema.places.types import Division


@strawberry.type(description="What a user is in the service for a period (任职授权); at most one on any day.")
class Office(Node, shows=OfficeRow):
    row: strawberry.Private[OfficeRow]

    role: Role = described("Role.")
    role_label: str = label_of("role")
    valid_from: date = described("First day.")
    valid_to: date | None = described("Last day; empty until it is ended.")
    version: int = described("Grows with every change.")
    user: Annotated["User", strawberry.lazy("schema.access.types")] | None = one(
        users.users_by_id, "user_id", "Whose office it is."
    )
    division: Annotated["Division", strawberry.lazy("schema.places.types")] | None = one(
        places.divisions_by_id, "division_id", "The territory; empty for the whole country."
    )
    person: Annotated["Person", strawberry.lazy("schema.people.types")] | None = one(
        people.persons_by_id, "person_id", "The person that a mentor's or mentee's office stands for."
    )

    @strawberry.field(description="Permissions given by name, which no role brings with it.")
    def explicit_permissions(self) -> list[Permission]:
        return [Permission(name) for name in self.row.explicit_permissions]


@strawberry.type(description="Somebody who signs in (用户).")
class User(Node, shows=UserRow):
    row: strawberry.Private[UserRow]

    login: str = described("Login, which stands in the record of what was done.")
    name: str = described("Name.")
    state: UserState = described("Whether the user may sign in.")
    state_label: str = label_of("state")
    must_change_password: bool = described("Whether the present password was set by somebody else.")
    locked_until: datetime | None = described("Until when the login is locked after failures, UTC.")
    last_sign_in_at: datetime | None = described("The last sign-in, UTC.")
    created_at: datetime = described("Instant at which the user was entered, UTC.")
    version: int = described(
        "Grows with every change; send it back as `expectedVersion` to guard against lost updates."
    )
    offices: list[Office] = many(users.offices_by_user, "Offices, the newest first.")


@strawberry.type(description="A bearer token for a program (令牌). Its clear text is shown once, when it is made.")
class ApiToken(Node, shows=ApiTokenRow):
    row: strawberry.Private[ApiTokenRow]

    label: str = described("What it is for, or who holds it.")
    role: Role = described("Role.")
    role_label: str = label_of("role")
    expires_at: datetime = described("Instant from which it is worth nothing, UTC.")
    revoked_at: datetime | None = described("Instant at which it was ended, UTC.")
    created_at: datetime = described("Instant at which it was made, UTC.")
    created_by: str = described("Who made it.")
    office: Office | None = one(
        users.offices_by_id, "office_id", "The office it belongs to; empty for one made on the machine itself."
    )

    @strawberry.field(description="The only permissions it has; empty for all of the role's.")
    def scopes(self) -> list[Permission] | None:
        return None if self.row.scopes is None else [Permission(name) for name in self.row.scopes]


@strawberry.type(description="Who is asking.")
class Viewer(Wrapped, shows=ViewerRow):
    row: strawberry.Private[ViewerRow]

    subject: str = described("Login, or label of the token, which stands in the record of what was done.")
    role: Role = described("Role.")
    role_label: str = label_of("role")
    code_prefix: str = described("Territory as leading digits of division codes; empty for the whole country.")
    person: Annotated["Person", strawberry.lazy("schema.people.types")] | None = one(
        people.persons_by_id, "person_id", "The person a mentor's or mentee's token stands for."
    )

    @strawberry.field(description="The territory as a division; empty for the whole country.")
    async def division(self, info: Info) -> Annotated["Division", strawberry.lazy("schema.places.types")] | None:
        return show(await info.context.read(access.territory_division))  # type: ignore[no-any-return]

    @strawberry.field(description="What the viewer may do.")
    def permissions(self) -> list[Permission]:
        return [permission for permission in Permission if self.row.may(permission)]

    @strawberry.field(description="The own account; empty for a token that was made on the machine.")
    async def user(self, info: Info) -> User | None:
        return show(await info.context.read(users.find_own_account))  # type: ignore[no-any-return]
