"""A plan adjusted by hand: a function of the plan as it was solved and of the set of adjustments, in no order.

Adjustments are pins (this mentor for this mentee) and exclusions (never these two). Every link of the solved plan that
still holds beside them stays; of links that cannot all stay, as many as possible do; freed seats are filled as by a
solve. So the same set of adjustments gives the same plan whatever the order in which they were made, any one of them
can be taken back, and without any the plan is the solved one. The solved plan plays the part of a published roster in
``repair`` with a budget of 0; shapes that ``repair`` has no form for go to ``solve`` with the same budget.

The roster that is really published stays what ``changed_from_published`` and the level CHANGES are measured against.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from matching.build import build
from matching.errors import PlanMismatchError
from matching.facts import Exclusion, Facts, Pin
from matching.metrics import Metrics, joined_figures
from matching.outcome import joined_values, outcome_of
from matching.policy import Policy
from matching.policy_options import StabilityMode, StabilityOptions
from matching.problem import I8, Component, ProblemData
from matching.repair import repair
from matching.result import FilledSeat, Level, Result, levels_within
from matching.rules import mentee_exclusion
from matching.shortfalls import Shortfall
from matching.solution import LevelName, Solution
from matching.solve import solve
from matching.solvers.choice import choose_solver
from matching.solvers.cpsat import solve as cpsat

Link = tuple[str, str, str]
"""``(mentee_id, slot, mentor_id)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustedPlan:
    """A plan described seat by seat.

    Attributes
    ----------
    levels
        The objective, most important first. Bounds are those of all plans that keep the links of the solved plan that
        still hold; of a plan that was only described, bound = value and nothing is proved.
    seats
        By mentee code and slot; ``is_pinned`` tells pins of adjustments as well.
    """

    levels: tuple[Level, ...]
    seats: tuple[FilledSeat, ...]
    shortfalls: tuple[Shortfall, ...]
    metrics: Metrics

    @property
    def links(self) -> tuple[Link, ...]:
        """The filled seats as links, in the order of ``seats``."""
        return tuple((seat.mentee_id, seat.slot, seat.mentor_id) for seat in self.seats)


def adjust(
    facts: Facts,
    policy: Policy,
    original: Sequence[Link],
    *,
    pins: Iterable[Pin] = (),
    exclusions: Iterable[Exclusion] = (),
    seed: int = 0,
) -> AdjustedPlan:
    """Return the plan that adjustments make of a solved plan.

    Parameters
    ----------
    facts
        What the solved plan rests on, without the adjustments.
    original
        The filled seats of the solved plan.
    pins, exclusions
        The adjustments, in any order. Pins need ids that differ from each other and from those of the facts.
    seed
        Chooses among plans that are equal on every level.

    Raises
    ------
    PinConflictError
        For pins that break a hard rule, a capacity or an exclusion, or that clash with each other or with the facts'.
    InvalidFactsError
        For pins of unknown people, and for equal ids.
    PlanMismatchError
        When ``original`` is no plan of these facts.

    Examples
    --------
    >>> from matching import PRESETS, Pin, solve
    >>> from matching.generate import generate_facts
    >>> facts, policy = generate_facts(7), PRESETS["TONGREN_2_PLUS_1"]
    >>> solved = tuple((s.mentee_id, s.slot, s.mentor_id) for s in solve(facts, policy).seats)
    >>> adjust(facts, policy, solved).links == solved
    True
    """
    pins, exclusions = tuple(pins), tuple(exclusions)
    if not pins and not exclusions:
        return describe(facts, policy, original)
    frozen = replace(adjusted_facts(facts, pins, exclusions), published=tuple(original))
    found = _least_disturbed(frozen, policy, seed)
    roster = frozenset(facts.published)
    seats = tuple(
        replace(seat, changed_from_published=bool(roster) and (seat.mentee_id, seat.slot, seat.mentor_id) not in roster)
        for seat in found.seats
    )
    levels = _levels(facts, policy, found, frozenset(original))
    return AdjustedPlan(levels=levels, seats=seats, shortfalls=found.shortfalls, metrics=found.metrics)


def describe(facts: Facts, policy: Policy, links: Sequence[Link]) -> AdjustedPlan:
    """Return what a plan given as links comes to; nothing is solved and no level is proved.

    Raises
    ------
    PlanMismatchError
        For a link that the facts and the policy do not allow.
    """
    problem = build(facts, policy)
    chosen = solution_of(problem, links).chosen
    has_roster = bool(facts.published)
    outcomes = [
        outcome_of(component, problem, own, policy, has_roster=has_roster)
        for component, own in zip(problem.components, chosen, strict=True)
    ]
    return AdjustedPlan(
        levels=levels_within(joined_values(outcomes, problem), {}),
        seats=tuple(seat for outcome in outcomes for seat in outcome.seats),
        shortfalls=tuple(shortfall for outcome in outcomes for shortfall in outcome.shortfalls),
        metrics=joined_figures([outcome.figures for outcome in outcomes], len(problem.slots)),
    )


