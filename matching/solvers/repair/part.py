"""A part of a component: some of its mentees, while everybody else keeps the mentors that he has.

The mentors stay, with the capacity that is left to them; those kept elsewhere count as load that is there already, so
overload and load cost what they cost in the whole plan.
"""

from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from matching.problem import Component

I8 = npt.NDArray[np.int64]
B1 = npt.NDArray[np.bool_]
_Holder = TypeVar("_Holder")

_CLOSED = np.uint32(1 << 31)
"""Marks a mentor whom a part does not offer; no rule has this bit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some mentees of a component, as a component of its own.

    Attributes
    ----------
    rows
        ``int64`` (mentees of the part,): their places in the whole.
    arcs
        ``int64`` (arcs of the part,): their places in the whole.
    """

    component: Component
    rows: I8
    arcs: I8

    def whole(self, chosen: I8) -> I8:
        """Return a plan of the part with the arcs of the whole, ``int64`` (mentees of the part, seats)."""
        if not len(self.arcs):
            return chosen
        arcs: I8 = np.where(chosen >= 0, self.arcs[chosen], -1)
        return arcs


def part_of(component: Component, rows: I8, fixed: I8) -> Part:
    """Return the part of the given mentees.

    Under team terms, the seats of a mentee with any free seat stay open to everybody, because a team is seated last;
    a level of ``Hold`` then keeps whom it has.

    Parameters
    ----------
    rows
        ``int64``, rising: the mentees of the part.
    fixed
        ``int64`` (mentees, seats): the arc that holds a seat, -1 for a free seat or one that may move.
    """
    n, k = fixed.shape
    in_part = np.zeros(n, dtype=bool)
    in_part[rows] = True
    held = fixed[~in_part]
    taken = np.bincount(
        component.person_of_mentor[component.arc_mentor[held[held >= 0]]], minlength=len(component.persons)
    ).astype(np.int64)
    mentee, seat, mentor = component.arc_mentee, component.arc_seat, component.arc_mentor
    blocked = component.blocked[rows]
    if component.teams is None:
        holder = fixed[mentee, seat]
        offered = in_part[mentee] & ((holder < 0) | (holder == np.arange(len(mentee))))
    else:
        is_full = np.asarray((fixed >= 0).all(axis=1), dtype=bool)
        member = np.zeros((n, len(component.mentors)), dtype=bool)
        full_rows = np.flatnonzero(is_full)
        member[full_rows[:, None], mentor[fixed[full_rows]]] = True
        offered = in_part[mentee] & (~is_full[mentee] | member[mentee, mentor])
        blocked[(is_full[rows][:, None] & ~member[rows])[:, None, :].repeat(k, axis=1)] |= _CLOSED
    arcs = np.flatnonzero(offered)
    place = np.cumsum(in_part) - 1
    pinned = arcs[component.arc_pinned[arcs]]
    pairs = np.unique(mentee[pinned].astype(np.int64) * max(1, len(component.mentors)) + mentor[pinned])
    at = {name: getattr(component, name)[arcs] for name in ("arc_seat", "arc_mentor", "arc_score", "arc_tier")}
    flags = {name: getattr(component, name)[arcs] for name in ("arc_released", "arc_pinned", "arc_published")}
    part = replace(
        component,
        mentees=tuple(component.mentees[row] for row in rows.tolist()),
        active_load=component.active_load + taken,
        free_capacity=component.free_capacity - taken,
        blocked=blocked,
        near=_of_rows(component.near, rows, ()),
        criteria=_of_rows(component.criteria, rows, ("tenure", "appraisal", "is_senior", "fits_category", "skills")),
        priority=component.priority[rows],
        arc_mentee=place[mentee[arcs]].astype(np.int32),
        **at,
        **flags,
        n_pins=len(pairs),
        n_published=int(component.arc_published[arcs].sum()),
        teams=None
        if component.teams is None
        else _of_rows(component.teams, rows, ("skills", "is_senior", "fits_category")),
        hold=None,
    )
    return Part(component=part, rows=rows, arcs=arcs)


def _of_rows(holder: _Holder, rows: I8, of_mentors: tuple[str, ...]) -> _Holder:
    """Return the arrays of some mentees; those named are about mentors alone and stay as they are."""
    taken = {
        field.name: getattr(holder, field.name)[rows]
        for field in fields(holder)  # type: ignore[arg-type]
        if field.name not in of_mentors and isinstance(getattr(holder, field.name), np.ndarray)
    }
    return replace(holder, **taken)  # type: ignore[type-var]
