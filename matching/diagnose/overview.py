"""Shortage by township: how much of it is home-made, and how much is competition with others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from matching.diagnose.named import Part
from matching.solvers.fill import most_filled
from matching.solvers.fill_case import pinned_pairs


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


def overview(parts: Sequence[Part], n_seats: int) -> tuple[TownshipShortage, ...]:
    """Return one row per township with mentees, by county and township code.

    Parameters
    ----------
    n_seats
        Seats per mentee.
    """
    rows = []
    for part in parts:
        by_township: dict[tuple[str, str], list[int]] = {}
        for row, mentee in enumerate(part.component.mentees):
            by_township.setdefault((mentee.county, mentee.township), []).append(row)
        tight = part.fill.tight
        cut = np.zeros(len(part.component.mentees), dtype=np.int64)
        for group, without in zip(part.case.groups, tight.is_without, strict=True):
            cut += without * group.most
        claimed = tight.is_claimed.sum(axis=1) * part.case.units - cut
        for (county, township), own in by_township.items():
            rows.append(
                TownshipShortage(
                    county=county,
                    township=township,
                    n_mentees=len(own),
                    n_seats=len(own) * n_seats,
                    n_short_mentees=int((claimed[own] > 0).sum()),
                    n_claimed_seats=int(claimed[own].sum()),
                    n_own_shortage=_alone(part, own) if (claimed[own] > 0).any() else 0,
                )
            )
    return tuple(sorted(rows, key=lambda row: (row.county, row.township)))


def _alone(part: Part, rows: list[int]) -> int:
    case = part.case
    pairs = pinned_pairs(case)
    elsewhere = pairs.sum(axis=0) - pairs[rows].sum(axis=0)
    alone = replace(
        case,
        is_open=case.is_open[rows],
        is_pinned=case.is_pinned[rows],
        free=case.free - elsewhere,
        groups=tuple(replace(group, is_member=group.is_member[rows], most=group.most[rows]) for group in case.groups),
    )
    return alone.n_seats - most_filled(alone)[0]
