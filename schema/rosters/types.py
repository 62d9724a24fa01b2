"""Types of rosters: published versions, their entries, and files made of them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.access import Permission
from app.models import ExportJob as ExportJobRow
from app.models import Roster as RosterRow
from app.models import RosterEntry as RosterEntryRow
from app.models.columns import Pii
from app.models.vocabulary import (
    ExportForm,
    ExportFormat,
    ExportState,
    MaskLevel,
    ProgramKind,
    RosterLayout,
    RosterState,
    RowOrder,
)
from app.reads import pairing, people, places
from app.reads import rosters as reads
from app.reads import runs as run_reads
from app.services.rosters import readable_content
from schema.context import Info
from schema.fields import Node, described, label_of, one
from schema.lists import nested_list
from schema.paging import Connection, OrderChoice
from schema.people.mentee_types import Mentee
from schema.personal import states
from schema.places.types import Division
from schema.rosters.inputs import RosterEntryFilterInput, RosterEntryOrderBy
from schema.scalars import Json

if TYPE_CHECKING:
    from schema.pairing.types import PairingProgram
    from schema.runs.types import MatchPlan


@strawberry.type(description="One row of a roster, as printed when it was published; phones are masked.")
class RosterEntry(Node, shows=RosterEntryRow):
    row: strawberry.Private[RosterEntryRow]

    position: int = described("Place on the form, from 1.")
    mentee: Mentee | None = one(people.mentees_by_id, "mentee_id", "The mentee as of today.")
    roster: Annotated["Roster", strawberry.lazy("schema.rosters.types")] | None = one(
        reads.rosters_by_id, "roster_id", "The roster."
    )

    @strawberry.field(
        description="The printed texts: township, village, mentee, mentors by slot, period, note. Texts that may not "
        "be read are left out: of class C birth, sex, ethnicity, education, political status, of class B the phones.",
        directives=[states(Pii.CADRE), states(Pii.SENSITIVE)],
    )
    def content(self, info: Info) -> Json:
        return Json(readable_content(info.context.viewer, self.row.content))


@strawberry.type(description="One published version of a programme's roster; it never changes (花名册).")
class Roster(Node, shows=RosterRow):
    row: strawberry.Private[RosterRow]

    roster_version: int = described("Version within the programme, from 1.")
    kind: ProgramKind = described("Shape of the programme.")
    kind_label: str = label_of("kind")
    state: RosterState = described("State.")
    state_label: str = label_of("state")
    title: str = described("Title on the form.")
    published_at: datetime = described("Instant of publication, UTC.")
    document_no: str | None = described("Number of the document.")
    header: Json = described("What the form prints above the table.")
    checksum: str = described("SHA-256 of the entries.")
    program: Annotated["PairingProgram", strawberry.lazy("schema.pairing.types")] | None = one(
        pairing.programs_by_id, "program_id", "The programme."
    )
    supersedes: Annotated["Roster", strawberry.lazy("schema.rosters.types")] | None = one(
        reads.rosters_by_id, "supersedes_id", "The version before this one."
    )
    plan: Annotated["MatchPlan", strawberry.lazy("schema.runs.types")] | None = one(
        run_reads.plans_by_id, "plan_id", "The plan behind it.", permission=Permission.READ_PLANS
    )
    entries: Connection[RosterEntry] = nested_list(
        reads.ROSTER_ENTRIES,
        RosterEntryFilterInput,
        RosterEntryOrderBy,
        OrderChoice(order=reads.RosterEntryOrder.POSITION),
        "Its entries of mentees in the territory, in printed order.",
        which="Which entries.",
        ordered="as printed",
    )


@strawberry.type(description="One file handed out: what, for what purpose, how masked, to whom.")
class ExportJob(Node, shows=ExportJobRow):
    row: strawberry.Private[ExportJobRow]

    form: ExportForm = described("What is printed.")
    form_label: str = label_of("form")
    format: ExportFormat = described("File type.")
    layout: RosterLayout = described("Mentors beside or below each other.")
    row_order: RowOrder = described("Order of the rows.")
    mask_level: MaskLevel = described("How much of the personal columns the file shows.")
    mask_level_label: str = label_of("mask_level")
    purpose: str = described("Stated purpose.")
    state: ExportState = described("State.")
    state_label: str = label_of("state")
    file_name: str = described("Name of the file.")
    file_sha256: str | None = described("SHA-256 of the file.")
    row_count: int | None = described("How many rows the file has.")
    created_at: datetime = described("Instant of the request, UTC.")
    created_by: str = described("Who asked for it.")
    roster: Roster | None = one(reads.rosters_by_id, "roster_id", "The roster, of a form made of one.")
    program: Annotated["PairingProgram", strawberry.lazy("schema.pairing.types")] | None = one(
        pairing.programs_by_id, "program_id", "The programme, of a form made of its roster or plan."
    )
    plan: Annotated["MatchPlan", strawberry.lazy("schema.runs.types")] | None = one(
        run_reads.plans_by_id, "plan_id", "The plan, of a form made of one.", permission=Permission.READ_PLANS
    )
    division: Division | None = one(places.divisions_by_id, "division_id", "Where all its rows lie.")

    @strawberry.field(
        description="SHA-256 of the archived file that this one is a copy of: all but the mark is the same to the "
        "byte. Empty for forms of present data, which are not archived."
    )
    async def master_sha256(self, info: Info) -> str | None:
        if self.row.master_id is None:
            return None
        return await info.context.find(reads.master_checksums, self.row.master_id)

    @strawberry.field(description="Path from which the file is fetched with the same token; empty unless it is done.")
    def url(self) -> str | None:
        return f"/exports/{self.key}" if self.row.state is ExportState.DONE else None
