"""A roster as an xlsx file that prints on A4 landscape the way organisation departments expect it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.packaging.core import DocumentProperties
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.functions import tostring

from app.rosters.forms import FormTemplate
from app.rosters.grid import FormGrid, Line
from app.rosters.guard import parts_of_archive
from app.rosters.sheetpage import break_between_blocks, set_page
from app.rosters.sheetstyle import Style, Styles, TextMeter, make_styles, printable, put, set_measure_font

ANNEX_ROW, TITLE_ROW, UNIT_ROW, GROUP_ROW, HEADER_ROW, FIRST_BODY_ROW = range(1, 7)
_FROZEN_COLUMNS = 5
"""序号, 乡镇, 村, 编号 and 姓名 stay in sight when the sheet is scrolled to the side."""
_N_FOOT_ROWS = 3
"""Notes, signatures, export mark."""
_PROPERTIES_PART = "docProps/core.xml"
_TITLE_HEIGHT_PT = 38.0
_LINE_HEIGHT_PT = 21.0
_EARLIEST_ZIP_YEAR = 1980


@dataclass(frozen=True, slots=True, kw_only=True)
class FormTexts:
    """The texts around the table: title, who fills it in, until when dates count, and the mark of this export."""

    title: str
    unit: str
    date: str
    reference_date: str
    document_no: str | None
    mark: str
    exported_by: str
    exported_at: datetime


def write_xlsx(template: FormTemplate, grid: FormGrid, texts: FormTexts) -> bytes:
    """The file; equal inputs give equal bytes, as every time stamp in it is ``texts.exported_at``."""
    workbook = Workbook()
    sheet = workbook.active
    assert isinstance(sheet, Worksheet)
    sheet.title = template.sheet_name
    set_measure_font(workbook, template.measure_font)
    styles = make_styles(sheet, template)
    meter = TextMeter.of_size(template.body_size_pt)
    _write_head(sheet, template, grid, texts, styles)
    _write_header(sheet, grid, styles, meter)
    next_row = _write_body(sheet, grid, styles, meter)
    _write_foot(sheet, template, grid, texts, styles, next_row)
    copy_of = f"{printable(texts.exported_by)} {texts.exported_at:%Y-%m-%d %H:%M}"
    set_page(
        sheet,
        header_rows=(GROUP_ROW, HEADER_ROW),
        frozen_columns=_FROZEN_COLUMNS,
        page_number=template.page_number,
        copy_of=copy_of,
    )
    break_between_blocks(
        sheet,
        [len(block) for block in grid.blocks],
        body_row=FIRST_BODY_ROW,
        header_row=GROUP_ROW,
        n_foot_rows=_N_FOOT_ROWS,
    )
    buffer = BytesIO()
    workbook.save(buffer)
    return _sealed(buffer.getvalue(), _properties(texts), texts.exported_at)


def _write_head(sheet: Worksheet, template: FormTemplate, grid: FormGrid, texts: FormTexts, styles: Styles) -> None:
    last = len(grid.columns)
    for index, column in enumerate(grid.columns, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = column.width
    _merged(sheet, ANNEX_ROW, 1, last, template.annex, styles.annex)
    _merged(sheet, TITLE_ROW, 1, last, texts.title, styles.title)
    half = _column_at(grid, 0.5)
    _merged(sheet, UNIT_ROW, 1, half, template.unit.format(unit=texts.unit), styles.line_left)
    _merged(sheet, UNIT_ROW, half + 1, last, template.date.format(date=texts.date), styles.line_right)
    for row, height in ((ANNEX_ROW, _LINE_HEIGHT_PT), (TITLE_ROW, _TITLE_HEIGHT_PT), (UNIT_ROW, _LINE_HEIGHT_PT)):
        sheet.row_dimensions[row].height = height


def _write_header(sheet: Worksheet, grid: FormGrid, styles: Styles, meter: TextMeter) -> None:
    lines = {GROUP_ROW: 1, HEADER_ROW: 1}
    for group, first, last in grid.groups:
        if group is None:
            column = grid.columns[first]
            put(sheet, GROUP_ROW, first + 1, column.header, styles.header)
            put(sheet, HEADER_ROW, first + 1, None, styles.header)
            _merge(sheet, GROUP_ROW, first + 1, HEADER_ROW, first + 1)
            # Such a header stands over both rows, so each row carries half of it.
            lines[HEADER_ROW] = max(lines[HEADER_ROW], -(-meter.lines(column.header, column.width) // 2))
            continue
        _merged(sheet, GROUP_ROW, first + 1, last + 1, group, styles.header)
        for index in range(first, last + 1):
            column = grid.columns[index]
            put(sheet, HEADER_ROW, index + 1, column.header, styles.header)
            lines[HEADER_ROW] = max(lines[HEADER_ROW], meter.lines(column.header, column.width))
    for row, count in lines.items():
        sheet.row_dimensions[row].height = meter.height_pt(count)


def _write_body(sheet: Worksheet, grid: FormGrid, styles: Styles, meter: TextMeter) -> int:
    """Write every block and return the row after the last one."""
    looks = [styles.left if column.is_left_aligned else styles.centred for column in grid.columns]
    shared = [index for index, column in enumerate(grid.columns, start=1) if column.is_shared]
    row = FIRST_BODY_ROW
    for block in grid.blocks:
        heights = _line_counts(grid, block, meter)
        for offset, line in enumerate(block):
            for index, (value, look) in enumerate(zip(line, looks, strict=True), start=1):
                is_covered = offset > 0 and grid.columns[index - 1].is_shared
                put(sheet, row + offset, index, None if is_covered else value, look)
            sheet.row_dimensions[row + offset].height = meter.height_pt(heights[offset])
        if len(block) > 1:
            for index in shared:
                _merge(sheet, row, index, row + len(block) - 1, index)
        row += len(block)
    return row


def _line_counts(grid: FormGrid, block: Sequence[Line], meter: TextMeter) -> list[int]:
    """Text lines of each row of a block; what is merged over the block is spread over its rows."""
    merged, own = 1, [1] * len(block)
    for index, column in enumerate(grid.columns):
        if column.is_shared:
            merged = max(merged, meter.lines(str(block[0][index]), column.width))
        else:
            for offset, line in enumerate(block):
                own[offset] = max(own[offset], meter.lines(str(line[index]), column.width))
    per_row = -(-merged // len(block))
    return [max(per_row, count) for count in own]


def _write_foot(
    sheet: Worksheet, template: FormTemplate, grid: FormGrid, texts: FormTexts, styles: Styles, row: int
) -> None:
    last = len(grid.columns)
    sentences = [note.format(reference_date=texts.reference_date) for note in template.notes]
    if texts.document_no:
        sentences.append(f"文号：{texts.document_no}。")
    notes = "注：" + "".join(f"{number}. {sentence}" for number, sentence in enumerate(sentences, start=1))
    _merged(sheet, row, 1, last, notes, styles.line_left)
    begin = 1
    for number, text in enumerate(template.sign_off, start=1):
        end = last if number == len(template.sign_off) else _column_at(grid, number / len(template.sign_off))
        _merged(sheet, row + 1, begin, end, text, styles.line_left)
        begin = end + 1
    _merged(sheet, row + 2, 1, last, texts.mark, styles.line_left)
    for offset in range(_N_FOOT_ROWS):
        sheet.row_dimensions[row + offset].height = _LINE_HEIGHT_PT


def _column_at(grid: FormGrid, share: float) -> int:
    """The column (from 1) whose right edge comes nearest to this share of the width; never the last."""
    total = sum(column.width for column in grid.columns)
    edges, sum_so_far = [], 0.0
    for column in grid.columns[:-1]:
        sum_so_far += column.width
        edges.append(abs(sum_so_far - share * total))
    return edges.index(min(edges)) + 1


def _merged(sheet: Worksheet, row: int, first: int, last: int, value: str, style: Style) -> None:
    put(sheet, row, first, value, style)
    for column in range(first + 1, last + 1):
        put(sheet, row, column, None, style)
    _merge(sheet, row, first, row, last)


def _merge(sheet: Worksheet, first_row: int, first_column: int, last_row: int, last_column: int) -> None:
    # Worksheet.merge_cells compares each range with all others and builds border objects cell by cell: minutes for a
    # stacked roster. Every covered cell already carries its border, and no two ranges meet.
    if (first_row, first_column) != (last_row, last_column):
        sheet.merged_cells.ranges.add(
            CellRange(min_row=first_row, min_col=first_column, max_row=last_row, max_col=last_column)
        )


def _properties(texts: FormTexts) -> DocumentProperties:
    """The hidden mark: who made the file and when, in the document properties."""
    instant = texts.exported_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    return DocumentProperties(
        title=printable(texts.title),
        creator=printable(texts.exported_by),
        lastModifiedBy=printable(texts.exported_by),
        description=printable(texts.mark),
        created=instant,
        modified=instant,
    )


def _sealed(data: bytes, properties: DocumentProperties, instant: datetime) -> bytes:
    """The same archive with our properties and one time stamp, where openpyxl would leave the clock of the machine."""
    parts: Mapping[str, Any] = parts_of_archive(data) | {_PROPERTIES_PART: tostring(properties.to_tree())}
    stamp = (max(instant.year, _EARLIEST_ZIP_YEAR), instant.month, instant.day, instant.hour, instant.minute, 0)
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            info = ZipInfo(name, stamp)
            info.compress_type = ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()
