"""Which links of the published roster still hold under today's facts, and which of those contend with each other.

A link holds when its mentee takes part, its mentor is in a pool of the county, its slot exists and no rule keeps the
mentor out of the seat: then it is an arc of the problem. Links that hold one by one may still not hold together. Those
contend: all links of a person above capacity or a slot cap, of a team that breaks a rule on teams or holds somebody
twice, and of a mentee or person whom a pin now binds elsewhere. Every other link stays for certain.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from matching.problem import Component, ProblemData
from matching.teams import keeps_rules

I8 = npt.NDArray[np.int64]
B1 = npt.NDArray[np.bool_]


class EndCause(StrEnum):
    """Why a link of the published roster ends."""

    MENTEE_LEFT = "MENTEE_LEFT"
    MENTEE_NOT_ELIGIBLE = "MENTEE_NOT_ELIGIBLE"
    MENTOR_LEFT = "MENTOR_LEFT"
    SLOT_GONE = "SLOT_GONE"
    RULE = "RULE"
    OVER_CAPACITY = "OVER_CAPACITY"
    OVER_SLOT_CAP = "OVER_SLOT_CAP"
    TEAM_RULE = "TEAM_RULE"
    TWICE = "TWICE"
    PIN = "PIN"
    MOVED = "MOVED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The links of one component that hold.

    Attributes
    ----------
    fixed
        ``int64`` (mentees, seats): the arc that stays for certain, -1 where a seat is free or its link contends.
    cause
        Arcs that contend, with what they would end for.
    """

    fixed: I8
    cause: dict[int, EndCause]


def held_links(component: Component, problem: ProblemData) -> Held:
    """Tell the links of one component that stay for certain from those that contend.

    Whatever the plan, a certain link can be kept besides as many contending links as hold together: its seat has no
    other claim, its person has room for all links and pins, and its team keeps the rules.
    """
    arcs = np.flatnonzero(component.arc_published)
    if not len(arcs):
        nothing = np.full((len(component.mentees), component.n_seats), -1, dtype=np.int64)
        return Held(fixed=nothing, cause={})
    mentee, seat, mentor = (
        array[arcs].astype(np.int64) for array in (component.arc_mentee, component.arc_seat, component.arc_mentor)
    )
    person = component.person_of_mentor[mentor]
    n_mentees, n_persons, k = len(component.mentees), len(component.persons), component.n_seats
    pins = _unmet_pins(component, mentee, mentor, component.arc_pinned[arcs])
    pin_mentee, pin_person = pins[0], component.person_of_mentor[pins[1]]
    # Later causes take precedence over earlier ones; the first named is the weakest claim.
    contends: list[tuple[EndCause, B1]] = []
    if component.teams is not None:
        members = np.full((n_mentees, k), -1, dtype=np.int64)
        members[mentee, seat] = mentor
        breaks = ~keeps_rules(component.teams, np.arange(n_mentees), members)
        contends.append((EndCause.TEAM_RULE, np.asarray(breaks[mentee], dtype=bool)))
    for number, cap in enumerate(problem.slot_caps):
        if cap is not None:
            claims = np.bincount(np.concatenate((person[seat == number], pin_person)), minlength=n_persons)
            contends.append((EndCause.OVER_SLOT_CAP, (claims > cap)[person] & (seat == number)))
    served = np.unique(np.concatenate((mentee, pin_mentee)) * max(1, n_persons) + np.concatenate((person, pin_person)))
    load = np.bincount(served % max(1, n_persons), minlength=n_persons)
    contends.append((EndCause.OVER_CAPACITY, np.asarray((load > component.free_capacity)[person], dtype=bool)))
    contends.append(
        (EndCause.TWICE, _twice(mentee * k + seat) | _of(mentee, mentee[_twice(mentee * n_persons + person)]))
    )
    contends.append((EndCause.PIN, _of(mentee, pin_mentee)))
    cause: dict[int, EndCause] = {}
    for name, is_contending in contends:
        cause.update(dict.fromkeys(arcs[is_contending].tolist(), name))
    certain = ~np.isin(arcs, list(cause))
    fixed = np.full((n_mentees, k), -1, dtype=np.int64)
    fixed[mentee[certain], seat[certain]] = arcs[certain]
    return Held(fixed=fixed, cause=cause)


def _unmet_pins(component: Component, mentee: I8, mentor: I8, is_pinned: B1) -> tuple[I8, I8]:
    """Return the pinned pairs (mentees, mentors) that no published link honours."""
    pinned = np.flatnonzero(component.arc_pinned)
    width = max(1, len(component.mentors))
    wanted = np.unique(component.arc_mentee[pinned].astype(np.int64) * width + component.arc_mentor[pinned])
    unmet = np.setdiff1d(wanted, (mentee * width + mentor)[is_pinned])
    return unmet // width, unmet % width


def _twice(keys: I8) -> B1:
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse] > 1, dtype=bool)


def _of(values: I8, some: I8) -> B1:
    return np.asarray(np.isin(values, some), dtype=bool)
