"""Supply and demand per township, known before any solve: which township cannot be filled."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from matching.checks import reference_year
from matching.facts import Facts, Mentor
from matching.people import person_capacity
from matching.policy import Policy
from matching.rules import mentee_exclusion, mentor_masks
from matching.vocabulary import MentorCategory


@dataclass(frozen=True, slots=True, kw_only=True)
class TownshipSupply:
    """Demand and supply of one township; persons, not records, are counted.

    A mentor belongs to the township of the pool, else of the first anchor; county pools without an anchor are a row
    with an empty township.

    Attributes
    ----------
    n_mentees, n_seats
        Mentees that take part, and the seats they need.
    n_mentors
        Mentors that every rule about the mentor alone admits, of a category that some seat takes.
    free_capacity
        Mentees these mentors can still take.
    n_local_seats
        Seats that only mentors of the own township may fill (township rule not released).
    local_capacity
        Mentees that mentors of the township can take in such seats: of the pool, or with an anchor or link there.
    shortage
        ``max(0, n_seats - free_capacity)``.
    local_shortage
        ``max(0, n_local_seats - local_capacity)``.
    """

    county: str
    township: str
    n_mentees: int
    n_seats: int
    n_mentors: int
    free_capacity: int
    n_local_seats: int
    local_capacity: int
    shortage: int
    local_shortage: int


def supply_table(facts: Facts, policy: Policy) -> tuple[TownshipSupply, ...]:
    """Return one row per township that has mentees or mentors, by county and township code."""
    local_seats = [seat for seat, slot in enumerate(policy.slots) if slot.admits_own_township_only]
    if policy.geography.min_one_mentor_same_township and not local_seats:
        local_seats = [0]  # the seats of such a policy have equal hard rules, so any of them stands for the local one
    takes_local = _admitted(local_seats, policy)
    demand: dict[tuple[str, str], list[int]] = {}
    for mentee in facts.mentees:
        if mentee_exclusion(mentee, policy) is None:
            row = demand.setdefault((mentee.county, mentee.township), [0, 0, 0])
            row[0] += 1
            row[1] += policy.n_seats
            row[2] += 0 if mentee.released_rules else len(local_seats)
    places = facts.geography.places
    supply: dict[tuple[str, str], list[int]] = {}
    local: dict[tuple[str, str], int] = {}
    for serving, records in _serving(facts, policy):
        county = serving[0].pool_county
        capacity, active = person_capacity(records, policy)
        free = max(0, capacity - active)
        row = supply.setdefault((county, _home(serving[0], facts)), [0, 0])
        row[0] += 1
        row[1] += free
        reach = {
            places[code].township
            for mentor in serving
            if mentor.category in takes_local
            for code in (*mentor.anchors, *mentor.linked_villages)
        }
        for township in reach - {""} if takes_local else ():
            local[(county, township)] = local.get((county, township), 0) + free
    table = []
    for county, township in sorted({*demand, *supply}):
        n_mentees, n_seats, n_local = demand.get((county, township), [0, 0, 0])
        n_mentors, free = supply.get((county, township), [0, 0])
        reachable = local.get((county, township), 0)
        table.append(
            TownshipSupply(
                county=county,
                township=township,
                n_mentees=n_mentees,
                n_seats=n_seats,
                n_mentors=n_mentors,
                free_capacity=free,
                n_local_seats=n_local,
                local_capacity=reachable,
                shortage=max(0, n_seats - free),
                local_shortage=max(0, n_local - reachable),
            )
        )
    return tuple(table)


def _serving(facts: Facts, policy: Policy) -> Iterator[tuple[Sequence[Mentor], Sequence[Mentor]]]:
    """Yield per county and person the records that can serve, by id, and all records of the person."""
    by_person: dict[str, list[Mentor]] = {}
    for mentor in facts.mentors:
        by_person.setdefault(mentor.person_id, []).append(mentor)
    admitted = _admitted(range(policy.n_seats), policy)
    shared: dict[tuple[str, str], list[Mentor]] = {}
    for mentor, mask in zip(facts.mentors, mentor_masks(facts.mentors, policy, reference_year(facts)), strict=True):
        if mask or mentor.category not in admitted:
            continue
        records = by_person[mentor.person_id]
        if len(records) == 1:
            yield records, records
        else:
            shared.setdefault((mentor.pool_county, mentor.person_id), []).append(mentor)
    for (_, person), own in shared.items():
        yield sorted(own, key=lambda mentor: mentor.id), by_person[person]


def _home(mentor: Mentor, facts: Facts) -> str:
    if mentor.pool_township is not None:
        return mentor.pool_township
    return facts.geography.places[mentor.anchors[0]].township if mentor.anchors else ""


def _admitted(seats: Iterable[int], policy: Policy) -> frozenset[MentorCategory]:
    """Return the categories that any of the seats admits."""
    return frozenset(
        category
        for seat in seats
        for category in (policy.slots[seat].allowed if policy.requires_category(seat) else MentorCategory)
    )
