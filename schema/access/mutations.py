"""Mutations of access. Clear passwords and tokens are told once, in the payload, and stored nowhere."""

import asyncio
from typing import Annotated

import strawberry

from app.access import Permission
from app.models.vocabulary import UserState
from app.services import access
from app.services.people import UNSET, Unset
from schema.access.inputs import (
    ChangePasswordInput,
    CreateApiTokenInput,
    CreateUserInput,
    EndOfficeInput,
    EndSessionsInput,
    GiveOfficeInput,
    ResetPasswordInput,
    RevokeApiTokenInput,
    UpdateUserInput,
    UserChangesInput,
)
from schema.access.types import ApiToken, Office, User, Viewer
from schema.context import Info
from schema.drafts import to_draft
from schema.fields import show
from schema.ids import key_of
from schema.permissions import mutation_field
from schema.problems import Payload

_INPUT = strawberry.argument(description="What to do.")
_PASSWORD = "The first password, told only here; the user has to choose another one."


@strawberry.type(description="Result of `createUser`.")
class CreateUserPayload(Payload):
    user: User | None = strawberry.field(default=None, description="The new user, without any office yet.")
    first_password: str | None = strawberry.field(default=None, description=_PASSWORD)


@strawberry.type(description="Result of `updateUser`.")
class UpdateUserPayload(Payload):
    user: User | None = strawberry.field(default=None, description="The changed user.")


@strawberry.type(description="Result of `resetPassword`.")
class ResetPasswordPayload(Payload):
    user: User | None = strawberry.field(default=None, description="The user.")
    first_password: str | None = strawberry.field(default=None, description=_PASSWORD)


@strawberry.type(description="Result of `endSessions`.")
class EndSessionsPayload(Payload):
    user: User | None = strawberry.field(default=None, description="The user.")
    ended_count: int | None = strawberry.field(default=None, description="How many sessions ended.")


@strawberry.type(description="Result of `changePassword`.")
class ChangePasswordPayload(Payload):
    viewer: Viewer | None = strawberry.field(
        default=None, description="Who has changed it; all sessions have ended, and one signs in again."
    )


@strawberry.type(description="Result of `giveOffice`.")
class GiveOfficePayload(Payload):
    office: Office | None = strawberry.field(default=None, description="The new office.")
    first_password: str | None = strawberry.field(
        default=None,
        description="A new first password, told only here, where the office is one that only a system administrator "
        "gives: somebody else may know the old one.",
    )


@strawberry.type(description="Result of `endOffice`.")
class EndOfficePayload(Payload):
    office: Office | None = strawberry.field(default=None, description="The office with its last day.")


@strawberry.type(description="Result of `createApiToken`.")
class CreateApiTokenPayload(Payload):
    api_token: ApiToken | None = strawberry.field(default=None, description="The new token.")
    clear_token: str | None = strawberry.field(default=None, description="Its clear text, told only here.")


@strawberry.type(description="Result of `revokeApiToken`.")
class RevokeApiTokenPayload(Payload):
    api_token: ApiToken | None = strawberry.field(default=None, description="The ended token.")


