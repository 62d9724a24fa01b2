"""The problem in numbers: read-only arrays per independent component, checked once when they are made."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from matching.criteria import PairCriteria
from matching.facts import Mentee, Mentor
from matching.geography import PairGeography
from matching.policy_options import FairnessMode
from matching.rules import Mask
from matching.teams import TeamArrays, TermList

I4 = npt.NDArray[np.int32]
I8 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What a repair holds against the published roster: one more level of the objective, to be minimised.

    Attributes
    ----------
    arc_cost
        ``int64`` (arcs,): changed links that the use of an arc costs; -1 where it keeps a link. Under team terms, where
        a level cannot see seats, the least cost over the seats of a mentor counts.
    rank
        How many levels after the pins come before it (0: right after the pins).
    n_filled
        Seats that a plan must fill, ``None`` for as many as possible.
    known
        ``int64`` (seats,): arcs of a plan that fills at least ``n_filled`` seats.
    price
        ``None``: a level of its own; else, in units of 10⁻⁴ points, what a changed link takes off the score level.
    """

    arc_cost: I8
    rank: int = 0
    n_filled: int | None = None
    known: I8 | None = None
    price: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part of the problem that shares no mentor with any other: usually one county.

    Local indices count from 0 within the component; mentees are ordered by (code, id), so are mentors.

    Attributes
    ----------
    counties
        Codes of the counties, sorted.
    mentees, mentors
        Records by local index.
    persons
        Ids of the human beings behind the mentors, by local person index.
    person_of_mentor
        ``int64`` (mentors,): local person index.
    active_load
        ``int64`` (persons,): persons mentored in other programmes, over all records of the person.
    free_capacity
        ``int64`` (persons,): capacity left for this run, at least 0.
    blocked
        ``uint32`` (mentees, seats, mentors): bits of the rules that keep a mentor out of a seat.
    near, criteria
        Closeness and criteria of all pairs.
    priority
        ``int64`` (mentees,): priority in units of 10⁻⁴.
    arc_mentee, arc_seat, arc_mentor
        ``int32`` (arcs,): the admissible (seat, mentor) arcs, sorted by mentee, seat, mentor.
    arc_score
        ``int64`` (arcs,): score in units of 10⁻⁴ points.
    arc_tier
        ``uint8`` (arcs,): fallback tier.
    arc_released, arc_pinned, arc_published
        ``bool`` (arcs,): opened by a release; honours a pin; is a link of the published roster.
    n_pins
        Pinned (mentee, mentor) pairs.
    n_published
        Links of the published roster whose mentee belongs to this component.
    teams
        What team terms and rules read; ``None`` for separable policies.
    hold
        What a repair holds on to; ``None`` for every other run.
    """

    counties: tuple[str, ...]
    mentees: tuple[Mentee, ...]
    mentors: tuple[Mentor, ...]
    persons: tuple[str, ...]
    person_of_mentor: I8
    active_load: I8
    free_capacity: I8
    blocked: Mask
    near: PairGeography
    criteria: PairCriteria
    priority: I8
    arc_mentee: I4
    arc_seat: I4
    arc_mentor: I4
    arc_score: I8
    arc_tier: npt.NDArray[np.uint8]
    arc_released: npt.NDArray[np.bool_]
    arc_pinned: npt.NDArray[np.bool_]
    arc_published: npt.NDArray[np.bool_]
    n_pins: int
    n_published: int
    teams: TeamArrays | None = None
    hold: Hold | None = None

    def __post_init__(self) -> None:
        n_arcs = len(self.arc_mentee)
        for name in ("arc_seat", "arc_mentor", "arc_score", "arc_tier", "arc_released", "arc_pinned", "arc_published"):
            if len(getattr(self, name)) != n_arcs:
                raise ValueError(f"{name} has {len(getattr(self, name))} entries; every arc array needs {n_arcs}")
        expected = (len(self.mentees), self.blocked.shape[1], len(self.mentors))
        if self.blocked.shape != expected:
            raise ValueError(f"blocked has shape {self.blocked.shape}; it must be {expected}")
        if n_arcs and self.blocked[self.arc_mentee, self.arc_seat, self.arc_mentor].any():
            raise ValueError("an arc is blocked; arcs must be the admissible triples")
        if (self.free_capacity < 0).any():
            raise ValueError("a free capacity is negative; capacities left must be at least 0")
        for holder in (self, self.near, self.criteria, *(() if self.teams is None else (self.teams,))):
            for field in fields(holder):
                value = getattr(holder, field.name)
                if isinstance(value, np.ndarray):
                    value.flags.writeable = False

    @property
    def n_seats(self) -> int:
        """Seats per mentee."""
        return int(self.blocked.shape[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemData:
    """All components of a run, in the order of their first county.

    Attributes
    ----------
    slots
        Slot codes in team order.
    load_target
        Mentees a mentor serves without counting as overloaded.
    slot_caps
        Greatest number of mentees per person and slot, ``None`` for no limit.
    counts_changes
        Whether changed links against the published roster are a level of the objective.
    team_terms
        Names and parameters of the team terms; empty for separable policies.
    fairness
        Which fairness level the objective has.
    forbids_weak
        A weak team may not be formed: the hard rule MIN_EXPERIENCE on whole teams.
    max_changes
        Greatest excess of changed links (see ``stability.excess_changes``), ``None`` for no bound.
    """

    components: tuple[Component, ...]
    slots: tuple[str, ...]
    load_target: int
    slot_caps: tuple[int | None, ...]
    counts_changes: bool
    team_terms: TermList = ()
    fairness: FairnessMode = FairnessMode.NONE
    forbids_weak: bool = False
    max_changes: int | None = None

    @property
    def n_mentees(self) -> int:
        """Mentees that take part."""
        return sum(len(component.mentees) for component in self.components)

    @property
    def n_arcs(self) -> int:
        """Admissible (seat, mentor) arcs."""
        return sum(len(component.arc_mentee) for component in self.components)

    def params_of(self, term: str) -> dict[str, float]:
        """Return the parameters of one team term.

        Raises
        ------
        KeyError
            When the problem does not have the term.
        """
        return dict(dict(self.team_terms)[term])

    def fingerprint(self) -> str:
        """Return a SHA-256 over everything the solver sees: equal problems, equal fingerprints."""
        return self.joint_fingerprint([digest_of(component) for component in self.components])

    def joint_fingerprint(self, digests: Sequence[str]) -> str:
        """Return the fingerprint of the problem whose components have these digests."""
        digest = hashlib.sha256()
        digest.update(repr((self.slots, self.load_target, self.slot_caps, self.counts_changes)).encode())
        if self.team_terms:
            digest.update(repr((self.team_terms, str(self.fairness))).encode())
        if self.forbids_weak or self.max_changes is not None:
            digest.update(repr(("rules", self.forbids_weak, self.max_changes)).encode())
        digest.update("|".join(digests).encode())
        return digest.hexdigest()


def digest_of(component: Component) -> str:
    """Return a SHA-256 over the arrays and people of one component."""
    digest = hashlib.sha256()
    digest.update(repr((component.counties, component.persons, component.n_pins)).encode())
    digest.update(repr([(m.id, m.code) for m in component.mentees]).encode())
    digest.update(repr([(m.id, m.code) for m in component.mentors]).encode())
    for field in fields(component):
        value = getattr(component, field.name)
        if isinstance(value, np.ndarray):
            digest.update(f"{field.name} {value.dtype.str} {value.shape}".encode())
            digest.update(np.ascontiguousarray(value).data)
    for field in () if component.teams is None else fields(component.teams):
        value = getattr(component.teams, field.name)
        if isinstance(value, np.ndarray):
            digest.update(f"teams.{field.name} {value.dtype.str} {value.shape}".encode())
            digest.update(np.ascontiguousarray(value).data)
    return digest.hexdigest()
