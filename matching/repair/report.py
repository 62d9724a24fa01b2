"""What a repair says: which links end and why, which are new, and what becomes of every person concerned."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from matching.checks import reference_year
from matching.facts import Facts, Mentor
from matching.people import person_capacity
from matching.policy import Policy
from matching.problem import Component, ProblemData
from matching.repair.held import EndCause, Held
from matching.repair.plan import I8, Repaired
from matching.restated import broken_rules, ties_of
from matching.rules import MenteeExclusion, mentee_exclusion, mentor_mask
from matching.solution import person_loads
from matching.vocabulary import ReasonCode

Link = tuple[str, str, str]
"""``(mentee_id, slot, mentor_id)``."""


class MenteeFate(StrEnum):
    """What becomes of a mentee whose links change, or who has an empty seat."""

    LEFT = "LEFT"
    REPLACED = "REPLACED"
    REDUCED = "REDUCED"
    GAINED = "GAINED"
    SHORT = "SHORT"


class MentorFate(StrEnum):
    """What becomes of a mentor whose links change."""

    LEFT = "LEFT"
    FREE_AGAIN = "FREE_AGAIN"
    REASSIGNED = "REASSIGNED"
    REDUCED = "REDUCED"
    GAINED = "GAINED"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedLink:
    """A link of the published roster that the repair does not keep.

    Attributes
    ----------
    reasons
        The rules that keep the mentor out of the seat today, for RULE.
    replaced_by
        The mentor who takes the seat, ``None`` for nobody.
    """

    mentee_id: str
    slot: str
    mentor_id: str
    cause: EndCause
    reasons: tuple[ReasonCode, ...]
    replaced_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """A link that the published roster does not have.

    Attributes
    ----------
    replaces
        The mentor who had the seat, ``None`` for nobody.
    """

    mentee_id: str
    slot: str
    mentor_id: str
    replaces: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MenteeChange:
    """One mentee concerned: ids of the mentors who stay, go and come, in the order of the slots.

    Attributes
    ----------
    fate
        LEFT: takes no part any more. REPLACED: somebody goes and somebody comes. REDUCED, GAINED: only the one or the
        other. SHORT: nothing changes, but a seat stays empty.
    n_empty
        Seats that stay empty.
    """

    mentee_id: str
    fate: MenteeFate
    kept: tuple[str, ...]
    ended: tuple[str, ...]
    added: tuple[str, ...]
    n_empty: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MentorChange:
    """One mentor concerned: ids of the mentees who stay, go and come, sorted.

    Attributes
    ----------
    fate
        LEFT: gone, or a rule about the mentor alone keeps him or her from serving. REASSIGNED: somebody goes and
        somebody comes. FREE_AGAIN: somebody goes, nobody comes, and there is room for another mentee. REDUCED: the same
        without room. GAINED: somebody comes.
    free_capacity
        Mentees the person could still take after the repair; 0 for LEFT.
    """

    mentor_id: str
    fate: MentorFate
    kept: tuple[str, ...]
    ended: tuple[str, ...]
    added: tuple[str, ...]
    free_capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Everything that a repair changes against the published roster.

    Attributes
    ----------
    n_people
        Distinct persons among the changed links.
    """

    ended: tuple[EndedLink, ...]
    added: tuple[NewLink, ...]
    mentees: tuple[MenteeChange, ...]
    mentors: tuple[MentorChange, ...]
    n_kept: int
    n_people: int


def changes_of(facts: Facts, policy: Policy, problem: ProblemData, plan: Repaired, held: Sequence[Held]) -> Changes:
    """Compare a repaired plan with the published roster."""
    new_links = _links(problem, plan.chosen)
    old = sorted(set(facts.published))
    kept = set(old) & set(new_links)
    seats = {(mentee, slot): mentor for mentee, slot, mentor in new_links}
    seated_before = {(mentee, slot): mentor for mentee, slot, mentor in reversed(old)}
    causes = _causes(problem, plan, held)
    ties = ties_of(facts, policy)
    mentees = {mentee.id: mentee for mentee in facts.mentees}
    mentors = {mentor.id: mentor for mentor in facts.mentors}

    def ended(link: Link) -> EndedLink:
        mentee_id, slot, mentor_id = link
        mentee, mentor = mentees.get(mentee_id), mentors.get(mentor_id)
        reasons: tuple[ReasonCode, ...] = ()
        excluded = None if mentee is None else mentee_exclusion(mentee, policy)
        if mentee is None or excluded is MenteeExclusion.NOT_IN_POOL:
            cause = EndCause.MENTEE_LEFT
        elif excluded is not None:
            cause = EndCause.MENTEE_NOT_ELIGIBLE
        elif mentor is None:
            cause = EndCause.MENTOR_LEFT
        elif slot not in policy.slot_codes:
            cause = EndCause.SLOT_GONE
        elif link in causes:
            cause = causes[link]
        else:
            cause = EndCause.RULE
            reasons = broken_rules(mentee, slot, mentor, facts, policy, ties)
            if not reasons:
                raise AssertionError(f"the link {'-'.join(link)} ends without a reason; report this as a defect")
        return EndedLink(
            mentee_id=mentee_id,
            slot=slot,
            mentor_id=mentor_id,
            cause=cause,
            reasons=reasons,
            replaced_by=seats.get((mentee_id, slot)),
        )

    gone = tuple(ended(link) for link in old if link not in kept)
    come = tuple(
        NewLink(mentee_id=i, slot=s, mentor_id=m, replaces=seated_before.get((i, s)))
        for i, s, m in new_links
        if (i, s, m) not in kept
    )
    person = {mentee.id: mentee.person_id for mentee in facts.mentees}
    person.update((mentor.id, mentor.person_id) for mentor in facts.mentors)
    changed = {link.mentee_id for link in gone} | {link.mentor_id for link in gone}
    changed |= {link.mentee_id for link in come} | {link.mentor_id for link in come}
    return Changes(
        ended=gone,
        added=come,
        mentees=_mentee_changes(facts, policy, kept, gone, come),
        mentors=_mentor_changes(facts, policy, problem, plan, kept, gone, come),
        n_kept=len(kept),
        n_people=len({person.get(item, item) for item in changed}),
    )


