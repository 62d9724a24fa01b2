"""Types of what officers fix by hand: pins, released rules, exclusions and wishes."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.models import Exclusion as ExclusionRow
from app.models import Pin as PinRow
from app.models import Preference as PreferenceRow
from app.models import RuleRelease as RuleReleaseRow
from app.models.columns import Pii
from app.models.vocabulary import ExclusionReason
from app.reads import mentors, pairing, people
from schema.fields import Node, described, one
from schema.people.mentee_types import Mentee
from schema.people.mentor_types import Mentor
from schema.people.types import Person
from schema.personal import personal

if TYPE_CHECKING:
    from schema.pairing.types import PairingProgram


@strawberry.type(description="A pairing that must be formed (锁定).")
class Pin(Node, shows=PinRow):
    row: strawberry.Private[PinRow]

    slot_code: str | None = described("The slot; empty for any.")
    reason: str = personal(Pii.CADRE, "reason", "Why; an empty text where it may not be read.", withheld="")
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
    reason: str = personal(Pii.CADRE, "reason", "Why; an empty text where it may not be read.", withheld="")
    created_at: datetime = described("Instant of the release, UTC.")
    created_by: str = described("Who released it.")
    program: Annotated["PairingProgram", strawberry.lazy("schema.pairing.types")] | None = one(
        pairing.programs_by_id, "program_id", "The programme."
    )
    mentee: Mentee | None = one(people.mentees_by_id, "mentee_id", "For whom.")


@strawberry.type(
    description="A pair that must not be formed (禁止结对). Whom it concerns and why is class A: everywhere else it "
    "reads as avoidance (回避/组织原因)."
)
class Exclusion(Node, shows=ExclusionRow):
    row: strawberry.Private[ExclusionRow]

    mentee_person: Person | None = one(
        people.persons_by_id, "mentee_person_id", "Who must not be mentored (class A).", pii=Pii.RESTRICTED
    )
    mentor_person: Person | None = one(
        people.persons_by_id, "mentor_person_id", "By whom (class A).", pii=Pii.RESTRICTED
    )
    restricted_reason: ExclusionReason | None = personal(Pii.RESTRICTED, "reason", "Why (class A).")
    source: str | None = personal(
        Pii.RESTRICTED, "source_encrypted", "Where the exclusion comes from (class A).", is_encrypted=True
    )
    note: str | None = personal(Pii.RESTRICTED, "note_encrypted", "Remark (class A).", is_encrypted=True)
    created_at: datetime = described("Instant at which it was entered, UTC.")


@strawberry.type(description="A wish of one person about another (帮带意愿).")
class Preference(Node, shows=PreferenceRow):
    row: strawberry.Private[PreferenceRow]

    reason: str | None = personal(Pii.RESTRICTED, "reason_encrypted", "Why (class A).", is_encrypted=True)
    rank: int = described("1 to 3 for first to third choice, 0 for a veto.")
    approved_by: str | None = described("Who approved a veto.")
    from_person: Person | None = one(people.persons_by_id, "from_person_id", "Who wishes.")
    to_person: Person | None = one(people.persons_by_id, "to_person_id", "About whom.")
