"""Remedies for one certificate: named mentors and mentees, new mentors in a township.

A new way to fill a seat must start at a claim of the set, so only such changes are tried; what each is worth comes from
solving the whole component's fill flow again.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matching.checks import reference_year
from matching.diagnose.blocking import claim_masks
from matching.diagnose.overview import Alone, Township
from matching.diagnose.remedies import Remedy, RemedyKind, activated, cheapest_first, newcomer, raised
from matching.facts import Facts, Mentor
from matching.geography import RELATIONS, pair_geography
from matching.people import mentee_tenths, person_capacity, tenths_to_reach
from matching.policy import Policy
from matching.problem import Component, ProblemData
from matching.rules import BIT, OWN_TOWNSHIP_RELATIONS, TOWNSHIP_RULE, seat_rules
from matching.solvers.fill import Fill, most_filled
from matching.solvers.fill_case import FillCase, Group, Tight, by_person
from matching.vocabulary import MentorCategory, MentorState, ReasonCode, Relation

I8 = npt.NDArray[np.int64]
B1 = npt.NDArray[np.bool_]

CAN_BE_ACTIVATED = frozenset({MentorState.PROPOSED, MentorState.APPROVED, MentorState.ACTIVE, MentorState.SUSPENDED})
"""States that an office can end; retired and removed mentors do not come back."""

MOST_TOWNSHIPS = 2
"""Townships in which new mentors are tried per certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One component with its fill flow, and its townships that are short by themselves."""

    facts: Facts
    policy: Policy
    problem: ProblemData
    component: Component
    case: FillCase
    fill: Fill
    records: Mapping[str, Sequence[Mentor]]
    alone: Mapping[Township, Alone]

    def gain(self, changed: FillCase) -> int:
        """Return how many seats more can be filled, 0 where that is not certain."""
        n_filled, is_exact = most_filled(changed)
        return n_filled - self.fill.n_filled if is_exact and self.fill.is_exact else 0


def named_remedies(part: Part, tight: Tight, shortage: int, most_per_kind: int) -> tuple[Remedy, ...]:
    """Return remedies that fill at least one seat, cheapest first, up to so many of every kind."""
    found: list[Remedy] = []
    for tried in (_raises(part, tight), _releases(part, tight), _activations(part, tight)):
        kept: list[Remedy] = []
        for number, remedy in enumerate(tried):
            if remedy.effect > 0:
                kept.append(remedy)
            if len(kept) == most_per_kind or number + 1 == 2 * most_per_kind:
                break
        found += kept
    found += [remedy for remedy in _additions(part, tight, shortage) if remedy.effect > 0][:most_per_kind]
    return cheapest_first(found)


def _most_first(counts: I8) -> list[int]:
    """Return the positions with a count, largest first, then in their order."""
    order = np.argsort(-counts, kind="stable")
    return [int(index) for index in order if counts[index] > 0]


def _raises(part: Part, tight: Tight) -> Iterator[Remedy]:
    """Yield scarce persons, those first who may take most of the claimed seats."""
    case, component = part.case, part.component
    _, masks = claim_masks(component, case, tight)
    counts = by_person(case, masks == 0).sum(axis=0) * part.fill.is_scarce
    for person in _most_first(counts):
        records = part.records[component.persons[person]]
        capacity, active = person_capacity(raised(records, part.policy), part.policy)
        free = case.free.copy()
        free[person] = max(0, capacity - active)
        first = component.mentors[int(np.flatnonzero(case.person_of_mentor == person)[0])]
        yield Remedy(
            kind=RemedyKind.RAISE_CAPACITY,
            effect=part.gain(replace(case, free=free)),
            person_id=component.persons[person],
            mentor_id=first.id,
        )


def _releases(part: Part, tight: Tight) -> Iterator[Remedy]:
    """Yield mentees of the set, those first to whom a release opens most mentors."""
    case, component = part.case, part.component
    claims, masks = claim_masks(component, case, tight)
    opened = (masks == BIT[ReasonCode.TOWNSHIP_RULE]) & (case.free[case.person_of_mentor] > 0)
    counts = np.zeros(len(component.mentees), dtype=np.int64)
    np.add.at(counts, claims[:, 0], opened.sum(axis=1))
    for row in _most_first(counts):
        if TOWNSHIP_RULE in component.mentees[row].released_rules:
            continue
        rule = np.uint32(BIT[ReasonCode.TOWNSHIP_RULE])
        is_open = case.is_open.copy()
        is_open[row] = (component.blocked[row, : is_open.shape[1]] & ~rule) == 0
        groups = tuple(
            replace(group, most=group.most + (np.arange(len(group.most)) == row))
            if group.rule is ReasonCode.TOWNSHIP_RULE and part.policy.geography.min_one_mentor_same_township
            else group
            for group in case.groups
        )
        yield Remedy(
            kind=RemedyKind.RELEASE_TOWNSHIP_RULE,
            effect=part.gain(replace(case, is_open=is_open, groups=groups)),
            mentee_id=component.mentees[row].id,
        )


def _activations(part: Part, tight: Tight) -> Iterator[Remedy]:
    """Yield records that nothing but MENTOR_INACTIVE keeps out, those first who would open most seats."""
    case, component = part.case, part.component
    _, masks = claim_masks(component, case, tight)
    rule = BIT[ReasonCode.MENTOR_INACTIVE]
    for column in _most_first((masks == rule).sum(axis=0)):
        mentor = component.mentors[column]
        if mentor.state not in CAN_BE_ACTIVATED:
            continue
        records = [activated(m) if m.id == mentor.id else m for m in part.records[mentor.person_id]]
        capacity, active = person_capacity(records, part.policy)
        free = case.free.copy()
        free[case.person_of_mentor[column]] = max(0, capacity - active)
        is_open = case.is_open.copy()
        is_open[:, :, column] = (component.blocked[:, : is_open.shape[1], column] & ~np.uint32(rule)) == 0
        yield Remedy(
            kind=RemedyKind.ACTIVATE_MENTOR,
            effect=part.gain(replace(case, is_open=is_open, free=free)),
            mentor_id=mentor.id,
            person_id=mentor.person_id,
        )


def _additions(part: Part, tight: Tight, shortage: int) -> Iterator[Remedy]:
    """Yield the fewest new mentors with the effect of as many as seats are short, in the townships hit hardest."""
    mentees, policy = part.component.mentees, part.policy
    rows = np.flatnonzero(tight.is_claimed.any(axis=1)).tolist()
    claiming = Counter((mentees[row].county, mentees[row].township) for row in rows)
    own = {key: part.alone[key].n_short if key in part.alone else 0 for key in claiming}
    places = sorted(claiming, key=lambda key: (-own[key], -claiming[key], key))[:MOST_TOWNSHIPS]
    seats = _most_first(tight.is_claimed.sum(axis=0)) if part.case.units == 1 else range(policy.n_seats)
    categories = list(dict.fromkeys(policy.slots[seat].allowed[0] for seat in seats))
    for county, township in places:
        best: Remedy | None = None
        for category in categories:
            draft = Remedy(
                kind=RemedyKind.ADD_MENTORS,
                effect=0,
                township=township,
                county=county,
                category=category,
                n_mentors=math.ceil(shortage / policy.load_cap),
                least_years=_years_needed(part, category, township),
            )
            draft = _fewest(part, draft)
            if best is None or draft.effect > best.effect:
                best = draft
            if best.effect == shortage:
                break
        if best is not None:
            yield best


def _years_needed(part: Part, category: MentorCategory, township: str) -> float:
    """Return the years of experience with which nobody of the township is too senior for a newcomer."""
    rule = part.policy.experience
    own = max(mentee_tenths(mentee) for mentee in part.component.mentees if mentee.township == township)
    gap = tenths_to_reach(rule.seniority_gap_years)
    return max(own + gap if gap > 0 else 0, tenths_to_reach(rule.min_grassroots_years[category])) / 10


def _fewest(part: Part, draft: Remedy) -> Remedy:
    """Return the draft with its effect, and with no more mentors than the effect needs."""
    high = draft.n_mentors or 0
    effect = part.gain(_enlarged(part, draft, high))
    low = math.ceil(effect / part.policy.load_cap)
    while low < high:
        middle = (low + high) // 2
        if part.gain(_enlarged(part, draft, middle)) == effect:
            high = middle
        else:
            low = middle + 1
    return replace(draft, effect=effect, n_mentors=high)


def _enlarged(part: Part, draft: Remedy, n_mentors: int) -> FillCase:
    """Return the case with equal newcomers as further columns."""
    case, mentees, policy = part.case, part.component.mentees, part.policy
    new = newcomer(part.facts, draft, 0)
    near = pair_geography(mentees, [new], part.facts.geography, policy)
    blocked = seat_rules(mentees, [new], near, part.facts, policy, reference_year(part.facts)).blocked
    is_open = np.repeat((blocked == 0)[:, : case.is_open.shape[1]], n_mentors, axis=2)
    local = [RELATIONS.index(relation) for relation in OWN_TOWNSHIP_RELATIONS]
    belongs = {
        ReasonCode.TOWNSHIP_RULE: ~np.isin(near.relation, local),
        ReasonCode.VILLAGE_RULE: near.relation == RELATIONS.index(Relation.SAME_VILLAGE),
    }

    def extended(group: Group) -> Group:
        members: B1 = np.repeat(belongs[group.rule], n_mentors, axis=1)
        return replace(group, is_member=np.concatenate((group.is_member, members), axis=1))

    n_persons = len(case.free)
    return replace(
        case,
        is_open=np.concatenate((case.is_open, is_open), axis=2),
        is_pinned=np.concatenate((case.is_pinned, np.zeros_like(is_open)), axis=2),
        person_of_mentor=np.concatenate((case.person_of_mentor, np.arange(n_persons, n_persons + n_mentors))),
        free=np.concatenate((case.free, np.full(n_mentors, policy.load_cap, dtype=np.int64))),
        groups=tuple(extended(group) for group in case.groups),
    )
