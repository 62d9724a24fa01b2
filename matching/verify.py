"""Check of a plan against the facts: no solver, no arrays, every hard rule stated a second time in plain code.

Rules are written again on purpose: a defect in ``rules`` or in the solver cannot hide here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from matching.facts import Facts, Mentee, Mentor, Place
from matching.geography import anchors_of, estimated_minutes, minutes_score
from matching.policy import Policy
from matching.policy_options import AvoidanceMode, PoolTier, UnknownTenureMode
from matching.vocabulary import AppraisalGrade, MentorCategory, MentorState, ReasonCode, ReviewLevel, Terrain

Link = tuple[str, str, str]
"""``(mentee_id, slot, mentor_id)``."""


class ViolationCode(StrEnum):
    """Kinds of faults in a plan."""

    UNKNOWN = "UNKNOWN"
    SEAT_TAKEN_TWICE = "SEAT_TAKEN_TWICE"
    MENTEE_NOT_ELIGIBLE = "MENTEE_NOT_ELIGIBLE"
    RULE_BROKEN = "RULE_BROKEN"
    PERSON_TWICE_IN_TEAM = "PERSON_TWICE_IN_TEAM"
    OVER_CAPACITY = "OVER_CAPACITY"
    OVER_SLOT_CAP = "OVER_SLOT_CAP"
    PIN_NOT_KEPT = "PIN_NOT_KEPT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One fault of a plan.

    Attributes
    ----------
    item
        Ids at fault.
    reason
        The rule broken, for RULE_BROKEN.
    """

    code: ViolationCode
    item: str
    message: str
    reason: ReasonCode | None = None


def verify(facts: Facts, policy: Policy, links: Iterable[Link]) -> tuple[Violation, ...]:
    """Return every fault of a plan given as ``(mentee_id, slot, mentor_id)``; empty means that the plan holds.

    Parameters
    ----------
    links
        The filled seats, for example ``((s.mentee_id, s.slot, s.mentor_id) for s in result.seats)``.
    """
    plan = list(links)
    mentees = {mentee.id: mentee for mentee in facts.mentees}
    mentors = {mentor.id: mentor for mentor in facts.mentors}
    found: list[Violation] = []
    known: list[Link] = []
    for link in plan:
        if link[0] in mentees and link[1] in policy.slot_codes and link[2] in mentors:
            known.append(link)
        else:
            message = "the plan names an unknown mentee, slot or mentor"
            found.append(Violation(code=ViolationCode.UNKNOWN, item="-".join(link), message=message))
    for mentee_id, slot, mentor_id in known:
        item = f"{mentee_id}-{slot}-{mentor_id}"
        if not _takes_part(mentees[mentee_id], policy):
            message = "the mentee takes no part in this run"
            found.append(Violation(code=ViolationCode.MENTEE_NOT_ELIGIBLE, item=item, message=message))
        for reason in broken_rules(mentees[mentee_id], slot, mentors[mentor_id], facts, policy):
            message = f"the mentor may not take this seat: {reason}"
            found.append(Violation(code=ViolationCode.RULE_BROKEN, item=item, message=message, reason=reason))
    found += _team_faults(known, mentors)
    found += _load_faults(known, facts, policy, mentors)
    for pin in facts.pins:
        if not any(m == pin.mentee_id and j == pin.mentor_id and pin.slot in (None, s) for m, s, j in known):
            message = f"the pin of {pin.mentor_id} to {pin.mentee_id} is not kept"
            found.append(Violation(code=ViolationCode.PIN_NOT_KEPT, item=pin.id, message=message))
    return tuple(found)


def _takes_part(mentee: Mentee, policy: Policy) -> bool:
    rule, levels = policy.mentee_eligibility, list(ReviewLevel)
    too_old = rule.max_age.block is not None and mentee.age_years is not None and mentee.age_years > rule.max_age.block
    reviewed = levels.index(mentee.review_level) >= levels.index(rule.min_review_level)
    return mentee.is_in_pool and mentee.kind in rule.kinds and reviewed and not too_old


def _team_faults(plan: Sequence[Link], mentors: Mapping[str, Mentor]) -> Iterator[Violation]:
    seats: set[tuple[str, str]] = set()
    team: set[tuple[str, str]] = set()
    for mentee_id, slot, mentor_id in plan:
        person = mentors[mentor_id].person_id
        if (mentee_id, slot) in seats:
            message = "two mentors share one seat"
            yield Violation(code=ViolationCode.SEAT_TAKEN_TWICE, item=f"{mentee_id}-{slot}", message=message)
        if (mentee_id, person) in team:
            message = "one person serves twice in this team"
            yield Violation(code=ViolationCode.PERSON_TWICE_IN_TEAM, item=f"{mentee_id}-{person}", message=message)
        seats.add((mentee_id, slot))
        team.add((mentee_id, person))


