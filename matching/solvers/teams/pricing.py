"""Pricing: the search for every team whose value less the prices of its members reaches a threshold.

The optimistic score of a team is a sum over its members. With the mentors of each mentee sorted by it, the next member
that can still reach the threshold lies in a run of that line: one binary search per unfinished team. What is found is
then scored exactly, so the answer is complete and exact whatever the team terms are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from matching.solvers.teams.aim import SCORE, Aim, Piece
from matching.solvers.teams.columns import B1, CHUNK, I8, LOWEST, Columns, Room, best_known, columns_of, joined, reduced

_MUST = 1 << 40
"""Added to an edge that must be used: teams without it fall below every threshold."""

_SPREAD = 1 << 45
"""Distance between mentees on one sorted line; larger than any value of an edge."""

MOST_TEAMS = 40_000_000
"""Teams that one search may look at; where more could reach the threshold, it is not answered by listing them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """The edges of every mentee in falling order of their worth.

    Attributes
    ----------
    edge, mentee, value
        ``int64`` (edges,): sorted by mentee and falling value.
    place
        ``int64`` (edges,): a rising number that a binary search finds the end of a run with.
    goal
        ``int64`` (mentees,): what the values of a team's members must add up to.
    """

    edge: I8
    mentee: I8
    value: I8
    place: I8
    goal: I8


