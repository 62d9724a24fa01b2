"""Alternatives under team terms: integer levels exact by residual paths, the score between two proved bounds.

A pair counts as forced when the mentor is anywhere in the mentee's team; who sits where follows from the team. The
lower bound of the price comes from the certificate of the plan's score: its prices bound every plan, and forcing a pair
changes the best team of one mentee only. The upper bound comes from a real plan with the pair, found by ``chains``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from matching.explain.chains import Chains, Draft, Search, chains_of, make_draft
from matching.explain.option import Interval, Option, Seat, arcs_of, change_of, objective_of
from matching.explain.records import Hindrance
from matching.explain.team_tools import (
    NEVER,
    ScoreCertificate,
    TeamRoom,
    certify,
    forced_bound,
    forced_by_relaxation,
    forced_teams,
    seat_teams,
    team_room,
)
from matching.explain.unpriced import eligible_beside
from matching.policy_options import FairnessMode
from matching.problem import I8, Component, ProblemData
from matching.solution import LevelName, Solution, members_of
from matching.solvers.residual import FAR, Paths, cheapest, paths_from, paths_to, walk
from matching.solvers.teams.fairness import HIGHEST
from matching.solvers.teams.solve import arcs_of as arcs_of_plan

INTEGER_LEVELS = (
    LevelName.SEATS_FILLED,
    LevelName.MENTEES_SERVED,
    LevelName.PRIORITY,
    LevelName.OVERLOAD,
    LevelName.FALLBACKS,
    LevelName.CHANGES,
)
"""Levels before fairness and score, pins apart; proved by flow."""

SPARE_CANDIDATES = 3
"""Candidates tried beyond the number asked for, because an estimate may turn out worse than it looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMarket:
    """One component under team terms with a plan that attains every integer level.

    Attributes
    ----------
    chosen
        ``int64`` (mentees, seats): arc per seat, -1 for an empty seat.
    before
        Value of every level of the component's plan.
    plan, number
        The whole plan and the number of this component in it; fairness is measured over all.
    whole
        The whole problem.
    bound
        No plan of the component that attains the earlier levels scores more.
    fairness_bound
        Bound of the fairness level over the whole run, ``None`` where nothing is proved.
    """

    component: Component
    problem: ProblemData
    chosen: I8
    before: Mapping[LevelName, int]
    plan: Solution
    number: int
    whole: ProblemData
    own: TeamRoom
    chains: Chains
    certificate: ScoreCertificate | None
    bound: int
    fairness_bound: int | None

    def eligible(self, row: int, seat: int) -> tuple[I8, I8]:
        """Return the mentors who could sit in a seat beside the rest of the team, and the team's scores with them."""
        members = self.own.members[row]
        return eligible_beside(self.component, self.own.room.arrays, self.problem, members, row, seat)

    def seat_options(self, row: int, seat: int, n_options: int) -> tuple[list[Option], int]:
        """Return the cheapest alternatives of a seat, cheapest first; none stays undecided.

        An alternative of a filled seat is one whose plan takes the seat's mentor out of the team; of an empty seat, one
        whose plan fills it.
        """
        occupant = int(self.own.members[row, seat])
        prices, mentors, paths = self._integer_prices(row)
        members = self.own.members[row][self.own.members[row] >= 0]
        persons = self.component.person_of_mentor
        is_member = np.isin(persons[mentors], persons[members])
        order = [index for index in cheapest(prices).tolist() if not is_member[index]]
        search = self.chains.search(self.own, row, seat)
        leaver = None if occupant < 0 else int(self.component.person_of_mentor[occupant])
        free = [index for index in order if not prices[:-1, index].any()]
        free.sort(key=lambda index: -int(search.total[mentors[index]]))
        options = [
            self._free_option(row, int(mentors[index]), paths[index], (search,))
            for index in free[: n_options + SPARE_CANDIDATES]
        ]
        options.sort(key=lambda option: (option.change.get(LevelName.FAIRNESS, 0), option.change[LevelName.SCORE]))
        n_before = int((self.own.members[row] >= 0).sum())

        def is_of_seat(option: Option) -> bool:
            team = members_of(self.component, option.chosen)[row]
            team = team[team >= 0]
            return len(team) > n_before if leaver is None else leaver not in self.component.person_of_mentor[team]

        found = [option for option in options if is_of_seat(option)][:n_options]
        found = [self._priced(row, option, leaver) for option in found]
        found.sort(key=_highest)
        for index in order:
            if len(found) >= n_options:
                break
            if prices[:-1, index].any():
                fallen = self._path_option(row, int(mentors[index]), paths[index])
                if fallen.change[LevelName.PINS] > 0:
                    break  # every further candidate breaks a pin as well
                if is_of_seat(fallen):
                    found.append(fallen)
        return found[:n_options], 0

    def pair_option(self, row: int, mentor: int, seats: Iterable[int]) -> Option | Hindrance:
        """Return a plan with the pair and its proved price; the seats are equal under team terms."""
        prices, mentors, paths = self._integer_prices(row)
        found = np.flatnonzero(mentors == mentor)
        if not len(found):
            return Hindrance.NO_CAPACITY
        index = int(found[0])
        if not prices[:-1, index].any():
            searches = [self.chains.search(self.own, row, seat) for seat in range(self.component.n_seats)]
            return self._priced(row, self._free_option(row, mentor, paths[index], searches), None)
        option = self._path_option(row, mentor, paths[index])
        return Hindrance.PINS if option.change[LevelName.PINS] > 0 else option

    def mentor_option(self, mentor: int) -> Option | Hindrance:
        """Return the best pairing in which the mentor serves one more mentee, by the levels, then by an estimate."""
        net, residual = self.own.network, self.own.residual
        person = int(self.component.person_of_mentor[mentor])
        edges = np.flatnonzero(net.edge_mentor == mentor)
        serves = (self.component.person_of_mentor[self.own.members] == person) & (self.own.members >= 0)
        edges = edges[~serves.any(axis=1)[net.edge_mentee[edges]]]
        if not len(edges):
            return Hindrance.NO_CAPACITY
        paths = paths_from(residual, net.persons.start + person)
        number = net.edges.start + edges
        ends = net.network.tail[number]
        prices = paths.distance[:, ends].copy()
        prices[:-1] += residual.reduced[:, number]
        guards = net.edge_guard[edges]
        prices[:-1] += np.where(guards >= 0, residual.reduced[:, net.guards.start + guards], 0)
        is_reached = paths.distance[0, ends] < FAR
        if not is_reached.any():
            return Hindrance.NO_CAPACITY
        worth = self.chains.best_swap(self.own, mentor)[net.edge_mentee[edges]]
        order = np.lexsort((-worth, *prices[:-1][::-1]))
        best = next(index for index in order.tolist() if is_reached[index])
        return self.pair_option(int(net.edge_mentee[edges[best]]), mentor, range(self.component.n_seats))

    def _integer_prices(self, row: int) -> tuple[I8, I8, list[list[tuple[int, bool]]]]:
        """Return prices (groups of levels, then edges; candidates), mentors and paths of all reachable candidates."""
        net, residual = self.own.network, self.own.residual
        edges = np.flatnonzero(net.edge_mentee == row)
        number = net.edges.start + edges
        tails = net.network.tail[number]
        by_tail: dict[int, Paths] = {tail: paths_to(residual, tail) for tail in np.unique(tails).tolist()}
        heads = net.network.head[number]
        is_used = residual.flow[number] > 0
        prices = np.zeros((len(residual.reduced) + 1, len(edges)), dtype=np.int64)
        is_reached = np.zeros(len(edges), dtype=bool)
        steps: list[list[tuple[int, bool]]] = []
        for index, (tail, head) in enumerate(zip(tails.tolist(), heads.tolist(), strict=True)):
            paths = by_tail[tail]
            is_reached[index] = paths.distance[0, head] < FAR and not is_used[index]
            if is_reached[index]:
                prices[:, index] = paths.distance[:, head]
                prices[:-1, index] += residual.reduced[:, number[index]]
                steps.append(walk(paths, head))
        return prices[:, is_reached], net.edge_mentor[edges[is_reached]], steps

    def _free_option(self, row: int, mentor: int, steps: list[tuple[int, bool]], searches: Sequence[Search]) -> Option:
        """Return an option that costs no integer level, fairness and score not yet priced."""
        draft = self.chains.best_draft(self.own, searches, mentor)
        if draft is None:
            draft = self._path_draft(row, mentor, steps)
        return self._option(row, mentor, draft)

    def _priced(self, row: int, option: Option, leaver: int | None) -> Option:
        """Return an option that costs no integer level with the proved intervals of its fairness and score.

        The plan shown is a short chain. Where a better plan with the pair is known, its score is the upper end.

        Parameters
        ----------
        leaver
            Person who must leave the team; ``None`` for whoever is best.
        """
        prices: dict[LevelName, Interval] = {name: (0, 0) for name in INTEGER_LEVELS if name in self.before}
        value, worse = self.before[LevelName.SCORE], option.change.get(LevelName.FAIRNESS, 0)
        mentor = int(self.component.arc_mentor[option.arc])
        proved = self._forced(row, mentor, leaver, option, is_sharp=worse <= 0)
        if LevelName.FAIRNESS in self.before:
            prices[LevelName.FAIRNESS] = self._fairness_price(row, mentor, worse, has_team=proved is not None)
        if worse <= 0 and proved is not None:
            reached, ceiling = proved
            prices[LevelName.SCORE] = (max(0, value - min(ceiling, self.bound)), self.bound - reached)
        return Option(arc=option.arc, chosen=option.chosen, order=option.order, change=option.change, prices=prices)

    def _path_option(self, row: int, mentor: int, steps: list[tuple[int, bool]]) -> Option:
        """Return an option that costs an integer level; its integer levels are exact."""
        return self._option(row, mentor, self._path_draft(row, mentor, steps))

    def _path_draft(self, row: int, mentor: int, steps: list[tuple[int, bool]]) -> Draft:
        net = self.own.network
        own = [(edge - net.edges.start, ahead) for edge, ahead in steps if net.edges.start <= edge < net.edges.stop]
        pairs = [(row, mentor, True)]
        pairs += [(int(net.edge_mentee[edge]), int(net.edge_mentor[edge]), is_ahead) for edge, is_ahead in own]
        return make_draft(self.own.members, pairs)

    def _option(self, row: int, mentor: int, draft: Draft) -> Option:
        """Return the plan of a draft with every changed team in its best seats."""
        rows = list(dict.fromkeys([row, *draft.rows]))
        members = draft.members.copy()
        members[rows] = seat_teams(self.own, rows, members)
        chosen = self.chosen.copy()
        for changed in rows:
            for seat, column in enumerate(members[changed].tolist()):
                arcs = arcs_of(self.component, changed, seat)
                chosen[changed, seat] = arcs[self.component.arc_mentor[arcs] == column][0] if column >= 0 else -1
        asked = int(np.flatnonzero(members[row] == mentor)[0])
        order: list[Seat] = [(row, asked)]
        order += [(r, s) for r in rows for s in range(members.shape[1]) if (r, s) != (row, asked)]
        change = change_of(self.before, objective_of(self.component, self.problem, chosen))
        if LevelName.FAIRNESS in self.before:
            plans = tuple(chosen if n == self.number else c for n, c in enumerate(self.plan.chosen))
            fairness = Solution(chosen=plans).objective(self.whole)[LevelName.FAIRNESS]
            change[LevelName.FAIRNESS] = self.before[LevelName.FAIRNESS] - fairness
        return Option(
            arc=int(chosen[row, asked]),
            chosen=chosen,
            order=tuple(order),
            change=change,
            prices={name: (change[name], change[name]) for name in INTEGER_LEVELS if name in change},
        )

    def _forced(
        self, row: int, mentor: int, leaver: int | None, option: Option, *, is_sharp: bool
    ) -> tuple[int, int] | None:
        """Return a score that a plan with the pair has, and one that none exceeds; ``None`` where no team has the pair.

        Parameters
        ----------
        is_sharp
            Whether to sharpen both; else they are what is at hand.
        """
        reached = self.before[LevelName.SCORE] - option.change[LevelName.SCORE]
        if self.certificate is None:
            return reached, self.bound
        teams = forced_teams(self.own, self.certificate, row, mentor, leaver)
        if teams is None:
            return reached, self.bound
        if not len(teams.value):
            return None
        if not is_sharp:
            return reached, self.bound
        if self.certificate.relaxation is not None:
            members = members_of(self.component, option.chosen)
            forced = forced_by_relaxation(self.own, self.certificate.relaxation, row, teams, members)
            if forced.value > reached and self._keeps_fairness(forced.members):
                reached = forced.value
            return reached, forced.ceiling
        distance = self.chains.distances(self.own, self.certificate.price, row, mentor)
        # What the forced mentor drives out ends at whoever leaves the mentee or has free load.
        is_end = self.own.load < self.own.room.face.most_load
        team = self.own.members[row][self.own.members[row] >= 0]
        is_end[self.component.person_of_mentor[team] if leaver is None else leaver] = True
        distance = np.minimum(distance, distance[is_end].min(initial=-NEVER))
        return reached, forced_bound(self.own, self.certificate, row, teams, distance)

    def _keeps_fairness(self, members: I8) -> bool:
        """Whether the run with this plan of the component is as fair as the plan at hand."""
        if LevelName.FAIRNESS not in self.before:
            return True
        chosen = arcs_of_plan(self.component, seat_teams(self.own, list(range(len(members))), members))
        plans = tuple(chosen if n == self.number else c for n, c in enumerate(self.plan.chosen))
        return Solution(chosen=plans).objective(self.whole)[LevelName.FAIRNESS] >= self.before[LevelName.FAIRNESS]

    def _fairness_price(self, row: int, mentor: int, worse: int, *, has_team: bool) -> Interval:
        value = self.before[LevelName.FAIRNESS]
        low = 0
        if not has_team and self.whole.fairness is FairnessMode.MAXMIN:
            low = 1  # every team with the mentor lies below the least score of the plan
        return low, None if self.fairness_bound is None else max(low, self.fairness_bound - (value - worse))


