"""Messages of the matching library for people's eyes: 编号 instead of ids, avoidance instead of restricted reasons."""

import re
from collections.abc import Callable, Iterable

from app.labels import RESTRICTED_REASONS
from matching.facts import Facts
from matching.findings import Finding, FindingCode
from matching.vocabulary import ReasonCode

LEAST_SHOWN_COUNT = 3
"""Smaller counts of restricted reasons could point at a person."""

_RESTRICTED = re.compile("|".join(sorted(RESTRICTED_REASONS)))
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def translator(facts: Facts) -> Callable[[str], str]:
    """A function that puts 编号 in place of internal ids and AVOIDANCE in place of restricted reasons."""
    known = {mentee.id: mentee.code for mentee in facts.mentees}
    known.update((mentor.id, mentor.code) for mentor in facts.mentors)
    known.update((mentee.person_id, mentee.code) for mentee in facts.mentees)
    known.update((mentor.person_id, mentor.code) for mentor in facts.mentors)
    known.update(
        (pin.id, f"({known.get(pin.mentee_id, pin.mentee_id)}, {known.get(pin.mentor_id, pin.mentor_id)})")
        for pin in facts.pins
    )

    def translate(message: str) -> str:
        return _RESTRICTED.sub("AVOIDANCE", _UUID.sub(lambda match: known.get(match[0], match[0]), message))

    return translate


def public_warning(finding: Finding, translate: Callable[[str], str]) -> dict[str, str]:
    """Code and text of a finding as everybody may read them; a complaint reads as avoidance."""
    if finding.code is FindingCode.COMPLAINT:
        text = translate(f"{finding.item}: avoidance is on record for this pair; the policy only warns")
        return {"code": "AVOIDANCE", "text": text}
    return {"code": finding.code.value, "text": translate(f"{finding.item}: {finding.message}")}


def public_reasons(reasons: Iterable[ReasonCode]) -> tuple[ReasonCode | None, ...]:
    """Reasons as everybody may read them: ``None`` stands for all restricted ones together, and comes last.

    Its place among the others would tell which one it is.
    """
    codes = list(reasons)
    shown: list[ReasonCode | None] = [code for code in codes if code not in RESTRICTED_REASONS]
    return (*shown, None) if len(shown) < len(codes) else tuple(shown)


def public_counts(reasons: Iterable[tuple[ReasonCode, int]]) -> tuple[tuple[ReasonCode | None, int | None], ...]:
    """As ``public_reasons``, with counts; the restricted reasons count as the largest of them, hidden where small.

    The same mentor may stand under several of them, so their counts do not add up.
    """
    pairs = list(reasons)
    shown: list[tuple[ReasonCode | None, int | None]] = [pair for pair in pairs if pair[0] not in RESTRICTED_REASONS]
    restricted = [count for code, count in pairs if code in RESTRICTED_REASONS]
    if restricted:
        shown.append((None, max(restricted) if max(restricted) >= LEAST_SHOWN_COUNT else None))
    return tuple(shown)
