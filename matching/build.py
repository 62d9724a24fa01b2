"""From facts and policy to ``ProblemData``: independent components, hard rules, criteria, admissible arcs."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from matching.checks import check_facts, reference_year
from matching.criteria import PairCriteria, pair_criteria, pair_scores
from matching.facts import Exclusion, Facts, Geography, Kinship, Mentee, Mentor, Pin, Preference
from matching.geography import pair_geography
from matching.people import person_capacity, priority_of
from matching.pins import check_pins
from matching.policy import Policy
from matching.policy_options import StabilityMode, TeamObjective, WeakTeamsMode
from matching.problem import I4, I8, Component, ProblemData
from matching.rules import mentee_exclusion, seat_rules
from matching.teams import team_arrays, terms_of

Progress = Callable[[str, int, int], None]
"""Told ``(phase, done, total)`` after every component."""


_BLOCK = 1_000_000
_Person = TypeVar("_Person", Mentee, Mentor)
_Item = TypeVar("_Item")


def build(facts: Facts, policy: Policy, *, on_progress: Progress | None = None) -> ProblemData:
    """Turn facts and policy into numbers.

    Raises
    ------
    EmptyPoolError, InvalidFactsError
        See ``checks.check_facts``.
    PinConflictError
        For pins that no plan can honour together, and for pins on pairs that a hard rule blocks.
    """
    check_facts(facts, policy)
    groups = _groups(facts, policy)
    records = _records(facts)
    components: list[Component] = []
    for done, group in enumerate(groups, start=1):
        components.append(_component(group, records, facts, policy))
        if on_progress is not None:
            on_progress("build", done, len(groups))
    check_pins(facts, policy, components)
    return replace(header(policy, has_roster=bool(facts.published)), components=tuple(components))


def header(policy: Policy, *, has_roster: bool) -> ProblemData:
    """Return what the components of a problem share, without any component.

    Parameters
    ----------
    has_roster
        Whether a roster is published.
    """
    return ProblemData(
        components=(),
        slots=policy.slot_codes,
        load_target=policy.load_target,
        slot_caps=tuple(slot.cap for slot in policy.slots),
        counts_changes=policy.stability.mode is StabilityMode.KEEP_UNLESS_INVALID and has_roster,
        team_terms=terms_of(policy),
        fairness=policy.fairness.mode,
        forbids_weak=policy.fairness.weak_teams is WeakTeamsMode.FORBID,
        max_changes=policy.stability.max_changes if has_roster else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The facts of one component: enough to build it anywhere.

    Attributes
    ----------
    facts
        Mentees and mentors of the component, further mentor records of the same persons, and what concerns them.
    mentor_ids
        The mentors of the component; the further records only count for capacities.
    """

    facts: Facts
    mentor_ids: frozenset[str]

    @property
    def size(self) -> int:
        """Pairs of a mentee and a mentor."""
        return len(self.facts.mentees) * len(self.mentor_ids)


def parts_of(facts: Facts, policy: Policy) -> tuple[Part, ...]:
    """Return the components of checked facts as parts, in the order of ``build``; pins are not looked at."""
    groups = _groups(facts, policy)
    records = _records(facts)
    links = _links(facts)
    return tuple(_part(group, records, facts, links) for group in groups)


def build_part(part: Part, policy: Policy) -> Component:
    """Turn one part into numbers: the component that ``build`` makes of the whole facts.

    Raises
    ------
    PinConflictError
        For pins that no plan can honour together, and for pins on pairs that a hard rule blocks.
    """
    facts = part.facts
    own = tuple(mentor for mentor in facts.mentors if mentor.id in part.mentor_ids)
    counties = tuple(sorted({mentee.county for mentee in facts.mentees}))
    group = _Group(counties=counties, mentees=facts.mentees, mentors=own)
    component = _component(group, _records(facts), facts, policy)
    check_pins(facts, policy, [component])
    return component


def _records(facts: Facts) -> dict[str, list[Mentor]]:
    records: dict[str, list[Mentor]] = {}
    for mentor in facts.mentors:
        records.setdefault(mentor.person_id, []).append(mentor)
    return records


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index(Generic[_Item]):
    """Items by the code or person named first, so that a part need not look at those of all others."""

    items: Sequence[_Item]
    numbers_by_key: Mapping[str, Sequence[int]]

    def of(self, keys: Set[str], is_kept: Callable[[_Item], bool]) -> tuple[_Item, ...]:
        """Return the items under some keys that are to be kept, in their order."""
        numbers = sorted(number for key in keys for number in self.numbers_by_key.get(key, ()))
        return tuple(self.items[number] for number in numbers if is_kept(self.items[number]))


