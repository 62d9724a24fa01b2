"""The worst tenth over few teams: exact for both levels, by branching over t, the m-th least score.

For t in an interval (a, b) W is at most m·b plus what the teams below a lack of b (see ``worst``), which CP-SAT
maximises over all components at once; where a = b that is W itself. Intervals that cannot beat the best plan are
dropped, others are halved. Then the same with Σ score as the goal and W held.
"""

import heapq
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from matching.errors import SolverFailedError
from matching.solution import worst_sum
from matching.solvers.teams.close import add_loads, persons_of, solver_of
from matching.solvers.teams.columns import I8, LOWEST, Columns, Room, joined, scored, unique
from matching.solvers.teams.pricing import teams_above

FEW_TEAMS = 1_500
"""Teams of all components up to which one model decides them together."""

EFFORT, MOST_ASKED = 0.5, 60
"""Deterministic time of CP-SAT per interval, and intervals per level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FewTeams:
    """All teams of a component that attain the integer levels, and what a model needs of the rest.

    Attributes
    ----------
    person
        ``int64`` (columns, seats): persons, -1 for nobody.
    start
        ``int64`` (mentees,): the columns of one plan.
    least_load, most_load
        ``int64`` (persons,).
    """

    columns: Columns
    person: I8
    start: I8
    least_load: I8
    most_load: I8


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """The plan of all components, ``int64`` (mentees, seats) each, and the bounds of W and Σ score."""

    members: list[I8]
    worst_bound: int
    score_bound: int


def few_teams(room: Room) -> FewTeams | None:
    """Return all teams of a component, ``None`` where they are more than a model may hold."""
    face, component = room.face, room.component
    plan = scored(room, np.arange(room.n_mentees), face.start)
    columns = plan
    if len(face.edge_mentor):
        nothing = np.zeros(len(component.persons), dtype=np.int64)
        every = teams_above(room, nothing, np.full(room.n_mentees, LOWEST), most=FEW_TEAMS)
        if every is None:
            return None
        columns = joined(plan, every)
    columns = unique(columns, room.n_mentors)
    start = np.flatnonzero(np.isin(columns.keys(room.n_mentors), plan.keys(room.n_mentors)))
    return FewTeams(
        columns=columns,
        person=persons_of(room, columns.members),
        start=start,
        least_load=face.least_load,
        most_load=face.most_load,
    )


def decided(_room: Room, parts: Sequence[FewTeams | None], m: int, seed: int) -> Together | None:
    """Decide as a step, so that it can be cut like any other."""
    return decide_together(parts, m, seed=seed)


def decide_together(parts: Sequence[FewTeams | None], m: int, *, seed: int) -> Together | None:
    """Return the best plan of all components with its bounds; ``None`` where the teams are not few."""
    few = [part for part in parts if part is not None]
    if len(few) < len(parts) or sum(len(part.columns.score) for part in few) > FEW_TEAMS:
        return None
    asked = _Asked(parts=few, score=np.concatenate([part.columns.score for part in few]), m=m, seed=seed)
    starts = np.cumsum([0, *(len(part.columns.score) for part in few)])
    plan = np.concatenate([first + part.start for first, part in zip(starts.tolist(), few, strict=False)])
    plan, worst_bound = asked.best(plan, None)
    plan, score_bound = asked.best(plan, worst_sum(asked.score[plan], m))
    members = [
        part.columns.members[plan[(plan >= first) & (plan < last)] - first]
        for part, (first, last) in zip(few, itertools.pairwise(starts.tolist()), strict=True)
    ]
    return Together(members=members, worst_bound=worst_bound, score_bound=score_bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One question: all teams of all components behind each other, sorted by mentee within a component.

    Attributes
    ----------
    score
        ``int64`` (columns,).
    """

    parts: list[FewTeams]
    score: I8
    m: int
    seed: int

    def best(self, plan: I8, held: int | None) -> tuple[I8, int]:
        """Return the columns of the plan with the largest W, or with W ``held`` the largest score, and its bound."""
        value, levels = self.value(plan, held), np.unique(self.score)
        most = int(levels[-1]) * (self.m if held is None else len(plan))
        asked: list[tuple[int, int, int]] = [(-max(value, most), 0, len(levels) - 1)]
        dropped = value
        for _ in range(MOST_ASKED):
            if not asked or -asked[0][0] <= value:
                break
            limit, first, last = heapq.heappop(asked)
            found = self.within(plan, int(levels[first]), int(levels[last]), held)
            if found is None:
                continue
            bound, other = min(found[0], -limit), found[1]
            own = self.value(other, held) if held is None or worst_sum(self.score[other], self.m) >= held else value
            if own > value:
                plan, value = other, own
            if first == last:
                dropped = max(dropped, bound)
            elif bound > value:
                middle = (first + last) // 2
                heapq.heappush(asked, (-bound, first, middle))
                heapq.heappush(asked, (-bound, middle + 1, last))
        return plan, max(value, dropped, -asked[0][0] if asked else value)

    def value(self, plan: I8, held: int | None) -> int:
        """Return W, or the score where W is held."""
        return worst_sum(self.score[plan], self.m) if held is None else int(self.score[plan].sum())

    def within(self, plan: I8, low: int, high: int, held: int | None) -> tuple[int, I8] | None:
        """Return the bound of the plans whose t is from ``low`` to ``high``, and a plan; ``None`` without any."""
        model, uses = cp_model.CpModel(), list[cp_model.IntVar]()
        for part in self.parts:
            own = [model.new_bool_var("") for _ in part.columns.score.tolist()]
            ends = np.flatnonzero(np.diff(part.columns.mentee, append=-1)) + 1
            for first, last in itertools.pairwise([0, *ends.tolist()]):
                model.add_exactly_one(own[first:last])
            add_loads(model, part.person, own, part.least_load, part.most_load)
            uses += own
        for use, is_used in zip(uses, np.isin(np.arange(len(uses)), plan).tolist(), strict=True):
            model.add_hint(use, is_used)
        lacks = np.where(self.score >= low, 0, self.score - high).tolist()
        worst = self.m * high + cp_model.LinearExpr.weighted_sum(uses, lacks)
        if held is None:
            model.maximize(worst)
        else:
            model.add(worst >= held)
            model.maximize(cp_model.LinearExpr.weighted_sum(uses, self.score.tolist()))
        solver = solver_of(self.seed, EFFORT)
        # All rows in the linear relaxation: measured four times faster on 1,400 teams.
        solver.parameters.linearization_level = 2
        status = solver.solve(model)
        if status == cp_model.INFEASIBLE:
            return None
        if status == cp_model.UNKNOWN:
            return 1 << 60, plan
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            raise SolverFailedError(
                f"the worst tenth of {len(self.parts)} components ended with {solver.status_name(status)}; "
                "report this as a defect"
            )
        # Bounds are integers that CP-SAT gives as floating-point numbers: rounding outwards keeps them bounds.
        bound = int(np.ceil(solver.best_objective_bound - 1e-6))
        return bound, np.flatnonzero([solver.boolean_value(use) for use in uses])
