"""The separable pair criteria and the points they give (domain 4.5).

For one seat per team the pair score *is* the team score of domain 4.5, with the no-senior and weak penalties. For
k >= 2 seats it is 100/k · (wG·g + wE·(0.65·individual + 0.35·own need coverage) + wP·p) - 5·[category not allowed]:
the capped sum of need coverage and the two team penalties are not separable and are reported by ``metrics``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from matching.facts import Facts, Mentee, Mentor
from matching.geography import PairGeography
from matching.people import (
    FULL_POST_MONTHS,
    POST_OF_TARGET,
    VILLAGE_OR_STATION_POSTS,
    appraisal_score,
    is_senior,
    need_matrix,
    skill_matrix,
    tenure_score,
)
from matching.policy import Policy
from matching.policy_options import PreferenceMode
from matching.rules import columns_by_person
from matching.vocabulary import PostKind, TargetPost

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
SCORE_UNIT = 10_000
"""Integer score units per point."""

UNKNOWN_COVERAGE = 0.5
"""Need coverage of a mentee without known needs, and appraisal score without grades (domain 4.5; both flagged)."""


class Term(StrEnum):
    """The terms of a pair score; their contributions add up to it exactly."""

    GEOGRAPHY = "GEOGRAPHY"
    TENURE = "TENURE"
    POST = "POST"
    APPRAISAL = "APPRAISAL"
    NEEDS = "NEEDS"
    PREFERENCE = "PREFERENCE"
    COMPOSITION = "COMPOSITION"
    NO_SENIOR = "NO_SENIOR"
    WEAK = "WEAK"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCriteria:
    """Criteria of one component, each in [0, 1]: per pair (mentees, mentors) or per mentor.

    Attributes
    ----------
    geography, post, needs, preference
        Shape (mentees, mentors); ``needs`` is the mentor's own coverage, ``preference`` half the sum of both wishes.
    tenure, appraisal
        Shape (mentors,).
    is_senior
        Shape (mentors,): at least ``seniorYears`` years.
    fits_category
        Shape (seats, mentors): the slot allows the mentor's category.
    wishes
        Shape (mentees, mentors): 1 where either side wished for the other.
    need_weights, skills
        Shape (mentees, specialties) and (mentors, specialties): see ``people.need_matrix`` and ``skill_matrix``.
    """

    geography: F8
    tenure: F8
    post: F8
    appraisal: F8
    needs: F8
    preference: F8
    is_senior: npt.NDArray[np.bool_]
    fits_category: npt.NDArray[np.bool_]
    wishes: npt.NDArray[np.bool_]
    need_weights: F8
    skills: F8


def pair_criteria(
    mentees: Sequence[Mentee], mentors: Sequence[Mentor], near: PairGeography, facts: Facts, policy: Policy, year: int
) -> PairCriteria:
    """Compute all criteria of one component; ``year`` is that of the reference date."""
    appraisals = [appraisal_score(mentor, year) for mentor in mentors]
    preference, wishes = _preference(mentees, mentors, facts, policy)
    need_weights, skills = need_matrix(mentees, policy), skill_matrix(mentors)
    return PairCriteria(
        geography=near.score,
        tenure=np.array([tenure_score(mentor, policy) for mentor in mentors], dtype=np.float64),
        post=_post_scores(mentees, mentors),
        appraisal=np.array([UNKNOWN_COVERAGE if s is None else s for s in appraisals], dtype=np.float64),
        needs=_own_coverage(need_weights, skills),
        preference=preference,
        is_senior=np.array([is_senior(mentor, policy) for mentor in mentors], dtype=bool),
        fits_category=np.array(
            [[mentor.category in slot.allowed for mentor in mentors] for slot in policy.slots], dtype=bool
        ),
        wishes=wishes,
        need_weights=need_weights,
        skills=skills,
    )


def post_score(mentor: Mentor, target: TargetPost, township: str, village: str) -> float:
    """Return how well the mentor's posts prepare for ``target`` in ``village`` (domain 4.5, postScore).

    "Secretary of another village" is a serving village secretary who does not work from the mentee's village.
    """
    if mentor.months_by_post.get(POST_OF_TARGET[target], 0) >= FULL_POST_MONTHS:
        return 1.0
    if township in mentor.supervised_townships:
        return 0.7
    if PostKind.VILLAGE_SECRETARY in mentor.current_posts and village not in mentor.anchors:
        return 0.7
    held = mentor.current_posts.union(post for post, months in mentor.months_by_post.items() if months > 0)
    return 0.1 if held.isdisjoint(VILLAGE_OR_STATION_POSTS) else 0.4


def individual_experience(criteria: PairCriteria, policy: Policy, mentee: I8, mentor: I8) -> F8:
    """Return individualExperience in [0, 1] of the given pairs: weighted tenure, post and appraisal."""
    tenure, post, appraisal = experience_weights(policy)
    value: F8 = (
        tenure * criteria.tenure[mentor] + post * criteria.post[mentee, mentor] + appraisal * criteria.appraisal[mentor]
    )
    return value


def experience_weights(policy: Policy) -> tuple[float, float, float]:
    """Return the weights of tenure, post and appraisal, divided by their sum."""
    rule = policy.experience
    total = rule.tenure_weight + rule.post_weight + rule.appraisal_weight
    return rule.tenure_weight / total, rule.post_weight / total, rule.appraisal_weight / total


def criterion_weights(policy: Policy) -> tuple[float, float, float]:
    """Return the weights of geography, experience and preference, divided by their sum."""
    weights = policy.weights
    total = weights.geography + weights.experience + weights.preference
    return weights.geography / total, weights.experience / total, weights.preference / total


def term_points(criteria: PairCriteria, policy: Policy, mentee: I8, seat: I8, mentor: I8) -> Iterator[tuple[Term, F8]]:
    """Yield the points of every term for the given (mentee, seat, mentor) triples, in the order of ``Term``."""
    share = 100.0 / policy.n_seats
    by_geography, by_experience, by_preference = criterion_weights(policy)
    tenure, post, appraisal = experience_weights(policy)
    need = policy.experience.need_weight
    individual = share * by_experience * (1.0 - need)
    yield Term.GEOGRAPHY, share * by_geography * criteria.geography[mentee, mentor]
    yield Term.TENURE, individual * tenure * criteria.tenure[mentor]
    yield Term.POST, individual * post * criteria.post[mentee, mentor]
    yield Term.APPRAISAL, individual * appraisal * criteria.appraisal[mentor]
    yield Term.NEEDS, share * by_experience * need * criteria.needs[mentee, mentor]
    yield Term.PREFERENCE, share * by_preference * criteria.preference[mentee, mentor]
    yield Term.COMPOSITION, np.where(criteria.fits_category[seat, mentor], 0.0, -policy.penalties.composition)
    if policy.n_seats == 1:
        fit = 100.0 * (
            (1.0 - need) * individual_experience(criteria, policy, mentee, mentor)
            + need * criteria.needs[mentee, mentor]
        )
        senior = criteria.is_senior[mentor]
        yield Term.NO_SENIOR, np.where(senior, 0.0, -policy.penalties.no_senior)
        yield Term.WEAK, np.where(senior & ~is_weak_fit(fit, policy), 0.0, -policy.penalties.weak)


def is_weak_fit(fit: F8, policy: Policy) -> npt.NDArray[np.bool_]:
    """Whether an experienceFit (0-100) lies below the floor; 10⁻⁹ absorbs the rounding of floating point."""
    below: npt.NDArray[np.bool_] = fit < policy.experience.weak_fit - 1e-9
    return below


def pair_scores(criteria: PairCriteria, policy: Policy, mentee: I8, seat: I8, mentor: I8) -> I8:
    """Return round(10⁴ · score) of the given triples as ``int64``."""
    total = np.zeros(len(mentee))
    for _, points in term_points(criteria, policy, mentee, seat, mentor):
        total += points
    scores: I8 = np.rint(total * SCORE_UNIT).astype(np.int64)
    return scores


def _post_scores(mentees: Sequence[Mentee], mentors: Sequence[Mentor]) -> F8:
    """Return the post score of every pair: one per mentor and target post, but where the place decides as well."""
    keys = sorted({(mentee.target_post, mentee.township, mentee.village) for mentee in mentees})
    row = {key: index for index, key in enumerate(keys)}
    rows_by_township: dict[str, list[int]] = {}
    rows_by_village: dict[str, list[int]] = {}
    for index, (_, township, village) in enumerate(keys):
        rows_by_township.setdefault(township, []).append(index)
        rows_by_village.setdefault(village, []).append(index)
    elsewhere = {
        target: [post_score(mentor, target, township="", village="") for mentor in mentors]
        for target in {target for target, _, _ in keys}
    }
    table = np.array([elsewhere[target] for target, _, _ in keys], dtype=np.float64).reshape(len(keys), len(mentors))
    for column, mentor in enumerate(mentors):
        own = {index for township in mentor.supervised_townships for index in rows_by_township.get(township, ())}
        if PostKind.VILLAGE_SECRETARY in mentor.current_posts:
            own.update(index for village in mentor.anchors for index in rows_by_village.get(village, ()))
        for index in own:
            table[index, column] = post_score(mentor, *keys[index])
    rows = [row[(mentee.target_post, mentee.township, mentee.village)] for mentee in mentees]
    expanded: F8 = table[rows]
    return expanded


def _own_coverage(needs: F8, skills: F8) -> F8:
    """Return Σ_k w_k · skill_k per pair; one specialty at a time, so that the sum never depends on array layout."""
    coverage = np.zeros((len(needs), len(skills)))
    for column in range(needs.shape[1]):
        coverage += needs[:, column, None] * skills[None, :, column]
    coverage[needs.sum(axis=1) == 0.0] = UNKNOWN_COVERAGE
    return coverage


def _preference(
    mentees: Sequence[Mentee], mentors: Sequence[Mentor], facts: Facts, policy: Policy
) -> tuple[F8, npt.NDArray[np.bool_]]:
    value = np.zeros((len(mentees), len(mentors)))
    wishes = np.zeros(value.shape, dtype=bool)
    option = policy.preference
    if option.mode is PreferenceMode.VETO_ONLY:
        return value, wishes
    worth = {1: option.first, 2: option.second, 3: option.third}
    rows = {mentee.person_id: index for index, mentee in enumerate(mentees)}
    columns = columns_by_person(mentors)
    for wish in facts.preferences:
        if wish.rank == 0:
            continue
        for mentee, mentor in ((wish.from_person, wish.to_person), (wish.to_person, wish.from_person)):
            if mentee in rows and mentor in columns:
                value[rows[mentee], columns[mentor]] += 0.5 * worth[wish.rank]
                wishes[rows[mentee], columns[mentor]] = True
    return value, wishes
