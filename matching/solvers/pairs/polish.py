"""From a fractional relaxation to a proved plan: round, search neighbourhoods, then close what the bound leaves open.

* *Round*: people whose fractional choice is whole keep it; the others are assigned exactly by CP-SAT, together with a
  growing ring of people who use the same servers (relaxation-induced neighbourhood; Danna, Rothberg and Le Pape 2005).
* *Neighbourhoods*: people chosen by chance around one of them are released and assigned anew, never for the worse.
* *Close*: pairs whose reduced cost exceeds the gap are out, pairs without which the bound falls below the plan are in;
  CP-SAT searches the rest (reduced-cost fixing).

Each step has a budget in CP-SAT's deterministic time, so the outcome does not depend on the machine.
"""

from dataclasses import dataclass

import numpy as np

from matching.solvers.pairs.bounds import certified_bound
from matching.solvers.pairs.budget import Budget
from matching.solvers.pairs.integer import Found, search
from matching.solvers.pairs.model import Bools, Goal, Pairs
from matching.solvers.pairs.relaxation import Relaxed
from matching.solvers.pairs.values import goal_value

_WHOLE = 1e-6
_RING_STEPS = 1.0
_N_RINGS = 5
_NEIGHBOUR_STEPS = 0.2
_N_NEIGHBOURS = 150
_PATIENCE = 25
"""So many neighbourhoods in a row without a gain end the exploration."""
_CLOSE_STEPS = 6.0
_CLOSE_PAIRS = 60_000
"""CP-SAT is not asked to prove anything over more pairs; building the model alone would take seconds."""
_FACE_WIDTH = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Polished:
    """The best plan known for a goal and a bound on every plan.

    Attributes
    ----------
    chosen
        ``None`` when no plan that keeps the goal's rules was found.
    value
        Value of that plan under the goal.
    bound
        No plan does better; without a plan and ``is_impossible`` it says nothing.
    is_impossible
        Proved: no plan keeps the goal's rules.
    """

    chosen: Bools | None
    value: int | None
    bound: int
    is_impossible: bool = False

    @property
    def is_proved(self) -> bool:
        """The plan is best."""
        return self.value is not None and self.value >= self.bound


def polish(
    pairs: Pairs,
    goal: Goal,
    relaxed: Relaxed,
    start: Bools | None,
    budget: Budget,
    *,
    seed: int,
    first_only: bool = False,
) -> Polished:
    """Find a plan for a goal, as near to its bound as the steps allow.

    Parameters
    ----------
    start
        A plan that keeps the goal's rules, or ``None``.
    first_only
        Any plan that keeps the goal's rules will do.
    """
    generator = np.random.default_rng(seed)
    best = Polished(chosen=start, value=None if start is None else goal_value(pairs, goal, start), bound=relaxed.bound)
    best = _round(pairs, goal, relaxed, best, budget, generator, first_only=first_only)
    if first_only and best.chosen is not None:
        return best
    if best.chosen is not None and not best.is_proved:
        best = _explore(pairs, goal, relaxed, best, budget, generator)
    if not best.is_proved:
        best = _close(pairs, goal, relaxed, best, budget, seed)
    return best


def _better(pairs: Pairs, goal: Goal, best: Polished, chosen: Bools | None) -> Polished:
    """Return the better of the best plan and another one that may break the goal's rules."""
    if chosen is None:
        return best
    value = goal_value(pairs, goal, chosen)
    if value is None or int(chosen.sum()) != pairs.n_units or (best.value is not None and value <= best.value):
        return best
    return Polished(chosen=chosen, value=value, bound=max(best.bound, value))


def _round(
    pairs: Pairs,
    goal: Goal,
    relaxed: Relaxed,
    best: Polished,
    budget: Budget,
    generator: np.random.Generator,
    *,
    first_only: bool,
) -> Polished:
    share = relaxed.share
    rounded = share > 0.5
    face = relaxed.core
    if pairs.is_full and goal.weight_sum:
        # Pairs that cost nothing at the relaxation's prices: every plan that attains the bound is made of them.
        free_of_cost = pairs.allowed & (certified_bound(pairs, goal, relaxed.prices).loss == 0)
        face = face | best_of(pairs, free_of_cost, _FACE_WIDTH)
    free: Bools = np.asarray((np.abs(share - rounded) > _WHOLE).any(axis=1))
    if goal.is_threshold:  # whole choices that fall short of the threshold cannot stay
        free |= pairs.judged & pairs.served(rounded) & (pairs.totals(rounded) < (goal.low or 0))
    for _ in range(_N_RINGS):
        if best.is_proved or (first_only and best.chosen is not None) or budget.is_over:
            break
        sub = pairs.after(rounded, free, judge_partial=not goal.is_threshold)
        if (sub.capacity >= 0).all() and sub.n_units <= int(sub.demand.sum()):
            found = search(
                sub,
                goal,
                face,
                budget,
                steps=_RING_STEPS,
                seed=0,
                hint=rounded,
                better_than=best.value,
                for_proof=True,  # rules eased by the rounding error; plans are counted again exactly
            )
            if found.chosen is not None:
                best = _better(pairs, goal, best, found.chosen | (rounded & ~free[:, None]))
        if free.all():
            break
        free = _widened(face, rounded, free, 3 * int(free.sum()) + 12, generator)
    return best


