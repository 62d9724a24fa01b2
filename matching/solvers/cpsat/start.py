"""A plan to start from that keeps every rule, so that the largest case still returns one.

Min-cost flow finds the best plan of the separable relaxation: pins and links that hold first, then the fill. What it
does not know is repaired team by team, and seats are filled again one by one where the rules allow it.
"""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matching.criteria import SCORE_UNIT
from matching.policy_options import FairnessMode
from matching.problem import I8, Component, ProblemData
from matching.solution import LevelName, Solution, members_of, person_loads
from matching.solvers import flow
from matching.solvers.cpsat.model import groups
from matching.stability import are_legal, holding_links
from matching.teams import optimistic_points

B1 = npt.NDArray[np.bool_]


def start_plan(component: Component, problem: ProblemData, *, seed: int) -> I8:
    """Return a plan that keeps every rule, and every link that holds where changes are bounded.

    Returns
    -------
    numpy.ndarray
        ``int64`` (mentees, seats): arc per seat, -1 for an empty seat.

    Raises
    ------
    SolverFailedError
        When the flow could not be proved.
    """
    holds = holding_links(component, problem)
    if problem.max_changes is None:
        holds = np.zeros_like(holds)
    eased = replace(component, arc_pinned=component.arc_pinned | holds, n_pins=component.n_pins + int(holds.sum()))
    uncapped = replace(problem, slot_caps=(None,) * component.n_seats)
    builder = _Builder(
        component=component,
        problem=problem,
        holds=holds,
        chosen=flow.solve_component(eased, uncapped, seed=seed).copy(),
    )
    builder.keep_slot_caps()
    builder.mend_teams()
    builder.fill()
    return builder.chosen


def relaxed_levels(problem: ProblemData, *, seed: int) -> dict[LevelName, int]:
    """Return the best levels but fairness and load, without slot caps, rules on teams and change budget.

    No plan of the problem is better on the first of them, nor on a later one if it attains those before. Of a team's
    score every member counts the most that he can add to any team.

    Raises
    ------
    SolverFailedError
        When a flow could not be proved.
    """
    components = tuple(_eased(component, problem) for component in problem.components)
    eased = replace(
        problem,
        components=components,
        slot_caps=(None,) * len(problem.slots),
        team_terms=(),
        fairness=FairnessMode.NONE,
    )
    plan = tuple(flow.solve_component(component, eased, seed=seed) for component in components)
    levels = Solution(chosen=plan).objective(eased)
    return {name: value for name, value in levels.items() if name is not LevelName.LOAD}


def _eased(component: Component, problem: ProblemData) -> Component:
    arrays = component.teams
    if arrays is None:
        return component
    worth = optimistic_points(arrays, problem.team_terms)[component.arc_mentee, component.arc_mentor]
    if "composition" in dict(problem.team_terms):
        misfit = ~arrays.fits_category[component.arc_seat, component.arc_mentor]
        worth = worth - problem.params_of("composition")["points"] * misfit
    # Rounded up per member, so that no team's rounded score is above the sum.
    score = np.ceil(worth * SCORE_UNIT + 1e-6).astype(np.int64)
    return replace(component, teams=None, arc_score=score)


@dataclass(slots=True, kw_only=True)
class _Builder:
    """A plan under repair."""

    component: Component
    problem: ProblemData
    holds: B1
    chosen: I8

    def _worth(self, arc: int) -> tuple[int, int, int]:
        """Order arcs by what must stay: links that hold, pins, then points."""
        component = self.component
        return int(self.holds[arc]), int(component.arc_pinned[arc]), int(component.arc_score[arc])

    def keep_slot_caps(self) -> None:
        """Empty the seats of least worth where a person serves too often in one slot."""
        component = self.component
        used = self.chosen[self.chosen >= 0]
        person = component.person_of_mentor[component.arc_mentor[used]] if len(used) else used
        for own in groups(person * component.n_seats + component.arc_seat[used]):
            cap = self.problem.slot_caps[int(component.arc_seat[used[own[0]]])]
            if cap is not None and len(own) > cap:
                for arc in sorted(used[own].tolist(), key=lambda a: (self._worth(a), a), reverse=True)[cap:]:
                    self.chosen[component.arc_mentee[arc], component.arc_seat[arc]] = -1

    def mend_teams(self) -> None:
        """Leave of every team that breaks a rule the part that keeps it and loses least."""
        rows = np.arange(len(self.chosen))
        legal = are_legal(self.component, self.problem, rows, members_of(self.component, self.chosen))
        for row in np.flatnonzero(~legal).tolist():
            self.chosen[row] = max(self._legal_parts(row), key=lambda team: (*self._kept(team), team))

    def _legal_parts(self, row: int) -> list[tuple[int, ...]]:
        choices = [(-1,) if arc < 0 else (-1, arc) for arc in self.chosen[row].tolist()]
        parts = list(itertools.product(*choices))
        table = np.array(parts, dtype=np.int64)
        legal = are_legal(self.component, self.problem, np.full(len(parts), row), members_of(self.component, table))
        return [part for part, keeps in zip(parts, legal.tolist(), strict=True) if keeps]

    def _kept(self, team: tuple[int, ...]) -> tuple[int, int, int, int]:
        worths = [self._worth(arc) for arc in team if arc >= 0]
        held, pinned, points = (sum(worth[place] for worth in worths) for place in range(3))
        return held, pinned, len(worths), points

    def fill(self) -> None:
        """Fill empty seats by the best mentor that every rule admits; twice, as a first member may admit a second."""
        component = self.component
        load = person_loads(component, self.chosen)
        used = self.chosen[self.chosen >= 0]
        in_slot = np.zeros((len(component.persons), component.n_seats), dtype=np.int64)
        if len(used):
            np.add.at(in_slot, (component.person_of_mentor[component.arc_mentor[used]], component.arc_seat[used]), 1)
        key = component.arc_mentee.astype(np.int64) * component.n_seats + component.arc_seat
        first = np.searchsorted(key, np.arange(self.chosen.size + 1))
        for place in [*np.flatnonzero(self.chosen.ravel() < 0).tolist()] * 2:
            row, seat = divmod(place, component.n_seats)
            arcs = np.arange(first[place], first[place + 1])
            if self.chosen[row, seat] >= 0 or not len(arcs):
                continue
            person = component.person_of_mentor[component.arc_mentor[arcs]]
            cap = self.problem.slot_caps[seat]
            team = component.person_of_mentor[members_of(component, self.chosen[row : row + 1])[0]]
            team = team[self.chosen[row] >= 0]
            is_open = (load < component.free_capacity)[person] & ~np.isin(person, team)
            if cap is not None:
                is_open &= in_slot[person, seat] < cap
            arcs, person = arcs[is_open], person[is_open]
            members = np.repeat(members_of(component, self.chosen[row : row + 1]), len(arcs), axis=0)
            members[:, seat] = component.arc_mentor[arcs]
            legal = are_legal(component, self.problem, np.full(len(arcs), row), members)
            if legal.any():
                best = max(np.flatnonzero(legal).tolist(), key=lambda at: (self._worth(int(arcs[at])), -at))
                self.chosen[row, seat] = arcs[best]
                load[person[best]] += 1
                in_slot[person[best], seat] += 1
