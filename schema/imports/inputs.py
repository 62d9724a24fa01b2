"""Inputs of imports: which, in which order, and what is said about a file."""

import strawberry

from app.models.vocabulary import ImportState, RowChange, Severity
from app.reads.imports import (
    ImportBatchFilter,
    ImportBatchOrder,
    ImportIssueFilter,
    ImportMappingFilter,
    ImportMappingOrder,
    ImportPlaceOrder,
    ImportRowFilter,
)
from app.services.imports.corrections import CorrectionDraft
from app.services.imports.mappings import ColumnMeaning
from app.services.imports.records import SheetKind
from schema.enums import OrderDirection
from schema.inputs import (
    CREATED,
    DIRECTION,
    DIVISION_CODE,
    DateTimeRangeInput,
    changeable,
    checked_code,
    instants,
    optional,
    required,
    several,
)
from schema.paging import OrderChoice

_SHEET = "Of this sheet, by its name."


@strawberry.input(description="Which uploaded files; all conditions must hold.")
class ImportBatchFilterInput:
    division_code: str | None = optional(DIVISION_CODE)
    states: list[ImportState] | None = optional("In one of these states.")
    created_at: DateTimeRangeInput | None = optional(CREATED)

    def filters(self) -> ImportBatchFilter:
        """What the reads understand."""
        return ImportBatchFilter(
            division_code=checked_code(self.division_code),
            states=several(self.states),
            created_at=instants(self.created_at, "createdAt"),
        )


@strawberry.input(description="Order of uploaded files.")
class ImportBatchOrderBy:
    field: ImportBatchOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which issues of a file; all conditions must hold.")
class ImportIssueFilterInput:
    severity: Severity | None = optional("Errors or warnings only.")
    sheet: str | None = optional(_SHEET)
    codes: list[str] | None = optional("With one of these codes.")

    def filters(self) -> ImportIssueFilter:
        """What the reads understand."""
        return ImportIssueFilter(severity=self.severity, sheet=self.sheet, codes=several(self.codes))


@strawberry.input(description="Which rows of a file; all conditions must hold.")
class ImportRowFilterInput:
    changes: list[RowChange] | None = optional("With which a commit would do one of these.")
    sheet: str | None = optional(_SHEET)

    def filters(self) -> ImportRowFilter:
        """What the reads understand."""
        return ImportRowFilter(changes=several(self.changes), sheet=self.sheet)


@strawberry.input(description="Order of issues and rows of a file.")
class ImportPlaceOrderBy:
    field: ImportPlaceOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="Which remembered headers; all conditions must hold.")
class ImportMappingFilterInput:
    sender_code: str | None = optional("Of the sender with this division code of 12 digits.")
    kind: SheetKind | None = optional("Of sheets of this kind.")

    def filters(self) -> ImportMappingFilter:
        """What the reads understand."""
        return ImportMappingFilter(sender_code=self.sender_code, kind=None if self.kind is None else self.kind.value)


@strawberry.input(description="Order of remembered headers.")
class ImportMappingOrderBy:
    field: ImportMappingOrder = required("By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description=DIRECTION)

    def choice(self) -> OrderChoice:
        """What paging understands."""
        return OrderChoice(order=self.field, direction=self.direction)


@strawberry.input(description="One correction of an uploaded file; names either a cell or a row.")
class ImportCorrectionInput:
    DRAFT = CorrectionDraft

    sheet: str = required("Name of the sheet.")
    cell: str | None = changeable("Address of the cell, for example E17.")
    row: int | None = changeable("Number of a row that is left out.")
    text: str | None = changeable("What the cell is to hold, for example a choice of its issue; null: nothing.")
    is_withdrawn: bool | None = changeable("Whether an earlier correction at this place no longer counts.")


@strawberry.input(description="What one column of a sheet holds.")
class ImportColumnInput:
    DRAFT = ColumnMeaning

    letter: str = required("Letter of the column, for example E.")
    key: str | None = required("Key of the column; null leaves it out.")