def best_of(pairs: Pairs, among: Bools, width: int) -> Bools:
    """Return the ``width`` highest scores of every person among some pairs.

    Examples
    --------
    >>> pairs = Pairs.start(np.array([[3, 2, 5]]), np.ones((1, 3), bool), np.array([1]), np.array([1, 1, 1]))
    >>> best_of(pairs, pairs.allowed, 2).tolist()
    [[True, False, True]]
    """
    if among.shape[1] <= width:
        return among
    value = np.where(among, pairs.score, np.iinfo(np.int64).min)
    columns = np.argsort(-value.astype(np.float64), axis=1, kind="stable")[:, :width]
    best = np.zeros_like(among)
    best[np.arange(len(value))[:, None], columns] = True
    return best & among


def _widened(core: Bools, chosen: Bools, free: Bools, size: int, generator: np.random.Generator) -> Bools:
    """Return the free people and others who use servers that free people could use, ``size`` in all."""
    servers = core[free].any(axis=0)
    near = (chosen & servers).any(axis=1) & ~free
    order = generator.permutation(len(free))
    order = order[np.argsort(~near[order], kind="stable")]
    order = order[~free[order]]
    wider = free.copy()
    wider[order[: max(0, size - int(free.sum()))]] = True
    return wider


def _explore(
    pairs: Pairs, goal: Goal, relaxed: Relaxed, best: Polished, budget: Budget, generator: np.random.Generator
) -> Polished:
    n = len(pairs.demand)
    size = min(n, 40)
    usable = relaxed.core | best_of(pairs, pairs.allowed, 2)
    idle = 0
    for _ in range(_N_NEIGHBOURS):
        if best.is_proved or budget.is_over or best.chosen is None or idle >= _PATIENCE:
            break
        free = np.zeros(n, dtype=bool)
        if goal.weight_sum:
            free[generator.integers(n)] = True
        else:  # around somebody near the lowest
            lowest = np.argsort(
                np.where(pairs.judged, pairs.totals(best.chosen), np.iinfo(np.int64).max), kind="stable"
            )
            free[lowest[generator.integers(max(1, n // 8))]] = True
        free = _widened(relaxed.core, best.chosen, free, size, generator)
        sub = pairs.after(best.chosen, free, judge_partial=not goal.is_threshold)
        found = search(
            sub,
            goal,
            usable | best.chosen,
            budget,
            steps=_NEIGHBOUR_STEPS,
            seed=0,
            hint=best.chosen,
        )
        before = best.value
        if found.chosen is not None:
            best = _better(pairs, goal, best, found.chosen | (best.chosen & ~free[:, None]))
        idle = idle + 1 if best.value == before else 0
    return best


def _close(pairs: Pairs, goal: Goal, relaxed: Relaxed, best: Polished, budget: Budget, seed: int) -> Polished:
    certificate = certified_bound(pairs, goal, relaxed.prices)
    if best.value is None:
        usable, forced = pairs.allowed, None
    else:
        gap = certificate.value - best.value  # only plans of a greater value are wanted
        usable = pairs.allowed & (certificate.loss < max(gap, 1))
        forced = pairs.allowed & (certificate.keep >= max(gap, 1)) if pairs.is_full else None

    def attempt(*, for_proof: bool) -> Found:
        return search(
            pairs,
            goal,
            usable,
            budget,
            steps=_CLOSE_STEPS,
            seed=seed,
            hint=best.chosen if best.chosen is not None else relaxed.share > 0.5,
            forced=forced,
            better_than=best.value,
            for_proof=for_proof,
        )

    if int(usable.sum()) > _CLOSE_PAIRS:
        if best.value is not None:
            budget.cut_by_steps = True
            return best
        # Too many for a proof; the likely ones may still hold a plan.
        usable = usable & (relaxed.core | best_of(pairs, usable, _FACE_WIDTH // 2))
        return _better(pairs, goal, best, attempt(for_proof=False).chosen)
    found = attempt(for_proof=True)
    better = _better(pairs, goal, best, found.chosen)
    if found.chosen is not None and better.chosen is None:  # kept the rounded rules only
        better = _better(pairs, goal, best, attempt(for_proof=False).chosen)
    if found.chosen is None and found.is_complete:
        if best.value is None:
            return Polished(chosen=None, value=None, bound=best.bound, is_impossible=True)
        return Polished(chosen=best.chosen, value=best.value, bound=best.value)
    if found.bound is not None:
        bound = min(better.bound, found.bound)
        return Polished(
            chosen=better.chosen, value=better.value, bound=bound if better.value is None else max(bound, better.value)
        )
    return better
