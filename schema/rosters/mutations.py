"""Mutations of rosters: hand a roster out as a file."""

from typing import Annotated

import strawberry

from app.access import Permission
from app.models.vocabulary import ExportFormat, MaskLevel, RosterLayout
from app.rosters.exporter import ExportDraft
from app.rosters.exporter import export_roster as export
from schema.context import Info
from schema.drafts import to_draft
from schema.fields import show
from schema.inputs import changeable, required
from schema.permissions import mutation_field
from schema.problems import Payload
from schema.rosters.types import ExportJob


@strawberry.input(description="Input of `exportRoster`.")
class ExportRosterInput:
    roster_id: strawberry.ID = required("The roster.")
    format: ExportFormat = required("File type.")
    purpose: str = required("For what purpose; it stands in the record and on the file.")
    layout: RosterLayout | None = changeable("Mentors beside or below each other; beside unless stated.")
    mask_level: MaskLevel | None = changeable("How much of the personal columns is shown; STANDARD unless stated.")
    county_id: strawberry.ID | None = changeable("Only this county's part.")


@strawberry.type(description="Result of `exportRoster`.")
class ExportRosterPayload(Payload):
    export_job: ExportJob | None = strawberry.field(default=None, description="The file; fetch it from its `url`.")


@strawberry.type(description="Mutations of rosters.")
class RostersMutations:
    @mutation_field(Permission.EXPORT, ExportRosterPayload, "Make a file of a roster and record who got it, for what.")
    async def export_roster(
        self, info: Info, input: Annotated[ExportRosterInput, strawberry.argument(description="What to do.")]
    ) -> ExportRosterPayload | None:
        draft = to_draft(ExportDraft, input)
        row = await info.context.write(lambda session, viewer: export(session, viewer, draft))
        return ExportRosterPayload(export_job=show(row))
