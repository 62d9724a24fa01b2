"""Alternatives under separable policies: every price is exact on every level, by shortest residual paths."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from matching.errors import InvalidPolicyError
from matching.explain.option import Interval, Option, Seat, arcs_of, change_of, has_person_twice, objective_of
from matching.explain.records import Hindrance
from matching.problem import I8, Component, ProblemData
from matching.solution import LevelName
from matching.solvers.pair_network import PairNetwork, flow_of, pair_network
from matching.solvers.residual import FAR, Paths, Residual, cheapest, paths_from, paths_to, residual_of, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class PairMarket:
    """One component of a separable problem with a plan that is optimal on every level.

    Attributes
    ----------
    chosen
        ``int64`` (mentees, seats): arc per seat, -1 for an empty seat.
    before
        Value of every level.
    """

    component: Component
    problem: ProblemData
    chosen: I8
    net: PairNetwork
    residual: Residual
    before: dict[LevelName, int]

    def eligible(self, row: int, seat: int) -> tuple[I8, I8]:
        """Return the mentors that no hard rule keeps out of a seat, and their scores there."""
        arcs = arcs_of(self.component, row, seat)
        return self.component.arc_mentor[arcs].astype(np.int64), self.component.arc_score[arcs]

    def seat_options(self, row: int, seat: int, n_options: int) -> tuple[list[Option], int]:
        """Return the cheapest alternatives of a seat, cheapest first, and how many candidates stayed undecided.

        The mentee's other mentors are no alternatives: changing seats with them changes no team.
        """
        component = self.component
        arcs = arcs_of(component, row, seat)
        team = component.arc_mentor[self.chosen[row][self.chosen[row] >= 0]] if len(arcs) else arcs
        is_member = np.isin(component.arc_mentor[arcs], team)
        arcs = arcs[~is_member]
        options: list[Option] = []
        n_undecided = 0
        if not len(arcs):
            return options, 0
        paths = paths_to(self.residual, self._seat_node(row, seat))
        for _, arc in self._ranked(arcs, paths, self._heads(arcs)):
            if len(options) == n_options:
                break
            option = self._option(arc, walk(paths, int(self.net.network.head[self.net.arcs.start + arc])))
            if option is None:
                n_undecided += 1
            elif option.change[LevelName.PINS] > 0:
                break  # every further candidate breaks a pin as well
            else:
                options.append(option)
        return options, n_undecided

    def pair_option(self, row: int, mentor: int, seats: Iterable[int]) -> Option | Hindrance:
        """Return the cheapest plan with the pair in one of the seats, which are open to the mentor.

        Raises
        ------
        InvalidPolicyError
            When a slot cap meets a person who would take two seats of one team, as ``solve`` does.
        """
        found: list[tuple[tuple[int, ...], int, list[tuple[int, bool]]]] = []
        for seat in seats:
            arcs = arcs_of(self.component, row, seat)
            arcs = arcs[self.component.arc_mentor[arcs] == mentor]
            paths = paths_to(self.residual, self._seat_node(row, seat))
            heads = self._heads(arcs)
            found += [(price, arc, walk(paths, int(heads[0]))) for price, arc in self._ranked(arcs, paths, heads)]
        if not found:
            return Hindrance.NO_CAPACITY
        _, arc, steps = min(found, key=lambda item: item[0])
        return self._decided(self._option(arc, steps), arc)

    def mentor_option(self, mentor: int) -> Option | Hindrance:
        """Return the cheapest plan in which the mentor serves one more mentee.

        Raises
        ------
        InvalidPolicyError
            When a slot cap meets a person who would take two seats of one team, as ``solve`` does.
        """
        arcs = np.flatnonzero(self.component.arc_mentor == mentor)
        used = self.chosen[self.chosen >= 0]
        is_same = (
            self.component.person_of_mentor[self.component.arc_mentor[used]]
            == (self.component.person_of_mentor[mentor])
        )
        arcs = arcs[~np.isin(self.component.arc_mentee[arcs], self.component.arc_mentee[used[is_same]])]
        edges = self.net.arcs.start + arcs
        # An empty gadget only leads on to its person.
        passes = self.net.gadget[arcs]
        is_open = (passes >= 0) & (self.residual.flow[passes] == 0)
        entry = np.where(is_open, self.net.network.head[passes], self.net.network.head[edges])
        found: list[tuple[tuple[int, ...], int, list[tuple[int, bool]]]] = []
        for root in np.unique(entry).tolist():
            own = arcs[entry == root]
            paths = paths_from(self.residual, root)
            seats = self.net.network.tail[self.net.arcs.start + own]
            extra = np.where(is_open[entry == root], self.residual.reduced[:, passes[entry == root]], 0)
            ranked = next(self._ranked(own, paths, seats, extra), None)
            if ranked is not None:
                node = int(self.net.network.tail[self.net.arcs.start + ranked[1]])
                found.append((*ranked, walk(paths, node)[::-1]))
        if not found:
            return Hindrance.NO_CAPACITY
        _, arc, steps = min(found, key=lambda item: item[0])
        return self._decided(self._option(arc, steps), arc)

    def _seat_node(self, row: int, seat: int) -> int:
        return int(self.net.network.head[self.net.seats.start + row * self.component.n_seats + seat])

    def _heads(self, arcs: I8) -> I8:
        heads: I8 = self.net.network.head[self.net.arcs.start + arcs].astype(np.int64)
        return heads

    def _ranked(
        self, arcs: I8, paths: Paths, ends: I8, extra: I8 | None = None
    ) -> Iterator[tuple[tuple[int, ...], int]]:
        """Yield price (groups of levels, then the number of edges) and arc, cheapest first, of all that have a path."""
        prices = paths.distance[:, ends].copy()
        prices[:-1] += self.residual.reduced[:, self.net.arcs.start + arcs]
        if extra is not None:
            prices[:-1] += extra
        for index in cheapest(prices).tolist():
            if paths.distance[0, ends[index]] < FAR:
                yield tuple(prices[:, index].tolist()), int(arcs[index])

    def _option(self, arc: int, steps: list[tuple[int, bool]]) -> Option | None:
        """Return the plan after the arc and the steps, ``None`` where it uses a person twice in a team."""
        component, own = self.component, self.net.arcs
        arcs = [(edge - own.start, is_ahead) for edge, is_ahead in steps if own.start <= edge < own.stop]
        seats: list[Seat] = [
            (int(component.arc_mentee[a]), int(component.arc_seat[a])) for a in (arc, *(a for a, _ in arcs))
        ]
        chosen = self.chosen.copy()
        for (a, is_ahead), place in zip(arcs, seats[1:], strict=True):
            if not is_ahead and chosen[place] == a:
                chosen[place] = -1
        for (a, is_ahead), place in zip([(arc, True), *arcs], seats, strict=True):
            if is_ahead:
                chosen[place] = a
        if has_person_twice(component, chosen, {row for row, _ in seats}):
            return None
        change = change_of(self.before, objective_of(component, self.problem, chosen))
        prices: dict[LevelName, Interval] = {n: (v, v) for n, v in change.items() if n is not LevelName.PINS}
        return Option(arc=arc, chosen=chosen, order=tuple(dict.fromkeys(seats)), change=change, prices=prices)

    def _decided(self, option: Option | None, arc: int) -> Option | Hindrance:
        if option is None:
            raise InvalidPolicyError(
                f"slots.{int(self.component.arc_seat[arc])}.cap",
                "this cap binds a mentor who would take two seats of one team, so the price of this pair is not known",
            )
        return Hindrance.PINS if option.change[LevelName.PINS] > 0 else option


def pair_market(component: Component, problem: ProblemData, chosen: I8) -> PairMarket:
    """Return the warm context of one component.

    Raises
    ------
    SolverFailedError
        When the plan is not optimal on every level.
    """
    guarded = np.ones(len(component.mentees), dtype=bool)
    net = pair_network(component, problem, guarded, guards_capped=False)
    levels = (*net.integer_levels, (net.arcs, -component.arc_score), *net.load_levels)
    residual = residual_of(net.network, levels, chosen.size, flow_of(net, component, chosen))
    return PairMarket(
        component=component,
        problem=problem,
        chosen=chosen,
        net=net,
        residual=residual,
        before=objective_of(component, problem, chosen),
    )
