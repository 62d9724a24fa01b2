"""Max-min fairness: the largest t such that every team without an empty seat can score t (domain 4.4, level 5).

For a fixed t only the teams at or above t count, and the question is whether every mentee can get one of them. The
linear program over these teams says no with a proof, or gives shares that a dive rounds to a plan; where the dive ends
without one, CP-SAT decides the rest, and for few teams the whole question. Bisection over the scores that occur finds
the largest t. Components meet only in the scalar t: a component is asked up to the least t of those before it, in
batches that double, so that most of them answer one question.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from ortools.sat.python import cp_model

from matching.criteria import SCORE_UNIT
from matching.solvers.teams.aim import SCORE
from matching.solvers.teams.close import SIZE, add_loads, persons_of, solver_of
from matching.solvers.teams.columns import B1, I8, Columns, Room, best_known, is_full, joined, scored
from matching.solvers.teams.fraction import Menu, Shares, compatible, dive, menu_of, promising, share_out
from matching.solvers.teams.pricing import teams_above, teams_holding
from matching.solvers.teams.steps import OnValue, Run

HIGHEST = 200 * SCORE_UNIT
"""Above any team score: a plan without any full team holds every floor."""

WINDOW = 5 * SCORE_UNIT
"""Scores below the ceiling that are looked at first; doubled while no floor in the window can be held."""

MOST_TEAMS = 20_000_000
"""Teams that one listing may look at."""

WIDTH = 12
"""Teams of every mentee that the first linear program starts from."""

FEW_COLUMNS, MOST_COLUMNS = 3_000, 40_000
"""Teams up to which CP-SAT decides a whole question, in the first and in the second attempt."""

EFFORTS = (0.5, 3.0)
"""Deterministic time of one decision by CP-SAT for SIZE mentees, in the first and in the second attempt."""

MOST_ASKED = 12
"""Floors of one component that are searched for after the linear program."""

_NEVER = 1 << 50
"""Threshold that no team reaches: mentees who are not asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The best floor of a component.

    Attributes
    ----------
    value
        Every team of ``members`` without an empty seat scores at least this; at most the ceiling.
    bound
        No plan that attains the integer levels has a higher least score; the ceiling where that is attained.
    members
        ``int64`` (mentees, seats): the plan, in any order of seats.
    """

    value: int
    bound: int
    members: I8


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """The highest floor that all components hold.

    Attributes
    ----------
    value, bound
        ``value`` is ``None`` where no plan has a full team, so that nothing needs a floor.
    members
        Per component ``int64`` (mentees, seats): a plan that holds it.
    """

    value: int | None
    bound: int
    members: list[I8]


def common_floor(run: Run, n_components: int, *, seed: int, on_value: OnValue | None = None) -> Common:
    """Return the highest floor that all components hold, asking them in batches that double."""
    floors: list[Floor] = []
    ceiling, start = HIGHEST, 0
    while start < n_components:
        batch = range(start, min(n_components, 2 * start + 2))
        floors += run(highest_floor, [(index, (None, ceiling, seed, 0)) for index in batch])
        ceiling = min(ceiling, *(floors[index].bound for index in batch))
        start = batch.stop
    for attempt in range(1, len(EFFORTS)):
        if on_value is not None and ceiling < HIGHEST:
            on_value(min(floor.value for floor in floors), ceiling)
        behind = [index for index, floor in enumerate(floors) if floor.value < ceiling]
        again = run(highest_floor, [(index, (floors[index].members, ceiling, seed, attempt)) for index in behind])
        for index, floor in zip(behind, again, strict=True):
            floors[index] = floor
        ceiling = min([ceiling] + [floor.bound for floor in again])
    value = min((floor.value for floor in floors), default=HIGHEST)
    if on_value is not None and value < HIGHEST:
        on_value(min(value, ceiling), ceiling)
    return Common(
        value=min(value, ceiling) if value < HIGHEST else None,
        bound=ceiling,
        members=[floor.members for floor in floors],
    )


def highest_floor(room: Room, members: I8 | None, ceiling: int, seed: int, attempt: int) -> Floor:
    """Return the highest floor up to ``ceiling`` that a plan of the component can hold.

    Parameters
    ----------
    members
        ``int64`` (mentees, seats): what an earlier attempt found; ``None`` in the first one.
    ceiling
        Higher floors are of no use, because another component cannot hold them.
    attempt
        Index of the effort.
    """
    members = room.face.start if members is None else members
    if not len(room.face.edge_mentor):
        return Floor(value=ceiling, bound=ceiling, members=members)
    plan = scored(replace(room, aim=SCORE), np.arange(room.n_mentees), members)
    found = _Search(plan=plan, value=min(ceiling, _least(plan)), proved=min(ceiling, _highest_alone(room)))
    window, high = WINDOW, found.proved
    while found.value < high:
        low = max(high - window, found.value)
        menu = _listed(room, low)
        if menu is None:
            break
        found, is_answered = _search(room, menu, low, high, found, seed=seed, attempt=attempt)
        if is_answered or low == found.value:
            break
        high, window = low - 1, 2 * window
    return Floor(value=found.value, bound=max(found.value, found.proved), members=found.plan.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    plan: Columns
    value: int
    proved: int


def _least(plan: Columns) -> int:
    return int(plan.score[is_full(plan.members)].min(initial=HIGHEST))


def _highest_alone(room: Room) -> int:
    """Return the least, over the mentees whose teams must be full, of the best full team that each could have alone."""
    asked, face = replace(room, aim=SCORE), room.face
    nothing = np.zeros(len(room.component.persons), dtype=np.int64)
    must = face.least_size == room.n_seats
    if not must.any():
        return HIGHEST
    own = np.full(room.n_mentees, _NEVER)
    own[must] = 0
    start = scored(asked, np.arange(room.n_mentees), face.start)
    own[must] = np.maximum(0, start.score[must])
    found = teams_above(asked, nothing, own)
    if found is None:
        return HIGHEST
    best = best_known(asked, joined(found, start), nothing)
    return int(best[must].min())


def _listed(room: Room, low: int) -> Menu | None:
    """Return all full teams that score ``low`` and all others; ``None`` where they are too many."""
    found = teams_holding(room, low, most=MOST_TEAMS)
    return None if found is None else menu_of(room, found)


def _search(
    room: Room, menu: Menu, low: int, high: int, found: _Search, *, seed: int, attempt: int
) -> tuple[_Search, bool]:
    """Look for the highest floor from ``low`` to ``high``; whether one was found."""
    scores = np.where(is_full(menu.columns.members), menu.columns.score, HIGHEST)
    # Between two scores that occur, a floor is as hard as the higher one.
    levels = np.unique(np.append(scores[(scores >= low) & (scores > found.value) & (scores < high)], high))
    asked = _Asked(room=room, menu=menu, scores=scores, levels=levels, seed=seed, attempt=attempt)
    possible, refuted = asked.highest_possible()
    plan, held, excluded, ask = found.plan, -1, possible + 1, possible
    for _ in range(MOST_ASKED):
        if excluded - held <= 1:
            break
        answer = asked.plan_at(ask)
        if isinstance(answer, Columns):
            plan, held = answer, max(ask, int(np.searchsorted(levels, _least(answer), side="right")) - 1)
        else:
            excluded = ask
            refuted = ask if answer else refuted
        ask = (held + excluded) // 2
    proved = found.proved
    if refuted == 0:
        proved = found.value if low == found.value else low - 1
    elif refuted < len(levels):
        proved = int(levels[refuted - 1])
    value = int(levels[held]) if held >= 0 else found.value
    return _Search(plan=plan, value=value, proved=proved), held >= 0


@dataclass(slots=True, kw_only=True)
class _Asked:
    """Questions about the floors of one component; the active teams stay from one question to the next.

    Attributes
    ----------
    scores
        ``int64`` (columns,): HIGHEST for a team with an empty seat, which no floor excludes.
    levels
        ``int64`` (levels,): rising floors.
    """

    room: Room
    menu: Menu
    scores: I8
    levels: I8
    seed: int
    attempt: int
    active: I8 = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    known: dict[int, Shares] = field(default_factory=dict)

    def shares(self, level: int) -> Shares:
        """Return the answer of the linear program about one floor."""
        if level not in self.known:
            is_open = self.is_open(level)
            if not len(self.active):
                self.active = promising(self.room, self.menu, is_open, WIDTH)
            self.known[level] = share_out(self.room, self.menu, is_open, self.active)
            self.active = np.union1d(self.active, self.known[level].active)
        return self.known[level]

    def is_open(self, level: int) -> B1:
        """Whether columns count at a floor."""
        return np.asarray(self.scores >= self.levels[level], dtype=bool)

    def highest_possible(self) -> tuple[int, int]:
        """Return the highest floor that is possible in shares, -1 for none, and the lowest that is refuted."""
        possible, excluded, refuted = -1, len(self.levels), len(self.levels)
        ask = excluded - 1
        while excluded - possible > 1:
            is_possible = self.shares(ask).is_possible
            if is_possible:
                possible = ask
            else:
                excluded = ask
                refuted = ask if is_possible is False else refuted
            ask = (possible + excluded) // 2
        return possible, refuted

    def plan_at(self, level: int) -> Columns | bool:
        """Return a plan that holds a floor, True when none exists, False when the question stays open."""
        shares = self.shares(level)
        if not shares.is_possible:
            return shares.is_possible is False
        is_open = self.is_open(level)
        dived = dive(self.room, self.menu, is_open, shares)
        if dived.plan is not None:
            return self.menu.columns.take(dived.plan)
        every = np.flatnonzero(is_open)
        if len(every) > (FEW_COLUMNS, MOST_COLUMNS)[self.attempt]:
            for stop in dived.stops[::-2]:
                rest = is_open & compatible(self.room, self.menu, stop)
                plan = self.decided(np.union1d(stop, np.flatnonzero(rest)))
                if isinstance(plan, Columns):
                    return plan
            plan = self.decided(shares.active)
            return plan if isinstance(plan, Columns) else False
        return self.decided(every)

    def decided(self, index: I8) -> Columns | bool:
        """Decide by CP-SAT whether some columns contain a plan; see ``plan_at``."""
        if len(index) > MOST_COLUMNS:
            return False
        room, columns = self.room, self.menu.columns.take(index)
        model = cp_model.CpModel()
        uses = [model.new_bool_var("") for _ in index.tolist()]
        first = np.searchsorted(columns.mentee, np.arange(room.n_mentees + 1)).tolist()
        for row in range(room.n_mentees):
            model.add_exactly_one(uses[first[row] : first[row + 1]])
        add_loads(model, persons_of(room, columns.members), uses, room.face.least_load, room.face.most_load)
        solver = solver_of(self.seed, EFFORTS[self.attempt] * max(1.0, room.n_mentees / SIZE))
        solver.parameters.linearization_level = 2
        status = solver.solve(model)
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return columns.take(np.flatnonzero([solver.boolean_value(use) for use in uses]))
        return bool(status == cp_model.INFEASIBLE)