def _links(problem: ProblemData, chosen: Sequence[I8]) -> list[Link]:
    return [
        _link(problem, component, arc)
        for component, plan in zip(problem.components, chosen, strict=True)
        for arc in plan[plan >= 0].tolist()
    ]


def _link(problem: ProblemData, component: Component, arc: int) -> Link:
    mentee = component.mentees[int(component.arc_mentee[arc])]
    mentor = component.mentors[int(component.arc_mentor[arc])]
    return mentee.id, problem.slots[int(component.arc_seat[arc])], mentor.id


def _causes(problem: ProblemData, plan: Repaired, held: Sequence[Held]) -> dict[Link, EndCause]:
    """Return why the links that hold one by one end: they contend, or the budget moves them."""
    found: dict[Link, EndCause] = {}
    for component, kept, own in zip(problem.components, plan.kept, held, strict=True):
        still = set(kept[kept >= 0].tolist())
        for arc in np.flatnonzero(component.arc_published).tolist():
            found[_link(problem, component, arc)] = EndCause.MOVED if arc in still else own.cause[arc]
    return found


def _mentee_changes(
    facts: Facts, policy: Policy, kept: set[Link], gone: Iterable[EndedLink], come: Iterable[NewLink]
) -> tuple[MenteeChange, ...]:
    order = {code: index for index, code in enumerate(policy.slot_codes)}
    stay = _by(((i, (order[s], m)) for i, s, m in kept))
    go = _by((link.mentee_id, (order.get(link.slot, len(order)), link.mentor_id)) for link in gone)
    new = _by((link.mentee_id, (order[link.slot], link.mentor_id)) for link in come)
    takes_part = {mentee.id for mentee in facts.mentees if mentee_exclusion(mentee, policy) is None}
    codes = {mentee.id: mentee.code for mentee in facts.mentees}
    found: list[MenteeChange] = []
    for mentee_id in sorted({*go, *new, *takes_part}, key=lambda item: (codes.get(item, ""), item)):
        own = [tuple(mentor for _, mentor in sorted(part.get(mentee_id, []))) for part in (stay, go, new)]
        n_empty = policy.n_seats - len(own[0]) - len(own[2]) if mentee_id in takes_part else 0
        if not (own[1] or own[2] or n_empty):
            continue
        if mentee_id not in takes_part:
            fate = MenteeFate.LEFT
        elif own[1]:
            fate = MenteeFate.REPLACED if own[2] else MenteeFate.REDUCED
        else:
            fate = MenteeFate.GAINED if own[2] else MenteeFate.SHORT
        found.append(
            MenteeChange(mentee_id=mentee_id, fate=fate, kept=own[0], ended=own[1], added=own[2], n_empty=n_empty)
        )
    return tuple(found)


def _mentor_changes(
    facts: Facts,
    policy: Policy,
    problem: ProblemData,
    plan: Repaired,
    kept: set[Link],
    gone: Iterable[EndedLink],
    come: Iterable[NewLink],
) -> tuple[MentorChange, ...]:
    stay = _by((m, (0, i)) for i, _, m in kept)
    go = _by((link.mentor_id, (0, link.mentee_id)) for link in gone)
    new = _by((link.mentor_id, (0, link.mentee_id)) for link in come)
    served: dict[str, int] = {}
    for component, chosen in zip(problem.components, plan.chosen, strict=True):
        served.update(zip(component.persons, person_loads(component, chosen).tolist(), strict=True))
    by_person: dict[str, list[Mentor]] = {}
    for mentor in facts.mentors:
        by_person.setdefault(mentor.person_id, []).append(mentor)

    def room(person: str) -> int:
        capacity, active = person_capacity(by_person[person], policy)
        return max(0, capacity - active - served.get(person, 0))

    year = reference_year(facts)
    records = {mentor.id: mentor for mentor in facts.mentors}
    found: list[MentorChange] = []
    for mentor_id in sorted({*go, *new}, key=lambda item: (records[item].code if item in records else "", item)):
        own = [tuple(sorted(mentee for _, mentee in part.get(mentor_id, []))) for part in (stay, go, new)]
        serves = mentor_id in records and mentor_mask(records[mentor_id], policy, year) == 0
        free = room(records[mentor_id].person_id) if serves else 0
        if not serves:
            fate = MentorFate.LEFT
        elif own[1] and own[2]:
            fate = MentorFate.REASSIGNED
        elif own[1]:
            fate = MentorFate.FREE_AGAIN if free else MentorFate.REDUCED
        else:
            fate = MentorFate.GAINED
        found.append(
            MentorChange(mentor_id=mentor_id, fate=fate, kept=own[0], ended=own[1], added=own[2], free_capacity=free)
        )
    return tuple(found)


def _by(pairs: Iterable[tuple[str, tuple[int, str]]]) -> Mapping[str, list[tuple[int, str]]]:
    found: dict[str, list[tuple[int, str]]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found