def adjusted_facts(facts: Facts, pins: Iterable[Pin], exclusions: Iterable[Exclusion]) -> Facts:
    """Return the facts with the adjustments among their pins and exclusions, in an order of their own."""
    more_pins = sorted(pins, key=lambda pin: pin.id)
    known = {(each.mentee_person, each.mentor_person) for each in facts.exclusions}
    more = {(each.mentee_person, each.mentor_person): each for each in exclusions}
    return replace(
        facts,
        pins=(*facts.pins, *more_pins),
        exclusions=(*facts.exclusions, *(more[pair] for pair in sorted(more.keys() - known))),
    )


def keeping_policy(policy: Policy, *, max_changes: int | None = None) -> Policy:
    """Return the policy with the solved plan, in the place of a published roster, as what is to be kept."""
    return _with_stability(policy, StabilityMode.KEEP_UNLESS_INVALID, max_changes)


def _with_stability(policy: Policy, mode: StabilityMode, max_changes: int | None) -> Policy:
    return policy.model_copy(update={"stability": StabilityOptions(mode=mode, max_changes=max_changes)})


def _least_disturbed(facts: Facts, policy: Policy, seed: int) -> Result:
    """Solve with the plan to be kept as the published roster of the facts."""
    if not facts.published:  # an empty plan has nothing to keep
        return solve(facts, _with_stability(policy, StabilityMode.NONE, None), seed=seed)
    plain = _with_stability(policy, StabilityMode.NONE, None)
    problem = build(facts, plain)
    if choose_solver(problem)[0] == cpsat.NAME or any(cap is not None for cap in problem.slot_caps):
        return solve(facts, keeping_policy(policy, max_changes=0), seed=seed)
    return repair(facts, plain, max_changes=0, seed=seed, problem=problem).result


def _levels(facts: Facts, policy: Policy, found: Result, original: frozenset[Link]) -> tuple[Level, ...]:
    """Return the levels of the run: CHANGES against the roster that is really published.

    Its bound counts what the links that were kept make certain: each of them that the roster does not have, and each
    link of the roster whose seat one of them takes.
    """
    values: dict[LevelName, int] = {
        level.name: level.value for level in found.levels if level.name is not LevelName.CHANGES
    }
    bounds: dict[LevelName, int] = {
        level.name: level.bound for level in found.levels if level.name is not LevelName.CHANGES
    }
    if policy.stability.mode is StabilityMode.KEEP_UNLESS_INVALID and facts.published:
        takes_part = {mentee.id for mentee in facts.mentees if mentee_exclusion(mentee, policy) is None}
        roster = {link for link in facts.published if link[0] in takes_part}
        plan = {(seat.mentee_id, seat.slot, seat.mentor_id) for seat in found.seats}
        kept = plan & original
        places = {(mentee_id, slot) for mentee_id, slot, _ in kept}
        values[LevelName.CHANGES] = len(plan ^ roster)
        bounds[LevelName.CHANGES] = len(kept - roster) + sum(link[:2] in places for link in roster - kept)
    ordered = {name: values[name] for name in LevelName if name in values}
    return levels_within(ordered, bounds)


def solution_of(problem: ProblemData, links: Sequence[Link]) -> Solution:
    """Return a plan given as links in the arcs of a problem.

    Raises
    ------
    PlanMismatchError
        For a link that is no arc of the problem.
    """
    chosen: tuple[I8, ...] = tuple(np.full((len(c.mentees), c.n_seats), -1, dtype=np.int64) for c in problem.components)
    arcs = {
        _link(problem, component, arc): (number, arc)
        for number, component in enumerate(problem.components)
        for arc in _arcs_of(component, links)
    }
    for link in links:
        if link not in arcs:
            raise PlanMismatchError(f"the facts and the policy do not allow the link {'-'.join(link)}; solve again")
        number, arc = arcs[link]
        component = problem.components[number]
        chosen[number][component.arc_mentee[arc], component.arc_seat[arc]] = arc
    return Solution(chosen=chosen)


def _arcs_of(component: Component, links: Iterable[Link]) -> list[int]:
    """Return the arcs between mentees and mentors who are paired in some link."""
    row = {mentee.id: index for index, mentee in enumerate(component.mentees)}
    column = {mentor.id: index for index, mentor in enumerate(component.mentors)}
    width = max(1, len(component.mentors))
    wanted = [row[i] * width + column[m] for i, _, m in links if i in row and m in column]
    found: list[int] = np.flatnonzero(
        np.isin(component.arc_mentee.astype(np.int64) * width + component.arc_mentor, wanted)
    ).tolist()
    return found


def _link(problem: ProblemData, component: Component, arc: int) -> Link:
    mentee = component.mentees[int(component.arc_mentee[arc])]
    mentor = component.mentors[int(component.arc_mentor[arc])]
    return mentee.id, problem.slots[int(component.arc_seat[arc])], mentor.id
