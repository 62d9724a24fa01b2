"""Mutations of rosters: hand forms out as files, and word them."""

from datetime import date
from typing import Annotated

import strawberry

from app.access import Permission, Viewer
from app.db import Session
from app.models.vocabulary import ExportForm, ExportFormat, MaskLevel, RosterLayout, RowOrder
from app.rosters.exporter import ExportDraft, export_form
from app.rosters.formtexts import FormTextDraft, reset_form_text, set_form_text
from schema.context import Info
from schema.drafts import to_draft
from schema.fields import show
from schema.ids import key_of
from schema.inputs import changeable, given, required
from schema.permissions import mutation_field
from schema.problems import Payload
from schema.rosters.form_texts import DIVISIONS, FormText, FormTextEntryInput, FormWidthInput, form_text_of
from schema.rosters.types import ExportJob

PURPOSE = "For what purpose; it stands in the record and on the file."
LAYOUT = "Mentors beside or below each other; beside unless stated."
MASK = "How much of the personal columns is shown; STANDARD unless stated."


@strawberry.input(description="Input of `exportRoster`.")
class ExportRosterInput:
    roster_id: strawberry.ID = required("The roster.")
    format: ExportFormat = required("File type.")
    purpose: str = required(PURPOSE)
    layout: RosterLayout | None = changeable(LAYOUT)
    mask_level: MaskLevel | None = changeable(MASK)
    county_id: strawberry.ID | None = changeable("Only this county's part.")


@strawberry.type(description="Result of `exportRoster`.")
class ExportRosterPayload(Payload):
    export_job: ExportJob | None = strawberry.field(default=None, description="The file; fetch it from its `url`.")


@strawberry.input(
    description="Input of `exportForm`. Rosters, the public notice and the adjustment table are made of `rosterId`, or "
    "of `programId` for the version in force; the list of empty seats of one of these, or of `planId`; the mentor "
    "pool, the ledger and the structure table of `divisionId`."
)
class ExportFormInput:
    form: ExportForm = required("What is printed.")
    format: ExportFormat = required("File type.")
    purpose: str = required(PURPOSE)
    roster_id: strawberry.ID | None = changeable("The roster.")
    program_id: strawberry.ID | None = changeable("The programme whose roster is in force.")
    plan_id: strawberry.ID | None = changeable("The plan whose empty seats are listed.")
    division_id: strawberry.ID | None = changeable("The prefecture, county, township or village whose data are shown.")
    county_id: strawberry.ID | None = changeable("Only this county's part of a roster.")
    layout: RosterLayout | None = changeable(LAYOUT)
    mask_level: MaskLevel | None = changeable(MASK + " The structure table is fit for the public with STRICT.")
    order: RowOrder | None = changeable("Order of the rows; the official one unless stated.")
    reference_date: date | None = changeable(
        "Up to which day ages and years of present data count; today unless stated."
    )


@strawberry.type(description="Result of `exportForm`.")
class ExportFormPayload(Payload):
    export_job: ExportJob | None = strawberry.field(default=None, description="The file; fetch it from its `url`.")


@strawberry.input(
    description="Input of `setFormText`. It replaces all that the division has set for the form before; what is left "
    "out reads as the division above has set it, or as delivered."
)
class SetFormTextInput:
    division_id: strawberry.ID = required("The county or prefecture.")
    form: ExportForm = required("Which form.")
    texts: list[FormTextEntryInput] = required("The texts that are to read otherwise.")
    widths: list[FormWidthInput] | None = changeable("The columns that are to be wider or narrower.")
    expected_version: int | None = changeable("Version that the change was made for; refused when somebody was faster.")


@strawberry.type(description="Result of `setFormText`.")
class SetFormTextPayload(Payload):
    form_text: FormText | None = strawberry.field(default=None, description="The form's texts as they read now.")


@strawberry.input(description="Input of `resetFormText`.")
class ResetFormTextInput:
    division_id: strawberry.ID = required("The county or prefecture.")
    form: ExportForm = required("Which form.")


@strawberry.type(description="Result of `resetFormText`.")
class ResetFormTextPayload(Payload):
    form_text: FormText | None = strawberry.field(default=None, description="The form's texts as they read now.")


@strawberry.type(description="Mutations of rosters.")
class RostersMutations:
    @mutation_field(Permission.EXPORT, ExportRosterPayload, "Make a file of a roster and record who got it, for what.")
    async def export_roster(
        self, info: Info, input: Annotated[ExportRosterInput, strawberry.argument(description="What to do.")]
    ) -> ExportRosterPayload | None:
        return ExportRosterPayload(export_job=await _export(info, input))

    @mutation_field(Permission.EXPORT, ExportFormPayload, "Make a file of a form and record who got it, for what.")
    async def export_form(
        self, info: Info, input: Annotated[ExportFormInput, strawberry.argument(description="What to do.")]
    ) -> ExportFormPayload | None:
        return ExportFormPayload(export_job=await _export(info, input))

    @mutation_field(
        Permission.EXPORT,
        SetFormTextPayload,
        "Word a form as a county or prefecture prints it; it holds for what is printed from then on.",
    )
    async def set_form_text(
        self, info: Info, input: Annotated[SetFormTextInput, strawberry.argument(description="What to do.")]
    ) -> SetFormTextPayload | None:
        draft = FormTextDraft(
            division_id=key_of(input.division_id, *DIVISIONS, path=("divisionId",)),
            form=input.form,
            texts={each.key: each.text for each in input.texts},
            widths={each.column: each.width for each in given(input.widths) or ()},
            expected_version=given(input.expected_version),
        )

        def change(session: Session, viewer: Viewer) -> FormText:
            row = set_form_text(session, viewer, draft)
            return form_text_of(session, row.division_id, row.form)

        return SetFormTextPayload(form_text=await info.context.write(change))

    @mutation_field(
        Permission.EXPORT, ResetFormTextPayload, "Print a form as it is delivered, or as the division above words it."
    )
    async def reset_form_text(
        self, info: Info, input: Annotated[ResetFormTextInput, strawberry.argument(description="What to do.")]
    ) -> ResetFormTextPayload | None:
        division_id = key_of(input.division_id, *DIVISIONS, path=("divisionId",))

        def change(session: Session, viewer: Viewer) -> FormText:
            division = reset_form_text(session, viewer, division_id, input.form)
            return form_text_of(session, division.id, input.form)

        return ResetFormTextPayload(form_text=await info.context.write(change))


async def _export(info: Info, given_input: ExportRosterInput | ExportFormInput) -> ExportJob | None:
    draft = to_draft(ExportDraft, given_input)
    context = info.context
    viewer = context.viewer
    row = await context.work(lambda: export_form(context.database, viewer, draft, chain=context.fonts))
    shown: ExportJob | None = show(row)
    return shown
