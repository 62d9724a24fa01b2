"""Greatest fill by maximum flow, then the greatest sum at that fill by minimum-cost flow, with prices."""

from dataclasses import dataclass, replace

import numpy as np
from ortools.graph.python import max_flow

from matching.errors import SolverFailedError
from matching.solvers.network import Network, certified_flow
from matching.solvers.pairs.model import I8, Bools, Pairs

NAME = "min-cost flow"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPlan:
    """A plan of greatest sum among those of greatest fill.

    Attributes
    ----------
    chosen
        ``bool`` (people, servers).
    price
        ``int64`` (servers,): what one more unit of capacity would be worth, at least 0.
    """

    chosen: Bools
    price: I8


def with_greatest_fill(pairs: Pairs) -> Pairs:
    """Return the same problem with ``n_units`` set to the most units that any plan fills.

    Examples
    --------
    >>> pairs = Pairs.start(np.array([[3], [1]]), np.ones((2, 1), bool), np.array([1, 1]), np.array([1]))
    >>> with_greatest_fill(pairs).n_units
    1
    """
    person, server = np.nonzero(pairs.allowed)
    if not len(person):
        return replace(pairs, n_units=0)
    n, m = pairs.score.shape
    solver = max_flow.SimpleMaxFlow()
    solver.add_arcs_with_capacity(
        np.concatenate((np.full(n, n + m), person, n + np.arange(m))).astype(np.int32),
        np.concatenate((np.arange(n), n + server, np.full(m, n + m + 1))).astype(np.int32),
        np.concatenate((pairs.demand, np.ones(len(person), dtype=np.int64), pairs.capacity)),
    )
    if solver.solve(n + m, n + m + 1) != solver.OPTIMAL:
        raise SolverFailedError("fill: the maximum flow ended without an optimum; report this as a defect")
    return replace(pairs, n_units=int(solver.optimal_flow()))


def greatest_sum(pairs: Pairs) -> FlowPlan:
    """Return a plan of greatest sum that fills ``pairs.n_units`` units.

    Examples
    --------
    >>> pairs = Pairs.start(np.array([[3, 2], [3, 1]]), np.ones((2, 2), bool), np.array([1, 1]), np.array([1, 1]))
    >>> plan = greatest_sum(with_greatest_fill(pairs))
    >>> int(pairs.score[plan.chosen].sum())
    5
    """
    n, m = pairs.score.shape
    chosen = np.zeros((n, m), dtype=bool)
    if not pairs.n_units:
        return FlowPlan(chosen=chosen, price=np.zeros(m, dtype=np.int64))
    person, server = np.nonzero(pairs.allowed)
    source, sink = n + m, n + m + 1
    supply = np.zeros(n + m + 2, dtype=np.int64)
    supply[source], supply[sink] = pairs.n_units, -pairs.n_units
    network = Network(
        tail=np.concatenate((np.full(n, source), person, n + np.arange(m))).astype(np.int32),
        head=np.concatenate((np.arange(n), n + server, np.full(m, sink))).astype(np.int32),
        capacity=np.concatenate((pairs.demand, np.ones(len(person), dtype=np.int64), pairs.capacity)),
        supply=supply,
        name="greatest sum",
    )
    cost = np.zeros(len(network.tail), dtype=np.int64)
    cost[n : n + len(person)] = -pairs.score[person, server]
    flow, potential = certified_flow(network, cost)
    used = flow[n : n + len(person)] > 0
    chosen[person[used], server[used]] = True
    return FlowPlan(chosen=chosen, price=np.maximum(0, potential[sink] - potential[n : n + m]))
