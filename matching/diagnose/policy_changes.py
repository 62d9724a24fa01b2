"""Remedies by policy: numbers relaxed no further than they help, and a wider pool scope.

They act on the whole programme; the effect is that of all components together.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matching.checks import reference_year
from matching.diagnose.blocking import claim_masks
from matching.diagnose.named import Part
from matching.diagnose.remedies import Remedy, RemedyKind, Value, changed_policy, cheapest_first
from matching.people import UNKNOWN, mentee_tenths, mentor_tenths, person_capacity, tenths_to_reach
from matching.policy import Policy
from matching.policy_options import PoolTier
from matching.rules import BIT, seat_rules
from matching.solvers.fill_case import FillCase, fill_case
from matching.vocabulary import MentorCategory, ReasonCode

B1 = npt.NDArray[np.bool_]
Change = Callable[[Part, Value], FillCase]

MOST_CATEGORIES = 3
"""Categories whose least years are tried: those with most mentors kept out."""

STEP_MINUTES = 5
"""A travel limit is stated in steps of so many minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Option:
    """A policy item with values to try, strictest first, and what a value makes of a component."""

    path: str
    values: Sequence[Value]
    change: Change
    kind: RemedyKind = RemedyKind.RELAX_NUMBER


def policy_remedies(parts: Sequence[Part], policy: Policy) -> tuple[Remedy, ...]:
    """Return changes of the policy that fill at least one seat, cheapest first.

    Parameters
    ----------
    parts
        The components with empty seats.
    """
    options = [*_capacities(policy), *_years(parts, policy), *_minutes(parts), *_scopes(parts, policy)]
    found = [remedy for option in options if (remedy := _strictest(parts, option)) is not None]
    return cheapest_first(found)


def _strictest(parts: Sequence[Part], option: _Option) -> Remedy | None:
    """Return the first value with the effect of the last, ``None`` without any effect."""

    def effect_of(value: Value) -> int:
        return sum(part.gain(option.change(part, value)) for part in parts)

    full = effect_of(option.values[-1])
    if full == 0:
        return None
    low, high = 0, len(option.values) - 1
    while low < high:
        middle = (low + high) // 2
        if effect_of(option.values[middle]) == full:
            high = middle
        else:
            low = middle + 1
    return Remedy(kind=option.kind, effect=full, path=option.path, value=option.values[low])


def _capacities(policy: Policy) -> Iterator[_Option]:
    def raise_load(part: Part, value: Value) -> FillCase:
        changed = changed_policy(policy, "loadCap", value)
        limits = [person_capacity(part.records[person], changed) for person in part.component.persons]
        free = np.array([max(0, capacity - active) for capacity, active in limits], dtype=np.int64)
        return replace(part.case, free=free)

    def raise_cap(seat: int) -> Change:
        def change(part: Part, value: Value) -> FillCase:
            caps = list(part.case.slot_caps)
            caps[seat] = None if value is None else int(str(value))
            return replace(part.case, slot_caps=tuple(caps))

        return change

    yield _Option(path="loadCap", values=[policy.load_cap + 1], change=raise_load)
    for seat, slot in enumerate(policy.slots):
        if slot.cap is not None:
            yield _Option(path=f"slots.{seat}.cap", values=[slot.cap + 1], change=raise_cap(seat))