def teams_above(room: Room, price: I8, threshold: I8, *, most: int = MOST_TEAMS) -> Columns | None:
    """Return every team that attains the levels and whose reduced value is at least its mentee's threshold.

    ``None`` where more than ``most`` teams could, by their optimistic scores, or where prices are beyond all scores.

    Parameters
    ----------
    price
        ``int64`` (persons,).
    threshold
        ``int64`` (mentees,).
    """
    found = [_empty_teams(room, threshold)]
    aim = room.aim
    lines = {piece: _line(room, price, threshold, piece) for piece in {*aim.full, *aim.partial}}
    if any(np.abs(line.value).max(initial=0) >= _SPREAD // 4 for line in lines.values()):
        return None  # prices so far from all scores that the sorted lines of two mentees could meet
    for size in range(1, room.n_seats + 1):
        pieces = aim.full if size == room.n_seats else aim.partial
        part = _teams_of_size(room, [lines[piece] for piece in pieces], price, threshold, size, most)
        if part is None:
            return None
        found.append(part)
    return joined(*found)


def teams_holding(room: Room, floor: int, *, most: int = MOST_TEAMS) -> Columns | None:
    """Return every team that attains the levels and has an empty seat or scores at least ``floor``, with its score.

    ``None`` where more than ``most`` teams could, by their optimistic scores.
    """
    # Teams with an empty seat count as much as the floor, so that one threshold lists them as well.
    asked = replace(room, aim=Aim(full=((1, 0),), partial=((0, floor),)))
    nothing = np.zeros(len(room.component.persons), dtype=np.int64)
    found = teams_above(asked, nothing, np.full(room.n_mentees, floor), most=most)
    return None if found is None else found.aimed(SCORE)


def upper_bound(room: Room, price: I8, best: I8) -> int:
    """Return Σ_i ``best`` + Σ_p price · load: no plan that attains the levels is worth more.

    Weak duality holds for any prices (Lagrange); ``best`` is the best reduced value over all teams of each mentee.
    """
    face = room.face
    return int(best.sum()) + int((price * np.where(price > 0, face.most_load, face.least_load)).sum())


def priced(room: Room, columns: Columns, price: I8, *, margin: int = 0) -> tuple[Columns, int] | None:
    """Return every team within ``margin`` of the best known of its mentee or better, and the bound of the prices.

    ``None`` where they are too many to be listed.
    """
    best = best_known(room, columns, price)
    found = teams_above(room, price, best - margin)
    if found is None:
        return None
    np.maximum.at(best, found.mentee, reduced(room, found, price))
    return found, upper_bound(room, price, best)


def _line(room: Room, price: I8, threshold: I8, piece: Piece) -> _Line:
    face = room.face
    slope, offset = piece
    value = slope * face.hope - price[face.edge_person] + np.where(face.is_must, _MUST, 0)
    place = face.edge_mentee * _SPREAD - value
    order = np.argsort(place, kind="stable")
    return _Line(
        edge=order,
        mentee=face.edge_mentee,  # the order of the mentees is that of the edges
        value=value[order],
        place=place[order],
        goal=np.maximum(threshold - offset, LOWEST) + _MUST * face.n_must,
    )


def _empty_teams(room: Room, threshold: I8) -> Columns:
    face = room.face
    rows = np.flatnonzero((face.least_size == 0) & (face.n_must == 0))
    empty = columns_of(room, rows, np.full((len(rows), room.n_seats), -1, dtype=np.int64))
    return empty.take(empty.value >= threshold[empty.mentee])


def _teams_of_size(room: Room, lines: list[_Line], price: I8, threshold: I8, size: int, most: int) -> Columns | None:
    face = room.face
    fits = (face.least_size <= size) & (size <= face.most_size)
    starts = [_begun(line, fits, size) for line in lines]
    counts = [int(_ends(face.first, line, start, size)[1].sum()) for line, start in zip(lines, starts, strict=True)]
    chosen, teams = lines[int(np.argmin(counts))], starts[int(np.argmin(counts))]
    for taken in range(1, size):
        if int(_ends(face.first, chosen, teams, size)[1].sum()) > most:
            return None
        if taken < size - 1:
            none = np.zeros((0, taken + 1), dtype=np.int64)
            teams = np.concatenate((none, *_extended(face.first, chosen, teams, size)))
    parts = [columns_of(room, np.zeros(0, dtype=np.int64), np.zeros((0, room.n_seats), dtype=np.int64))]
    for block in _extended(face.first, chosen, teams, size) if size > 1 else (teams,):
        edge = np.full((len(block), room.n_seats), -1, dtype=np.int64)
        edge[:, :size] = chosen.edge[block]
        found = columns_of(room, chosen.mentee[block[:, 0]], edge)
        parts.append(found.take(reduced(room, found, price) >= threshold[found.mentee]))
    return joined(*parts)


def _begun(line: _Line, fits: B1, size: int) -> I8:
    """Return the teams of one member that can still reach the goal, as positions, ``int64`` (teams, 1)."""
    can = fits[line.mentee] & (line.value >= -((-line.goal[line.mentee]) // size))
    return np.flatnonzero(can)[:, None]


def _ends(first: I8, line: _Line, teams: I8, size: int) -> tuple[I8, I8]:
    """Return the first possible next position of every unfinished team, and how many there are."""
    left = size - teams.shape[1]
    begin = teams[:, -1] + 1
    if left == 0:
        return begin, np.ones(len(teams), dtype=np.int64)
    mentee = line.mentee[teams[:, 0]]
    least = -((line.value[teams].sum(axis=1) - line.goal[mentee]) // left)
    end = np.searchsorted(line.place, mentee * _SPREAD - np.maximum(least, -_SPREAD // 2), side="right")
    return begin, np.maximum(0, np.minimum(end, first[mentee + 1]) - begin)


def _extended(first: I8, line: _Line, teams: I8, size: int) -> Iterator[I8]:
    """Yield the unfinished teams with one more member each, in blocks."""
    begin, counts = _ends(first, line, teams, size)
    total = np.cumsum(counts)
    start = 0
    while start < len(teams):
        stop = max(start + 1, int(np.searchsorted(total, (total[start - 1] if start else 0) + CHUNK, side="right")))
        own = counts[start:stop]
        which = np.repeat(np.arange(start, stop), own)
        step = np.arange(len(which)) - np.repeat(np.cumsum(own) - own, own)
        yield np.column_stack((teams[which], begin[which] + step))
        start = stop
