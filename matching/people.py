"""What the facts say about single people, as numbers: years of service, appraisals, needs, skills, priority.

Years are compared in whole tenths, the precision they are printed with (domain 4.5: months / 12, one decimal), so
that a printed table and a rule can never disagree.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from matching.facts import Mentee, Mentor
from matching.policy import Policy
from matching.vocabulary import (
    AppraisalGrade,
    MentorCategory,
    MentorState,
    PostKind,
    SkillLevel,
    Specialty,
    TargetPost,
)

UNKNOWN = -1
"""Tenths of years of a person without any usable career."""

GRADE_SCORE: Mapping[AppraisalGrade, float] = {
    AppraisalGrade.EXCELLENT: 1.0,
    AppraisalGrade.COMPETENT: 0.7,
    AppraisalGrade.BASIC: 0.3,
    AppraisalGrade.INCOMPETENT: 0.0,
}
"""Score of one year's grade (domain 4.5); NOT_GRADED counts as missing."""

SKILL_SCORE: Mapping[SkillLevel, float] = {SkillLevel.GOOD: 1.0, SkillLevel.FAMILIAR: 0.6}
"""擅长 1, 熟悉 0.6 (domain 4.5)."""

_COLUMN: Mapping[Specialty, int] = {specialty: column for column, specialty in enumerate(Specialty)}
"""Column of every specialty in the matrices of needs and skills, in their order."""

POST_OF_TARGET: Mapping[TargetPost, PostKind] = {
    TargetPost.SECRETARY: PostKind.VILLAGE_SECRETARY,
    TargetPost.DIRECTOR: PostKind.VILLAGE_DIRECTOR,
    TargetPost.COMMITTEE_MEMBER: PostKind.VILLAGE_COMMITTEE_MEMBER,
}
"""The kind of appointment that counts as having held a target post."""

VILLAGE_OR_STATION_POSTS = frozenset(
    {
        PostKind.VILLAGE_SECRETARY,
        PostKind.VILLAGE_DIRECTOR,
        PostKind.VILLAGE_COMMITTEE_MEMBER,
        PostKind.FIRST_SECRETARY,
        PostKind.STATIONED_CADRE,
        PostKind.STATION_STAFF,
    }
)
"""Posts that count 0.4 towards any target post (domain 4.5: other village or station post)."""

FULL_POST_MONTHS = 36
"""Months in the target post that give the full post score (domain 4.5)."""


def tenths_of_months(months: int | None) -> int:
    """Return months as tenths of years, rounded half up; ``UNKNOWN`` for ``None``.

    Examples
    --------
    >>> tenths_of_months(24), tenths_of_months(35), tenths_of_months(None)
    (20, 29, -1)
    """
    return UNKNOWN if months is None else (20 * months + 12) // 24


@lru_cache(maxsize=4096)
def tenths_of_years(years: float) -> int:
    """Return years as tenths, rounded half up on the decimal as written.

    Examples
    --------
    >>> tenths_of_years(2.95), tenths_of_years(3)
    (30, 30)
    """
    return int((Decimal(str(years)) * 10).quantize(Decimal(1), rounding=ROUND_HALF_UP))


@cache
def tenths_to_reach(years: float) -> int:
    """Return the fewest tenths of years that reach a minimum of ``years``: a minimum is never rounded down.

    Examples
    --------
    >>> tenths_to_reach(3), tenths_to_reach(2.5), tenths_to_reach(2.04)
    (30, 25, 21)
    """
    return int((Decimal(str(years)) * 10).quantize(Decimal(1), rounding=ROUND_CEILING))


def mentor_tenths(mentor: Mentor) -> int:
    """Return the years of experience of a mentor in tenths; years in the trade for an INDUSTRY_LEADER."""
    if mentor.category is MentorCategory.INDUSTRY_LEADER:
        return UNKNOWN if mentor.trade_years is None else tenths_of_years(mentor.trade_years)
    return tenths_of_months(mentor.grassroots_months)


