"""Check of a plan against the facts: no solver and no arrays; hard rules are those of ``restated``."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from matching.facts import Facts, Mentee, Mentor
from matching.policy import Policy
from matching.restated import broken_rules, broken_team_rules, ties_of
from matching.restated_changes import excess_of, links_that_hold
from matching.vocabulary import MentorState, ReasonCode, ReviewLevel

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
    OVER_CHANGES = "OVER_CHANGES"


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
    ties = ties_of(facts, policy)
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
        for reason in broken_rules(mentees[mentee_id], slot, mentors[mentor_id], facts, policy, ties):
            message = f"the mentor may not take this seat: {reason}"
            found.append(Violation(code=ViolationCode.RULE_BROKEN, item=item, message=message, reason=reason))
    found += _team_faults(known, mentors)
    teams: dict[str, list[Mentor]] = {}
    for mentee_id, _, mentor_id in known:
        teams.setdefault(mentee_id, []).append(mentors[mentor_id])
    for mentee_id, team in sorted(teams.items(), key=lambda item: item[0]):
        for reason in broken_team_rules(mentees[mentee_id], team, facts, policy):
            message = f"the team breaks a rule on teams: {reason}"
            found.append(Violation(code=ViolationCode.RULE_BROKEN, item=mentee_id, message=message, reason=reason))
    found += _load_faults(known, facts, policy, mentors)
    for pin in facts.pins:
        if not any(m == pin.mentee_id and j == pin.mentor_id and pin.slot in (None, s) for m, s, j in known):
            message = f"the pin of {pin.mentor_id} to {pin.mentee_id} is not kept"
            found.append(Violation(code=ViolationCode.PIN_NOT_KEPT, item=pin.id, message=message))
    most = policy.stability.max_changes
    if most is not None and facts.published:
        held = links_that_hold(facts, policy, (m.id for m in facts.mentees if _takes_part(m, policy)))
        excess = excess_of(known, held)
        if excess > most:
            message = f"{excess} changes against links of the published roster that hold, at most {most} are allowed"
            found.append(Violation(code=ViolationCode.OVER_CHANGES, item="published", message=message))
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
    records_by_person: dict[str, list[Mentor]] = {}
    for mentor in facts.mentors:
        records_by_person.setdefault(mentor.person_id, []).append(mentor)
    for person, mentee_ids in sorted(served.items()):
        records = records_by_person[person]
        active = [r for r in records if r.state is MentorState.ACTIVE] or records
        capacity = min(policy.load_cap if r.capacity is None else r.capacity for r in active)
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
