"""Certificates of shortage: seats that demand more than the mentors who may take them can give, by counting alone.

A *claim* is what one mentee demands of a set: named seats, or, where a rule on teams caps the mentors of one kind, the
seats that such mentors cannot fill ("one seat for a mentor of the own township"). A person serves at most as many
mentees as its free capacity allows beyond pins to others, one seat per mentee, and no more in a slot than its cap;
so many seats it supplies. Demand less supply seats stay empty in every plan, whatever the solver.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from matching.problem import Component
from matching.solvers.fill_case import FillCase, Tight, admitted, by_person, pinned_pairs
from matching.vocabulary import ReasonCode

I8 = npt.NDArray[np.int64]
B1 = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one mentee demands of a set.

    Attributes
    ----------
    slots
        The seats that are claimed; with a rule on teams, all seats of the mentee.
    n_seats
        How many of them.
    without
        Rules on teams whose limited mentors do not count: with TOWNSHIP_RULE only mentors of the own township count,
        with VILLAGE_RULE only mentors of another village.
    """

    mentee_id: str
    slots: tuple[str, ...]
    n_seats: int
    without: tuple[ReasonCode, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingMentor:
    """One mentor person who may take a claimed seat.

    Attributes
    ----------
    mentor_ids
        The records that may, by code and id.
    free_capacity
        Mentees the person can still take in this run, pins included.
    supply
        The most claimed seats that the person can fill.
    """

    person_id: str
    mentor_ids: tuple[str, ...]
    free_capacity: int
    supply: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HallSet:
    """Claims, and everybody who may serve any of them.

    Attributes
    ----------
    claims
        By mentee code and id.
    mentors
        By code and id of their first record; those without a free place are listed with supply 0.
    """

    claims: tuple[Claim, ...]
    mentors: tuple[ServingMentor, ...]

    @property
    def demand(self) -> int:
        """Seats demanded."""
        return sum(claim.n_seats for claim in self.claims)

    @property
    def supply(self) -> int:
        """The most of these seats that can be filled, at best."""
        return sum(mentor.supply for mentor in self.mentors)

    @property
    def shortage(self) -> int:
        """Seats that stay empty in every plan."""
        return self.demand - self.supply

    @property
    def n_with_place(self) -> int:
        """Mentor persons with a free place for a claimed seat."""
        return sum(mentor.supply > 0 for mentor in self.mentors)


def split(case: FillCase, tight: Tight, townships: tuple[str, ...]) -> Iterator[Tight]:
    """Yield the parts of a tight set that share no mentor with a place to spare, in the order of their mentees.

    Claims that nobody can serve are joined per township (``townships``, by mentee) and kind.
    """
    is_claimed = tight.is_claimed
    n, h = is_claimed.shape
    if not is_claimed.any():
        return
    serves = _serves(case, tight)
    pairs = pinned_pairs(case)
    spare = case.free - pairs.sum(axis=0)
    row, place, person = np.nonzero(serves & (spare > 0))
    links = [(row * h + place, n * h + person)]
    for mentee, other in np.argwhere(pairs & (serves.sum(axis=1) > 1)).tolist():  # a pin that may take either seat
        places = np.flatnonzero(serves[mentee, :, other])
        links.append((np.full(len(places), mentee * h + places[0]), mentee * h + places))
    tail, head = (np.concatenate([link[part] for link in links]) for part in range(2))
    size = n * h + len(case.free)
    graph = csr_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(size, size))
    label = connected_components(graph, directed=False)[1]
    claimed = np.flatnonzero(is_claimed.ravel())
    is_served = (serves & (spare > 0)).any(axis=2).ravel()
    keys: dict[object, list[int]] = {}
    alone: dict[int, list[int]] = {}
    for node in claimed.tolist():
        if is_served[node] or pairs[node // h].any():
            keys.setdefault(int(label[node]), []).append(node)
        else:
            alone.setdefault(node // h, []).append(node % h)
    for mentee, own in alone.items():
        key = (townships[mentee], tuple(own), tuple(tight.is_without[:, mentee].tolist()))
        keys.setdefault(key, []).extend(mentee * h + place for place in own)
    for nodes in sorted(keys.values(), key=min):
        part = np.zeros(n * h, dtype=bool)
        part[nodes] = True
        held = part.reshape(n, h)
        yield Tight(is_claimed=held, is_without=tight.is_without & held.any(axis=1))


def hall_set(component: Component, slots: tuple[str, ...], case: FillCase, tight: Tight) -> HallSet:
    """Return the set in ids and counts."""
    h = tight.is_claimed.shape[1]
    claims = []
    for row in np.flatnonzero(tight.is_claimed.any(axis=1)).tolist():
        left_out = [group for group, out in zip(case.groups, tight.is_without[:, row], strict=True) if out]
        places = np.flatnonzero(tight.is_claimed[row]).tolist()
        claims.append(
            Claim(
                mentee_id=component.mentees[row].id,
                slots=slots if h < len(slots) else tuple(slots[place] for place in places),
                n_seats=len(places) * case.units - sum(int(group.most[row]) for group in left_out),
                without=tuple(group.rule for group in left_out),
            )
        )
    supply = supplied(case, tight)
    serving = _allowed(case, tight).any(axis=(0, 1))
    records: dict[int, list[str]] = {}
    for column in np.flatnonzero(serving).tolist():
        records.setdefault(int(case.person_of_mentor[column]), []).append(component.mentors[column].id)
    mentors = tuple(
        ServingMentor(
            person_id=component.persons[person],
            mentor_ids=tuple(ids),
            free_capacity=int(case.free[person]),
            supply=int(supply[person]),
        )
        for person, ids in records.items()
    )
    return HallSet(claims=tuple(claims), mentors=mentors)


def supplied(case: FillCase, tight: Tight) -> I8:
    """Return the most claimed seats that every person can fill, ``int64`` (persons,).

    Caps of a set of slots together, and one seat per mentee who also claims another slot: the least such count is the
    greatest number of mentees that one person can serve (König).
    """
    serves = _serves(case, tight)
    pairs = pinned_pairs(case)
    outside = pairs & ~serves.any(axis=1)
    most: I8 = np.minimum(case.free - outside.sum(axis=0), serves.any(axis=1).sum(axis=0))
    capped = [(place, cap) for place, cap in enumerate(case.slot_caps) if cap is not None]
    if capped:
        pinned = by_person(case, case.is_pinned & admitted(case))
        for size in range(1, len(capped) + 1):
            for chosen in itertools.combinations(capped, size):
                places = [place for place, _ in chosen]
                others = np.delete(np.arange(len(case.slot_caps)), places)
                taken = outside & ~pinned[:, others].any(axis=1)
                free = sum(cap for _, cap in chosen) - taken.sum(axis=0)
                most = np.minimum(most, free + serves[:, others].any(axis=1).sum(axis=0))
    return np.maximum(0, most)


def _allowed(case: FillCase, tight: Tight) -> B1:
    """Return which mentors may take which claimed seat, ``bool`` (mentees, heads, mentors)."""
    allowed = admitted(case) & tight.is_claimed[:, :, None]
    for group, without in zip(case.groups, tight.is_without, strict=True):
        allowed &= ~(group.is_member & without[:, None])[:, None, :]
    return np.asarray(allowed, dtype=bool)


def _serves(case: FillCase, tight: Tight) -> B1:
    return by_person(case, _allowed(case, tight))
