"""The linear relaxation of one level, by column generation over pairs, with a certified bound in every round.

A sparse core of pairs is solved by GLOP; then all omitted pairs are priced with the duals at once and the best of each
person join, until none would improve. The bound of each round comes from `matching.solvers.pairs.bounds` in integers.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from ortools.linear_solver.python import model_builder_helper as builder

from matching.solvers.pairs.bounds import F8, Prices, certified_bound
from matching.solvers.pairs.budget import Budget
from matching.solvers.pairs.model import I8, Bools, Goal, Pairs

_MAX_ROUNDS = 60
_PER_ROUND = 4
_EPSILON = 1e-9
_PENALTY = 64.0
"""Price of a missing unit of a fixed threshold in the relaxation; any price gives valid bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed:
    """What the relaxation of a level says.

    Attributes
    ----------
    bound
        Certified upper bound on the goal.
    share
        ``float64`` (people, servers): the fractional choice.
    core
        ``bool`` (people, servers): pairs that took part.
    missing
        How far the fractional choice stays below a fixed threshold, summed, in units of score.
    level
        Value of ``t``.
    """

    bound: int
    prices: Prices
    share: F8
    core: Bools
    missing: float
    level: float


def relax(pairs: Pairs, goal: Goal, core: Bools, budget: Budget, *, penalty: float = _PENALTY) -> Relaxed | None:
    """Solve the relaxation of a level from a core that contains a plan; ``None`` when the time is over.

    Examples
    --------
    >>> from dataclasses import replace
    >>> pairs = Pairs.start(np.array([[3, 2], [3, 0]]), np.ones((2, 2), bool), np.array([1, 1]), np.array([1, 1]))
    >>> found = relax(replace(pairs, n_units=2), Goal(weight_sum=1), np.eye(2, dtype=bool), Budget(time_limit_s=9))
    >>> found.bound
    5
    """
    core = core & pairs.allowed
    best = certified_bound(pairs, goal, Prices(capacity=np.zeros(pairs.score.shape[1]), fair=np.zeros(len(core)))).value
    for _ in range(_MAX_ROUNDS):
        if budget.is_over:
            return None
        master = _Master(pairs, goal, core, penalty)
        solution = master.solve(budget.left_s)
        if solution is None:
            budget.is_over  # noqa: B018  (notes the cut)
            return None
        prices, values, duals = solution
        best = min(best, certified_bound(pairs, goal, prices).value)
        gain = np.where(pairs.allowed & ~core, master.gains(duals), -np.inf)
        width = min(_PER_ROUND, gain.shape[1])
        columns = np.argpartition(-gain, width - 1, axis=1)[:, :width]
        rows = np.arange(len(gain))[:, None]
        useful = gain[rows, columns] > _EPSILON
        if not useful.any():
            break
        core = core.copy()
        core[np.broadcast_to(rows, columns.shape)[useful], columns[useful]] = True
    else:
        budget.cut_by_steps = True
    share = np.zeros(pairs.score.shape)
    share[master.person, master.server] = values[: len(master.person)]
    n_x, n_u = len(master.person), len(master.fair_people)
    return Relaxed(
        bound=best,
        prices=prices,
        share=share,
        core=core,
        missing=float(values[n_x : n_x + n_u].sum()) * master.unit,
        level=float(values[n_x + n_u]) * master.unit,
    )


