"""The two criteria of a plan in whole units: geography and experience, per arc and per plan (domain 4.5).

Geography of a plan is Σ_i |T_i|/k · 100 · G(i, T_i), experience Σ_i |T_i|/k · 100 · E(i, T_i), both in units of 10⁻⁴
points. Where criteria are separable both are sums over arcs, and E of a mentor counts the own need coverage; under team
terms E is experienceFit, with the capped coverage of the whole team.
"""

from dataclasses import dataclass

import numpy as np

from matching.criteria import SCORE_UNIT, Term, individual_experience, term_points
from matching.policy import Policy
from matching.problem import I8, Component, ProblemData
from matching.result import FilledSeat, Level
from matching.solution import LevelName, Solution, members_of
from matching.teams import teams_of

_BLOCK = 1_000_000
"""Arcs valued at once, so that temporary arrays stay small."""

OTHER_TERMS = (Term.PREFERENCE, Term.COMPOSITION, Term.NO_SENIOR, Term.WEAK)
"""What the policy's score counts besides the two criteria."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArcValues:
    """The criteria of every arc of one component, ``int64`` (arcs,), in units of 10⁻⁴ points.

    Attributes
    ----------
    geography, experience
        100/k times the criterion, without any weight: 0 to 10⁶/k.
    other
        What else the policy's score counts: wishes at their weight, less penalties.
    """

    geography: I8
    experience: I8
    other: I8


def arc_values(component: Component, policy: Policy) -> ArcValues:
    """Return the criteria of every arc of a component of a separable policy."""
    n_arcs = len(component.arc_mentor)
    values = ArcValues(
        geography=np.zeros(n_arcs, dtype=np.int64),
        experience=np.zeros(n_arcs, dtype=np.int64),
        other=np.zeros(n_arcs, dtype=np.int64),
    )
    share = 100.0 / policy.n_seats * SCORE_UNIT
    need = policy.experience.need_weight
    criteria = component.criteria
    for start in range(0, n_arcs, _BLOCK):
        part = slice(start, start + _BLOCK)
        mentee, seat, mentor = (
            array[part].astype(np.int64) for array in (component.arc_mentee, component.arc_seat, component.arc_mentor)
        )
        individual = individual_experience(criteria, policy, mentee, mentor)
        values.geography[part] = np.rint(share * criteria.geography[mentee, mentor])
        values.experience[part] = np.rint(share * ((1.0 - need) * individual + need * criteria.needs[mentee, mentor]))
        other = np.zeros(len(mentee))
        for term, points in term_points(criteria, policy, mentee, seat, mentor):
            if term in OTHER_TERMS:
                other += points
        values.other[part] = np.rint(other * SCORE_UNIT)
    return values


def plan_axes(problem: ProblemData, solution: Solution, policy: Policy) -> tuple[int, int]:
    """Return geography and experience of a plan, summed over its seats, in units of 10⁻⁴ points."""
    geography = experience = 0
    for component, chosen in zip(problem.components, solution.chosen, strict=True):
        if component.teams is None:
            values, used = arc_values(component, policy), chosen[chosen >= 0]
            geography += int(values.geography[used].sum())
            experience += int(values.experience[used].sum())
        elif len(component.arc_mentor):
            own = _team_axes(component, chosen, policy)
            geography += own[0]
            experience += own[1]
    return geography, experience


def _team_axes(component: Component, chosen: I8, policy: Policy) -> tuple[int, int]:
    arrays = component.teams
    assert arrays is not None, "the problem was built for a separable policy"
    rows, members = np.arange(len(chosen)), members_of(component, chosen)
    near, individual = np.zeros(len(rows)), np.zeros(len(rows))
    for seat in range(arrays.n_seats):
        member = members[:, seat]
        near += np.where(member >= 0, component.criteria.geography[rows, member], 0.0)
        individual += np.where(member >= 0, arrays.individual[rows, member], 0.0)
    teams = teams_of(arrays, rows, members)
    need = policy.experience.need_weight
    share = 100.0 / arrays.n_seats * SCORE_UNIT
    geography = np.rint(share * near)
    experience = np.rint(share * ((1.0 - need) * individual + need * teams.size * teams.coverage))
    return int(geography.sum()), int(experience.sum())


def mean_of(total: int, n_filled: int, n_seats: int) -> float:
    """Return a criterion of a plan as a mean over its filled seats, 0 to 100.

    Examples
    --------
    >>> mean_of(1_500_000, 3, 2)
    100.0
    """
    return total * n_seats / (SCORE_UNIT * n_filled) if n_filled else 0.0


def solution_of(problem: ProblemData, seats: tuple[FilledSeat, ...]) -> Solution:
    """Return the plan of filled seats as arcs of a problem that was built from the same facts and hard rules."""
    slot = {code: index for index, code in enumerate(problem.slots)}
    chosen = []
    by_mentee: dict[str, list[FilledSeat]] = {}
    for seat in seats:
        by_mentee.setdefault(seat.mentee_id, []).append(seat)
    for component in problem.components:
        column = {mentor.id: index for index, mentor in enumerate(component.mentors)}
        own = np.full((len(component.mentees), component.n_seats), -1, dtype=np.int64)
        key = (component.arc_mentee.astype(np.int64) * component.n_seats + component.arc_seat) * len(
            component.mentors
        ) + component.arc_mentor
        for row, mentee in enumerate(component.mentees):
            for filled in by_mentee.get(mentee.id, ()):
                seat_index = slot[filled.slot]
                wanted = (row * component.n_seats + seat_index) * len(component.mentors) + column[filled.mentor_id]
                own[row, seat_index] = np.searchsorted(key, wanted)  # arcs are sorted by mentee, seat, mentor
        chosen.append(own)
    return Solution(chosen=tuple(chosen))


def before_score(levels: tuple[Level, ...]) -> tuple[Level, ...]:
    """Return the levels before fairness and the score."""
    after = (LevelName.FAIRNESS, LevelName.SCORE, LevelName.LOAD)
    return tuple(level for level in levels if level.name not in after)