def _load_faults(
    plan: Sequence[Link], facts: Facts, policy: Policy, mentors: Mapping[str, Mentor]
) -> Iterator[Violation]:
    served: dict[str, set[str]] = {}
    by_slot: dict[tuple[str, str], set[str]] = {}
    for mentee_id, slot, mentor_id in plan:
        person = mentors[mentor_id].person_id
        served.setdefault(person, set()).add(mentee_id)
        by_slot.setdefault((person, slot), set()).add(mentee_id)
    for person, mentee_ids in sorted(served.items()):
        records = [mentor for mentor in facts.mentors if mentor.person_id == person]
        capacity = min(policy.load_cap if r.capacity is None else r.capacity for r in records)
        load = len(mentee_ids) + sum(record.active_load for record in records)
        if load > capacity:
            message = f"serves {load} mentees over all programmes, capacity {capacity}"
            yield Violation(code=ViolationCode.OVER_CAPACITY, item=person, message=message)
    caps = {slot.code: slot.cap for slot in policy.slots}
    for (person, slot), mentee_ids in sorted(by_slot.items()):
        cap = caps[slot]
        if cap is not None and len(mentee_ids) > cap:
            message = f"serves {len(mentee_ids)} mentees in slot {slot}, cap {cap}"
            yield Violation(code=ViolationCode.OVER_SLOT_CAP, item=person, message=message)


def broken_rules(
    mentee: Mentee, slot_code: str, mentor: Mentor, facts: Facts, policy: Policy
) -> tuple[ReasonCode, ...]:
    """Return every hard rule that keeps ``mentor`` out of the seat, in the order of ``ReasonCode``."""
    broken = {*_mentor_faults(mentor, facts, policy), *_pair_faults(mentee, mentor, facts, policy)}
    broken.update(_seat_faults(mentee, slot_code, mentor, facts, policy))
    return tuple(code for code in ReasonCode if code in broken)


def _tenths(months: int | None) -> int | None:
    return None if months is None else int((months * 10 + 6) // 12)


def _experience(mentor: Mentor) -> int | None:
    if mentor.category is not MentorCategory.INDUSTRY_LEADER:
        return _tenths(mentor.grassroots_months)
    return None if mentor.trade_years is None else int(mentor.trade_years * 10 + 0.5 + 1e-9)


def _mentor_faults(mentor: Mentor, facts: Facts, policy: Policy) -> Iterator[ReasonCode]:
    if mentor.state is not MentorState.ACTIVE or not mentor.is_available:
        yield ReasonCode.MENTOR_INACTIVE
    if mentor.has_discipline_in_force and policy.mentor_eligibility.no_discipline_in_force:
        yield ReasonCode.DISCIPLINE
    years = _experience(mentor)
    least = policy.experience.min_grassroots_years[mentor.category]
    if years is None and policy.experience.unknown_tenure is UnknownTenureMode.BLOCK:
        yield ReasonCode.DATA_MISSING
    if years is not None and years < round(least * 10):
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


def _pair_faults(mentee: Mentee, mentor: Mentor, facts: Facts, policy: Policy) -> Iterator[ReasonCode]:
    a, b = mentee.person_id, mentor.person_id
    if any({kin.person_a, kin.person_b} == {a, b} and a != b for kin in facts.kinships):
        yield ReasonCode.KINSHIP
    complaints_block = policy.avoidance.complaint_pairs is AvoidanceMode.BLOCK
    for exclusion in facts.exclusions:
        is_this_pair = (exclusion.mentee_person, exclusion.mentor_person) == (a, b)
        if is_this_pair and (complaints_block or not exclusion.is_complaint):
            yield ReasonCode.EXCLUDED
    if a == b:
        yield ReasonCode.EXCLUDED
    if any(w.rank == 0 and {w.from_person, w.to_person} == {a, b} for w in facts.preferences):
        yield ReasonCode.VETO
    years = _experience(mentor)
    gap = round(policy.experience.seniority_gap_years * 10)
    if years is not None and gap > 0 and years - (_tenths(mentee.grassroots_months) or 0) < gap:
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
