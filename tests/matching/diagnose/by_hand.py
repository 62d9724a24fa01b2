"""Counting by hand: supply and blocked mentors from the rules stated a second time, without arrays or solver."""

from collections import Counter
from dataclasses import replace

from matching import Facts, HallSet, Mentee, Mentor, Policy
from matching.restated import broken_rules, broken_team_rules
from matching.vocabulary import MentorState, ReasonCode


def free_capacity(facts: Facts, policy: Policy, person: str) -> int:
    records = [mentor for mentor in facts.mentors if mentor.person_id == person]
    serving = [record for record in records if record.state is MentorState.ACTIVE] or records
    limit = min(policy.load_cap if record.capacity is None else record.capacity for record in serving)
    return max(0, limit - sum(record.active_load for record in records))


def counts_for_group(mentee: Mentee, mentor: Mentor, rule: ReasonCode, facts: Facts, policy: Policy) -> bool:
    """Whether the team rule limits mentors like this one."""
    strict = replace(mentee, released_rules=frozenset())
    return rule in broken_team_rules(strict, [mentor] * policy.n_seats, facts, policy)


def open_slots(mentee: Mentee, mentor: Mentor, slots, without, facts: Facts, policy: Policy) -> set[str]:
    """Return the claimed slots that a mentor may take, but for those that a pin of the same person rules out."""
    if any(counts_for_group(mentee, mentor, rule, facts, policy) for rule in without):
        return set()
    allowed = {slot for slot in slots if not broken_rules(mentee, slot, mentor, facts, policy)}
    persons = {m.id: m.person_id for m in facts.mentors}
    own = [p for p in facts.pins if p.mentee_id == mentee.id and persons[p.mentor_id] == mentor.person_id]
    if own and all(pin.mentor_id != mentor.id for pin in own):
        return set()
    if policy.team_objective == "SEPARABLE":
        for pin in own:
            allowed &= {pin.slot} if pin.slot else allowed
    return allowed


def recount(facts: Facts, policy: Policy, hall: HallSet) -> tuple[int, dict[str, int]]:
    """Return demand, and supply per person: mentees who may be served, within what pins to others leave free."""
    mentees = {mentee.id: mentee for mentee in facts.mentees}
    persons = {mentor.id: mentor.person_id for mentor in facts.mentors}
    demand = 0
    serves: dict[str, set[str]] = {}
    for claim in hall.claims:
        if policy.team_objective == "SEPARABLE":
            assert claim.n_seats == len(claim.slots)
            assert not claim.without
        else:
            assert claim.n_seats == policy.n_seats - sum(1 for _ in claim.without)
            assert not mentees[claim.mentee_id].released_rules.intersection(claim.without)
        demand += claim.n_seats
        for mentor in facts.mentors:
            if open_slots(mentees[claim.mentee_id], mentor, claim.slots, claim.without, facts, policy):
                serves.setdefault(mentor.person_id, set()).add(claim.mentee_id)
    supply = {}
    for person, served in serves.items():
        pinned = {pin.mentee_id for pin in facts.pins if persons[pin.mentor_id] == person}
        free = free_capacity(facts, policy, person) - len(pinned - served)
        supply[person] = max(0, min(free, len(served)))
    return demand, supply


def blocked_by_hand(facts: Facts, policy: Policy, hall: HallSet) -> tuple[dict[ReasonCode, int], int]:
    """Return how many persons outside count under each rule, and how many are blocked by several at once."""
    mentees = {mentee.id: mentee for mentee in facts.mentees}
    inside = {mentor.person_id for mentor in hall.mentors}
    by_rule: Counter[ReasonCode] = Counter()
    n_by_several = 0
    for person in sorted({mentor.person_id for mentor in facts.mentors} - inside):
        if free_capacity(facts, policy, person) == 0:
            continue
        alone: Counter[ReasonCode] = Counter()
        is_near = False
        for claim in hall.claims:
            mentee = mentees[claim.mentee_id]
            slots = claim.slots if policy.team_objective == "SEPARABLE" else claim.slots[:1]
            for mentor in facts.mentors:
                if mentor.person_id != person or mentor.pool_county != mentee.county:
                    continue
                is_near = True
                for slot in slots:
                    broken = set(broken_rules(mentee, slot, mentor, facts, policy))
                    broken |= {r for r in claim.without if counts_for_group(mentee, mentor, r, facts, policy)}
                    if len(broken) == 1:
                        alone[broken.pop()] += 1
        if alone:
            by_rule[min(alone, key=lambda rule: (-alone[rule], list(ReasonCode).index(rule)))] += 1
        else:
            n_by_several += is_near
    return dict(by_rule), n_by_several
