"""Mutations of pairing: programmes, policies, and what officers fix by hand. Each is one transaction."""

from typing import Annotated

import strawberry

from app.access import Permission
from app.services import constraints, pairings, programs
from schema.context import Info
from schema.drafts import to_draft
from schema.fields import show
from schema.ids import encode_id, key_of
from schema.inputs import given
from schema.pairing.constraint_types import Exclusion, Pin, Preference, RuleRelease
from schema.pairing.drafts import (
    AddExclusionInput,
    AddPinInput,
    AddPreferenceInput,
    CreateMatchPolicyVersionInput,
    CreatePairingProgramInput,
    EndPairingInput,
    ReleaseRuleInput,
    RemoveExclusionInput,
    RemovePinInput,
    policy_content,
)
from schema.pairing.types import MatchPolicy, Pairing, PairingProgram
from schema.permissions import mutation_field
from schema.problems import Payload


@strawberry.type(description="Result of `createPairingProgram`.")
class CreatePairingProgramPayload(Payload):
    pairing_program: PairingProgram | None = strawberry.field(default=None, description="The new programme.")


@strawberry.type(description="Result of `createMatchPolicyVersion`.")
class CreateMatchPolicyVersionPayload(Payload):
    match_policy: MatchPolicy | None = strawberry.field(default=None, description="The new version.")


@strawberry.type(description="Result of `addPin`.")
class AddPinPayload(Payload):
    pin: Pin | None = strawberry.field(default=None, description="The new pin.")


@strawberry.type(description="Result of `removePin`.")
class RemovePinPayload(Payload):
    removed_id: strawberry.ID | None = strawberry.field(default=None, description="Id of the pin that is gone.")


@strawberry.type(description="Result of `addExclusion`.")
class AddExclusionPayload(Payload):
    exclusion: Exclusion | None = strawberry.field(default=None, description="The new exclusion, without its content.")


@strawberry.type(description="Result of `removeExclusion`.")
class RemoveExclusionPayload(Payload):
    removed_id: strawberry.ID | None = strawberry.field(default=None, description="Id of the exclusion that is gone.")


@strawberry.type(description="Result of `addPreference`.")
class AddPreferencePayload(Payload):
    preference: Preference | None = strawberry.field(default=None, description="The new wish.")


@strawberry.type(description="Result of `releaseRule`.")
class ReleaseRulePayload(Payload):
    rule_release: RuleRelease | None = strawberry.field(default=None, description="The released rule.")


@strawberry.type(description="Result of `endPairing`.")
class EndPairingPayload(Payload):
    pairing: Pairing | None = strawberry.field(default=None, description="The pairing, with its history.")


