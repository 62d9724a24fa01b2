"""A file beside the roster in force: every seat the same, or changed by hand, or not to be told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from app.access import Permission, Viewer
from app.db import Database
from app.errors import WorkbookError
from app.services.roster_edits.book import RosterBook, open_book_of, squeezed
from app.services.roster_edits.finding import Finder
from app.services.roster_edits.meaning import Meaning, meaning_of
from app.services.roster_edits.records import (
    EDITED,
    Choice,
    RosterComparison,
    RosterFile,
    RosterRow,
    SeatEdit,
    SeatState,
    SeatText,
    Told,
    UnclearRow,
)
from app.services.roster_edits.words import ambiguous, other_version, repeated, unknown, unknown_seat

MOST_EDITS = 500
"""Seats that may come back changed by hand: more are another plan, which a run makes."""


def compare_roster(
    database: Database,
    viewer: Viewer,
    roster_id: UUID,
    file: RosterFile,
    *,
    chosen: Mapping[str, UUID | None] | None = None,
) -> RosterComparison:
    """Tell what was changed by hand between the print and the file, and what laying it down would mean.

    Only what differs from the *print* counts as an edit: a mentor who has left since is no edit of the file. ``chosen``
    says by cell who is meant where the file does not, ``None`` for nobody. Nothing is written.
    """
    viewer.require(Permission.RUN)
    with database.read() as session:
        book = open_book_of(session, viewer, roster_id)
        compared = _compared(book, file, chosen or {})
        changed = [seat for seat in compared.seats if seat.state in EDITED]
        if len(changed) > MOST_EDITS:
            raise WorkbookError(
                f"The file changes {len(changed)} seats; at most {MOST_EDITS} come back as edits. Is it a file of "
                "another roster? For another plan start a run.",
                f"文件改动了{len(changed)}个席位，最多可回导{MOST_EDITS}个；请核对是否为其他花名册的文件，或重新匹配。",
                path=("file",),
            )
        meaning = meaning_of(session, viewer, book, changed)
    # The rules and the repair are computed without a transaction.
    return _result(book, file, compared, meaning)


@dataclass(slots=True, kw_only=True)
class _Compared:
    rows: list[UnclearRow] = field(default_factory=list)
    seats: list[SeatEdit] = field(default_factory=list)
    n_same: int = 0
    row_by_mentee: dict[UUID, RosterRow] = field(default_factory=dict)


def _compared(book: RosterBook, file: RosterFile, chosen: Mapping[str, UUID | None]) -> _Compared:
    serving = {choice.id for seats in book.printed.values() for choice in seats.values()}
    mentees = Finder(book.mentees, book.printed, chosen)
    mentors = Finder(book.mentors, serving, chosen)
    done = _Compared()
    for row in file.rows:
        found = mentees.find(row.mentee)
        cell = row.mentee.cell
        if found.known is None:
            # A row without any mentee cannot be told either.
            state = found.state or SeatState.UNKNOWN
            told = ambiguous(cell) if state is SeatState.AMBIGUOUS else unknown(cell)
            done.rows.append(UnclearRow(cell=cell, state=state, choices=found.choices, told=told))
            continue
        mentee = found.known.choice
        if mentee.id in done.row_by_mentee:
            told = repeated(cell, mentee.code, done.row_by_mentee[mentee.id].mentee.cell)
            done.rows.append(UnclearRow(cell=cell, state=SeatState.AMBIGUOUS, choices=(), told=told))
            continue
        done.row_by_mentee[mentee.id] = row
        done.seats += _seats(book, row, mentee, mentors)
    done.n_same = sum(seat.state is SeatState.SAME for seat in done.seats)
    done.seats = [seat for seat in done.seats if seat.state is not SeatState.SAME]
    return done


def _seats(book: RosterBook, row: RosterRow, mentee: Choice, mentors: Finder) -> list[SeatEdit]:
    printed = book.printed.get(mentee.id, {})
    written, untold = _by_slot(book, row)
    seats: list[SeatEdit] = []
    for slot in book.slots:
        former, text = printed.get(slot.code), written.get(slot.code)
        edit = SeatEdit(
            cell=row.mentee.cell if text is None else text.mentor.cell,
            mentee=mentee,
            slot_code=slot.code,
            state=SeatState.ABSENT,
            former=former,
        )
        if slot.code in untold:
            cell = untold[slot.code].mentor.cell
            told = unknown_seat(cell, [each.name for each in book.slots])
            seats.append(replace(edit, cell=cell, state=SeatState.UNKNOWN, meaning=told))
            continue
        if text is None:
            seats.append(edit)
            continue
        found = mentors.find(text.mentor, None if former is None else former.id)
        if found.state is not None:
            told = ambiguous(edit.cell) if found.state is SeatState.AMBIGUOUS else unknown(edit.cell)
            seats.append(replace(edit, state=found.state, choices=found.choices, meaning=told))
            continue
        mentor = None if found.known is None else found.known.choice
        seats.append(replace(edit, state=state_of(former, mentor), mentor=mentor))
    return with_moves(seats)


def state_of(former: Choice | None, mentor: Choice | None) -> SeatState:
    """What became of a seat that had ``former`` and now has ``mentor``."""
    if former is None:
        return SeatState.SAME if mentor is None else SeatState.ADDED
    if mentor is None:
        return SeatState.REMOVED
    return SeatState.SAME if mentor.id == former.id else SeatState.REPLACED


def with_moves(seats: Iterable[SeatEdit]) -> list[SeatEdit]:
    """The seats of one mentee, where one whose mentor went over to another of them is MOVED and not REMOVED."""
    found = list(seats)
    come = {s.mentor.id for s in found if s.mentor is not None and s.state in (SeatState.ADDED, SeatState.REPLACED)}
    return [
        replace(seat, state=SeatState.MOVED)
        if seat.state is SeatState.REMOVED and seat.former is not None and seat.former.id in come
        else seat
        for seat in found
    ]


def _by_slot(book: RosterBook, row: RosterRow) -> tuple[dict[str, SeatText], dict[str, SeatText]]:
    """The seats of a row by slot, and by the slots that are left over the seats of which nobody can tell the slot.

    What the file calls a seat counts. By their order go all seats when no name is known, and a last one whose name is
    not known to the last slot.
    """
    named: dict[str, SeatText] = {}
    rest: list[SeatText] = []
    is_any_repeated = False
    for seat in row.seats:
        fitting = [slot.code for slot in book.slots if squeezed(seat.label) in slot.spellings]
        if len(fitting) == 1 and fitting[0] not in named:
            named[fitting[0]] = seat
        else:
            rest.append(seat)
            is_any_repeated |= len(fitting) == 1
    if not rest:
        return named, {}
    if len(row.seats) == len(book.slots):
        free = [slot.code for slot in book.slots if slot.code not in named]
        by_order = dict(zip(free, rest, strict=True))
        if not named or (len(rest) == 1 and not is_any_repeated):
            return named | by_order, {}
        return named, by_order
    names = "、".join(slot.name for slot in book.slots)
    raise WorkbookError(
        f"{row.mentee.cell}: the file has {len(row.seats)} mentor(s) for this mentee, the roster has "
        f"{len(book.slots)} slots ({names}); name the slots as the roster does.",
        f"{row.mentee.cell}：文件为该对象列出{len(row.seats)}名导师，花名册有{len(book.slots)}个帮带岗位（{names}），"
        "请按花名册的岗位名称填写。",
        path=("file",),
    )


def _result(book: RosterBook, file: RosterFile, compared: _Compared, meaning: Meaning) -> RosterComparison:
    checked = meaning.checked()
    notes: tuple[Told, ...] = ()
    if file.versions and book.roster_version not in file.versions:
        notes = (other_version(sorted(file.versions), book.roster_version),)
    # Whoever compares writes nothing, so nobody would notice how often exclusions are asked for.
    by_place = {
        (seat.mentee.id, seat.slot_code): replace(seat, is_laid_down=False) if seat.state is SeatState.REMOVED else seat
        for seat in checked.seats
    }
    absent = [key for key in book.printed if key not in compared.row_by_mentee]
    return RosterComparison(
        roster_id=book.roster_id,
        checksum=book.checksum,
        mentee_kind=book.mentee_kind,
        n_rows=len(file.rows),
        n_same=compared.n_same,
        n_skipped=file.n_skipped,
        rows=tuple(compared.rows),
        seats=tuple(by_place.get((seat.mentee.id, seat.slot_code), seat) for seat in compared.seats),
        absent=tuple(book.mentees[key].choice for key in absent),
        notes=notes,
        refusals=checked.refusals,
        moves=checked.moves,
    )