def _index(items: Sequence[_Item], key_of: Callable[[_Item], str]) -> _Index[_Item]:
    numbers: dict[str, list[int]] = {}
    for number, item in enumerate(items):
        numbers.setdefault(key_of(item), []).append(number)
    return _Index(items=items, numbers_by_key=numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Links:
    """Everything that lies between two places or persons."""

    adjacent: _Index[tuple[str, str]]
    travel: _Index[tuple[str, str]]
    kinships: _Index[Kinship]
    exclusions: _Index[Exclusion]
    preferences: _Index[Preference]
    pins: _Index[Pin]
    published: _Index[tuple[str, str, str]]


def _links(facts: Facts) -> _Links:
    geography = facts.geography
    return _Links(
        adjacent=_index(tuple(geography.adjacent_townships), lambda pair: pair[0]),
        travel=_index(tuple(geography.travel_minutes), lambda pair: pair[0]),
        kinships=_index(facts.kinships, lambda kinship: kinship.person_a),
        exclusions=_index(facts.exclusions, lambda exclusion: exclusion.mentee_person),
        preferences=_index(facts.preferences, lambda wish: wish.from_person),
        pins=_index(facts.pins, lambda pin: pin.mentee_id),
        published=_index(facts.published, lambda link: link[0]),
    )


def _part(group: "_Group", records: Mapping[str, Sequence[Mentor]], facts: Facts, links: _Links) -> Part:
    people = {mentor.person_id for mentor in group.mentors}
    known = {mentor.id for mentor in group.mentors}
    further = [record for person in sorted(people) for record in records[person] if record.id not in known]
    people |= {mentee.person_id for mentee in group.mentees}
    mentees = {mentee.id for mentee in group.mentees}
    every = (*group.mentors, *further)
    codes = {code for m in every for code in (*m.anchors, *m.linked_villages)}
    codes |= {code for m in group.mentees for code in (m.village, m.township)}
    codes |= {m.pool_township for m in every if m.pool_township is not None}
    codes |= {facts.geography.places[code].township for code in codes if code in facts.geography.places}
    geography = facts.geography
    return Part(
        facts=replace(
            facts,
            mentees=group.mentees,
            mentors=every,
            geography=Geography(
                places={code: geography.places[code] for code in sorted(codes) if code in geography.places},
                terrain_by_county=geography.terrain_by_county,
                adjacent_townships=frozenset(links.adjacent.of(codes, lambda pair: pair[1] in codes)),
                zones_by_township={
                    code: geography.zones_by_township[code]
                    for code in sorted(codes)
                    if code in geography.zones_by_township
                },
                travel_minutes={
                    pair: geography.travel_minutes[pair] for pair in links.travel.of(codes, lambda p: p[1] in codes)
                },
            ),
            kinships=links.kinships.of(people, lambda kinship: kinship.person_b in people),
            exclusions=links.exclusions.of(people, lambda exclusion: exclusion.mentor_person in people),
            preferences=links.preferences.of(people, lambda wish: wish.to_person in people),
            pins=links.pins.of(mentees, lambda pin: True),
            published=links.published.of(mentees, lambda link: True),
        ),
        mentor_ids=frozenset(known),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    counties: tuple[str, ...]
    mentees: tuple[Mentee, ...]
    mentors: tuple[Mentor, ...]


def _groups(facts: Facts, policy: Policy) -> list[_Group]:
    """Return the counties that have mentees; counties that share a mentor person are one group."""
    mentees = [mentee for mentee in facts.mentees if mentee_exclusion(mentee, policy) is None]
    counties = sorted({mentee.county for mentee in mentees})
    root = {county: county for county in counties}

    def find(county: str) -> str:
        while root[county] != county:
            county = root[county]
        return county

    first_county: dict[str, str] = {}
    for mentor in sorted(facts.mentors, key=lambda m: (m.pool_county, m.id)):
        if mentor.pool_county in root:
            a, b = sorted(
                (find(mentor.pool_county), find(first_county.setdefault(mentor.person_id, mentor.pool_county)))
            )
            root[b] = a
    members: dict[str, list[str]] = {}
    for county in counties:
        members.setdefault(find(county), []).append(county)
    mentees_by_county = _by_county(mentees, lambda mentee: mentee.county)
    mentors_by_county = _by_county(facts.mentors, lambda mentor: mentor.pool_county)
    return [
        _Group(
            counties=tuple(group),
            mentees=tuple(sorted((m for c in group for m in mentees_by_county[c]), key=lambda m: (m.code, m.id))),
            mentors=tuple(
                sorted((m for c in group for m in mentors_by_county.get(c, ())), key=lambda m: (m.code, m.id))
            ),
        )
        for group in members.values()
    ]


def _by_county(people: Sequence[_Person], county_of: Callable[[_Person], str]) -> Mapping[str, list[_Person]]:
    groups: dict[str, list[_Person]] = {}
    for person in people:
        groups.setdefault(county_of(person), []).append(person)
    return groups


def _component(group: _Group, records: Mapping[str, Sequence[Mentor]], facts: Facts, policy: Policy) -> Component:
    year = reference_year(facts)
    mentees, mentors = group.mentees, group.mentors
    near = pair_geography(mentees, mentors, facts.geography, policy)
    rules = seat_rules(mentees, mentors, near, facts, policy, year)
    criteria = pair_criteria(mentees, mentors, near, facts, policy, year)
    arc_mentee, arc_seat, arc_mentor = (index.astype(np.int32) for index in np.nonzero(rules.blocked == 0))

    persons = tuple(dict.fromkeys(mentor.person_id for mentor in mentors))
    number = {person: index for index, person in enumerate(persons)}
    limits = np.array([person_capacity(records[person], policy) for person in persons], dtype=np.int64).reshape(-1, 2)

    row = {mentee.id: index for index, mentee in enumerate(mentees)}
    column = {mentor.id: index for index, mentor in enumerate(mentors)}
    seats = {code: index for index, code in enumerate(policy.slot_codes)}
    pinned = np.zeros(rules.blocked.shape, dtype=bool)
    pairs = _mark_pins(
        pinned, [p for p in facts.pins if p.mentee_id in row and p.mentor_id in column], row, column, seats
    )
    published = np.zeros(rules.blocked.shape, dtype=bool)
    n_published = 0
    for mentee_id, slot, mentor_id in facts.published:
        n_published += mentee_id in row
        if mentee_id in row and mentor_id in column and slot in seats:
            published[row[mentee_id], seats[slot], column[mentor_id]] = True
    at = (arc_mentee, arc_seat, arc_mentor)
    return Component(
        counties=group.counties,
        mentees=mentees,
        mentors=mentors,
        persons=persons,
        person_of_mentor=np.array([number[mentor.person_id] for mentor in mentors], dtype=np.int64),
        active_load=limits[:, 1],
        free_capacity=np.maximum(0, limits[:, 0] - limits[:, 1]),
        blocked=rules.blocked,
        near=near,
        criteria=criteria,
        priority=np.array([priority_of(mentee, policy) for mentee in mentees], dtype=np.int64),
        arc_mentee=arc_mentee,
        arc_seat=arc_seat,
        arc_mentor=arc_mentor,
        arc_score=_scores(criteria, policy, *at),
        arc_tier=rules.tier[at],
        arc_released=rules.released[at],
        arc_pinned=pinned[at],
        arc_published=published[at],
        n_pins=pairs,
        n_published=n_published,
        teams=None
        if policy.team_objective is TeamObjective.SEPARABLE
        else team_arrays(mentees, mentors, near, criteria, policy),
    )


def _scores(criteria: PairCriteria, policy: Policy, mentee: I4, seat: I4, mentor: I4) -> I8:
    """Score arcs in blocks of a million, so that temporary arrays stay small."""
    scores = np.empty(len(mentee), dtype=np.int64)
    for start in range(0, len(mentee), _BLOCK):
        part = slice(start, start + _BLOCK)
        triple = (mentee[part].astype(np.int64), seat[part].astype(np.int64), mentor[part].astype(np.int64))
        scores[part] = pair_scores(criteria, policy, *triple)
    return scores


def _mark_pins(
    pinned: npt.NDArray[np.bool_],
    pins: Sequence[Pin],
    row: Mapping[str, int],
    column: Mapping[str, int],
    seats: Mapping[str, int],
) -> int:
    """Mark the arcs that honour a pin; return the number of pinned (mentee, mentor) pairs."""
    named: dict[tuple[int, int], int | None] = {}
    for pin in pins:
        key = (row[pin.mentee_id], column[pin.mentor_id])
        seat = None if pin.slot is None else seats[pin.slot]
        named[key] = seat if named.get(key) is None else named[key]
    for (mentee, mentor), seat in named.items():
        pinned[mentee, slice(None) if seat is None else seat, mentor] = True
    return len(named)
