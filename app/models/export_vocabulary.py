"""The closed lists of forms and files that are handed out."""

from enum import StrEnum


class ExportFormat(StrEnum):
    """File type of an export."""

    XLSX = "XLSX"
    CSV = "CSV"
    PDF = "PDF"


class ExportState(StrEnum):
    """Life of an export job."""

    REQUESTED = "REQUESTED"
    DONE = "DONE"
    FAILED = "FAILED"


class MaskLevel(StrEnum):
    """How much of the personal columns a file shows; STANDARD shows 138****1234, STRICT leaves phones out."""

    STANDARD = "STANDARD"
    STRICT = "STRICT"


class RosterLayout(StrEnum):
    """How a printed roster seats the mentors: beside each other in one row, or one below the other."""

    WIDE = "WIDE"
    STACKED = "STACKED"


class ExportForm(StrEnum):
    """What is printed (domain 2.5): a roster or a table made of a roster, or a list of the present data."""

    TWO_PLUS_ONE_ROSTER = "TWO_PLUS_ONE_ROSTER"
    ONE_TO_ONE_ROSTER = "ONE_TO_ONE_ROSTER"
    MENTOR_POOL = "MENTOR_POOL"
    CANDIDATE_LEDGER = "CANDIDATE_LEDGER"
    SHORTFALL_LIST = "SHORTFALL_LIST"
    ADJUSTMENT_TABLE = "ADJUSTMENT_TABLE"
    STRUCTURE_TABLE = "STRUCTURE_TABLE"
    PUBLIC_NOTICE = "PUBLIC_NOTICE"


class RowOrder(StrEnum):
    """In which order the rows of a form stand."""

    OFFICIAL = "OFFICIAL"
    SURNAME_STROKES = "SURNAME_STROKES"
