"""Max-min over one part in which nobody lacks more than two units: thresholds over whole teams.

A threshold is refuted by prices under which the best teams of all people together cost more than the servers are worth
(Farkas certificate, in integers, over all teams). The relaxation over teams rarely leaves more than a hair's breadth:
the greatest threshold that it does not refute is usually met by a plan.
"""

import numpy as np

from matching.instances.levels import COLUMNS
from matching.instances.reach import step_of
from matching.solvers.pairs.budget import Budget
from matching.solvers.pairs.columns import Generated, generate, refutes, scale_of
from matching.solvers.pairs.cover import cover
from matching.solvers.pairs.duos import Duos, Teams, Worth
from matching.solvers.pairs.flow import FlowPlan
from matching.solvers.pairs.model import I8, Bools, Pairs
from matching.solvers.pairs.polish import Polished
from matching.solvers.pairs.values import lowest_served

_MAX_TRIES = 12
_MAX_HALVINGS = 80


class DuoSearch:
    """Thresholds of one part: ``low`` is met by ``chosen``, nothing above ``high`` can be met."""

    def __init__(self, pairs: Pairs, plan: FlowPlan, top: int, budget: Budget, seed: int) -> None:
        self.pairs, self.plan, self.top, self.budget, self.seed = pairs, plan, top, budget, seed
        self.step = step_of(pairs)
        self.solver = COLUMNS
        self.chosen = plan.chosen
        self.low, self.high = self.attained(plan.chosen), top
        self.duos = Duos(pairs)
        self.teams = self.duos.of_plan(plan.chosen)
        self.refuting: list[I8] = []
        self.found: dict[int, Polished] = {}

    def attained(self, chosen: Bools) -> int:
        """Return the threshold that a plan meets."""
        lowest = lowest_served(self.pairs, chosen)
        return self.top if lowest is None else min(lowest, self.top)

    def offer(self, chosen: Bools) -> None:
        """Take a plan that meets a higher threshold than the best one so far."""
        if self.attained(chosen) > self.low:
            self.chosen, self.low = chosen, self.attained(chosen)

    def bound(self, ceiling: int) -> int:
        """Return the greatest threshold up to ``ceiling`` that the relaxation does not refute, or ``low``."""
        high = min(self.high, ceiling)
        if high <= self.low:
            return high
        open_to = self._meets_relaxed(high)
        if open_to is not None:
            return high
        low = self.low
        for _ in range(_MAX_HALVINGS):
            n_steps = (high - low) // self.step
            if n_steps <= 1 or self.budget.is_over:
                break
            t = low + n_steps // 2 * self.step
            open_to = self._meets_relaxed(t)
            if open_to is None:
                high = t
            else:
                low = min(max(t, open_to), high - self.step)
        self.high = min(self.high, high - self.step if high - low > self.step else low)
        return self.high

    def _meets_relaxed(self, t: int) -> int | None:
        """Return a threshold of at least ``t`` that the relaxation meets; ``None`` when it is refuted."""
        question = Worth(weight_sum=0, t=t)
        for prices in self.refuting[-2:]:
            if refutes(self.duos, question, prices):
                return None
        guess = self.refuting[-1] if self.refuting else None
        answer = generate(self.duos, question, self.teams, guess, self.budget)
        if answer is None:
            return t
        self.teams = Teams.together(self.teams, answer.teams)
        if answer.bound is None:
            self.refuting.append(answer.prices)
            return None
        used = answer.teams.at(answer.share > 1e-9)
        used = used.at(self.duos.is_whole(used) & self.pairs.judged[used.person])
        return int(self.duos.totals(used).min()) if len(used) else t

    def lift(self) -> None:
        """Raise ``low`` and lower ``high`` until they meet or the tries are used up."""
        ceiling = self.high
        for number in range(_MAX_TRIES):
            if self.low >= ceiling or self.budget.is_over:
                return
            n_steps = (ceiling - self.low) // self.step
            t = ceiling if number == 0 or n_steps <= 1 else self.low + n_steps // 2 * self.step
            found = self._attempt(t)
            if found.chosen is not None:
                self.chosen, self.low = found.chosen, self.attained(found.chosen)
                continue
            below = max(self.low, t - self.step)
            if found.is_impossible:
                self.high = min(self.high, below)
            ceiling = min(ceiling, below)
            ceiling = min(ceiling, self.bound(ceiling))
        if self.low < ceiling:
            self.budget.cut_by_steps = True

    def best_sum(self, t: int) -> Polished:
        """Return the best plan for the sum that meets a threshold which ``chosen`` meets."""
        found = self._attempt(t)
        if found.chosen is not None:
            return found
        return Polished(chosen=self.chosen, value=int(self.pairs.totals(self.chosen).sum()), bound=found.bound)

    def _attempt(self, t: int) -> Polished:
        """Return the best plan for the sum that meets ``t``, a proof that there is none, or neither."""
        if t not in self.found:
            self.found[t] = self._solve(t)
        return self.found[t]

    def _solve(self, t: int) -> Polished:
        pairs, duos = self.pairs, self.duos
        own = int(pairs.totals(self.plan.chosen).sum())
        if self.attained(self.plan.chosen) >= t:
            return Polished(chosen=self.plan.chosen, value=own, bound=own)
        if self._meets_relaxed(t) is None:
            return Polished(chosen=None, value=None, bound=own, is_impossible=True)
        worth = Worth(weight_sum=1, t=t)
        start = self.chosen if self.attained(self.chosen) >= t else None
        guess = np.append(self.plan.price, 0) * scale_of(duos)
        relaxed: Generated | None = generate(duos, worth, self.teams, guess, self.budget)
        if relaxed is None or relaxed.bound is None:
            value = None if start is None else int(pairs.totals(start).sum())
            return Polished(chosen=start, value=value, bound=own)
        found = cover(duos, worth, relaxed, start, self.budget, seed=self.seed)
        value = None if found.chosen is None else int(pairs.totals(found.chosen).sum())
        bound = min(own, found.bound)
        return Polished(chosen=found.chosen, value=value, bound=bound, is_impossible=found.is_impossible)
