"""Teams of at most two servers: the best one of every person at given prices, over all of them, by sorting.

A person who still lacks two units takes two different servers, one who lacks one takes one, and where the fill leaves
units empty a unit may go to the *void*: an imagined server of score 0 with as many units as the fill must leave empty.
Nobody can leave fewer empty, so a plan of greatest fill uses the void up, and every plan is a choice of one team per
person.

Pricing all teams costs no more than sorting. With the servers of a person in falling order of score, the partners that
lift a server to a threshold are a prefix of that order, so running maxima give the best partner of every server.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from matching.solvers.pairs.model import I8, Bools, Pairs

_LOW = -(2**58)
"""Profit of what is not possible; two of them and any price still fit into 64 bits."""
_NO_SCORE = -(2**50)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What a team counts: ``weight_sum * total - weight_short * max(0, t - total)``, for judged people.

    Attributes
    ----------
    weight_short
        ``None``: a judged person who is fully served may not stay below ``t`` at all.
    met_from
        Totals from here on count as not short of ``t`` (for bounds); ``None`` for ``t`` itself.
    """

    weight_sum: int
    t: int
    weight_short: int | None = None
    met_from: int | None = None

    @property
    def least(self) -> int:
        """The least total that is not short."""
        return self.t if self.met_from is None else self.met_from

    def short(self, total: I8) -> I8:
        """Return how far every total stays below ``t``."""
        return np.where(total < self.least, np.maximum(0, self.t - total), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Teams:
    """Some teams: person, and two servers (the void is ``n_servers``, no second or first one is -1).

    Attributes
    ----------
    person, first, second
        ``int64`` (teams,).
    """

    person: I8
    first: I8
    second: I8

    def __len__(self) -> int:
        return len(self.person)

    def at(self, index: "I8 | Bools") -> "Teams":
        """Return the teams at an index or mask."""
        return Teams(person=self.person[index], first=self.first[index], second=self.second[index])

    @classmethod
    def together(cls, *parts: "Teams") -> "Teams":
        """Return all teams, each once, sorted."""
        rows = np.concatenate([np.stack((p.person, p.first, p.second), axis=1) for p in parts])
        rows = np.unique(rows, axis=0)
        return cls(person=rows[:, 0], first=rows[:, 1], second=rows[:, 2])


class Duos:
    """All teams of a pair problem in which nobody lacks more than two units."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        self.n, self.m = pairs.score.shape
        self.n_void = int(pairs.demand.sum()) - pairs.n_units
        values = np.where(pairs.allowed, pairs.score, _NO_SCORE)
        self.order = np.argsort(-values, axis=1, kind="stable")
        self.ranked = np.take_along_axis(values, self.order, axis=1)
        self.is_open = self.ranked > _NO_SCORE
        self.two = pairs.demand == 2
        self._reach: tuple[int, I8] | None = None

    @staticmethod
    def fits(pairs: Pairs) -> bool:
        """Nobody lacks more than two units."""
        return int(pairs.demand.max(initial=0)) <= 2

    @cached_property
    def supply(self) -> I8:
        """``int64`` (servers + 1,): capacities, the void last."""
        return np.append(self.pairs.capacity, self.n_void)

    @cached_property
    def score(self) -> I8:
        """``int64`` (people, servers + 1): scores, the void's last."""
        return np.concatenate((self.pairs.score, np.zeros((self.n, 1), dtype=np.int64)), axis=1)

    def reach(self, t: int) -> I8:
        """Return, by rank, how many better-ranked servers lift this one to ``t``, ``int64`` (people, servers)."""
        if self._reach is None or self._reach[0] != t:
            count = np.empty((self.n, self.m), dtype=np.int64)
            for i in range(self.n):
                own = self.ranked[i]
                count[i] = np.searchsorted(-own, own - (t - int(self.pairs.base[i])), side="right")
            self._reach = t, np.minimum(count, np.arange(self.m))
        return self._reach[1]

    def totals(self, teams: Teams) -> I8:
        """Return the total of every team's person."""
        total = self.pairs.base[teams.person].copy()
        for server in (teams.first, teams.second):
            total += np.where(server >= 0, self.score[teams.person, server], 0)
        return total

    def is_whole(self, teams: Teams) -> Bools:
        """Return which teams use no void."""
        return np.asarray((teams.first != self.m) & (teams.second != self.m))

    def worth(self, teams: Teams, worth: Worth) -> I8:
        """Return what every team counts; a team that may not be is the caller's to leave out."""
        total = self.totals(teams)
        value = worth.weight_sum * total
        if worth.weight_short is not None:
            short = np.where(self.pairs.judged[teams.person], worth.short(total), 0)
            value = value - worth.weight_short * short
        return np.asarray(value, dtype=np.int64)

    def may_be(self, teams: Teams, worth: Worth) -> Bools:
        """Return which teams keep the threshold, where it is a rule."""
        if worth.weight_short is not None:
            return np.ones(len(teams), dtype=bool)
        free = ~self.pairs.judged[teams.person] | ~self.is_whole(teams)
        return np.asarray(free | (self.totals(teams) >= worth.t))

    def of_plan(self, chosen: Bools) -> Teams:
        """Return the team of every person in a plan."""
        person, server = np.nonzero(chosen)
        first = np.full(self.n, -1, dtype=np.int64)
        second = first.copy()
        place = np.arange(len(person)) - np.searchsorted(person, person)
        first[person[place == 0]] = server[place == 0]
        second[person[place == 1]] = server[place == 1]
        held = chosen.sum(axis=1)
        first[(held == 0) & (self.pairs.demand > 0)] = self.m
        second[(held < 2) & self.two] = self.m
        return _in_order(Teams(person=np.arange(self.n), first=first, second=second))

    def plan_of(self, teams: Teams) -> Bools:
        """Return the plan that gives everybody one of these teams."""
        chosen = np.zeros((self.n, self.m + 1), dtype=bool)
        for server in (teams.first, teams.second):
            used = server >= 0
            chosen[teams.person[used], server[used]] = True
        return chosen[:, : self.m]

    def price(self, worth: Worth, prices: I8, scale: int, width: int) -> tuple[I8, Teams, I8]:
        """Return the greatest profit of every person, and up to ``width`` good teams of each with their profits.

        Profit is ``scale * worth - prices`` of the servers used; the greatest profit is exact over all teams.

        Parameters
        ----------
        prices
            ``int64`` (servers + 1,), in units of ``1 / scale``.
        """
        blocks = [*self._pair_profits(worth, prices, scale), self._single_profits(worth, prices, scale)]
        rows, found = np.arange(self.n), []
        best = np.full(self.n, _LOW, dtype=np.int64)
        for profit, partner in blocks:
            if not profit.shape[1]:
                continue
            best = np.maximum(best, profit.max(axis=1))
            take = min(width, profit.shape[1])
            column = np.argpartition(-profit, take - 1, axis=1)[:, :take]
            own = np.take_along_axis(profit, column, axis=1)
            good = own > _LOW // 2
            person = np.broadcast_to(rows[:, None], column.shape)[good]
            one, other = column[good], np.take_along_axis(partner, column, axis=1)[good]
            if partner is not blocks[-1][1]:
                one, other = self.order[person, one], self.order[person, other]
            found.append((_in_order(Teams(person=person, first=one, second=other)), own[good]))
        idle, profit = self._idle(worth, scale)
        best[idle.person] = profit
        can_be = profit > _LOW // 2
        found.append((idle.at(can_be), profit[can_be]))
        teams = Teams(
            person=np.concatenate([part.person for part, _ in found]),
            first=np.concatenate([part.first for part, _ in found]),
            second=np.concatenate([part.second for part, _ in found]),
        )
        return best, teams, np.concatenate([own for _, own in found])

    def best(self, worth: Worth, prices: I8, scale: int) -> I8:
        """Return the greatest profit of every person, exact over all teams, without naming the team."""
        best = np.full(self.n, _LOW, dtype=np.int64)
        for profit, _ in (*self._pair_profits(worth, prices, scale), self._single_profits(worth, prices, scale)):
            best = np.maximum(best, profit.max(axis=1, initial=_LOW))
        idle, profit = self._idle(worth, scale)
        best[idle.person] = profit
        return best

    def near_best(self, worth: Worth, prices: I8, scale: int, loss: int, most: int) -> tuple[Teams, I8] | None:
        """Return all teams whose profit is at most ``loss`` below their person's best; ``None`` for over ``most``."""
        best = self.best(worth, prices, scale)
        (met, _), *short = self._pair_profits(worth, prices, scale)
        single, partner = self._single_profits(worth, prices, scale)
        reach = self.reach(worth.least)
        own = scale * worth.weight_sum * self.ranked - prices[self.order]
        floor = best - loss
        parts: list[Teams] = []
        count = 0
        candidates = met if not short else np.maximum(met, short[0][0])
        for i, r in np.argwhere(candidates >= floor[:, None]).tolist():
            limit = int(r) if worth.weight_short is not None else int(reach[i, r])
            profit = scale * worth.weight_sum * int(self.pairs.base[i]) + own[i, r] + own[i, :limit]
            if worth.weight_short is not None and self.pairs.judged[i]:
                total = self.pairs.base[i] + self.ranked[i, r] + self.ranked[i, :limit]
                profit = profit - scale * worth.weight_short * worth.short(total)
            q = np.flatnonzero((profit >= floor[i]) & self.is_open[i, :limit])
            count += len(q)
            if count > most:
                return None
            full = np.full(len(q), self.order[i, r])
            parts.append(_in_order(Teams(person=np.full(len(q), i), first=full, second=self.order[i, q])))
        person, column = np.nonzero(single >= floor[:, None])
        parts.append(_in_order(Teams(person=person, first=column, second=partner[person, column])))
        teams = Teams.together(*parts, self._idle(worth, scale)[0])
        if len(teams) > most:
            return None
        return teams, best[teams.person] - self.profits(teams, worth, prices, scale)

    def profits(self, teams: Teams, worth: Worth, prices: I8, scale: int) -> I8:
        """Return the profit of every team."""
        used = np.append(prices, 0)  # a missing server is -1
        return np.asarray(scale * self.worth(teams, worth) - used[teams.first] - used[teams.second])

    def has_none(self, best: I8) -> bool:
        """Somebody has no team at all, given the greatest profits of everybody."""
        return bool((best <= _LOW // 2).any())

    def _pair_profits(self, worth: Worth, prices: I8, scale: int) -> list[tuple[I8, I8]]:
        """Return by rank the best profit with a better-ranked partner that meets ``t``, and with one that does not."""
        reach = self.reach(worth.least)
        own = scale * worth.weight_sum * self.ranked - prices[self.order]
        own = np.where(self.is_open & self.two[:, None], own, _LOW)
        base = scale * worth.weight_sum * self.pairs.base[:, None]
        place = np.arange(self.m)
        top, at = _running_best(own)
        last = np.maximum(reach - 1, 0)
        met = np.where(reach > 0, own + np.take_along_axis(top, last, axis=1) + base, _LOW)
        found = [(np.maximum(met, _LOW), np.take_along_axis(at, last, axis=1))]
        if worth.weight_short is None or not self.m:
            return found
        # Partners from reach to the own rank: these windows grow to both sides of the first rank that has one.
        low = scale * worth.weight_short
        own = np.where(own > _LOW // 2, own + low * self.ranked, _LOW)
        has_window = reach < place
        start = np.where(has_window.any(axis=1), has_window.argmax(axis=1), self.m)[:, None]
        after, after_at = _running_best(np.where(place >= start, own, _LOW))
        before, before_at = _running_best(np.where(place < start, own, _LOW)[:, ::-1])
        before, before_at = before[:, ::-1], self.m - 1 - before_at[:, ::-1]
        back = np.maximum(place - 1, 0)[None, :].repeat(self.n, axis=0)
        first = np.minimum(reach, self.m - 1)
        ahead = np.where(place > start, np.take_along_axis(after, back, axis=1), _LOW)
        behind = np.where(reach < start, np.take_along_axis(before, first, axis=1), _LOW)
        partner = np.where(
            ahead >= behind, np.take_along_axis(after_at, back, axis=1), np.take_along_axis(before_at, first, axis=1)
        )
        value = own + np.maximum(ahead, behind) + base + low * (self.pairs.base[:, None] - worth.t)
        is_one = has_window & (np.maximum(ahead, behind) > _LOW // 2) & (own > _LOW // 2)
        found.append((np.where(is_one, value, _LOW), partner))
        return found

    def _single_profits(self, worth: Worth, prices: I8, scale: int) -> tuple[I8, I8]:
        """Return the profit of every server alone (with the void where two units are lacking) and of the void."""
        pairs = self.pairs
        total = pairs.base[:, None] + self.score
        profit = scale * worth.weight_sum * total - prices
        possible = np.concatenate((pairs.allowed, np.full((self.n, 1), self.n_void > 0)), axis=1)
        possible[pairs.demand == 0] = False
        if self.n_void:
            profit = profit - np.where(self.two, prices[-1], 0)[:, None]
        else:
            possible[self.two] = False
        if worth.weight_short is None:
            is_whole = (pairs.demand == 1) & pairs.judged
            possible[:, : self.m] &= ~is_whole[:, None] | (total[:, : self.m] >= worth.t)
        else:
            short = np.where(pairs.judged[:, None], worth.short(total), 0)
            profit = profit - scale * worth.weight_short * short
        partner = np.where(self.two[:, None], self.m, -1) * np.ones_like(self.score)
        return np.where(possible, profit, _LOW), partner

    def _idle(self, worth: Worth, scale: int) -> tuple[Teams, I8]:
        """Return the empty teams of those who lack nothing, and the profit of holding on to what they have."""
        person = np.flatnonzero(self.pairs.demand == 0)
        none = np.full(len(person), -1)
        teams = Teams(person=person, first=none, second=none)
        profit = np.where(self.may_be(teams, worth), scale * self.worth(teams, worth), _LOW)
        return teams, np.asarray(profit, dtype=np.int64)


def _in_order(teams: Teams) -> Teams:
    low, high = np.minimum(teams.first, teams.second), np.maximum(teams.first, teams.second)
    return Teams(person=teams.person.astype(np.int64), first=low.astype(np.int64), second=high.astype(np.int64))


def _running_best(values: I8) -> tuple[I8, I8]:
    """Return the running maxima of every row and where they stand."""
    top = np.maximum.accumulate(values, axis=1)
    is_new = np.ones(values.shape, dtype=bool)
    is_new[:, 1:] = values[:, 1:] > top[:, :-1]
    at = np.maximum.accumulate(np.where(is_new, np.arange(values.shape[1]), 0), axis=1)
    return top, at
