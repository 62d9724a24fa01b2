"""The mutation that lays edits of a roster down, as the comparison of its file has told them."""

from typing import Annotated, ClassVar

import strawberry

from app.access import Permission
from app.reads import constraints as reads
from app.services.roster_edits import EditDraft, RosterEditsDraft
from app.services.roster_edits import apply_roster_edits as apply_edits
from schema.context import Info
from schema.drafts import to_draft
from schema.fields import show_all
from schema.inputs import changeable, required
from schema.pairing.constraint_types import Exclusion, Pin
from schema.permissions import mutation_field
from schema.problems import Payload


@strawberry.input(description="One seat of a roster that was changed by hand.")
class RosterEditInput:
    DRAFT: ClassVar[type] = EditDraft

    mentee_id: strawberry.ID = required("Who is mentored.")
    slot_code: str = required("The slot.")
    mentor_id: strawberry.ID | None = changeable("Who is written there now; nobody unless stated.")
    former_mentor_id: strawberry.ID | None = changeable("Who sits there by the roster; nobody unless stated.")


@strawberry.input(description="Input of `applyRosterEdits`.")
class ApplyRosterEditsInput:
    roster_id: strawberry.ID = required("The roster in force.")
    checksum: str = required("Checksum of the roster that the file was compared with; another one is refused.")
    edits: list[RosterEditInput] = required("Up to 500 edits; all of them or none.")
    reason: str = required("Why.")


@strawberry.type(description="Result of `applyRosterEdits`.")
class ApplyRosterEditsPayload(Payload):
    pins: list[Pin] | None = strawberry.field(default=None, description="New pins, for those put into a seat.")
    exclusions: list[Exclusion] | None = strawberry.field(
        default=None, description="New exclusions, for those taken out of a seat."
    )
    laid_down_count: int | None = strawberry.field(
        default=None, description="How many edits were in force already, and are left as they are."
    )


@strawberry.type(description="Mutations of edits of rosters.")
class RosterEditsMutations:
    @mutation_field(
        Permission.RUN,
        ApplyRosterEditsPayload,
        "Lay edits of the roster in force down as pins and exclusions for a repair run (花名册回导). `POST "
        "/rosters/{id}/edits` tells the edits of a file.",
    )
    async def apply_roster_edits(
        self, info: Info, input: Annotated[ApplyRosterEditsInput, strawberry.argument(description="What to do.")]
    ) -> ApplyRosterEditsPayload | None:
        context = info.context
        draft = to_draft(RosterEditsDraft, input)
        # The service opens its own transactions: it computes outside of them.
        done = await context.work(lambda: apply_edits(context.database, context.viewer, context.cipher, draft))
        pins = [pin for key in done.pin_ids if (pin := await context.find(reads.pins_by_id, key))]
        exclusions = [row for key in done.exclusion_ids if (row := await context.find(reads.exclusions_by_id, key))]
        return ApplyRosterEditsPayload(
            pins=show_all(pins),
            exclusions=show_all(exclusions),
            laid_down_count=done.n_laid_down,
        )
