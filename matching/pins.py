"""Pins are hard in every mode: pins that cannot hold are refused by name, as a minimal conflict, before any solve.

Once every pinned pair is admissible, the pins of one mentee have to make one team (a small matching, and counts for
rules on teams), and the pins of one person need free capacity (a count). Slot caps alone can tie teams together: pins
that a cap may bind are left to the exact search of ``solvers.seating``, which ``solve`` asks first.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from matching.errors import ConstraintKind, PinConflictError, PinConstraint
from matching.facts import Facts, Pin
from matching.policy import Policy
from matching.problem import Component
from matching.rules import explain_blocked, mentee_exclusion

_Member = TypeVar("_Member")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatedPin:
    """One pin in numbers of its component.

    Attributes
    ----------
    seats
        Seats that the mentor may take and the pin allows.
    is_away, is_of_village
        Whether rules on teams count the mentor as one from outside the township, as one of the same village.
    """

    pin: Pin
    mentee: int
    mentor: int
    person: int
    person_id: str
    seats: frozenset[int]
    is_away: bool
    is_of_village: bool


def check_pins(facts: Facts, policy: Policy, components: Sequence[Component]) -> None:
    """Refuse pins that no plan can honour, but for those that only slot caps forbid.

    Raises
    ------
    PinConflictError
        With a minimal conflict.
    """
    if not facts.pins:
        return
    place = {mentee.id: (number, row) for number, c in enumerate(components) for row, mentee in enumerate(c.mentees)}
    columns = {mentor.id: (number, j) for number, c in enumerate(components) for j, mentor in enumerate(c.mentors)}
    check_pinned_mentees(facts, policy)
    for pin in sorted(facts.pins, key=lambda pin: pin.id):
        number, row = place[pin.mentee_id]
        if columns.get(pin.mentor_id, (-1, -1))[0] != number:
            why = f"the mentor {pin.mentor_id} belongs to a pool of another county (CROSS_COUNTY)"
            raise _refusal([pin], why, rules=("CROSS_COUNTY",))
        masks = components[number].blocked[row, :, columns[pin.mentor_id][1]]
        seats = [policy.slot_codes.index(pin.slot)] if pin.slot is not None else list(range(policy.n_seats))
        if all(masks[seat] for seat in seats):
            reasons = sorted({str(code) for seat in seats for code in explain_blocked(int(masks[seat]))})
            why = f"the mentor {pin.mentor_id} may not serve {pin.mentee_id}: {', '.join(reasons)}"
            raise _refusal([pin], why, rules=tuple(reasons))
    for component in components:
        seated = seated_pins(component, facts, policy)
        for pins in _groups(seated, lambda pin: pin.mentee):
            refuse_clash(pins, team_constraints(component, policy, pins[0].mentee), fits_team)
        for pins in _groups(seated, lambda pin: pin.person):
            refuse_clash(pins, [capacity_constraint(component, pins[0].person)], fits_capacity)


def check_pinned_mentees(facts: Facts, policy: Policy) -> None:
    """Refuse pins of mentees who take no part.

    Raises
    ------
    PinConflictError
        With the first such pin.
    """
    mentees = {mentee.id: mentee for mentee in facts.mentees}
    for pin in sorted(facts.pins, key=lambda pin: pin.id):
        exclusion = mentee_exclusion(mentees[pin.mentee_id], policy)
        if exclusion is not None:
            why = f"the mentee {pin.mentee_id} takes no part in this run ({exclusion})"
            raise _refusal([pin], why, rules=(str(exclusion),))


def seated_pins(component: Component, facts: Facts, policy: Policy) -> list[SeatedPin]:
    """Return the component's pins by id; every pinned pair must be admissible in one of the allowed seats."""
    row = {mentee.id: index for index, mentee in enumerate(component.mentees)}
    column = {mentor.id: index for index, mentor in enumerate(component.mentors)}
    arrays = component.teams
    found = []
    for pin in sorted((pin for pin in facts.pins if pin.mentee_id in row), key=lambda pin: pin.id):
        mentee, mentor = row[pin.mentee_id], column[pin.mentor_id]
        person = int(component.person_of_mentor[mentor])
        seats = frozenset(np.flatnonzero(component.blocked[mentee, :, mentor] == 0).tolist())
        found.append(
            SeatedPin(
                pin=pin,
                mentee=mentee,
                mentor=mentor,
                person=person,
                person_id=component.persons[person],
                seats=seats if pin.slot is None else seats & {policy.slot_codes.index(pin.slot)},
                is_away=arrays is not None and bool(arrays.is_away[mentee, mentor]),
                is_of_village=arrays is not None and bool(arrays.is_of_village[mentee, mentor]),
            )
        )
    return found


