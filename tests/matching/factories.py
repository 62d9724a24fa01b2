"""One small world to change in one place per test: two counties, three townships with villages, plain people.

Township A has villages A1, A2; its neighbour B has B1; C lies elsewhere in the county, D in another county. Every rule
is satisfied by default.
"""

from dataclasses import replace
from typing import Any

from matching.facts import Facts, Geography, Mentee, Mentor, Place
from matching.policy import Policy
from matching.vocabulary import (
    AppraisalGrade,
    MenteeKind,
    MentorCategory,
    MentorState,
    PostKind,
    ReviewLevel,
    TargetPost,
)

COUNTY, OTHER_COUNTY = "520624000000", "520625000000"
A, B, C, D = "520624101000", "520624102000", "520624103000", "520625101000"
A1, A2, B1, C1, D1 = "520624101201", "520624101202", "520624102201", "520624103201", "520625101201"
TOWNSHIP_OF = {A: A, A1: A, A2: A, B: B, B1: B, C: C, C1: C, D: D, D1: D}

PLACES = {
    code: Place(code=code, township=township, county=OTHER_COUNTY if township == D else COUNTY)
    for code, township in TOWNSHIP_OF.items()
}
GEOGRAPHY = Geography(places=PLACES, adjacent_townships=frozenset({(A, B)}))


def mentee(name: str = "c1", **changes: Any) -> Mentee:
    plain = Mentee(
        id=name,
        person_id=f"person-{name}",
        code=name.upper(),
        kind=MenteeKind.RESERVE_CANDIDATE,
        village=A1,
        township=A,
        county=COUNTY,
        target_post=TargetPost.SECRETARY,
        grassroots_months=12,
        age_years=30,
        review_level=ReviewLevel.PREFECTURE_REVIEWED,
        is_in_pool=True,
        needs={},
        village_conditions=frozenset(),
    )
    if "village" in changes:
        place = PLACES[changes["village"]]
        changes = {"township": place.township, "county": place.county, **changes}
    return replace(plain, **changes)


def mentor(name: str = "m1", **changes: Any) -> Mentor:
    plain = Mentor(
        id=name,
        person_id=f"person-{name}",
        code=name.upper(),
        category=MentorCategory.TOWNSHIP_OFFICER,
        state=MentorState.ACTIVE,
        county=COUNTY,
        anchors=(A,),
        linked_villages=frozenset(),
        pool_township=A,
        pool_county=COUNTY,
        grassroots_months=72,
        trade_years=None,
        months_by_post={},
        current_posts=frozenset({PostKind.TOWNSHIP_OFFICER}),
        supervised_townships=frozenset(),
        grades={2025: AppraisalGrade.COMPETENT},
        has_discipline_in_force=False,
        is_available=True,
        capacity=None,
        active_load=0,
        skills={},
    )
    return replace(plain, **changes)


def facts(mentees: list[Mentee] | None = None, mentors: list[Mentor] | None = None, **changes: Any) -> Facts:
    return Facts(
        reference_date="2026-03-01",
        mentees=tuple(mentees if mentees is not None else [mentee()]),
        mentors=tuple(mentors if mentors is not None else [mentor()]),
        geography=changes.pop("geography", GEOGRAPHY),
        **changes,
    )


def policy(*slots: dict[str, Any], **options: Any) -> Policy:
    """Return a policy with the given slots, or with one slot MENTOR that admits everybody."""
    return Policy.from_json({"slots": list(slots) or [{"code": "MENTOR"}], **options})


def two_slots(**options: Any) -> Policy:
    """Return k = 2: FIRST is local and closed to the own village, SECOND open."""
    first = {"code": "FIRST", "admitsOwnTownshipOnly": True, "admitsSameVillage": False}
    return policy(first, {"code": "SECOND"}, **options)


def links(result: Any) -> list[tuple[str, str, str]]:
    return [(seat.mentee_id, seat.slot, seat.mentor_id) for seat in result.seats]
