"""A filled-in form: its table of texts and the lines around it; what all writers have in common."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import groupby
from typing import Any, TypeAlias

from app.rosters.forms.template import FormColumn, FormTemplate, filled

CHINA_TIME = timezone(timedelta(hours=8))
"""One time zone in all of China, without summer time."""

Cell: TypeAlias = str | int
Line: TypeAlias = tuple[Cell, ...]
Block: TypeAlias = tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GridColumn:
    """One printed column; columns with the same ``group_number`` stand together under the header ``group``."""

    group: str | None
    group_number: int
    header: str
    width: float
    is_left_aligned: bool
    is_shared: bool
    """Whether the column speaks of the whole block: one merged cell over the lines of a stacked block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormGrid:
    """Columns and blocks; a block is one mentee: one line when wide, one line per seat when stacked.

    ``n_frozen`` columns stay in sight when a sheet is scrolled; ``page_starts`` are blocks (from 0) before which a new
    page begins.
    """

    columns: tuple[GridColumn, ...]
    blocks: tuple[Block, ...]
    n_frozen: int = 0
    page_starts: frozenset[int] = frozenset()

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
class FormDocument:
    """A form as it is printed: the lines around its table, and how it looks.

    ``notes`` are whole sentences; ``own_mark`` is the last line of the master, which every hand-out replaces.
    ``made_at`` is the only time that gets into a file.
    """

    template: FormTemplate
    grid: FormGrid
    annex: str
    title: str
    unit: str
    date: str
    notes: tuple[str, ...]
    sign_off: tuple[str, ...]
    own_mark: str
    made_at: datetime

    @property
    def notes_line(self) -> str:
        """``注：1. …。2. …。``; empty without notes."""
        if not self.notes:
            return ""
        return "注：" + "".join(f"{number}. {sentence}" for number, sentence in enumerate(self.notes, start=1))

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text outside the table's body."""
        headers = [text for column in self.grid.columns for text in (column.group or "", column.header)]
        around = (self.annex, self.title, self.unit, self.date, *self.notes, *self.sign_off, self.own_mark)
        return (*around, *headers, self.template.sheet_name, self.template.page_number)


def fill_document(
    template: FormTemplate,
    grid: FormGrid,
    values: Mapping[str, str],
    *,
    own_mark: str,
    made_at: datetime,
    more_notes: Iterable[str] = (),
) -> FormDocument:
    """The form with its table and its texts filled in."""
    return FormDocument(
        template=template,
        grid=grid,
        annex=filled(template.annex, values),
        title=filled(template.title, values),
        unit=filled(template.unit, values),
        date=filled(template.date, values),
        notes=(*(filled(note, values) for note in template.notes), *more_notes),
        sign_off=tuple(filled(text, values) for text in template.sign_off),
        own_mark=own_mark,
        made_at=made_at,
    )


def grid_column(column: FormColumn, group: str | None = None, *, number: int = 0, is_shared: bool = True) -> GridColumn:
    """A column of a form in its place."""
    return GridColumn(
        group=group,
        group_number=number,
        header=column.header,
        width=column.width,
        is_left_aligned=column.is_left_aligned,
        is_shared=is_shared,
    )


def text_of(content: Mapping[str, Any], key: str) -> str:
    """The text under a key; empty for nothing."""
    value = content.get(key)
    return "" if value is None else str(value)


def is_wide_area(contents: Iterable[Mapping[str, Any]]) -> bool:
    """Whether rows are of several counties, so that each needs to say of which."""
    return len({text_of(content, "county") for content in contents}) > 1
