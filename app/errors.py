"""The errors that the service raises on purpose; each has a stable code and a message in both languages."""

from collections.abc import Sequence


class ConfigurationError(Exception):
    """A setting is missing or wrong; the process must not start."""


class AppError(Exception):
    """Base of every refusal of the service.

    ``code`` is stable and unique, ``message`` is English, ``message_zh`` Chinese. Both say what is wrong, which
    item, and what to do, and never contain personal data. ``path`` names the faulty input field, if one does.
    """

    code = "REFUSED"

    def __init__(self, message: str, message_zh: str, *, path: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.message_zh = message_zh
        self.path = tuple(path)


class NotFoundError(AppError):
    """The item does not exist, or lies outside the viewer's territory: both look the same."""

    code = "NOT_FOUND"


class ForbiddenError(AppError):
    """The viewer's role does not allow this."""

    code = "FORBIDDEN"


class InvalidInputError(AppError):
    """A value is malformed or out of range."""

    code = "INVALID_INPUT"


class InvalidStateError(AppError):
    """The item is not in a state that allows this step."""

    code = "INVALID_STATE"


class DuplicateError(AppError):
    """The item exists already."""

    code = "DUPLICATE"


class VersionConflictError(AppError):
    """Somebody else changed the record since the caller read it."""

    code = "VERSION_CONFLICT"


class PolicyError(AppError):
    """A match policy that cannot be used."""

    code = "INVALID_POLICY"


class PinClashError(AppError):
    """Pins that cannot all hold."""

    code = "PIN_CLASH"


class TooManyRunsError(AppError):
    """As many runs of the programme as may wait or work at a time do so already."""

    code = "TOO_MANY_RUNS"


class DatabaseUnavailableError(AppError):
    """The database cannot be reached at the moment; nothing was written."""

    code = "UNAVAILABLE"


class OperationTimedOutError(AppError):
    """The operation took longer than it may; its work in the database was ended, and that step has written nothing."""

    code = "TIMED_OUT"

    def __init__(self) -> None:
        super().__init__(
            "This step took longer than allowed and was ended, it has written nothing; ask for less, or try again "
            "when the service is less busy.",
            "此步骤超时已终止，且未写入任何数据；请缩小查询范围，或稍后重试。",
        )


class StorageFullError(AppError):
    """The database has no room left; nothing was written."""

    code = "STORAGE_FULL"


class SlotTakenError(AppError):
    """Another live process holds the worker slot."""

    code = "SLOT_TAKEN"


class EmptyPoolError(AppError):
    """A run on a programme without mentees or without mentors."""

    code = "EMPTY_POOL"


class WorkbookError(AppError):
    """A file that cannot be read as a workbook of people."""

    code = "UNREADABLE_WORKBOOK"


class BatchHasErrorsError(AppError):
    """An import batch with open problems cannot be committed."""

    code = "BATCH_HAS_ERRORS"


class SampleExistsError(AppError):
    """Sample data would be written into a database that holds data already."""

    code = "SAMPLE_EXISTS"


class MissingGlyphsError(AppError):
    """A PDF file would hold characters that none of the fonts has."""

    code = "MISSING_GLYPHS"


class ArchiveDamagedError(AppError):
    """The archived file of a published roster is not the one that was put there."""

    code = "ARCHIVE_DAMAGED"


class RevealLimitError(AppError):
    """The viewer has revealed as many clear values today as one person may."""

    code = "REVEAL_LIMIT"


class PersonalDataInExportError(AppError):
    """A file that would be handed out holds an unmasked ID number or mobile number."""

    code = "PERSONAL_DATA_IN_EXPORT"


class AuditTrailError(AppError):
    """The audit trail cannot be continued: its head is missing, forged, or sealed under a key that is not here."""

    code = "AUDIT_TRAIL_BROKEN"
