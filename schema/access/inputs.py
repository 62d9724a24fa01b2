"""Inputs of access: which users and tokens, and what to do with them."""

from datetime import date
from typing import ClassVar

import strawberry

from app.access import Permission
from app.models.vocabulary import Role, UserState
from app.reads.users import TokenFilter, TokenOrder, UserFilter, UserOrder
from app.services.access import OfficeDraft, TokenDraft, UserDraft
from schema.enums import OrderDirection
from schema.ids import optional_key_of
from schema.inputs import DIRECTION, DIVISION_CODE, changeable, checked_code, optional, required, several
from schema.paging import OrderChoice

VERSION = "The version that was read; the change is refused when somebody else was faster."


@strawberry.input(description="Which users; all conditions must hold.")
class UserFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    roles: list[Role] | None = optional("Who holds an office of one of these roles today.")
    states: list[UserState] | None = optional("In one of these states.")
    search: str | None = optional("Part of the login or the name.")

    def filters(self) -> UserFilter:
        """What the reads understand."""
        return UserFilter(
            division_code=checked_code(self.division_code),
            roles=several(self.roles),
            states=several(self.states),
            search=self.search,
        )


@strawberry.input(description="Order of users.")
class UserOrderBy:
    field: UserOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which tokens; all conditions must hold.")
class ApiTokenFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    user_id: strawberry.ID | None = optional("Tokens of this user.")
    is_valid: bool | None = optional("Whether it is neither expired nor revoked.")
    search: str | None = optional("Part of the label.")

    def filters(self) -> TokenFilter:
        """What the reads understand."""
        return TokenFilter(
            division_code=checked_code(self.division_code),
            user_id=optional_key_of(self.user_id, "User", path=["filter", "userId"]),
            is_valid=self.is_valid,
            search=self.search,
        )


@strawberry.input(description="Order of tokens.")
class ApiTokenOrderBy:
    field: TokenOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="A user to be entered.")
class CreateUserInput:
    DRAFT: ClassVar[type] = UserDraft

    login: str = required("Login: 3 to 40 letters a-z, digits, dots, dashes or underscores.")
    name: str = required("Name.")
    password: str | None = optional("First password; one is made up and told once unless stated.")


@strawberry.input(description="Changes of a user; what is left out stays.")
class UserChangesInput:
    name: str | None = changeable("Name.")
    state: UserState | None = changeable("Whether the user may sign in; a disabled one is signed out everywhere.")


@strawberry.input(description="A user to be changed.")
class UpdateUserInput:
    id: strawberry.ID = required("The user.")
    changes: UserChangesInput = required("What changes.")
    expected_version: int | None = optional(VERSION)


@strawberry.input(description="A user who gets a new first password.")
class ResetPasswordInput:
    user_id: strawberry.ID = required("The user.")


@strawberry.input(description="A user who is signed out everywhere.")
class EndSessionsInput:
    user_id: strawberry.ID = required("The user.")


@strawberry.input(description="A new password of one's own.")
class ChangePasswordInput:
    present_password: str = required("The present password.")
    new_password: str = required("The new password: 12 to 128 characters.")


@strawberry.input(description="An office to be given.")
class GiveOfficeInput:
    DRAFT: ClassVar[type] = OfficeDraft

    user_id: strawberry.ID = required("Who gets it.")
    role: Role = required("Role.")
    division_id: strawberry.ID | None = optional("Territory; left out for the whole country, where the role allows it.")
    person_id: strawberry.ID | None = optional("The person that a mentor's or mentee's office stands for.")
    valid_from: date = required("First day, today or later.")
    valid_to: date | None = optional("Last day; open unless stated.")
    explicit_permissions: list[Permission] | None = optional("Permissions that no role brings with it.")


@strawberry.input(description="An office to be ended.")
class EndOfficeInput:
    office_id: strawberry.ID = required("The office.")
    last_day: date | None = optional("Last day; today unless stated.")
    expected_version: int | None = optional(VERSION)


@strawberry.input(description="A token of one's own.")
class CreateApiTokenInput:
    DRAFT: ClassVar[type] = TokenDraft

    label: str = required("What it is for.")
    scopes: list[Permission] = required("The only permissions it has.")
    days: int | None = optional("Days until it expires, 1 to 366; 90 unless stated.")


@strawberry.input(description="A token to be ended.")
class RevokeApiTokenInput:
    token_id: strawberry.ID = required("The token.")
