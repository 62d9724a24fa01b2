"""What filling seats depends on, in arrays that a remedy can change: open and pinned pairs, capacities, team rules."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.problem import Component, ProblemData
from matching.vocabulary import ReasonCode

I8 = npt.NDArray[np.int64]
B1 = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A team rule: a team has at most ``most`` members out of ``is_member``.

    Attributes
    ----------
    rule
        The rule's name in masks.
    is_member
        ``bool`` (mentees, mentors).
    most
        ``int64`` (mentees,).
    """

    rule: ReasonCode
    is_member: B1
    most: I8


@dataclass(frozen=True, slots=True, kw_only=True)
class FillCase:
    """What filling depends on, in arrays that a remedy can change.

    Attributes
    ----------
    is_open, is_pinned
        ``bool`` (mentees, heads, mentors).
    units
        Seats per head: 1, or k for team policies, whose mentees have one head each.
    person_of_mentor
        ``int64`` (mentors,).
    free
        ``int64`` (persons,): free capacity.
    slot_caps
        Greatest number of mentees per person and head, ``None`` for no limit.
    groups
        Team rules; a mentor belongs to one of them at most.
    name
        Said in error messages.
    """

    is_open: B1
    is_pinned: B1
    units: int
    person_of_mentor: I8
    free: I8
    slot_caps: tuple[int | None, ...]
    groups: tuple[Group, ...]
    name: str

    @property
    def n_seats(self) -> int:
        """Seats of all mentees."""
        return int(self.is_open.shape[0] * self.is_open.shape[1]) * self.units


@dataclass(frozen=True, slots=True, kw_only=True)
class Tight:
    """Seats that compete for too few mentors.

    Attributes
    ----------
    is_claimed
        ``bool`` (mentees, heads).
    is_without
        ``bool`` (groups, mentees): the mentee's claim leaves the group's members and as many seats as it may fill out.
    """

    is_claimed: B1
    is_without: B1


def fill_case(component: Component, problem: ProblemData, blocked: npt.NDArray[np.uint32] | None = None) -> FillCase:
    """Return the arrays of one component; ``blocked`` replaces its masks."""
    masks = component.blocked if blocked is None else blocked
    is_open: B1 = np.asarray(masks == 0, dtype=bool)
    pinned = np.zeros(masks.shape, dtype=bool)
    pinned[component.arc_mentee, component.arc_seat, component.arc_mentor] = component.arc_pinned
    groups: tuple[Group, ...] = ()
    arrays = component.teams
    if arrays is not None:
        is_open, pinned = is_open[:, :1], np.asarray(pinned.any(axis=1, keepdims=True), dtype=bool)
        away, village = arrays.most_away + arrays.has_release, arrays.most_of_village
        groups = (
            Group(rule=ReasonCode.TOWNSHIP_RULE, is_member=arrays.is_away, most=away),
            Group(rule=ReasonCode.VILLAGE_RULE, is_member=arrays.is_of_village, most=village),
        )
    return FillCase(
        is_open=is_open,
        is_pinned=pinned,
        units=1 if arrays is None else component.n_seats,
        person_of_mentor=component.person_of_mentor,
        free=component.free_capacity,
        slot_caps=problem.slot_caps if arrays is None else (None,),
        groups=groups,
        name=f"component {component.counties[0]}",
    )


def by_person(case: FillCase, table: B1) -> B1:
    """Return whether any record of a person has the flag: (..., mentors) to (..., persons)."""
    n_persons = len(case.free)
    if n_persons == len(case.person_of_mentor):
        result = np.zeros((*table.shape[:-1], n_persons), dtype=bool)
        result[..., case.person_of_mentor] = table
        return result
    order = np.argsort(case.person_of_mentor, kind="stable")
    starts = np.searchsorted(case.person_of_mentor[order], np.arange(n_persons))
    return np.asarray(np.logical_or.reduceat(table[..., order], starts, axis=-1), dtype=bool)


def pinned_pairs(case: FillCase) -> B1:
    """Return which mentee is pinned to which person, ``bool`` (mentees, persons)."""
    return by_person(case, np.asarray(case.is_pinned.any(axis=1), dtype=bool))


def admitted(case: FillCase) -> B1:
    """Return (mentees, heads, mentors): who may take a seat; a pinned pair has its pinned seats and record only."""
    if not case.is_pinned.any():
        return case.is_open
    pair = pinned_pairs(case)[:, case.person_of_mentor]
    return np.asarray(case.is_open & (case.is_pinned | ~pair[:, None, :]), dtype=bool)