def mentee_tenths(mentee: Mentee) -> int:
    """Return the years of experience of a mentee in tenths; an unknown career counts 0 (and is flagged)."""
    return max(0, tenths_of_months(mentee.grassroots_months))


def is_senior(mentor: Mentor, policy: Policy) -> bool:
    """Whether a mentor has the years of a senior (default 5); an unknown career never has."""
    tenths = mentor_tenths(mentor)
    return tenths != UNKNOWN and tenths >= tenths_to_reach(policy.experience.senior_years)


def tenure_score(mentor: Mentor, policy: Policy) -> float:
    """Return min(1, years / fullScoreYears); 0.5 for an unknown career (policy NEUTRAL)."""
    tenths = mentor_tenths(mentor)
    return 0.5 if tenths == UNKNOWN else min(1.0, tenths / 10 / policy.experience.full_score_years)


def appraisal_score(mentor: Mentor, year: int) -> float | None:
    """Return the mean grade score of the three years before ``year``; ``None`` when all are missing."""
    grades = mentor.grades
    known = [
        GRADE_SCORE[grade]
        for back in (1, 2, 3)
        if (grade := grades.get(year - back)) is not None and grade in GRADE_SCORE
    ]
    return sum(known) / len(known) if known else None


def effective_needs(mentee: Mentee, policy: Policy) -> dict[Specialty, float]:
    """Return the needs that count: stated ones, else the defaults of the village's conditions, else none.

    Several conditions: the largest weight per specialty.
    """
    if mentee.needs:
        return {specialty: float(mentee.needs[specialty]) for specialty in _COLUMN if specialty in mentee.needs}
    merged: dict[Specialty, float] = {}
    for condition in mentee.village_conditions:
        for specialty, weight in policy.default_needs.get(condition, {}).items():
            merged[specialty] = max(merged.get(specialty, 0.0), weight)
    return {specialty: merged[specialty] for specialty in _COLUMN if specialty in merged}


def need_matrix(mentees: Sequence[Mentee], policy: Policy) -> npt.NDArray[np.float64]:
    """Return the weights of needs, shape (mentees, specialties), rows divided by their sum; zero rows are unknown."""
    weights = np.zeros((len(mentees), len(Specialty)))
    for row, mentee in enumerate(mentees):
        needs = effective_needs(mentee, policy)
        total = sum(needs.values())
        for specialty, weight in needs.items():
            weights[row, _COLUMN[specialty]] = weight / total
    return weights


def skill_matrix(mentors: Sequence[Mentor]) -> npt.NDArray[np.float64]:
    """Return the skill scores, shape (mentors, specialties)."""
    skills = np.zeros((len(mentors), len(Specialty)))
    for row, mentor in enumerate(mentors):
        for specialty, level in mentor.skills.items():
            skills[row, _COLUMN[specialty]] = SKILL_SCORE[level]
    return skills


def priority_of(mentee: Mentee, policy: Policy) -> int:
    """Return the priority of a mentee in units of 10⁻⁴: the product of all factors that apply.

    Where several village conditions apply, their factors multiply (domain 4.4 writes them as ``×``).
    """
    factor = 1.0
    for condition, value in sorted(policy.priority.village_condition.items()):
        if condition in mentee.village_conditions:
            factor *= value
    factor *= policy.priority.target_post.get(mentee.target_post, 1.0)
    return round(factor * 10_000)


def person_capacity(records: Sequence[Mentor], policy: Policy) -> tuple[int, int]:
    """Return (capacity, active load) of the person behind ``records``.

    The strictest capacity of the ACTIVE records counts (a record without one takes the policy's load cap): a record
    that a transfer left behind must not bind. The active loads of all records are of different pairings and add up.
    """
    if len(records) == 1:
        (record,) = records
        return policy.load_cap if record.capacity is None else record.capacity, record.active_load
    serving = [record for record in records if record.state is MentorState.ACTIVE] or records
    capacity = min(policy.load_cap if record.capacity is None else record.capacity for record in serving)
    return capacity, sum(record.active_load for record in records)
