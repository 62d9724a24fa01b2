"""How many seats can be filled, and the least tight set that proves it: a maximum flow and its minimum cut.

Source → head → group of a team rule → (mentee, person) → mentor person → sink. A head is a seat for separable policies
and the whole mentee, with as many units as seats, for policies on teams. A person with a binding slot cap is reached
through a (person, slot) node; pins are lower bounds. What the source still reaches in the residual network is the
smallest minimum cut: it depends on the problem alone, not on the flow that was found.

Where a slot cap binds a person who could take two seats of one team, the network lets that person do so, and where
pins need it, lets them pass the cap: its cut then proves less than is short. The flow solver refuses such problems
unless it happens to need no such seat (see ``solvers.flow``).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.graph.python import max_flow, min_cost_flow
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order

from matching.errors import SolverFailedError
from matching.solvers.fill_case import FillCase, Tight, admitted

I8 = npt.NDArray[np.int64]
B1 = npt.NDArray[np.bool_]
_NO_CAP = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """The greatest number of filled seats, with the residual network that proves it.

    Attributes
    ----------
    n_filled
        Seats.
    is_exact
        The flow is a plan; if not, it is a relaxation, and no plan fills more.
    tight
        The smallest tight set that holds every seat which some best plan leaves empty.
    is_scarce
        ``bool`` (persons,): one more free place of the person fills one more seat.
    """

    n_filled: int
    is_exact: bool
    tight: Tight
    is_scarce: B1


def solve_fill(case: FillCase) -> Fill:
    """Fill as many seats as possible with all pins kept.

    Raises
    ------
    SolverFailedError
        When the solver fails, or leaves out a pin (clashing pins are to be refused before).
    """
    net, flow, is_exact = _filled(case)
    lower = _lower(net, flow)
    n, h = case.is_open.shape[:2]
    ahead, back = flow < net.capacity, flow > lower
    tail = np.concatenate((net.tail[ahead], net.head[back]))
    head = np.concatenate((net.head[ahead], net.tail[back]))
    ones = np.ones(len(tail), dtype=np.int8)
    residual = csr_array((ones, (tail, head)), shape=(net.n_nodes, net.n_nodes))
    is_reached = np.zeros(net.n_nodes, dtype=bool)
    is_reached[breadth_first_order(residual, net.source, return_predecessors=False)] = True
    if is_reached[net.sink]:
        raise SolverFailedError(f"{case.name}: the fill flow is not the greatest; report this as a defect")
    return Fill(
        n_filled=int(flow[: n * h].sum()),
        is_exact=is_exact,
        tight=_tight(case, is_reached),
        is_scarce=is_reached[net.persons],
    )


def most_filled(case: FillCase) -> tuple[int, bool]:
    """Return how many seats can be filled, and whether that is exact; see ``solve_fill``."""
    n, h = case.is_open.shape[:2]
    _, flow, is_exact = _filled(case)
    return int(flow[: n * h].sum()), is_exact


def _tight(case: FillCase, is_held: B1) -> Tight:
    n, h = case.is_open.shape[:2]
    is_claimed = is_held[: n * h].reshape(n, h)
    is_without = np.zeros((len(case.groups), n), dtype=bool)
    for number, group in enumerate(case.groups):
        own = n * h + number * n + np.arange(n)
        is_without[number] = is_claimed[:, 0] & (group.most < case.units) & ~is_held[own]
    return Tight(is_claimed=is_claimed, is_without=is_without)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Network:
    """Edges: first the source's, one per head; ``pair`` and ``is_pinned`` speak of the edges in ``arcs`` and guards."""

    tail: I8
    head: I8
    capacity: I8
    n_nodes: int
    source: int
    sink: int
    persons: slice
    arcs: slice
    is_pinned: B1
    pair: I8
    guards: slice
    guard_pair: I8


