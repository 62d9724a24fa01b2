"""Alternating assignment: keep one mentor of every team, release the other, and re-assign all released seats at once.

Each step is a minimum-cost flow with the exact score of the whole team given the kept mentor, so it is optimal over an
exponential neighbourhood that contains the plan it starts from: the score never falls.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.graph.python import min_cost_flow

from matching.errors import SolverFailedError
from matching.solvers.teams.columns import Columns, Room, columns_of

I8 = npt.NDArray[np.int64]
NEAR = 40
"""Mentors per mentee that a step chooses from, the best by worth less price."""

NEVER = np.iinfo(np.int64).min // 4
"""Score of a pair that the levels forbid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The near mentors of every mentee and the exact score of every pair of them.

    Attributes
    ----------
    edge
        ``int64`` (mentees, near + 1): edges of the face, -1 for "nobody": the last entry, and padding.
    score
        ``int64`` (mentees, near + 1, near + 1): score of the pair, symmetric; far below 0 where the levels forbid it.
    columns
        The same teams as columns.
    """

    edge: I8
    score: I8
    columns: Columns


def near_choice(room: Room, price: I8, plan: I8) -> Choice:
    """Collect the near mentors under ``price``; the members of ``plan`` (edges, -1 for none) are always among them."""
    face, n = room.face, room.n_mentees
    value = face.worth - price[face.edge_person]
    top = np.iinfo(np.int64).max
    value[plan[plan >= 0]] = top
    value[face.is_must] = top
    order = np.lexsort((-value, face.edge_mentee))
    rank = np.arange(len(order)) - face.first[face.edge_mentee[order]]
    near = order[rank < NEAR]
    edge = np.full((n, NEAR + 1), -1, dtype=np.int64)
    edge[face.edge_mentee[near], rank[rank < NEAR]] = near
    a, b = np.triu_indices(NEAR + 1, 1)
    mentee = np.repeat(np.arange(n), len(a))
    first, second = np.tile(a, n), np.tile(b, n)
    pair = np.stack((edge[mentee, first], edge[mentee, second]), axis=1)
    # Every team once: padding is "nobody", so only the last entry stands for it.
    is_new = (pair[:, 0] >= 0) & ((pair[:, 1] >= 0) | (second == NEAR))
    teams = columns_of(room, mentee[is_new], pair[is_new])
    nobody = columns_of(room, np.arange(n), np.full((n, 2), -1, dtype=np.int64))
    score = np.full((n, NEAR + 1, NEAR + 1), NEVER, dtype=np.int64)
    place = np.full((n, len(room.component.mentors) + 1), NEAR, dtype=np.int64)
    rows, columns = np.nonzero(edge >= 0)
    place[rows, face.edge_mentor[edge[rows, columns]]] = columns
    one, other = place[teams.mentee, teams.members[:, 0]], place[teams.mentee, teams.members[:, 1]]
    score[teams.mentee, one, other] = teams.score
    score[teams.mentee, other, one] = teams.score
    score[nobody.mentee, NEAR, NEAR] = nobody.score
    both = Columns(
        mentee=np.concatenate((teams.mentee, nobody.mentee)),
        members=np.concatenate((teams.members, nobody.members)),
        score=np.concatenate((teams.score, nobody.score)),
    )
    return Choice(edge=edge, score=score, columns=both)


def positions(choice: Choice, plan: I8) -> I8:
    """Return a plan given as edges as positions in the choice."""
    found = np.argmax(choice.edge[:, None, :] == plan[:, :, None], axis=2)
    located: I8 = np.where(plan >= 0, found, NEAR).astype(np.int64)
    return located


def alternate(room: Room, choice: Choice, plan: I8, rng: np.random.Generator, n_steps: int) -> tuple[I8, I8]:
    """Improve a plan by ``n_steps`` re-assignments.

    Parameters
    ----------
    plan
        ``int64`` (mentees, 2): positions in the choice.

    Returns
    -------
    tuple
        The improved plan, and the plan after every step, shape (steps, mentees, 2).
    """
    trail = []
    for _ in range(n_steps):
        plan = _step(room, choice, plan, rng)
        trail.append(plan)
    return plan, np.array(trail, dtype=np.int64).reshape(len(trail), *plan.shape)


def plan_score(choice: Choice, plan: I8) -> int:
    """Return the score of a plan given by positions."""
    return int(choice.score[np.arange(len(plan)), plan[:, 0], plan[:, 1]].sum())


def _step(room: Room, choice: Choice, plan: I8, rng: np.random.Generator) -> I8:
    n = len(plan)
    rows = np.arange(n)
    kept = plan[rows, rng.integers(0, 2, n)]
    face = room.face
    n_persons = len(face.most_load)
    kept_edge = choice.edge[rows, kept]
    used = np.bincount(face.edge_person[kept_edge[kept_edge >= 0]], minlength=n_persons)
    least, most = np.maximum(0, face.least_load - used), face.most_load - used
    score = choice.score[rows, kept]
    mentee, position = np.nonzero(score > NEVER)
    edge = choice.edge[mentee, position]
    person = face.edge_person[edge] if len(face.edge_person) else edge
    nobody, sink = n + n_persons, n + n_persons + 1
    persons = np.arange(n_persons)
    solver = min_cost_flow.SimpleMinCostFlow()
    tail = np.concatenate((mentee, n + persons, [nobody])).astype(np.int32)
    head = np.concatenate((np.where(edge >= 0, n + person, nobody), np.full(n_persons + 1, sink))).astype(np.int32)
    capacity = np.concatenate((np.ones(len(mentee), dtype=np.int64), most - least, [n]))
    cost = np.concatenate((-score[mentee, position], np.zeros(n_persons + 1, dtype=np.int64)))
    arcs = solver.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, cost)
    supply = np.concatenate((np.ones(n, dtype=np.int64), -least, [0, int(least.sum()) - n]))
    solver.set_nodes_supplies(np.arange(sink + 1, dtype=np.int32), supply)
    status = solver.solve()
    if status != solver.OPTIMAL:
        county = room.component.counties[0]
        raise SolverFailedError(f"component {county}: re-assigning a plan ended with {status}; report this as a defect")
    chosen = np.flatnonzero(np.asarray(solver.flows(arcs))[: len(mentee)])
    renewed = np.stack((kept, np.full(n, NEAR)), axis=1)
    renewed[mentee[chosen], 1] = position[chosen]
    return renewed
