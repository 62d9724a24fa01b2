"""Column generation over teams of two: a linear program over few teams, all others priced, a bound in every round.

The linear program chooses one team per person within the capacities; it is much tighter than the one over pairs, since
a fraction of a good team cannot make up for a fraction of a poor one. Its prices on the servers give a bound on every
plan in integers (Lagrangian relaxation), whatever their accuracy. GLOP keeps its basis between rounds: teams only join.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from ortools.linear_solver import pywraplp  # type: ignore[attr-defined]

from matching.errors import SolverFailedError
from matching.solvers.pairs.bounds import F8
from matching.solvers.pairs.budget import Budget
from matching.solvers.pairs.duos import Duos, Teams, Worth
from matching.solvers.pairs.model import I8

_MAX_ROUNDS = 120
_WIDTH = 3
_EPSILON = 1e-9
_PENALTY = 64.0
"""Price of a person without a team, in units of the largest score; any price gives valid bounds."""
_BITS = 32
"""Prices are kept in so small parts of a unit that the largest score has at least so many bits."""
_QUESTION_SCALE = 2**40
"""Parts of one person's having a team, where nothing else counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """What the relaxation over teams says.

    Attributes
    ----------
    bound
        No plan is worth more, in units of ``1 / scale``; ``None``: no plan exists at all, which is proved.
    prices
        ``int64`` (servers + 1,), in units of ``1 / scale``: those that gave the bound.
    scale
        Parts per unit of worth.
    teams, share
        The teams that took part, and the fraction of each.
    n_missing
        People without a team in the relaxation, as a fraction.
    """

    bound: int | None
    prices: I8
    scale: int
    teams: Teams
    share: F8
    n_missing: float


def scale_of(duos: Duos) -> int:
    """Return the parts per unit of score in which prices are kept.

    Examples
    --------
    >>> from matching.solvers.pairs.model import Pairs
    >>> scale_of(Duos(Pairs.start(np.array([[4]]), np.ones((1, 1), bool), np.array([1]), np.array([1])))) == 2**30
    True
    """
    return 1 << max(0, _BITS + 1 - duos.pairs.peak.bit_length())


def generate(
    duos: Duos, worth: Worth, start: Teams, prices: I8 | None, budget: Budget, *, near: int = 0
) -> Generated | None:
    """Solve the relaxation; ``None`` when the time is over.

    With ``worth.weight_sum`` 0 and a rule for the threshold, it only asks whether everybody can have a team; it stops
    at the first proof that they cannot.

    Parameters
    ----------
    start
        Teams to begin with; those that break the rule are left out.
    prices
        A guess at the prices of the servers, in the units of `Generated.prices`; ``None`` for 0.
    near
        Stop once the bound is so near to the relaxation's value, in units of worth.
    """
    is_question = worth.weight_sum == 0 and worth.weight_short is None
    scale = _QUESTION_SCALE if is_question else scale_of(duos)
    unit = 1.0 if is_question else float(duos.pairs.peak)
    found = _Found(prices=np.zeros(duos.m + 1, dtype=np.int64) if prices is None else prices)
    teams, _, may_exist = found.look(duos, worth, found.prices, scale)
    if not may_exist:
        return found.outcome(scale, teams, np.zeros(len(teams)), float(duos.n))
    master = _Master(duos, worth, unit, 1.0 if is_question else _PENALTY)
    master.join(start.at(duos.may_be(start, worth)))
    master.join(teams)
    for _ in range(_MAX_ROUNDS):
        if budget.is_over:
            return None
        solved = master.solve(budget)
        if solved is None:
            return None
        value, floor, price = solved
        n_missing = master.n_missing()
        own = np.round(price * unit * scale).astype(np.int64)
        teams, profit, may_exist = found.look(duos, worth, own, scale)
        is_answered = not may_exist or (is_question and n_missing < _EPSILON)
        if is_answered or (not is_question and found.is_within(value * unit * scale, near * scale)):
            break
        gain = profit / (unit * scale) - floor[teams.person]
        if not master.join(teams.at(gain > _EPSILON)):
            break
    else:
        budget.cut_by_steps = True
    return found.outcome(scale, master.all(), master.share(), n_missing)


def refutes(duos: Duos, question: Worth, prices: I8) -> bool:
    """Whether prices that refuted one threshold prove that nobody can meet another one."""
    best = duos.best(question, prices, _QUESTION_SCALE)
    if duos.has_none(best):
        return True
    return _bound(duos, best, prices) < 0


def _bound(duos: Duos, best: I8, prices: I8) -> int:
    spent: int = sum(price * units for price, units in zip(prices.tolist(), duos.supply.tolist(), strict=True))
    return spent + int(sum(best.tolist()))


@dataclass(slots=True, kw_only=True)
class _Found:
    """The best bound so far and the prices that gave it."""

    prices: I8
    bound: int | None = None
    is_impossible: bool = False

    def look(self, duos: Duos, worth: Worth, prices: I8, scale: int) -> tuple[Teams, I8, bool]:
        """Price all teams and note the bound; return good teams, their profits, and whether plans may exist."""
        best, teams, profit = duos.price(worth, prices, scale, _WIDTH)
        if duos.has_none(best):
            self.is_impossible, self.prices = True, prices
            return teams, profit, False
        bound = _bound(duos, best, prices)
        if self.bound is None or bound < self.bound:
            self.bound, self.prices = bound, prices
        if worth.weight_sum == 0 and worth.weight_short is None and bound < 0:
            self.is_impossible = True
        return teams, profit, not self.is_impossible

    def is_within(self, value: float, near: int) -> bool:
        """The bound is near enough to the relaxation's value, or as near as floating point can tell."""
        return self.bound is not None and self.bound - value <= max(near, 1e-10 * abs(value))

    def outcome(self, scale: int, teams: Teams, share: F8, n_missing: float) -> Generated:
        bound = None if self.is_impossible else self.bound
        return Generated(bound=bound, prices=self.prices, scale=scale, teams=teams, share=share, n_missing=n_missing)