def _highest(option: Option) -> tuple[int, ...]:
    return tuple(2**62 if high is None else high for _, high in option.prices.values())


def team_market(
    component: Component, problem: ProblemData, plan: Solution, number: int, bounds: Mapping[LevelName, int]
) -> TeamMarket:
    """Return the warm context of one component.

    Parameters
    ----------
    problem, plan, number
        The whole problem and plan, and the number of the component.
    bounds
        Bounds of levels over the whole run, where the solver proved any.

    Raises
    ------
    SolverFailedError
        When the plan does not attain every integer level.
    """
    chosen = plan.chosen[number]
    alone = replace(problem, components=(component,))
    before = objective_of(component, alone, chosen)
    whole = plan.objective(problem)
    floor = None
    if LevelName.FAIRNESS in whole:
        before[LevelName.FAIRNESS] = whole[LevelName.FAIRNESS]
        has_full = any((own >= 0).all(axis=1).any() for own in plan.chosen)
        if problem.fairness is FairnessMode.MAXMIN:
            floor = whole[LevelName.FAIRNESS] if has_full else HIGHEST
    own = team_room(component, alone, members_of(component, chosen), floor)
    certificate = certify(own)
    bound = certificate.bound if certificate is not None else own.room.face.hope_bound
    if LevelName.SCORE in bounds:
        # The other components score at least what the plan scores there, so the whole gap bounds this one's.
        bound = min(bound, before[LevelName.SCORE] + bounds[LevelName.SCORE] - whole[LevelName.SCORE])
    return TeamMarket(
        component=component,
        problem=alone,
        chosen=chosen,
        before=before,
        plan=plan,
        number=number,
        whole=problem,
        own=own,
        chains=chains_of(own),
        certificate=certificate,
        bound=bound,
        fairness_bound=bounds.get(LevelName.FAIRNESS),
    )
