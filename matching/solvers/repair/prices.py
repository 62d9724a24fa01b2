"""What further filled seats cost in changed links: the exact convex trade-off between fill and changes.

The least number of changes is a convex function of the number of filled seats, because both are linear over the flows
of one network and every number of seats is attained by a whole flow. Successive shortest augmenting paths walk along
it: each further seat takes the cheapest chain of moves, and no later chain is cheaper. Here a price d per empty seat
stands for "every chain of at most d changes", so as many flows as there are different chain lengths give the function.
"""

import numpy as np
import numpy.typing as npt

from matching.problem import Component, Hold, ProblemData
from matching.solvers.network import Network, certified_flow
from matching.solvers.pair_network import pair_network
from matching.solvers.repair.part import part_of
from matching.solvers.teams.face import pair_costs, team_levels

I8 = npt.NDArray[np.int64]
B1 = npt.NDArray[np.bool_]


def seat_prices(component: Component, problem: ProblemData, chosen: I8, arc_cost: I8) -> tuple[int, ...]:
    """Return the changes that each further filled seat costs, cheapest first; empty when no chain fills any.

    Parameters
    ----------
    chosen
        ``int64`` (mentees, seats): a plan of cost 0 changes that fills as many seats as such a plan can.
    arc_cost
        ``int64`` (arcs,): see ``Hold.arc_cost``.

    Raises
    ------
    InvalidPolicyError
        When a slot cap binds a person who could serve two seats of one team (see ``solvers.flow``).
    SolverFailedError
        When the answer could not be proved.
    """
    rows = _within_reach(component, chosen)
    if not len(rows):
        return ()
    fixed = chosen.copy()
    fixed[rows] = -1
    part = part_of(component, rows, fixed)
    n_seats = len(rows) * component.n_seats
    network, bypass, edges, cost, must, _ = priced_network(part.component, problem, arc_cost[part.arcs])
    # Twice the changes, so that the odd price of an empty seat lies between two numbers of changes.
    price = np.zeros(len(network.tail), dtype=np.int64)
    price[edges] = 2 * cost - np.where(must, pin_weight(part.component, 16 * (n_seats + 1)), 0)
    filled = int((chosen[rows] >= 0).sum())
    most = n_seats - _empty(network, bypass, price, 4 * n_seats)
    prices: list[int] = []
    limit = 0
    while filled < most:
        limit += 1
        reached = n_seats - _empty(network, bypass, price, limit)
        prices += [limit] * (reached - filled)
        filled = max(filled, reached)
    return tuple(prices)


def _within_reach(component: Component, chosen: I8) -> I8:
    """Return the mentees that a chain from an empty seat can touch; none when no chain ends at a free mentor."""
    person = component.person_of_mentor[component.arc_mentor]
    load = np.bincount(person[chosen[chosen >= 0]], minlength=len(component.persons))
    is_free = load < component.free_capacity
    used = chosen[chosen >= 0]
    reached = np.asarray((chosen < 0).any(axis=1), dtype=bool)
    seen = np.zeros(len(component.persons), dtype=bool)
    while True:
        renewed = np.zeros(len(component.persons), dtype=bool)
        renewed[person[reached[component.arc_mentee]]] = True
        if (renewed == seen).all():
            break
        seen = renewed
        reached[component.arc_mentee[used[seen[person[used]]]]] = True
    if not (seen & is_free).any():
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(reached)


def priced_network(
    component: Component, problem: ProblemData, arc_cost: I8
) -> tuple[Network, int, slice, I8, B1, tuple[I8, I8]]:
    """Return the network that the changes of a component are counted on.

    Returns
    -------
    tuple
        The network, its bypass, its edges that stand for arcs (under team terms: for pairs), their change costs,
        whether a pin asks for them, and their mentees and mentors.
    """
    pinned = component.arc_pinned
    if component.teams is None:
        found = pair_network(component, problem, np.ones(len(component.mentees), dtype=bool))
        pair = component.arc_mentee.astype(np.int64), component.arc_mentor.astype(np.int64)
        return found.network, found.bypass, found.arcs, arc_cost, pinned, pair
    teams, _, _ = team_levels(component, problem)
    pair = teams.edge_mentee, teams.edge_mentor
    table = np.zeros((len(component.mentees), len(component.mentors)), dtype=bool)
    table[component.arc_mentee[pinned], component.arc_mentor[pinned]] = True
    cost = pair_costs(component, Hold(arc_cost=arc_cost))
    return teams.network, teams.bypass, teams.edges, cost[pair], table[pair], pair


def pin_weight(component: Component, peak: int) -> int:
    """Return a cost that outweighs every sum of costs up to ``peak`` per seat."""
    return 2 * peak * (len(component.mentees) * component.n_seats + 1)


def _empty(network: Network, bypass: int, price: I8, limit: int) -> int:
    """Return how many seats stay empty when every chain of at most ``limit`` changes is worth a seat."""
    cost = price.copy()
    cost[bypass] = 2 * limit + 1
    flow, _ = certified_flow(network, cost)
    return int(flow[bypass])
