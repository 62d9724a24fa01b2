"""What explanations need of the team solver: the room of a plan, exact team values, and a certificate of the score.

Every touching point with ``matching.solvers.teams`` lies here.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matching.problem import I8, Component, ProblemData
from matching.solvers.residual import Residual, residual_of
from matching.solvers.teams.bound import bound_plan
from matching.solvers.teams.columns import (
    Room,
    joined,
    make_room,
    on_face,
    reduced,
    scored,
    seated,
    teams_above,
    unique,
)
from matching.solvers.teams.face import AWAY, RELEASED, VILLAGE, TeamNetwork, pair_flags, team_face, team_levels

B1 = npt.NDArray[np.bool_]
NEVER = np.int64(-(2**50))
"""Value of a team that the integer levels or the floor forbid; far below any sum of scores."""

MOST_ROUNDS = 30
"""Rounds of column generation for a certificate."""

START_COLUMNS = 24
"""Teams per mentee at the start of the master problem, the best under the prices of the separable relaxation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A proof of how good a component's plan can be.

    Attributes
    ----------
    price
        ``int64`` (persons,): price of one mentee's share of a person, in units of 10⁻⁴ points.
    bound
        No plan that attains the integer levels (and the floor) scores more.
    value
        Score of the plan.
    best
        ``int64`` (mentees,): the best reduced score of any team of each mentee, part of the bound.
    """

    price: I8
    bound: int
    value: int
    best: I8


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRoom:
    """One component's plan within all plans that attain the integer levels.

    Attributes
    ----------
    members
        ``int64`` (mentees, seats): mentor per seat, -1 for none.
    load
        ``int64`` (persons,): mentees of this run.
    score
        ``int64`` (mentees,): team scores.
    edge_of_pair
        ``int64`` (mentees, mentors): edge of the face, -1 for none.
    """

    room: Room
    network: TeamNetwork
    residual: Residual
    members: I8
    load: I8
    score: I8
    edge_of_pair: I8


def team_room(component: Component, problem: ProblemData, members: I8, floor: int | None) -> TeamRoom:
    """Return the room of a plan.

    Raises
    ------
    SolverFailedError
        When the plan does not attain every integer level.
    """
    network, levels, units = team_levels(component, problem)
    residual = residual_of(network.network, tuple(levels), units, _flow_of(network, component, members))
    face = team_face(component, problem)
    room = replace(make_room(component, problem, face, pair_flags(component, problem)), floor=floor)
    edge_of_pair = np.full((len(component.mentees), len(component.mentors)), -1, dtype=np.int64)
    edge_of_pair[face.edge_mentee, face.edge_mentor] = np.arange(len(face.edge_mentor))
    used = members[members >= 0]
    person = component.person_of_mentor[used] if len(used) else used
    rows = np.arange(len(members))
    return TeamRoom(
        room=room,
        network=network,
        residual=residual,
        members=members,
        load=np.bincount(person, minlength=len(component.persons)).astype(np.int64),
        score=scored(room, rows, -np.sort(-members, axis=1)).score,
        edge_of_pair=edge_of_pair,
    )


def certify(own: TeamRoom) -> Certificate:
    """Return a certificate of the plan's score by column generation."""
    room, n_mentors = own.room, len(own.room.component.mentors)
    rows = np.arange(room.n_mentees)
    value = int(own.score.sum())
    if not len(room.face.edge_mentor):
        return Certificate(price=np.zeros(len(own.load), dtype=np.int64), bound=value, value=value, best=own.score)
    plan = scored(room, rows, -np.sort(-own.members, axis=1))
    near = teams_above(room, room.face.price, reduced(room, plan, room.face.price))
    order = np.lexsort((near.keys(n_mentors), -reduced(room, near, room.face.price), near.mentee))
    counts = np.bincount(near.mentee, minlength=room.n_mentees)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    columns = unique(joined(plan, near.take(order[rank < START_COLUMNS])), n_mentors)
    bound = bound_plan(room, columns, room.face.price, value, goal=0, most_rounds=MOST_ROUNDS)
    best = np.full(room.n_mentees, NEVER)
    np.maximum.at(best, bound.columns.mentee, reduced(room, bound.columns, bound.price))
    every = teams_above(room, bound.price, best)
    np.maximum.at(best, every.mentee, reduced(room, every, bound.price))
    face = room.face
    loads = np.where(bound.price > 0, face.most_load, face.least_load)
    proved = int(best.sum()) + int((bound.price * loads).sum())
    return Certificate(price=bound.price, bound=min(proved, bound.value), value=value, best=best)


def team_values(own: TeamRoom, mentee: I8, edge: I8) -> I8:
    """Return the exact score of teams given as edges of the face (-1 for none), NEVER where they are not allowed."""
    room = own.room
    values = np.full(len(mentee), NEVER)
    kept = np.flatnonzero(on_face(room, mentee, edge))
    mentor = room.face.edge_mentor
    members = np.where(edge[kept] >= 0, mentor[edge[kept]], -1) if len(mentor) else edge[kept]
    score = scored(room, mentee[kept], -np.sort(-members, axis=1)).score
    if room.floor is not None:
        is_full = (edge[kept] >= 0).all(axis=1)
        score = np.where(is_full & (score < room.floor), NEVER, score)
    values[kept] = score
    return values


def seat_teams(own: TeamRoom, rows: list[int], members: I8) -> I8:
    """Return the members of some mentees in their best seats."""
    return seated(own.room, np.array(rows, dtype=np.int64), members[rows])


def _flow_of(net: TeamNetwork, component: Component, members: I8) -> I8:
    """Return the flow of the integer levels' network that a plan stands for."""
    arrays = component.teams
    assert arrays is not None, "the problem was built for a separable policy"
    n = len(component.mentees)
    flow = np.zeros(len(net.network.tail), dtype=np.int64)
    size = (members >= 0).sum(axis=1)
    flow[:n] = size > 0
    flow[net.further] = np.maximum(0, size - 1)
    table = np.full((n, len(component.mentors)), -1, dtype=np.int64)
    table[net.edge_mentee, net.edge_mentor] = np.arange(len(net.edge_mentee))
    row, seat = np.nonzero(members >= 0)
    used = table[row, members[row, seat]]
    flow[net.edges.start + used] = 1
    is_village = arrays.is_of_village[row, members[row, seat]]
    is_away = arrays.is_away[row, members[row, seat]] & ~is_village
    n_away, n_village = np.bincount(row[is_away], minlength=n), np.bincount(row[is_village], minlength=n)
    owner, kind = net.group_mentee, net.group_kind
    within = np.minimum(n_away, arrays.most_away)
    groups = np.where(kind == AWAY, within[owner], 0)
    groups = np.where(kind == RELEASED, (n_away - within)[owner], groups)
    flow[net.groups] = np.where(kind == VILLAGE, n_village[owner], groups)
    guards = net.edge_guard[used]
    flow[net.guards] = np.bincount(guards[guards >= 0], minlength=len(net.guard_mentee))
    load = np.bincount(net.edge_person[used], minlength=len(component.persons))
    flow[net.units] = net.unit <= load[net.unit_person]
    flow[net.bypass] = members.size - int(size.sum())
    return flow
