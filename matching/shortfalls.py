"""Why a seat stayed empty, in true reasons that can be checked by hand.

Definition. The *scope* of a seat is every mentor of a pool of the mentee's county that the seat looks at: the mentors
without the TOWNSHIP_RULE bit (for a local seat, and for the last free seat of a team that still needs a local mentor,
those of the own township, unless an officer released the rule; for other seats every tier of ``poolScope``). Rules on
teams count like hard rules, as broken by the team at hand with this mentor. Every mentor of the scope counts for
exactly one reason:

* admissible for the seat: ALL_AT_CAPACITY - such a mentor has no capacity left, or serves in another seat of this very
  team - or PINNED_ELSEWHERE when pins to other mentees alone use up the free capacity;
* blocked by exactly one rule: that rule;
* blocked by several rules: the first of them in the order of ``ReasonCode``.

Counts of one reason are added. Reasons that hold for some mentor alone come first, then reasons that occur only
together with others; within each part by count, largest first, then in the order of ``ReasonCode``. An empty scope
gives NO_ELIGIBLE_MENTOR_IN_SCOPE with count 0. Last comes, with reason TOWNSHIP_RULE, the number of mentors elsewhere
in the county whom nothing but that rule keeps out: so many a release would open.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matching.problem import I8, Component, ProblemData
from matching.rules import BIT, Mask, explain_blocked
from matching.solution import Solution, members_of
from matching.teams import is_weak_team, teams_of
from matching.vocabulary import ReasonCode

_ORDER = {code: index for index, code in enumerate(ReasonCode)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """One empty seat.

    Attributes
    ----------
    reasons
        ``(reason, mentors)`` in the order of the module's definition.
    """

    mentee_id: str
    slot: str
    reasons: tuple[tuple[ReasonCode, int], ...]


def shortfalls(problem: ProblemData, solution: Solution) -> tuple[Shortfall, ...]:
    """Return a record for every empty seat, in the order of the components, mentees and slots."""
    found: list[Shortfall] = []
    for component, chosen in zip(problem.components, solution.chosen, strict=True):
        empty = np.argwhere(chosen < 0)
        if not len(empty):
            continue
        pools = np.array([mentor.pool_county for mentor in component.mentors])
        columns_by_county = {county: np.flatnonzero(pools == county) for county in component.counties}
        pinned = _pinned_by_person(component)
        members = members_of(component, chosen)
        for row, seat in empty.tolist():
            mentee = component.mentees[row]
            columns = columns_by_county[mentee.county]
            masks = component.blocked[row, seat, columns] | _team_masks(component, problem, members, row)[columns]
            reasons = _reasons(component, row, masks, columns, pinned)
            found.append(Shortfall(mentee_id=mentee.id, slot=problem.slots[seat], reasons=reasons))
    return tuple(found)


def _team_masks(component: Component, problem: ProblemData, members: I8, row: int) -> Mask:
    """Return the team rules that one more member of this team would break, as bits per mentor.

    Where weak teams are forbidden, MIN_EXPERIENCE stands for every mentor with whom the team would be weak.
    """
    masks = np.zeros(len(component.mentors), dtype=np.uint32)
    arrays = component.teams
    if arrays is None:
        return masks
    team = members[row][members[row] >= 0]
    if arrays.is_away[row, team].sum() >= arrays.most_away[row] + arrays.has_release[row]:
        masks[arrays.is_away[row]] |= BIT[ReasonCode.TOWNSHIP_RULE]
    if arrays.is_of_village[row, team].sum() >= arrays.most_of_village[row]:
        masks[arrays.is_of_village[row]] |= BIT[ReasonCode.VILLAGE_RULE]
    if problem.forbids_weak:
        more = np.full((len(masks), len(team) + 1), -1, dtype=np.int64)
        more[:, :-1], more[:, -1] = team, np.arange(len(masks))
        more = np.pad(more, ((0, 0), (0, component.n_seats - len(team) - 1)), constant_values=-1)
        teams = teams_of(arrays, np.full(len(masks), row), more)
        masks[is_weak_team(teams, problem.params_of("weak"))] |= BIT[ReasonCode.MIN_EXPERIENCE]
    return masks


def _pinned_by_person(component: Component) -> dict[int, set[int]]:
    """Return the mentees pinned to every person that has pins."""
    pinned = np.flatnonzero(component.arc_pinned)
    persons = component.person_of_mentor[component.arc_mentor[pinned]]
    mentees: dict[int, set[int]] = {}
    for mentee, person in zip(component.arc_mentee[pinned].tolist(), persons.tolist(), strict=True):
        mentees.setdefault(person, set()).add(mentee)
    return mentees


def _reasons(
    component: Component, row: int, masks: "np.ndarray[tuple[int, ...], np.dtype[np.uint32]]", columns: I8,
    pinned: Mapping[int, set[int]],
) -> tuple[tuple[ReasonCode, int], ...]:  # fmt: skip
    rule = BIT[ReasonCode.TOWNSHIP_RULE]
    in_scope = (masks & rule) == 0
    alone: Counter[ReasonCode] = Counter()
    together: Counter[ReasonCode] = Counter()
    values, counts = np.unique(masks[in_scope], return_counts=True)
    for mask, count in zip(values.tolist(), counts.tolist(), strict=True):
        codes = explain_blocked(mask)
        if codes:
            (alone if len(codes) == 1 else together)[codes[0]] += count
    admissible = columns[in_scope & (masks == 0)]
    if not pinned and len(admissible):
        alone[ReasonCode.ALL_AT_CAPACITY] += len(admissible)
    for person in component.person_of_mentor[admissible].tolist() if pinned else ():
        elsewhere = len(pinned[person] - {row}) if person in pinned else 0
        is_pinned_out = elsewhere >= component.free_capacity[person] > 0
        alone[ReasonCode.PINNED_ELSEWHERE if is_pinned_out else ReasonCode.ALL_AT_CAPACITY] += 1
    first = [(code, count + together.pop(code, 0)) for code, count in alone.items()]
    ordered = _sorted(first) + _sorted(list(together.items()))
    if not in_scope.any():
        ordered.append((ReasonCode.NO_ELIGIBLE_MENTOR_IN_SCOPE, 0))
    would_open = int((masks == rule).sum())
    if would_open:
        ordered.append((ReasonCode.TOWNSHIP_RULE, would_open))
    return tuple(ordered)


def _sorted(reasons: list[tuple[ReasonCode, int]]) -> list[tuple[ReasonCode, int]]:
    return sorted(reasons, key=lambda reason: (-reason[1], _ORDER[reason[0]]))
