"""Teams of two as columns: seating, exact scores, and the search for every team worth at least a threshold."""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.problem import Component, ProblemData
from matching.solvers.teams.face import PairFlags, TeamFace
from matching.teams import TERMS, TeamArrays, TermList, team_scores, teams_of

I8 = npt.NDArray[np.int64]
B1 = npt.NDArray[np.bool_]
_CHUNK = 2_000_000
"""Teams scored at once, so that temporary arrays stay below a few hundred MiB."""

_MUST = 1 << 40
"""Added to an edge that must be used: teams without it fall below every threshold."""

_SPREAD = 1 << 44
"""Distance between mentees on one sorted line; larger than any sum of values within a mentee."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One component while its teams are chosen: the facts every step reads.

    Attributes
    ----------
    flags
        Pins and links of the published roster per seat.
    floor
        Least score of a team without an empty seat, in units of 10⁻⁴ points (max-min fairness); ``None`` for none.
    """

    component: Component
    arrays: TeamArrays
    terms: TermList
    flags: PairFlags
    face: TeamFace
    floor: int | None = None

    @property
    def n_mentees(self) -> int:
        """Mentees of the component."""
        return len(self.component.mentees)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Teams with their exact scores.

    Attributes
    ----------
    mentee, score
        ``int64`` (columns,).
    members
        ``int64`` (columns, seats): mentors in any order, -1 for none, always last.
    """

    mentee: I8
    members: I8
    score: I8

    def take(self, index: I8 | B1) -> "Columns":
        """Return some of the columns."""
        return Columns(mentee=self.mentee[index], members=self.members[index], score=self.score[index])

    def keys(self, n_mentors: int) -> I8:
        """Return a number per column, equal exactly for equal teams."""
        low, high = self.members.min(axis=1) + 1, self.members.max(axis=1) + 1
        keys: I8 = (self.mentee * (n_mentors + 1) + low) * (n_mentors + 1) + high
        return keys


def joined(*parts: Columns) -> Columns:
    """Return all columns of the parts."""
    return Columns(
        mentee=np.concatenate([part.mentee for part in parts]),
        members=np.concatenate([part.members for part in parts]),
        score=np.concatenate([part.score for part in parts]),
    )


def unique(columns: Columns, n_mentors: int) -> Columns:
    """Return every team once, sorted by mentee and members."""
    _, index = np.unique(columns.keys(n_mentors), return_index=True)
    return columns.take(index)


def seated(room: Room, mentee: I8, members: I8) -> I8:
    """Return the members in the best seats: most pins, then most published links, then most points of the seats."""
    by_seat = [(TERMS[name].function, dict(params)) for name, params in room.terms if TERMS[name].by_seat]
    flags = room.flags
    weighs = [(table, weight) for table, weight in ((flags.is_pinned, 1e12), (flags.is_published, 1e6)) if table.any()]
    best, best_worth = members, np.full(len(mentee), -np.inf)
    for order in itertools.permutations(range(members.shape[1])):
        turned = members[:, order]
        worth = np.zeros(len(mentee))
        teams = teams_of(room.arrays, mentee, turned) if by_seat else None
        for function, params in by_seat:
            assert teams is not None
            worth += function(teams, params)
        for seat in range(members.shape[1]):
            for table, weight in weighs:
                member = turned[:, seat]
                worth += weight * (table[mentee, seat, member] & (member >= 0))
        is_better = worth > best_worth + 1e-9
        best = np.where(is_better[:, None], turned, best)
        best_worth = np.maximum(best_worth, worth)
    return best


def scored(room: Room, mentee: I8, members: I8) -> Columns:
    """Return the given teams with the exact scores of their best seating."""
    scores = np.empty(len(mentee), dtype=np.int64)
    for start in range(0, len(mentee), _CHUNK):
        part = slice(start, start + _CHUNK)
        seats = seated(room, mentee[part], members[part])
        scores[part] = team_scores(room.arrays, room.terms, mentee[part], seats)
    return Columns(mentee=mentee, members=members, score=scores)


def on_face(room: Room, mentee: I8, edge: I8) -> B1:
    """Whether teams, given as edges of the face (-1 for none), attain all integer levels."""
    face, arrays = room.face, room.arrays
    is_used = edge >= 0
    mentor = np.where(is_used, face.edge_mentor[edge], -1) if len(face.edge_mentor) else np.full(edge.shape, -1)
    person = np.where(is_used, room.component.person_of_mentor[mentor], -1)
    size = is_used.sum(axis=1)
    row = mentee[:, None]
    away = (arrays.is_away[row, mentor] & is_used).sum(axis=1)
    of_village = (arrays.is_of_village[row, mentor] & is_used).sum(axis=1)
    n_must = (face.is_must[edge] & is_used).sum(axis=1) if len(face.is_must) else np.zeros(len(mentee), dtype=np.int64)
    ranked = np.sort(person, axis=1)
    is_twice = ((ranked[:, 1:] == ranked[:, :-1]) & (ranked[:, 1:] >= 0)).any(axis=1)
    return np.asarray(
        (face.least_size[mentee] <= size)
        & (size <= face.most_size[mentee])
        & (face.least_away[mentee] <= away)
        & (away <= face.most_away[mentee])
        & (face.least_of_village[mentee] <= of_village)
        & (of_village <= face.most_of_village[mentee])
        & (n_must == face.n_must[mentee])
        & ~is_twice,
        dtype=bool,
    )


def columns_of(room: Room, mentee: I8, edge: I8) -> Columns:
    """Return the teams, given as edges, that attain all integer levels, with their scores."""
    kept = on_face(room, mentee, edge)
    mentee, edge = mentee[kept], edge[kept]
    mentor = room.face.edge_mentor
    members = np.where(edge >= 0, mentor[edge], -1) if len(mentor) else np.full(edge.shape, -1, dtype=np.int64)
    if room.floor is None:
        return scored(room, mentee, members)
    is_full: B1 = np.asarray((edge >= 0).all(axis=1), dtype=bool)
    hopeful = np.where(edge >= 0, room.face.worth[edge], 0).sum(axis=1) if len(mentor) else np.zeros(0)
    kept = ~is_full | (hopeful >= room.floor)
    found = scored(room, mentee[kept], members[kept])
    return found.take(~is_full[kept] | (found.score >= room.floor))


def reduced(room: Room, columns: Columns, price: I8) -> I8:
    """Return the score of every column less the prices of its members."""
    person = room.component.person_of_mentor[columns.members] if len(room.component.mentors) else columns.members
    paid: I8 = columns.score - np.where(columns.members >= 0, price[person], 0).sum(axis=1)
    return paid


def teams_above(room: Room, price: I8, threshold: I8, worth: I8 | None = None) -> Columns:
    """Return every team that attains the levels and whose optimistic reduced score reaches the mentee's threshold.

    The optimistic worth of a pair is a sum over its members, so after sorting each mentee's mentors by it, the
    partners that a mentor can reach the threshold with are a run of the line: one binary search per edge.

    Parameters
    ----------
    price
        ``int64`` (persons,).
    threshold
        ``int64`` (mentees,).
    worth
        ``int64`` (edges,): another optimistic worth than that of the score.
    """
    value = (room.face.worth if worth is None else worth) - price[room.face.edge_person]
    pairs = pairs_above(room, value, threshold, most=np.iinfo(np.int64).max)
    assert pairs is not None, "there is no limit on the pairs"
    return joined(pairs, rest_above(room, value, threshold))


def pairs_above(room: Room, value: I8, threshold: I8, *, most: int) -> Columns | None:
    """Return the teams of two that attain the levels and whose members' values sum to the threshold or more.

    ``None`` where the values admit more than ``most`` pairs.
    """
    face = room.face
    value = value + np.where(face.is_must, _MUST, 0)
    goal = threshold + _MUST * face.n_must
    order = np.lexsort((-value, face.edge_mentee))
    ranked, mentee = value[order], face.edge_mentee[order]
    line = mentee * _SPREAD - ranked
    end = np.searchsorted(line, mentee * _SPREAD - (goal[mentee] - ranked), side="right")
    end = np.minimum(end, face.first[mentee + 1])
    begin = np.arange(len(order)) + 1
    n_partners = np.where(face.most_size[mentee] >= 2, np.maximum(0, end - begin), 0)
    if n_partners.sum() > most:
        return None
    one = np.repeat(np.arange(len(order)), n_partners)
    other = np.arange(len(one)) - np.repeat(np.cumsum(n_partners) - n_partners, n_partners) + one + 1
    return columns_of(room, mentee[one], np.stack((order[one], order[other]), axis=1))


def rest_above(room: Room, value: I8, threshold: I8) -> Columns:
    """Return the teams of one, and the empty ones, that attain the levels and reach the threshold."""
    face = room.face
    value = value + np.where(face.is_must, _MUST, 0)
    goal = threshold + _MUST * face.n_must
    alone = np.flatnonzero((face.least_size[face.edge_mentee] <= 1) & (value >= goal[face.edge_mentee]))
    single = columns_of(room, face.edge_mentee[alone], np.stack((alone, np.full(len(alone), -1)), axis=1))
    empty = np.flatnonzero((face.least_size == 0) & (face.n_must == 0) & (threshold <= 0))
    return joined(single, columns_of(room, empty, np.full((len(empty), 2), -1, dtype=np.int64)))


def upper_bound(room: Room, columns: Columns, price: I8) -> int:
    """Return Σ_i max reduced score + Σ_p price · load: no plan that attains the levels scores more.

    Weak duality holds for any prices (Lagrange); ``columns`` must hold the best team of every mentee.
    """
    best = np.full(room.n_mentees, np.iinfo(np.int64).min)
    np.maximum.at(best, columns.mentee, reduced(room, columns, price))
    face = room.face
    return int(best.sum()) + int((price * np.where(price > 0, face.most_load, face.least_load)).sum())


def make_room(component: Component, problem: ProblemData, face: TeamFace, flags: PairFlags) -> Room:
    """Return the room of one component."""
    assert component.teams is not None, "the problem was built for a separable policy"
    return Room(component=component, arrays=component.teams, terms=problem.team_terms, flags=flags, face=face)
