"""Alternating assignment: release one seat of every team, keep the others, and re-assign all released seats at once.

Each step is a minimum-cost flow with the exact value of the whole team given the members that stay, so it is optimal
over an exponential neighbourhood that contains the plan it starts from: the value never falls.
"""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from ortools.graph.python import min_cost_flow

from matching.errors import SolverFailedError
from matching.problem import Component
from matching.solvers.teams.columns import I8, Columns, Room, columns_of, is_full, joined, on_face, scored, unique

NEAR = 40
"""Mentors per mentee that a step chooses from, the best by optimistic score less price."""

NEVER = np.iinfo(np.int64).min // 4
"""Value of a team that the levels forbid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The near mentors of every mentee, and for two seats the exact value of every pair of them.

    Attributes
    ----------
    edge
        ``int64`` (mentees, near + 1): edges of the face, -1 for "nobody": the last entry, and padding.
    pairs
        ``int64`` (mentees, near + 1, near + 1): value of the pair, symmetric, NEVER where the levels forbid it;
        ``None`` for another number of seats.
    columns
        Teams known so far.
    """

    edge: I8
    pairs: I8 | None
    columns: Columns


def seeds(component: Component, seed: int) -> list[int]:
    """Return what random choices for a component start from."""
    digest = hashlib.sha256("|".join(component.counties).encode()).digest()
    return [seed % 2**32, int.from_bytes(digest[:4], "big")]


def near_choice(room: Room, price: I8, plan: I8) -> Choice:
    """Collect the near mentors under ``price``; the members of ``plan`` (edges, -1 for none) are always among them."""
    face, n = room.face, room.n_mentees
    value = face.hope - price[face.edge_person]
    top = np.iinfo(np.int64).max
    value[plan[plan >= 0]] = top
    value[face.is_must] = top
    order = np.lexsort((-value, face.edge_mentee))
    rank = np.arange(len(order)) - face.first[face.edge_mentee[order]]
    near = order[rank < NEAR]
    edge = np.full((n, NEAR + 1), -1, dtype=np.int64)
    edge[face.edge_mentee[near], rank[rank < NEAR]] = near
    if room.n_seats == 2:
        return _with_pairs(room, edge)
    return Choice(edge=edge, pairs=None, columns=columns_of(room, np.arange(n), plan))


def _with_pairs(room: Room, edge: I8) -> Choice:
    n = room.n_mentees
    a, b = np.triu_indices(NEAR + 1, 1)
    mentee = np.repeat(np.arange(n), len(a))
    first, second = np.tile(a, n), np.tile(b, n)
    pair = np.stack((edge[mentee, first], edge[mentee, second]), axis=1)
    # Every team once: padding is "nobody", so only the last entry stands for it.
    is_new = (pair[:, 0] >= 0) & ((pair[:, 1] >= 0) | (second == NEAR))
    teams = columns_of(room, mentee[is_new], pair[is_new])
    nobody = columns_of(room, np.arange(n), np.full((n, 2), -1, dtype=np.int64))
    value = np.full((n, NEAR + 1, NEAR + 1), NEVER, dtype=np.int64)
    place = np.full((n, room.n_mentors + 1), NEAR, dtype=np.int64)
    rows, columns = np.nonzero(edge >= 0)
    place[rows, room.face.edge_mentor[edge[rows, columns]]] = columns
    one, other = place[teams.mentee, teams.members[:, 0]], place[teams.mentee, teams.members[:, 1]]
    value[teams.mentee, one, other] = teams.value
    value[teams.mentee, other, one] = teams.value
    value[nobody.mentee, NEAR, NEAR] = nobody.value
    return Choice(edge=edge, pairs=value, columns=joined(teams, nobody))


def positions(choice: Choice, plan: I8) -> I8:
    """Return a plan given as edges as positions in the choice."""
    found = np.argmax(choice.edge[:, None, :] == plan[:, :, None], axis=2)
    located: I8 = np.where(plan >= 0, found, NEAR).astype(np.int64)
    return located