def team_constraints(component: Component, policy: Policy, mentee: int) -> list[PinConstraint]:
    """Return what binds the team of one mentee."""
    name = component.mentees[mentee].id
    bound = [
        PinConstraint(kind=ConstraintKind.TEAM_SEATS, mentee_id=name, limit=policy.n_seats),
        PinConstraint(kind=ConstraintKind.DISTINCT_MENTORS, mentee_id=name, limit=1),
    ]
    if component.teams is not None:
        away = int(component.teams.most_away[mentee] + component.teams.has_release[mentee])
        village = int(component.teams.most_of_village[mentee])
        rules = ((ConstraintKind.TOWNSHIP_RULE, away), (ConstraintKind.VILLAGE_RULE, village))
        bound += [PinConstraint(kind=kind, mentee_id=name, limit=most) for kind, most in rules if most < policy.n_seats]
    return bound


def capacity_constraint(component: Component, person: int) -> PinConstraint:
    """Return the free capacity of one person as a constraint."""
    free = int(component.free_capacity[person])
    return PinConstraint(kind=ConstraintKind.FREE_CAPACITY, person_id=component.persons[person], limit=free)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """Pins of one mentee that one mentor honours in one seat."""

    mentor: int
    person: int
    seats: frozenset[int]
    is_away: bool
    is_of_village: bool


def sittings(pins: Sequence[SeatedPin], *, is_distinct: bool) -> list[Sitting] | None:
    """Return what has to be seated for the pins of one mentee, ``None`` when that cannot be.

    Parameters
    ----------
    is_distinct
        A person may take one seat only. If not, pins of one pair to different slots need a seat each.
    """
    pins_by_mentor: dict[int, list[SeatedPin]] = {}
    for pin in pins:
        pins_by_mentor.setdefault(pin.mentor, []).append(pin)
    found = []
    for own in pins_by_mentor.values():
        named = {pin.seats for pin in own if pin.pin.slot is not None} or {own[0].seats}
        if is_distinct and len(named) > 1:
            return None
        for seats in sorted(named, key=sorted):
            first = own[0]
            found.append(
                Sitting(
                    mentor=first.mentor,
                    person=first.person,
                    seats=seats,
                    is_away=first.is_away,
                    is_of_village=first.is_of_village,
                )
            )
    if is_distinct and len({sitting.person for sitting in found}) < len(found):
        return None
    return found


def fits_team(pins: Sequence[SeatedPin], constraints: Iterable[PinConstraint]) -> bool:
    """Whether the pins of one mentee make a team that keeps the constraints."""
    limits = {constraint.kind: constraint.limit for constraint in constraints}
    team = sittings(pins, is_distinct=ConstraintKind.DISTINCT_MENTORS in limits)
    if team is None:
        return False
    away = limits.get(ConstraintKind.TOWNSHIP_RULE, len(team))
    of_village = limits.get(ConstraintKind.VILLAGE_RULE, len(team))
    if sum(member.is_away for member in team) > away or sum(member.is_of_village for member in team) > of_village:
        return False
    return ConstraintKind.TEAM_SEATS not in limits or _can_be_seated([member.seats for member in team])


