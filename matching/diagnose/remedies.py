"""What an office can decide to fill short seats, and what each decision is worth.

Kinship, discipline and exclusions (complaints) are facts and never a remedy.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from matching.facts import Facts, Mentor
from matching.people import person_capacity
from matching.policy import Policy
from matching.rules import TOWNSHIP_RULE
from matching.vocabulary import MentorCategory, MentorState, PostKind


class RemedyKind(StrEnum):
    """Kinds of remedies, cheapest first: one person's consent, one officer's decision, new people, a new policy."""

    RAISE_CAPACITY = "RAISE_CAPACITY"
    RELEASE_TOWNSHIP_RULE = "RELEASE_TOWNSHIP_RULE"
    ACTIVATE_MENTOR = "ACTIVATE_MENTOR"
    ADD_MENTORS = "ADD_MENTORS"
    RELAX_NUMBER = "RELAX_NUMBER"
    EXTEND_POOL_SCOPE = "EXTEND_POOL_SCOPE"


ORDER = tuple(RemedyKind)
Value = int | float | tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One decision; fields that its kind does not need are ``None``.

    Attributes
    ----------
    effect
        Seats that it fills of those that stay empty in every plan of the present facts and policy, taken alone: found
        by solving the fill flow again with the change.
    mentor_id, person_id
        RAISE_CAPACITY: the person (and first record) who takes one mentee more. ACTIVATE_MENTOR: the record to approve
        or activate for the programme's period.
    mentee_id
        RELEASE_TOWNSHIP_RULE: for whom.
    township, county, category, n_mentors, least_years
        ADD_MENTORS: so many mentors of the category in the pool of the township, each with the policy's load cap and
        at least so many years of experience.
    path, value
        RELAX_NUMBER, EXTEND_POOL_SCOPE: the policy's item as in its JSON, and its new value; ``None`` switches a limit
        off. A number is the strictest one that fills as many seats as lifting the rule would.
    """

    kind: RemedyKind
    effect: int
    mentor_id: str | None = None
    person_id: str | None = None
    mentee_id: str | None = None
    township: str | None = None
    county: str | None = None
    category: MentorCategory | None = None
    n_mentors: int | None = None
    least_years: float | None = None
    path: str | None = None
    value: Value = None


def cheapest_first(remedies: Sequence[Remedy]) -> tuple[Remedy, ...]:
    """Sort by kind, then by effect, largest first; equals keep their order."""
    return tuple(sorted(remedies, key=lambda remedy: (ORDER.index(remedy.kind), -remedy.effect)))


def apply_remedy(facts: Facts, policy: Policy, remedy: Remedy) -> tuple[Facts, Policy]:
    """Return facts and policy as they are once the decision is carried out.

    Raises
    ------
    ValueError
        For a remedy that lacks a field of its kind.
    """
    match remedy.kind:
        case RemedyKind.RAISE_CAPACITY:
            own = {mentor.id: mentor for mentor in raised(_records(facts, remedy.person_id), policy)}
            return replace(facts, mentors=tuple(own.get(mentor.id, mentor) for mentor in facts.mentors)), policy
        case RemedyKind.RELEASE_TOWNSHIP_RULE:
            mentees = tuple(
                replace(m, released_rules=m.released_rules | {TOWNSHIP_RULE}) if m.id == remedy.mentee_id else m
                for m in facts.mentees
            )
            return replace(facts, mentees=mentees), policy
        case RemedyKind.ACTIVATE_MENTOR:
            mentors = tuple(activated(m) if m.id == remedy.mentor_id else m for m in facts.mentors)
            return replace(facts, mentors=mentors), policy
        case RemedyKind.ADD_MENTORS:
            if remedy.n_mentors is None:
                raise ValueError("ADD_MENTORS needs n_mentors")
            new = tuple(newcomer(facts, remedy, number) for number in range(remedy.n_mentors))
            return replace(facts, mentors=facts.mentors + new), policy
        case RemedyKind.RELAX_NUMBER | RemedyKind.EXTEND_POOL_SCOPE:
            if remedy.path is None:
                raise ValueError(f"{remedy.kind} needs the path of a policy item")
            return facts, changed_policy(policy, remedy.path, remedy.value)


def changed_policy(policy: Policy, path: str, value: Value) -> Policy:
    """Return the policy with another value at a dotted camelCase path, for example ``slots.1.cap``.

    Examples
    --------
    >>> policy = Policy.from_json({"slots": [{"code": "MENTOR"}]})
    >>> changed_policy(policy, "experience.seniorityGapYears", 1.5).experience.seniority_gap_years
    1.5
    """
    obj = policy.to_json()
    *steps, last = path.split(".")
    place: Any = obj
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[last] = list(value) if isinstance(value, tuple) else value
    return Policy.from_json(obj)


def raised(records: Sequence[Mentor], policy: Policy) -> list[Mentor]:
    """Return a person's records with a capacity of one more than the person's present one."""
    capacity = person_capacity(records, policy)[0] + 1
    return [
        replace(record, capacity=max(capacity, policy.load_cap if record.capacity is None else record.capacity))
        for record in records
    ]


def activated(mentor: Mentor) -> Mentor:
    """Return the record as approved, active and available for the programme's period."""
    return replace(mentor, state=MentorState.ACTIVE, is_available=True)


def newcomer(facts: Facts, remedy: Remedy, number: int) -> Mentor:
    """Return the ``number``-th mentor of an ADD_MENTORS remedy: one whom no rule about single mentors blocks.

    Raises
    ------
    ValueError
        For a remedy that lacks township, county, category or years, or a township without any known place.
    """
    township, county, category, years = remedy.township, remedy.county, remedy.category, remedy.least_years
    if township is None or county is None or category is None or years is None:
        raise ValueError("ADD_MENTORS needs township, county, category and least_years")
    places = facts.geography.places
    known = sorted(code for code, place in places.items() if place.township == township)
    seat = township if township in places else next(iter(known), None)
    if seat is None:
        raise ValueError(f"no place of the township {township} is known; add it to the places")
    name = f"new-{township}-{category}-{number + 1}"
    return Mentor(
        id=name,
        person_id=name,
        code=name,
        category=category,
        state=MentorState.ACTIVE,
        county=county,
        anchors=(seat,),
        linked_villages=frozenset(),
        pool_township=township,
        pool_county=county,
        grassroots_months=math.ceil(12 * years),
        trade_years=years,
        months_by_post={},
        current_posts=frozenset({PostKind.OTHER}),
        supervised_townships=frozenset(),
        grades={},
        has_discipline_in_force=False,
        is_available=True,
        capacity=None,
        active_load=0,
        skills={},
    )


def _records(facts: Facts, person_id: str | None) -> list[Mentor]:
    return [mentor for mentor in facts.mentors if mentor.person_id == person_id]


def records_by_person(facts: Facts) -> Mapping[str, list[Mentor]]:
    """Return all mentor records of every person, in the order of the facts."""
    records: dict[str, list[Mentor]] = {}
    for mentor in facts.mentors:
        records.setdefault(mentor.person_id, []).append(mentor)
    return records
