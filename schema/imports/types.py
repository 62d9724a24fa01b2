"""Types of imports: an uploaded file with its sheets, rows and issues, and remembered headers."""

from datetime import datetime

import strawberry

from app.models import ImportBatch as ImportBatchRow
from app.models import ImportIssue as ImportIssueRow
from app.models import ImportMapping as ImportMappingRow
from app.models import ImportRow as ImportRowRow
from app.models.columns import Pii
from app.models.vocabulary import ImportState, RowChange, Severity
from app.reads import imports as reads
from app.services.imports.evaluation import SheetColumn, SheetSummary, sheets_of
from app.services.imports.records import SheetKind
from schema.context import Info
from schema.fields import Node, Wrapped, described, label_of, show_all
from schema.imports.inputs import (
    ImportIssueFilterInput,
    ImportPlaceOrderBy,
    ImportRowFilterInput,
)
from schema.lists import nested_list
from schema.paging import Connection, OrderChoice
from schema.personal import guard, personal


@strawberry.type(description="How many rows of a file a commit would treat in which way.")
class ImportCounts:
    new: int = strawberry.field(description="Rows that make new records.")
    changed: int = strawberry.field(description="Rows that change records.")
    unchanged: int = strawberry.field(description="Rows that say what is on file already.")
    recorded: int = strawberry.field(
        default=0,
        description="Rows of kinship and exclusions. Whether they are on file already is told to nobody.",
    )
    rejected: int = strawberry.field(description="Rows with errors; while there are any, nothing is committed.")
    skipped: int = strawberry.field(description="Rows left out: titles, totals, notes, examples, or on request.")


@strawberry.type(description="One column of a sheet.")
class ImportColumn(Wrapped, shows=SheetColumn):
    row: strawberry.Private[SheetColumn]

    letter: str = described("Its letter.")
    header: str = described("Its header as written, parts of merged headers joined by a slash.")

    @strawberry.field(name="key", description="What it was read as; empty where it was left out.")
    def column_key(self) -> str | None:
        return self.row.key


@strawberry.type(description="One sheet of a file.")
class ImportSheet(Wrapped, shows=SheetSummary):
    row: strawberry.Private[SheetSummary]

    name: str = described("Its name.")
    header_row: int = described("First row of its header; 0 where none was found.")
    n_rows: int = strawberry.field(name="rowCount", description="How many data rows were read.")
    n_skipped: int = strawberry.field(name="skippedCount", description="How many rows were left out.")

    @strawberry.field(description="What its rows are about; empty where no table was recognised.")
    def kind(self) -> SheetKind | None:
        return None if self.row.kind is None else SheetKind(self.row.kind)

    @strawberry.field(description="Its columns.")
    def columns(self) -> list[ImportColumn]:
        return show_all(self.row.columns)


@strawberry.type(description="One problem of a file at one cell; it never repeats the value of the cell.")
class ImportIssue(Node, shows=ImportIssueRow):
    row: strawberry.Private[ImportIssueRow]

    sheet: str = described("Name of the sheet.")
    cell: str = described("Address of the cell.")
    column_key: str | None = described("Key of the column, where it is about one.")
    code: str = described("Stable code.")
    severity: Severity = described("Errors prevent the commit, warnings do not.")
    severity_label: str = label_of("severity")
    message: str = described("What is wrong and what to do.")
    message_zh: str = described("The same in Chinese.")
    choices: list[str] = personal(
        Pii.CADRE,
        "choices",
        "Suggested texts for the cell; put one of them in by `correctImport`. Empty to whoever may not read.",
        withheld=[],
    )


@strawberry.type(description="One data row of a file, and what a commit would do with it.")
class ImportRow(Node, shows=ImportRowRow):
    row: strawberry.Private[ImportRowRow]

    sheet: str = described("Name of the sheet.")
    row_number: int = described("Number of the row.")
    change: RowChange = described("What a commit would do with it.")
    change_label: str = label_of("change")
    changed_columns: list[str] = described("Keys of the columns that differ from what is on file.")

    @strawberry.field(description="What the row is about.")
    def kind(self) -> SheetKind:
        return SheetKind(self.row.kind)


@strawberry.type(description="One uploaded file on its way into the records (导入批次); nothing is in them before.")
class ImportBatch(Node, shows=ImportBatchRow):
    row: strawberry.Private[ImportBatchRow]

    file_name: str = described("Name of the file.")
    file_sha256: str = described("SHA-256 of the file.")
    sender_code: str = described("Division code of the sender, whose headers are remembered.")
    state: ImportState = described("State.")
    state_label: str = label_of("state")
    created_at: datetime = described("Instant of the upload, UTC.")
    created_by: str = described("Who uploaded it.")
    committed_at: datetime | None = described("Instant of the commit, UTC.")
    undone_at: datetime | None = described("Instant at which it was taken back, UTC.")
    version: int = described("Grows with every change.")
    issues: Connection[ImportIssue] = nested_list(
        reads.IMPORT_ISSUES,
        ImportIssueFilterInput,
        ImportPlaceOrderBy,
        OrderChoice(order=reads.ImportPlaceOrder.POSITION),
        "Its problems, all of them at once.",
        which="Which issues.",
        ordered="as in the file",
    )
    rows: Connection[ImportRow] = nested_list(
        reads.IMPORT_ROWS,
        ImportRowFilterInput,
        ImportPlaceOrderBy,
        OrderChoice(order=reads.ImportPlaceOrder.POSITION),
        "Its data rows.",
        which="Which rows.",
        ordered="as in the file",
    )

    @strawberry.field(description="Its rows counted by what a commit would do; empty before it was read.")
    def counts(self) -> ImportCounts | None:
        return ImportCounts(**self.row.counts) if self.row.counts else None

    @strawberry.field(
        description="Its sheets with their headers; none before it was read and after it was let go.",
        **guard(Pii.SENSITIVE, withheld=[]),
    )
    def sheets(self, info: Info) -> list[ImportSheet]:
        return show_all(sheets_of(self.row, info.context.cipher))


@strawberry.type(description="What a header means in the files of one sender (表头对应关系).")
class ImportMapping(Node, shows=ImportMappingRow):
    row: strawberry.Private[ImportMappingRow]

    sender_code: str = described("Division code of the sender.")
    header: str = described("The header, without white space and punctuation.")
    column_key: str | None = described("Key of the column; empty where the column is left out.")

    @strawberry.field(description="The kind of sheet.")
    def kind(self) -> SheetKind:
        return SheetKind(self.row.kind)
