"""Remedies by policy: numbers relaxed no further than they help, and a wider pool scope.

They act on the whole programme; the effect is that of all components together.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from matching.checks import reference_year
from matching.diagnose.blocking import claim_masks
from matching.diagnose.named import Part
from matching.diagnose.remedies import Remedy, RemedyKind, Value, changed_policy, cheapest_first
from matching.people import UNKNOWN, mentee_tenths, mentor_tenths, person_capacity, tenths_to_reach
from matching.policy import Policy
from matching.policy_options import PoolTier
from matching.rules import BIT, seat_rules
from matching.solvers.fill import fill_case
from matching.vocabulary import MentorCategory, ReasonCode

STEP_MINUTES = 5
"""A travel limit is stated in steps of so many minutes."""


def policy_remedies(parts: Sequence[Part], policy: Policy) -> tuple[Remedy, ...]:
    """Return changes of the policy that fill at least one seat, cheapest first.

    Parameters
    ----------
    parts
        The components with empty seats.
    """
    found: list[Remedy] = []
    for path, values in _numbers(parts, policy):
        remedy = _strictest(parts, policy, path, values)
        if remedy is not None:
            found.append(remedy)
    tiers = [str(tier) for tier in PoolTier]
    widest = tiers.index(policy.pool_scope[-1])
    if widest + 1 < len(tiers) and any(_opens(part, ReasonCode.TOWNSHIP_RULE).any() for part in parts):
        scopes = [(*(str(t) for t in policy.pool_scope), *tiers[widest + 1 : end]) for end in range(widest + 2, 4)]
        remedy = _strictest(parts, policy, "poolScope", scopes)
        if remedy is not None:
            found.append(replace(remedy, kind=RemedyKind.EXTEND_POOL_SCOPE))
    return cheapest_first(found)


def _numbers(parts: Sequence[Part], policy: Policy) -> Iterator[tuple[str, Sequence[Value]]]:
    """Yield the numbers of the policy that keep somebody out, with values from the strictest to the loosest."""
    yield "loadCap", [policy.load_cap + 1]
    for seat, slot in enumerate(policy.slots):
        if slot.cap is not None:
            yield f"slots.{seat}.cap", [slot.cap + 1]
    gap = tenths_to_reach(policy.experience.seniority_gap_years)
    differences = {0}
    short_years: dict[MentorCategory, set[int]] = {}
    minutes: set[int] = set()
    has_gap = is_too_far = False
    for part in parts:
        component = part.component
        of_mentor = np.array([mentor_tenths(mentor) for mentor in component.mentors], dtype=np.int64)
        of_mentee = np.array([mentee_tenths(mentee) for mentee in component.mentees], dtype=np.int64)
        opened = _opens(part, ReasonCode.TENURE_GAP)
        has_gap |= bool(opened.any())
        least = (of_mentor - of_mentee[:, None])[opened]
        differences.update(least[(least > 0) & (least < gap)].tolist())
        for column in np.flatnonzero(_opens(part, ReasonCode.MIN_EXPERIENCE).any(axis=0)).tolist():
            assert of_mentor[column] != UNKNOWN, "unknown years are DATA_MISSING"
            short_years.setdefault(component.mentors[column].category, set()).add(int(of_mentor[column]))
        far = component.near.minutes[_opens(part, ReasonCode.TRAVEL_LIMIT)]
        is_too_far |= bool(len(far))
        minutes.update(STEP_MINUTES * math.ceil(value / STEP_MINUTES) for value in far.tolist())
    if has_gap:
        yield "experience.seniorityGapYears", [tenths / 10 for tenths in sorted(differences, reverse=True)]
    for category in MentorCategory:
        if category in short_years:
            values = [tenths / 10 for tenths in sorted(short_years[category], reverse=True)]
            yield f"experience.minGrassrootsYears.{category}", values
    if is_too_far:
        yield "geography.maxTravelMinutes", sorted(minutes)


def _opens(part: Part, reason: ReasonCode) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """Return the (mentee, mentor) pairs that the rule alone keeps apart at some claimed seat."""
    claims, masks = claim_masks(part.component, part.case, part.fill.tight)
    opened = np.zeros((len(part.component.mentees), len(part.component.mentors)), dtype=bool)
    np.logical_or.at(opened, claims[:, 0], masks == BIT[reason])
    return opened


def _strictest(parts: Sequence[Part], policy: Policy, path: str, values: Sequence[Value]) -> Remedy | None:
    """Return the first of ``values`` (strictest first) with the effect of the last, ``None`` without any effect."""
    effect_of = _effects(parts, policy, path)
    full = effect_of(values[-1])
    if full == 0:
        return None
    low, high = 0, len(values) - 1
    while low < high:
        middle = (low + high) // 2
        if effect_of(values[middle]) == full:
            high = middle
        else:
            low = middle + 1
    return Remedy(kind=RemedyKind.RELAX_NUMBER, effect=full, path=path, value=values[low])


def _effects(parts: Sequence[Part], policy: Policy, path: str) -> Callable[[Value], int]:
    def effect_of(value: Value) -> int:
        changed = changed_policy(policy, path, value)
        return sum(_gain(part, changed) for part in parts)

    return effect_of


def _gain(part: Part, policy: Policy) -> int:
    """Return how many seats more the component can fill under another policy."""
    component = part.component
    limits = np.array([person_capacity(part.records[person], policy) for person in component.persons], dtype=np.int64)
    limits = limits.reshape(-1, 2)
    rules = seat_rules(
        component.mentees, component.mentors, component.near, part.facts, policy, reference_year(part.facts)
    )
    case = replace(
        fill_case(component, part.problem, rules.blocked),
        free=np.maximum(0, limits[:, 0] - limits[:, 1]),
    )
    if part.case.units == 1:
        case = replace(case, slot_caps=tuple(slot.cap for slot in policy.slots))
    return part.gain(case)
