"""Certified upper bounds in integer arithmetic: whatever prices go in, what comes out is a valid bound.

Prices on the shared rows (capacity of servers, the fill, the fairness rows) split the problem into one small problem
per person, which is solved exactly by sorting (Lagrangian relaxation; Geoffrion, Lagrangean relaxation for integer
programming, 1974). Prices from a floating-point solver are rounded to multiples of ``1 / K`` first, so a bound never
depends on the solver's accuracy.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.solvers.pairs.model import I8, Goal, Pairs

F8 = npt.NDArray[np.float64]
_SAFE = 2**60
_NEVER = -(2**61)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Duals of the shared rows, in units of score.

    Attributes
    ----------
    capacity
        (servers,), at least 0.
    fair
        (people,), at least 0, without unit; 0 where a person is not judged.
    fill
        Worth of one unit of the fill; 0 when everybody is fully served anyway.
    floor
        Price of the rule ``goal.floor``, at least 0, without unit.
    """

    capacity: F8
    fair: F8
    fill: float = 0.0
    floor: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A proved bound, and by how much forcing a pair would lower it.

    Attributes
    ----------
    value
        No plan does better.
    loss
        ``int64`` (people, servers): choosing this pair lowers the bound by at least this; only for full plans, else
        zeros.
    keep
        ``int64`` (people, servers): leaving this pair out lowers the bound by at least this; as ``loss``.
    """

    value: int
    loss: I8
    keep: I8


def certified_bound(pairs: Pairs, goal: Goal, prices: Prices) -> Bound:
    """Return an upper bound on the goal over all plans that fill ``pairs.n_units`` units.

    Examples
    --------
    >>> pairs = Pairs.start(np.array([[3, 2], [3, 1]]), np.ones((2, 2), bool), np.array([1, 1]), np.array([1, 1]))
    >>> from dataclasses import replace
    >>> full = replace(pairs, n_units=2)
    >>> free = Prices(capacity=np.zeros(2), fair=np.zeros(2))
    >>> certified_bound(full, Goal(weight_sum=1), free).value
    6
    >>> certified_bound(full, Goal(weight_sum=1), Prices(capacity=np.array([1.0, 0.0]), fair=np.zeros(2))).value
    5
    """
    fair = np.where(pairs.judged, np.maximum(prices.fair, 0.0), 0.0) if goal.is_fair else np.zeros(len(pairs.demand))
    floor = max(prices.floor, 0.0) if goal.floor is not None else 0.0
    d_max = max(1, min(pairs.score.shape[1], int(pairs.demand.max(initial=0))))
    reach = max(abs(v) for v in (goal.low or 0, goal.high or 0, int(np.abs(pairs.base).max(initial=0)), 1))
    size = (1 + float(fair.max(initial=0))) * (pairs.peak + reach) + float(prices.capacity.max(initial=0))
    k = 1 << max(0, min(40, int(np.log2(_SAFE / ((size + abs(prices.fill) + 1) * 2 * d_max)))))
    fair_k = np.round(np.minimum(fair, 2.0**40 / k * 2**20) * k).astype(np.int64)
    floor_k = round(floor * k)
    if goal.weight_slack is not None:
        fair_k = np.minimum(fair_k, goal.weight_slack * k + floor_k)
    price_k = np.round(np.maximum(prices.capacity, 0.0) * k).astype(np.int64)
    fill_k = 0 if pairs.is_full else round(prices.fill * k)

    reduced = (goal.weight_sum * k + fair_k)[:, None] * pairs.score - price_k - fill_k
    reduced[~pairs.allowed] = _NEVER
    top, cut = _best(reduced, pairs.demand, may_skip=not pairs.is_full)
    constant = int((price_k.astype(object) * pairs.capacity.astype(object)).sum()) + fill_k * pairs.n_units
    constant += goal.weight_sum * k * int(pairs.base.sum())
    if goal.is_fair:
        assert goal.low is not None
        assert goal.high is not None
        if goal.is_threshold:
            top = top + fair_k * (pairs.base - goal.low)
            if not pairs.is_full:
                top = _or_partial(top, pairs, goal, price_k + fill_k, fair_k, k)
        else:
            top = top + fair_k * pairs.base
            slope = goal.weight_level * k + floor_k * goal.floor_level - int(fair_k.sum())
            constant += max(slope * goal.low, slope * goal.high)
            constant -= floor_k * (goal.floor or 0)
    total = sum(top.tolist()) + constant
    zeros = np.zeros_like(reduced)
    if not pairs.is_full:
        return Bound(value=total // k, loss=zeros, keep=zeros)
    last, following = cut
    loss = np.maximum(0, last[:, None] - reduced) // k
    keep = np.maximum(0, reduced - following[:, None]) // k
    return Bound(value=total // k, loss=loss, keep=keep)


def _best(reduced: I8, demand: I8, *, may_skip: bool) -> tuple[I8, tuple[I8, I8]]:
    """Return per person the best sum of ``demand`` entries, and the last entry taken and the first one not taken."""
    n, m = reduced.shape
    d_max = min(m, int(demand.max(initial=0)) + 1)
    if not m or not n:
        return np.zeros(n, dtype=np.int64), (np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64))
    ranked = -np.sort(np.partition(-reduced, d_max - 1, axis=1)[:, :d_max], axis=1)
    place = np.arange(d_max)
    taken = place < demand[:, None]
    if may_skip:
        taken &= ranked > 0
    best = np.where(taken, ranked, 0).sum(axis=1)
    rows = np.arange(n)
    last = np.where(demand > 0, ranked[rows, np.clip(demand - 1, 0, d_max - 1)], 0)
    following = np.where(demand < d_max, ranked[rows, np.clip(demand, 0, d_max - 1)], _NEVER)
    return best, (last, following)


def _or_partial(full: I8, pairs: Pairs, goal: Goal, price_k: I8, fair_k: I8, k: int) -> I8:
    """Return per person the better of being fully served above the threshold and staying one unit short of it.

    ``full`` is replaced by an exact pair of cases; a person nobody judges has the free choice of up to ``demand``
    units.
    """
    plain = goal.weight_sum * k * pairs.score - price_k
    plain[~pairs.allowed] = _NEVER
    fair = fair_k[:, None] * pairs.score + plain
    fair[~pairs.allowed] = _NEVER
    whole, (last, _) = _best(fair, pairs.demand, may_skip=False)
    whole = whole + fair_k * (pairs.base - (goal.low or 0))
    can_be_full = (pairs.allowed.sum(axis=1) >= pairs.demand) & (last > _NEVER)
    partial, _ = _best(plain, np.maximum(pairs.demand - 1, 0), may_skip=True)
    partial = np.where(pairs.demand > 0, partial, np.iinfo(np.int64).min // 4)
    judged = np.where(can_be_full, np.maximum(whole, partial), partial)
    free, _ = _best(plain, pairs.demand, may_skip=True)
    return np.where(pairs.judged, judged, free)
