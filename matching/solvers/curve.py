"""Best plans of one component in any direction, among the plans that attain every level before the score.

The integer levels are solved once; complementary slackness leaves the free edges, and a flow over these is a plan on
the optimal face. A direction is a value per arc: its optimum is one more flow, with potentials that price every edge.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.errors import SolverFailedError
from matching.problem import I8, Component, ProblemData
from matching.solvers.flow import Layout, chosen_arcs, core_arcs, keeps_person_twice, layout_of
from matching.solvers.network import Level, Network, lexicographic_face, safe_cost
from matching.solvers.ties import tie_costs


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFace:
    """Every plan of one component that attains the levels before the score.

    Attributes
    ----------
    guarded
        ``bool`` (mentees,): the mentees who cannot get one person twice in this network.
    free
        ``int64`` (free edges,): edges of the layout whose flow is not settled by the levels.
    flow
        ``int64`` (edges,): a flow on the face.
    rest
        The network of the free edges.
    """

    component: Component
    problem: ProblemData
    guarded: npt.NDArray[np.bool_]
    layout: Layout
    free: I8
    flow: I8
    rest: Network

    @property
    def arc_of_free(self) -> I8:
        """Return the arc of every free edge, ``int64`` (free edges,), -1 for an edge that is no arc."""
        arcs = self.layout.arcs
        is_arc = (self.free >= arcs.start) & (self.free < arcs.stop)
        numbers: I8 = np.where(is_arc, self.free - arcs.start, -1)
        return numbers

    @property
    def units(self) -> int:
        """Seats of the component: the units of flow."""
        return len(self.component.mentees) * self.component.n_seats

    def chosen(self, free_flow: I8) -> I8:
        """Return the arc of every seat, ``int64`` (mentees, seats), of a flow on the free edges."""
        flow = self.flow.copy()
        flow[self.free] = free_flow
        return chosen_arcs(self.component, flow[self.layout.arcs])


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """The best plan of one component in a direction.

    Attributes
    ----------
    face
        The face it was found on, which guards whom the search showed to need it.
    chosen
        ``int64`` (mentees, seats).
    free_flow
        ``int64`` (free edges,): the plan.
    reduced
        ``int64`` (free edges,): what one unit more on an empty edge (positive), or one less on a full one (negative),
        loses at least, in units of the direction's value; 0 where nothing is lost for sure.
    """

    face: PairFace
    chosen: I8
    free_flow: I8
    reduced: I8


def pair_face(component: Component, problem: ProblemData, guarded: npt.NDArray[np.bool_] | None = None) -> PairFace:
    """Solve the levels before the score of one component of a separable policy.

    Raises
    ------
    InvalidPolicyError
        When a slot cap binds a person who would otherwise serve two seats of one team.
    SolverFailedError
        When a level could not be proved.
    """
    if guarded is None:
        guarded = np.zeros(len(component.mentees), dtype=bool)
    layout = layout_of(component, problem, guarded)
    network = layout.network
    face = lexicographic_face(network, layout.integer_levels, len(component.mentees) * component.n_seats, layout.core)
    free = np.flatnonzero(face.is_free)
    return PairFace(
        component=component,
        problem=problem,
        guarded=guarded,
        layout=layout,
        free=free,
        flow=face.flow,
        rest=_restricted(network, free, face.flow),
    )


def best_plan(face: PairFace, values: Sequence[I8], *, seed: int) -> Optimum:
    """Return the plan of the face with the largest ``values[0]``, then the largest ``values[1]``, and so on.

    Ties go to even loads, then to the seed. The face of the answer may guard more mentees than the one given.

    Parameters
    ----------
    values
        ``int64`` (arcs,) each; the first in the range of ``largest_value``.
    """
    for _ in range(len(face.component.mentees) + 1):
        flow, reduced = _optimise(face, values, seed)
        chosen = face.chosen(flow)
        twice = keeps_person_twice(face.component, chosen)
        if not twice.any():
            return Optimum(face=face, chosen=chosen, free_flow=flow, reduced=reduced)
        face = pair_face(face.component, face.problem, face.guarded | twice)
    raise SolverFailedError(
        f"component {face.component.counties[0]}: a team keeps one person twice; report this as a defect"
    )


def largest_value(face: PairFace) -> int:
    """Return the largest value of an arc that the arithmetic of the flow can take on any network of the component."""
    n, k = len(face.component.mentees), face.component.n_seats
    most_nodes = face.rest.n_nodes + n * k + len(face.component.persons) * k
    return safe_cost(most_nodes)


def _optimise(face: PairFace, values: Sequence[I8], seed: int) -> tuple[I8, I8]:
    free, rest = face.free, face.rest
    core = None
    if face.layout.core is not None:
        is_core = np.ones(len(face.flow), dtype=bool)
        arcs = face.layout.arcs
        is_core[arcs] = core_arcs(face.component, values[0]) | (face.flow[arcs] > 0)
        core = is_core[free]
    cost = _edge_costs(face, (face.layout.arcs, -values[0]))
    first = lexicographic_face(rest, [(slice(0, len(free)), cost)], face.units, core)
    reduced = cost + first.potential[rest.tail] - first.potential[rest.head]
    left = np.flatnonzero(first.is_free)
    later = [
        *((face.layout.arcs, -value) for value in values[1:]),
        *face.layout.load_levels,
        (face.layout.arcs, tie_costs(face.component, seed)),
    ]
    levels: list[Level] = [(slice(0, len(left)), _edge_costs(face, level)[left]) for level in later]
    last = lexicographic_face(_restricted(rest, left, first.flow), levels, face.units)
    flow = first.flow.copy()
    flow[left] = last.flow
    return flow, reduced


def _edge_costs(face: PairFace, level: Level) -> I8:
    """Return the cost of every free edge."""
    cost = np.zeros(len(face.flow), dtype=np.int64)
    cost[level[0]] = level[1]
    own: I8 = cost[face.free]
    return own


def _restricted(network: Network, free: I8, flow: I8) -> Network:
    """Return the network of the given edges, with the flow of all others taken off the supplies."""
    is_fixed = np.ones(len(network.tail), dtype=bool)
    is_fixed[free] = False
    fixed = np.flatnonzero(is_fixed & (flow > 0))
    supply = network.supply.copy()
    np.subtract.at(supply, network.tail[fixed], flow[fixed])
    np.add.at(supply, network.head[fixed], flow[fixed])
    return Network(
        tail=network.tail[free],
        head=network.head[free],
        capacity=network.capacity[free],
        supply=supply,
        name=network.name,
    )
