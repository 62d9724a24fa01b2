"""Files handed out in tests: one set of fonts, and the usual moment."""

from datetime import datetime

from app.access import Viewer
from app.db import Database
from app.models import ExportJob
from app.rosters.exporter import ExportDraft, export_form
from app.rosters.pdffont import FontChain

FONTS = FontChain()
"""The font that comes with the service; its table of characters is read once."""


def exported(database: Database, viewer: Viewer, draft: ExportDraft, *, now: datetime | None = None) -> ExportJob:
    """One file; whoever calls holds no transaction, as the export opens its own."""
    return export_form(database, viewer, draft, chain=FONTS, now=now)
