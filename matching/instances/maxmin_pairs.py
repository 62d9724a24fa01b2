"""Max-min over one part for any demand: bisection over thresholds with the relaxation over pairs.

A threshold is refuted by the fill without hopeless pairs (maximum flow), by the linear relaxation (certified in
integers), or by CP-SAT; it is met by a rounded relaxation. After one refutation the relaxation that maximises ``t``
itself gives the next candidate, then bisection goes on.
"""

from dataclasses import replace

from matching.instances.levels import SEARCH
from matching.instances.reach import step_of, without_hopeless
from matching.solvers.pairs.budget import Budget
from matching.solvers.pairs.flow import FlowPlan, greatest_sum, with_greatest_fill
from matching.solvers.pairs.model import Bools, Goal, Pairs, threshold
from matching.solvers.pairs.polish import Polished, polish
from matching.solvers.pairs.relaxation import relax, start_core
from matching.solvers.pairs.values import lowest_served

_MAX_TRIES = 60
_MISSING = 1e-7
_START_WIDTH = 8
_NEAR = 256
"""Once the open range is this many times smaller than at first, the next possible value is tried."""


class PairSearch:
    """Bisection over thresholds: ``low`` is met by ``chosen``, nothing above ``high`` can be met."""

    def __init__(self, pairs: Pairs, plan: FlowPlan, top: int, budget: Budget, seed: int) -> None:
        self.pairs, self.plan, self.top, self.budget, self.seed = pairs, plan, top, budget, seed
        self.step = step_of(pairs)
        self.chosen = plan.chosen
        self.low, self.high = self.attained(plan.chosen), top
        self.tries = 0
        self.solver = SEARCH
        self.core = start_core(pairs, plan.price, plan.chosen, _START_WIDTH)

    def attained(self, chosen: Bools) -> int:
        """Return the threshold that a plan meets."""
        lowest = lowest_served(self.pairs, chosen)
        return self.top if lowest is None else min(lowest, self.top)

    def offer(self, chosen: Bools) -> None:
        """Take a plan that meets a higher threshold than the best one so far."""
        if self.attained(chosen) > self.low:
            self.chosen, self.low = chosen, self.attained(chosen)

    def bound(self, ceiling: int) -> int:
        """Return a bound on the threshold, at most ``ceiling``, that costs little; here there is none."""
        self.high = min(self.high, max(self.low, ceiling))
        return min(self.high, ceiling)

    def best_sum(self, t: int) -> Polished:
        """Return the best plan for the sum that meets a threshold which ``chosen`` meets."""
        own = int(self.pairs.totals(self.plan.chosen).sum())
        if self.attained(self.plan.chosen) >= t:
            return Polished(chosen=self.plan.chosen, value=own, bound=own)
        return self.attempt(t, start=self.chosen, first_only=False)

    def lift(self) -> None:
        """Raise ``low`` and lower ``high`` until they meet or the tries are used up."""
        ceiling = self.high  # thresholds above it are refuted or given up
        next_tried: int | None = None
        first_range: int | None = None
        while self.low < ceiling and not self.budget.is_over:
            if self.tries >= _MAX_TRIES:
                self.budget.cut_by_steps = True
                return
            if self.tries == 1 and self.pairs.is_full:
                self.high = ceiling = max(self.low, min(self.high, self._relaxed_level()))
            n_steps = (ceiling - self.low) // self.step
            if self.tries <= 1 or n_steps <= 1:
                t = ceiling
            else:
                first_range = first_range or n_steps
                if n_steps <= first_range // _NEAR and next_tried != self.low:
                    t = next_tried = self.low
                    t += self.step
                else:
                    t = self.low + n_steps // 2 * self.step
            self.tries += 1
            found = self.attempt(t, start=None, first_only=True)
            if found.chosen is not None:
                self.chosen, self.low = found.chosen, self.attained(found.chosen)
                continue
            below = max(self.low, t - self.step)
            if found.is_impossible:
                self.high = min(self.high, below)
            ceiling = min(ceiling, below)

    def _relaxed_level(self) -> int:
        """Return a certified bound on ``t`` from the relaxation that maximises it."""
        goal = Goal(weight_level=1, low=self.low, high=self.high)
        relaxed = relax(self.pairs, goal, self.core | self.chosen, self.budget)
        return self.high if relaxed is None else relaxed.bound // self.step * self.step

    def attempt(self, t: int, *, start: Bools | None, first_only: bool) -> Polished:
        """Try one threshold: a plan that meets it, a proof that none does, or neither; with a bound on the sum."""
        pairs = self.pairs
        open_bound = int(pairs.totals(self.plan.chosen).sum())
        impossible = Polished(chosen=None, value=None, bound=open_bound, is_impossible=True)
        narrow = without_hopeless(pairs, t)
        if with_greatest_fill(narrow).n_units < pairs.n_units:
            return impossible
        best = greatest_sum(narrow)
        value = int(narrow.totals(best.chosen).sum())
        lowest = lowest_served(narrow, best.chosen)
        if lowest is None or lowest >= t:
            return Polished(chosen=best.chosen, value=value, bound=value)
        core = start_core(narrow, best.price, best.chosen if start is None else best.chosen | start, _START_WIDTH)
        relaxed = relax(narrow, threshold(t), core | self.core, self.budget)
        if relaxed is None:
            return Polished(chosen=start, value=None, bound=value)
        if relaxed.missing > _MISSING * narrow.peak:
            refuted = relax(narrow, Goal(weight_slack=1, low=t, high=t), relaxed.core, self.budget)
            if refuted is not None and refuted.bound < 0:
                return impossible
        polished = polish(narrow, threshold(t), relaxed, start, self.budget, seed=self.seed, first_only=first_only)
        return replace(polished, bound=min(polished.bound, value))
