"""How forms are worded: their texts and widths by key, as a division prints them."""

from uuid import UUID

import strawberry

from app.access import Viewer, require_division
from app.db import Session
from app.errors import NotFoundError
from app.labels import Language, label
from app.models import Division as DivisionRow
from app.models.vocabulary import ExportForm
from app.rosters.formtexts import effective_template, find_form_text, texts_of, widths_of
from schema.fields import LanguageArgument
from schema.inputs import required

DIVISIONS = ("County", "Prefecture", "Township", "Village", "Province")
KEY = "Which text: `title`, `notes`, `header.mentee.name`, `group.mentee`, `phrase.missing` and so on."
COLUMN = "Which column, such as `mentee.name`."


@strawberry.input(description="One text of a form.")
class FormTextEntryInput:
    key: str = required(KEY)
    text: str = required("How it is to read. Lines of `notes` and `sign_off` are separated by line breaks.")


@strawberry.input(description="The width of one column of a form.")
class FormWidthInput:
    column: str = required(COLUMN)
    width: float = required("Width in digits of Arial 11, as Excel counts.")


@strawberry.type(description="One text of a form.")
class FormTextEntry:
    key: str = strawberry.field(description=KEY)
    text: str = strawberry.field(description="How it reads.")
    is_own: bool = strawberry.field(description="Whether the division itself has set it.")


@strawberry.type(description="The width of one column of a form.")
class FormWidth:
    column: str = strawberry.field(description=COLUMN)
    width: float = strawberry.field(description="Width in digits of Arial 11, as Excel counts.")
    is_own: bool = strawberry.field(description="Whether the division itself has set it.")


@strawberry.type(description="How a division words one form (表册文字).")
class FormText:
    form: ExportForm = strawberry.field(description="Which form.")
    version: int | None = strawberry.field(
        description="Version of what the division has set, for `expectedVersion`; empty where it has set nothing."
    )
    texts: list[FormTextEntry] = strawberry.field(description="Every text that can be changed.")
    widths: list[FormWidth] = strawberry.field(description="Every column that can be changed.")

    @strawberry.field(description="What the form is called.")
    def form_label(self, language: LanguageArgument = Language.ZH) -> str:
        return label(self.form, language)


def form_texts(session: Session, viewer: Viewer, division_id: UUID) -> list[FormText] | None:
    """The forms of a division; nothing where it lies outside the territory."""
    try:
        division = require_division(session, viewer, division_id)
    except NotFoundError:
        return None
    return [form_text_of(session, division.id, form) for form in ExportForm]


def form_text_of(session: Session, division_id: UUID, form: ExportForm) -> FormText:
    """How a division words a form."""
    division = session.get_one(DivisionRow, division_id)
    template = effective_template(session, form, division)
    own = find_form_text(session, division_id, form)
    own_texts, own_widths = (own.texts, own.widths) if own is not None else ({}, {})
    return FormText(
        form=form,
        version=None if own is None else own.version,
        texts=[FormTextEntry(key=key, text=text, is_own=key in own_texts) for key, text in texts_of(template).items()],
        widths=[
            FormWidth(column=path, width=width, is_own=path in own_widths)
            for path, width in widths_of(template).items()
        ],
    )
