"""Every hard rule stated a second time, in plain code on single records.

Written again on purpose, without the arrays of ``rules``: a defect there, or in the solver, cannot hide from
``verify``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from matching.facts import Facts, Mentee, Mentor, Place
from matching.geography import anchors_of, estimated_minutes, minutes_score
from matching.policy import Policy
from matching.policy_options import AvoidanceMode, PoolTier, SameVillageMode, UnknownTenureMode, WeakTeamsMode
from matching.restated_teams import experience_tenths, is_weak, tenths
from matching.vocabulary import AppraisalGrade, MentorCategory, MentorState, ReasonCode, Terrain


@dataclass(frozen=True, slots=True, kw_only=True)
class Ties:
    """What lies between persons: unordered pairs of kin and of vetoes, ordered (mentee, mentor) exclusions."""

    kin: frozenset[frozenset[str]]
    vetoes: frozenset[frozenset[str]]
    excluded: frozenset[tuple[str, str]]


def ties_of(facts: Facts, policy: Policy) -> Ties:
    """Collect the ties that block; a complaint counts only where the policy lets it block."""
    complaints_block = policy.avoidance.complaint_pairs is AvoidanceMode.BLOCK
    return Ties(
        kin=frozenset(frozenset((kin.person_a, kin.person_b)) for kin in facts.kinships),
        vetoes=frozenset(frozenset((w.from_person, w.to_person)) for w in facts.preferences if w.rank == 0),
        excluded=frozenset(
            (exclusion.mentee_person, exclusion.mentor_person)
            for exclusion in facts.exclusions
            if complaints_block or not exclusion.is_complaint
        ),
    )


def broken_rules(
    mentee: Mentee, slot_code: str, mentor: Mentor, facts: Facts, policy: Policy, ties: Ties | None = None
) -> tuple[ReasonCode, ...]:
    """Return every hard rule that keeps ``mentor`` out of the seat, in the order of ``ReasonCode``.

    Parameters
    ----------
    ties
        ``ties_of(facts, policy)`` if at hand; collected anew otherwise.
    """
    broken = set(_mentor_faults(mentor, facts, policy))
    broken.update(_tie_faults(mentee, mentor, ties or ties_of(facts, policy)))
    broken.update(_pair_faults(mentee, mentor, facts, policy))
    broken.update(_seat_faults(mentee, slot_code, mentor, facts, policy))
    return tuple(code for code in ReasonCode if code in broken)


def broken_team_rules(mentee: Mentee, team: Sequence[Mentor], facts: Facts, policy: Policy) -> tuple[ReasonCode, ...]:
    """Return every rule on whole teams that ``team`` breaks, in the order of ``ReasonCode``.

    The last free seat is reserved for a local mentor; a weak team, complete or not, breaks MIN_EXPERIENCE where the
    policy forbids weak teams.
    """
    broken = []
    n_strangers = n_of_village = 0
    for mentor in team:
        places = _places(mentor, facts)
        is_linked = mentee.village in mentor.linked_villages
        is_of_township = any(p.township == mentee.township and p.county == mentee.county for p in places)
        n_strangers += not (is_linked or is_of_township)
        n_of_village += not is_linked and any(place.code == mentee.village for place in places)
    needs_local = policy.geography.min_one_mentor_same_township and "TOWNSHIP_RULE" not in mentee.released_rules
    if needs_local and n_strangers == policy.n_seats:
        broken.append(ReasonCode.TOWNSHIP_RULE)
    if policy.geography.same_village_mentor is SameVillageMode.AT_MOST_ONE and n_of_village > 1:
        broken.append(ReasonCode.VILLAGE_RULE)
    if policy.fairness.weak_teams is WeakTeamsMode.FORBID and is_weak(mentee, team, facts, policy):
        broken.append(ReasonCode.MIN_EXPERIENCE)
    return tuple(code for code in ReasonCode if code in broken)


def _mentor_faults(mentor: Mentor, facts: Facts, policy: Policy) -> Iterator[ReasonCode]:
    if mentor.state is not MentorState.ACTIVE or not mentor.is_available:
        yield ReasonCode.MENTOR_INACTIVE
    if mentor.has_discipline_in_force and policy.mentor_eligibility.no_discipline_in_force:
        yield ReasonCode.DISCIPLINE
    years = experience_tenths(mentor)
    least = policy.experience.min_grassroots_years[mentor.category]
    if years is None and policy.experience.unknown_tenure is UnknownTenureMode.BLOCK:
        yield ReasonCode.DATA_MISSING
    if years is not None and years < least * 10 - 1e-6:
        yield ReasonCode.MIN_EXPERIENCE
    minimum = policy.experience.min_appraisal
    if minimum is not None and mentor.category is not MentorCategory.INDUSTRY_LEADER:
        rank = {
            AppraisalGrade.INCOMPETENT: 0,
            AppraisalGrade.BASIC: 1,
            AppraisalGrade.COMPETENT: 2,
            AppraisalGrade.EXCELLENT: 3,
        }
        grade = mentor.grades.get(int(facts.reference_date[:4]) - 1, AppraisalGrade.NOT_GRADED)
        if grade is not AppraisalGrade.NOT_GRADED and rank[grade] < rank[minimum]:
            yield ReasonCode.APPRAISAL


def _tie_faults(mentee: Mentee, mentor: Mentor, ties: Ties) -> Iterator[ReasonCode]:
    a, b = mentee.person_id, mentor.person_id
    pair = frozenset((a, b))
    if a != b and pair in ties.kin:
        yield ReasonCode.KINSHIP
    if a == b or (a, b) in ties.excluded:
        yield ReasonCode.EXCLUDED
    if pair in ties.vetoes:
        yield ReasonCode.VETO


def _pair_faults(mentee: Mentee, mentor: Mentor, facts: Facts, policy: Policy) -> Iterator[ReasonCode]:
    years = experience_tenths(mentor)
    gap = policy.experience.seniority_gap_years * 10
    if years is not None and gap > 0 and years - (tenths(mentee.grassroots_months) or 0) < gap - 1e-6:
        yield ReasonCode.TENURE_GAP
    places = _places(mentor, facts)
    counties = {place.county for place in places} or {mentor.county}
    if mentor.pool_county != mentee.county or mentee.county not in counties:
        yield ReasonCode.CROSS_COUNTY
    limit = policy.geography.max_travel_minutes
    if limit is not None:
        minutes = _best_minutes(mentee, places, facts)
        if minutes is not None and minutes > limit:
            yield ReasonCode.TRAVEL_LIMIT


def _places(mentor: Mentor, facts: Facts) -> list[Place]:
    return [facts.geography.places[code] for code in anchors_of(mentor)]


def _best_minutes(mentee: Mentee, places: Sequence[Place], facts: Facts) -> float | None:
    """Return the minutes from the anchor with the best score, ``None`` where only its class is known."""
    best: tuple[float, float] | None = None
    known: float | None = None
    for place in places:
        minutes = _minutes(facts.geography.places[mentee.village], place, facts)
        score = _class_score(mentee, place, facts) if minutes is None else _score_of(minutes)
        key = (-round(score, 6), float("inf") if minutes is None else minutes)
        if best is None or key < best:
            best, known = key, minutes
    return known


def _score_of(minutes: float) -> float:
    return float(minutes_score(np.array([minutes]))[0])


def _zones(township: str, facts: Facts) -> frozenset[str]:
    return facts.geography.zones_by_township.get(township, frozenset())


def _class_score(mentee: Mentee, place: Place, facts: Facts) -> float:
    if place.county != mentee.county:
        return 0.0
    if place.code == mentee.village:
        return 1.0
    if place.township == mentee.township:
        return 0.9
    pair = (min(place.township, mentee.township), max(place.township, mentee.township))
    near = pair in facts.geography.adjacent_townships or _zones(place.township, facts) & _zones(mentee.township, facts)
    return 0.6 if near else 0.25


def _minutes(village: Place, place: Place, facts: Facts) -> float | None:
    table = facts.geography.travel_minutes
    for a in (village.code, village.township):
        for b in (place.code, place.township):
            if (min(a, b), max(a, b)) in table:
                return table[(min(a, b), max(a, b))]
    if None not in (village.latitude, village.longitude, place.latitude, place.longitude):
        assert village.latitude is not None
        assert village.longitude is not None
        terrain = facts.geography.terrain_by_county.get(village.county, Terrain.HILLS)
        to = (np.array([place.latitude]), np.array([place.longitude]))
        return float(estimated_minutes(village.latitude, village.longitude, *to, terrain)[0])
    return 15.0 if place.county == village.county and place.township == village.township else None


def _seat_faults(mentee: Mentee, slot_code: str, mentor: Mentor, facts: Facts, policy: Policy) -> Iterator[ReasonCode]:
    seat = policy.slot_codes.index(slot_code)
    slot = policy.slots[seat]
    if policy.requires_category(seat) and mentor.category not in slot.allowed:
        yield ReasonCode.SLOT_CATEGORY
    places = _places(mentor, facts)
    is_linked = mentee.village in mentor.linked_villages
    is_of_village = not is_linked and any(place.code == mentee.village for place in places)
    is_of_township = any(p.township == mentee.township and p.county == mentee.county for p in places)
    if is_of_village and not slot.admits_same_village:
        yield ReasonCode.VILLAGE_RULE
    if mentor.pool_township == mentee.township:
        tier = PoolTier.OWN_TOWNSHIP
    elif mentor.pool_township and _zones(mentor.pool_township, facts) & _zones(mentee.township, facts):
        tier = PoolTier.ZONE
    else:
        tier = PoolTier.COUNTY
    widest = policy.pool_scope[-1]
    in_scope = list(PoolTier).index(tier) <= list(PoolTier).index(widest)
    is_local = is_linked or is_of_township or not slot.admits_own_township_only
    if not (in_scope and is_local) and "TOWNSHIP_RULE" not in mentee.released_rules:
        yield ReasonCode.TOWNSHIP_RULE
