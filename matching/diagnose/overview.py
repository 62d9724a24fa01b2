"""Shortage by township: how much of it is home-made, and how much is competition with others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from matching.problem import Component
from matching.solvers.fill import Fill, solve_fill
from matching.solvers.fill_case import FillCase, Tight, pinned_pairs

Township = tuple[str, str]
"""Codes of the county and the township."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TownshipShortage:
    """One township with mentees.

    Attributes
    ----------
    n_mentees, n_seats
        Mentees that take part, and their seats.
    n_short_mentees, n_claimed_seats
        Mentees in certificates, and the seats they claim there: only such seats are empty in a best plan.
    n_own_shortage
        Seats that stay empty even if every mentor not pinned elsewhere served this township first.
    """

    county: str
    township: str
    n_mentees: int
    n_seats: int
    n_short_mentees: int
    n_claimed_seats: int
    n_own_shortage: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """A township whose mentees are short even with the first choice of all mentors.

    Attributes
    ----------
    n_short
        Seats that stay empty.
    tight
        The claims that prove it, among all mentees of the component.
    """

    n_short: int
    tight: Tight


def rows_by_township(component: Component) -> dict[Township, list[int]]:
    """Return the mentees of every township, in their order."""
    rows: dict[Township, list[int]] = {}
    for row, mentee in enumerate(component.mentees):
        rows.setdefault((mentee.county, mentee.township), []).append(row)
    return rows


def short_alone(component: Component, case: FillCase, fill: Fill) -> dict[Township, Alone]:
    """Return the townships that are short by themselves; their claims are among those of the whole component.

    Shortage is supermodular in the set of claims, so the least tight set of a part lies within that of the whole.
    """
    found = {}
    pairs = pinned_pairs(case)
    for township, rows in rows_by_township(component).items():
        if not fill.tight.is_claimed[rows].any():
            continue
        elsewhere = pairs.sum(axis=0) - pairs[rows].sum(axis=0)
        part = replace(
            case,
            is_open=case.is_open[rows],
            is_pinned=case.is_pinned[rows],
            free=case.free - elsewhere,
            groups=tuple(
                replace(group, is_member=group.is_member[rows], most=group.most[rows]) for group in case.groups
            ),
        )
        own = solve_fill(part)
        if own.n_filled < part.n_seats:
            tight = Tight(
                is_claimed=np.zeros_like(fill.tight.is_claimed), is_without=np.zeros_like(fill.tight.is_without)
            )
            tight.is_claimed[rows], tight.is_without[:, rows] = own.tight.is_claimed, own.tight.is_without
            found[township] = Alone(n_short=part.n_seats - own.n_filled, tight=tight)
    return found


def overview(
    component: Component, case: FillCase, fill: Fill, alone: Mapping[Township, Alone]
) -> Sequence[TownshipShortage]:
    """Return one row per township of a component."""
    cut = np.zeros(len(component.mentees), dtype=np.int64)
    for group, without in zip(case.groups, fill.tight.is_without, strict=True):
        cut += without * group.most
    claimed = fill.tight.is_claimed.sum(axis=1) * case.units - cut
    return [
        TownshipShortage(
            county=county,
            township=township,
            n_mentees=len(rows),
            n_seats=len(rows) * component.n_seats,
            n_short_mentees=int((claimed[rows] > 0).sum()),
            n_claimed_seats=int(claimed[rows].sum()),
            n_own_shortage=alone[(county, township)].n_short if (county, township) in alone else 0,
        )
        for (county, township), rows in rows_by_township(component).items()
    ]