class _Master:
    """The restricted linear program: a row per person, a row per server with a price, teams as columns."""

    def __init__(self, duos: Duos, worth: Worth, unit: float, penalty: float) -> None:
        self.duos, self.worth, self.unit = duos, worth, unit
        solver: Any = pywraplp.Solver.CreateSolver("GLOP")
        solver.SetSolverSpecificParametersAsString("use_preprocessing: false")
        self.solver = solver
        self.objective = solver.Objective()
        self.objective.SetMaximization()
        inf = solver.infinity()
        self.person = [solver.Constraint(1.0, 1.0) for _ in range(duos.n)]
        self.server = [solver.Constraint(-inf, float(units)) for units in duos.supply.tolist()]
        self.missing = [solver.NumVar(0.0, inf, "") for _ in range(duos.n)]
        for row, variable in zip(self.person, self.missing, strict=True):
            row.SetCoefficient(variable, 1.0)
            self.objective.SetCoefficient(variable, -penalty)
        self.columns: dict[tuple[int, int, int], Any] = {}

    def join(self, teams: Teams) -> int:
        """Add the teams that are not there yet; return how many those were."""
        before = len(self.columns)
        value = (self.duos.worth(teams, self.worth) / self.unit).tolist()
        rows = zip(teams.person.tolist(), teams.first.tolist(), teams.second.tolist(), value, strict=True)
        inf = self.solver.infinity()
        for person, first, second, worth in rows:
            key = (person, first, second)
            if key in self.columns:
                continue
            variable = self.columns[key] = self.solver.NumVar(0.0, inf, "")
            self.person[person].SetCoefficient(variable, 1.0)
            if first == second >= 0:
                self.server[first].SetCoefficient(variable, 2.0)
            else:
                for server in (first, second):
                    if server >= 0:
                        self.server[server].SetCoefficient(variable, 1.0)
            if worth:
                self.objective.SetCoefficient(variable, worth)
        return len(self.columns) - before

    def solve(self, budget: Budget) -> tuple[float, F8, F8] | None:
        """Return the value, the duals of the people and the prices of the servers, in units of ``unit``.

        ``None`` when the time is over.
        """
        self.solver.SetTimeLimit(max(1, int(1000 * budget.left_s)))
        status = self.solver.Solve()
        if status != pywraplp.Solver.OPTIMAL:
            if budget.is_over:
                return None
            raise SolverFailedError(f"teams: GLOP ended with status {status}; report this as a defect")
        people = np.array([row.dual_value() for row in self.person])
        servers = np.array([row.dual_value() for row in self.server])
        return self.objective.Value(), people, np.maximum(0.0, servers)

    def n_missing(self) -> float:
        return float(sum(variable.solution_value() for variable in self.missing))

    def all(self) -> Teams:
        rows = np.array(list(self.columns), dtype=np.int64).reshape(-1, 3)
        return Teams(person=rows[:, 0], first=rows[:, 1], second=rows[:, 2])

    def share(self) -> F8:
        return np.array([variable.solution_value() for variable in self.columns.values()])
