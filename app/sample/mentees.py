"""Reserve candidates and assigned cadres of a sample."""

from random import Random

from app.models.vocabulary import CandidateSource, MenteeKind, ReviewLevel, Sex, Specialty, TargetPost
from app.sample.allocation import Allocation
from app.sample.careers import NOW, away_career, bureau, posted_title, trade_career, village_career
from app.sample.catalog import REFERENCE_DATE
from app.sample.identity import first_day, month_of
from app.sample.people_maker import PeopleMaker
from app.sample.records import SampleAssignedCadre, SampleCandidate, SampleMentee, SamplePost

UNREVIEWED_SHARE = 0.0075
"""Candidates whose three-level review is not finished: the review rule leaves them out."""
OVER_AGE_SHARE = 0.0025
"""Candidates above 50: the age rule leaves them out."""
SENIOR_SHARE = 0.02
"""Candidates with long careers of their own: the tenure gap closes most mentors to them."""
VETERAN_SHARE = 0.004
"""Candidates with so long a career that hardly any mentor is two years ahead."""

_SOURCES = {
    CandidateSource.SURVEYED_LOCAL: 55,
    CandidateSource.RETURNED_TALENT: 25,
    CandidateSource.TOWNSHIP_HIRED: 12,
    CandidateSource.ADJUSTED: 4,
    CandidateSource.UNIT_ASSIGNED: 4,
}
_TARGETS = {TargetPost.SECRETARY: 40, TargetPost.DIRECTOR: 25, TargetPost.COMMITTEE_MEMBER: 35}
_NEEDS = {
    Specialty.PARTY_BUILDING: 20,
    Specialty.INDUSTRY: 22,
    Specialty.GOVERNANCE: 14,
    Specialty.MEDIATION: 14,
    Specialty.COLLECTIVE_FINANCE: 10,
    Specialty.PROJECTS: 6,
    Specialty.ECOLOGY: 3,
    Specialty.ETHNIC_UNITY: 3,
    Specialty.DIGITAL: 5,
    Specialty.POLICY: 3,
}


def draw(random: Random, weights: dict[Specialty, int], number: int) -> tuple[Specialty, ...]:
    """Different specialties by weight, in the order drawn."""
    left = dict(weights)
    found = []
    for _ in range(number):
        chosen = random.choices(list(left), list(left.values()))[0]
        del left[chosen]
        found.append(chosen)
    return tuple(found)


def draw_needs(random: Random) -> tuple[tuple[Specialty, int], ...]:
    """One to three needs, some with double weight; one mentee in twelve has named none."""
    if random.random() < 1 / 12:
        return ()
    return tuple((need, 2 if random.random() < 0.25 else 1) for need in draw(random, _NEEDS, random.randint(1, 3)))


def make_mentees(maker: PeopleMaker, allocation: Allocation) -> tuple[SampleMentee, ...]:
    """The mentees of the sample, in village order."""
    if maker.places.sample.shape.program.mentee_kind is MenteeKind.ASSIGNED_CADRE:
        return tuple(_assigned_cadre(maker, code) for code in allocation.mentee_villages)
    random = maker.places.random("mentee-kinds")
    number = len(allocation.mentee_villages)
    order = random.sample(range(number), number)
    groups: dict[int, str] = {}
    shares = {
        "unreviewed": UNREVIEWED_SHARE,
        "over-age": OVER_AGE_SHARE,
        "senior": SENIOR_SHARE,
        "veteran": VETERAN_SHARE,
    }
    for group, share in shares.items():
        for _ in range(round(share * number)):
            groups[order.pop()] = group
    return tuple(
        _candidate(maker, code, groups.get(index, "")) for index, code in enumerate(allocation.mentee_villages)
    )


def _candidate(maker: PeopleMaker, village_code: str, group: str) -> SampleCandidate:
    random = maker.random
    if group == "over-age":
        age = random.randint(51, 54)
    elif group == "veteran":
        age = random.randint(48, 50)
    elif group == "senior":
        age = random.randint(43, 49)
    else:
        age = min(46, max(22, round(random.triangular(21, 47, 32))))
    around = maker.surroundings(village_code)
    months = 0
    if group == "veteran":
        months = random.randint(27, 29) * 12
    elif group == "senior":
        months = random.randint(15, 22) * 12
    elif age >= 24 and random.random() < 0.5:
        months = random.randint(8, min(96, (age - 22) * 12))
    posts: tuple[SamplePost, ...] = ()
    if months:
        posts = village_career(random, around, months, is_secretary=False)
    elif age >= 25 and random.random() < 0.4:
        posts = trade_career(random, around, random.randint(12, min(100, (age - 20) * 12)))
    returned = month_of(posts[0].start) if posts else NOW - random.randint(1, 8)
    of_age = NOW - (age - 19) * 12
    if returned - of_age > 30 and random.random() < 0.45:
        end = returned - random.randint(0, 8)
        posts = (*away_career(random, random.randint(12, min(120, end - of_age)), end), *posts)
    review = ReviewLevel.PREFECTURE_REVIEWED
    if group == "unreviewed":
        review = random.choice((ReviewLevel.TOWNSHIP_SELECTED, ReviewLevel.COUNTY_VETTED))
    is_waiting = review is ReviewLevel.TOWNSHIP_SELECTED
    return SampleCandidate(
        person=maker.person(
            village_code,
            sex=Sex.MALE if random.random() < 0.66 else Sex.FEMALE,
            age_years=age,
            posts=posts,
            is_member=age >= 23 and (months > 0 or random.random() < 0.6),
        ),
        village_code=village_code,
        target_post=random.choices(list(_TARGETS), list(_TARGETS.values()))[0],
        source=random.choices(list(_SOURCES), list(_SOURCES.values()))[0],
        pool_date=None if is_waiting else first_day(NOW - random.randint(2, 40)),
        review_level=review,
        needs=draw_needs(random),
    )


def _assigned_cadre(maker: PeopleMaker, village_code: str) -> SampleAssignedCadre:
    random = maker.random
    age = random.randint(25, 44)
    around = maker.surroundings(village_code)
    unit = bureau(random, around.county)
    since = month_of(REFERENCE_DATE) - random.randint(3, 18)
    entered = since - random.randint(12, max(13, (age - 23) * 12))
    posts = (
        SamplePost(start=first_day(entered), end=first_day(since), title="科员", organisation=unit),
        SamplePost(start=first_day(since), end=None, title=posted_title(random, around), division_code=village_code),
    )
    return SampleAssignedCadre(
        person=maker.person(
            village_code,
            sex=Sex.MALE if random.random() < 0.7 else Sex.FEMALE,
            age_years=age,
            posts=posts,
            is_member=True,
            is_official=True,
        ),
        village_code=village_code,
        sending_unit=unit,
        assigned_from=first_day(since),
        term_end=first_day(since + 24),
        needs=draw_needs(random) or ((Specialty.INDUSTRY, 1),),
    )
