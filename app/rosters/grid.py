"""A roster as a grid of texts: the step between its entries and the writers of xlsx and csv."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias

from app.labels import label, public_reason
from app.models.vocabulary import MaskLevel, ReasonCode, RosterLayout
from app.rosters.forms import FormColumn, FormTemplate

Cell: TypeAlias = str | int
Line: TypeAlias = tuple[Cell, ...]

# Published texts are public already; should an entry carry a raw code or an internal label, it is made public here, so
# that no file tells of kinship, discipline or complaints.
_PUBLIC_REASONS = {text: public_reason(code) for code in ReasonCode for text in (code.value, label(code))}


@dataclass(frozen=True, slots=True, kw_only=True)
class GridColumn:
    """One printed column; columns with the same ``group_number`` stand together under the header ``group``."""

    group: str | None
    group_number: int
    header: str
    width: float
    is_left_aligned: bool
    is_shared: bool
    """Whether the column speaks of the mentee: one merged cell over the lines of a stacked block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormGrid:
    """Columns and blocks; a block is one mentee: one line when wide, one line per seat when stacked."""

    columns: tuple[GridColumn, ...]
    blocks: tuple[tuple[Line, ...], ...]

    @property
    def groups(self) -> tuple[tuple[str | None, int, int], ...]:
        """Group header, first and last column (from 0) of each run of columns; single columns have no group."""
        runs: list[tuple[str | None, int, int]] = []
        for _, members in groupby(enumerate(self.columns), key=lambda item: item[1].group_number):
            indexes = [index for index, _ in members]
            group = self.columns[indexes[0]].group
            if group is None:
                runs.extend((None, index, index) for index in indexes)
            else:
                runs.append((group, indexes[0], indexes[-1]))
        return tuple(runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seat:
    code: str
    name: str


def build_grid(
    template: FormTemplate,
    header: Mapping[str, Any],
    contents: Sequence[Mapping[str, Any]],
    *,
    layout: RosterLayout,
    mask_level: MaskLevel,
) -> FormGrid:
    """The grid of a roster: ``header`` of the roster and the ``content`` of its entries, in the order given.

    The county is a column of its own where the entries are of several counties.
    """
    is_wide_area = len({_text(content, "county") for content in contents}) > 1
    places = (*((template.county,) if is_wide_area else ()), template.township, template.village)
    seats = tuple(_Seat(code=slot["code"], name=slot["name"]) for slot in header["slots"])
    mentee_columns = _visible(template.mentee, mask_level)
    is_stacked = layout is RosterLayout.STACKED
    mentor_columns = _visible(template.stacked_mentor if is_stacked else template.mentor, mask_level)
    blocks = []
    for position, content in enumerate(contents, start=1):
        before: Line = (position, *(_text(content, column.key) for column in places))
        mentee = tuple(_text(content["mentee"], column.key) for column in mentee_columns)
        mentors = _mentor_by_slot(content)
        cells = [_seat_cells(template, seat, mentors.get(seat.code, {}), mentor_columns) for seat in seats]
        after = (_text(content, "period"), _note(template, content, seats, mentors))
        lines = cells if is_stacked else [tuple(cell for seat in cells for cell in seat)]
        blocks.append(tuple(before + mentee + line + after for line in lines))
    mentor_groups = [template.stacked_group] if is_stacked else [seat.name for seat in seats]
    return FormGrid(
        columns=(
            *(_column(column) for column in (template.position, *places)),
            *(_column(column, template.mentee_group, number=1) for column in mentee_columns),
            # Seats are told apart by number: a programme may give two of them the same name.
            *(
                _column(column, group, number=number, is_shared=False)
                for number, group in enumerate(mentor_groups, start=2)
                for column in mentor_columns
            ),
            *(_column(column) for column in (template.period, template.note)),
        ),
        blocks=tuple(blocks),
    )


def _visible(columns: Sequence[FormColumn], mask_level: MaskLevel) -> tuple[FormColumn, ...]:
    return tuple(column for column in columns if mask_level is not MaskLevel.STRICT or not column.is_phone)


def _column(column: FormColumn, group: str | None = None, *, number: int = 0, is_shared: bool = True) -> GridColumn:
    return GridColumn(
        group=group,
        group_number=number,
        header=column.header,
        width=column.width,
        is_left_aligned=column.is_left_aligned,
        is_shared=is_shared,
    )


def _text(content: Mapping[str, Any], key: str) -> str:
    value = content.get(key)
    return "" if value is None else str(value)


def _mentor_by_slot(content: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {mentor["slot"]: mentor for mentor in content["mentors"]}


def _seat_cells(
    template: FormTemplate, seat: _Seat, mentor: Mapping[str, Any], columns: Sequence[FormColumn]
) -> tuple[str, ...]:
    shown = dict(mentor) if mentor.get("name") else {"name": template.missing}
    shown["slot_name"] = seat.name
    return tuple(_text(shown, column.key) for column in columns)


def _note(
    template: FormTemplate,
    content: Mapping[str, Any],
    seats: Sequence[_Seat],
    mentors: Mapping[str, Mapping[str, Any]],
) -> str:
    """The entry's own note, then one sentence for each empty seat."""
    sentences = [_text(content, "note")]
    for seat in seats:
        mentor = mentors.get(seat.code, {})
        if mentor.get("name"):
            continue
        # Two hidden reasons read the same; the form says it once.
        reasons = dict.fromkeys(_PUBLIC_REASONS.get(reason, reason) for reason in mentor.get("shortfall", ()))
        sentence = template.shortfall.format(slot=seat.name, reasons="、".join(reasons))
        sentences.append(sentence if reasons else sentence.rstrip("：:"))
    return "；".join(sentence for sentence in sentences if sentence)
