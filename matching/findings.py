"""Soft findings: what a run worked around and somebody should look at. Nothing here blocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from matching.checks import reference_year
from matching.facts import Facts, Mentor
from matching.people import GRADE_SCORE, UNKNOWN, appraisal_score, effective_needs, mentor_tenths
from matching.policy import Policy
from matching.policy_options import AvoidanceMode, UnknownTenureMode
from matching.rules import mentee_exclusion, mentor_masks
from matching.vocabulary import MentorCategory


class FindingCode(StrEnum):
    """Kinds of soft findings."""

    AGE = "AGE"
    AGE_UNKNOWN = "AGE_UNKNOWN"
    MENTEE_TENURE_UNKNOWN = "MENTEE_TENURE_UNKNOWN"
    NEEDS_UNKNOWN = "NEEDS_UNKNOWN"
    MENTOR_TENURE_UNKNOWN = "MENTOR_TENURE_UNKNOWN"
    APPRAISAL_MISSING = "APPRAISAL_MISSING"
    APPRAISALS_ALL_MISSING = "APPRAISALS_ALL_MISSING"
    COMPLAINT = "COMPLAINT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One soft finding about the mentee, mentor or pair ``item``."""

    code: FindingCode
    item: str
    message: str


def find_warnings(facts: Facts, policy: Policy) -> tuple[Finding, ...]:
    """Return all soft findings, ordered by code and item."""
    found = [*_mentee_warnings(facts, policy), *_mentor_warnings(facts, policy)]
    if policy.avoidance.complaint_pairs is AvoidanceMode.WARN:
        for exclusion in facts.exclusions:
            if exclusion.is_complaint:
                item = f"{exclusion.mentee_person}-{exclusion.mentor_person}"
                message = "a complaint lies between these persons; the policy only warns"
                found.append(Finding(code=FindingCode.COMPLAINT, item=item, message=message))
    order = {code: index for index, code in enumerate(FindingCode)}
    return tuple(sorted(found, key=lambda warning: (order[warning.code], warning.item)))


def _mentee_warnings(facts: Facts, policy: Policy) -> Iterator[Finding]:
    limit = policy.mentee_eligibility.max_age.warn
    for mentee in facts.mentees:
        if mentee_exclusion(mentee, policy) is not None:
            continue
        if mentee.age_years is None:
            yield Finding(
                code=FindingCode.AGE_UNKNOWN, item=mentee.id, message="the age is unknown; enter a birth date"
            )
        elif limit is not None and mentee.age_years > limit:
            message = f"aged {mentee.age_years}, above the {limit} that the policy warns at"
            yield Finding(code=FindingCode.AGE, item=mentee.id, message=message)
        if mentee.grassroots_months is None:
            message = "grassroots years are unknown and count 0; enter the career"
            yield Finding(code=FindingCode.MENTEE_TENURE_UNKNOWN, item=mentee.id, message=message)
        if not mentee.needs and not effective_needs(mentee, policy):
            message = "no need of person or village is known; coverage counts 0.5"
            yield Finding(code=FindingCode.NEEDS_UNKNOWN, item=mentee.id, message=message)


def _mentor_warnings(facts: Facts, policy: Policy) -> Iterator[Finding]:
    year = reference_year(facts)
    for mentor, mask in zip(facts.mentors, mentor_masks(facts.mentors, policy, year), strict=True):
        if mentor_tenths(mentor) == UNKNOWN:
            blocks = policy.experience.unknown_tenure is UnknownTenureMode.BLOCK
            effect = "the mentor cannot serve" if blocks else "tenure counts 0.5"
            message = f"years of experience are unknown, so {effect}; enter the career"
            yield Finding(code=FindingCode.MENTOR_TENURE_UNKNOWN, item=mentor.id, message=message)
        if mentor.category is not MentorCategory.INDUSTRY_LEADER and mask == 0:
            yield from _appraisal_warnings(mentor, policy, year)


def _appraisal_warnings(mentor: Mentor, policy: Policy, year: int) -> Iterator[Finding]:
    if mentor.grades.get(year - 1) in GRADE_SCORE:
        return
    if appraisal_score(mentor, year) is None:
        message = f"no appraisal of {year - 3} to {year - 1} is known; the score counts 0.5"
        yield Finding(code=FindingCode.APPRAISALS_ALL_MISSING, item=mentor.id, message=message)
    elif policy.experience.min_appraisal is not None:
        message = f"the appraisal of {year - 1} is missing; the minimum could not be checked"
        yield Finding(code=FindingCode.APPRAISAL_MISSING, item=mentor.id, message=message)
