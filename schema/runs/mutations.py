"""Mutations of runs: start a run, and take a plan through approval."""

import asyncio
from typing import Annotated

import strawberry

from app.access import Permission
from app.models.vocabulary import RunMode
from app.reads.runs import runs_by_id
from app.services import plans, publication
from app.services.runs import RunDraft
from app.services.runs import start_match_run as start
from schema.context import Info
from schema.drafts import to_draft
from schema.fields import show
from schema.ids import key_of
from schema.inputs import changeable, given, required
from schema.permissions import mutation_field
from schema.problems import Payload
from schema.rosters.types import Roster
from schema.runs.types import MatchPlan, MatchRun


@strawberry.input(description="Input of `startMatchRun`.")
class StartMatchRunInput:
    program_id: strawberry.ID = required("The programme.")
    mode: RunMode = required("What the run is for.")
    policy_id: strawberry.ID | None = changeable("The policy version; the newest unless stated.")
    seed: int | None = changeable("Random seed; 0 unless stated.")
    idempotency_key: str | None = changeable("Calls with the same key answer with the same run.")


@strawberry.input(description="Input of `submitMatchPlan`.")
class SubmitMatchPlanInput:
    id: strawberry.ID = required("The plan.")


@strawberry.input(description="Input of `returnMatchPlan`.")
class ReturnMatchPlanInput:
    id: strawberry.ID = required("The plan.")
    reason: str = required("Why.")


@strawberry.input(description="Input of `approveMatchPlan`.")
class ApproveMatchPlanInput:
    id: strawberry.ID = required("The plan.")
    approver_name: str = required("Name under which it is approved.")
    approve_shortfalls: bool | None = changeable("Whether the empty seats are approved too.")


@strawberry.input(description="Input of `publishMatchPlan`.")
class PublishMatchPlanInput:
    id: strawberry.ID = required("The plan.")
    document_no: str | None = changeable("Number of the document.")


@strawberry.input(description="Input of `withdrawPublication`.")
class WithdrawPublicationInput:
    program_id: strawberry.ID = required("The programme.")
    reason: str = required("Why.")


@strawberry.type(description="Result of `startMatchRun`.")
class StartMatchRunPayload(Payload):
    match_run: MatchRun | None = strawberry.field(default=None, description="The finished run.")


@strawberry.type(description="Result of `submitMatchPlan`.")
class SubmitMatchPlanPayload(Payload):
    match_plan: MatchPlan | None = strawberry.field(default=None, description="The plan.")


@strawberry.type(description="Result of `returnMatchPlan`.")
class ReturnMatchPlanPayload(Payload):
    match_plan: MatchPlan | None = strawberry.field(default=None, description="The plan.")


@strawberry.type(description="Result of `approveMatchPlan`.")
class ApproveMatchPlanPayload(Payload):
    match_plan: MatchPlan | None = strawberry.field(default=None, description="The plan.")


@strawberry.type(description="Result of `publishMatchPlan`.")
class PublishMatchPlanPayload(Payload):
    roster: Roster | None = strawberry.field(default=None, description="The roster that was written.")


@strawberry.type(description="Result of `withdrawPublication`.")
class WithdrawPublicationPayload(Payload):
    roster: Roster | None = strawberry.field(
        default=None, description="The roster version that restores the one before."
    )


@strawberry.type(description="Mutations of runs.")
class RunsMutations:
    @mutation_field(
        Permission.RUN, StartMatchRunPayload, "Run the optimizer on a programme; answers when the result is recorded."
    )
    async def start_match_run(
        self, info: Info, input: Annotated[StartMatchRunInput, strawberry.argument(description="What to do.")]
    ) -> StartMatchRunPayload | None:
        draft = to_draft(RunDraft, input)
        context = info.context
        # The service opens its own transactions: a solve must never hold one.
        key = await asyncio.to_thread(start, context.database, context.viewer, draft)
        context.reads.forget()
        return StartMatchRunPayload(match_run=show(await context.find(runs_by_id, key)))

    @mutation_field(Permission.RUN, SubmitMatchPlanPayload, "Submit a plan of a final run for approval.")
    async def submit_match_plan(
        self, info: Info, input: Annotated[SubmitMatchPlanInput, strawberry.argument(description="What to do.")]
    ) -> SubmitMatchPlanPayload | None:
        key = key_of(input.id, "MatchPlan")
        row = await info.context.write(lambda session, viewer: plans.submit_match_plan(session, viewer, key))
        return SubmitMatchPlanPayload(match_plan=show(row))

    @mutation_field(Permission.APPROVE, ReturnMatchPlanPayload, "Return a submitted plan with a reason.")
    async def return_match_plan(
        self, info: Info, input: Annotated[ReturnMatchPlanInput, strawberry.argument(description="What to do.")]
    ) -> ReturnMatchPlanPayload | None:
        key = key_of(input.id, "MatchPlan")
        row = await info.context.write(
            lambda session, viewer: plans.return_match_plan(session, viewer, key, input.reason)
        )
        return ReturnMatchPlanPayload(match_plan=show(row))

    @mutation_field(Permission.APPROVE, ApproveMatchPlanPayload, "Approve a submitted plan under a name.")
    async def approve_match_plan(
        self, info: Info, input: Annotated[ApproveMatchPlanInput, strawberry.argument(description="What to do.")]
    ) -> ApproveMatchPlanPayload | None:
        key = key_of(input.id, "MatchPlan")
        row = await info.context.write(
            lambda session, viewer: plans.approve_match_plan(
                session, viewer, key, input.approver_name, approve_shortfalls=bool(given(input.approve_shortfalls))
            )
        )
        return ApproveMatchPlanPayload(match_plan=show(row))

    @mutation_field(
        Permission.APPROVE,
        PublishMatchPlanPayload,
        "Publish an approved plan: its pairings begin and a roster version is written.",
    )
    async def publish_match_plan(
        self, info: Info, input: Annotated[PublishMatchPlanInput, strawberry.argument(description="What to do.")]
    ) -> PublishMatchPlanPayload | None:
        key = key_of(input.id, "MatchPlan")
        row = await info.context.write(
            lambda session, viewer: publication.publish_match_plan(
                session, viewer, key, document_no=given(input.document_no)
            )
        )
        return PublishMatchPlanPayload(roster=show(row))

    @mutation_field(
        Permission.APPROVE, WithdrawPublicationPayload, "Withdraw what is published; the version before is restored."
    )
    async def withdraw_publication(
        self, info: Info, input: Annotated[WithdrawPublicationInput, strawberry.argument(description="What to do.")]
    ) -> WithdrawPublicationPayload | None:
        key = key_of(input.program_id, "PairingProgram", path=["programId"])
        row = await info.context.write(
            lambda session, viewer: publication.withdraw_publication(session, viewer, key, input.reason)
        )
        return WithdrawPublicationPayload(roster=show(row))
