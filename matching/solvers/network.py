"""Lexicographic minimum-cost flow, exact in integers and certified by potentials.

Levels are solved in groups. Within a group the costs are joined with weights large enough that a later level can
never outweigh an earlier one; a group ends where the next weight would leave the range in which the solver's
arithmetic is safe. After a group, shortest paths in the residual graph give potentials; they prove the optimum (a
negative cycle would disprove it), and complementary slackness then describes *all* optimal flows: an edge of positive
reduced cost is empty in every one of them, an edge of negative reduced cost is full. The next group chooses among
exactly these.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.graph.python import min_cost_flow

from matching.errors import SolverFailedError

I4 = npt.NDArray[np.int32]
I8 = npt.NDArray[np.int64]
_SAFE = 2**61


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


Level = tuple[slice, I8]
"""Cost of one level: values on a run of edges, 0 elsewhere."""


def lexicographic_flow(network: Network, levels: Sequence[Level], units: int) -> I8:
    """Return a flow that minimises ``levels[0]``, then ``levels[1]`` among its optima, and so on.

    Parameters
    ----------
    levels
        Costs per level, most important first; any unit of flow passes at most one edge that a level puts a cost on.
    units
        Units of flow: bounds how far the value of a level can vary.

    Raises
    ------
    SolverFailedError
        When a cost alone is beyond the safe range, or the solver's answer is not provably optimal.
    """
    flow = np.zeros(len(network.tail), dtype=np.int64)
    supply = network.supply.copy()
    free = np.arange(len(network.tail))
    limit = _SAFE // (network.n_nodes + 1) ** 2
    groups = _groups(levels, units, limit, network.name)
    for number, group in enumerate(groups):
        part = Network(
            tail=network.tail[free],
            head=network.head[free],
            capacity=network.capacity[free],
            supply=supply,
            name=network.name,
        )
        own_cost = _joint_cost(group, len(network.tail))[free]
        own_flow = _min_cost_flow(part, own_cost)
        flow[free] = own_flow
        potential = _potentials(part, own_cost, own_flow)
        if number + 1 == len(groups):
            break
        reduced = own_cost + potential[part.tail] - potential[part.head]
        full = reduced < 0
        np.subtract.at(supply, part.tail[full], own_flow[full])
        np.add.at(supply, part.head[full], own_flow[full])
        free = free[reduced == 0]
    return flow


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


def _potentials(part: Network, cost: I8, flow: I8) -> I8:
    """Return shortest distances in the residual graph from an imagined root; they prove the flow optimal.

    Bellman-Ford by frontier: only edges out of nodes that moved in the last round are looked at.
    """
    ahead, back = np.flatnonzero(flow < part.capacity), np.flatnonzero(flow > 0)
    tail = np.concatenate((part.tail[ahead], part.head[back]))
    order = np.argsort(tail, kind="stable")
    head = np.concatenate((part.head[ahead], part.tail[back]))[order]
    length = np.concatenate((cost[ahead], -cost[back]))[order]
    first = np.searchsorted(tail[order], np.arange(part.n_nodes + 1))
    degree = np.diff(first)
    distance = np.zeros(part.n_nodes, dtype=np.int64)
    frontier = np.flatnonzero(degree)
    for _ in range(part.n_nodes + 1):
        n_out = degree[frontier]
        ends = np.cumsum(n_out)
        if not len(ends) or not ends[-1]:
            return distance
        edge = np.arange(ends[-1]) + np.repeat(first[frontier] - (ends - n_out), n_out)
        reached = np.repeat(distance[frontier], n_out) + length[edge]
        target = head[edge]
        better = reached < distance[target]
        before = distance.copy()
        np.minimum.at(distance, target[better], reached[better])
        frontier = np.flatnonzero(distance < before)
    raise SolverFailedError(
        f"{part.name}: the flow is not optimal, a residual cycle improves it; report this as a defect"
    )


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
    return flow, _potentials(network, cost, flow)


def safe_cost(n_nodes: int) -> int:
    """Return the largest cost of an edge that cannot overflow in a network of so many nodes."""
    return _SAFE // (n_nodes + 1) ** 2
