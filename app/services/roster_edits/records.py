"""What a roster that came back says, and what it comes to when it is compared with the one in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.models.vocabulary import MenteeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonText:
    """How a file names a person; ``None`` where it has no such column.

    ``texts`` are unit and post as written, or for a mentee the place. ``is_vacant``: a word such as 缺 stands where the
    name would be.
    """

    cell: str
    code: str = ""
    name: str | None = None
    texts: tuple[str, ...] = ()
    is_vacant: bool = False

    @property
    def is_nobody(self) -> bool:
        """Whether neither a name nor a 编号 is left."""
        return not self.code and (not self.name or self.is_vacant)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatText:
    """One seat of a mentee in a file: what it is called there, its place from 0, and who is written into it."""

    label: str
    ordinal: int
    mentor: PersonText


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterRow:
    """One mentee of a file with the seats that the file has for it."""

    sheet: str
    number: int
    mentee: PersonText
    seats: tuple[SeatText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterFile:
    """A roster as a file holds it; ``versions`` are the versions of a roster that the marks in it name."""

    rows: tuple[RosterRow, ...]
    n_skipped: int
    versions: frozenset[int]


class SeatState(StrEnum):
    """What became of a seat between the printed roster and the file."""

    SAME = "SAME"
    REPLACED = "REPLACED"
    ADDED = "ADDED"
    REMOVED = "REMOVED"
    MOVED = "MOVED"
    """Emptied because its mentor stands in another seat of the same mentee."""
    ABSENT = "ABSENT"
    """The file has no such seat, which by itself means nothing."""
    AMBIGUOUS = "AMBIGUOUS"
    UNKNOWN = "UNKNOWN"


EDITED = frozenset({SeatState.REPLACED, SeatState.ADDED, SeatState.REMOVED, SeatState.MOVED})
"""States that come from an edit by hand."""
UNCLEAR = frozenset({SeatState.AMBIGUOUS, SeatState.UNKNOWN})
"""States in which somebody has to say who is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of those who may be meant: the record, its 编号, and unit or place."""

    id: UUID
    code: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A sentence in both languages."""

    english: str
    chinese: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatEdit:
    """One seat, by hand changed or not; people by id and 编号.

    ``former`` sat there when the roster was printed, ``mentor`` is written there now. ``meaning`` says what applying it
    does, ``refusals`` why it cannot be applied. ``is_laid_down``: what it asks for is in force already; of
    exclusions a comparison does not tell it, as whom they concern is restricted.
    """

    cell: str
    mentee: Choice
    slot_code: str
    state: SeatState
    former: Choice | None = None
    mentor: Choice | None = None
    choices: tuple[Choice, ...] = ()
    meaning: Told | None = None
    refusals: tuple[Told, ...] = ()
    is_laid_down: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatMove:
    """A seat that a repair run on the edits would fill, empty or give to somebody else, beside what they ask for."""

    mentee: Choice
    slot_code: str
    before: Choice | None
    after: Choice | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnclearRow:
    """A row of which nobody can tell whose it is; ``choices`` are those who may be meant."""

    cell: str
    state: SeatState
    choices: tuple[Choice, ...]
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterComparison:
    """A file beside the roster in force.

    ``rows`` are rows whose mentee is unclear, ``seats`` all that is not SAME, ``absent`` mentees of the roster that the
    file does not have: they keep their mentors. ``refusals`` are those of all edits together. ``moves`` are what a
    repair run of today would do beside those edits that can be applied.
    """

    roster_id: UUID
    checksum: str
    mentee_kind: MenteeKind
    n_rows: int
    n_same: int
    n_skipped: int
    rows: tuple[UnclearRow, ...]
    seats: tuple[SeatEdit, ...]
    absent: tuple[Choice, ...]
    notes: tuple[Told, ...]
    refusals: tuple[Told, ...]
    moves: tuple[SeatMove, ...]

    @property
    def is_identical(self) -> bool:
        """Whether the file says exactly what the roster says."""
        return not self.rows and not self.seats and not self.absent

    @property
    def edits(self) -> tuple[SeatEdit, ...]:
        """The seats that were changed by hand."""
        return tuple(seat for seat in self.seats if seat.state in EDITED)

    @property
    def is_clear(self) -> bool:
        """Whether nobody has to be chosen any more."""
        return not self.rows and not any(seat.state in UNCLEAR for seat in self.seats)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditDraft:
    """One seat to be changed: ``mentor_id`` ``None`` takes the former mentor away."""

    mentee_id: UUID
    slot_code: str
    mentor_id: UUID | None = None
    former_mentor_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterEditsDraft:
    """Edits of a roster that are laid down together or not at all; ``checksum`` is that of the roster compared with."""

    roster_id: UUID
    checksum: str
    edits: Sequence[EditDraft]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterEditsApplied:
    """What applying edits wrote; ``n_laid_down`` counts edits that were in force already."""

    program_id: UUID
    pin_ids: tuple[UUID, ...]
    exclusion_ids: tuple[UUID, ...]
    n_laid_down: int
