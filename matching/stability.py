"""Which links of the published roster hold, and by how much a plan departs from them: what ``maxChanges`` bounds.

Definition. The roster counts with the links whose mentee takes part in the run. A link *holds* when it could stay, in
this order of tests:

1. no hard rule blocks it;
2. its mentee has no pin that the roster lacks (named slots must agree), or a pin asks for this very link;
3. its person has room: the mentees of the person's links that are left and of his pins are no more than his free
   capacity, and for the link's slot no more than the slot cap (a pin without a slot counts in every slot it may take);
   otherwise none of the person's links (of that slot) is sure to stay, and none holds;
4. the mentee's links that are left, alone and together with the roster's pinned ones, are one legal team: no seat and
   no person twice, every rule on teams kept; otherwise none of them holds.

All links that hold can therefore stay together, whatever is pinned. The *excess* of a plan is the number of links that
hold and are missing, plus the number of new links in the seats of links that hold: replacing a mentor counts 2, taking
one away 1. Filling a seat whose link does not hold, or that the roster leaves empty, is free: it must or may happen
without moving anybody. ``maxChanges`` bounds the excess over the whole run; 0 freezes every link that holds.
"""

import numpy as np
import numpy.typing as npt

from matching.problem import I8, Component, ProblemData
from matching.teams import is_weak_team, keeps_rules, teams_of

B1 = npt.NDArray[np.bool_]


def holding_links(component: Component, problem: ProblemData) -> B1:
    """Return which arcs are links of the published roster that hold, ``bool`` (arcs,)."""
    mentee, seat = component.arc_mentee.astype(np.int64), component.arc_seat.astype(np.int64)
    if not component.arc_published.any():
        return component.arc_published.copy()
    mentor = component.arc_mentor.astype(np.int64)
    person = component.person_of_mentor[mentor]
    pinned = component.arc_pinned
    pair = mentee * len(component.mentors) + mentor
    is_met = np.isin(pair, pair[pinned & component.arc_published])
    has_new_pin = np.zeros(len(component.mentees), dtype=bool)
    has_new_pin[mentee[pinned & ~is_met]] = True
    holds: B1 = component.arc_published & (pinned | ~has_new_pin[mentee])

    claims = holds | pinned
    key = person * len(component.mentees) + mentee
    load = _counts(key[claims] // max(1, len(component.mentees)), key[claims], len(component.persons))
    holds &= (load <= component.free_capacity)[person]
    for slot, cap in enumerate(problem.slot_caps):
        if cap is not None:
            here = claims & (seat == slot)
            load = _counts(person[here], key[here], len(component.persons))
            holds &= (seat != slot) | (load <= cap)[person]

    for row in np.unique(mentee[holds]).tolist():
        own = holds & (mentee == row)
        with_pins = own | (pinned & component.arc_published & (mentee == row))
        if not (_is_legal(component, problem, row, own) and _is_legal(component, problem, row, with_pins)):
            holds &= ~own
    return holds


def excess_changes(component: Component, chosen: I8, holds: B1) -> int:
    """Return the excess of the plan of one component: links that hold and are missing, and new ones in their seats.

    Parameters
    ----------
    chosen
        ``int64`` (mentees, seats): arc per seat, -1 for an empty seat.
    holds
        ``bool`` (arcs,): ``holding_links`` of the component.
    """
    links = np.flatnonzero(holds)
    now = chosen[component.arc_mentee[links], component.arc_seat[links]]
    return int((now != links).sum() + ((now != links) & (now >= 0)).sum())


def _counts(group: I8, key: I8, n_groups: int) -> I8:
    """Return how many different keys every group has."""
    _, first = np.unique(key, return_index=True)
    return np.bincount(group[first], minlength=n_groups).astype(np.int64)


def _is_legal(component: Component, problem: ProblemData, row: int, used: B1) -> bool:
    seats, mentors = component.arc_seat[used], component.arc_mentor[used]
    persons = component.person_of_mentor[mentors]
    if len(set(seats.tolist())) < len(seats) or len(set(persons.tolist())) < len(persons):
        return False
    members = np.full((1, component.n_seats), -1, dtype=np.int64)
    members[0, seats] = mentors
    return bool(are_legal(component, problem, np.array([row]), members)[0])


def are_legal(component: Component, problem: ProblemData, mentee: I8, members: I8) -> B1:
    """Return whether teams keep every rule on teams, that on weak ones included, ``bool`` (teams,)."""
    arrays = component.teams
    if arrays is None:
        return np.ones(len(mentee), dtype=bool)
    keeps = keeps_rules(arrays, mentee, members)
    if problem.forbids_weak:
        keeps = keeps & ~is_weak_team(teams_of(arrays, mentee, members), problem.params_of("weak"))
    return keeps