@strawberry.type(description="Mutations of access.")
class AccessMutations:
    @mutation_field(Permission.MANAGE_USERS, CreateUserPayload, "Enter a user, who then needs an office.")
    async def create_user(self, info: Info, input: Annotated[CreateUserInput, _INPUT]) -> CreateUserPayload | None:
        draft = to_draft(access.UserDraft, input)
        first = await asyncio.to_thread(access.first_password, draft)
        row = await info.context.write(lambda session, viewer: access.create_user(session, viewer, draft, first))
        return CreateUserPayload(user=show(row), first_password=first.clear)

    @mutation_field(Permission.MANAGE_USERS, UpdateUserPayload, "Rename, disable or enable a user.")
    async def update_user(self, info: Info, input: Annotated[UpdateUserInput, _INPUT]) -> UpdateUserPayload | None:
        key, changes = key_of(input.id, "User"), input.changes
        row = await info.context.write(
            lambda session, viewer: access.update_user(
                session,
                viewer,
                key,
                name=_name(changes),
                state=_state(changes),
                expected_version=input.expected_version,
            )
        )
        return UpdateUserPayload(user=show(row))

    @mutation_field(
        Permission.MANAGE_USERS,
        ResetPasswordPayload,
        "Give a user a new first password; ends the user's sessions, tokens and a lock-out.",
    )
    async def reset_password(
        self, info: Info, input: Annotated[ResetPasswordInput, _INPUT]
    ) -> ResetPasswordPayload | None:
        key = key_of(input.user_id, "User", path=("user_id",))
        first = await asyncio.to_thread(access.new_first_password)
        row = await info.context.write(lambda session, viewer: access.reset_password(session, viewer, key, first))
        return ResetPasswordPayload(user=show(row), first_password=first.clear)

    @mutation_field(Permission.MANAGE_USERS, EndSessionsPayload, "Sign a user out everywhere.")
    async def end_sessions(self, info: Info, input: Annotated[EndSessionsInput, _INPUT]) -> EndSessionsPayload | None:
        key = key_of(input.user_id, "User", path=("user_id",))
        row, n_ended = await info.context.write(lambda session, viewer: access.end_sessions(session, viewer, key))
        return EndSessionsPayload(user=show(row), ended_count=n_ended)

    @mutation_field(Permission.READ_OWN, ChangePasswordPayload, "Change the own password; one signs in again then.")
    async def change_password(
        self, info: Info, input: Annotated[ChangePasswordInput, _INPUT]
    ) -> ChangePasswordPayload | None:
        context = info.context
        await asyncio.to_thread(
            access.change_password,
            context.database,
            context.viewer,
            present=input.present_password,
            new=input.new_password,
        )
        return ChangePasswordPayload(viewer=Viewer.of(context.viewer))

    @mutation_field(Permission.MANAGE_USERS, GiveOfficePayload, "Give a user an office; never oneself.")
    async def give_office(self, info: Info, input: Annotated[GiveOfficeInput, _INPUT]) -> GiveOfficePayload | None:
        draft = to_draft(access.OfficeDraft, input)
        anew = await asyncio.to_thread(access.new_first_password)
        row, told = await info.context.write(lambda session, viewer: access.give_office(session, viewer, draft, anew))
        return GiveOfficePayload(office=show(row), first_password=None if told is None else told.clear)

    @mutation_field(Permission.MANAGE_USERS, EndOfficePayload, "End an office with a last day.")
    async def end_office(self, info: Info, input: Annotated[EndOfficeInput, _INPUT]) -> EndOfficePayload | None:
        key = key_of(input.office_id, "Office", path=("office_id",))
        row = await info.context.write(
            lambda session, viewer: access.end_office(
                session, viewer, key, last_day=input.last_day, expected_version=input.expected_version
            )
        )
        return EndOfficePayload(office=show(row))

    @mutation_field(Permission.READ_OWN, CreateApiTokenPayload, "Make a token for a program, under the own office.")
    async def create_api_token(
        self, info: Info, input: Annotated[CreateApiTokenInput, _INPUT]
    ) -> CreateApiTokenPayload | None:
        draft = to_draft(access.TokenDraft, input)
        row, clear = await info.context.write(lambda session, viewer: access.create_own_token(session, viewer, draft))
        return CreateApiTokenPayload(api_token=show(row), clear_token=clear)

    @mutation_field(Permission.READ_OWN, RevokeApiTokenPayload, "End a token: one's own, or of a user looked after.")
    async def revoke_api_token(
        self, info: Info, input: Annotated[RevokeApiTokenInput, _INPUT]
    ) -> RevokeApiTokenPayload | None:
        key = key_of(input.token_id, "ApiToken", path=("token_id",))
        row = await info.context.write(lambda session, viewer: access.revoke_token(session, viewer, key))
        return RevokeApiTokenPayload(api_token=show(row))


def _name(changes: UserChangesInput) -> str | Unset:
    return UNSET if changes.name is None or changes.name is strawberry.UNSET else changes.name


def _state(changes: UserChangesInput) -> UserState | Unset:
    return UNSET if changes.state is None or changes.state is strawberry.UNSET else changes.state
