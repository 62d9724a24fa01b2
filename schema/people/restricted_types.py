"""Types of class A: what is only shown in the own county to whoever was given the permission by name."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.models import KinshipDeclaration as KinshipRow
from app.models import PersonFlag as PersonFlagRow
from app.models.columns import Pii
from app.models.vocabulary import KinshipRelation, PersonFlagKind
from app.reads import people
from schema.context import Info
from schema.fields import Wrapped, label_of, one
from schema.personal import guard, inside

if TYPE_CHECKING:
    from schema.people.types import Person


@strawberry.type(description="A restricted fact about a person for a period (class A).")
class PersonFlag(Wrapped, shows=PersonFlagRow):
    row: strawberry.Private[PersonFlagRow]

    kind: PersonFlagKind = inside(Pii.RESTRICTED, "Which fact.")
    kind_label: str | None = label_of("kind", pii=Pii.RESTRICTED)
    start_date: date = inside(Pii.RESTRICTED, "First day.")
    end_date: date | None = inside(Pii.RESTRICTED, "Last day of the effect; empty while it lasts.")

    @strawberry.field(description="Remark.", **guard(Pii.RESTRICTED, is_recorded=False))
    def note(self, info: Info) -> str | None:
        token = self.row.note_encrypted
        return None if token is None else info.context.cipher.decrypt(token)


@strawberry.type(description="A declared kinship between two persons (class A).")
class Kinship(Wrapped, shows=KinshipRow):
    row: strawberry.Private[KinshipRow]

    relation: KinshipRelation = inside(Pii.RESTRICTED, "Which relation.")
    relation_label: str | None = label_of("relation", pii=Pii.RESTRICTED)
    person_a: Annotated["Person", strawberry.lazy("schema.people.types")] | None = one(
        people.persons_by_id, "person_a_id", "One side; empty outside the territory."
    )
    person_b: Annotated["Person", strawberry.lazy("schema.people.types")] | None = one(
        people.persons_by_id, "person_b_id", "The other side; empty outside the territory."
    )
