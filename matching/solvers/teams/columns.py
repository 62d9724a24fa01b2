"""Teams as columns: the facts of one component while its teams are chosen, exact scores, and seating."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matching.problem import Component, ProblemData
from matching.solvers.teams.aim import SCORE, Aim
from matching.solvers.teams.face import PairFlags, TeamFace
from matching.teams import TERMS, TeamArrays, TermList, team_scores, teams_of

I8 = npt.NDArray[np.int64]
B1 = npt.NDArray[np.bool_]
CHUNK = 1_000_000
"""Teams scored at once, so that temporary arrays stay below a few hundred MiB."""

LOWEST = -(1 << 60)
"""Below any value; still far from overflow when values are added to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One component while its teams are chosen: the facts every step reads.

    Attributes
    ----------
    flags
        Pins and links of the published roster per seat.
    aim
        What a team counts.
    """

    component: Component
    arrays: TeamArrays
    terms: TermList
    flags: PairFlags
    face: TeamFace
    aim: Aim = SCORE

    @property
    def n_mentees(self) -> int:
        """Mentees of the component."""
        return len(self.component.mentees)

    @property
    def n_seats(self) -> int:
        """Seats per mentee, k."""
        return self.component.n_seats

    @property
    def n_mentors(self) -> int:
        """Mentors of the component."""
        return len(self.component.mentors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Teams with their exact scores.

    Attributes
    ----------
    mentee, score
        ``int64`` (columns,).
    value
        ``int64`` (columns,): what the team counts under the aim of the room.
    members
        ``int64`` (columns, seats): mentors in falling order, -1 for none.
    """

    mentee: I8
    members: I8
    score: I8
    value: I8

    def take(self, index: I8 | B1) -> "Columns":
        """Return some of the columns."""
        return Columns(
            mentee=self.mentee[index], members=self.members[index], score=self.score[index], value=self.value[index]
        )

    def keys(self, n_mentors: int) -> npt.NDArray[np.generic]:
        """Return a key per column, equal exactly for equal teams, in the order of mentees and members."""
        n_seats = self.members.shape[1]
        width = n_mentors + 1
        if (int(self.mentee.max(initial=0)) + 1) * width**n_seats < 2**63:
            keys = self.mentee.copy()
            for seat in range(n_seats):
                keys = keys * width + self.members[:, seat] + 1
            return keys
        rows = np.column_stack((self.mentee, self.members + 1)).astype(">i8")  # big-endian bytes sort like numbers
        return np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1] * 8)))[:, 0]

    def aimed(self, aim: Aim) -> "Columns":
        """Return the columns with their values under another aim."""
        return replace(self, value=aim.value(self.score, is_full(self.members)))


def is_full(members: I8) -> B1:
    """Whether teams have no empty seat."""
    return np.asarray((members >= 0).all(axis=1), dtype=bool)


def joined(*parts: Columns) -> Columns:
    """Return all columns of the parts."""
    return Columns(
        mentee=np.concatenate([part.mentee for part in parts]),
        members=np.concatenate([part.members for part in parts]),
        score=np.concatenate([part.score for part in parts]),
        value=np.concatenate([part.value for part in parts]),
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
    if not by_seat and not weighs:
        return members
    best, best_worth = members, np.full(len(mentee), -np.inf)
    for order in itertools.permutations(range(members.shape[1])):
        turned = members[:, order]
        worth = np.zeros(len(mentee))
        teams = teams_of(room.arrays, mentee, turned, needs_coverage=False)
        for function, params in by_seat:
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
    for start in range(0, len(mentee), CHUNK):
        part = slice(start, start + CHUNK)
        seats = seated(room, mentee[part], members[part])
        scores[part] = team_scores(room.arrays, room.terms, mentee[part], seats)
    ordered = -np.sort(-members, axis=1)
    return Columns(mentee=mentee, members=ordered, score=scores, value=room.aim.value(scores, is_full(members)))


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
    """Return the teams, given as edges, that attain all integer levels and hold the floor, with their scores."""
    kept = on_face(room, mentee, edge)
    mentee, edge = mentee[kept], edge[kept]
    face, floor = room.face, room.aim.floor
    members = np.where(edge >= 0, face.edge_mentor[edge], -1) if len(face.edge_mentor) else np.full_like(edge, -1)
    if floor is None:
        return scored(room, mentee, members)
    full = is_full(edge)
    hopeful = np.where(edge >= 0, face.hope[edge], 0).sum(axis=1) if len(face.hope) else np.zeros(len(edge))
    kept = ~full | (hopeful >= floor)
    found = scored(room, mentee[kept], members[kept])
    return found.take(~full[kept] | (found.score >= floor))


def reduced(room: Room, columns: Columns, price: I8) -> I8:
    """Return the value of every column less the prices of its members."""
    with_nobody = np.append(price[room.component.person_of_mentor], 0)
    paid: I8 = columns.value - with_nobody[columns.members].sum(axis=1)
    return paid


def best_known(room: Room, columns: Columns, price: I8) -> I8:
    """Return the best reduced value of every mentee's columns, ``int64`` (mentees,); LOWEST without any."""
    best = np.full(room.n_mentees, LOWEST)
    np.maximum.at(best, columns.mentee, reduced(room, columns, price))
    return best


def make_room(component: Component, problem: ProblemData, face: TeamFace, flags: PairFlags) -> Room:
    """Return the room of one component."""
    assert component.teams is not None, "the problem was built for a separable policy"
    return Room(component=component, arrays=component.teams, terms=problem.team_terms, flags=flags, face=face)


def edges_of(room: Room, members: I8) -> I8:
    """Return the edges of a plan given by mentors, ``int64`` (mentees, seats), -1 for none."""
    n, face = room.n_mentees, room.face
    table = np.full((n, room.n_mentors), -1, dtype=np.int64)
    table[face.edge_mentee, face.edge_mentor] = np.arange(len(face.edge_mentor))
    edges: I8 = np.where(members >= 0, table[np.arange(n)[:, None], members], -1)
    return edges
