"""Refusal of facts that contradict themselves, before anything is computed."""

import math
from collections.abc import Iterable
from datetime import date

from matching.errors import EmptyPoolError, InvalidFactsError
from matching.facts import Facts, Mentee, Mentor
from matching.policy import Policy

MOST = 1_000_000
"""Greatest number that facts may state: far beyond any true one, and safe in every sum of the objective."""

RELEASABLE_RULES = frozenset({"TOWNSHIP_RULE"})
"""Rules an officer may release for one mentee before a run."""


def check_facts(facts: Facts, policy: Policy) -> None:
    """Refuse facts that no plan could be trusted on.

    Raises
    ------
    EmptyPoolError
        Without any mentee, or without any mentor.
    InvalidFactsError
        For a duplicate id, an unknown reference, a negative or non-finite number; the item is named.
    """
    if not facts.mentees:
        raise EmptyPoolError("the run has no mentee; add candidates or widen the run's scope")
    if not facts.mentors:
        raise EmptyPoolError("the run has no mentor; fill a mentor pool or widen the run's scope")
    _check_date(facts.reference_date)
    _check_unique("mentee id", (mentee.id for mentee in facts.mentees))
    _check_unique("mentor id", (mentor.id for mentor in facts.mentors))
    _check_unique("mentee person", (mentee.person_id for mentee in facts.mentees))
    _check_unique("pin id", (pin.id for pin in facts.pins))
    _check_geography(facts)
    for mentee in facts.mentees:
        _check_mentee(mentee, facts)
    for mentor in facts.mentors:
        _check_mentor(mentor, facts)
    _check_links(facts, policy)


def reference_year(facts: Facts) -> int:
    """Return the year of the reference date; "last year" of appraisals is the one before."""
    return int(facts.reference_date[:4])


def _check_date(text: str) -> None:
    try:
        is_plain = date.fromisoformat(text).isoformat() == text  # week dates parse too, but their year may differ
    except ValueError:
        is_plain = False
    if not is_plain:
        raise InvalidFactsError("referenceDate", f"{text!r} is not a date; write it as YYYY-MM-DD")


def _check_unique(what: str, items: Iterable[str]) -> None:
    seen: set[str] = set()
    for item in items:
        if item in seen:
            raise InvalidFactsError(item, f"this {what} occurs twice; give every record once")
        seen.add(item)


def _check_number(item: str, what: str, value: float | None, *, least: float = 0.0) -> None:
    if value is not None and not least <= value <= MOST:  # false for NaN as well
        raise InvalidFactsError(item, f"{what} is {value}; it must be a number from {least:g} to {MOST}")


def _check_geography(facts: Facts) -> None:
    geography = facts.geography
    for code, place in geography.places.items():
        if code != place.code:
            raise InvalidFactsError(code, f"the place stored here has the code {place.code}; store it under its code")
        if (place.latitude is None) != (place.longitude is None):
            raise InvalidFactsError(code, "one of latitude and longitude is missing; give both or none")
        for what, value, limit in (("latitude", place.latitude, 90.0), ("longitude", place.longitude, 180.0)):
            if value is not None and not (math.isfinite(value) and abs(value) <= limit):
                raise InvalidFactsError(code, f"{what} is {value}; it must lie within ±{limit:g} degrees")
    for kind, pairs in (
        ("adjacency", geography.adjacent_townships),
        ("travel time", geography.travel_minutes),
    ):
        for a, b in pairs:
            if a >= b:
                raise InvalidFactsError(f"{a}-{b}", f"this {kind} must be stored once, as (smaller code, larger code)")
    for (a, b), minutes in geography.travel_minutes.items():
        _check_number(f"{a}-{b}", "travel time", minutes)


def _check_mentee(mentee: Mentee, facts: Facts) -> None:
    _check_number(mentee.id, "grassroots months", mentee.grassroots_months)
    _check_number(mentee.id, "age", mentee.age_years)
    for specialty, weight in mentee.needs.items():
        if not 0 < weight <= MOST:
            message = f"the need {specialty} weighs {weight}; a weight must be above 0 and at most {MOST}"
            raise InvalidFactsError(mentee.id, message)
    unknown = sorted(mentee.released_rules - RELEASABLE_RULES)
    if unknown:
        raise InvalidFactsError(mentee.id, f"the rule {unknown[0]} cannot be released; only TOWNSHIP_RULE can")
    village = facts.geography.places.get(mentee.village)
    if village is None:
        raise InvalidFactsError(mentee.id, f"the village {mentee.village} is not among the places; add it")
    if (village.township, village.county) != (mentee.township, mentee.county):
        raise InvalidFactsError(mentee.id, f"the village {mentee.village} lies in another township or county")


def _check_mentor(mentor: Mentor, facts: Facts) -> None:
    _check_number(mentor.id, "grassroots months", mentor.grassroots_months)
    _check_number(mentor.id, "trade years", mentor.trade_years)
    _check_number(mentor.id, "capacity", mentor.capacity)
    _check_number(mentor.id, "active load", mentor.active_load)
    for post, months in mentor.months_by_post.items():
        _check_number(mentor.id, f"months as {post}", months)
    if len(set(mentor.anchors)) != len(mentor.anchors):
        raise InvalidFactsError(mentor.id, "an anchor occurs twice; name every place once")
    for code in (*mentor.anchors, *sorted(mentor.linked_villages)):
        if code not in facts.geography.places:
            raise InvalidFactsError(mentor.id, f"the anchor {code} is not among the places; add it")


def _check_links(facts: Facts, policy: Policy) -> None:
    mentees = {mentee.id for mentee in facts.mentees}
    mentors = {mentor.id for mentor in facts.mentors}
    slots = frozenset(policy.slot_codes)
    for pin in facts.pins:
        if pin.mentee_id not in mentees:
            raise InvalidFactsError(pin.id, f"this pin names the unknown mentee {pin.mentee_id}; remove it")
        if pin.mentor_id not in mentors:
            raise InvalidFactsError(pin.id, f"this pin names the unknown mentor {pin.mentor_id}; remove it")
        if pin.slot is not None and pin.slot not in slots:
            raise InvalidFactsError(
                pin.id, f"this pin names the unknown slot {pin.slot}; the policy has {sorted(slots)}"
            )
    wishes: set[tuple[str, str]] = set()
    for wish in facts.preferences:
        item = f"{wish.from_person}-{wish.to_person}"
        if wish.rank not in (0, 1, 2, 3):
            raise InvalidFactsError(item, f"this wish has rank {wish.rank}; use 1, 2, 3, or 0 for a veto")
        if (wish.from_person, wish.to_person) in wishes:
            raise InvalidFactsError(item, "this wish occurs twice; keep one rank")
        wishes.add((wish.from_person, wish.to_person))
    if len(set(facts.published)) != len(facts.published):
        raise InvalidFactsError("published", "a link of the published roster occurs twice; list every link once")
