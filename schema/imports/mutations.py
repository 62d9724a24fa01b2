"""Mutations of imports: correct, name headers, read again, commit, discard, take back."""

from collections.abc import Callable
from functools import partial
from typing import Annotated
from uuid import UUID

import strawberry

from app.access import Permission, Viewer
from app.crypto import PersonalDataCipher
from app.db import Session, run_in_transaction
from app.models import ImportBatch as ImportBatchRow
from app.rosters.headers import has_column
from app.rosters.importer import correct_and_read, map_and_read, read_batch
from app.services.imports import commit_import, discard_import, undo_import
from app.services.imports.corrections import CorrectionDraft
from app.services.imports.mappings import SheetMeaning, change_mapping, forget_mapping
from app.services.imports.records import SheetKind
from schema.context import Info
from schema.drafts import to_draft
from schema.fields import show
from schema.ids import key_of
from schema.imports.inputs import ImportColumnInput, ImportCorrectionInput
from schema.imports.types import ImportBatch, ImportMapping
from schema.inputs import changeable, given, required
from schema.permissions import mutation_field
from schema.problems import Payload

_BATCH = "The uploaded file."


@strawberry.input(description="Input of mutations that need nothing but the file.")
class ImportBatchInput:
    id: strawberry.ID = required(_BATCH)


@strawberry.input(description="Input of `correctImport`.")
class CorrectImportInput:
    id: strawberry.ID = required(_BATCH)
    corrections: list[ImportCorrectionInput] = required("Up to 1,000 corrections; all of them or none.")


@strawberry.input(description="Input of `commitImport`.")
class CommitImportInput:
    id: strawberry.ID = required(_BATCH)
    expected_version: int | None = changeable("The version that was read; a newer one is refused.")


@strawberry.input(description="Input of `mapImportSheet`.")
class MapImportSheetInput:
    id: strawberry.ID = required(_BATCH)
    sheet: str = required("Name of the sheet.")
    kind: SheetKind | None = required("What its rows are about; null leaves the sheet out.")
    header_row: int | None = changeable(
        "First row of its header; found by content unless stated. 0: it has none, and data begin in row 1."
    )
    columns: list[ImportColumnInput] | None = changeable("What its columns hold; those left out are read as before.")
    is_remembered: bool | None = changeable("Whether it counts for the next files of this sender; yes unless stated.")


@strawberry.input(description="Input of `changeImportMapping`.")
class ChangeImportMappingInput:
    id: strawberry.ID = required("The remembered header.")
    column_key: str | None = required("Key of the column; null leaves it out.")


@strawberry.input(description="Input of `forgetImportMapping`.")
class ForgetImportMappingInput:
    id: strawberry.ID = required("The remembered header.")


@strawberry.type(description="Result of mutations of an uploaded file.")
class ImportBatchPayload(Payload):
    import_batch: ImportBatch | None = strawberry.field(default=None, description="The file afterwards.")


@strawberry.type(description="Result of `changeImportMapping`.")
class ChangeImportMappingPayload(Payload):
    import_mapping: ImportMapping | None = strawberry.field(default=None, description="The header afterwards.")


@strawberry.type(description="Result of `forgetImportMapping`.")
class ForgetImportMappingPayload(Payload):
    forgotten_id: strawberry.ID | None = strawberry.field(default=None, description="The header that is forgotten.")


