"""Integer search by CP-SAT over a set of pairs: one worker, a fixed seed and a budget of deterministic steps."""

from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from matching.solvers.pairs.budget import Budget
from matching.solvers.pairs.model import Bools, Goal, Pairs

_PEAK = 2**28
"""Largest score given to CP-SAT; above 2^40 its presolve was seen to ignore the time limit."""
_SMALL = 120
"""Up to so many pairs scores are never rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search came back with.

    Attributes
    ----------
    chosen
        ``bool`` (people, servers), or ``None`` when no plan was found.
    is_complete
        The search was exhausted: ``chosen`` is best, or without it there is none.
    bound
        Proved bound on the goal within the searched pairs; ``None`` when nothing was proved.
    """

    chosen: Bools | None
    is_complete: bool
    bound: int | None


NARROW_SCORE = 1_000
"""Greatest score, in whole units, of an instance with few distinct totals."""


def search(
    pairs: Pairs,
    goal: Goal,
    usable: Bools,
    budget: Budget,
    *,
    steps: float,
    seed: int,
    hint: Bools | None = None,
    forced: Bools | None = None,
    better_than: int | None = None,
    optimise: bool = True,
    for_proof: bool = False,
) -> Found:
    """Search the plans that use only ``usable`` pairs and all ``forced`` ones.

    Parameters
    ----------
    steps
        CP-SAT's deterministic time.
    better_than
        Only plans of a greater value count.
    for_proof
        Lose no plan, so that an exhausted search is a proof; else find only plans that keep the exact rules. The two
        differ where scores are too fine for CP-SAT and are rounded to 28 bits inside it.

    Examples
    --------
    >>> from dataclasses import replace
    >>> pairs = Pairs.start(np.array([[3, 2], [3, 1]]), np.ones((2, 2), bool), np.array([1, 1]), np.array([1, 1]))
    >>> goal = Goal(weight_sum=1, low=2, high=2)
    >>> found = search(
    ...     replace(pairs, n_units=2), goal, pairs.allowed, Budget(time_limit_s=9), steps=1.0, seed=0
    ... )
    >>> np.argwhere(found.chosen).tolist(), found.is_complete
    ([[0, 1], [1, 0]], True)
    """
    if budget.is_over:
        return Found(chosen=None, is_complete=False, bound=None)
    usable = usable & pairs.allowed & (pairs.demand > 0)[:, None]
    model = _Model(pairs, goal, usable, for_proof=for_proof)
    model.add_rules(better_than, None if for_proof else hint)
    if optimise:
        model.cp.maximize(model.worth)
    model.add_hints(hint, forced)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2  # the linear relaxation is tight here; 0 and 1 stall
    # Presolve saves most of the time on few distinct scores. Through wide totals it creeps bound by bound, past any
    # limit, and with the lowest totals in the goal it loses the proof.
    is_narrow = int(np.abs(pairs.score).max(initial=0)) <= NARROW_SCORE
    solver.parameters.cp_model_presolve = is_narrow and goal.weight_slack is None and goal.floor is None
    solver.parameters.random_seed = seed % 2**31
    # In OR-Tools 9.15 the comparison of at-most-one rows with linear ones in presolve can lose optima.
    solver.parameters.presolve_inclusion_work_limit = 0
    solver.parameters.max_deterministic_time = steps
    solver.parameters.max_time_in_seconds = budget.left_s
    status = solver.solve(model.cp)
    if status not in (cp_model.INFEASIBLE, cp_model.OPTIMAL) and not budget.is_over:
        budget.cut_by_steps = True
    is_exact = model.unit == 1
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        is_refuted = status == cp_model.INFEASIBLE and (is_exact or for_proof)
        return Found(chosen=None, is_complete=is_refuted, bound=None)
    bound = None
    if optimise:
        best = solver.objective_value if status == cp_model.OPTIMAL else np.floor(solver.best_objective_bound + 0.1)
        bound = round(best) * model.unit + model.worth_error
    return Found(
        chosen=model.chosen(solver), is_complete=status == cp_model.OPTIMAL and is_exact and optimise, bound=bound
    )


