"""What each person could reach at best, alone: cheap bounds, and pairs that no plan above a threshold contains."""

from dataclasses import replace

import numpy as np

from matching.solvers.pairs.model import I8, Bools, Pairs

_LOW = -(2**50)


def ranked_scores(pairs: Pairs) -> I8:
    """Return the admissible scores of every person, best first, as many as the largest demand."""
    values = np.where(pairs.allowed, pairs.score, _LOW)
    width = min(values.shape[1], max(1, int(pairs.demand.max(initial=0))))
    return -np.sort(-values, axis=1)[:, :width]


def best_totals(pairs: Pairs) -> tuple[I8, Bools]:
    """Return the best total with the whole demand filled, and who can have the whole demand at all.

    Examples
    --------
    >>> pairs = Pairs.start(np.array([[3, 2], [3, 1]]), np.ones((2, 2), bool), np.array([1, 2]), np.array([1, 1]))
    >>> best_totals(pairs)[0].tolist()
    [3, 4]
    """
    ranked = ranked_scores(pairs)
    taken = np.arange(ranked.shape[1]) < pairs.demand[:, None]
    possible = pairs.allowed.sum(axis=1) >= pairs.demand
    return np.where(possible, pairs.base + np.where(taken & (ranked > _LOW), ranked, 0).sum(axis=1), 0), possible


def best_partial_totals(pairs: Pairs) -> I8:
    """Return the best total with any part of the demand filled."""
    ranked = ranked_scores(pairs)
    taken = (np.arange(ranked.shape[1]) < pairs.demand[:, None]) & (ranked > 0)
    return np.asarray(pairs.base + np.where(taken, ranked, 0).sum(axis=1))


def level_bound(pairs: Pairs) -> int | None:
    """Return a bound on the lowest total of fully served people; ``None`` when nobody can be fully served.

    A plan leaves ``demand - n_units`` units empty. People with too few admissible servers use up some of them; at most
    the rest many others can stay short, so the bound is one of the lowest best totals.
    """
    best, possible = best_totals(pairs)
    counted = np.sort(best[pairs.judged & possible])
    if not len(counted):
        return None
    never = pairs.judged & ~possible
    lost = int((pairs.demand - pairs.allowed.sum(axis=1))[never].sum())
    spare = max(0, int(pairs.demand.sum()) - pairs.n_units - lost)
    return int(counted[min(spare, len(counted) - 1)])


def without_hopeless(pairs: Pairs, t: int) -> Pairs:
    """Return the problem without pairs that keep a person below ``t`` whatever else they get, where all are served."""
    if not pairs.is_full:
        return pairs
    ranked = ranked_scores(pairs)
    width = ranked.shape[1]
    rows = np.arange(len(pairs.demand))
    places = np.arange(width)
    others = np.where(places < (pairs.demand - 1)[:, None], ranked, 0).sum(axis=1)
    last = ranked[rows, np.clip(pairs.demand - 1, 0, width - 1)]
    reach = pairs.base[:, None] + others[:, None] + np.minimum(pairs.score, last[:, None])
    return replace(pairs, allowed=pairs.allowed & ((reach >= t) | ~pairs.judged[:, None]))


def step_of(pairs: Pairs) -> int:
    """Return a number that divides every total."""
    values = np.concatenate((np.unique(pairs.score[pairs.allowed]), np.unique(pairs.base)))
    return max(1, int(np.gcd.reduce(values))) if len(values) else 1