def _years(parts: Sequence[Part], policy: Policy) -> Iterator[_Option]:
    """Yield the gap of seniority, and the least years of the categories that lose most mentors to them."""
    gap = tenths_to_reach(policy.experience.seniority_gap_years)
    steps = {0}
    has_gap = False
    short: dict[MentorCategory, list[int]] = {}
    for part in parts:
        opened = _opens(part, ReasonCode.TENURE_GAP)
        has_gap |= bool(opened.any())
        ahead = _ahead(part)[opened]
        steps.update(ahead[(ahead > 0) & (ahead < gap)].tolist())
        for column in np.flatnonzero(_opens(part, ReasonCode.MIN_EXPERIENCE).any(axis=0)).tolist():
            mentor = part.component.mentors[column]
            assert mentor_tenths(mentor) != UNKNOWN, "unknown years are DATA_MISSING"
            short.setdefault(mentor.category, []).append(mentor_tenths(mentor))
    if has_gap:

        def close_gap(part: Part, value: Value) -> FillCase:
            least = round(10 * float(str(value)))
            return _opened(part, ReasonCode.TENURE_GAP, (_ahead(part) >= least) | (least == 0))

        values = [tenths / 10 for tenths in sorted(steps, reverse=True)]
        yield _Option(path="experience.seniorityGapYears", values=values, change=close_gap)
    for category in sorted(short, key=lambda c: (-len(short[c]), c))[:MOST_CATEGORIES]:

        def lower(part: Part, value: Value, category: MentorCategory = category) -> FillCase:
            least = round(10 * float(str(value)))
            columns = [m.category is category and mentor_tenths(m) >= least for m in part.component.mentors]
            return _opened(part, ReasonCode.MIN_EXPERIENCE, np.array(columns, dtype=bool)[None, :])

        values = [tenths / 10 for tenths in sorted(set(short[category]), reverse=True)]
        yield _Option(path=f"experience.minGrassrootsYears.{category}", values=values, change=lower)


def _minutes(parts: Sequence[Part]) -> Iterator[_Option]:
    minutes: set[int] = set()
    for part in parts:
        far = part.component.near.minutes[_opens(part, ReasonCode.TRAVEL_LIMIT)]
        minutes.update(STEP_MINUTES * math.ceil(value / STEP_MINUTES) for value in far.tolist())
    if minutes:

        def go_further(part: Part, value: Value) -> FillCase:
            return _opened(part, ReasonCode.TRAVEL_LIMIT, part.component.near.minutes <= float(str(value)))

        yield _Option(path="geography.maxTravelMinutes", values=sorted(minutes), change=go_further)


def _scopes(parts: Sequence[Part], policy: Policy) -> Iterator[_Option]:
    tiers = [str(tier) for tier in PoolTier]
    present = tuple(str(tier) for tier in policy.pool_scope)
    first = tiers.index(present[-1]) + 1
    if first < len(tiers) and any(_opens(part, ReasonCode.TOWNSHIP_RULE).any() for part in parts):

        def widen(part: Part, value: Value) -> FillCase:
            wider, c = changed_policy(policy, "poolScope", value), part.component
            rules = seat_rules(c.mentees, c.mentors, c.near, part.facts, wider, reference_year(part.facts))
            return fill_case(c, part.problem, rules.blocked)

        values = [(*present, *tiers[first:end]) for end in range(first + 1, len(tiers) + 1)]
        yield _Option(path="poolScope", values=values, change=widen, kind=RemedyKind.EXTEND_POOL_SCOPE)


def _ahead(part: Part) -> npt.NDArray[np.int64]:
    """Return by how many tenths of years a mentor is ahead, (mentees, mentors); only for known careers."""
    of_mentor = np.array([mentor_tenths(mentor) for mentor in part.component.mentors], dtype=np.int64)
    return of_mentor - np.array([mentee_tenths(mentee) for mentee in part.component.mentees], dtype=np.int64)[:, None]


def _opens(part: Part, reason: ReasonCode) -> B1:
    """Return the (mentee, mentor) pairs that the rule alone keeps apart at some claimed seat."""
    claims, masks = claim_masks(part.component, part.case, part.fill.tight)
    opened = np.zeros((len(part.component.mentees), len(part.component.mentors)), dtype=bool)
    np.logical_or.at(opened, claims[:, 0], masks == BIT[reason])
    return opened


def _opened(part: Part, reason: ReasonCode, pairs: B1) -> FillCase:
    """Return the case in which the rule no longer binds the pairs."""
    blocked = part.component.blocked[:, : part.case.is_open.shape[1], :]
    return replace(part.case, is_open=part.case.is_open | ((blocked == BIT[reason]) & pairs[:, None, :]))