def _network(case: FillCase, *, skips_caps: bool) -> _Network:
    """Build the network; ``skips_caps`` lets pinned mentors pass the caps of slots."""
    n, h, _ = case.is_open.shape
    n_persons = len(case.free)
    row, place, mentor = np.nonzero(admitted(case))
    person = case.person_of_mentor[mentor]
    tail = row * h + place
    blocks: list[tuple[I8, I8, I8]] = []
    n_nodes = n * h
    for group in case.groups:
        limited = np.flatnonzero(group.most < case.units)
        blocks.append((limited * h, n_nodes + limited, group.most[limited]))
        inside = group.is_member[row, mentor] & (group.most[row] < case.units)
        tail = np.where(inside, n_nodes + row, tail)
        n_nodes += n
    is_pinned = case.is_pinned[row, place, mentor]
    if n_persons < len(case.person_of_mentor):  # records of one person that mean the same are one arc
        values, inverse = np.unique(tail * n_persons + person, return_inverse=True)
        pinned, kept = np.zeros(len(values), dtype=bool), np.zeros(len(values), dtype=np.int64)
        pinned[inverse[is_pinned]] = True
        kept[inverse] = np.arange(len(row))
        row, place, person, tail, is_pinned = row[kept], place[kept], person[kept], tail[kept], pinned
    pair = row * max(1, n_persons) + person
    caps = np.array([_NO_CAP if cap is None else cap for cap in case.slot_caps], dtype=np.int64)
    is_capped = caps[place] < case.free[person]
    if skips_caps:
        is_capped &= ~is_pinned
    meets = np.bincount(pair[~is_capped], minlength=n * n_persons)
    is_guarded = ~is_capped & (meets[pair] > 1)
    head = np.full(len(pair), -1, dtype=np.int64)
    guard_pair, guard = np.unique(pair[is_guarded], return_inverse=True)
    head[is_guarded] = n_nodes + guard
    guard_node = n_nodes + np.arange(len(guard_pair))
    n_nodes += len(guard_pair)
    cap_key, cap_number = np.unique((person * h + place)[is_capped], return_inverse=True)
    head[is_capped] = n_nodes + cap_number
    cap_node = n_nodes + np.arange(len(cap_key))
    n_nodes += len(cap_key)
    persons = slice(n_nodes, n_nodes + n_persons)
    head = np.where(head < 0, persons.start + person, head)
    source, sink = persons.stop, persons.stop + 1
    heads = np.arange(n * h)
    everybody = np.arange(n_persons)
    lead: list[tuple[I8, I8, I8]] = [
        (np.full(n * h, source), heads, np.full(n * h, case.units, dtype=np.int64)),
        (tail, head, np.ones(len(tail), dtype=np.int64)),
        (guard_node, persons.start + guard_pair % max(1, n_persons), np.ones(len(guard_pair), dtype=np.int64)),
        (cap_node, persons.start + cap_key // h, caps[cap_key % h]),
        (persons.start + everybody, np.full(n_persons, sink), case.free),
    ]
    edges = [np.concatenate([block[part] for block in (*lead, *blocks)]) for part in range(3)]
    guards = n * h + len(tail)
    return _Network(
        tail=edges[0],
        head=edges[1],
        capacity=edges[2],
        n_nodes=sink + 1,
        source=source,
        sink=sink,
        persons=persons,
        arcs=slice(n * h, guards),
        is_pinned=is_pinned,
        pair=pair,
        guards=slice(guards, guards + len(guard_pair)),
        guard_pair=guard_pair,
    )


def _filled(case: FillCase) -> tuple[_Network, I8, bool]:
    """Return the network, a greatest flow that keeps all pins, and whether the flow is a plan."""
    net = _network(case, skips_caps=False)
    flow = _flow(case, net)
    if all(cap is None for cap in case.slot_caps):
        if _loses_pins(net, flow):
            raise SolverFailedError(f"{case.name}: a pin cannot be kept; report this as a defect")
        return net, flow, True
    if _loses_pins(net, flow):  # somebody took two seats of one team in place of a pin
        net = _network(case, skips_caps=True)
        flow = _flow(case, net)
        if _loses_pins(net, flow):
            raise SolverFailedError(f"{case.name}: a pin cannot be kept; report this as a defect")
        return net, flow, False
    used = np.sort(net.pair[flow[net.arcs] > 0])
    return net, flow, not (used[1:] == used[:-1]).any()


def _loses_pins(net: _Network, flow: I8) -> bool:
    if not net.is_pinned.any():
        return False
    is_used = net.is_pinned & (flow[net.arcs] > 0)
    return not np.isin(net.pair[net.is_pinned], net.pair[is_used]).all()


def _flow(case: FillCase, net: _Network) -> I8:
    """Return a greatest flow per edge; with pins one that keeps them all."""
    tail, head = net.tail.astype(np.int32), net.head.astype(np.int32)
    if not net.is_pinned.any():
        solver = max_flow.SimpleMaxFlow()
        edges = solver.add_arcs_with_capacity(tail, head, net.capacity)
        status = solver.solve(net.source, net.sink)
        if status != solver.OPTIMAL:
            raise SolverFailedError(f"{case.name}: the fill flow ended with {status}; report this as a defect")
        return np.asarray(solver.flows(edges), dtype=np.int64)
    # One pin outweighs all empty seats.
    cost = np.zeros(len(tail) + 1, dtype=np.int64)
    cost[net.arcs][net.is_pinned] = -(case.n_seats + 1)
    cost[-1] = 1
    cheapest = min_cost_flow.SimpleMinCostFlow()
    edges = cheapest.add_arcs_with_capacity_and_unit_cost(
        np.append(tail, np.int32(net.source)),
        np.append(head, np.int32(net.sink)),
        np.append(net.capacity, case.n_seats),
        cost,
    )
    ends = np.array([net.source, net.sink], dtype=np.int32)
    cheapest.set_nodes_supplies(ends, np.array([case.n_seats, -case.n_seats]))
    ended = cheapest.solve()
    if ended != cheapest.OPTIMAL:
        raise SolverFailedError(f"{case.name}: the fill flow ended with {ended}; report this as a defect")
    return np.asarray(cheapest.flows(edges), dtype=np.int64)[:-1]


def _lower(net: _Network, flow: I8) -> I8:
    """Return the least flow of every edge: 1 where a pin has to pass."""
    lower = np.zeros(len(flow), dtype=np.int64)
    if net.is_pinned.any():
        lower[net.guards] = np.isin(net.guard_pair, net.pair[net.is_pinned])
        is_used = net.is_pinned & (flow[net.arcs] > 0)
        lower[net.arcs] = is_used & ~np.isin(net.pair, net.guard_pair)
    return lower
