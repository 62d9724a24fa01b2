"""What edits of a roster mean: what is laid down, what is refused and why, and what a repair would do beside them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlmodel import Session, select

from app.access import Viewer, covers_division
from app.errors import AppError
from app.models import Division, Exclusion, PairingProgram, Pin
from app.services.adjustments.words import clash_words
from app.services.constraints import PinDraft, check_pin
from app.services.programs import policy_for_run
from app.services.roster_edits.book import RosterBook
from app.services.roster_edits.records import Choice, SeatEdit, SeatMove, SeatState, Told
from app.services.roster_edits.words import cannot_be_repaired, is_pinned, meaning, outside, takes_no_part
from app.services.runs.start import as_refusals
from app.services.snapshot import take_snapshot
from matching import Exclusion as ExclusionFact
from matching import Facts, PinConflictError, Policy, RepairResult, Words, repair
from matching import Pin as PinFact
from matching.adjust import adjusted_facts
from matching.build import build
from matching.pins import check_pins
from matching.repair import check_repairable
from matching.solvers.seating import check_seating

PINNED = frozenset({SeatState.REPLACED, SeatState.ADDED})
"""Edits that become pins; REMOVED becomes an exclusion, MOVED nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Edits with what they mean; ``refusals`` are those of all of them together."""

    seats: tuple[SeatEdit, ...]
    refusals: tuple[Told, ...] = ()
    moves: tuple[SeatMove, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """Edits looked at against what is stored, with the facts and the policy that a repair run of now would have."""

    book: RosterBook
    seats: tuple[SeatEdit, ...]
    facts: Facts | None
    policy: Policy | None
    is_whole: bool = True
    """Whether the viewer answers for the whole programme, and may be told what is wrong anywhere in it."""

    def checked(self) -> Checked:
        """Look at the edits by every rule, and at the repair that they bring; opens no transaction."""
        if self.facts is None or self.policy is None:
            return Checked(seats=self.seats)
        return _Judge(self.book, self.facts, self.policy, is_whole=self.is_whole).judged(self.seats)


def meaning_of(session: Session, viewer: Viewer, book: RosterBook, edits: Sequence[SeatEdit]) -> Meaning:
    """Look at edits against pins, exclusions and other avoidance on record; without edits nothing more is read."""
    if not edits:
        return Meaning(book=book, seats=(), facts=None, policy=None)
    program = session.get_one(PairingProgram, book.program_id)
    pins: dict[UUID, list[Pin]] = defaultdict(list)
    for pin in session.exec(select(Pin).where(Pin.program_id == program.id)):
        pins[pin.mentee_id].append(pin)
    seats = tuple(_against_records(session, viewer, book, edit, pins[edit.mentee.id]) for edit in edits)
    facts = take_snapshot(session, program)
    policy = Policy.from_json(policy_for_run(session, program, None).content)
    is_whole = covers_division(viewer, session.get_one(Division, program.division_id).code)
    return Meaning(book=book, seats=seats, facts=facts, policy=policy, is_whole=is_whole)


def _against_records(
    session: Session, viewer: Viewer, book: RosterBook, edit: SeatEdit, pins: Sequence[Pin]
) -> SeatEdit:
    edit = replace(edit, meaning=meaning(book, edit))
    if edit.state in PINNED and edit.mentor is not None:
        wanted = edit.mentor.id
        if any(pin.mentor_id == wanted and pin.slot_code in (None, edit.slot_code) for pin in pins):
            return replace(edit, is_laid_down=True)
        draft = PinDraft(
            program_id=book.program_id,
            mentee_id=edit.mentee.id,
            mentor_id=wanted,
            slot_code=edit.slot_code,
            reason="",
        )
        try:
            check_pin(session, viewer, draft)
        except AppError as error:
            return replace(edit, refusals=(Told(english=error.message, chinese=error.message_zh),))
    elif edit.state is SeatState.REMOVED and edit.former is not None:
        former = book.mentors.get(edit.former.id)
        if former is None:
            return replace(edit, refusals=(outside(edit.former.code),))
        persons = book.mentees[edit.mentee.id].person_id, former.person_id
        same = select(Exclusion.id).where(
            Exclusion.mentee_person_id == persons[0], Exclusion.mentor_person_id == persons[1]
        )
        if session.exec(same).first() is not None:
            return replace(edit, is_laid_down=True)
        if any(pin.mentor_id == edit.former.id for pin in pins):
            return replace(edit, refusals=(is_pinned(edit.mentee.code, edit.former.code),))
    return edit


class _Judge:
    """Looks at edits by the rules of the library, on one set of facts."""

    def __init__(self, book: RosterBook, facts: Facts, policy: Policy, *, is_whole: bool) -> None:
        self.book, self.facts, self.policy, self.is_whole = book, facts, policy, is_whole
        self.mentees = {mentee.id: mentee for mentee in facts.mentees}
        self.mentors = {mentor.id: mentor for mentor in facts.mentors}

    def judged(self, seats: Sequence[SeatEdit]) -> Checked:
        """The edits with the refusals of the rules, and what else a repair moves."""
        seats = tuple(map(self._taking_part, seats))
        new = {seat: pin for seat in seats if (pin := self._pin(seat)) is not None}
        apart = adjusted_facts(self.facts, (), self._exclusions(seats))
        refused: dict[str, Told] = {}
        try:
            with as_refusals(apart, self.book.program_id):
                components = build(apart, self.policy).components
            refused = self._clashes(apart, components, list(new.values()))
            holding = [pin for pin in new.values() if pin.id not in refused]
            found = self._repaired(adjusted_facts(apart, holding, ()))
        except AppError as error:
            # What keeps a repair from being computed can lie in another county, with the 编号 of its people.
            told = Told(english=error.message, chinese=error.message_zh) if self.is_whole else cannot_be_repaired()
            return Checked(seats=self._with_refusals(seats, new, refused), refusals=(told,))
        seats = self._with_refusals(seats, new, refused)
        return Checked(seats=seats, moves=tuple(self._moves(seats, found)))

    def _taking_part(self, seat: SeatEdit) -> SeatEdit:
        if seat.state not in PINNED or seat.mentor is None or seat.refusals or seat.is_laid_down:
            return seat
        known: tuple[tuple[Choice, Mapping[str, object]], ...] = (
            (seat.mentee, self.mentees),
            (seat.mentor, self.mentors),
        )
        missing = [choice.code for choice, people in known if str(choice.id) not in people]
        return replace(seat, refusals=tuple(map(takes_no_part, missing))) if missing else seat

    def _pin(self, seat: SeatEdit) -> PinFact | None:
        if seat.state not in PINNED or seat.mentor is None or seat.refusals or seat.is_laid_down:
            return None
        return PinFact(
            id=f"edit {seat.mentee.id} {seat.slot_code}",
            mentee_id=str(seat.mentee.id),
            mentor_id=str(seat.mentor.id),
            slot=seat.slot_code,
        )

    def _exclusions(self, seats: Iterable[SeatEdit]) -> list[ExclusionFact]:
        return [
            ExclusionFact(
                mentee_person=str(self.book.mentees[seat.mentee.id].person_id),
                mentor_person=str(self.book.mentors[seat.former.id].person_id),
                is_complaint=False,
            )
            for seat in seats
            if seat.state is SeatState.REMOVED and seat.former is not None and not seat.refusals
        ]

    def _clashes(self, facts: Facts, components: Sequence[object], pins: list[PinFact]) -> dict[str, Told]:
        """Why pins cannot hold, by their id; a conflict of several is told at each of them."""
        said = {pin.id: (pin, Words(chinese="修改", english="edit ")) for pin in pins}
        refused: dict[str, Told] = {}
        while True:
            left = [pin for pin in pins if pin.id not in refused]
            try:
                check_pins(adjusted_facts(facts, left, ()), self.policy, components)  # type: ignore[arg-type]
            except PinConflictError as error:
                words = clash_words(error, facts, said)
                told = Told(english=words.english, chinese=words.chinese)
                ours = [each for each in error.pins if each in said]
                if not ours:
                    raise
                refused |= dict.fromkeys(ours, told)
            else:
                return refused

    def _repaired(self, facts: Facts) -> RepairResult:
        with as_refusals(facts, self.book.program_id):
            problem = build(facts, self.policy)
            check_seating(facts, self.policy, problem)
            check_repairable(problem)
            return repair(facts, self.policy, problem=problem)

    def _with_refusals(
        self, seats: Sequence[SeatEdit], new: Mapping[SeatEdit, PinFact], refused: Mapping[str, Told]
    ) -> tuple[SeatEdit, ...]:
        told = {(seat.mentee.id, seat.slot_code): refused.get(pin.id) for seat, pin in new.items()}
        return tuple(
            seat if (one := told.get((seat.mentee.id, seat.slot_code))) is None else replace(seat, refusals=(one,))
            for seat in seats
        )

    def _moves(self, seats: Iterable[SeatEdit], found: RepairResult) -> Iterable[SeatMove]:
        """Seats that change otherwise than an edit asks; of mentees in the territory alone."""
        asked = {
            (seat.mentee.id, seat.slot_code): None if seat.mentor is None else seat.mentor.id
            for seat in seats
            if not seat.refusals
        }
        before = {(UUID(mentee), slot): UUID(mentor) for mentee, slot, mentor in self.facts.published}
        after = {(UUID(s.mentee_id), s.slot): UUID(s.mentor_id) for s in found.result.seats}
        places = [place for place in {**before, **after} if before.get(place) != after.get(place)]
        for mentee_id, slot in sorted(places, key=lambda place: (self._code(place[0]), place[1])):
            place = (mentee_id, slot)
            if mentee_id not in self.book.mentees or (place in asked and asked[place] == after.get(place)):
                continue
            yield SeatMove(
                mentee=self.book.mentees[mentee_id].choice,
                slot_code=slot,
                before=self._mentor(before.get(place)),
                after=self._mentor(after.get(place)),
            )

    def _code(self, mentee_id: UUID) -> str:
        known = self.book.mentees.get(mentee_id)
        return "" if known is None else known.code

    def _mentor(self, mentor_id: UUID | None) -> Choice | None:
        if mentor_id is None:
            return None
        known = self.book.mentors.get(mentor_id)
        if known is not None:
            return known.choice
        return Choice(id=mentor_id, code=self.mentors[str(mentor_id)].code, place="")
