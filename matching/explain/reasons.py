"""What speaks for a pair, and what stands in its way: leads over the eligible, rules broken, counts."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from matching.checks import reference_year
from matching.criteria import F8, SCORE_UNIT, Term, term_points
from matching.explain.records import Reason
from matching.facts import Facts, Mentee, Mentor
from matching.geography import pair_geography
from matching.policy import Policy
from matching.problem import I8, Component, ProblemData
from matching.result import Contribution, points_of_teams
from matching.rules import explain_blocked, seat_rules
from matching.solution import members_of
from matching.vocabulary import ReasonCode

N_REASONS = 3
"""Reasons given per pair (domain 4.4, ``explain``)."""

_ORDER = {code: index for index, code in enumerate(ReasonCode)}


def points_of(
    component: Component,
    problem: ProblemData,
    policy: Policy,
    chosen: I8 | None,
    row: int | I8,
    seat: int | I8,
    mentors: I8,
) -> Mapping[Term, F8]:
    """Return the points of every term, ``float64`` (mentors,), with each mentor in the seat.

    Parameters
    ----------
    chosen
        The plan: under team terms the points are those of the mentee's team with the mentor in the seat. ``None`` for
        the points of the pairs alone.
    """
    rows, seats = np.broadcast_to(row, len(mentors)), np.broadcast_to(seat, len(mentors))
    if component.teams is None or chosen is None:
        return dict(term_points(component.criteria, policy, rows, seats, mentors))
    members = members_of(component, chosen)[rows]
    members[np.arange(len(mentors)), seats] = mentors
    return points_of_teams(component.teams, component, problem, policy, rows, members)


def reasons_of(points: Mapping[Term, F8], index: int, contributions: Sequence[Contribution]) -> tuple[Reason, ...]:
    """Return the terms in which one of several pairs leads their mean most, largest lead first.

    Parameters
    ----------
    contributions
        The pair's terms as shown, in whole units.
    """
    found = []
    for part in contributions:
        values = points[part.term]
        lead = int(np.floor((values[index] - values.mean()) * SCORE_UNIT + 1e-6))
        found.append(Reason(term=part.term, points=part.points, lead=lead))
    leading = sorted((reason for reason in found if reason.lead > 0), key=lambda reason: -reason.lead)
    return tuple(leading[:N_REASONS])


def pair_masks(mentee: Mentee, mentor: Mentor, facts: Facts, policy: Policy) -> list[int]:
    """Return the mask of broken rules per seat for any two people, whether or not they share a county."""
    near = pair_geography((mentee,), (mentor,), facts.geography, policy)
    rules = seat_rules((mentee,), (mentor,), near, facts, policy, reference_year(facts))
    masks: list[int] = rules.blocked[0, :, 0].tolist()
    return masks


def blocked_mentees(component: Component, mentor: int) -> tuple[int, tuple[tuple[ReasonCode, int], ...]]:
    """Return the mentees of a mentor's county, and for those closed to the mentor the reasons counted.

    A mentee counts for the first reason, in the order of ``ReasonCode``, of the seat with the fewest reasons.
    """
    pool = component.mentors[mentor].pool_county
    rows = [row for row, mentee in enumerate(component.mentees) if mentee.county == pool]
    counts: Counter[ReasonCode] = Counter()
    for row in rows:
        seats = [explain_blocked(int(mask)) for mask in component.blocked[row, :, mentor]]
        fewest = min(seats, key=len)
        if fewest:
            counts[fewest[0]] += 1
    return len(rows), tuple(sorted(counts.items(), key=lambda item: (-item[1], _ORDER[item[0]])))


def broken_team_rules_of(component: Component, row: int, mentor: int) -> tuple[ReasonCode, ...]:
    """Return the team rules that a mentor breaks beside the mentors pinned to a mentee."""
    arrays = component.teams
    if arrays is None:
        return ()
    pinned = np.unique(component.arc_mentor[component.arc_pinned & (component.arc_mentee == row)])
    team = np.union1d(pinned, [mentor])
    broken = []
    if arrays.is_away[row, team].sum() > arrays.most_away[row] + arrays.has_release[row]:
        broken.append(ReasonCode.TOWNSHIP_RULE)
    if arrays.is_of_village[row, team].sum() > arrays.most_of_village[row]:
        broken.append(ReasonCode.VILLAGE_RULE)
    return tuple(sorted(broken, key=_ORDER.__getitem__))
