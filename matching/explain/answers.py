"""The front door of explanations: a warm context per plan; why this mentor, why not that one, why nobody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from matching.errors import InvalidPolicyError, UnknownItemError
from matching.explain.option import Option
from matching.explain.parts import Part, make_part
from matching.explain.reasons import blocked_mentees, broken_team_rules_of, pair_masks, points_of, reasons_of
from matching.explain.records import (
    Alternative,
    Hindrance,
    LevelPrice,
    MentorExplanation,
    Move,
    Pricing,
    Reason,
    SeatExplanation,
    SeatRulesBroken,
    ServedMentee,
    WhyNot,
)
from matching.facts import Facts
from matching.policy import Policy
from matching.problem import I8, ProblemData
from matching.result import filled_seats, scored_teams
from matching.rules import MenteeExclusion, explain_blocked, mentee_exclusion
from matching.solution import SCALE_BY_LEVEL, LevelName, Solution


@dataclass(frozen=True, slots=True, kw_only=True)
class Explainer:
    """Answers questions about one plan; made by ``explainer``, ``explainer_of_links`` or ``explainer_of_result``.

    The first question about a county proves its part of the plan once more and keeps what every further question about
    it needs; those are then quick. The plan and the answers never change.

    Attributes
    ----------
    is_lenient
        Counties whose plan cannot be priced are answered without prices (see ``Pricing``), instead of refused.
    """

    facts: Facts
    policy: Policy
    problem: ProblemData
    solution: Solution
    bounds: Mapping[LevelName, int]
    is_lenient: bool = False
    _mentees: Mapping[str, tuple[int, int]]
    _mentors: Mapping[str, tuple[int, int]]
    _parts: dict[int, Part] = field(default_factory=dict, compare=False, repr=False)

    def warm(self) -> None:
        """Prepare every county now, so that no later question has to."""
        for number in range(len(self.problem.components)):
            self._part(number)

    def takes_part(self, person: str) -> bool:
        """Return whether the run has a mentee or mentor of this id."""
        return person in self._mentees or person in self._mentors

    def exclusion_of(self, mentee_id: str) -> MenteeExclusion | None:
        """Return why a mentee takes no part in the run, ``None`` for one who does.

        Raises
        ------
        UnknownItemError
            For a mentee whom the facts do not have.
        """
        mentee = next((mentee for mentee in self.facts.mentees if mentee.id == mentee_id), None)
        if mentee is None:
            raise UnknownItemError(mentee_id, "the facts have no such mentee; ask about ids of the facts")
        return mentee_exclusion(mentee, self.policy)

    def pricing_of(self, person: str) -> Pricing:
        """Return against what the alternatives in the county of a mentee or mentor are priced, and prepare the county.

        Raises
        ------
        UnknownItemError
            For an id that takes no part in the run.
        """
        place = self._mentees.get(person) or self._mentors.get(person)
        if place is None:
            raise UnknownItemError(person, "nobody of this id takes part in the run; ask about people of the plan")
        return self._part(place[0]).pricing

    def explain_seat(self, mentee_id: str, slot: str, *, n_alternatives: int = 5) -> SeatExplanation:
        """Return why this mentor sits in a mentee's seat and what else could be.

        Raises
        ------
        UnknownItemError
            For a mentee that takes no part in the run, or an unknown slot.
        PlanMismatchError
            When the plan is not optimal under the facts and the policy.

        Examples
        --------
        >>> from matching import PRESETS, explainer_of_result, solve
        >>> from matching.generate import generate_facts
        >>> facts, policy = generate_facts(7), PRESETS["TONGREN_2_PLUS_1"]
        >>> result = solve(facts, policy)
        >>> seat = result.seats[0]
        >>> answer = explainer_of_result(facts, policy, result).explain_seat(seat.mentee_id, seat.slot)
        >>> answer.seat == seat, sum(part.points for part in seat.contributions) == seat.score
        (True, True)
        """
        number, row = self._find_mentee(mentee_id)
        seat = self._seat_number(slot)
        part = self._part(number)
        mentors, scores = part.market.eligible(row, seat)
        filled = part.seats.get((mentee_id, slot))
        rank: int | None = None
        reasons: tuple[Reason, ...] = ()
        if filled is not None:
            own = int(np.flatnonzero(mentors == self._mentors[filled.mentor_id][1])[0])
            rank = 1 + int((scores > scores[own]).sum())
            points = points_of(part.component, part.problem, self.policy, part.market.chosen, row, seat, mentors)
            team = part.teams.get(mentee_id)
            reasons = reasons_of(points, own, filled.contributions if team is None else team.contributions)
        options, n_undecided = part.market.seat_options(row, seat, n_alternatives)
        return SeatExplanation(
            mentee_id=mentee_id,
            slot=slot,
            seat=filled,
            shortfall=part.shortfalls.get((mentee_id, slot)),
            team=part.teams.get(mentee_id),
            rank=rank,
            n_eligible=len(mentors),
            reasons=reasons,
            alternatives=tuple(self._alternative(part, option) for option in options),
            n_undecided=n_undecided,
        )

    def why_not(self, mentee_id: str, mentor_id: str, slot: str | None = None) -> WhyNot:
        """Return the hard rules between a mentee and a mentor, or the price of the pair.

        Parameters
        ----------
        slot
            The seat asked for; ``None`` for any. Under team terms the seat follows from the team, and is ignored.

        Raises
        ------
        UnknownItemError
            For an unknown mentee, mentor or slot.
        PlanMismatchError
            When the plan is not optimal under the facts and the policy.
        InvalidPolicyError
            When a slot cap meets a person who would take two seats of one team, as ``solve`` does.
        """
        mentee = next((mentee for mentee in self.facts.mentees if mentee.id == mentee_id), None)
        mentor = next((mentor for mentor in self.facts.mentors if mentor.id == mentor_id), None)
        if mentee is None or mentor is None:
            item = mentee_id if mentee is None else mentor_id
            raise UnknownItemError(item, "the facts have no such person; ask about ids of the facts")
        if mentee_id not in self._mentees:
            return WhyNot(mentee_id=mentee_id, mentor_id=mentor_id, exclusion=mentee_exclusion(mentee, self.policy))
        has_teams = bool(self.problem.team_terms)
        asked = range(self.policy.n_seats) if slot is None or has_teams else [self._seat_number(slot)]
        number, row = self._mentees[mentee_id]
        other, column = self._mentors.get(mentor_id, (-1, -1))
        if other == number:
            masks: list[int] = self.problem.components[number].blocked[row, :, column].tolist()
        else:
            masks = pair_masks(mentee, mentor, self.facts, self.policy)
        rules = tuple(
            SeatRulesBroken(slot=self.problem.slots[seat], reasons=explain_blocked(masks[seat])) for seat in asked
        )
        open_seats = [seat for seat in asked if masks[seat] == 0]
        plain = WhyNot(mentee_id=mentee_id, mentor_id=mentor_id, rules=rules)
        if not open_seats:
            return plain
        part = self._part(number)
        for seat in asked:
            filled = part.seats.get((mentee_id, self.problem.slots[seat]))
            if filled is not None and filled.mentor_id == mentor_id:
                return WhyNot(mentee_id=mentee_id, mentor_id=mentor_id, paired_slot=filled.slot)
        option = self._option(lambda: part.market.pair_option(row, column, open_seats))
        if isinstance(option, Option):
            return replace(plain, alternative=self._alternative(part, option))
        team_rules = broken_team_rules_of(part.market.component, row, column) if option is Hindrance.PINS else ()
        return replace(plain, hindrance=option, team_rules=team_rules)

    def explain_mentor(self, mentor_id: str) -> MentorExplanation:
        """Return why a mentor serves these mentees, or none.

        Raises
        ------
        UnknownItemError
            For an unknown mentor.
        PlanMismatchError
            When the plan is not optimal under the facts and the policy.
        InvalidPolicyError
            When a slot cap meets a person who would take two seats of one team, as ``solve`` does.
        """
        if mentor_id not in self._mentors:
            if all(mentor.id != mentor_id for mentor in self.facts.mentors):
                raise UnknownItemError(mentor_id, "the facts have no such mentor; ask about ids of the facts")
            return MentorExplanation(mentor_id=mentor_id, served=(), n_mentees=0, n_admissible=0, blocked=())
        number, column = self._mentors[mentor_id]
        part = self._part(number)
        component = part.component
        n_mentees, blocked = blocked_mentees(component, column)
        arcs = np.flatnonzero(component.arc_mentor == column)
        n_admissible = len(np.unique(component.arc_mentee[arcs]))
        best_score = np.full(len(component.mentees), np.iinfo(np.int64).min)
        np.maximum.at(best_score, component.arc_mentee[arcs], component.arc_score[arcs])
        served = []
        for arc in arcs[np.isin(arcs, part.market.chosen)].tolist():
            row, seat = int(component.arc_mentee[arc]), int(component.arc_seat[arc])
            points = points_of(component, part.problem, self.policy, None, component.arc_mentee[arcs].astype(np.int64),
                               component.arc_seat[arcs].astype(np.int64), np.full(len(arcs), column))  # fmt: skip
            filled = part.seats[(component.mentees[row].id, self.problem.slots[seat])]
            served.append(
                ServedMentee(
                    seat=filled,
                    rank=1 + int((np.delete(best_score, row) > component.arc_score[arc]).sum()),
                    reasons=reasons_of(points, int(np.flatnonzero(arcs == arc)[0]), filled.contributions),
                )
            )
        option = None if served or not n_admissible else self._option(lambda: part.market.mentor_option(column))
        return MentorExplanation(
            mentor_id=mentor_id,
            served=tuple(served),
            n_mentees=n_mentees,
            n_admissible=n_admissible,
            blocked=blocked,
            hindrance=option if isinstance(option, Hindrance) else None,
            best=self._alternative(part, option) if isinstance(option, Option) else None,
        )

    def _find_mentee(self, mentee_id: str) -> tuple[int, int]:
        if mentee_id not in self._mentees:
            raise UnknownItemError(mentee_id, "no such mentee takes part in this run; ask about seats of the plan")
        return self._mentees[mentee_id]

    def _seat_number(self, slot: str) -> int:
        if slot not in self.problem.slots:
            raise UnknownItemError(slot, f"the policy has no such slot; it has {', '.join(self.problem.slots)}")
        return self.problem.slots.index(slot)

    def _part(self, number: int) -> Part:
        part = self._parts.get(number)
        if part is None:
            part = self._parts[number] = make_part(
                self.facts, self.policy, self.problem, self.solution, number, self.bounds, is_lenient=self.is_lenient
            )
        return part

    def _option(self, ask: Callable[[], Option | Hindrance | None]) -> Option | Hindrance | None:
        try:
            return ask()
        except InvalidPolicyError:
            if self.is_lenient:
                return None
            raise

    def _alternative(self, part: Part, option: Option) -> Alternative:
        component, own = part.component, part.problem
        row, seat = int(component.arc_mentee[option.arc]), int(component.arc_seat[option.arc])
        only = np.full_like(option.chosen, -1)
        only[row, seat] = option.arc
        (filled,) = filled_seats(own, Solution(chosen=(only,)), self.policy, has_roster=bool(self.facts.published))
        teams = scored_teams(own, Solution(chosen=(option.chosen,)), self.policy)
        moves = self._moves(part, option)
        return Alternative(
            seat=filled,
            team=teams[row] if teams else None,
            leaves=moves[0].leaves,
            chain=moves[1:],
            prices=tuple(
                LevelPrice(name=name, low=low, high=high, scale=SCALE_BY_LEVEL.get(name, 1))
                for name, (low, high) in option.prices.items()
            ),
            change=tuple((name, value) for name, value in option.change.items() if name is not LevelName.PINS),
        )

    def _moves(self, part: Part, option: Option) -> tuple[Move, ...]:
        """Return every seat that changes, that of the alternative first."""
        component, before = part.component, part.market.chosen
        changed = {(int(row), int(seat)) for row, seat in np.argwhere(before != option.chosen)}
        asked = (int(component.arc_mentee[option.arc]), int(component.arc_seat[option.arc]))
        order = dict.fromkeys([asked, *(place for place in option.order if place in changed), *sorted(changed)])

        def mentor_of(chosen: I8, place: tuple[int, int]) -> str | None:
            arc = int(chosen[place])
            return component.mentors[int(component.arc_mentor[arc])].id if arc >= 0 else None

        return tuple(
            Move(
                mentee_id=component.mentees[place[0]].id,
                slot=self.problem.slots[place[1]],
                leaves=mentor_of(before, place),
                gets=mentor_of(option.chosen, place),
            )
            for place in order
        )
