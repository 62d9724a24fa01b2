"""The hard rules: which mentees take part, and one bit per rule that keeps a mentor out of a seat.

A mask is a ``uint32`` whose bit *b* stands for the *b*-th ``ReasonCode``. A mentor may take a seat exactly when the
mask is 0. Masks are kept, so "why not" never recomputes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from matching.facts import Facts, Mentee, Mentor
from matching.geography import RELATIONS, PairGeography
from matching.geography import shares_zone as townships_share_zone
from matching.people import UNKNOWN, mentee_tenths, mentor_tenths, tenths_to_reach
from matching.policy import Policy
from matching.policy_options import AvoidanceMode, PoolTier, UnknownTenureMode
from matching.vocabulary import (
    AppraisalGrade,
    MentorCategory,
    MentorState,
    ReasonCode,
    Relation,
    ReviewLevel,
)

Mask = npt.NDArray[np.uint32]
BIT: Mapping[ReasonCode, int] = {code: 1 << index for index, code in enumerate(ReasonCode)}
"""Bit of each rule in a mask."""

TOWNSHIP_RULE = "TOWNSHIP_RULE"
GRADE_ORDER = (
    AppraisalGrade.INCOMPETENT,
    AppraisalGrade.BASIC,
    AppraisalGrade.COMPETENT,
    AppraisalGrade.EXCELLENT,
)
"""Grades in rising order; NOT_GRADED counts as missing."""

_LEVELS, _CATEGORIES = tuple(ReviewLevel), tuple(MentorCategory)
_INDEX = {relation: index for index, relation in enumerate(RELATIONS)}
OWN_TOWNSHIP_RELATIONS = (Relation.LINKED, Relation.SAME_VILLAGE, Relation.SAME_TOWNSHIP)
"""Relations that satisfy the township rule; VILLAGE_RULE then decides about the same village."""


class MenteeExclusion(StrEnum):
    """Why a mentee does not take part in a run."""

    NOT_IN_POOL = "NOT_IN_POOL"
    KIND = "KIND"
    REVIEW_LEVEL = "REVIEW_LEVEL"
    MAX_AGE = "MAX_AGE"


def explain_blocked(mask: int) -> tuple[ReasonCode, ...]:
    """Return the rules that a mask names, in the order of ``ReasonCode``; empty when the pair is admissible.

    Examples
    --------
    >>> explain_blocked(BIT[ReasonCode.VETO] | BIT[ReasonCode.KINSHIP])
    (<ReasonCode.KINSHIP: 'KINSHIP'>, <ReasonCode.VETO: 'VETO'>)
    """
    return tuple(code for code, bit in BIT.items() if int(mask) & bit)


def mentee_exclusion(mentee: Mentee, policy: Policy) -> MenteeExclusion | None:
    """Return why a mentee is left out of the run, or ``None`` when the mentee takes part."""
    rule = policy.mentee_eligibility
    if not mentee.is_in_pool:
        return MenteeExclusion.NOT_IN_POOL
    if mentee.kind not in rule.kinds:
        return MenteeExclusion.KIND
    if _LEVELS.index(mentee.review_level) < _LEVELS.index(rule.min_review_level):
        return MenteeExclusion.REVIEW_LEVEL
    if rule.max_age.block is not None and mentee.age_years is not None and mentee.age_years > rule.max_age.block:
        return MenteeExclusion.MAX_AGE
    return None


def mentor_mask(mentor: Mentor, policy: Policy, year: int) -> int:
    """Return the bits of the rules about the mentor alone; ``year`` is that of the reference date."""
    return mentor_masks((mentor,), policy, year)[0]


def mentor_masks(mentors: Iterable[Mentor], policy: Policy, year: int) -> list[int]:
    """Return the bits of the rules about each mentor alone; ``year`` is that of the reference date."""
    rule = policy.experience
    checks_discipline = policy.mentor_eligibility.no_discipline_in_force
    of_unknown = BIT[ReasonCode.DATA_MISSING] if rule.unknown_tenure is UnknownTenureMode.BLOCK else 0
    least = {category: tenths_to_reach(years) for category, years in rule.min_grassroots_years.items()}
    too_low = () if rule.min_appraisal is None else GRADE_ORDER[: GRADE_ORDER.index(rule.min_appraisal)]
    masks = []
    for mentor in mentors:
        mask = 0
        if mentor.state is not MentorState.ACTIVE or not mentor.is_available:
            mask |= BIT[ReasonCode.MENTOR_INACTIVE]
        if checks_discipline and mentor.has_discipline_in_force:
            mask |= BIT[ReasonCode.DISCIPLINE]
        tenths = mentor_tenths(mentor)
        if tenths == UNKNOWN:
            mask |= of_unknown
        elif tenths < least[mentor.category]:
            mask |= BIT[ReasonCode.MIN_EXPERIENCE]
        if mentor.category is not MentorCategory.INDUSTRY_LEADER and mentor.grades.get(year - 1) in too_low:
            mask |= BIT[ReasonCode.APPRAISAL]
        masks.append(mask)
    return masks


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatRules:
    """Outcome of the rules for all (mentee, seat, mentor) of one component.

    Attributes
    ----------
    blocked
        ``uint32``, shape (mentees, seats, mentors); 0 means admissible.
    tier
        ``uint8``, same shape: fallback tier used when the seat is filled so (0 none, 1 zone, 2 county).
    released
        ``bool``, same shape: the pair is open only because an officer released the township rule.
    """

    blocked: Mask
    tier: npt.NDArray[np.uint8]
    released: npt.NDArray[np.bool_]


def seat_rules(
    mentees: Sequence[Mentee], mentors: Sequence[Mentor], near: PairGeography, facts: Facts, policy: Policy, year: int
) -> SeatRules:
    """Evaluate every hard rule for one component."""
    shared = _pair_mask(mentees, mentors, near, facts, policy)
    shared |= np.array(mentor_masks(mentors, policy, year), dtype=np.uint32)[None, :]
    shape = (len(mentees), policy.n_seats, len(mentors))
    blocked = np.empty(shape, dtype=np.uint32)
    tier = np.zeros(shape, dtype=np.uint8)
    released = np.zeros(shape, dtype=bool)

    pool_tier = _pool_tier(mentees, mentors, facts)
    tiers = [list(PoolTier).index(t) for t in policy.pool_scope]
    out_of_scope = ~np.isin(pool_tier, [t for t in range(3) if any(t <= named for named in tiers)])
    fallback = np.where(pool_tier > tiers[0], pool_tier - tiers[0], 0).astype(np.uint8)
    has_release = np.array([TOWNSHIP_RULE in mentee.released_rules for mentee in mentees], dtype=bool)[:, None]
    is_own_township = np.isin(near.relation, [_INDEX[relation] for relation in OWN_TOWNSHIP_RELATIONS])
    is_same_village = near.relation == _INDEX[Relation.SAME_VILLAGE]
    category = np.array([_CATEGORIES.index(mentor.category) for mentor in mentors], dtype=np.int64)
    for seat, slot in enumerate(policy.slots):
        mask = blocked[:, seat, :]
        mask[:] = shared
        closed = out_of_scope | ~is_own_township if slot.admits_own_township_only else out_of_scope.copy()
        mask[closed & ~has_release] |= BIT[ReasonCode.TOWNSHIP_RULE]
        if not slot.admits_same_village:
            mask[is_same_village] |= BIT[ReasonCode.VILLAGE_RULE]
        if policy.requires_category(seat):
            allowed = np.isin(category, [_CATEGORIES.index(c) for c in slot.allowed])
            mask[:, ~allowed] |= BIT[ReasonCode.SLOT_CATEGORY]
        released[:, seat, :] = closed & has_release
        distance = np.where(near.shares_zone, 1, 2).astype(np.uint8)
        tier[:, seat, :] = np.where(released[:, seat, :], np.maximum(fallback, distance), fallback)
    return SeatRules(blocked=blocked, tier=tier, released=released)


def _pair_mask(
    mentees: Sequence[Mentee], mentors: Sequence[Mentor], near: PairGeography, facts: Facts, policy: Policy
) -> Mask:
    """Return the bits of the rules about mentee and mentor that hold for every seat, shape (mentees, mentors)."""
    mask = np.zeros((len(mentees), len(mentors)), dtype=np.uint32)
    home = np.array([mentee.county for mentee in mentees])[:, None]
    pool = np.array([mentor.pool_county for mentor in mentors])[None, :]
    outside = near.relation == _INDEX[Relation.OUTSIDE]
    mask[outside | (home != pool)] |= BIT[ReasonCode.CROSS_COUNTY]
    limit = policy.geography.max_travel_minutes
    if limit is not None:
        mask[near.minutes > limit] |= BIT[ReasonCode.TRAVEL_LIMIT]
    gap = tenths_to_reach(policy.experience.seniority_gap_years)
    if gap > 0:
        of_mentor = np.array([mentor_tenths(mentor) for mentor in mentors], dtype=np.int64)[None, :]
        of_mentee = np.array([mentee_tenths(mentee) for mentee in mentees], dtype=np.int64)[:, None]
        mask[(of_mentor != UNKNOWN) & (of_mentor - of_mentee < gap)] |= BIT[ReasonCode.TENURE_GAP]
    rows = {mentee.person_id: index for index, mentee in enumerate(mentees)}
    columns = columns_by_person(mentors)
    for kin in facts.kinships:
        for a, b in ((kin.person_a, kin.person_b), (kin.person_b, kin.person_a)):
            _set(mask, rows, columns, a, b, ReasonCode.KINSHIP)
    for exclusion in facts.exclusions:
        if exclusion.is_complaint and policy.avoidance.complaint_pairs is AvoidanceMode.WARN:
            continue
        _set(mask, rows, columns, exclusion.mentee_person, exclusion.mentor_person, ReasonCode.EXCLUDED)
    for person in rows:  # nobody mentors himself or herself
        _set(mask, rows, columns, person, person, ReasonCode.EXCLUDED)
    for wish in facts.preferences:
        if wish.rank == 0:
            _set(mask, rows, columns, wish.from_person, wish.to_person, ReasonCode.VETO)
            _set(mask, rows, columns, wish.to_person, wish.from_person, ReasonCode.VETO)
    return mask


def columns_by_person(mentors: Sequence[Mentor]) -> dict[str, list[int]]:
    """Return the positions of each person's mentor records."""
    columns: dict[str, list[int]] = {}
    for index, mentor in enumerate(mentors):
        columns.setdefault(mentor.person_id, []).append(index)
    return columns