@strawberry.type(description="Mutations of imports.")
class ImportsMutations:
    @mutation_field(
        Permission.EDIT_PEOPLE,
        ImportBatchPayload,
        "Put texts in place of cells, or leave rows out, and read the file again. The file itself stays as it came.",
    )
    async def correct_import(
        self, info: Info, input: Annotated[CorrectImportInput, strawberry.argument(description="What to do.")]
    ) -> ImportBatchPayload | None:
        context, viewer, key = info.context, info.context.viewer, key_of(input.id, "ImportBatch")
        drafts = [
            to_draft(CorrectionDraft, each, ("corrections", str(place))) for place, each in enumerate(input.corrections)
        ]
        row = await context.work(lambda: correct_and_read(context.database, viewer, context.cipher, key, drafts))
        return ImportBatchPayload(import_batch=show(row))

    @mutation_field(
        Permission.EDIT_PEOPLE,
        ImportBatchPayload,
        "Say what a sheet and its columns are, and read the file again.",
    )
    async def map_import_sheet(
        self, info: Info, input: Annotated[MapImportSheetInput, strawberry.argument(description="What to do.")]
    ) -> ImportBatchPayload | None:
        context, viewer, key = info.context, info.context.viewer, key_of(input.id, "ImportBatch")
        meaning = to_draft(SheetMeaning, input)
        row = await context.work(lambda: map_and_read(context.database, viewer, context.cipher, key, meaning))
        return ImportBatchPayload(import_batch=show(row))

    @mutation_field(
        Permission.EDIT_PEOPLE,
        ImportBatchPayload,
        "Read an open file again, against the records as they are now.",
    )
    async def read_import(
        self, info: Info, input: Annotated[ImportBatchInput, strawberry.argument(description="What to do.")]
    ) -> ImportBatchPayload | None:
        context, viewer, key = info.context, info.context.viewer, key_of(input.id, "ImportBatch")
        row = await context.work(lambda: read_batch(context.database, viewer, context.cipher, key))
        return ImportBatchPayload(import_batch=show(row))

    @mutation_field(
        Permission.EDIT_PEOPLE,
        ImportBatchPayload,
        "Write a file without errors into the records, all or nothing.",
    )
    async def commit_import(
        self, info: Info, input: Annotated[CommitImportInput, strawberry.argument(description="What to do.")]
    ) -> ImportBatchPayload | None:
        commit = partial(commit_import, expected_version=given(input.expected_version))
        return await _step(info, key_of(input.id, "ImportBatch"), commit)

    @mutation_field(
        Permission.EDIT_PEOPLE, ImportBatchPayload, "Close a file without writing it; its content is let go at once."
    )
    async def discard_import(
        self, info: Info, input: Annotated[ImportBatchInput, strawberry.argument(description="What to do.")]
    ) -> ImportBatchPayload | None:
        key = key_of(input.id, "ImportBatch")
        row = await info.context.write(lambda session, viewer: discard_import(session, viewer, key))
        return ImportBatchPayload(import_batch=show(row))

    @mutation_field(
        Permission.EDIT_PEOPLE,
        ImportBatchPayload,
        "Take a committed file back: the records are as before. Refused when something builds on it.",
    )
    async def undo_import(
        self, info: Info, input: Annotated[ImportBatchInput, strawberry.argument(description="What to do.")]
    ) -> ImportBatchPayload | None:
        return await _step(info, key_of(input.id, "ImportBatch"), undo_import)

    @mutation_field(
        Permission.EDIT_PEOPLE, ChangeImportMappingPayload, "Let a remembered header mean another column from now on."
    )
    async def change_import_mapping(
        self, info: Info, input: Annotated[ChangeImportMappingInput, strawberry.argument(description="What to do.")]
    ) -> ChangeImportMappingPayload | None:
        key = key_of(input.id, "ImportMapping")
        row = await info.context.write(
            lambda session, viewer: change_mapping(
                session, viewer, key, column_key=input.column_key, has_column=has_column
            )
        )
        return ChangeImportMappingPayload(import_mapping=show(row))

    @mutation_field(
        Permission.EDIT_PEOPLE, ForgetImportMappingPayload, "Forget what a header of a sender was said to mean."
    )
    async def forget_import_mapping(
        self, info: Info, input: Annotated[ForgetImportMappingInput, strawberry.argument(description="What to do.")]
    ) -> ForgetImportMappingPayload | None:
        key = key_of(input.id, "ImportMapping")
        await info.context.write(lambda session, viewer: forget_mapping(session, viewer, key))
        return ForgetImportMappingPayload(forgotten_id=input.id)


Step = Callable[[Session, Viewer, PersonalDataCipher, UUID], ImportBatchRow]


async def _step(info: Info, key: UUID, step: Step) -> ImportBatchPayload:
    """One step that writes thousands of rows, on a thread of its own."""
    context = info.context
    viewer = context.viewer
    row = await context.work(
        lambda: run_in_transaction(context.database, lambda session: step(session, viewer, context.cipher, key))
    )
    return ImportBatchPayload(import_batch=show(row))