class _Master:
    """The restricted linear program, in scores divided by their peak.

    Columns: pairs of the core, shortfall ``u`` of every judged person, ``t``, and ``y`` (fully served) where the fill
    leaves a choice. Rows: demand, capacity, fairness, fill, floor.
    """

    def __init__(self, pairs: Pairs, goal: Goal, core: Bools, penalty: float) -> None:
        self.pairs, self.goal = pairs, goal
        self.unit = float(pairs.peak)
        self.person, self.server = np.nonzero(core)
        self.fair_people = np.flatnonzero(pairs.judged) if goal.is_fair else np.zeros(0, dtype=np.int64)
        n, m = pairs.score.shape
        n_x, n_u = len(self.person), len(self.fair_people)
        unit = self.unit
        value = pairs.score[self.person, self.server] / unit
        has_choice = goal.is_threshold and not pairs.is_full
        n_y = n_u if has_choice else 0
        low, high = (goal.low or 0) / unit, (goal.high or 0) / unit
        worst = np.where(pairs.allowed, pairs.score, 0).min(axis=1, initial=0) * pairs.demand / unit
        base = pairs.base / unit

        demand = sp.csr_matrix((np.ones(n_x), (self.person, np.arange(n_x))), shape=(n, n_x))
        capacity = sp.csr_matrix((np.ones(n_x), (self.server, np.arange(n_x))), shape=(m, n_x))
        fair = sp.csr_matrix((value, (self.person, np.arange(n_x))), shape=(n, n_x))[self.fair_people]
        ones_u = sp.identity(n_u, format="csr")
        t_column = sp.csr_matrix(np.full((n_u, 1), 0.0 if has_choice else -1.0))
        row_of = sp.csr_matrix((np.ones(n_u), (self.fair_people, np.arange(n_u))), shape=(n, n_u))
        lift = low - (worst + base)[self.fair_people] if n_u else np.zeros(0)
        y_fair = sp.diags_array(-lift, format="csr") if n_y else None
        blocks: list[list[Any]] = [
            [demand, None, None, -row_of if n_y else None],
            [capacity, None, None, None],
            [fair, ones_u, t_column, y_fair],
            [np.ones((1, n_x)), None, None, None],
            [None, -np.ones((1, n_u)), np.array([[float(goal.floor_level)]]), None],
        ]
        widths = [n_x, n_u, 1, n_y]
        heights = [n, m, n_u, 1, 1]
        filled = [
            [
                sp.csr_array((heights[r], widths[c])) if block is None else sp.csr_array(block)
                for c, block in enumerate(row)
            ]
            for r, row in enumerate(blocks)
        ]
        self.matrix = sp.block_array(filled, format="csr")
        inf = np.inf
        optional = np.zeros(n)
        if n_y:
            optional[self.fair_people] = 1.0
        fair_low = -base[self.fair_people] + ((worst + base)[self.fair_people] if n_y else 0.0)
        self.row_low = np.concatenate(
            (
                pairs.demand * 1.0 if pairs.is_full else np.full(n, -inf),
                np.full(m, -inf),
                fair_low,
                [float(pairs.n_units)],
                [goal.floor / unit if goal.floor is not None else -inf],
            )
        )
        self.row_high = np.concatenate(
            (
                pairs.demand - optional,
                pairs.capacity * 1.0,
                np.full(n_u, inf),
                [float(pairs.n_units)],
                [inf],
            )
        )
        slack = penalty if goal.weight_slack is None else float(goal.weight_slack)
        slack_is_free = goal.weight_slack is not None or goal.is_threshold
        self.column_low = np.concatenate((np.zeros(n_x + n_u), [low], np.zeros(n_y)))
        self.column_high = np.concatenate(
            (np.ones(n_x), np.full(n_u, inf if slack_is_free else 0.0), [high], np.ones(n_y))
        )
        self.objective = np.concatenate(
            (goal.weight_sum * value, np.full(n_u, -slack), [float(goal.weight_level)], np.zeros(n_y))
        )
        self.sizes = (n, m, n_u)

    def solve(self, time_limit_s: float) -> tuple[Prices, F8, F8] | None:
        model: Any = builder.ModelBuilderHelper()
        model.fill_model_from_sparse_data(
            self.column_low, self.column_high, self.objective, self.row_low, self.row_high, sp.csr_matrix(self.matrix)
        )
        model.set_maximize(True)
        solver = builder.ModelSolverHelper("glop")
        solver.set_time_limit_in_seconds(time_limit_s)
        solver.solve(model)
        if solver.status() != builder.SolveStatus.OPTIMAL:
            return None
        duals = np.asarray(solver.dual_values(), dtype=np.float64)
        n, m, n_u = self.sizes
        fair = np.zeros(n)
        fair[self.fair_people] = np.maximum(0.0, -duals[n + m : n + m + n_u])
        prices = Prices(
            capacity=np.maximum(0.0, duals[n : n + m]) * self.unit,
            fair=fair,
            fill=float(duals[n + m + n_u]) * self.unit,
            floor=max(0.0, -float(duals[n + m + n_u + 1])),
        )
        return prices, np.asarray(solver.variable_values(), dtype=np.float64), duals

    def gains(self, duals: F8) -> F8:
        """Return the reduced profit of every pair, in scaled scores."""
        n, m, n_u = self.sizes
        fair = np.zeros(n)
        fair[self.fair_people] = duals[n + m : n + m + n_u]
        shared = duals[:n, None] + duals[None, n : n + m] + duals[n + m + n_u]
        weight = self.goal.weight_sum - fair
        return np.asarray(weight[:, None] * (self.pairs.score / self.unit) - shared)


def start_core(pairs: Pairs, price: I8, plan: Bools, width: int) -> Bools:
    """Return the ``width`` best pairs of every person at given prices, and the pairs of a plan."""
    value = np.where(pairs.allowed, pairs.score - price, np.iinfo(np.int64).min)
    width = min(width, value.shape[1])
    core = plan.copy()
    if width:
        columns: npt.NDArray[np.intp] = np.argpartition(-value.astype(np.float64), width - 1, axis=1)[:, :width]
        core[np.arange(len(value))[:, None], columns] = True
    return core & pairs.allowed
