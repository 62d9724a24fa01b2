"""Messages of the matching library for people's eyes: 编号 instead of ids, avoidance instead of restricted reasons."""

import re
from collections.abc import Callable

from app.labels import RESTRICTED_REASONS
from matching.facts import Facts
from matching.findings import Finding, FindingCode

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
