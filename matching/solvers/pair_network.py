"""The flow network of separable policies: its nodes and edges, its levels, and the flow that a plan stands for.

Source → mentee (first unit, further units) → seat → mentor person → sink, and a bypass for empty seats. A person
with a slot cap is reached through a (person, slot) node, a guarded one through a (mentee, person) node of capacity 1.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.errors import InvalidPolicyError
from matching.problem import Component, ProblemData
from matching.solvers.network import I4, I8, Level, Network

B1 = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairNetwork:
    """The network of one component, with the numbers of its edges block by block.

    Attributes
    ----------
    arcs, units
        The edges of the component's arcs, and of the persons' units of capacity.
    seats
        The edges mentee → seat, by mentee and seat.
    bypass
        The edge of the empty seats.
    gadget
        ``int64`` (arcs,): the edge that an arc passes between its gadget and the person, -1 for none.
    unit_person, unit
        ``int64`` (units,): the person, and the number of the unit counted from 1.
    integer_levels
        Costs of the levels before the score, most important first.
    load_levels
        Costs of the levels after the score.
    """

    network: Network
    arcs: slice
    units: slice
    seats: slice
    bypass: int
    gadget: I8
    unit_person: I8
    unit: I8
    integer_levels: list[Level]
    load_levels: list[Level]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edges:
    """A block of edges under construction."""

    tail: I4 | I8
    head: I4 | I8
    capacity: I8


def pair_network(component: Component, problem: ProblemData, guarded: B1, *, guards_capped: bool = True) -> PairNetwork:
    """Return the network of one component.

    Parameters
    ----------
    guarded
        ``bool`` (mentees,): mentees whose team must not use a person twice.
    guards_capped
        Whether to refuse a guard on a person with a slot cap; otherwise such persons stay without a guard.

    Raises
    ------
    InvalidPolicyError
        When a slot cap binds a person who needs a guard.
    """
    n, k, n_arcs = len(component.mentees), component.n_seats, len(component.arc_mentor)
    n_persons = len(component.persons)
    mentee, seat = component.arc_mentee, component.arc_seat
    person = component.person_of_mentor.astype(np.int32)[component.arc_mentor]
    rows = np.arange(n)
    seat_node = np.arange(n, n + n * k, dtype=np.int32)
    person_node = n + n * k
    source, sink = person_node + n_persons, person_node + n_persons + 1
    n_nodes = sink + 1

    meets = np.zeros((n, n_persons), dtype=bool)
    meets[mentee, person] = True
    n_units = np.minimum(component.free_capacity, meets.sum(axis=0))
    unit_person = np.repeat(np.arange(n_persons), n_units)
    unit = np.arange(len(unit_person)) - np.repeat(np.cumsum(n_units) - n_units, n_units) + 1

    # Where an arc leads: to the person, or first through a gadget.
    target = person_node + person
    gadgets: list[_Edges] = []
    passes = np.full(n_arcs, -1, dtype=np.int64)
    n_before = 2 * n + n * k + n_arcs + len(unit) + 1
    for key, limit in _gadget_keys(component, problem, guarded, mentee, seat, person, guards_capped=guards_capped):
        used = key >= 0
        values, first, inverse = np.unique(key[used], return_index=True, return_inverse=True)
        node = np.arange(n_nodes, n_nodes + len(values), dtype=np.int32)
        n_nodes += len(values)
        gadgets.append(_Edges(tail=node, head=target[used][first], capacity=limit[used][first]))
        target[used] = node[inverse]
        passes[used] = n_before + inverse
        n_before += len(values)

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
    starts = np.concatenate(([0], np.cumsum([len(block.tail) for block in blocks]))).tolist()
    arcs, units = slice(starts[3], starts[4]), slice(starts[4], starts[5])
    supply = np.zeros(n_nodes, dtype=np.int64)
    supply[source], supply[sink] = n * k, -n * k
    network = Network(
        tail=np.concatenate([block.tail for block in blocks]).astype(np.int32),
        head=np.concatenate([block.head for block in blocks]).astype(np.int32),
        capacity=np.concatenate([block.capacity for block in blocks]),
        supply=supply,
        name=f"component {component.counties[0]}",
    )
    load = component.active_load[unit_person] + unit
    return PairNetwork(
        network=network,
        arcs=arcs,
        units=units,
        seats=slice(starts[2], starts[3]),
        bypass=starts[5],
        gadget=passes,
        unit_person=unit_person,
        unit=unit,
        integer_levels=_integer_levels(component, problem, arcs, units, starts[5], load),
        load_levels=[(units, 2 * load - 1)] if len(np.unique(load)) > 1 else [],
    )


def flow_of(net: PairNetwork, component: Component, chosen: I8) -> I8:
    """Return the flow that a plan stands for, ``int64`` (edges,).

    Parameters
    ----------
    chosen
        ``int64`` (mentees, seats): arc per seat, -1 for an empty seat.
    """
    n = len(component.mentees)
    filled = chosen >= 0
    used = chosen[filled]
    flow = np.zeros(len(net.network.tail), dtype=np.int64)
    flow[:n] = filled.any(axis=1)
    flow[n : 2 * n] = np.maximum(0, filled.sum(axis=1) - 1)
    flow[net.seats] = filled.ravel()
    flow[net.arcs.start + used] = 1
    load = np.bincount(
        component.person_of_mentor[component.arc_mentor[used]] if len(used) else used, minlength=len(component.persons)
    )
    flow[net.units] = net.unit <= load[net.unit_person]
    flow[net.bypass] = filled.size - len(used)
    np.add.at(flow, net.gadget[used][net.gadget[used] >= 0], 1)
    return flow


def _integer_levels(
    component: Component, problem: ProblemData, arcs: slice, units: slice, bypass: int, load: I8
) -> list[Level]:
    n, k, mentee = len(component.mentees), component.n_seats, component.arc_mentee
    priority = component.priority // max(1, int(np.gcd.reduce(component.priority)) if n else 1)
    nothing = np.zeros(0, dtype=np.int64)
    no_arcs = slice(0, 0)
    has_fallbacks = component.arc_tier.any() or component.arc_released.any()
    has_priorities = len(np.unique(priority)) > 1
    return [
        (arcs, -component.arc_pinned.astype(np.int64)) if component.n_pins else (no_arcs, nothing),
        (slice(bypass, bypass + 1), np.ones(1, dtype=np.int64)),
        (slice(0, n), np.full(n, -1 if k > 1 else 0, dtype=np.int64)),
        (arcs, -priority[mentee]) if has_priorities else (no_arcs, nothing),
        (units, (load > problem.load_target).astype(np.int64)),
        (arcs, component.arc_tier.astype(np.int64) + component.arc_released) if has_fallbacks else (no_arcs, nothing),
        (arcs, np.where(component.arc_published, -1, 1).astype(np.int64))
        if problem.counts_changes
        else (no_arcs, nothing),
    ]


def _gadget_keys(
    component: Component,
    problem: ProblemData,
    guarded: B1,
    mentee: I4,
    seat: I4,
    person: I4,
    *,
    guards_capped: bool,
) -> list[tuple[I8, I8]]:
    """Return, per layer of extra nodes, the node key of every arc (-1: none) and the capacity behind it."""
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
        if guards_capped and (watched & capped).any():
            bound = int(seat[np.flatnonzero(watched & capped)[0]])
            raise InvalidPolicyError(
                f"slots.{bound}.cap",
                "this cap binds a mentor who could take two seats of one team, which this form cannot solve exactly; "
                "require categories that keep the slots apart, or remove the cap",
            )
        layers.append((np.where(watched & ~capped, pair, -1), np.ones(len(mentee), dtype=np.int64)))
    return layers


def _has_other_seat(pair: I8, seat: I4) -> B1:
    """Whether the pair of every arc also meets in another seat; records of one person share a seat."""
    _, inverse = np.unique(pair, return_inverse=True)
    first = np.full(int(inverse.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, inverse, seat)
    has_two = np.zeros(len(first), dtype=bool)
    has_two[inverse[seat > first[inverse]]] = True
    return has_two[inverse]
