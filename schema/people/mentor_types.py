"""Types of mentors: pools, mentors and their specialties."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.models import Mentor as MentorRow
from app.models import MentorPool as MentorPoolRow
from app.models import MentorSpecialty as MentorSpecialtyRow
from app.models.columns import Pii
from app.models.vocabulary import MentorCategory, MentorState, SkillLevel, Specialty
from app.reads import mentors, pairing, people, places
from schema.context import Info
from schema.fields import Node, Wrapped, described, label_of, many, one
from schema.lists import nested_list
from schema.paging import Connection, OrderChoice
from schema.people.inputs import MentorFilterInput, MentorOrderBy
from schema.personal import personal

if TYPE_CHECKING:
    from schema.pairing.types import Pairing
    from schema.people.types import Person
    from schema.places.types import Division


@strawberry.type(description="How well a mentor knows one specialty (专业特长).")
class MentorSpecialty(Wrapped, shows=MentorSpecialtyRow):
    row: strawberry.Private[MentorSpecialtyRow]

    specialty: Specialty = described("The field.")
    specialty_label: str = label_of("specialty")
    level: SkillLevel = described("How well.")
    level_label: str = label_of("level")


@strawberry.type(description="A mentor pool of a township or county (帮带导师库).")
class MentorPool(Node, shows=MentorPoolRow):
    row: strawberry.Private[MentorPoolRow]

    name: str = described("Name.")
    division: Annotated["Division", strawberry.lazy("schema.places.types")] | None = one(
        places.divisions_by_id, "division_id", "The township or county."
    )
    mentors: Connection[Annotated["Mentor", strawberry.lazy("schema.people.mentor_types")]] = nested_list(
        mentors.MENTORS,
        MentorFilterInput,
        MentorOrderBy,
        OrderChoice(order=mentors.MentorOrder.CODE),
        "Its mentors.",
        which="Which mentors.",
        ordered="by 编号",
    )


@strawberry.type(description="One person in one mentor pool (导师).")
class Mentor(Node, shows=MentorRow):
    row: strawberry.Private[MentorRow]

    category: MentorCategory = described("Where the mentor comes from (导师类别).")
    category_label: str = label_of("category")
    state: MentorState = described("State; only ACTIVE mentors serve.")
    state_label: str = label_of("state")
    capacity: int | None = described("Most mentees at one time; empty takes the load cap of the policy.")
    trade_years: float | None = personal(Pii.CADRE, "trade_years", "Years in the trade, for industry leaders.")
    available_from: date | None = described("First day on which the mentor can serve.")
    available_to: date | None = described("Last day on which the mentor can serve.")
    version: int = described("Grows with every change.")
    person: Annotated["Person", strawberry.lazy("schema.people.types")] | None = one(
        people.persons_by_id, "person_id", "The person."
    )
    pool: MentorPool | None = one(mentors.pools_by_id, "pool_id", "The pool.")
    specialties: list[MentorSpecialty] = many(mentors.specialties_by_mentor, "What the mentor knows, best first.")
    pairings: list[Annotated["Pairing", strawberry.lazy("schema.pairing.types")]] = many(
        pairing.pairings_by_mentor,
        "Pairings in which the mentor serves or served, newest first, then by 编号 of the mentee.",
    )

    @strawberry.field(
        description="How many different persons the mentor's person mentors now, over all programmes and pools."
    )
    async def load(self, info: Info) -> int:
        return await info.context.get(mentors.loads_by_mentor, self.row.id)
