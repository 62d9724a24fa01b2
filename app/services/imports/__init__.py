"""Imports: what an uploaded file would change, and changing it in one transaction."""

from app.services.imports.batches import commit_import as commit_import
from app.services.imports.batches import discard_import as discard_import
from app.services.imports.undo import undo_import as undo_import
