"""Lift the lowest total of the fully served, exactly; then maximise the sum with that total fixed.

Among the plans of greatest fill, ``t`` is the largest number such that every *fully served* person has a total of at
least ``t`` (objective level 5 of the service). Where the fill is below the demand, who stays short is part of the
choice: a person who lacks a unit is not looked at, and a plan in which nobody is fully served meets every ``t``; its
``t`` is counted as the bound of `reach.level_bound`, which stays finite. So ``t`` is always a property of the plan
that anyone can recount.

Method: thresholds are tried from the best conceivable one downwards. A threshold is refuted by the fill without
hopeless pairs (maximum flow), by the linear relaxation (certified in integers), or by CP-SAT; it is met by a rounded
relaxation.
After one refutation the relaxation that maximises ``t`` itself gives the next candidate, then bisection goes on.
"""

from dataclasses import dataclass, replace

from matching.instances.levels import FLOW, SEARCH, Levels
from matching.instances.reach import level_bound, step_of, without_hopeless
from matching.solvers.pairs.budget import Budget
from matching.solvers.pairs.flow import FlowPlan, greatest_sum, with_greatest_fill
from matching.solvers.pairs.model import Bools, Goal, Pairs, threshold
from matching.solvers.pairs.polish import Polished, polish
from matching.solvers.pairs.relaxation import relax, start_core
from matching.solvers.pairs.values import lowest_served

_MAX_TRIES = 60
_MISSING = 1e-7
_START_WIDTH = 8


def solve_maxmin(pairs: Pairs, plan: FlowPlan, budget: Budget, *, seed: int) -> Levels:
    """Return a plan that is best for the lowest fully served total, then for the sum.

    Parameters
    ----------
    plan
        A plan of greatest sum; often it is already the answer.
    """
    value = int(pairs.totals(plan.chosen).sum())
    top = level_bound(pairs)
    if top is None:
        return Levels(chosen=plan.chosen, fair=None, fair_bound=None, sum=value, sum_bound=value, solver=FLOW)
    search = _Search(pairs, plan, top, budget, seed)
    search.run()
    if search.low <= search.attained(plan.chosen):
        return Levels(
            chosen=plan.chosen,
            fair=search.low,
            fair_bound=search.high,
            sum=value,
            sum_bound=value,
            solver=FLOW if search.tries == 0 else SEARCH,
        )
    best = _attempt(pairs, plan, search.low, budget, seed, start=search.chosen, first_only=False)
    chosen = best.chosen if best.chosen is not None else search.chosen
    return Levels(
        chosen=chosen,
        fair=search.low,
        fair_bound=search.high,
        sum=int(pairs.totals(chosen).sum()),
        sum_bound=min(value, best.bound),
        solver=SEARCH,
    )


@dataclass(slots=True)
class _Search:
    """Bisection over thresholds: ``low`` is met by ``chosen``, nothing above ``high`` can be met."""

    pairs: Pairs
    plan: FlowPlan
    top: int
    budget: Budget
    seed: int
    low: int = 0
    high: int = 0
    tries: int = 0
    chosen: Bools = None  # type: ignore[assignment]  # set by run()

    def attained(self, chosen: Bools) -> int:
        lowest = lowest_served(self.pairs, chosen)
        return self.top if lowest is None else min(lowest, self.top)

    def run(self) -> None:
        step = step_of(self.pairs)
        self.chosen = self.plan.chosen
        self.low, self.high = self.attained(self.chosen), self.top
        open_high = self.high  # thresholds from here on up are refuted or given up
        next_tried = None
        while self.low < open_high and self.tries < _MAX_TRIES and not self.budget.is_over:
            if self.tries == 1 and self.pairs.is_full:
                self.high = min(self.high, self._relaxed_level())
                open_high = max(self.low, min(open_high, self.high))
                self.tries += 1
                continue
            if self.tries <= 2:
                t = open_high
            elif next_tried != self.low:
                t = next_tried = self.low + step
                next_tried = self.low
            else:
                t = self.low + max(1, (open_high - self.low) // (2 * step)) * step
            t = min(t, open_high)
            self.tries += 1
            found = _attempt(self.pairs, self.plan, t, self.budget, self.seed, start=None, first_only=True)
            if found.chosen is not None:
                self.chosen = found.chosen
                self.low = self.attained(found.chosen)
                continue
            if found.is_impossible:
                self.high = min(self.high, t - step) if self.low <= t - step else self.low
            open_high = max(self.low, min(open_high, t - step))
        if self.low < self.high and self.tries >= _MAX_TRIES:
            self.budget.cut_by_steps = True

    def _relaxed_level(self) -> int:
        """Return a certified bound on ``t`` from the relaxation that maximises it."""
        core = start_core(self.pairs, self.plan.price, self.plan.chosen | self.chosen, _START_WIDTH)
        goal = Goal(weight_level=1, low=self.low, high=self.high)
        relaxed = relax(self.pairs, goal, core, self.budget)
        step = step_of(self.pairs)
        return self.high if relaxed is None else max(self.low, relaxed.bound // step * step)


def _attempt(
    pairs: Pairs, plan: FlowPlan, t: int, budget: Budget, seed: int, *, start: Bools | None, first_only: bool
) -> Polished:
    """Try one threshold: a plan that meets it, a proof that none does, or neither; with a bound on the sum."""
    open_bound = int(pairs.totals(plan.chosen).sum())
    impossible = Polished(chosen=None, value=None, bound=open_bound, is_impossible=True)
    narrow = without_hopeless(pairs, t)
    if with_greatest_fill(narrow).n_units < pairs.n_units:
        return impossible
    narrow = replace(narrow, n_units=pairs.n_units)
    best = greatest_sum(narrow)
    value = int(narrow.totals(best.chosen).sum())
    lowest = lowest_served(narrow, best.chosen)
    if lowest is None or lowest >= t:
        return Polished(chosen=best.chosen, value=value, bound=value)
    given = best.chosen if start is None else best.chosen | start
    core = start_core(narrow, best.price, given, _START_WIDTH)
    relaxed = relax(narrow, threshold(t), core, budget)
    if relaxed is None:
        return Polished(chosen=start, value=None, bound=value)
    if relaxed.missing > _MISSING * narrow.peak:
        refuted = relax(narrow, Goal(weight_slack=1, low=t, high=t), relaxed.core, budget)
        if refuted is not None and refuted.bound < 0:
            return impossible
    polished = polish(narrow, threshold(t), relaxed, start, budget, seed=seed, first_only=first_only)
    return replace(polished, bound=min(polished.bound, value))
