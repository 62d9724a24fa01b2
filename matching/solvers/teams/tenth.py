"""The levels under WORST_TENTH over all components: which numbers cross between them, and the bounds of both levels.

W, the sum of the m = ⌈n/10⌉ least scores, is lifted by a fixed point: t is the m-th least score of the joined plan,
every component is searched for t on its own, and so on. Then one list of intervals of t bounds W, and the score among
all plans whose W is at least what was attained. Few teams are decided in one model, exactly.
"""

import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from matching.solution import n_worst, worst_sum
from matching.solvers.teams.columns import I8
from matching.solvers.teams.joint import FEW_TEAMS, decided, few_teams
from matching.solvers.teams.steps import Job, OnValue, Run
from matching.solvers.teams.worst import (
    PURE,
    WEIGHT,
    Lifted,
    Reach,
    Settled,
    interval_bound,
    lift,
    retuned,
    settle,
)

LIFTS = 3
"""Rounds of the fixed point, each of which goes twice as far as the one before rose; measured: t within 1 %."""

WIDTHS = (1_200, 2_400, 4_800)
"""Widths of the intervals on either side of the t of the plan, in units of 10⁻⁴ points; one more takes the rest."""

MOST_WORK, TUNING, MOST_STEPS = 30_000, 12, 30
"""Mentees, summed over all intervals that are bounded beyond the first ones, how many of these bounds new prices take
the time of, and the most times that the worst interval of a level is worked on."""

TOLERANCE, NARROW, FAR = 4.5e-4, 300, 6_400
"""Gap, as a share of the value, that needs no work; width of an interval that is not halved; distance of its middle
from the threshold of its prices from which on new prices are found first. In units of 10⁻⁴ points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenth:
    """A plan of all components with bounds of its two levels.

    Attributes
    ----------
    members
        Per component ``int64`` (mentees, seats), in any order of seats.
    worst_bound
        No plan that attains the integer levels has a larger W.
    score_bound
        None of those whose W is at least that of this plan has a larger Σ score.
    """

    members: list[I8]
    worst_bound: int
    score_bound: int


def worst_tenth(run: Run, reaches: Sequence[Reach], *, seed: int, on_value: OnValue | None = None) -> Tenth:
    """Return a plan with a large W, and among those a large score, with the bounds of both.

    Parameters
    ----------
    reaches
        What ``reach`` says of every component.
    """
    n_mentees = [len(own.alone) for own in reaches]
    if not n_mentees:
        return Tenth(members=[], worst_bound=0, score_bound=0)
    everybody: list[Job] = [(index, ()) for index in range(len(n_mentees))]
    m = n_worst(sum(n_mentees))
    if sum(n_mentees) <= FEW_TEAMS:
        (exact,) = run(decided, [(0, (run(few_teams, everybody), m, seed))])
        if exact is not None:
            return Tenth(members=exact.members, worst_bound=exact.worst_bound, score_bound=exact.score_bound)
    settled, threshold = _settled(run, len(n_mentees), m, seed)
    scores = np.concatenate([found.score for found in settled])
    attained = worst_sum(scores, m)
    # W is at most m times the m-th least score: a plan with a larger W than the attained one has a larger t than this.
    low, high = attained // m, highest_threshold(reaches, m)
    edges = _edges(low, min(high, max(low, int(np.sort(scores)[m - 1]))), high)
    worst_most = worst_sum(np.concatenate([found.alone for found in reaches]), m)
    if on_value is not None:
        on_value(attained, worst_most)
    score_most = sum(found.score for found in reaches)
    # The other teams of a plan with W or more score at least its t, so at least W / m.
    score_least = len(scores) * (attained // m)

    def worst_within(interval: Interval, total: int | None) -> int:
        bound = worst_most if total is None else (total + PURE * m * interval[1] - score_least) // PURE
        return min(worst_most, bound)

    def score_within(interval: Interval, total: int | None) -> int:
        return score_most if total is None else min(score_most, total + WEIGHT * (m * interval[1] - attained))

    members = [found.members for found in settled]
    first = _Prices(threshold=threshold, price=[found.pure_price for found in settled])
    asked = _Asked(run=run, members=members, weight=PURE, bound_of=worst_within)
    worst_bound, leaves = asked.refined(list(itertools.pairwise(edges)), first, attained)
    if on_value is not None:
        on_value(attained, worst_bound)
    # With bound == attained an interval may still hold plans with the same W.
    still_open = [interval for interval, bound in leaves if bound >= attained]
    first = _Prices(threshold=threshold, price=[found.price for found in settled])
    asked = _Asked(run=run, members=members, weight=WEIGHT, bound_of=score_within)
    score_bound, _ = asked.refined(still_open, first, int(scores.sum()))
    return Tenth(members=members, worst_bound=worst_bound, score_bound=score_bound)


Interval = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prices:
    """Prices of the persons of every component, and the threshold that they were found for."""

    threshold: int
    price: list[I8 | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The bound of one level over intervals of thresholds.

    Attributes
    ----------
    bound_of
        Bound of the level in an interval, from the most that all teams of a plan count together there.
    """

    run: Run
    members: list[I8]
    weight: int
    bound_of: Callable[[Interval, int | None], int]

    def refined(
        self, intervals: Sequence[Interval], first: _Prices, value: int
    ) -> tuple[int, list[tuple[Interval, int]]]:
        """Find better prices for the intervals with the largest bounds, and halve them, while far from a value.

        Returns
        -------
        tuple
            The largest bound, at least the value, and the intervals with their bounds.
        """
        heap = [(-self.bound(interval, first), interval) for interval in intervals]
        own, known = dict.fromkeys(intervals, first), [first]
        heapq.heapify(heap)
        n_mentees = sum(len(members) for members in self.members)
        work, is_priced = 0, all(price is not None for price in first.price)
        for _ in range(MOST_STEPS if is_priced else 0):
            if not heap or -heap[0][0] - value <= TOLERANCE * abs(value) or work >= MOST_WORK:
                break
            limit, interval = heapq.heappop(heap)
            (low, high), middle = interval, (interval[0] + interval[1]) // 2
            # The nearest ones, of equally near ones the last that were found.
            prices = min(reversed(known), key=lambda prices: abs(prices.threshold - middle))
            distance, parts = abs(prices.threshold - middle), [interval]
            if prices is own[interval]:
                if high - low > NARROW and distance < FAR:
                    # Whole numbers lie in one half or the other.
                    parts = [(low, middle), (middle + 1, high)]
                elif prices is first or distance > NARROW:
                    prices = self.tuned(prices, middle)
                    known.append(prices)
                    work += TUNING * n_mentees
                else:
                    heapq.heappush(heap, (limit, interval))
                    break
            for part in parts:
                own[part] = prices
                heapq.heappush(heap, (max(limit, -self.bound(part, prices)), part))
                work += n_mentees
        return max([value] + [-limit for limit, _ in heap]), [(interval, -limit) for limit, interval in heap]

    def bound(self, interval: Interval, prices: _Prices) -> int:
        """Return the bound of the level in an interval under some prices, moved to its upper end."""
        shift = self.weight * (interval[1] - prices.threshold)
        jobs: list[Job] = []
        for index, (members, price) in enumerate(zip(self.members, prices.price, strict=True)):
            if price is None:
                return self.bound_of(interval, None)
            jobs.append((index, (members, price + shift, interval, self.weight)))
        totals = self.run(interval_bound, jobs)
        total = None if any(own is None for own in totals) else sum(own for own in totals if own is not None)
        return self.bound_of(interval, total)

    def tuned(self, prices: _Prices, threshold: int) -> _Prices:
        """Return prices for another threshold."""
        shift = self.weight * (threshold - prices.threshold)
        jobs: list[Job] = [
            (index, (members, price + shift, threshold, self.weight))
            for index, (members, price) in enumerate(zip(self.members, prices.price, strict=True))
            if price is not None
        ]
        return _Prices(threshold=threshold, price=list(self.run(retuned, jobs)))


