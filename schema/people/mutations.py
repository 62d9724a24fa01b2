"""Mutations of people. Each is one transaction; refusals come back as user errors."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from app.access import Permission
from app.services import exits, people
from app.services.people.merging import MergePersonsDraft, merge_persons
from schema.context import Info
from schema.drafts import to_draft
from schema.fields import show, show_all
from schema.ids import key_of
from schema.inputs import given
from schema.people.drafts import (
    CreateAssignedCadreInput,
    CreateCadreInput,
    CreateMentorInput,
    CreateReserveCandidateInput,
    MergePersonsInput,
    RemoveReserveCandidateInput,
    UpdateCadreInput,
    UpdateMentorInput,
    UpdateReserveCandidateInput,
)
from schema.people.mentee_types import AssignedCadre, ReserveCandidate
from schema.people.mentor_types import Mentor
from schema.people.types import Cadre
from schema.permissions import mutation_field
from schema.problems import Payload

if TYPE_CHECKING:
    from schema.pairing.types import Pairing


@strawberry.type(description="Result of `createCadre`.")
class CreateCadrePayload(Payload):
    cadre: Cadre | None = strawberry.field(default=None, description="The new cadre.")


@strawberry.type(description="Result of `updateCadre`.")
class UpdateCadrePayload(Payload):
    cadre: Cadre | None = strawberry.field(default=None, description="The changed cadre.")


@strawberry.type(description="Result of `mergePersons`.")
class MergePersonsPayload(Payload):
    cadre: Cadre | None = strawberry.field(default=None, description="The record that stays, with what it took over.")


@strawberry.type(description="Result of `createReserveCandidate`.")
class CreateReserveCandidatePayload(Payload):
    reserve_candidate: ReserveCandidate | None = strawberry.field(default=None, description="The new candidate.")


@strawberry.type(description="Result of `updateReserveCandidate`.")
class UpdateReserveCandidatePayload(Payload):
    reserve_candidate: ReserveCandidate | None = strawberry.field(default=None, description="The changed candidate.")


@strawberry.type(description="Result of `removeReserveCandidate`.")
class RemoveReserveCandidatePayload(Payload):
    reserve_candidate: ReserveCandidate | None = strawberry.field(default=None, description="The former candidate.")
    ended_pairings: list[Annotated["Pairing", strawberry.lazy("schema.pairing.types")]] | None = strawberry.field(
        default=None, description="The pairings that ended with it."
    )


@strawberry.type(description="Result of `createAssignedCadre`.")
class CreateAssignedCadrePayload(Payload):
    assigned_cadre: AssignedCadre | None = strawberry.field(default=None, description="The new assigned cadre.")


@strawberry.type(description="Result of `createMentor`.")
class CreateMentorPayload(Payload):
    mentor: Mentor | None = strawberry.field(default=None, description="The new mentor.")


@strawberry.type(description="Result of `updateMentor`.")
class UpdateMentorPayload(Payload):
    mentor: Mentor | None = strawberry.field(default=None, description="The changed mentor.")


@strawberry.type(description="Mutations of people.")
class PeopleMutations:
    @mutation_field(Permission.EDIT_PEOPLE, CreateCadrePayload, "Create a person with the posts held.")
    async def create_cadre(
        self, info: Info, input: Annotated[CreateCadreInput, strawberry.argument(description="What to do.")]
    ) -> CreateCadrePayload | None:
        draft = to_draft(people.CadreDraft, input)
        row = await info.context.write(
            lambda session, viewer: people.create_cadre(session, viewer, info.context.cipher, draft)
        )
        return CreateCadrePayload(cadre=Cadre.of(row))

    @mutation_field(Permission.EDIT_PEOPLE, UpdateCadrePayload, "Change a person or the posts held.")
    async def update_cadre(
        self, info: Info, input: Annotated[UpdateCadreInput, strawberry.argument(description="What to do.")]
    ) -> UpdateCadrePayload | None:
        key = key_of(input.id, "Cadre", "Person")
        changes = to_draft(people.PersonChanges, input.changes, ("changes",))
        expected = given(input.expected_version)
        row = await info.context.write(
            lambda session, viewer: people.update_cadre(
                session, viewer, info.context.cipher, key, changes, expected_version=expected
            )
        )
        return UpdateCadrePayload(cadre=Cadre.of(row))

    @mutation_field(
        Permission.RUN,
        MergePersonsPayload,
        "Make one record of two records of the same person: roles, posts, facts and pairs move to the one, the other "
        "is deleted. Published rosters stay as they are.",
    )
    async def merge_persons(
        self, info: Info, input: Annotated[MergePersonsInput, strawberry.argument(description="What to do.")]
    ) -> MergePersonsPayload | None:
        draft = MergePersonsDraft(
            keep_id=key_of(input.keep_id, "Cadre", "Person"),
            drop_id=key_of(input.drop_id, "Cadre", "Person"),
            reason=input.reason,
        )
        row = await info.context.write(lambda session, viewer: merge_persons(session, viewer, draft))
        return MergePersonsPayload(cadre=Cadre.of(row))

    @mutation_field(Permission.EDIT_PEOPLE, CreateReserveCandidatePayload, "Enter a person into a reserve pool.")
    async def create_reserve_candidate(
        self, info: Info, input: Annotated[CreateReserveCandidateInput, strawberry.argument(description="What to do.")]
    ) -> CreateReserveCandidatePayload | None:
        draft = to_draft(people.ReserveCandidateDraft, input)
        row = await info.context.write(lambda session, viewer: people.create_reserve_candidate(session, viewer, draft))
        return CreateReserveCandidatePayload(reserve_candidate=show(row))

    @mutation_field(Permission.EDIT_PEOPLE, UpdateReserveCandidatePayload, "Change a reserve candidate.")
    async def update_reserve_candidate(
        self, info: Info, input: Annotated[UpdateReserveCandidateInput, strawberry.argument(description="What to do.")]
    ) -> UpdateReserveCandidatePayload | None:
        key = key_of(input.id, "ReserveCandidate")
        changes = to_draft(people.ReserveCandidateChanges, input.changes, ("changes",))
        expected = given(input.expected_version)
        row = await info.context.write(
            lambda session, viewer: people.update_reserve_candidate(
                session, viewer, info.context.cipher, key, changes, expected_version=expected
            )
        )
        return UpdateReserveCandidatePayload(reserve_candidate=show(row))

    @mutation_field(
        Permission.RUN,
        RemoveReserveCandidatePayload,
        "Take a candidate out of the reserve pool; the pairings end with it, and the next run may use their mentors.",
    )
    async def remove_reserve_candidate(
        self, info: Info, input: Annotated[RemoveReserveCandidateInput, strawberry.argument(description="What to do.")]
    ) -> RemoveReserveCandidatePayload | None:
        draft = exits.CandidateExitDraft(
            candidate_id=key_of(input.id, "ReserveCandidate"),
            outcome=input.outcome,
            reason=input.reason,
            exit_date=given(input.exit_date),
            expected_version=given(input.expected_version),
        )
        left = await info.context.write(
            lambda session, viewer: exits.remove_reserve_candidate(session, viewer, info.context.cipher, draft)
        )
        return RemoveReserveCandidatePayload(
            reserve_candidate=show(left.candidate), ended_pairings=show_all(left.pairings)
        )

    @mutation_field(
        Permission.EDIT_PEOPLE, CreateAssignedCadrePayload, "Record that a unit sends a person to a village."
    )
    async def create_assigned_cadre(
        self, info: Info, input: Annotated[CreateAssignedCadreInput, strawberry.argument(description="What to do.")]
    ) -> CreateAssignedCadrePayload | None:
        draft = to_draft(people.AssignedCadreDraft, input)
        row = await info.context.write(lambda session, viewer: people.create_assigned_cadre(session, viewer, draft))
        return CreateAssignedCadrePayload(assigned_cadre=show(row))

    @mutation_field(Permission.EDIT_PEOPLE, CreateMentorPayload, "Enter a person into a mentor pool.")
    async def create_mentor(
        self, info: Info, input: Annotated[CreateMentorInput, strawberry.argument(description="What to do.")]
    ) -> CreateMentorPayload | None:
        draft = to_draft(people.MentorDraft, input)
        row = await info.context.write(lambda session, viewer: people.create_mentor(session, viewer, draft))
        return CreateMentorPayload(mentor=show(row))

    @mutation_field(Permission.EDIT_PEOPLE, UpdateMentorPayload, "Change a mentor.")
    async def update_mentor(
        self, info: Info, input: Annotated[UpdateMentorInput, strawberry.argument(description="What to do.")]
    ) -> UpdateMentorPayload | None:
        key = key_of(input.id, "Mentor")
        changes = to_draft(people.MentorChanges, input.changes, ("changes",))
        expected = given(input.expected_version)
        row = await info.context.write(
            lambda session, viewer: people.update_mentor(session, viewer, key, changes, expected_version=expected)
        )
        return UpdateMentorPayload(mentor=show(row))
