"""Cheapest changes of an optimal flow: shortest paths in its residual graph, lexicographic over the levels, exact.

Forcing one more unit over an edge of an optimal flow costs that edge and the shortest residual path from its head back
to its tail; the flow after both is optimal among all flows that use the edge (successive shortest paths, Ahuja,
Magnanti and Orlin 1993, chapter 9). Costs of several groups of levels do not fit one integer, so distances are found
group by group: edges that no shortest path of one group uses leave the graph before the next group. The number of edges
is the last group, so that chains are as short as they can be.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.errors import SolverFailedError
from matching.solvers.network import I4, I8, Level, Network, lexicographic_proof

B1 = npt.NDArray[np.bool_]
FAR = np.int64(2**62)
"""Distance of a node that is out of reach; beyond any sum of safe costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """The residual edges sorted by one of their ends.

    Attributes
    ----------
    near, far
        ``int32`` (residual edges,): the end nearer to the root of a search, and the other one.
    edge
        ``int64`` (residual edges,): number in the network.
    is_ahead
        ``bool`` (residual edges,): a unit may be added; otherwise one may be taken back.
    """

    near: I4
    far: I4
    edge: I8
    is_ahead: B1


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """The residual graph of an optimal flow.

    Attributes
    ----------
    reduced
        ``int64`` (groups, edges): reduced costs, the proof that the flow is optimal.
    by_head, by_tail
        The residual edges, for paths to and from a node.
    """

    network: Network
    flow: I8
    reduced: I8
    by_head: _Side
    by_tail: _Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Shortest residual paths between every node and one root.

    Attributes
    ----------
    distance
        ``int64`` (groups + 1, nodes): distance in every group, then the number of edges; FAR where there is no path.
    step
        ``int64`` (nodes,): the network edge at this node on its path, -1 at the root and out of reach.
    is_ahead
        ``bool`` (nodes,): whether that edge gains a unit.
    beyond
        ``int32`` (nodes,): the node at the other end of that edge.
    """

    distance: I8
    step: I8
    is_ahead: B1
    beyond: I4


def residual_of(network: Network, levels: tuple[Level, ...], units: int, flow: I8) -> Residual:
    """Return the residual graph of a flow that is optimal on all levels.

    Raises
    ------
    SolverFailedError
        When some level could be better.
    """
    proof = lexicographic_proof(network, levels, units, flow)
    ahead, back = np.flatnonzero(flow < network.capacity), np.flatnonzero(flow > 0)
    tail = np.concatenate((network.tail[ahead], network.head[back]))
    head = np.concatenate((network.head[ahead], network.tail[back]))
    edge = np.concatenate((ahead, back))
    is_ahead = np.arange(len(edge)) < len(ahead)
    sides = []
    for near, far in ((head, tail), (tail, head)):
        order = np.argsort(near, kind="stable")
        sides.append(_Side(near=near[order], far=far[order], edge=edge[order], is_ahead=is_ahead[order]))
    return Residual(network=network, flow=flow, reduced=np.stack(proof), by_head=sides[0], by_tail=sides[1])


def paths_to(residual: Residual, root: int) -> Paths:
    """Return the shortest residual paths from every node to ``root``."""
    return _paths(residual, residual.by_head, root)


def paths_from(residual: Residual, root: int) -> Paths:
    """Return the shortest residual paths from ``root`` to every node."""
    return _paths(residual, residual.by_tail, root)


def walk(paths: Paths, node: int) -> list[tuple[int, bool]]:
    """Return the edges between ``node`` and the root, from ``node`` on, with whether each gains a unit."""
    edges = []
    while paths.step[node] >= 0:
        edges.append((int(paths.step[node]), bool(paths.is_ahead[node])))
        node = int(paths.beyond[node])
    return edges


def cheapest(prices: I8) -> I8:
    """Return the order of columns of ``prices`` (groups, items), lexicographically smallest first; ties keep theirs."""
    order: I8 = np.lexsort(prices[::-1])
    return order


def _paths(residual: Residual, side: _Side, root: int) -> Paths:
    n_nodes = residual.network.n_nodes
    alive = np.arange(len(side.near))
    distances = []
    ones = np.ones(len(residual.flow), dtype=np.int64)
    for number, costs in enumerate([*residual.reduced, ones]):
        is_last = number == len(residual.reduced)
        edge, near, far = side.edge[alive], side.near[alive], side.far[alive]
        length = costs[edge] if is_last else np.where(side.is_ahead[alive], costs[edge], -costs[edge])
        distance = _distances(near, far, length, root, n_nodes, residual.network.name)
        distances.append(distance)
        is_tight = (distance[near] < FAR) & (distance[far] == distance[near] + length)
        alive = alive[is_tight]
    step, beyond = np.full(n_nodes, -1, dtype=np.int64), np.full(n_nodes, -1, dtype=np.int32)
    is_ahead = np.zeros(n_nodes, dtype=bool)
    chosen = alive[::-1]  # of equal steps the first edge stays
    step[side.far[chosen]] = side.edge[chosen]
    beyond[side.far[chosen]] = side.near[chosen]
    is_ahead[side.far[chosen]] = side.is_ahead[chosen]
    step[root] = -1
    return Paths(distance=np.stack(distances), step=step, is_ahead=is_ahead, beyond=beyond)


def _distances(near: I4, far: I4, length: I8, root: int, n_nodes: int, name: str) -> I8:
    """Return shortest distances from the root over edges sorted by their near end (Bellman-Ford by frontier)."""
    first = np.searchsorted(near, np.arange(n_nodes + 1))
    degree = np.diff(first)
    distance = np.full(n_nodes, FAR, dtype=np.int64)
    distance[root] = 0
    frontier = np.array([root])
    for _ in range(n_nodes + 1):
        n_out = degree[frontier]
        ends = np.cumsum(n_out)
        if not len(ends) or not ends[-1]:
            return distance
        edge = np.arange(ends[-1]) + np.repeat(first[frontier] - (ends - n_out), n_out)
        reached = np.repeat(distance[frontier], n_out) + length[edge]
        target = far[edge]
        better = reached < distance[target]
        before = distance.copy()
        np.minimum.at(distance, target[better], reached[better])
        frontier = np.flatnonzero(distance < before)
    raise SolverFailedError(f"{name}: a residual cycle improves a proved flow; report this as a defect")
