"""The change budget stated a second time, in plain code on links (definition in ``stability``)."""

from collections.abc import Iterable, Mapping, Sequence

from matching.facts import Facts, Mentor
from matching.policy import Policy
from matching.restated import broken_rules, broken_team_rules, ties_of
from matching.vocabulary import MentorState

Link = tuple[str, str, str]


def links_that_hold(facts: Facts, policy: Policy, participants: Iterable[str]) -> frozenset[Link]:
    """Return the links of the published roster that hold.

    Parameters
    ----------
    participants
        Ids of the mentees who take part in the run.
    """
    mentees = {mentee.id: mentee for mentee in facts.mentees}
    mentors = {mentor.id: mentor for mentor in facts.mentors}
    ties, part = ties_of(facts, policy), set(participants)
    left = {
        (i, slot, m)
        for i, slot, m in facts.published
        if i in part
        and m in mentors
        and slot in policy.slot_codes
        and not broken_rules(mentees[i], slot, mentors[m], facts, policy, ties)
    }
    wanted = [(pin.mentee_id, pin.slot, pin.mentor_id) for pin in facts.pins]
    asked = {link for link in left if _is_asked(link, wanted)}
    named = {(i, m) for i, slot, m in wanted if slot is not None}
    wanted = [(i, slot, m) for i, slot, m in wanted if slot is not None or (i, m) not in named]
    unmet = {i for i, slot, m in wanted if not any(link[0] == i and _is_asked(link, [(i, slot, m)]) for link in left)}
    left = {link for link in left if link in asked or link[0] not in unmet}

    person = {mentor.id: mentor.person_id for mentor in facts.mentors}
    free = _free_capacities(facts, policy)
    claims = {(i, person[m]) for i, _, m in left} | {(i, person[m]) for i, _, m in wanted}
    load = {who: sum(other == who for _, other in claims) for who in free}
    held = {link for link in left if load[person[link[2]]] <= free[person[link[2]]]}
    for slot in policy.slots:
        if slot.cap is None:
            continue
        here = {(i, person[m]) for i, code, m in left if code == slot.code}
        for i, code, m in wanted:
            if code == slot.code or (
                code is None and not broken_rules(mentees[i], slot.code, mentors[m], facts, policy, ties)
            ):
                here.add((i, person[m]))
        busy = {who for who in free if sum(other == who for _, other in here) > slot.cap}
        held = {link for link in held if link[1] != slot.code or person[link[2]] not in busy}

    kept: set[Link] = set()
    for i in sorted({link[0] for link in held}):
        own = {link for link in held if link[0] == i}
        teams = (own, own | {link for link in asked if link[0] == i})
        if all(_is_team(team, mentors) for team in teams) and not any(
            broken_team_rules(mentees[i], [mentors[m] for _, _, m in sorted(team)], facts, policy) for team in teams
        ):
            kept |= own
    return frozenset(kept)


def excess_of(plan: Iterable[Link], held: Iterable[Link]) -> int:
    """Return the links that hold and are missing, plus the other links in their seats."""
    chosen, links = set(plan), set(held)
    seats = {(i, slot) for i, slot, _ in links}
    return len(links - chosen) + sum((i, slot) in seats for i, slot, _ in chosen - links)


def _is_asked(link: Link, wanted: Sequence[tuple[str, str | None, str]]) -> bool:
    return any(i == link[0] and m == link[2] and slot in (None, link[1]) for i, slot, m in wanted)


def _is_team(team: Iterable[Link], mentors: Mapping[str, Mentor]) -> bool:
    links = list(team)
    persons = {mentors[m].person_id for _, _, m in links}
    return len({slot for _, slot, _ in links}) == len(links) == len(persons)


def _free_capacities(facts: Facts, policy: Policy) -> dict[str, int]:
    records: dict[str, list[Mentor]] = {}
    for mentor in facts.mentors:
        records.setdefault(mentor.person_id, []).append(mentor)
    free = {}
    for who, own in records.items():
        active = [record for record in own if record.state is MentorState.ACTIVE] or own
        most = min(policy.load_cap if record.capacity is None else record.capacity for record in active)
        free[who] = max(0, most - sum(record.active_load for record in own))
    return free
