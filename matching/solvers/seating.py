"""Exact check, before any plan is sought, of pins that slot caps tie together across teams.

Which seat each pinned mentor takes is a small integer problem: seats of one team differ, and a person sits in a capped
slot of so many teams only. With lists of seats it is an edge colouring, so CP-SAT decides it.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from ortools.sat.python import cp_model
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from matching.errors import ConstraintKind, PinConstraint, SolverFailedError
from matching.facts import Facts
from matching.pins import SeatedPin, capacity_constraint, refuse_clash, seated_pins, sittings, team_constraints
from matching.policy import Policy
from matching.problem import Component, ProblemData


def check_seating(facts: Facts, policy: Policy, problem: ProblemData) -> None:
    """Refuse pins that only slot caps forbid together; ``build`` has refused all other clashes.

    Raises
    ------
    PinConflictError
        With a minimal conflict of pins and constraints.
    """
    if not facts.pins or all(slot.cap is None for slot in policy.slots):
        return
    codes = policy.slot_codes

    def fits(pins: Sequence[SeatedPin], constraints: Sequence[PinConstraint]) -> bool:
        return _can_be_seated(pins, constraints, codes)

    for component in problem.components:
        for pins in _linked(seated_pins(component, facts, policy)):
            caps = _binding_caps(component, policy, pins)
            if not caps:
                continue
            bound = [constraint for mentee in sorted({pin.mentee for pin in pins})
                     for constraint in team_constraints(component, policy, mentee)]  # fmt: skip
            bound += [capacity_constraint(component, person) for person in sorted({pin.person for pin in pins})]
            refuse_clash(pins, caps + bound, fits)


def _linked(pins: Sequence[SeatedPin]) -> Iterator[list[SeatedPin]]:
    """Yield the pins that share mentees or persons, directly or through others."""
    if not pins:
        return
    mentee, person = np.array([pin.mentee for pin in pins]), np.array([pin.person for pin in pins])
    n_mentees = int(mentee.max()) + 1
    size = n_mentees + int(person.max()) + 1
    graph = csr_array((np.ones(len(pins), dtype=np.int8), (mentee, n_mentees + person)), shape=(size, size))
    groups: dict[int, list[SeatedPin]] = {}
    for pin, label in zip(pins, connected_components(graph, directed=False)[1][mentee].tolist(), strict=True):
        groups.setdefault(label, []).append(pin)
    yield from groups.values()


def _binding_caps(component: Component, policy: Policy, pins: Sequence[SeatedPin]) -> list[PinConstraint]:
    """Return the slot caps of persons that more pinned mentees could come to than they allow."""
    found = []
    for person in sorted({pin.person for pin in pins}):
        for seat, slot in enumerate(policy.slots):
            mentees = {pin.mentee for pin in pins if pin.person == person and seat in pin.seats}
            if slot.cap is not None and len(mentees) > slot.cap:
                found.append(
                    PinConstraint(
                        kind=ConstraintKind.SLOT_CAP,
                        person_id=component.persons[person],
                        slot=slot.code,
                        limit=slot.cap,
                    )
                )
    return found


def _can_be_seated(pins: Sequence[SeatedPin], constraints: Sequence[PinConstraint], codes: tuple[str, ...]) -> bool:
    """Whether every pin gets a seat under the constraints."""
    named = {(c.kind, c.mentee_id or c.person_id, c.slot): c.limit for c in constraints}
    pins_by_mentee: dict[str, list[SeatedPin]] = {}
    mentees_by_person: dict[str, set[str]] = {}
    model = cp_model.CpModel()
    in_slot: dict[tuple[str, int], list[cp_model.IntVar]] = {}
    for pin in pins:
        pins_by_mentee.setdefault(pin.pin.mentee_id, []).append(pin)
    for mentee, own in pins_by_mentee.items():
        person_ids = {pin.mentor: pin.person_id for pin in own}
        team = sittings(own, is_distinct=(ConstraintKind.DISTINCT_MENTORS, mentee, "") in named)
        if team is None:
            return False
        in_seat: dict[int, list[cp_model.IntVar]] = {}
        for sitting in team:
            person = person_ids[sitting.mentor]
            mentees_by_person.setdefault(person, set()).add(mentee)
            takes = {seat: model.new_bool_var("") for seat in sorted(sitting.seats)}
            model.add_exactly_one(takes.values())
            for seat, is_taken in takes.items():
                in_seat.setdefault(seat, []).append(is_taken)
                in_slot.setdefault((person, seat), []).append(is_taken)
        if (ConstraintKind.TEAM_SEATS, mentee, "") in named:
            for taken in in_seat.values():
                model.add_at_most_one(taken)
    for person, mentees in mentees_by_person.items():
        if len(mentees) > named.get((ConstraintKind.FREE_CAPACITY, person, ""), len(mentees)):
            return False
    for (person, seat), taken in in_slot.items():
        cap = named.get((ConstraintKind.SLOT_CAP, person, codes[seat]))
        if cap is not None:
            model.add(sum(taken) <= cap)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.presolve_inclusion_work_limit = 0  # that step can lose solutions (issue 5293 of OR-Tools 9.15)
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.INFEASIBLE):
        raise SolverFailedError(f"the seats of {len(pins)} pins could not be decided; report this as a defect")
    return status != cp_model.INFEASIBLE