def _settled(run: Run, n_components: int, m: int, seed: int) -> tuple[list[Settled], int]:
    """Return the plans of all components, and the threshold that they were searched for."""
    plans = run(lift, [(index, (None, None, seed)) for index in range(n_components)])
    asked = before = _threshold(plans, m)
    for _ in range(LIFTS):
        plans = run(lift, [(index, (plan.members, asked, seed)) for index, plan in enumerate(plans)])
        after = _threshold(plans, m)
        asked, before = after + max(0, after - before), after
    return run(settle, [(index, (plan.members, before, seed)) for index, plan in enumerate(plans)]), before


def _threshold(plans: Sequence[Lifted], m: int) -> int:
    return int(np.sort(np.concatenate([plan.score for plan in plans]))[m - 1])


def highest_threshold(reaches: Sequence[Reach], m: int) -> int:
    """Return the least number that at least m scores of any plan are at or below.

    Examples
    --------
    >>> nobody = np.full((3, 2), -1)
    >>> half = Reach(members=nobody, alone=np.array([90, 80, 70]), n_empty=6, n_partial=2, partial=50, score=240)
    >>> highest_threshold([half], 1), highest_threshold([half], 3)
    (50, 90)
    """
    candidates = np.unique(np.concatenate([*(found.alone for found in reaches), [found.partial for found in reaches]]))
    counts = np.zeros(len(candidates), dtype=np.int64)
    for found in reaches:
        by_mentee = np.searchsorted(np.sort(found.alone), candidates, side="right")
        counts += np.maximum(by_mentee, np.where(candidates >= found.partial, found.n_partial, 0))
    return int(candidates[int(np.argmax(counts >= m))])


def _edges(low: int, middle: int, high: int) -> list[int]:
    """Return rising numbers from ``low`` to ``high``, dense near ``middle``."""
    steps = np.cumsum(WIDTHS).tolist()
    inner = {middle, *(middle - step for step in steps), *(middle + step for step in steps)}
    edges = sorted({low, max(low, high), *(edge for edge in inner if low < edge < high)})
    return edges if len(edges) > 1 else [low, low]