def alternate(room: Room, choice: Choice, plan: I8, rng: np.random.Generator, n_steps: int) -> tuple[I8, Choice]:
    """Improve a plan by ``n_steps`` re-assignments; stops early at a value of 0 where no team counts more than 0.

    Parameters
    ----------
    plan
        ``int64`` (mentees, seats): positions in the choice.

    Returns
    -------
    tuple
        The improved plan, and the choice with every team that was looked at.
    """
    rows = np.arange(room.n_mentees)
    seen: list[Columns] = [choice.columns]
    for _ in range(n_steps):
        seat = rng.integers(0, room.n_seats, room.n_mentees)
        value, teams = _completions(room, choice, plan, seat)
        if teams is not None:
            seen.append(teams)
        kept = plan.copy()
        kept[rows, seat] = NEAR
        plan = plan.copy()
        plan[rows, seat] = _assign(room, choice, kept, value)
    columns = choice.columns if len(seen) == 1 else unique(joined(*seen), room.n_mentors)
    return plan, replace(choice, columns=columns)


def plan_columns(room: Room, choice: Choice, plan: I8) -> Columns:
    """Return the teams of a plan given by positions, one column per mentee."""
    used = choice.edge[np.arange(len(plan))[:, None], plan]
    members = np.where(used >= 0, room.face.edge_mentor[used], -1) if len(room.face.edge_mentor) else used
    return scored(room, np.arange(len(plan)), members)


def _completions(room: Room, choice: Choice, plan: I8, seat: I8) -> tuple[I8, Columns | None]:
    """Return the value of every team with another near mentor in the released seat, ``int64`` (mentees, near + 1)."""
    rows = np.arange(room.n_mentees)
    if choice.pairs is not None:
        return choice.pairs[rows, plan[rows, 1 - seat]], None
    n, width = choice.edge.shape
    team = np.repeat(choice.edge[rows[:, None], plan], width, axis=0)
    candidate = choice.edge.ravel()
    team[np.arange(n * width), np.repeat(seat, width)] = candidate
    mentee = np.repeat(rows, width)
    is_open = on_face(room, mentee, team) & ((candidate >= 0) | (np.tile(np.arange(width), n) == NEAR))
    mentor = room.face.edge_mentor
    members = np.where(team >= 0, mentor[team], -1) if len(mentor) else team
    teams = scored(room, mentee[is_open], members[is_open])
    if room.aim.floor is not None:
        holds = ~is_full(teams.members) | (teams.score >= room.aim.floor)
        is_open[np.flatnonzero(is_open)[~holds]] = False
        teams = teams.take(holds)
    value = np.full(n * width, NEVER, dtype=np.int64)
    value[is_open] = teams.value
    return value.reshape(n, width), teams


def _assign(room: Room, choice: Choice, kept: I8, value: I8) -> I8:
    """Return the best mentor for every released seat, as positions, with the loads of the face."""
    n, face = len(kept), room.face
    rows, n_persons = np.arange(n), len(face.most_load)
    kept_edge = choice.edge[rows[:, None], kept]
    used = np.bincount(face.edge_person[kept_edge[kept_edge >= 0]], minlength=n_persons)
    least, most = np.maximum(0, face.least_load - used), face.most_load - used
    mentee, position = np.nonzero(value > NEVER)
    edge = choice.edge[mentee, position]
    person = face.edge_person[edge] if len(face.edge_person) else edge
    nobody, sink = n + n_persons, n + n_persons + 1
    persons = np.arange(n_persons)
    solver = min_cost_flow.SimpleMinCostFlow()
    tail = np.concatenate((mentee, n + persons, [nobody])).astype(np.int32)
    head = np.concatenate((np.where(edge >= 0, n + person, nobody), np.full(n_persons + 1, sink))).astype(np.int32)
    capacity = np.concatenate((np.ones(len(mentee), dtype=np.int64), most - least, [n]))
    cost = np.concatenate((-value[mentee, position], np.zeros(n_persons + 1, dtype=np.int64)))
    arcs = solver.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, cost)
    supply = np.concatenate((np.ones(n, dtype=np.int64), -least, [0, int(least.sum()) - n]))
    solver.set_nodes_supplies(np.arange(sink + 1, dtype=np.int32), supply)
    status = solver.solve()
    if status != solver.OPTIMAL:
        county = room.component.counties[0]
        raise SolverFailedError(f"component {county}: re-assigning a plan ended with {status}; report this as a defect")
    chosen = np.flatnonzero(np.asarray(solver.flows(arcs))[: len(mentee)])
    renewed = np.full(n, NEAR, dtype=np.int64)
    renewed[mentee[chosen]] = position[chosen]
    return renewed