def fits_capacity(pins: Sequence[SeatedPin], constraints: Iterable[PinConstraint]) -> bool:
    """Whether one person can serve every pinned mentee."""
    return all(len({pin.mentee for pin in pins}) <= constraint.limit for constraint in constraints)


def refuse_clash(
    pins: Sequence[SeatedPin],
    constraints: Sequence[PinConstraint],
    fits: Callable[[Sequence[SeatedPin], Sequence[PinConstraint]], bool],
) -> None:
    """Refuse pins that do not fit.

    Raises
    ------
    PinConflictError
        With a minimal conflict: constraints leave it first, then the pins with the last ids.
    """
    if fits(pins, constraints):
        return
    bound = minimal(constraints, lambda rest: fits(pins, rest))
    kept = minimal(pins, lambda rest: fits(rest, bound))
    bound = minimal(bound, lambda rest: fits(kept, rest))
    ordered = tuple(sorted(bound))
    why = "; ".join(map(describe, ordered))
    raise _refusal([pin.pin for pin in kept], why, constraints=ordered)


def minimal(members: Sequence[_Member], fits: Callable[[Sequence[_Member]], bool]) -> list[_Member]:
    """Return members that do not fit together, of whom none can be left out: halves are tried first, the last first.

    Examples
    --------
    >>> minimal([3, 5, 4, 9], lambda rest: sum(rest) < 8)
    [3, 5]
    """
    kept = list(members)
    size = max(1, len(kept) // 2)
    while True:
        for start in range((len(kept) - 1) // size * size, -1, -size):
            rest = kept[:start] + kept[start + size :]
            if not fits(rest):
                kept = rest
        if size == 1:
            return kept
        size //= 2


def describe(constraint: PinConstraint) -> str:
    """Return a constraint in words, with ids and numbers only."""
    mentee, person, limit = constraint.mentee_id, constraint.person_id, constraint.limit
    match constraint.kind:
        case ConstraintKind.TEAM_SEATS:
            return f"mentee {mentee} has {limit} seats, which take one mentor each"
        case ConstraintKind.DISTINCT_MENTORS:
            return f"one person serves mentee {mentee} in one seat only"
        case ConstraintKind.TOWNSHIP_RULE:
            return f"team rule minOneMentorSameTownship of mentee {mentee} allows {limit} mentors from elsewhere"
        case ConstraintKind.VILLAGE_RULE:
            return f"team rule sameVillageMentor of mentee {mentee} allows {limit} mentors of the same village"
        case ConstraintKind.FREE_CAPACITY:
            return f"the mentor person {person} has a free capacity of {limit}"
        case ConstraintKind.SLOT_CAP:
            return f"slot cap of {constraint.slot} lets the mentor person {person} serve {limit} mentees in it"


def _groups(pins: Iterable[SeatedPin], key: Callable[[SeatedPin], int]) -> Iterator[list[SeatedPin]]:
    groups: dict[int, list[SeatedPin]] = {}
    for pin in pins:
        groups.setdefault(key(pin), []).append(pin)
    yield from groups.values()


def _can_be_seated(seats: Sequence[frozenset[int]]) -> bool:
    """Whether every member gets a seat of its own (augmenting paths)."""
    taken: dict[int, int] = {}

    def seat_one(member: int, tried: set[int]) -> bool:
        for seat in sorted(seats[member] - tried):
            tried.add(seat)
            if seat not in taken or seat_one(taken[seat], tried):
                taken[seat] = member
                return True
        return False

    return all(seat_one(member, set()) for member in range(len(seats)))


def _refusal(
    pins: Iterable[Pin], why: str, *, constraints: tuple[PinConstraint, ...] = (), rules: tuple[str, ...] = ()
) -> PinConflictError:
    ids = tuple(sorted(pin.id for pin in pins))
    message = f"pins {', '.join(ids)} cannot be honoured: {why}; remove or change one of them"
    return PinConflictError(ids, message, constraints=constraints, rules=rules)
