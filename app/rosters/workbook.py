"""From the bytes of an uploaded file to its tables: sheets, headers, rows and cells, still without meaning."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from app.errors import WorkbookError
from app.rosters.columns import LAYOUTS, Layout
from app.rosters.files.container import open_book
from app.rosters.files.raw import Cell as Cell
from app.rosters.files.raw import RawSheet
from app.rosters.layout import IGNORED_SHEETS
from app.rosters.tables.grid import Grid, fill_grid
from app.rosters.tables.header import find_header, mapped_header
from app.rosters.tables.rows import read_table, written_headers
from app.rosters.tables.sheet import SKIP_ROW as SKIP_ROW
from app.rosters.tables.sheet import Correction as Correction
from app.rosters.tables.sheet import Corrections, Remembered
from app.rosters.tables.sheet import DataRow as DataRow
from app.rosters.tables.sheet import Sheet as Sheet
from app.rosters.tables.sheet import SheetMapping as SheetMapping
from app.services.imports.records import SheetKind
from app.services.privacy.numbers import without_personal_numbers

_LAYOUT_BY_KIND: dict[SheetKind, Layout] = {layout.kind: layout for layout in LAYOUTS}


def read_sheets(
    file_name: str,
    data: bytes,
    *,
    mappings: Mapping[str, SheetMapping] | None = None,
    remembered: Remembered | None = None,
    corrections: Corrections | None = None,
    fills_down: bool = False,
) -> list[Sheet]:
    """All sheets of a file that hold anything; raises ``WorkbookError`` when it cannot be read safely.

    ``mappings`` by name of the sheet say what people decided about it; ``remembered`` what they decided earlier about
    headers; ``corrections`` replace cells and leave out rows. A sheet of no known kind comes without layout.
    """
    by_sheet: dict[str, dict[str, Correction]] = defaultdict(dict)
    for (name, place), correction in (corrections or {}).items():
        by_sheet[name][place] = correction
    sheets = []
    for number, raw in enumerate(open_book(file_name, data), start=1):
        if raw.name in IGNORED_SHEETS:
            continue
        raw = replace(raw, name=_shown_name(raw.name, number))
        grid = fill_grid(raw, by_sheet.get(raw.name, {}))
        if grid.values:
            mapping = (mappings or {}).get(raw.name)
            sheets.append(_read_sheet(raw, grid, mapping, remembered or {}, fills_down=fills_down))
    return sheets


def _shown_name(name: str, number: int) -> str:
    """The name of a sheet as it is shown and kept in clear: without numbers of people, and still the only one."""
    shown = without_personal_numbers(name)
    return name if shown == name else f"{shown}（{number}）"


def require_known_table(file_name: str, sheets: list[Sheet]) -> None:
    """Refuse a file of which no sheet is of a known kind."""
    if not any(sheet.layout for sheet in sheets):
        titles = "、".join(layout.title_zh for layout in LAYOUTS)
        raise WorkbookError(
            f"No sheet of {file_name} has a known header; the first row of the table must name columns such as 姓名, "
            f"乡镇. Known tables: {titles}.",
            f"{file_name} 中未找到可识别的表头；表头须含“姓名”“乡镇”等列名。可识别的表：{titles}。",
            path=("file",),
        )


def _read_sheet(
    raw: RawSheet, grid: Grid, mapping: SheetMapping | None, remembered: Remembered, *, fills_down: bool
) -> Sheet:
    if mapping is not None and mapping.kind is not None:
        header = mapped_header(grid, _LAYOUT_BY_KIND[mapping.kind], mapping, remembered)
        return read_table(grid, header, fills_down=fills_down)
    header = find_header(grid, remembered)
    if mapping is not None or header.layout is None:
        sheet = Sheet(
            name=raw.name,
            layout=None,
            header_row=header.first_row,
            headers=written_headers(header),
            is_left_out=mapping is not None,
        )
        if mapping is None:
            sheet.notes.append(("A1", "UNRECOGNISED_SHEET", ""))
        return sheet
    return read_table(grid, header, fills_down=fills_down)
