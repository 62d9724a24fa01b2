"""One adjustment of a plan by hand: who made it, when, why, and whether it is in force."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.models import PlanAdjustment as PlanAdjustmentRow
from app.models.columns import Pii
from app.models.vocabulary import AdjustmentKind
from app.reads import mentors, people
from app.reads import runs as reads
from schema.context import Info
from schema.fields import Node, described, label_of, one
from schema.people.mentee_types import Mentee
from schema.people.mentor_types import Mentor
from schema.personal import personal

if TYPE_CHECKING:
    from schema.runs.types import MatchPlan


@strawberry.type(
    description="One adjustment of a plan by hand (人工调整). PIN: the mentor for the mentee. FORBID: never these two. "
    "SWAP: the mentor for the mentee, and the other mentor for the other mentee."
)
class PlanAdjustment(Node, shows=PlanAdjustmentRow):
    row: strawberry.Private[PlanAdjustmentRow]

    number: int = described("Number within the plan, from 1.")
    kind: AdjustmentKind = described("What was done.")
    kind_label: str = label_of("kind")
    slot_code: str | None = described("The slot of the mentee; empty for any.")
    other_slot_code: str | None = described("The slot of the other mentee of a swap.")
    created_at: datetime = described("Instant at which it was made, UTC.")
    created_by: str = described("Who made it.")
    undone_at: datetime | None = described("Instant at which it was taken back, UTC; empty while it is in force.")
    undone_by: str | None = described("Who took it back.")
    plan: Annotated["MatchPlan", strawberry.lazy("schema.runs.types")] | None = one(
        reads.plans_by_id, "plan_id", "The plan."
    )
    mentee: Mentee | None = one(people.mentees_by_id, "mentee_id", "The mentee.")
    mentor: Mentor | None = one(mentors.mentors_by_id, "mentor_id", "The mentor who is fixed, or forbidden.")
    other_mentee: Mentee | None = one(people.mentees_by_id, "other_mentee_id", "The other mentee of a swap.")
    other_mentor: Mentor | None = one(mentors.mentors_by_id, "other_mentor_id", "The mentor whom the other one gets.")

    @strawberry.field(description="Whether it is in force: nobody has taken it back.")
    def is_in_force(self) -> bool:
        return self.row.undone_at is None

    restricted_reason: str | None = personal(
        Pii.RESTRICTED, "reason_encrypted", "Why, also of a forbidden pair (class A).", is_encrypted=True
    )

    @strawberry.field(description="Why; not told of a forbidden pair, where it can concern avoidance.")
    def reason(self, info: Info) -> str | None:
        if self.row.kind is AdjustmentKind.FORBID:
            return None
        return info.context.cipher.decrypt(self.row.reason_encrypted)