class _Model:
    """The CP-SAT model, in multiples of ``unit``: scores are rounded down, and errors are kept on the safe side.

    A total is at most ``unit * rounded + error``. Without ``for_proof`` rules are written so that what is found keeps
    the exact rules; with it, so that no plan that keeps the exact rules is lost.
    """

    def __init__(self, pairs: Pairs, goal: Goal, usable: Bools, *, for_proof: bool) -> None:
        self.cp = cp_model.CpModel()
        self.pairs, self.goal = pairs, goal
        self.person, self.server = np.nonzero(usable)
        is_small = len(self.person) <= _SMALL
        self.unit = 1 if is_small else max(1, -(-pairs.peak // _PEAK))
        self.x = [self.cp.new_bool_var("") for _ in self.person]
        self.score = (pairs.score[self.person, self.server] // self.unit).tolist()
        self.base = (pairs.base // self.unit).tolist()
        error = np.minimum(pairs.demand + 1, pairs.score.shape[1] + 1) * (self.unit - 1)
        judged = error[pairs.judged].max(initial=0)
        self.worth_error = int(goal.weight_level * judged if goal.weight_level else error.sum())
        self.fair_error = error if for_proof else np.zeros_like(error)
        self.floor_error = int(goal.floor_level * judged) if for_proof else 0
        self.better_error = self.worth_error if for_proof else 0
        self.worth: cp_model.LinearExpr | int = 0

    def _least(self, value: int, error: int) -> int:
        """Return the least rounded value that stands for ``value``."""
        return -((error - value) // self.unit)

    def _rounded_totals(self, chosen: Bools) -> list[int]:
        """Return every person's total in rounded scores."""
        rounded = np.where(chosen, self.pairs.score // self.unit, 0).sum(axis=1) + self.pairs.base // self.unit
        return [int(total) for total in rounded]

    def add_rules(self, better_than: int | None, known: Bools | None) -> None:
        """Write the rules; those that rounding makes too strict for a known plan are eased (callers count again)."""
        pairs, goal, cp, x = self.pairs, self.goal, self.cp, self.x
        level: cp_model.LinearExpr | int = 0
        top = (goal.high or 0) // self.unit
        bottom = (goal.low or 0) // self.unit
        if goal.is_fair and not goal.is_threshold:
            level = cp.new_int_var(bottom, top, "")
        slacks: list[cp_model.LinearExpr] = []
        held = None if known is None or self.unit == 1 else known & (pairs.demand > 0)[:, None]
        eased = None if held is None else self._rounded_totals(held)
        meets = pairs.totals(held) >= (goal.low or 0) if held is not None else np.zeros(len(pairs.demand), dtype=bool)
        for i, own in enumerate(_grouped(self.person, len(pairs.demand))):
            demand = int(pairs.demand[i])
            literals = [x[a] for a in own]
            units = cp_model.LinearExpr.sum(literals)
            values = [self.score[a] for a in own]
            total = cp_model.LinearExpr.weighted_sum(literals, values) + self.base[i]
            if pairs.is_full:
                cp.add(units == demand)
            else:
                cp.add(units <= demand)
            if not goal.is_fair or not pairs.judged[i]:
                continue
            if goal.is_threshold:
                least = self._least(int(goal.low or 0), int(self.fair_error[i]))
                if eased is not None and meets[i]:
                    least = min(least, eased[i])
                if pairs.is_full or not demand:
                    cp.add(total >= least)
                else:
                    whole = cp.new_bool_var("")
                    cp.add(units <= demand - 1).only_enforce_if(~whole)
                    cp.add(total >= least).only_enforce_if(whole)
                continue
            lowest = self.base[i] + sum(
                sorted(min(value, 0) if not pairs.is_full else value for value in values)[:demand]
            )
            if lowest < top:
                slack = cp.new_int_var(0, top - lowest, "")
                cp.add(total + slack >= level)
                slacks.append(slack)
        for j, own in enumerate(_grouped(self.server, len(pairs.capacity))):
            if len(own) > pairs.capacity[j]:
                cp.add(cp_model.LinearExpr.sum([x[a] for a in own]) <= int(pairs.capacity[j]))
        if not pairs.is_full:
            cp.add(cp_model.LinearExpr.sum(x) == pairs.n_units)
        if goal.floor is not None:
            lifted = goal.floor_level * level - cp_model.LinearExpr.sum(slacks)
            least = self._least(goal.floor, self.floor_error)
            if eased is not None:
                judged = sorted(eased[i] for i in np.flatnonzero(pairs.judged))
                least = min(least, sum(judged[: goal.floor_level]))
            cp.add(lifted >= least)
        if goal.weight_level:
            self.worth = goal.weight_level * level - cp_model.LinearExpr.sum(slacks)
        elif goal.weight_sum:
            self.worth = cp_model.LinearExpr.weighted_sum(x, self.score) + sum(self.base)
        if better_than is not None:
            cp.add(self.worth >= self._least(better_than + 1, self.better_error))

    def add_hints(self, hint: Bools | None, forced: Bools | None) -> None:
        if forced is not None:
            for a in np.flatnonzero(forced[self.person, self.server]):
                self.cp.add(self.x[a] == 1)
        if hint is not None:
            for variable, value in zip(self.x, hint[self.person, self.server].tolist(), strict=True):
                self.cp.add_hint(variable, value)

    def chosen(self, solver: cp_model.CpSolver) -> Bools:
        chosen = np.zeros(self.pairs.score.shape, dtype=bool)
        used = np.array([solver.boolean_value(variable) for variable in self.x], dtype=bool)
        chosen[self.person[used], self.server[used]] = True
        return chosen


def _grouped(key: np.ndarray, count: int) -> list[list[int]]:
    order = np.argsort(key, kind="stable")
    return [part.tolist() for part in np.split(order, np.searchsorted(key[order], np.arange(1, count)))]
