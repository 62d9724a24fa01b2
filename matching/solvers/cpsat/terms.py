"""The team terms and rules of domain 4.5 a second time, as rows of integers.

Written from the formulas, not from the functions of ``teams``: only its arrays are read. Points are integers in fine
units of 1/``FINE`` score units, rounded to the nearest; a team's score is an integer variable that these may only
bound from above, s ≤ round(points), with room for every rounding error. So no true team is ever lost or undervalued;
the few teams whose points lie so near to a half that they come out one unit too high are cut off by name once they
turn up (``search``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from matching.criteria import SCORE_UNIT, UNKNOWN_COVERAGE
from matching.errors import SolverFailedError
from matching.problem import Component, ProblemData
from matching.solvers.cpsat.model import Model
from matching.teams import Params, TeamArrays

I8 = npt.NDArray[np.int64]
F8 = npt.NDArray[np.float64]
B1 = npt.NDArray[np.bool_]

FIT_UNIT = 10**9
"""Units of experienceFit (0-1) per whole in the rows that recognise a weak team."""

FLOOR_TOLERANCE = 1e-9
"""A fit so little below the floor (0-100) still reaches it, as everywhere (domain 4.5, rounding of floating point)."""

_SKILL_UNITS = (1, 2, 5, 10, 20, 100, 1000)


@dataclass(slots=True, kw_only=True)
class TeamRoom:
    """The team variables of one component while its rows are written.

    Attributes
    ----------
    x
        ``int64`` (arcs,): variable per arc.
    arcs
        Arcs of every mentee, in order.
    size
        ``int64`` (mentees, seats): variable "the team has more than so many members".
    fine
        Fine units per score unit of 10⁻⁴ points.
    worth
        ``float64`` (arcs,): points that a member brings in its seat, whatever the rest of the team.
    parts
        Per mentee: further ``(variable, fine units)`` of the score.
    error
        ``float64`` (mentees,): greatest sum of rounding errors, in fine units.
    least
        ``float64`` (mentees,): points below which no team of the mentee can come.
    """

    model: Model
    component: Component
    arrays: TeamArrays
    x: I8
    arcs: list[I8]
    size: I8
    fine: int
    worth: F8
    parts: list[list[tuple[int, int]]]
    error: F8
    least: F8
    covers: list[list[tuple[int, float, int]]] | None = None
    juniors: I8 | None = None
    weak: dict[tuple[tuple[str, float], ...], I8] = field(default_factory=dict)

    def coverage(self) -> list[list[tuple[int, float, int]]]:
        """Return per mentee ``(variable, weight, units)``: units · min(1, Σ skill) of a needed specialty, or less."""
        if self.covers is None:
            self.covers = []
            unit = _skill_unit(self.arrays.skills)
            skills = np.rint(self.arrays.skills * unit).astype(np.int64)
            for row, arcs in enumerate(self.arcs):
                own = []
                for specialty in np.flatnonzero(self.arrays.needs[row]).tolist():
                    level = skills[self.component.arc_mentor[arcs], specialty]
                    if level.any():
                        (variable,) = self.model.integers(np.zeros(1, dtype=np.int64), np.array([unit])).tolist()
                        used = level > 0
                        self.model.row([variable, *self.x[arcs[used]]], [-1, *level[used].tolist()], low=0)
                        own.append((variable, float(self.arrays.needs[row, specialty]), unit))
                self.covers.append(own)
        return self.covers

    def has_no_senior(self) -> I8:
        """Return per mentee the variable that a team without any senior member must set."""
        if self.juniors is None:
            self.juniors = self.model.bools(len(self.arcs))
            senior = self.arrays.is_senior[self.component.arc_mentor]
            for row, arcs in enumerate(self.arcs):
                seniors = self.x[arcs[senior[arcs]]]
                variables = [int(self.juniors[row]), *seniors.tolist(), int(self.size[row, 0])]
                self.model.row(variables, [1] * (len(variables) - 1) + [-1], low=0)
        return self.juniors

    def is_weak(self, params: Params) -> I8:
        """Return per mentee the variable that a weak team must set."""
        key = (("floor", params["floor"]), ("need", params["need"]))
        if key not in self.weak:
            self.weak[key] = self.model.bools(len(self.arcs))
            juniors = self.has_no_senior()
            for row, variable in enumerate(self.weak[key].tolist()):
                self.model.row([variable, int(juniors[row])], [1, -1], low=0)
                self._recognise_weak(row, variable, params)
        return self.weak[key]

    def _recognise_weak(self, row: int, variable: int, params: Params) -> None:
        """Unless ``variable`` is set, let experienceFit reach the floor: for t members, t · fit ≥ t · floor."""
        share, n_seats = params["need"], self.arrays.n_seats
        arcs, covers = self.arcs[row], self.coverage()[row]
        individual = np.rint(FIT_UNIT * (1 - share) * self.arrays.individual[row, self.component.arc_mentor[arcs]])
        known = 0.0 if self.arrays.needs[row].any() else UNKNOWN_COVERAGE
        least = (params["floor"] - FLOOR_TOLERANCE) / 100
        for size in range(1, n_seats + 1):
            weights = [FIT_UNIT * share * size * weight / unit for _, weight, unit in covers]
            tolerance = 0.5 * size + sum(0.5 * unit for _, _, unit in covers) + 1
            goal = int(np.floor(FIT_UNIT * size * (least - share * known) - tolerance))
            if goal <= 0:
                continue
            # One row, eased by the whole goal unless the team has exactly so many members and is not called weak.
            easing = [variable, int(self.size[row, size - 1])]
            numbers = [goal, -goal]
            if size < n_seats:
                easing.append(int(self.size[row, size]))
                numbers.append(goal)
            self.model.row(
                [*self.x[arcs].tolist(), *(cover for cover, _, _ in covers), *easing],
                [*individual.astype(np.int64).tolist(), *(round(weight) for weight in weights), *numbers],
                low=0,
            )

    def punish(self, variables: I8, points: float) -> None:
        """Take points off for every variable that is set."""
        cost = round(points * SCORE_UNIT * self.fine)
        for row, variable in enumerate(variables.tolist()):
            self.parts[row].append((variable, -cost))
        self.error += 0.5
        self.least -= points


def need_coverage(room: TeamRoom, params: Params) -> None:
    """|T|/k · points · Σ_k w_k·min(1, Σ skill): one bound per number of members, which is exact for that number."""
    points, n_seats = params["points"], room.arrays.n_seats
    scale = points * SCORE_UNIT * room.fine
    is_unknown: B1 = np.asarray(~room.arrays.needs.any(axis=1), dtype=bool)
    room.worth += np.where(is_unknown[room.component.arc_mentee], points / n_seats * UNKNOWN_COVERAGE, 0.0)
    covers = room.coverage()
    rows = [row for row, own in enumerate(covers) if own]
    most = np.full(len(rows), int(np.ceil(scale)), dtype=np.int64)
    worths = room.model.integers(np.zeros(len(rows), dtype=np.int64), most)
    for row, worth in zip(rows, worths.tolist(), strict=True):
        variables = [cover for cover, _, _ in covers[row]]
        units = sum(unit for _, _, unit in covers[row])
        error = int(np.ceil(0.5 * units)) + 1
        for size in range(1, n_seats + 1):
            weights = [round(scale * size / n_seats * weight / unit) for _, weight, unit in covers[row]]
            line, numbers = [worth, *variables], [1, *(-weight for weight in weights)]
            if size < n_seats:
                line.append(int(room.size[row, size]))
                numbers.append(-int(np.ceil(scale * (n_seats - size) / n_seats)) - error)
            room.model.row(line, numbers, high=error)
        room.parts[row].append((worth, 1))


def composition(room: TeamRoom, params: Params) -> None:
    """Take points off for every member in a slot that does not allow the category: a matter of single arcs."""
    component = room.component
    misfits = ~room.arrays.fits_category[component.arc_seat, component.arc_mentor]
    room.worth -= params["points"] * misfits
    room.least -= params["points"] * room.arrays.n_seats


def no_senior(room: TeamRoom, params: Params) -> None:
    """Take points off for a team without any senior member."""
    if params["points"]:
        room.punish(room.has_no_senior(), params["points"])


def weak(room: TeamRoom, params: Params) -> None:
    """Take points off for a weak team."""
    if params["points"]:
        room.punish(room.is_weak(params), params["points"])


STATEMENTS: Mapping[str, Callable[[TeamRoom, Params], None]] = {
    "needCoverage": need_coverage,
    "composition": composition,
    "noSenior": no_senior,
    "weak": weak,
}
"""The statement of every registered team term, by its name in ``teams.TERMS``."""


def team_scores(room: TeamRoom, problem: ProblemData, *, rounds: bool) -> tuple[I8, I8]:
    """Write all terms and return the score variable of every mentee with its upper limit.

    Parameters
    ----------
    rounds
        Whether the variables count whole score units, rounded as the true scores are; else fine units.

    Raises
    ------
    SolverFailedError
        For a term without a statement.
    """
    room.worth += room.arrays.points[room.component.arc_mentee, room.component.arc_mentor]
    for name, params in problem.team_terms:
        if name not in STATEMENTS:
            raise SolverFailedError(f"the team term {name} has no statement for CP-SAT; add one to cpsat.terms")
        STATEMENTS[name](room, dict(params))
    n = len(room.arcs)
    unit = SCORE_UNIT * room.fine
    gain = np.rint(room.worth * unit).astype(np.int64)
    room.error += 0.5 * room.arrays.n_seats + 2
    slack = np.ceil(room.error).astype(np.int64)
    most = np.zeros(n, dtype=np.int64)
    for row, arcs in enumerate(room.arcs):
        best = np.sort(gain[arcs])[::-1][: room.arrays.n_seats]
        most[row] = np.maximum(best, 0).sum() + sum(
            max(0, weight) * room.model.high[v] for v, weight in room.parts[row]
        )
    step = room.fine if rounds else 1
    give = slack + (room.fine // 2 if rounds else 0)
    room.least += room.arrays.n_seats * min(0.0, float(room.arrays.points.min(initial=0.0)))
    low = np.floor(np.minimum(room.least, 0.0) * unit / step).astype(np.int64) - 1
    high = (most + give) // step
    scores = room.model.integers(low, high)
    for row, arcs in enumerate(room.arcs):
        variables = [int(scores[row]), *room.x[arcs].tolist(), *(variable for variable, _ in room.parts[row])]
        numbers = [step, *(-gain[arcs]).tolist(), *(-weight for _, weight in room.parts[row])]
        room.model.row(variables, numbers, high=int(give[row]))
    return scores, high


def _skill_unit(skills: F8) -> int:
    """Return the fewest units per whole in which every skill is an integer, as far as the solver can tell."""
    for unit in _SKILL_UNITS:
        scaled = skills * unit
        if (np.abs(scaled - np.rint(scaled)) < 1e-9).all():
            return unit
    raise SolverFailedError("a skill is no multiple of 1/1000; CP-SAT cannot state its coverage exactly")
