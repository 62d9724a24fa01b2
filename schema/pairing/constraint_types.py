"""Types of what officers fix by hand: pins, released rules, exclusions and wishes."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.models import Exclusion as ExclusionRow
from app.models import Pin as PinRow
from app.models import Preference as PreferenceRow
from app.models import RuleRelease as RuleReleaseRow
from app.reads import mentors, pairing, people
from schema.fields import Node, described, one
from schema.people.mentee_types import Mentee
from schema.people.mentor_types import Mentor
from schema.people.types import Person

if TYPE_CHECKING:
    from schema.pairing.types import PairingProgram


@strawberry.type(description="A pairing that must be formed (锁定).")
class Pin(Node, shows=PinRow):
    row: strawberry.Private[PinRow]

    slot_code: str | None = described("The slot; empty for any.")
    reason: str = described("Why.")
    created_at: datetime = described("Instant at which it was set, UTC.")
    created_by: str = described("Who set it.")
    program: Annotated["PairingProgram", strawberry.lazy("schema.pairing.types")] | None = one(
        pairing.programs_by_id, "program_id", "The programme."
    )
    mentee: Mentee | None = one(people.mentees_by_id, "mentee_id", "Who is mentored.")
    mentor: Mentor | None = one(mentors.mentors_by_id, "mentor_id", "The mentor.")


@strawberry.type(description="A rule released for one mentee of one programme, with a reason.")
class RuleRelease(Node, shows=RuleReleaseRow):
    row: strawberry.Private[RuleReleaseRow]

    rule: str = described("The released rule.")
    reason: str = described("Why.")
    created_at: datetime = described("Instant of the release, UTC.")
    created_by: str = described("Who released it.")
    program: Annotated["PairingProgram", strawberry.lazy("schema.pairing.types")] | None = one(
        pairing.programs_by_id, "program_id", "The programme."
    )
    mentee: Mentee | None = one(people.mentees_by_id, "mentee_id", "For whom.")


@strawberry.type(description="A pair that must not be formed (禁止结对). Whom it concerns and why is not shown.")
class Exclusion(Node, shows=ExclusionRow):
    row: strawberry.Private[ExclusionRow]

    created_at: datetime = described("Instant at which it was entered, UTC.")


@strawberry.type(description="A wish of one person about another (帮带意愿). Its reason is not shown.")
class Preference(Node, shows=PreferenceRow):
    row: strawberry.Private[PreferenceRow]

    rank: int = described("1 to 3 for first to third choice, 0 for a veto.")
    approved_by: str | None = described("Who approved a veto.")
    from_person: Person | None = one(people.persons_by_id, "from_person_id", "Who wishes.")
    to_person: Person | None = one(people.persons_by_id, "to_person_id", "About whom.")
