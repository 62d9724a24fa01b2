"""Worst tenth where nobody lacks more than two units: whole teams, prices per part, one level ``t`` over all parts.

For a fixed ``t`` the parts are apart: each keeps its people's shortfalls below ``t`` as small as it can. ``t`` itself
is found where the relaxation leaves as many people short as the worst tenth has members. The bound holds for every
``t``: at given prices two evaluations enclose all levels between them (see `_Enclosure.bound`); the enclosure of the
greatest bound is halved until that is within the plan's value or the steps are used up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from itertools import pairwise

import numpy as np

from matching.solvers.pairs.alternate import alternate
from matching.solvers.pairs.bounds import F8
from matching.solvers.pairs.budget import Budget
from matching.solvers.pairs.columns import Generated, generate, scale_of
from matching.solvers.pairs.cover import cover
from matching.solvers.pairs.duos import Duos, Teams, Worth
from matching.solvers.pairs.flow import FlowPlan
from matching.solvers.pairs.model import I8, Bools, Pairs
from matching.solvers.pairs.split import Part, joined, split
from matching.solvers.pairs.values import worst_sum

_MAX_HALVINGS = 7
_NEAR = 20_000
"""A relaxation is near enough at the greatest value divided by this."""
_LEAST_LOOKS = 3
_MAX_PASSES = 12
_PASS_STEPS = 20
_COVER_STEPS = 2.0
_FEW_PEOPLE = 300
"""Up to so many people the integer search is tried as well."""
_MAX_ENCLOSURES = 60
_MAX_SOLVED = 4
_WEIGHTS = (32, 256)
"""Prices of a unit of shortfall tried, in units of the sum."""
_USED = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifted:
    """A plan for the worst tenth, and bounds on its worst tenth and on its sum."""

    chosen: Bools
    bound: int
    sum_bound: int


@dataclass(slots=True, kw_only=True)
class _Own:
    """One part: all its teams, those worth keeping, and the prices to begin with."""

    part: Part
    duos: Duos
    teams: Teams
    guess: I8


def lift_worst(
    pairs: Pairs, plan: FlowPlan, count: int, reach: tuple[int, int], budget: Budget, *, seed: int
) -> Lifted:
    """Return a plan that is good for the sum of the ``count`` lowest totals, then for the sum of all, with bounds.

    Parameters
    ----------
    reach
        The ``count``-th lowest total of a better plan lies in this range.
    """
    return _Worst(pairs, plan, count, reach, budget, seed).run()


class _Worst:
    def __init__(
        self, pairs: Pairs, plan: FlowPlan, count: int, reach: tuple[int, int], budget: Budget, seed: int
    ) -> None:
        self.pairs, self.plan, self.count, self.reach = pairs, plan, count, reach
        self.budget, self.seed = budget, seed
        self.owns = []
        for part in split(pairs):
            duos = Duos(part.pairs)
            guess = np.append(plan.price[part.servers], 0) * scale_of(duos)
            teams = duos.of_plan(part.own(plan.chosen))
            self.owns.append(_Own(part=part, duos=duos, teams=teams, guess=guess))
        self.near = self.count * abs(self.reach[1]) // (_NEAR * len(self.owns))
        self.chosen = plan.chosen
        self.rank = self._rank_of(plan.chosen)

    def run(self) -> Lifted:
        """Find the level, a plan at it, the bound over all levels, and then the sum."""
        plain = self.rank[1]
        self._alternated()
        looked = self._near_level()
        if len(looked) < _LEAST_LOOKS:
            return Lifted(chosen=self.chosen, bound=self.count * self.reach[1], sum_bound=plain)
        at = {t: _prices(relaxed) for t, relaxed in looked}
        is_small = len(self.pairs.demand) <= _FEW_PEOPLE
        if is_small:
            t, relaxed = looked[-1]
            self._take(self._covered(Worth(weight_sum=0, weight_short=1, t=t), relaxed))
        bound = self._enclosed(Worth(weight_sum=0, weight_short=1, t=0), at, self.rank[0])
        sum_bound = plain
        for weight in _WEIGHTS:
            worth = Worth(weight_sum=1, weight_short=weight, t=self._level())
            relaxed = self._relaxed(worth)
            if not relaxed or sum_bound <= self.rank[1]:
                break
            if is_small and weight == max(_WEIGHTS):
                self._take(self._covered(worth, relaxed))
            sum_bound = min(sum_bound, self._enclosed(worth, {worth.t: _prices(relaxed)}, self.rank[1]))
        return Lifted(chosen=self.chosen, bound=max(bound, self.rank[0]), sum_bound=max(sum_bound, self.rank[1]))

    def _rank_of(self, chosen: Bools) -> tuple[int, int]:
        totals = self.pairs.totals(chosen)
        return worst_sum(totals[self.pairs.judged], self.count), int(totals.sum())

    def _take(self, chosen: Bools | None) -> None:
        if chosen is not None and self._rank_of(chosen) > self.rank:
            self.chosen, self.rank = chosen, self._rank_of(chosen)

    def _near_level(self) -> list[tuple[int, list[Generated]]]:
        """Return relaxations at levels ever nearer to the one at which ``count`` people are short, nearest last."""
        low, high = self.reach
        looked: list[tuple[int, list[Generated]]] = []
        for number in range(_MAX_HALVINGS):
            t = (low, high, self._level())[number] if number < _LEAST_LOOKS else (low + high) // 2
            found = self._relaxed(Worth(weight_sum=0, weight_short=1, t=t))
            if not found:
                break
            looked.append((t, found))
            if number < 2:
                continue
            if self._short(found, t)[0] > self.count:
                high = t
            else:
                low = t
        return looked

    def _short(self, relaxed: Sequence[Generated], t: int) -> tuple[float, float]:
        """Return how many people stay below ``t`` in a relaxation, and by how much in all."""
        people = shortfall = 0.0
        for own, found in zip(self.owns, relaxed, strict=True):
            gap = np.maximum(0, t - own.duos.totals(found.teams)) * own.duos.pairs.judged[found.teams.person]
            people += float(found.share[gap > 0].sum())
            shortfall += float((found.share * gap).sum())
        return people, shortfall

    def _relaxed(self, worth: Worth) -> list[Generated]:
        """Return the relaxation of every part; nothing when the time is over."""
        found = []
        for own in self.owns:
            relaxed = generate(own.duos, worth, own.teams, own.guess, self.budget, near=self.near)
            if relaxed is None or relaxed.bound is None:
                return []
            own.guess = relaxed.prices
            own.teams = Teams.together(
                own.duos.of_plan(own.part.own(self.chosen)), relaxed.teams.at(relaxed.share > _USED)
            )
            found.append(relaxed)
        return found

    def _alternated(self) -> None:
        """Improve the plan by alternating assignment, the level following the plan."""
        parts = [own.part for own in self.owns]
        generators = [np.random.default_rng((self.seed, number)) for number in range(len(parts))]
        for _ in range(_MAX_PASSES):
            if self.budget.is_over:
                break
            t, before = self._level(), self.rank
            plans = [
                alternate(part.pairs, part.own(self.chosen), _short_of(part.pairs, t), generator, steps=_PASS_STEPS)
                for part, generator in zip(parts, generators, strict=True)
            ]
            self._take(joined(self.pairs, parts, plans))
            if self.rank[0] - before[0] <= abs(before[0]) // _NEAR:
                break

    def _level(self) -> int:
        """Return the ``count``-th lowest total of the plan, within the reach."""
        t = int(np.sort(self.pairs.totals(self.chosen)[self.pairs.judged])[self.count - 1])
        return min(max(t, self.reach[0]), self.reach[1])

    def _covered(self, worth: Worth, relaxed: Sequence[Generated]) -> Bools:
        plans = []
        for own, found in zip(self.owns, relaxed, strict=True):
            start = own.part.own(self.chosen)
            best = cover(own.duos, worth, found, start, self.budget, seed=self.seed, steps=_COVER_STEPS).chosen
            plans.append(start if best is None else best)
        return joined(self.pairs, [own.part for own in self.owns], plans)

    def _enclosed(self, worth: Worth, at: Mapping[int, Sequence[I8]], enough: int) -> int:
        """Return a bound over every level of the reach: on the worst tenth, or on the sum with the tenth kept.

        Parameters
        ----------
        at
            Prices of the parts, by the level they were found at.
        """
        enclosure = _Enclosure(self.owns, worth, self.count, at)
        floor = self.rank[0] if worth.weight_sum else 0
        enough = max(enough, max((enclosure.bound(t, t, floor) for t in at), default=enough))
        edges = sorted({*self.reach, *(t for t in at if self.reach[0] < t < self.reach[1])})
        heap = [(-enclosure.bound(a, b, floor), a, b) for a, b in pairwise(edges)]
        heapify(heap)
        n_solved = 0
        for _ in range(_MAX_ENCLOSURES):
            if not heap or -heap[0][0] <= enough or heap[0][2] - heap[0][1] <= 1 or self.budget.is_over:
                break
            _, a, b = heappop(heap)
            middle = (a + b) // 2
            if enclosure.bound(middle, middle, floor) > enough and n_solved < _MAX_SOLVED:
                n_solved += 1  # no halving can help at these prices
                relaxed = self._relaxed(replace(worth, t=middle))
                if not relaxed:
                    heappush(heap, (-enclosure.bound(a, b, floor), a, b))
                    break
                enclosure.add(middle, _prices(relaxed))
                enough = max(enough, enclosure.bound(middle, middle, floor))
            heappush(heap, (-enclosure.bound(a, middle, floor), a, middle))
            heappush(heap, (-enclosure.bound(middle, b, floor), middle, b))
        if not heap:
            return enclosure.bound(edges[0], edges[0], floor)
        if not worth.weight_sum:  # plans as good as this one have their level in what is left
            left = [(a, b) for value, a, b in heap if -value >= self.rank[0]]
            self.reach = min((a for a, _ in left), default=edges[0]), max((b for _, b in left), default=edges[-1])
        return -heap[0][0]


class _Enclosure:
    """Bounds between two levels at given prices, in integers."""

    def __init__(self, owns: Sequence[_Own], worth: Worth, count: int, at: Mapping[int, Sequence[I8]]) -> None:
        self.owns, self.worth, self.count = owns, worth, count
        self.scale = max((scale_of(own.duos) for own in owns), default=1)
        self.known: dict[tuple[int, int, int], int] = {}
        self.supply: dict[int, int] = {}
        self.at: dict[int, Sequence[I8]] = {}
        for level, prices in at.items():
            self.add(level, prices)

    def add(self, level: int, prices: Sequence[I8]) -> None:
        """Use more prices, found at a level."""
        spent = 0
        for own, price in zip(self.owns, prices, strict=True):
            units = zip(price.tolist(), own.duos.supply.tolist(), strict=True)
            spent += sum(a * b for a, b in units) * (self.scale // scale_of(own.duos))
        self.at[level], self.supply[level] = prices, spent

    def bound(self, a: int, b: int, floor: int) -> int:
        """Return the bound for all levels from ``a`` to ``b``, at the prices found nearest to them on either side.

        Call a total above ``a`` not short, a lower one short by ``t`` minus itself. That is never more than the true
        shortfall for ``a <= t <= b``, and with it every person's greatest profit is convex in ``t``: the greatest of a
        constant and a line. So is the sum, whose greatest value is thus at ``a`` or at ``b``.
        """
        middle = (a + b) // 2
        below = [t for t in self.at if t <= middle]
        above = [t for t in self.at if t > middle]
        near = [*([max(below)] if below else []), *([min(above)] if above else [])]
        return min(max(self._value(level, t, a, floor) for t in (a, b)) for level in near)

    def _value(self, level: int, t: int, a: int, floor: int) -> int:
        """Return the value at ``t``, at the prices found at ``level``, where only totals up to ``a`` are short."""
        key = (level, t, a)
        if key not in self.known:
            worth = replace(self.worth, t=t, met_from=a + 1)
            total = self.supply[level]
            for own, price in zip(self.owns, self.at[level], strict=True):
                scale = scale_of(own.duos)
                best = own.duos.best(worth, price, scale)
                total += sum(best.tolist()) * (self.scale // scale)
            self.known[key] = total
        weight = (self.worth.weight_short or 0) * self.scale
        return (self.known[key] + weight * (self.count * t - floor)) // self.scale


def _short_of(pairs: Pairs, t: int) -> Callable[[I8, I8], F8]:
    """Return the worth of totals: far above all, to fall short of ``t`` as little as possible; then the sum."""

    def worth(people: I8, totals: I8) -> F8:
        short = np.where(pairs.judged[people], np.maximum(0, t - totals), 0)
        return totals - float(max(_WEIGHTS)) * short

    return worth


def _prices(relaxed: Sequence[Generated]) -> list[I8]:
    return [found.prices for found in relaxed]
