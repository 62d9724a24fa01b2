"""What an adjustment does to a plan: who moves, what it costs per level, and which seats become empty or filled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from matching import Facts, Mentee, Mentor
from matching.adjust import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatRef:
    """One seat of a plan; ``reasons`` as a shortfall stores them, when it is empty."""

    mentee_id: UUID
    slot_code: str
    reasons: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChange:
    """A link that ends or is new; ``other_mentor_id`` has the seat after it, or had it before."""

    mentee_id: UUID
    slot_code: str
    mentor_id: UUID
    other_mentor_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelChange:
    """One level of the objective before and after, in natural units."""

    name: str
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEffect:
    """The difference between two states of one plan, by mentee code and slot."""

    ended: tuple[LinkChange, ...]
    added: tuple[LinkChange, ...]
    levels: tuple[LevelChange, ...]
    emptied: tuple[SeatRef, ...]
    filled: tuple[SeatRef, ...]
    n_people: int


def effect_of(
    facts: Facts,
    before: Sequence[Link],
    after: Sequence[Link],
    levels_before: Iterable[Mapping[str, Any]],
    levels_after: Iterable[Mapping[str, Any]],
    reasons_by_place: Mapping[tuple[str, str], Sequence[dict[str, Any]]],
) -> PlanEffect:
    """Compare a plan before and after."""
    old = {link[:2]: link[2] for link in before}
    new = {link[:2]: link[2] for link in after}
    codes = {mentee.id: mentee.code for mentee in facts.mentees}
    places = sorted(old.keys() | new.keys(), key=lambda place: (codes[place[0]], place[1]))
    moved = [place for place in places if old.get(place) != new.get(place)]
    everybody: tuple[Mentee | Mentor, ...] = (*facts.mentees, *facts.mentors)
    persons = {each.id: each.person_id for each in everybody}
    people = {persons[place[0]] for place in moved}
    people |= {persons[plan[place]] for place in moved for plan in (old, new) if place in plan}
    after_by_name = {level["name"]: level["value"] for level in levels_after}
    return PlanEffect(
        ended=tuple(_change(place, old[place], new.get(place)) for place in moved if place in old),
        added=tuple(_change(place, new[place], old.get(place)) for place in moved if place in new),
        levels=tuple(
            LevelChange(name=level["name"], before=level["value"], after=after_by_name[level["name"]])
            for level in levels_before
        ),
        emptied=tuple(_seat(place, reasons_by_place[place]) for place in moved if place not in new),
        filled=tuple(_seat(place, ()) for place in moved if place not in old),
        n_people=len(people),
    )


def _change(place: tuple[str, str], mentor_id: str, other: str | None) -> LinkChange:
    return LinkChange(
        mentee_id=UUID(place[0]),
        slot_code=place[1],
        mentor_id=UUID(mentor_id),
        other_mentor_id=None if other is None else UUID(other),
    )


def _seat(place: tuple[str, str], reasons: Sequence[dict[str, Any]]) -> SeatRef:
    return SeatRef(mentee_id=UUID(place[0]), slot_code=place[1], reasons=tuple(reasons))