@strawberry.type(description="Mutations of pairing.")
class PairingMutations:
    @mutation_field(
        Permission.RUN,
        CreatePairingProgramPayload,
        "Create a programme with the slots and the first policy of a preset.",
    )
    async def create_pairing_program(
        self, info: Info, input: Annotated[CreatePairingProgramInput, strawberry.argument(description="What to do.")]
    ) -> CreatePairingProgramPayload | None:
        draft = to_draft(programs.ProgramDraft, input)
        row = await info.context.write(lambda session, viewer: programs.create_pairing_program(session, viewer, draft))
        return CreatePairingProgramPayload(pairing_program=show(row))

    @mutation_field(
        Permission.RUN,
        CreateMatchPolicyVersionPayload,
        "Write the next version of a policy, whole or as a preset with changes.",
    )
    async def create_match_policy_version(
        self,
        info: Info,
        input: Annotated[CreateMatchPolicyVersionInput, strawberry.argument(description="What to do.")],
    ) -> CreateMatchPolicyVersionPayload | None:
        key = key_of(input.program_id, "PairingProgram", path=["programId"])
        content = policy_content(input)
        note = given(input.note)
        row = await info.context.write(
            lambda session, viewer: programs.create_match_policy_version(session, viewer, key, content, note=note)
        )
        return CreateMatchPolicyVersionPayload(match_policy=show(row))

    @mutation_field(
        Permission.RUN,
        EndPairingPayload,
        "End a pairing, or one mentor's part in it. Rosters stay as published; the next run fills the seats.",
    )
    async def end_pairing(
        self, info: Info, input: Annotated[EndPairingInput, strawberry.argument(description="What to do.")]
    ) -> EndPairingPayload | None:
        member = given(input.member_id)
        draft = pairings.EndPairingDraft(
            pairing_id=key_of(input.id, "Pairing"),
            member_id=None if member is None else key_of(member, "PairingMember", path=["memberId"]),
            outcome=given(input.outcome),
            reason=given(input.reason),
            end_date=given(input.end_date),
            note=given(input.note),
            expected_version=given(input.expected_version),
        )
        row = await info.context.write(
            lambda session, viewer: pairings.end_pairing(session, viewer, info.context.cipher, draft)
        )
        return EndPairingPayload(pairing=show(row))

    @mutation_field(Permission.RUN, AddPinPayload, "Require a pairing (锁定).")
    async def add_pin(
        self, info: Info, input: Annotated[AddPinInput, strawberry.argument(description="What to do.")]
    ) -> AddPinPayload | None:
        draft = to_draft(constraints.PinDraft, input)
        row = await info.context.write(lambda session, viewer: constraints.add_pin(session, viewer, draft))
        return AddPinPayload(pin=show(row))

    @mutation_field(Permission.RUN, RemovePinPayload, "Take a pin back.")
    async def remove_pin(
        self, info: Info, input: Annotated[RemovePinInput, strawberry.argument(description="What to do.")]
    ) -> RemovePinPayload | None:
        key = key_of(input.id, "Pin")
        removed = await info.context.write(lambda session, viewer: constraints.remove_pin(session, viewer, key))
        return RemovePinPayload(removed_id=encode_id("Pin", removed))

    @mutation_field(Permission.RUN, AddExclusionPayload, "Forbid a pair in every programme (禁止结对).")
    async def add_exclusion(
        self, info: Info, input: Annotated[AddExclusionInput, strawberry.argument(description="What to do.")]
    ) -> AddExclusionPayload | None:
        draft = to_draft(constraints.ExclusionDraft, input)
        row = await info.context.write(
            lambda session, viewer: constraints.add_exclusion(session, viewer, info.context.cipher, draft)
        )
        return AddExclusionPayload(exclusion=show(row))

    @mutation_field(Permission.RUN, RemoveExclusionPayload, "Allow a pair again.")
    async def remove_exclusion(
        self, info: Info, input: Annotated[RemoveExclusionInput, strawberry.argument(description="What to do.")]
    ) -> RemoveExclusionPayload | None:
        key = key_of(input.id, "Exclusion")
        removed = await info.context.write(lambda session, viewer: constraints.remove_exclusion(session, viewer, key))
        return RemoveExclusionPayload(removed_id=encode_id("Exclusion", removed))

    @mutation_field(Permission.EDIT_PEOPLE, AddPreferencePayload, "Record a wish or a veto (帮带意愿).")
    async def add_preference(
        self, info: Info, input: Annotated[AddPreferenceInput, strawberry.argument(description="What to do.")]
    ) -> AddPreferencePayload | None:
        draft = to_draft(constraints.PreferenceDraft, input)
        row = await info.context.write(
            lambda session, viewer: constraints.add_preference(session, viewer, info.context.cipher, draft)
        )
        return AddPreferencePayload(preference=show(row))

    @mutation_field(Permission.RUN, ReleaseRulePayload, "Release a hard rule for one mentee, with a reason.")
    async def release_rule(
        self, info: Info, input: Annotated[ReleaseRuleInput, strawberry.argument(description="What to do.")]
    ) -> ReleaseRulePayload | None:
        draft = to_draft(constraints.RuleReleaseDraft, input)
        row = await info.context.write(lambda session, viewer: constraints.release_rule(session, viewer, draft))
        return ReleaseRulePayload(rule_release=show(row))
