"""Mutations of runs: start a run, and take a plan through approval."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import strawberry
from graphql import GraphQLError

from app.access import Permission
from app.errors import AppError
from app.models.vocabulary import RunMode, WeightPreset
from app.reads.runs import runs_by_id
from app.services import plans, publication
from app.services.runs import RepairDraft, RunDraft, control
from app.services.runs import start_match_run as start
from app.services.runs import start_repair_run as start_repair
from schema.context import Context, Info
from schema.drafts import to_draft
from schema.fields import show
from schema.ids import encode_id, key_of
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
    time_limit_s: float | None = changeable("Seconds after which the best plan so far is recorded; none unless stated.")
    idempotency_key: str | None = changeable("Calls with the same key answer with the same run.")
    plans: list[WeightPreset] | None = changeable(
        "Ready weights under which further plans are made; none unless stated. The policy's own plan is always made."
    )
    curve_points: int | None = changeable(
        "Plans along the certified curve between geography and experience, 2 to 9; 0 unless stated."
    )


@strawberry.input(description="Input of `startRepairRun`.")
class StartRepairRunInput:
    program_id: strawberry.ID = required("The programme, which has a roster in force.")
    max_changes: int | None = changeable(
        "Most changed links beyond the forced ones: 0 unless stated, so that nobody moves without need; null for any "
        "number. Replacing a mentor counts 2."
    )
    policy_id: strawberry.ID | None = changeable("The policy version; the newest unless stated.")
    seed: int | None = changeable("Random seed; 0 unless stated.")
    time_limit_s: float | None = changeable("Seconds after which the repair is given up; none unless stated.")
    idempotency_key: str | None = changeable("Calls with the same key answer with the same run.")


@strawberry.input(description="Input of `cancelMatchRun`.")
class CancelMatchRunInput:
    id: strawberry.ID = required("The run.")


@strawberry.input(description="Input of `retryMatchRun`.")
class RetryMatchRunInput:
    id: strawberry.ID = required("The run that ended without a plan.")


@strawberry.input(description="Input of `submitMatchPlan`.")
class SubmitMatchPlanInput:
    id: strawberry.ID = required("The plan.")
    expected_version: int | None = changeable("The version that was read; a newer one is refused.")


@strawberry.input(description="Input of `returnMatchPlan`.")
class ReturnMatchPlanInput:
    id: strawberry.ID = required("The plan.")
    reason: str = required("Why.")
    expected_version: int | None = changeable("The version that was read; a newer one is refused.")


@strawberry.input(description="Input of `approveMatchPlan`.")
class ApproveMatchPlanInput:
    id: strawberry.ID = required("The plan.")
    approver_name: str = required("Name under which it is approved.")
    approve_shortfalls: bool | None = changeable("Whether the empty seats are approved too.")
    expected_version: int | None = changeable("The version that was read; a newer one is refused.")


@strawberry.input(description="Input of `publishMatchPlan`.")
class PublishMatchPlanInput:
    id: strawberry.ID = required("The plan.")
    document_no: str | None = changeable("Number of the document.")
    expected_version: int | None = changeable("The version that was read; a newer one is refused.")


@strawberry.input(description="Input of `withdrawPublication`.")
class WithdrawPublicationInput:
    program_id: strawberry.ID = required("The programme.")
    reason: str = required("Why.")
    expected_version: int | None = changeable("The version of the plan in force that was read; a newer one is refused.")


@strawberry.type(description="Result of `startMatchRun`.")
class StartMatchRunPayload(Payload):
    match_run: MatchRun | None = strawberry.field(default=None, description="The run, waiting in the queue.")


@strawberry.type(description="Result of `startRepairRun`.")
class StartRepairRunPayload(Payload):
    match_run: MatchRun | None = strawberry.field(default=None, description="The run, waiting in the queue.")


@strawberry.type(description="Result of `cancelMatchRun`.")
class CancelMatchRunPayload(Payload):
    match_run: MatchRun | None = strawberry.field(default=None, description="The run, which ends soon.")


@strawberry.type(description="Result of `retryMatchRun`.")
class RetryMatchRunPayload(Payload):
    match_run: MatchRun | None = strawberry.field(default=None, description="The new run, waiting in the queue.")


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


async def _queued(context: Context, begin: Callable[[], UUID]) -> MatchRun | None:
    """The run that ``begin`` has put into the queue; that it cannot be read again does not make it unwritten."""
    key = await context.work(begin)
    try:
        row = await context.find(runs_by_id, key)
    except AppError as refusal:
        name = encode_id("MatchRun", key)
        message = f"Run {name} is queued, but cannot be read at this moment: {refusal.message}"
        raise GraphQLError(message, extensions={"code": refusal.code}) from refusal
    run: MatchRun | None = show(row)
    return run


@strawberry.type(description="Mutations of runs.")
class RunsMutations:
    @mutation_field(
        Permission.RUN,
        StartMatchRunPayload,
        "Put a run of the optimizer into the queue; `matchRun` tells how far it is.",
    )
    async def start_match_run(
        self, info: Info, input: Annotated[StartMatchRunInput, strawberry.argument(description="What to do.")]
    ) -> StartMatchRunPayload | None:
        draft = to_draft(RunDraft, input)
        context = info.context
        # The service opens its own transactions: a solve must never hold one.
        run = await _queued(
            context, lambda: start(context.database, context.viewer, draft, enqueue=context.jobs.enqueue_run)
        )
        return StartMatchRunPayload(match_run=run)

    @mutation_field(
        Permission.RUN,
        StartRepairRunPayload,
        "Put a repair of the roster in force into the queue: links that still hold stay, free seats are filled. Its "
        "plan can be submitted, and says what it changes.",
    )
    async def start_repair_run(
        self, info: Info, input: Annotated[StartRepairRunInput, strawberry.argument(description="What to do.")]
    ) -> StartRepairRunPayload | None:
        draft = to_draft(RepairDraft, input)
        context = info.context
        run = await _queued(
            context, lambda: start_repair(context.database, context.viewer, draft, enqueue=context.jobs.enqueue_run)
        )
        return StartRepairRunPayload(match_run=run)

    @mutation_field(
        Permission.RUN, CancelMatchRunPayload, "End a run; its best plan so far is recorded, marked as cancelled."
    )
    async def cancel_match_run(
        self, info: Info, input: Annotated[CancelMatchRunInput, strawberry.argument(description="What to do.")]
    ) -> CancelMatchRunPayload | None:
        key = key_of(input.id, "MatchRun")
        row = await info.context.write(lambda session, viewer: control.cancel_match_run(session, viewer, key))
        return CancelMatchRunPayload(match_run=show(row))

    @mutation_field(
        Permission.RUN, RetryMatchRunPayload, "Start a run like one that ended without a plan, on the data of today."
    )
    async def retry_match_run(
        self, info: Info, input: Annotated[RetryMatchRunInput, strawberry.argument(description="What to do.")]
    ) -> RetryMatchRunPayload | None:
        context = info.context
        old = key_of(input.id, "MatchRun")
        run = await _queued(
            context,
            lambda: control.retry_match_run(context.database, context.viewer, old, enqueue=context.jobs.enqueue_run),
        )
        return RetryMatchRunPayload(match_run=run)

    @mutation_field(Permission.RUN, SubmitMatchPlanPayload, "Submit a plan of a final run for approval.")
    async def submit_match_plan(
        self, info: Info, input: Annotated[SubmitMatchPlanInput, strawberry.argument(description="What to do.")]
    ) -> SubmitMatchPlanPayload | None:
        key = key_of(input.id, "MatchPlan")
        expected = given(input.expected_version)
        row = await info.context.write(
            lambda session, viewer: plans.submit_match_plan(session, viewer, key, expected_version=expected)
        )
        return SubmitMatchPlanPayload(match_plan=show(row))

    @mutation_field(Permission.APPROVE, ReturnMatchPlanPayload, "Return a submitted plan with a reason.")
    async def return_match_plan(
        self, info: Info, input: Annotated[ReturnMatchPlanInput, strawberry.argument(description="What to do.")]
    ) -> ReturnMatchPlanPayload | None:
        key = key_of(input.id, "MatchPlan")
        expected = given(input.expected_version)
        row = await info.context.write(
            lambda session, viewer: plans.return_match_plan(
                session, viewer, key, input.reason, expected_version=expected
            )
        )
        return ReturnMatchPlanPayload(match_plan=show(row))

    @mutation_field(Permission.APPROVE, ApproveMatchPlanPayload, "Approve a submitted plan under a name.")
    async def approve_match_plan(
        self, info: Info, input: Annotated[ApproveMatchPlanInput, strawberry.argument(description="What to do.")]
    ) -> ApproveMatchPlanPayload | None:
        key = key_of(input.id, "MatchPlan")
        expected = given(input.expected_version)
        row = await info.context.write(
            lambda session, viewer: plans.approve_match_plan(
                session,
                viewer,
                key,
                input.approver_name,
                approve_shortfalls=bool(given(input.approve_shortfalls)),
                expected_version=expected,
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
        expected = given(input.expected_version)
        row = await info.context.write(
            lambda session, viewer: publication.publish_match_plan(
                session,
                viewer,
                key,
                document_no=given(input.document_no),
                expected_version=expected,
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
        expected = given(input.expected_version)
        row = await info.context.write(
            lambda session, viewer: publication.withdraw_publication(
                session, viewer, key, input.reason, expected_version=expected
            )
        )
        return WithdrawPublicationPayload(roster=show(row))
