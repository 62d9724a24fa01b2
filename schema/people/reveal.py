"""The mutation that reveals one clear value of one person."""

from typing import Annotated

import strawberry

from app.access import Permission, Viewer
from app.db import Session
from app.errors import InvalidInputError, RevealLimitError
from app.models.vocabulary import RevealField
from app.services.privacy.reveal import RevealDraft, record_refused_reveal, reveal_personal_data
from schema.context import Info
from schema.drafts import to_draft
from schema.inputs import required
from schema.permissions import mutation_field
from schema.problems import Payload


@strawberry.input(description="Input of `revealPersonalData`.")
class RevealPersonalDataInput:
    person_id: strawberry.ID = required("Whose value.")
    field: RevealField = required("Which value.")
    purpose: str = required("What it is needed for, in 4 to 200 characters; it is recorded and names no number itself.")


@strawberry.type(description="Result of `revealPersonalData`; show it once and keep it nowhere.")
class RevealPersonalDataPayload(Payload):
    value: str | None = strawberry.field(default=None, description="The clear value.")


@strawberry.type(description="Mutations of privacy.")
class RevealMutations:
    @mutation_field(
        Permission.REVEAL,
        RevealPersonalDataPayload,
        "Reveal the ID number or the phone of one person in the territory, for a purpose. Each reveal is recorded; one "
        "in each operation, and no more in a day than the service allows.",
    )
    async def reveal_personal_data(
        self, info: Info, input: Annotated[RevealPersonalDataInput, strawberry.argument(description="What to do.")]
    ) -> RevealPersonalDataPayload | None:
        context, draft = info.context, to_draft(RevealDraft, input)
        context.n_reveals += 1
        if context.n_reveals > 1:
            raise InvalidInputError(
                "One operation reveals one value; ask for each of the others by itself.",
                "一次操作只能查看一项明文，请逐条查看。",
            )

        def unit(session: Session, viewer: Viewer) -> str:
            return reveal_personal_data(session, viewer, context.cipher, draft, most_per_day=context.reveals_per_day)

        try:
            value = await context.write(unit)
        except RevealLimitError:
            await context.write(lambda session, viewer: record_refused_reveal(session, viewer, draft))
            raise
        return RevealPersonalDataPayload(value=value)