def _set(
    mask: Mask, rows: Mapping[str, int], columns: Mapping[str, list[int]], mentee: str, mentor: str, code: ReasonCode
) -> None:
    if mentee in rows and mentor in columns:
        mask[rows[mentee], columns[mentor]] |= BIT[code]


def _pool_tier(mentees: Sequence[Mentee], mentors: Sequence[Mentor], facts: Facts) -> npt.NDArray[np.uint8]:
    """Return which pool a mentor belongs to, seen from the mentee: 0 own township's, 1 one of the zone, 2 another."""
    homes = sorted({mentee.township for mentee in mentees})
    pools = sorted({mentor.pool_township or "" for mentor in mentors})
    table = np.array(
        [
            [2 if not pool else 0 if pool == home else 1 if townships_share_zone(facts.geography, home, pool) else 2
             for pool in pools]
            for home in homes
        ],
        dtype=np.uint8,
    ).reshape(len(homes), len(pools))  # fmt: skip
    row = {home: index for index, home in enumerate(homes)}
    column = {pool: index for index, pool in enumerate(pools)}
    rows = np.array([row[mentee.township] for mentee in mentees], dtype=np.int64)
    columns = np.array([column[mentor.pool_township or ""] for mentor in mentors], dtype=np.int64)
    return table[np.ix_(rows, columns)]
