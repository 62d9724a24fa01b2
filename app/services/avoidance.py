"""Messages of the matching library for people's eyes: 编号 instead of ids, avoidance instead of restricted reasons."""

import re

from matching import ReasonCode
from matching.facts import Facts

RESTRICTED_REASONS = frozenset({ReasonCode.KINSHIP, ReasonCode.DISCIPLINE, ReasonCode.EXCLUDED, ReasonCode.VETO})
"""Reasons that rest on class A facts; outside an explicit permission they read AVOIDANCE."""

_RESTRICTED = re.compile("|".join(sorted(RESTRICTED_REASONS)))


def with_codes(facts: Facts, message: str) -> str:
    """The message with every internal id replaced by 编号 and every restricted reason by AVOIDANCE."""
    codes = {mentee.id: mentee.code for mentee in facts.mentees}
    codes.update((mentor.id, mentor.code) for mentor in facts.mentors)
    codes.update((person.person_id, person.code) for person in (*facts.mentees, *facts.mentors))
    pairs = {pin.id: f"({codes.get(pin.mentee_id, '?')}, {codes.get(pin.mentor_id, '?')})" for pin in facts.pins}
    known = codes | pairs
    text = re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda m: known.get(m[0], m[0]), message)
    return _RESTRICTED.sub("AVOIDANCE", text)
