"""The experience of a team stated a second time, in plain code on single records (domain 4.5)."""

from collections.abc import Sequence

from matching.facts import Facts, Mentee, Mentor
from matching.policy import Policy
from matching.vocabulary import AppraisalGrade, MentorCategory, PostKind, SkillLevel, Specialty, TargetPost

_TARGET = {
    TargetPost.SECRETARY: PostKind.VILLAGE_SECRETARY,
    TargetPost.DIRECTOR: PostKind.VILLAGE_DIRECTOR,
    TargetPost.COMMITTEE_MEMBER: PostKind.VILLAGE_COMMITTEE_MEMBER,
}
_RELATED = {*_TARGET.values(), PostKind.FIRST_SECRETARY, PostKind.STATIONED_CADRE, PostKind.STATION_STAFF}
_GRADES = {
    AppraisalGrade.EXCELLENT: 1.0,
    AppraisalGrade.COMPETENT: 0.7,
    AppraisalGrade.BASIC: 0.3,
    AppraisalGrade.INCOMPETENT: 0.0,
}


def tenths(months: int | None) -> int | None:
    """Return months as tenths of years, rounded half up."""
    return None if months is None else int((months * 10 + 6) // 12)


def experience_tenths(mentor: Mentor) -> int | None:
    """Return the years that count for a mentor, in tenths; of the trade for an industry leader."""
    if mentor.category is not MentorCategory.INDUSTRY_LEADER:
        return tenths(mentor.grassroots_months)
    return None if mentor.trade_years is None else int(mentor.trade_years * 10 + 0.5 + 1e-9)


def is_weak(mentee: Mentee, team: Sequence[Mentor], facts: Facts, policy: Policy) -> bool:
    """Whether a team with members has no senior one, or an experienceFit below the floor."""
    if not team:
        return False
    senior = policy.experience.senior_years * 10 - 1e-6
    years = [experience_tenths(mentor) for mentor in team]
    if not any(value is not None and value >= senior for value in years):
        return True
    return team_fit(mentee, team, facts, policy) < policy.experience.weak_fit - 1e-9


def team_fit(mentee: Mentee, team: Sequence[Mentor], facts: Facts, policy: Policy) -> float:
    """Return experienceFit (0-100): the mean individual experience, and the capped sum of skills over the needs."""
    share = policy.experience.need_weight
    mean = sum(_individual(mentee, mentor, facts, policy) for mentor in team) / len(team)
    return 100 * ((1 - share) * mean + share * _coverage(mentee, team, policy))


def _individual(mentee: Mentee, mentor: Mentor, facts: Facts, policy: Policy) -> float:
    rule = policy.experience
    years = experience_tenths(mentor)
    tenure = 0.5 if years is None else min(1.0, years / 10 / rule.full_score_years)
    year = int(facts.reference_date[:4])
    known = [_GRADES[mentor.grades[y]] for y in range(year - 3, year) if mentor.grades.get(y) in _GRADES]
    appraisal = sum(known) / len(known) if known else 0.5
    weighted = (
        rule.tenure_weight * tenure + rule.post_weight * _post(mentee, mentor) + rule.appraisal_weight * appraisal
    )
    return weighted / (rule.tenure_weight + rule.post_weight + rule.appraisal_weight)


def _post(mentee: Mentee, mentor: Mentor) -> float:
    if mentor.months_by_post.get(_TARGET[mentee.target_post], 0) >= 36:
        return 1.0
    is_other_secretary = PostKind.VILLAGE_SECRETARY in mentor.current_posts and mentee.village not in mentor.anchors
    if mentee.township in mentor.supervised_townships or is_other_secretary:
        return 0.7
    served = {post for post, months in mentor.months_by_post.items() if months > 0} | mentor.current_posts
    return 0.4 if served & _RELATED else 0.1


def _coverage(mentee: Mentee, team: Sequence[Mentor], policy: Policy) -> float:
    needs: dict[Specialty, float] = dict(mentee.needs)
    if not needs:
        for condition in sorted(mentee.village_conditions):
            for specialty, weight in policy.default_needs.get(condition, {}).items():
                needs[specialty] = max(needs.get(specialty, 0.0), weight)
    if not needs:
        return 0.5
    covered = 0.0
    for specialty, weight in needs.items():
        levels = [mentor.skills.get(specialty) for mentor in team]
        skill = sum(1.0 if level is SkillLevel.GOOD else 0.6 for level in levels if level is not None)
        covered += weight * min(1.0, skill)
    return covered / sum(needs.values())
