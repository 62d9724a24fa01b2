"""Laying edits of a roster down: pins and exclusions for the next repair run, all of them or none."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session

from app.access import Permission, Viewer, record
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import InvalidInputError, InvalidStateError, NotFoundError, VersionConflictError
from app.models.vocabulary import AuditAction, ExclusionReason
from app.services.constraints import ExclusionDraft, PinDraft, add_exclusion, add_pin
from app.services.privacy.restricted import record_restricted_reads
from app.services.programs import county_of_program
from app.services.roster_edits.book import RosterBook, open_book_of, require_roster
from app.services.roster_edits.comparing import MOST_EDITS, state_of, with_moves
from app.services.roster_edits.meaning import PINNED, Checked, meaning_of
from app.services.roster_edits.records import (
    EDITED,
    EditDraft,
    RosterEditsApplied,
    RosterEditsDraft,
    SeatEdit,
    SeatState,
)
from app.services.texts import required_text

SHOWN = 5
"""How many refusals one answer names; the count of all stands beside them."""


def apply_roster_edits(
    database: Database, viewer: Viewer, cipher: PersonalDataCipher, draft: RosterEditsDraft
) -> RosterEditsApplied:
    """Write the pins and exclusions that edits of the roster in force come to, or nothing.

    Whoever was put into a seat is pinned to it; whoever was taken out must not be paired with that mentee again. A
    roster that was published anew since, an edit that a rule refuses, and pins that cannot all hold are refused. Edits
    that are in force already are left as they are, so laying the same ones down twice writes them once.
    """
    viewer.require(Permission.RUN)
    reason = required_text(draft.reason, 200, "Give the reason of the edits.", "请填写修改原因。", path=("reason",))
    if not 0 < len(draft.edits) <= MOST_EDITS:
        raise InvalidInputError(
            f"Ask for 1 to {MOST_EDITS} edits at once; these are {len(draft.edits)}.",
            f"一次须提交1至{MOST_EDITS}项修改，当前为{len(draft.edits)}项。",
            path=("edits",),
        )
    with database.read() as session:
        book = open_book_of(session, viewer, draft.roster_id)
        _expect_checksum(book.checksum, draft.checksum)
        meaning = meaning_of(session, viewer, book, _edits(book, draft.edits))
    # The rules and the repair are computed without a transaction.
    checked = meaning.checked()
    _refuse(checked)
    return run_in_transaction(
        database, lambda session: _write(session, viewer, cipher, book, draft, checked.seats, reason)
    )


def _expect_checksum(present: str, expected: str) -> None:
    if present != expected:
        raise VersionConflictError(
            "The roster was published anew since the file was compared; compare the file again.",
            "比对后花名册已重新发布，请重新比对文件。",
            path=("checksum",),
        )


def _edits(book: RosterBook, drafts: Sequence[EditDraft]) -> list[SeatEdit]:
    """The edits as changes of printed seats; refuses those that do not fit the print."""
    by_mentee: dict[UUID, list[SeatEdit]] = defaultdict(list)
    for number, draft in enumerate(drafts):
        path = ("edits", str(number))
        mentee = book.mentees.get(draft.mentee_id)
        if mentee is None:
            raise NotFoundError(
                f"The programme has no mentee {draft.mentee_id} in your territory.",
                f"辖区内本项目没有帮带对象 {draft.mentee_id}。",
                path=(*path, "mentee_id"),
            )
        if book.slot(draft.slot_code) is None:
            codes = [slot.code for slot in book.slots]
            raise InvalidInputError(
                f"The programme has no slot {draft.slot_code!r}; its slots are {', '.join(codes)}.",
                f"项目没有帮带岗位 {draft.slot_code!r}；可用：{'、'.join(codes)}。",
                path=(*path, "slot_code"),
            )
        former = book.printed.get(mentee.id, {}).get(draft.slot_code)
        if draft.former_mentor_id != (None if former is None else former.id):
            raise VersionConflictError(
                f"The roster has another mentor than stated in seat {draft.slot_code} of mentee {mentee.code}; compare "
                "the file again.",
                f"帮带对象 {mentee.code} 的帮带岗位 {draft.slot_code} 原导师与花名册不符，请重新比对文件。",
                path=(*path, "former_mentor_id"),
            )
        mentor = None if draft.mentor_id is None else book.mentors.get(draft.mentor_id)
        if draft.mentor_id is not None and mentor is None:
            raise NotFoundError(
                f"The programme has no mentor {draft.mentor_id} in your territory.",
                f"辖区内本项目没有导师 {draft.mentor_id}。",
                path=(*path, "mentor_id"),
            )
        written = None if mentor is None else mentor.choice
        state = state_of(former, written)
        if state is SeatState.SAME or any(each.slot_code == draft.slot_code for each in by_mentee[mentee.id]):
            raise InvalidInputError(
                f"Seat {draft.slot_code} of mentee {mentee.code} is not changed by this edit, or stands in two edits.",
                f"帮带对象 {mentee.code} 的帮带岗位 {draft.slot_code} 没有变化或重复提交。",
                path=path,
            )
        by_mentee[mentee.id].append(
            SeatEdit(
                cell="",
                mentee=mentee.choice,
                slot_code=draft.slot_code,
                state=state,
                former=former,
                mentor=written,
            )
        )
    return [seat for seats in by_mentee.values() for seat in with_moves(seats)]


def _refuse(checked: Checked) -> None:
    told = list(dict.fromkeys([*checked.refusals, *(one for seat in checked.seats for one in seat.refusals)]))
    if told:
        raise InvalidStateError(
            f"{len(told)} reason(s) keep these edits from being laid down: "
            f"{' '.join(one.english for one in told[:SHOWN])}",
            f"共{len(told)}处不能登记：{' '.join(one.chinese for one in told[:SHOWN])}",
            path=("edits",),
        )


def _write(
    session: Session,
    viewer: Viewer,
    cipher: PersonalDataCipher,
    book: RosterBook,
    draft: RosterEditsDraft,
    seats: Sequence[SeatEdit],
    reason: str,
) -> RosterEditsApplied:
    roster = require_roster(session, viewer, draft.roster_id, lock=True)
    _expect_checksum(roster.checksum, draft.checksum)
    pins: list[UUID] = []
    exclusions: list[UUID] = []
    todo = [seat for seat in seats if seat.state in EDITED and not seat.is_laid_down]
    for seat in todo:
        if seat.state in PINNED and seat.mentor is not None:
            pin = PinDraft(
                program_id=book.program_id,
                mentee_id=seat.mentee.id,
                mentor_id=seat.mentor.id,
                slot_code=seat.slot_code,
                reason=reason,
            )
            pins.append(add_pin(session, viewer, pin).id)
        elif seat.state is SeatState.REMOVED and seat.former is not None:
            pair = ExclusionDraft(
                mentee_person_id=book.mentees[seat.mentee.id].person_id,
                mentor_person_id=book.mentors[seat.former.id].person_id,
                reason=ExclusionReason.OTHER,
                source=f"花名册第{roster.roster_version}版回导（人工修改）",
            )
            exclusions.append(add_exclusion(session, viewer, cipher, pair).id)
    if any(seat.state is SeatState.REMOVED and seat.is_laid_down for seat in seats):
        # Nothing is written, and that a pair is excluded is told: a reading. The trail itself tells of no pair.
        record_restricted_reads(session, viewer, [("Exclusion.isOnFile", f"Roster {roster.id}")])
    if pins or exclusions:
        record(
            session,
            viewer,
            AuditAction.ROSTER_EDITS_APPLIED,
            f"Roster {roster.id}",
            county_id=county_of_program(session, roster.program_id),
            program=roster.program_id,
            roster_version=roster.roster_version,
            checksum=roster.checksum,
            pins=len(pins),
            exclusions=len(exclusions),
        )
    return RosterEditsApplied(
        program_id=roster.program_id,
        pin_ids=tuple(pins),
        exclusion_ids=tuple(exclusions),
        n_laid_down=sum(seat.is_laid_down for seat in seats),
    )
