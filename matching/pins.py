"""Pins are hard in every mode: pins that cannot hold are refused by name before anything is solved.

Once every pinned pair is admissible, pins clash in two ways only, and both are decided exactly without a solver:
the pins of one mentee need different seats and different persons (a small matching), and the pins of one person
need free capacity (a count), over all seats and per slot cap.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from matching.errors import PinConflictError
from matching.facts import Facts, Pin
from matching.policy import Policy
from matching.problem import Component
from matching.rules import explain_blocked, mentee_exclusion


def check_pins(facts: Facts, policy: Policy, components: Sequence[Component]) -> None:
    """Refuse pins that no plan can honour.

    Raises
    ------
    PinConflictError
        With the ids of the pins at fault: for a mentee the smallest set that clashes, for a mentor all pins of the
        person whose capacity they exceed.
    """
    if not facts.pins:
        return
    mentees = {mentee.id: mentee for mentee in facts.mentees}
    place = {mentee.id: (number, row) for number, c in enumerate(components) for row, mentee in enumerate(c.mentees)}
    columns = {mentor.id: (number, j) for number, c in enumerate(components) for j, mentor in enumerate(c.mentors)}
    for pin in sorted(facts.pins, key=lambda pin: pin.id):
        exclusion = mentee_exclusion(mentees[pin.mentee_id], policy)
        if exclusion is not None:
            _refuse([pin], f"the mentee {pin.mentee_id} takes no part in this run ({exclusion})")
        number, row = place[pin.mentee_id]
        if columns.get(pin.mentor_id, (-1, -1))[0] != number:
            _refuse([pin], f"the mentor {pin.mentor_id} belongs to a pool of another county (CROSS_COUNTY)")
        masks = components[number].blocked[row, :, columns[pin.mentor_id][1]]
        seats = [policy.slot_codes.index(pin.slot)] if pin.slot is not None else list(range(policy.n_seats))
        if all(masks[seat] for seat in seats):
            reasons = sorted({str(code) for seat in seats for code in explain_blocked(int(masks[seat]))})
            _refuse([pin], f"the mentor {pin.mentor_id} may not serve {pin.mentee_id}: {', '.join(reasons)}")
    for component in components:
        _check_component(component, facts, policy)


def check_kept(facts: Facts, links: Iterable[tuple[str, str, str]]) -> None:
    """Refuse a plan that leaves out a pin: only slot caps of several seats, rules on whole teams and the change
    budget can still clash after ``check_pins``.

    Parameters
    ----------
    links
        The plan as ``(mentee_id, slot, mentor_id)``.

    Raises
    ------
    PinConflictError
        With all pins of the mentors whose pins are not all kept.
    """
    plan = set(links)
    pairs = {(mentee, mentor) for mentee, _, mentor in plan}
    lost = {
        pin.mentor_id
        for pin in facts.pins
        if (pin.mentee_id, pin.mentor_id) not in pairs
        or (pin.slot is not None and (pin.mentee_id, pin.slot, pin.mentor_id) not in plan)
    }
    if lost:
        _refuse(
            (pin for pin in facts.pins if pin.mentor_id in lost),
            "slot caps, team rules or the change budget leave no plan that keeps them all",
        )


def _check_component(component: Component, facts: Facts, policy: Policy) -> None:
    row = {mentee.id: index for index, mentee in enumerate(component.mentees)}
    column = {mentor.id: index for index, mentor in enumerate(component.mentors)}
    own = sorted((pin for pin in facts.pins if pin.mentee_id in row), key=lambda pin: pin.id)
    by_mentee: dict[int, list[Pin]] = {}
    by_person: dict[int, list[Pin]] = {}
    for pin in own:
        by_mentee.setdefault(row[pin.mentee_id], []).append(pin)
        by_person.setdefault(int(component.person_of_mentor[column[pin.mentor_id]]), []).append(pin)

    def seatings(pins: Sequence[Pin]) -> list[set[int]]:
        open_seats = []
        for pin in pins:
            masks = component.blocked[row[pin.mentee_id], :, column[pin.mentor_id]]
            seats = set(np.flatnonzero(masks == 0).tolist())
            open_seats.append(seats if pin.slot is None else seats & {policy.slot_codes.index(pin.slot)})
        return open_seats

    for pins in by_mentee.values():
        if not _can_hold(pins, seatings(pins), component, column):
            clash = list(pins)
            for pin in pins:  # deletion filter: what is left cannot lose any member and still clash
                rest = [other for other in clash if other is not pin]
                if not _can_hold(rest, seatings(rest), component, column):
                    clash = rest
            _refuse(clash, f"they do not fit into one team of {policy.n_seats} different persons")
    for person, pins in by_person.items():
        served = {pin.mentee_id for pin in pins}
        free = int(component.free_capacity[person])
        if len(served) > free:
            _refuse(pins, f"the mentor person {component.persons[person]} has a free capacity of {free}")
        for seat, slot in enumerate(policy.slots):
            forced = {pin.mentee_id for pin, seats in zip(pins, seatings(pins), strict=True) if seats == {seat}}
            if slot.cap is not None and len(forced) > slot.cap:
                clash = [pin for pin in pins if pin.mentee_id in forced]
                _refuse(clash, f"the slot {slot.code} lets one person serve {slot.cap} mentees")


def _can_hold(pins: Sequence[Pin], seatings: Sequence[set[int]], component: Component, column: dict[str, int]) -> bool:
    """Whether the pins of one mentee can all be seated: each mentor in a seat of its own, no person twice."""
    seats_by_mentor: dict[int, set[int]] = {}
    for pin, seats in zip(pins, seatings, strict=True):
        mentor = column[pin.mentor_id]
        seats_by_mentor[mentor] = seats_by_mentor.get(mentor, seats) & seats
    persons = [int(component.person_of_mentor[mentor]) for mentor in seats_by_mentor]
    if len(set(persons)) < len(persons):
        return False
    taken: dict[int, int] = {}

    def seat_one(mentor: int, tried: set[int]) -> bool:
        for seat in sorted(seats_by_mentor[mentor] - tried):
            tried.add(seat)
            if seat not in taken or seat_one(taken[seat], tried):
                taken[seat] = mentor
                return True
        return False

    return all(seat_one(mentor, set()) for mentor in sorted(seats_by_mentor))


def _refuse(pins: Iterable[Pin], why: str) -> None:
    ids = tuple(sorted(pin.id for pin in pins))
    raise PinConflictError(ids, f"pins {', '.join(ids)} cannot be honoured: {why}; remove or change one of them")
