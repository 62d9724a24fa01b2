"""Exact plans by lexicographic minimum-cost flow, for pair criteria and any number of seats.

Source → mentee (first unit, further units) → seat → mentor person → sink, and a bypass for empty seats. A person
with a slot cap is reached through a (person, slot) node. A person who could serve two seats of one team passes a
(mentee, person) node of capacity 1; these nodes are added only where a solution shows the need: a plan that is optimal
without them and uses no person twice is optimal with them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.errors import SolverFailedError
from matching.problem import Component, ProblemData
from matching.solvers.network import I4, I8, Level, Network, lexicographic_flow
from matching.solvers.ties import tie_costs

DENSE_ARCS = 300_000
"""Up to so many arcs are solved at once; more start on a core, and the rest is priced."""

CORE_PER_SEAT, CORE_PER_PERSON = 48, 24
"""Arcs of the core per seat and per mentor person: what 40 to 60 near mentors of a mentee come to."""

NAME = "flow"
REASON = "pair criteria only: lexicographic minimum-cost flow is exact for any number of seats"


def solve_component(component: Component, problem: ProblemData, *, seed: int) -> I8:
    """Return the arc chosen for every seat, ``int64`` (mentees, seats), -1 for an empty seat.

    Raises
    ------
    SolverFailedError
        When the answer could not be proved, or no flow expresses the slot caps (see ``find_plan``).
    """
    chosen = find_plan(component, problem, seed=seed)
    if chosen is None:
        raise SolverFailedError(
            f"component {component.counties[0]}: a slot cap binds a mentor who could take two seats of one team, which "
            "no flow expresses; use the CP-SAT solver"
        )
    return chosen


def find_plan(component: Component, problem: ProblemData, *, seed: int) -> I8 | None:
    """Return the arc chosen for every seat, ``int64`` (mentees, seats), -1 for an empty seat.

    ``None`` where a slot cap binds a person who would otherwise serve two seats of one team: then "once per team" and
    "so often in this slot" cross, and no flow expresses both.

    Raises
    ------
    SolverFailedError
        When the answer could not be proved.
    """
    n_mentees, n_seats = len(component.mentees), component.n_seats
    guarded = np.zeros(n_mentees, dtype=bool)
    for _ in range(n_mentees + 1):
        chosen = _solve(component, problem, guarded, seed)
        if chosen is None:
            return None
        person = (
            np.where(chosen >= 0, component.person_of_mentor[component.arc_mentor[chosen]], -1)
            if len(component.arc_mentor)
            else np.full((n_mentees, n_seats), -1)
        )
        ranked = np.sort(person, axis=1)
        twice = ((ranked[:, 1:] == ranked[:, :-1]) & (ranked[:, 1:] >= 0)).any(axis=1)
        if not twice.any():
            return chosen
        guarded |= twice
    raise SolverFailedError(
        f"component {component.counties[0]}: a team keeps one person twice; report this as a defect"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edges:
    """A block of edges under construction."""

    tail: I4 | I8
    head: I4 | I8
    capacity: I8


def _solve(component: Component, problem: ProblemData, guarded: npt.NDArray[np.bool_], seed: int) -> I8 | None:
    n, k, n_arcs = len(component.mentees), component.n_seats, len(component.arc_mentor)
    n_persons = len(component.persons)
    mentee, seat = component.arc_mentee, component.arc_seat
    person = component.person_of_mentor.astype(np.int32)[component.arc_mentor]
    rows = np.arange(n)
    seat_node = np.arange(n, n + n * k, dtype=np.int32)
    person_node = n + n * k
    source, sink = person_node + n_persons, person_node + n_persons + 1
    n_nodes = sink + 1

    # Where an arc leads: to the person, or first through a gadget.
    target = person_node + person
    gadgets: list[_Edges] = []
    layers = _gadget_keys(component, problem, guarded, mentee, seat, person)
    if layers is None:
        return None
    for key, limit in layers:
        used = key >= 0
        values, first, inverse = np.unique(key[used], return_index=True, return_inverse=True)
        node = np.arange(n_nodes, n_nodes + len(values), dtype=np.int32)
        n_nodes += len(values)
        gadgets.append(_Edges(tail=node, head=target[used][first], capacity=limit[used][first]))
        target[used] = node[inverse]

    meets = np.zeros((n, n_persons), dtype=bool)
    meets[mentee, person] = True
    n_units = np.minimum(component.free_capacity, meets.sum(axis=0))
    unit_person = np.repeat(np.arange(n_persons), n_units)
    unit = np.arange(len(unit_person)) - np.repeat(np.cumsum(n_units) - n_units, n_units) + 1
    load = component.active_load[unit_person] + unit

    blocks = [
        _Edges(tail=np.full(n, source), head=rows, capacity=np.ones(n, dtype=np.int64)),
        _Edges(tail=np.full(n, source), head=rows, capacity=np.full(n, k - 1, dtype=np.int64)),
        _Edges(tail=np.repeat(rows, k), head=seat_node, capacity=np.ones(n * k, dtype=np.int64)),
        _Edges(tail=seat_node[mentee * k + seat], head=target, capacity=np.ones(n_arcs, dtype=np.int64)),
        _Edges(
            tail=person_node + unit_person,
            head=np.full(len(unit), sink),
            capacity=np.ones(len(unit), dtype=np.int64),
        ),
        _Edges(tail=np.array([source]), head=np.array([sink]), capacity=np.array([n * k], dtype=np.int64)),
        *gadgets,
    ]
    sizes = [len(block.tail) for block in blocks]
    starts = np.concatenate(([0], np.cumsum(sizes)))
    arcs = slice(int(starts[3]), int(starts[4]))
    units = slice(int(starts[4]), int(starts[5]))

    supply = np.zeros(n_nodes, dtype=np.int64)
    supply[source], supply[sink] = n * k, -n * k
    network = Network(
        tail=np.concatenate([block.tail for block in blocks]).astype(np.int32),
        head=np.concatenate([block.head for block in blocks]).astype(np.int32),
        capacity=np.concatenate([block.capacity for block in blocks]),
        supply=supply,
        name=f"component {component.counties[0]}",
    )
    del blocks, gadgets, target  # the largest arrays, copied into the network

    core = None
    if n_arcs > DENSE_ARCS:
        core = np.ones(int(starts[-1]), dtype=bool)
        core[arcs] = _core(component, mentee * k + seat, person)

    priority = component.priority // max(1, int(np.gcd.reduce(component.priority)) if n else 1)
    nothing = np.zeros(0, dtype=np.int64)
    no_arcs = slice(0, 0)
    has_fallbacks = component.arc_tier.any() or component.arc_released.any()
    has_priorities = len(np.unique(priority)) > 1
    has_loads = len(np.unique(load)) > 1
    levels: list[Level] = [
        (arcs, -component.arc_pinned.astype(np.int64)) if component.n_pins else (no_arcs, nothing),
        (slice(int(starts[5]), int(starts[6])), np.ones(1, dtype=np.int64)),
        (slice(0, n), np.full(n, -1 if k > 1 else 0, dtype=np.int64)),
        (arcs, -priority[mentee]) if has_priorities else (no_arcs, nothing),
        (units, (load > problem.load_target).astype(np.int64)),
        (arcs, component.arc_tier.astype(np.int64) + component.arc_released) if has_fallbacks else (no_arcs, nothing),
        (arcs, np.where(component.arc_published, -1, 1).astype(np.int64))
        if problem.counts_changes
        else (no_arcs, nothing),
        (arcs, -component.arc_score),
        (units, 2 * load - 1) if has_loads else (no_arcs, nothing),
        (arcs, tie_costs(component, seed)),
    ]
    flow = lexicographic_flow(network, levels, n * k, core)
    chosen = np.full(n * k, -1, dtype=np.int64)
    used_arcs = np.flatnonzero(flow[arcs])
    chosen[mentee[used_arcs] * k + seat[used_arcs]] = used_arcs
    return chosen.reshape(n, k)


def _gadget_keys(
    component: Component,
    problem: ProblemData,
    guarded: npt.NDArray[np.bool_],
    mentee: I4,
    seat: I4,
    person: I4,
) -> list[tuple[I8, I8]] | None:
    """Return, per layer of extra nodes, the node key of every arc (-1: none) and the capacity behind it.

    ``None`` where the layers would cross.
    """
    layers: list[tuple[I8, I8]] = []
    n_persons = max(1, len(component.persons))
    if all(cap is None for cap in problem.slot_caps) and not guarded.any():
        return layers
    free = component.free_capacity[person]
    caps = np.array([np.iinfo(np.int64).max if cap is None else cap for cap in problem.slot_caps], dtype=np.int64)
    capped = caps[seat] < free
    if capped.any():
        layers.append((np.where(capped, person.astype(np.int64) * component.n_seats + seat, -1), caps[seat]))
    if guarded.any():
        watched = guarded[mentee] & (free > 1)
        pair = mentee.astype(np.int64) * n_persons + person
        watched[watched] = _has_other_seat(pair[watched], seat[watched])
        if (watched & capped).any():
            return None
        layers.append((np.where(watched, pair, -1), np.ones(len(mentee), dtype=np.int64)))
    return layers


def _has_other_seat(pair: I8, seat: I4) -> npt.NDArray[np.bool_]:
    """Whether the pair of every arc also meets in another seat; records of one person share a seat."""
    _, inverse = np.unique(pair, return_inverse=True)
    first = np.full(int(inverse.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, inverse, seat)
    has_two = np.zeros(len(first), dtype=bool)
    has_two[inverse[seat > first[inverse]]] = True
    return has_two[inverse]


def _core(component: Component, seat_of_mentee: I4, person: I4) -> npt.NDArray[np.bool_]:
    """Return the arcs to start on: pins, published links, and the best by fallback and score of all seats and persons.

    The choice decides how soon the optimum is proved, never which plan is optimal.
    """
    loss = component.arc_tier.astype(np.int64)
    loss += component.arc_released
    loss <<= 32
    loss -= component.arc_score
    is_core = component.arc_pinned | component.arc_published
    for key, n_best in ((seat_of_mentee, CORE_PER_SEAT), (person, CORE_PER_PERSON)):
        order = None if key is seat_of_mentee else np.argsort(key, kind="stable")  # arcs come sorted by seat
        ends = np.cumsum(np.bincount(key)).tolist()
        for start, stop in zip([0, *ends[:-1]], ends, strict=True):
            own = np.arange(start, stop) if order is None else order[start:stop]
            is_core[own if len(own) <= n_best else own[np.argsort(loss[own], kind="stable")[:n_best]]] = True
    return is_core
