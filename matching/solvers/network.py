"""Lexicographic minimum-cost flow, exact in integers and certified by potentials.

Levels are solved in groups. Within a group the costs are joined with weights large enough that a later level can
never outweigh an earlier one; a group ends where the next weight would leave the range in which the solver's
arithmetic is safe. After a group, shortest paths in the residual graph give potentials; they prove the optimum (a
negative cycle would disprove it), and complementary slackness then describes *all* optimal flows: an edge of positive
reduced cost is empty in every one of them, an edge of negative reduced cost is full. The next group chooses among
exactly these.

A large network starts on a core of its edges. The potentials price every edge left out: those that could improve the
flow join, and the group is solved again until none could. The answer is thus proved over all edges, while the solver
sees few of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.graph.python import min_cost_flow

from matching.errors import SolverFailedError

I4 = npt.NDArray[np.int32]
I8 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_SAFE = 2**61
_JOINING = 16
"""Edges per node that join the core in the first round of pricing; twice as many in every further round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A flow network: edges with capacities, and the supply of every node (their sum is 0).

    Attributes
    ----------
    tail, head
        ``int32`` (edges,).
    capacity
        ``int64`` (edges,).
    supply
        ``int64`` (nodes,).
    name
        Said in error messages.
    """

    tail: I4
    head: I4
    capacity: I8
    supply: I8
    name: str

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.supply)


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """An optimal flow, and with it all optimal flows.

    Attributes
    ----------
    flow
        ``int64`` (edges,).
    is_free
        ``bool`` (edges,): every other edge carries exactly ``flow`` in every optimal flow; a flow within the
        capacities that agrees with ``flow`` on those edges is optimal.
    potential
        ``int64`` (nodes,): the proof of the last group of levels, in units of its cost.
    """

    flow: I8
    is_free: Mask
    potential: I8


Level = tuple[slice, I8]
"""Cost of one level: values on a run of edges, 0 elsewhere."""


def lexicographic_flow(network: Network, levels: Sequence[Level], units: int, core: Mask | None = None) -> I8:
    """Return a flow that minimises ``levels[0]``, then ``levels[1]``, and so on; see ``lexicographic_face``."""
    return lexicographic_face(network, levels, units, core).flow


def lexicographic_face(network: Network, levels: Sequence[Level], units: int, core: Mask | None = None) -> Face:
    """Return a flow that minimises ``levels[0]``, then ``levels[1]`` among its optima, and so on.

    Parameters
    ----------
    levels
        Costs per level, most important first; any unit of flow passes at most one edge that a level puts a cost on.
    units
        Units of flow: bounds how far the value of a level can vary.
    core
        ``bool`` (edges,): the edges to start on; they must carry some flow. ``None`` starts on all.

    Raises
    ------
    SolverFailedError
        When a cost alone is beyond the safe range, or the solver's answer is not provably optimal.
    """
    flow = np.zeros(len(network.tail), dtype=np.int64)
    supply = network.supply.copy()
    free = np.arange(len(network.tail))
    is_used = np.ones(len(network.tail), dtype=bool) if core is None else core.copy()
    goals = np.flatnonzero(network.supply < 0)
    limit = _SAFE // (network.n_nodes + 1) ** 2
    groups = _groups(levels, units, limit, network.name)
    potential = np.zeros(network.n_nodes, dtype=np.int64)
    for number, group in enumerate(groups):
        cost = _joint_cost(group, len(network.tail))
        joining = _JOINING
        while True:
            used = free[is_used[free]]
            part = Network(
                tail=network.tail[used],
                head=network.head[used],
                capacity=network.capacity[used],
                supply=supply,
                name=network.name,
            )
            flow[used] = _min_cost_flow(part, cost[used])
            potential = _potentials(part, cost[used], flow[used], goals)
            reduced = cost[free]
            reduced += potential[network.tail[free]]
            reduced -= potential[network.head[free]]
            improving = (reduced < 0) & ~is_used[free]
            if not improving.any():
                break
            is_used[_best_per_tail(free[improving], network.tail, reduced[improving], joining)] = True
            joining *= 2
        if number + 1 == len(groups):
            free = free[reduced == 0]
            break
        full = free[reduced < 0]
        np.subtract.at(supply, network.tail[full], flow[full])
        np.add.at(supply, network.head[full], flow[full])
        free = free[reduced == 0]
    is_free = np.zeros(len(flow), dtype=bool)
    is_free[free] = True
    return Face(flow=flow, is_free=is_free, potential=potential)


def _best_per_tail(edges: I8, tail: I4, reduced: I8, n_best: int) -> I8:
    """Return the edges of least reduced cost out of every node, ``n_best`` each; ties go to the lower index."""
    order = np.lexsort((edges, reduced, tail[edges]))
    ranked = edges[order]
    is_first = np.concatenate(([True], tail[ranked[1:]] != tail[ranked[:-1]]))
    starts = np.flatnonzero(is_first)
    rank = np.arange(len(ranked)) - np.repeat(starts, np.diff(np.append(starts, len(ranked))))
    best: I8 = ranked[rank < n_best]
    return best


def _groups(levels: Sequence[Level], units: int, limit: int, name: str) -> list[list[tuple[int, Level]]]:
    """Join neighbouring levels, with weights, into costs within ``limit``; levels without any cost vanish."""
    groups: list[list[tuple[int, Level]]] = []
    size = 0
    for where, cost in levels:
        if not cost.any():
            continue
        low, high = min(0, int(cost.min())), max(0, int(cost.max()))
        peak = max(high, -low)
        if peak > limit:
            raise SolverFailedError(f"{name}: a cost of {peak} exceeds the safe limit of {limit}; split the component")
        weight = units * (high - low) + 1
        if groups and size * weight + peak <= limit:
            groups[-1] = [(before * weight, level) for before, level in groups[-1]]
            groups[-1].append((1, (where, cost)))
            size = size * weight + peak
        else:
            groups.append([(1, (where, cost))])
            size = peak
    return groups or [[]]


def _joint_cost(group: Sequence[tuple[int, Level]], n_edges: int) -> I8:
    total = np.zeros(n_edges, dtype=np.int64)
    for weight, (where, cost) in group:
        total[where] += weight * cost
    return total


def _min_cost_flow(part: Network, cost: I8) -> I8:
    if int(part.supply.sum()) != 0:  # the solver ends the process on unbalanced supplies
        raise SolverFailedError(f"{part.name}: supplies do not sum to 0; report this as a defect")
    if not len(part.tail):
        return np.zeros(0, dtype=np.int64)
    solver = min_cost_flow.SimpleMinCostFlow()
    edges = solver.add_arcs_with_capacity_and_unit_cost(part.tail, part.head, part.capacity, cost)
    nodes = np.flatnonzero(part.supply).astype(np.int32)
    solver.set_nodes_supplies(nodes, part.supply[nodes])
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise SolverFailedError(f"{part.name}: the flow solver ended with {status}; report this as a defect")
    return np.asarray(solver.flows(edges), dtype=np.int64)


def _potentials(part: Network, cost: I8, flow: I8, goals: I8) -> I8:
    """Return minus the shortest residual distances to the goals; they prove the flow optimal.

    Every node also has an imagined way out, longer than any path, so that each gets a finite distance. Bellman-Ford by
    frontier: only edges into nodes that moved in the last round are looked at.
    """
    ahead, back = np.flatnonzero(flow < part.capacity), np.flatnonzero(flow > 0)
    head = np.concatenate((part.head[ahead], part.tail[back]))
    # Short integers are sorted in linear time.
    order = np.argsort(head.astype(np.uint16) if part.n_nodes <= 2**16 else head, kind="stable")
    tail = np.concatenate((part.tail[ahead], part.head[back]))[order]
    length = np.concatenate((cost[ahead], -cost[back]))[order]
    first = np.searchsorted(head[order], np.arange(part.n_nodes + 1))
    degree = np.diff(first)
    way_out = part.n_nodes * int(np.abs(cost).max(initial=0)) + 1
    distance = np.full(part.n_nodes, way_out, dtype=np.int64)
    distance[goals] = 0
    frontier = np.flatnonzero(degree)
    for _ in range(part.n_nodes + 1):
        n_in = degree[frontier]
        ends = np.cumsum(n_in)
        if not len(ends) or not ends[-1]:
            return -distance
        edge = np.arange(ends[-1]) + np.repeat(first[frontier] - (ends - n_in), n_in)
        reached = np.repeat(distance[frontier], n_in) + length[edge]
        origin = tail[edge]
        better = reached < distance[origin]
        before = distance.copy()
        np.minimum.at(distance, origin[better], reached[better])
        frontier = np.flatnonzero(distance < before)
    raise SolverFailedError(
        f"{part.name}: the flow is not optimal, a residual cycle improves it; report this as a defect"
    )


def lexicographic_proof(network: Network, levels: Sequence[Level], units: int, flow: I8) -> list[I8]:
    """Return the reduced costs that prove a flow optimal on every level, ``int64`` (edges,) per group of levels.

    Along any residual edge the reduced costs of the groups, the first group first, are lexicographically at least 0.

    Parameters
    ----------
    units
        Units of flow: bounds how far the value of a level can vary.

    Raises
    ------
    SolverFailedError
        When a cost alone is beyond the safe range, or some level could be better.
    """
    free = np.arange(len(flow))
    goals = np.flatnonzero(network.supply < 0)
    proof = []
    for group in _groups(levels, units, safe_cost(network.n_nodes), network.name):
        cost = _joint_cost(group, len(flow))
        part = Network(
            tail=network.tail[free],
            head=network.head[free],
            capacity=network.capacity[free],
            supply=network.supply,
            name=network.name,
        )
        potential = _potentials(part, cost[free], flow[free], goals)
        reduced = cost + potential[network.tail] - potential[network.head]
        free = free[reduced[free] == 0]
        proof.append(reduced)
    return proof


def certified_flow(network: Network, cost: I8) -> tuple[I8, I8]:
    """Return a flow of least cost and the node potentials that prove it.

    Returns
    -------
    tuple[I8, I8]
        Flow per edge and potential per node: ``cost + potential[tail] - potential[head]`` is at least 0 on every edge
        with room and at most 0 on every edge with flow.

    Raises
    ------
    SolverFailedError
        When a cost is beyond the safe range, or the solver's answer is not provably optimal.
    """
    limit = safe_cost(network.n_nodes)
    peak = int(np.abs(cost).max(initial=0))
    if peak > limit:
        raise SolverFailedError(f"{network.name}: a cost of {peak} exceeds the safe limit of {limit}")
    flow = _min_cost_flow(network, cost)
    return flow, _potentials(network, cost, flow, np.arange(network.n_nodes))


def safe_cost(n_nodes: int) -> int:
    """Return the largest cost of an edge that cannot overflow in a network of so many nodes."""
    return _SAFE // (n_nodes + 1) ** 2
