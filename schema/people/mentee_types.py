"""Types of people who are mentored: reserve candidates, assigned cadres and what they need."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, TypeAlias

import strawberry

from app.models import AssignedCadre as AssignedCadreRow
from app.models import DevelopmentNeed as DevelopmentNeedRow
from app.models import ReserveCandidate as ReserveCandidateRow
from app.models import ReservePool as ReservePoolRow
from app.models.columns import Pii
from app.models.vocabulary import (
    AssignmentState,
    CandidateSource,
    CandidateState,
    NeedSource,
    ReviewLevel,
    Specialty,
    TargetPost,
)
from app.reads import pairing, people, places
from schema.fields import Node, Wrapped, described, label_of, many, one
from schema.personal import personal

if TYPE_CHECKING:
    from schema.pairing.types import Pairing
    from schema.people.types import Person
    from schema.places.types import County, Village


@strawberry.type(description="A field in which a person or a village needs help (能力短板).")
class DevelopmentNeed(Wrapped, shows=DevelopmentNeedRow):
    row: strawberry.Private[DevelopmentNeedRow]

    specialty: Specialty = described("The field.")
    specialty_label: str = label_of("specialty")
    weight: float = described("How much it counts among the needs of the same owner; above zero.")
    source: NeedSource = described("Where the need was found.")
    source_label: str = label_of("source")


@strawberry.type(description="The reserve pool of a county (后备力量库).")
class ReservePool(Node, shows=ReservePoolRow):
    row: strawberry.Private[ReservePoolRow]

    name: str = described("Name.")
    county: Annotated["County", strawberry.lazy("schema.places.types")] | None = one(
        places.divisions_by_id, "county_id", "The county."
    )


@strawberry.type(description="One person in one reserve pool (后备力量).")
class ReserveCandidate(Node, shows=ReserveCandidateRow):
    row: strawberry.Private[ReserveCandidateRow]

    target_post: TargetPost = described("The post the candidate is prepared for (培养方向).")
    target_post_label: str = label_of("target_post")
    source: CandidateSource = described("Where the candidate comes from (来源渠道).")
    source_label: str = label_of("source")
    state: CandidateState = described("State.")
    state_label: str = label_of("state")
    review_level: ReviewLevel = described("How far the three-level review has come.")
    review_level_label: str = label_of("review_level")
    pool_date: date | None = described("Day of entering the pool.")
    exit_date: date | None = described("Day of leaving the pool.")
    tags: list[str] = personal(Pii.CADRE, "tags", "Local tags.", withheld=[])
    exit_reason: str | None = personal(
        Pii.RESTRICTED, "exit_reason_encrypted", "Why the candidate left the pool (class A).", is_encrypted=True
    )
    version: int = described("Grows with every change.")
    person: Annotated["Person", strawberry.lazy("schema.people.types")] | None = one(
        people.persons_by_id, "person_id", "The person."
    )
    pool: ReservePool | None = one(people.reserve_pools_by_id, "pool_id", "The reserve pool.")
    village: Annotated["Village", strawberry.lazy("schema.places.types")] | None = one(
        people.villages_by_mentee, "key", "The village in which the candidate serves."
    )
    needs: list[DevelopmentNeed] = many(
        people.needs_by_person, "Fields in which the person needs help, heaviest first.", attribute="person_id"
    )
    pairings: list[Annotated["Pairing", strawberry.lazy("schema.pairing.types")]] = many(
        pairing.pairings_by_mentee, "Pairings of the candidate, newest first."
    )


@strawberry.type(description="An official sent by a unit to a village (选派干部).")
class AssignedCadre(Node, shows=AssignedCadreRow):
    row: strawberry.Private[AssignedCadreRow]

    sending_unit: str = described("The unit that sent the official.")
    assigned_from: date = described("First day of the posting.")
    term_end: date | None = described("Planned last day.")
    state: AssignmentState = described("State.")
    state_label: str = label_of("state")
    version: int = described("Grows with every change.")
    person: Annotated["Person", strawberry.lazy("schema.people.types")] | None = one(
        people.persons_by_id, "person_id", "The person."
    )
    village: Annotated["Village", strawberry.lazy("schema.places.types")] | None = one(
        people.villages_by_mentee, "key", "The village of the posting."
    )
    needs: list[DevelopmentNeed] = many(
        people.needs_by_person, "Fields in which the person needs help, heaviest first.", attribute="person_id"
    )
    pairings: list[Annotated["Pairing", strawberry.lazy("schema.pairing.types")]] = many(
        pairing.pairings_by_mentee, "Pairings of the cadre, newest first."
    )


Mentee: TypeAlias = Annotated[
    ReserveCandidate | AssignedCadre,
    strawberry.union("Mentee", description="Who is mentored (帮带对象): a reserve candidate or an assigned cadre."),
]
