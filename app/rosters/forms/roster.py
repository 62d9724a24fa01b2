"""The tables of the 2+1 and one-to-one rosters and of their public version, from what publication has copied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.labels import label, public_reason
from app.models.vocabulary import ExportForm, MaskLevel, ReasonCode, RosterLayout
from app.rosters.forms.template import FormColumn, FormTemplate, filled
from app.rosters.grid import FormGrid, Line, grid_column, is_wide_area, text_of

# Published texts are public already; should an entry carry a raw code or an internal label, it is made public here, so
# that no file tells of kinship, discipline or complaints.
_PUBLIC_REASONS = {text: public_reason(code) for code in ReasonCode for text in (code.value, label(code))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One slot of the programme as the header of the roster names it."""

    code: str
    name: str


def seats_of(header: Mapping[str, Any]) -> tuple[Seat, ...]:
    """The slots of a roster in their order."""
    return tuple(Seat(code=slot["code"], name=slot["name"]) for slot in header["slots"])


def public_texts(reasons: Sequence[str]) -> list[str]:
    """Reasons as everybody may read them; two hidden reasons read the same, which is said once."""
    return list(dict.fromkeys(_PUBLIC_REASONS.get(reason, reason) for reason in reasons))


def build_grid(
    template: FormTemplate,
    header: Mapping[str, Any],
    contents: Sequence[Mapping[str, Any]],
    *,
    layout: RosterLayout,
    mask_level: MaskLevel,
) -> FormGrid:
    """The table of a roster: ``header`` of the roster and the ``content`` of its entries, in the order given.

    The county is a column of its own where the entries are of several counties.
    """
    is_public = template.form is ExportForm.PUBLIC_NOTICE
    places: tuple[str, ...] = ()
    if not is_public:
        places = (*(("county",) if is_wide_area(contents) else ()), "township", "village")
    seats = seats_of(header)
    is_stacked = layout is RosterLayout.STACKED
    mentee_columns = template.under("mentee", mask_level)
    mentor_columns = template.under("stacked" if is_stacked else "mentor", mask_level)
    blocks = []
    for position, content in enumerate(contents, start=1):
        before: Line = (position, *(text_of(content, place) for place in places))
        person = public_mentee(content) if is_public else content["mentee"]
        mentee = tuple(text_of(person, key) for key in mentee_columns)
        mentors = mentor_by_slot(content)
        cells = [_seat_cells(template, seat, mentors.get(seat.code, {}), mentor_columns) for seat in seats]
        after = () if is_public else (text_of(content, "period"), _note(template, content, seats, mentors))
        lines = cells if is_stacked else [tuple(cell for seat in cells for cell in seat)]
        blocks.append(tuple(before + mentee + line + after for line in lines))
    mentor_groups = [template.groups["stacked"]] if is_stacked else [seat.name for seat in seats]
    last = () if is_public else ("period", "note")
    return FormGrid(
        columns=(
            *(grid_column(template.columns[key]) for key in ("position", *places)),
            *(grid_column(column, template.groups["mentee"], number=1) for column in mentee_columns.values()),
            # Seats are told apart by number: a programme may give two of them the same name.
            *(
                grid_column(column, group, number=number, is_shared=False)
                for number, group in enumerate(mentor_groups, start=2)
                for column in mentor_columns.values()
            ),
            *(grid_column(template.columns[key]) for key in last),
        ),
        blocks=tuple(blocks),
        # Up to the name of the mentee.
        n_frozen=1 + len(places) + list(mentee_columns).index("name") + 1,
    )


def public_mentee(content: Mapping[str, Any]) -> dict[str, str]:
    """Name, unit and post of a mentee: the sending unit of an assigned cadre, the village of a candidate."""
    mentee = content["mentee"]
    village = text_of(content, "township") + text_of(content, "village")
    return {
        "name": text_of(mentee, "name"),
        "unit": text_of(mentee, "sending_unit") or village,
        "unit_and_post": text_of(mentee, "unit_and_post"),
    }


def mentor_by_slot(content: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The mentors of an entry by the code of their seat."""
    return {mentor["slot"]: mentor for mentor in content["mentors"]}


def _seat_cells(
    template: FormTemplate, seat: Seat, mentor: Mapping[str, Any], columns: Mapping[str, FormColumn]
) -> tuple[str, ...]:
    shown = dict(mentor) if mentor.get("name") else {"name": template.phrases["missing"]}
    shown["slot_name"] = seat.name
    return tuple(text_of(shown, key) for key in columns)


def _note(
    template: FormTemplate,
    content: Mapping[str, Any],
    seats: Sequence[Seat],
    mentors: Mapping[str, Mapping[str, Any]],
) -> str:
    """The entry's own note, then one sentence for each empty seat."""
    sentences = [text_of(content, "note")]
    for seat in seats:
        mentor = mentors.get(seat.code, {})
        if mentor.get("name"):
            continue
        reasons = public_texts(mentor.get("shortfall", ()))
        sentence = filled(template.phrases["shortfall"], {"slot": seat.name, "reasons": "、".join(reasons)})
        sentences.append(sentence if reasons else sentence.rstrip("：:"))
    return "；".join(sentence for sentence in sentences if sentence)
