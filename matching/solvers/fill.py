"""How many seats can be filled, and the least tight set that proves it: a maximum flow and its minimum cut.

Source → head → group of a team rule → (mentee, person) → mentor person → sink. A head is a seat for separable policies
and the whole mentee, with as many units as seats, for policies on teams. A person with a binding slot cap is reached
through a (person, slot) node; pins are lower bounds. What the source still reaches in the residual network is the
smallest minimum cut: it depends on the problem alone, not on the flow that was found.

Where a slot cap binds a person who could take two seats of one team, the network lets that person do so: its cut then
proves less than is short. The flow solver refuses such problems (see ``solvers.flow``).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.graph.python import max_flow, min_cost_flow
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from matching.errors import SolverFailedError
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """The greatest number of filled seats, with the residual network that proves it.

    Attributes
    ----------
    n_filled
        Seats.
    tight
        The smallest tight set that holds every seat which some best plan leaves empty.
    is_scarce
        ``bool`` (persons,): one more free place of the person fills one more seat.
    """

    n_filled: int
    tight: Tight
    is_scarce: B1
    residual: csr_array
    is_reached: B1
    is_unfilled: B1


def fill_case(component: Component, problem: ProblemData, blocked: npt.NDArray[np.uint32] | None = None) -> FillCase:
    """Return the arrays of one component; ``blocked`` replaces its masks."""
    masks = component.blocked if blocked is None else blocked
    is_open: B1 = masks == 0
    pinned = np.zeros(masks.shape, dtype=bool)
    pinned[component.arc_mentee, component.arc_seat, component.arc_mentor] = component.arc_pinned
    groups: tuple[Group, ...] = ()
    arrays = component.teams
    if arrays is not None:
        is_open, pinned = is_open[:, :1], pinned.any(axis=1, keepdims=True)
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


def admitted(case: FillCase) -> B1:
    """Return (mentees, heads, mentors): who may take a seat; a pinned pair has its pinned seats and record only."""
    if not case.is_pinned.any():
        return case.is_open
    pair = by_person(case, case.is_pinned.any(axis=1))[:, case.person_of_mentor]
    return np.asarray(case.is_open & (case.is_pinned | ~pair[:, None, :]), dtype=bool)


def solve_fill(case: FillCase) -> Fill:
    """Fill as many seats as possible with all pins kept.

    Raises
    ------
    SolverFailedError
        When the solver fails, or leaves out a pin (clashing pins are to be refused before).
    """
    net = _network(case)
    flow = _flow(case, net)
    lower = _lower(case, net, flow)
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
    is_unfilled = np.zeros(net.n_nodes, dtype=bool)
    is_unfilled[: n * h] = flow[: n * h] < net.capacity[: n * h]
    return Fill(
        n_filled=int(flow[: n * h].sum()),
        tight=_tight(case, is_reached),
        is_scarce=is_reached[net.persons],
        residual=residual,
        is_reached=is_reached,
        is_unfilled=is_unfilled,
    )


def core_of(case: FillCase, fill: Fill, within: B1) -> Tight:
    """Return a least tight set around one seat that this flow leaves empty, out of the heads ``within``.

    Every seat that the set holds is needed: without it the others could be filled. Other empty seats that can be filled
    from the same mentors only join.
    """
    n, h = case.is_open.shape[:2]
    source = fill.residual.shape[0] - 2
    nodes = np.flatnonzero(fill.is_reached & (np.arange(len(fill.is_reached)) < source))
    part = fill.residual[nodes][:, nodes].tocoo()
    n_blocks, block = connected_components(part, directed=True, connection="strong")
    weight = np.bincount(block, weights=nodes < n * h, minlength=n_blocks).astype(np.int64)
    links = np.unique(np.stack((block[part.coords[0]], block[part.coords[1]])), axis=1)
    links = links[:, links[0] != links[1]]
    first = np.searchsorted(links[0], np.arange(n_blocks + 1))
    empty = nodes[fill.is_unfilled[nodes]]
    empty = empty[within.ravel()[empty]]
    starts = block[np.searchsorted(nodes, empty)]
    best: set[int] | None = None
    least = int(weight.sum()) + 1
    for start in starts.tolist():
        seen, todo, size = {start}, [start], int(weight[start])
        while todo and size < least:
            for other in links[1, first[todo[-1]] : first[todo.pop() + 1]].tolist():
                if other not in seen:
                    seen.add(other)
                    todo.append(other)
                    size += int(weight[other])
        if size < least:
            best, least = seen, size
    assert best is not None, "the heads hold no empty seat"
    for start in starts.tolist():
        if set(links[1, first[start] : first[start + 1]].tolist()) <= best:
            best.add(start)
    held = np.zeros(len(fill.is_reached), dtype=bool)
    held[nodes[np.isin(block, list(best))]] = True
    return _tight(case, held)


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


def _network(case: FillCase) -> _Network:
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
    # Records of one person that mean the same are one arc.
    values, inverse = np.unique(tail * max(1, n_persons) + person, return_inverse=True)
    is_pinned = np.zeros(len(values), dtype=bool)
    is_pinned[inverse[case.is_pinned[row, place, mentor]]] = True
    kept = np.zeros(len(values), dtype=np.int64)
    kept[inverse] = np.arange(len(row))
    row, place, person, tail = row[kept], place[kept], person[kept], tail[kept]
    pair = row * max(1, n_persons) + person
    most = np.iinfo(np.int64).max
    caps = np.array([most if cap is None else cap for cap in case.slot_caps], dtype=np.int64)
    is_capped = caps[place] < case.free[person]
    counts = np.unique(pair[~is_capped], return_inverse=True, return_counts=True)
    is_guarded = np.zeros(len(pair), dtype=bool)
    is_guarded[~is_capped] = counts[2][counts[1]] > 1
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


def _lower(case: FillCase, net: _Network, flow: I8) -> I8:
    """Return the least flow of every edge: 1 where a pin has to pass."""
    lower = np.zeros(len(flow), dtype=np.int64)
    if not net.is_pinned.any():
        return lower
    is_used = net.is_pinned & (flow[net.arcs] > 0)
    missing = np.setdiff1d(net.pair[net.is_pinned], net.pair[is_used])
    if len(missing):
        raise SolverFailedError(f"{case.name}: {len(missing)} pins cannot be kept; report this as a defect")
    lower[net.guards] = np.isin(net.guard_pair, net.pair[net.is_pinned])
    lower[net.arcs] = is_used & ~np.isin(net.pair, net.guard_pair)
    return lower
