"""Exact plans by lexicographic minimum-cost flow, for pair criteria and any number of seats.

A person who could serve two seats of one team passes a guard; guards are added only where a solution shows the need: a
plan that is optimal without them and uses no person twice is optimal with them. ``pair_network`` has the network.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from matching.errors import InvalidPolicyError, SolverFailedError
from matching.problem import Component, ProblemData
from matching.solvers.network import I8, Level, Network, lexicographic_flow
from matching.solvers.pair_network import pair_network
from matching.solvers.ties import tie_costs

DENSE_ARCS = 20_000
"""Up to so many arcs are solved at once; more start on a core, and the rest is priced."""

CORE_PER_SEAT, CORE_PER_MENTOR = 32, 24
"""Arcs of the core per seat, and per mentor and kind of seat: from 24 to 48 each, all are about as soon."""

NAME = "flow"
REASON = "pair criteria only: lexicographic minimum-cost flow is exact for any number of seats"


def solve_component(component: Component, problem: ProblemData, *, seed: int) -> I8:
    """Return the arc chosen for every seat, ``int64`` (mentees, seats), -1 for an empty seat.

    Raises
    ------
    InvalidPolicyError
        When a slot cap binds a person who would otherwise serve two seats of one team.
    SolverFailedError
        When the answer could not be proved.
    """
    n_mentees, n_seats = len(component.mentees), component.n_seats
    hold = component.hold
    # A number of seats to fill must be within reach from the start, so nobody may be guarded later.
    guarded = np.full(n_mentees, hold is not None and hold.n_filled is not None)
    for _ in range(n_mentees + 1):
        layout = layout_of(component, problem, guarded)
        levels: list[Level] = [
            *layout.integer_levels,
            (layout.arcs, -component.arc_score),
            *layout.load_levels,
            (layout.arcs, tie_costs(component, seed)),
        ]
        network = layout.network
        if hold is not None:
            network = filling(network, layout.bypass, hold.n_filled)
            if hold.price is None:
                levels.insert(1 + hold.rank, (layout.arcs, hold.arc_cost))
            else:
                at_score = len(layout.integer_levels)
                levels[at_score] = (layout.arcs, hold.price * hold.arc_cost - component.arc_score)
        flow = lexicographic_flow(network, levels, n_mentees * n_seats, layout.core)
        chosen = chosen_arcs(component, flow[layout.arcs])
        twice = keeps_person_twice(component, chosen)
        if not twice.any():
            return chosen
        guarded |= twice
    raise SolverFailedError(
        f"component {component.counties[0]}: a team keeps one person twice; report this as a defect"
    )


def find_plan(component: Component, problem: ProblemData, *, seed: int) -> I8 | None:
    """Return the arc chosen for every seat, ``None`` where no flow expresses the slot caps.

    That is where a slot cap binds a person who would otherwise serve two seats of one team: "once per team" and "so
    often in this slot" cross.

    Raises
    ------
    SolverFailedError
        When the answer could not be proved.
    """
    try:
        return solve_component(component, problem, seed=seed)
    except InvalidPolicyError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The network of one component, with the costs of its levels.

    Attributes
    ----------
    arcs, units
        Runs of edges: one per arc of the component; one per mentee that a person may serve.
    bypass
        The edge of the seats that stay empty.
    core
        ``bool`` (edges,): edges to start on, ``None`` for all.
    integer_levels
        The levels before the score, most important first.
    load_levels
        The levels after the score, without the tie-break.
    """

    network: Network
    arcs: slice
    units: slice
    bypass: int
    core: npt.NDArray[np.bool_] | None
    integer_levels: list[Level]
    load_levels: list[Level]


def layout_of(component: Component, problem: ProblemData, guarded: npt.NDArray[np.bool_]) -> Layout:
    """Return the network in which no mentee of ``guarded``, ``bool`` (mentees,), can get one person twice.

    Raises
    ------
    InvalidPolicyError
        When a slot cap binds a person who would otherwise serve two seats of one team.
    """
    net = pair_network(component, problem, guarded)
    core = None
    if len(component.arc_mentor) > DENSE_ARCS:
        core = np.ones(len(net.network.tail), dtype=bool)
        core[net.arcs] = core_arcs(component, component.arc_score)
    return Layout(
        network=net.network,
        arcs=net.arcs,
        units=net.units,
        bypass=net.bypass,
        core=core,
        integer_levels=net.integer_levels,
        load_levels=net.load_levels,
    )


def filling(network: Network, bypass: int, n_filled: int | None) -> Network:
    """Return the network with exactly ``n_filled`` seats filled; unchanged for ``None``."""
    if n_filled is None:
        return network
    supply, capacity = np.sign(network.supply) * n_filled, network.capacity.copy()
    capacity[bypass] = 0
    return replace(network, supply=supply, capacity=capacity)


def chosen_arcs(component: Component, flow: I8) -> I8:
    """Return the arc of every seat, ``int64`` (mentees, seats), from the flow on the arcs."""
    n, k = len(component.mentees), component.n_seats
    chosen = np.full(n * k, -1, dtype=np.int64)
    used = np.flatnonzero(flow)
    chosen[component.arc_mentee[used] * k + component.arc_seat[used]] = used
    return chosen.reshape(n, k)


def keeps_person_twice(component: Component, chosen: I8) -> npt.NDArray[np.bool_]:
    """Whether the team of every mentee, ``bool`` (mentees,), holds one person in two seats."""
    if not len(component.arc_mentor):
        return np.zeros(len(chosen), dtype=bool)
    ranked = np.sort(np.where(chosen >= 0, component.person_of_mentor[component.arc_mentor[chosen]], -1), axis=1)
    twice: npt.NDArray[np.bool_] = ((ranked[:, 1:] == ranked[:, :-1]) & (ranked[:, 1:] >= 0)).any(axis=1)
    return twice


def core_arcs(component: Component, score: I8) -> npt.NDArray[np.bool_]:
    """Return the arcs to start on: pins, published links, and the best by fallback and score of all seats and mentors.

    The choice decides how soon the optimum is proved, never which plan is optimal.
    """
    shape = (len(component.mentees) * component.n_seats, len(component.mentors))
    at = (component.arc_mentee * component.n_seats + component.arc_seat, component.arc_mentor)
    loss = component.arc_tier.astype(np.int64)
    loss += component.arc_released
    loss <<= 32
    loss -= score
    table = np.full(shape, loss.max() + 1)
    table[at] = loss
    is_best = _least_of_rows(table, CORE_PER_SEAT)
    is_best |= _least_of_rows(table.T, CORE_PER_MENTOR * component.n_seats).T
    is_core: npt.NDArray[np.bool_] = is_best[at] | component.arc_pinned | component.arc_published
    if component.hold is not None and component.hold.known is not None:
        is_core[component.hold.known[component.hold.known >= 0]] = True
    return is_core


def _least_of_rows(table: I8, n: int) -> npt.NDArray[np.bool_]:
    """Return which ``n`` entries of every row are the least."""
    n_columns = table.shape[1]
    if not 0 < n < n_columns:
        return np.full(table.shape, n > 0)
    # Equal entries are told apart, beginning elsewhere in every row: then the best of many ties differ by row.
    turn = np.arange(table.shape[0] + n_columns, dtype=np.int64) % n_columns
    key = table * n_columns
    key += sliding_window_view(turn, n_columns)[: table.shape[0]]
    limit = np.partition(key, n - 1, axis=1)[:, n - 1 : n]
    is_least: npt.NDArray[np.bool_] = key <= limit
    return is_least
