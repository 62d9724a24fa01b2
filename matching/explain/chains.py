"""Chains of replacements under team terms: who takes over from whom, with the exact score of every team on the way.

A *place* is one filled seat of the plan. Whoever loses a mentor from a place keeps the rest of the team and takes over
somebody else: a mentor with free load, or a mentor from another place, whose mentee goes on likewise. The gain of a
replacement is exact as long as a chain touches a mentee once; chains of few links are found for all places at once by
dynamic programming, and the plan of a chain is always checked as a whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.explain.team_tools import NEVER, TeamRoom, team_values
from matching.problem import I8

B1 = npt.NDArray[np.bool_]
LINKS = 8
"""Replacements in a chain beyond the pairing asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A plan before its teams take their seats.

    Attributes
    ----------
    members
        ``int64`` (mentees, seats): mentors in any order.
    rows
        Mentees whose team changes, in the order of cause.
    """

    members: I8
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chains:
    """Gains of all replacements in a plan.

    Attributes
    ----------
    place_row, place_seat, place_person
        ``int64`` (places,).
    gain
        ``int64`` (places, persons): change of the team's score when the person takes the place, NEVER where it may not.
    mentor
        ``int64`` (places, persons): the person's record that gains so.
    """

    place_row: I8
    place_seat: I8
    place_person: I8
    gain: I8
    mentor: I8

    def best_swap(self, own: TeamRoom, mentor: int) -> I8:
        """Return the best change of every mentee's score when the mentor replaces a member, ``int64`` (mentees,)."""
        worth = np.full(own.room.n_mentees, NEVER)
        person = int(own.room.component.person_of_mentor[mentor])
        np.maximum.at(worth, self.place_row, np.where(self.mentor[:, person] == mentor, self.gain[:, person], NEVER))
        return worth

    def distances(self, own: TeamRoom, price: I8, row: int, mentor: int) -> I8:
        """Return the loss, under prices, of the cheapest chain from a forced mentor to every person: (persons,).

        Chains start where the mentor serves now, and pass no place of the mentee itself.
        """
        start = int(own.room.component.person_of_mentor[mentor])
        is_open = self.place_row != row
        gain = self.gain[is_open] - price[None, :] + price[self.place_person[is_open]][:, None]
        loss = np.where(self.gain[is_open] > NEVER, np.maximum(0, -gain), -NEVER)
        distance = np.full(len(price), -NEVER)
        distance[start] = 0
        for _ in range(LINKS):
            through = (distance[self.place_person[is_open]][:, None] + loss).min(axis=0, initial=-NEVER)
            shorter = np.minimum(distance, through)
            if (shorter == distance).all():
                break
            distance = shorter
        return distance

    def best_draft(self, own: TeamRoom, searches: Sequence["Search"], mentor: int) -> Draft | None:
        """Return the best plan by a chain in which the mentee has the mentor; ``None`` where no chain holds."""
        best: Draft | None = None
        best_value = NEVER
        for search in searches:
            if search.total[mentor] <= max(best_value, NEVER // 2):
                continue
            for pairs in self._chains_of(search, mentor):
                draft = make_draft(own.members, pairs)
                value = value_of(own, draft)
                if value > best_value:
                    best, best_value = draft, value
                if value > NEVER:
                    break
        return best

    def search(self, own: TeamRoom, row: int, seat: int) -> "Search":
        """Search chains that end in a given member of the mentee giving way."""
        face, component = own.room.face, own.room.component
        leaver = int(own.members[row, seat])
        edges = np.arange(face.first[row], face.first[row + 1])
        teams = np.repeat(edges_of_plan(own)[row][None, :], len(edges), axis=0)
        teams[:, seat] = edges
        first = np.full(len(component.mentors), NEVER)
        values = team_values(own, np.full(len(edges), row), teams)
        first[face.edge_mentor[edges]] = np.where(values > NEVER, values - own.score[row], NEVER)
        first[own.members[row][own.members[row] >= 0]] = NEVER
        is_end = own.load < face.most_load
        if leaver >= 0:
            person = int(component.person_of_mentor[leaver])
            if own.load[person] <= face.least_load[person]:
                is_end = np.zeros(len(own.load), dtype=bool)
            is_end[person] = True
        is_open = self.place_row != row
        gain = np.where(is_open[:, None], self.gain, NEVER)
        last = np.where(is_end[None, :], gain, NEVER)
        by_end = last.argmax(axis=1) if last.shape[1] else np.zeros(len(last), dtype=np.int64)
        reach = last.max(axis=1, initial=NEVER)
        hand_over = gain[:, self.place_person]
        layers = [reach]
        pointers: list[I8] = []
        for _ in range(LINKS - 1):
            through = hand_over + np.where(is_open, layers[-1], NEVER)[None, :]
            pointer = through.argmax(axis=1) if through.shape[1] else np.zeros(len(last), dtype=np.int64)
            value = through.max(axis=1, initial=NEVER)
            is_better = value > layers[-1]
            pointers.append(np.where(is_better, pointer, -1))
            layers.append(np.maximum(layers[-1], value))
            if not is_better.any():
                break
        by_person = np.full(len(own.load), NEVER)
        np.maximum.at(by_person, self.place_person[is_open], layers[-1][is_open])
        by_person[is_end] = np.maximum(by_person[is_end], 0)
        total = np.maximum(NEVER, first + by_person[component.person_of_mentor])
        return Search(row=row, leaver=leaver, first=first, is_end=is_end, by_end=by_end, layers=tuple(layers),
                       pointers=tuple(pointers), is_open=is_open, total=total,
                       person_of_mentor=component.person_of_mentor)  # fmt: skip

    def _chains_of(self, search: "Search", mentor: int) -> Iterator[list[tuple[int, int, bool]]]:
        """Yield chains as pairs that come (true) and go, the most promising first."""
        start = [(search.row, mentor, True)]
        if search.leaver >= 0:
            start.append((search.row, search.leaver, False))
        person = int(search.person_of_mentor[mentor])
        if search.is_end[person]:
            yield start
        places = np.flatnonzero(search.is_open & (self.place_person == person))
        for depth in range(len(search.layers) - 1, -1, -1):
            for place in places[np.argsort(-search.layers[depth][places], kind="stable")].tolist():
                links = self._links(search, place, depth) if search.layers[depth][place] > NEVER // 2 else None
                if links is not None:
                    yield start + links

    def _links(self, search: "Search", place: int, depth: int) -> list[tuple[int, int, bool]] | None:
        """Return the links from a place on; ``None`` for a chain that comes back to a place."""
        pairs: list[tuple[int, int, bool]] = []
        seen: set[int] = set()
        while place not in seen:
            seen.add(place)
            row = int(self.place_row[place])
            pairs.append((row, -1 - int(self.place_seat[place]), False))
            while depth > 0 and search.pointers[depth - 1][place] < 0:
                depth -= 1
            if depth == 0:
                pairs.append((row, int(self.mentor[place, search.by_end[place]]), True))
                return pairs
            following = int(search.pointers[depth - 1][place])
            pairs.append((row, int(self.mentor[place, self.place_person[following]]), True))
            place, depth = following, depth - 1
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Chains from every place to somebody with free load, or to the member who gives way.

    Attributes
    ----------
    first
        ``int64`` (mentors,): change of the mentee's score with the mentor in the leaver's stead.
    total
        ``int64`` (mentors,): that and what the best chain adds.
    layers
        ``int64`` (places,) per number of links: best total gain.
    pointers
        Per further link the place that hands over, -1 for the chain of one link fewer.
    """

    row: int
    leaver: int
    first: I8
    is_end: B1
    by_end: I8
    layers: tuple[I8, ...]
    pointers: tuple[I8, ...]
    is_open: B1
    total: I8
    person_of_mentor: I8


def chains_of(own: TeamRoom) -> Chains:
    """Return the gains of all replacements in a plan."""
    face, component = own.room.face, own.room.component
    row, seat = np.nonzero(own.members >= 0)
    counts = face.first[row + 1] - face.first[row]
    place = np.repeat(np.arange(len(row)), counts)
    edge = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts) + face.first[row][place]
    teams = edges_of_plan(own)[row[place]]
    teams[np.arange(len(place)), seat[place]] = edge
    values = team_values(own, row[place], teams)
    gained = np.where(values > NEVER, values - own.score[row[place]], NEVER)
    shape = (len(row), len(component.persons))
    gain, mentor = np.full(shape, NEVER), np.full(shape, -1, dtype=np.int64)
    order = np.argsort(gained, kind="stable")
    at = (place[order], face.edge_person[edge[order]])
    gain[at], mentor[at] = gained[order], face.edge_mentor[edge[order]]  # the best record of a person comes last
    return Chains(
        place_row=row,
        place_seat=seat,
        place_person=component.person_of_mentor[own.members[row, seat]] if len(row) else row,
        gain=gain,
        mentor=mentor,
    )


def edges_of_plan(own: TeamRoom) -> I8:
    """Return the plan as edges of the face, ``int64`` (mentees, seats), -1 for an empty seat."""
    rows = np.arange(len(own.members))[:, None]
    edges: I8 = np.where(own.members >= 0, own.edge_of_pair[rows, own.members], -1)
    return edges


def make_draft(members: I8, pairs: Sequence[tuple[int, int, bool]]) -> Draft:
    """Return the plan after pairs have come and gone; a mentor below 0 stands for the seat ``-1 - mentor``."""
    members = members.copy()
    rows: list[int] = []
    for row, mentor, is_ahead in pairs:
        rows.append(row)
        if not is_ahead:
            seat = -1 - mentor if mentor < 0 else int(np.flatnonzero(members[row] == mentor)[0])
            members[row, seat] = -1
    for row, mentor, is_ahead in pairs:
        if is_ahead:
            members[row, int(np.flatnonzero(members[row] < 0)[0])] = mentor
    return Draft(members=members, rows=tuple(dict.fromkeys(rows)))


def value_of(own: TeamRoom, draft: Draft) -> np.int64:
    """Return the change of the score, NEVER for a plan that does not attain the integer levels."""
    rows, face = np.array(draft.rows), own.room.face
    load = own.load.copy()
    persons = own.room.component.person_of_mentor
    for members, sign in ((own.members[rows], -1), (draft.members[rows], 1)):
        np.add.at(load, persons[members[members >= 0]], sign)
    if (load < face.least_load).any() or (load > face.most_load).any():
        return NEVER
    members = draft.members[rows]
    edges = np.where(members >= 0, own.edge_of_pair[rows[:, None], members], -1)
    if ((edges < 0) & (members >= 0)).any():
        return NEVER
    values = team_values(own, rows, edges)
    return NEVER if (values == NEVER).any() else np.int64(values.sum() - own.score[rows].sum())
