"""What explanations need of the team solver: the room of a plan, exact team values, and a certificate of the score.

Every touching point with ``matching.solvers.teams`` lies here.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matching.problem import I8, Component, ProblemData
from matching.solvers.residual import Residual, residual_of
from matching.solvers.teams.aim import SCORE, with_floor
from matching.solvers.teams.columns import (
    Columns,
    Room,
    best_known,
    columns_of,
    joined,
    make_room,
    on_face,
    scored,
    seated,
    unique,
)
from matching.solvers.teams.dual import FIRST_ROUNDS, LAST_ROUNDS, NEAR, tighten
from matching.solvers.teams.face import AWAY, RELEASED, VILLAGE, TeamNetwork, pair_flags, team_face, team_levels
from matching.solvers.teams.pricing import priced, teams_above, upper_bound
from matching.solvers.teams.relaxation import Relaxation, closed_bound, relax, restricted

B1 = npt.NDArray[np.bool_]
NEVER = np.int64(-(2**50))
"""Value of a team that the integer levels or the floor forbid; far below any sum of scores."""

MOST_RELAXED, SLACK = 400, 120_000
"""Mentees of a component up to which prices come from the linear relaxation, and the loss in units of 10⁻⁴ points up to
which its teams are at hand; an alternative of 121 × 243 loses up to 50,000. Larger ones: prices by steps alone."""

MOST_FORCED = 2_000_000
"""Teams of one mentee with a given mentor that are looked at for a bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCertificate:
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
    pool
        Every team that loses less than ``slack`` against that, and more; sorted by mentee.
    relaxation
        The linear relaxation, ``None`` for components of more than MOST_RELAXED mentees.
    """

    price: I8
    bound: int
    value: int
    best: I8
    pool: Columns
    slack: int
    relaxation: Relaxation | None = None


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
    aim = SCORE if floor is None else with_floor(floor)
    room = replace(make_room(component, problem, face, pair_flags(component, problem)), aim=aim)
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
        score=scored(room, rows, members).score,
        edge_of_pair=edge_of_pair,
    )


def certify(own: TeamRoom) -> ScoreCertificate | None:
    """Return a certificate of the plan's score; ``None`` where the teams are too many to be priced."""
    room = own.room
    plan = scored(room, np.arange(room.n_mentees), own.members)
    value = int(own.score.sum())
    if not len(room.face.edge_mentor):
        nothing = np.zeros(len(own.load), dtype=np.int64)
        return ScoreCertificate(price=nothing, bound=value, value=value, best=own.score, pool=plan, slack=NEAR)
    if room.n_mentees <= MOST_RELAXED:
        begun = tighten(room, plan, room.face.price, value, FIRST_ROUNDS)
        relaxation = None if begun is None else relax(room, joined(plan, begun.pool), SLACK)
        if relaxation is not None:
            return ScoreCertificate(
                price=relaxation.duals.price,
                bound=closed_bound(room, relaxation, plan),
                value=value,
                best=relaxation.best,
                pool=relaxation.columns,
                slack=SLACK,
                relaxation=relaxation,
            )
    bound = tighten(room, plan, room.face.price, value, (*FIRST_ROUNDS, *LAST_ROUNDS))
    # Priced once more: the pool of the search need not be complete under the prices that won.
    answer = None if bound is None else priced(room, bound.pool, bound.price, margin=NEAR)
    if bound is None or answer is None:
        return None
    pool = unique(joined(plan, answer[0]), room.n_mentors)
    best = best_known(room, pool, bound.price)
    proved = min(bound.value, answer[1])
    return ScoreCertificate(price=bound.price, bound=proved, value=value, best=best, pool=pool, slack=NEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forced:
    """What is proved of the plans with a pair: none scores more than ``ceiling``, and ``members`` is one of them."""

    ceiling: int
    members: I8
    value: int


def forced_teams(
    own: TeamRoom, certificate: ScoreCertificate, row: int, mentor: int, leaver: int | None
) -> Columns | None:
    """Return all teams of a mentee with a mentor that attain the levels; ``None`` where they are too many.

    Parameters
    ----------
    leaver
        Person whom the mentee must not keep; ``None`` for nobody.
    """
    forced = _forced_teams(own, certificate.price, row, int(own.edge_of_pair[row, mentor]))
    if forced is None or leaver is None:
        return forced
    persons = np.append(own.room.component.person_of_mentor, -1)
    return forced.take((persons[forced.members] != leaver).all(axis=1))


def forced_by_relaxation(own: TeamRoom, relaxation: Relaxation, row: int, teams: Columns, members: I8) -> Forced:
    """Return bounds of the score of the plans in which a mentee has one of the teams, from such a plan."""
    plan = scored(own.room, np.arange(own.room.n_mentees), members)
    found = restricted(own.room, relaxation, row, teams, plan)
    return Forced(ceiling=found.bound, members=found.plan.members, value=int(found.plan.value.sum()))


def forced_bound(own: TeamRoom, certificate: ScoreCertificate, row: int, forced: Columns, distance: I8) -> int:
    """Return a bound of the score of the plans in which a mentee has one of the forced teams, by prices alone.

    Prices that bound every plan bound these plans as well, once the mentee's best team is sought among the forced
    ones. Their mentor is then in demand twice: prices rise, less the further a person is from it.

    Parameters
    ----------
    distance
        ``int64`` (persons,): loss of the cheapest chain that takes the mentor from whoever has it and demands a person.
    """
    room, base, pool = own.room, certificate.price, certificate.pool
    first = np.searchsorted(pool.mentee, np.arange(room.n_mentees))
    person_of = np.append(room.component.person_of_mentor, len(base))
    persons, forced_persons = person_of[pool.members], person_of[forced.members]
    reach = min(4 * certificate.slack, int(distance.max(initial=0)))
    lowest = certificate.bound
    best_unlisted = certificate.best - certificate.slack
    for share in (0.0, 0.25, 0.5, 1.0, 2.0):
        rise = np.maximum(0, round(share * reach) - distance) if share else np.zeros_like(base)
        if not share or rise.any():
            price = np.append(base + rise, 0)
            top = np.maximum.reduceat(pool.value - price[persons].sum(axis=1), first)
            top = np.maximum(top, best_unlisted)
            top[row] = int((forced.value - price[forced_persons].sum(axis=1)).max())
            lowest = min(lowest, upper_bound(room, price[:-1], top))
    return lowest


def _forced_teams(own: TeamRoom, price: I8, row: int, edge: int) -> Columns | None:
    """Return all teams of a mentee that use an edge and attain the levels; ``None`` where they are too many."""
    face = own.room.face
    part = slice(int(face.first[row]), int(face.first[row + 1]))
    if own.room.n_seats == 2:
        others = np.append(np.delete(np.arange(part.start, part.stop), edge - part.start), -1)
        return columns_of(own.room, np.full(len(others), row), np.column_stack((np.full(len(others), edge), others)))
    is_must = face.is_must[part].copy()
    n_must = face.n_must.copy()
    n_must[row] += not is_must[edge - part.start]
    is_must[edge - part.start] = True
    alone = replace(
        face,
        edge_mentee=face.edge_mentee[part],
        edge_mentor=face.edge_mentor[part],
        edge_person=face.edge_person[part],
        hope=face.hope[part],
        is_must=is_must,
        n_must=n_must,
        first=np.where(np.arange(len(face.first)) <= row, 0, part.stop - part.start),
    )
    threshold = np.full(own.room.n_mentees, -NEVER)
    threshold[row] = NEVER // 4
    return teams_above(replace(own.room, face=alone), price, threshold, most=MOST_FORCED)


def team_values(own: TeamRoom, mentee: I8, edge: I8) -> I8:
    """Return the exact score of teams given as edges of the face (-1 for none), NEVER where they are not allowed."""
    room = own.room
    values = np.full(len(mentee), NEVER)
    kept = np.flatnonzero(on_face(room, mentee, edge))
    mentor, floor = room.face.edge_mentor, room.aim.floor
    members = np.where(edge[kept] >= 0, mentor[edge[kept]], -1) if len(mentor) else edge[kept]
    score = scored(room, mentee[kept], members).score
    if floor is not None:
        score = np.where((edge[kept] >= 0).all(axis=1) & (score < floor), NEVER, score)
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
