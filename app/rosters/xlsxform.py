"""A form as an xlsx file that prints on A4 landscape the way organisation departments expect it."""

from collections.abc import Sequence
from datetime import UTC
from io import BytesIO

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from app.rosters.grid import Block, FormDocument, FormGrid
from app.rosters.sheetpage import breaks_between_blocks, set_page
from app.rosters.sheetstyle import (
    MEASURE_FONT_SIZE_PT,
    Style,
    Styles,
    TextMeter,
    make_styles,
    printable,
    put,
)

ANNEX_ROW, TITLE_ROW, UNIT_ROW, GROUP_ROW, HEADER_ROW, FIRST_BODY_ROW = range(6)
"""Rows of the sheet, from 0."""
_TITLE_HEIGHT_PT = 38.0
_LINE_HEIGHT_PT = 21.0
# What Excel shows as a width leaves out five pixels of padding, of seven to a digit; the file counts them.
_PADDING_UNITS = 5 / 7


def write_xlsx(document: FormDocument, *, copy_of: str) -> bytes:
    """The file; equal inputs give equal bytes, as every time stamp in it is ``document.made_at``.

    ``copy_of`` stands in the head and foot of every page and in the properties, where a hand-out has its mark.
    """
    buffer = BytesIO()
    template, grid = document.template, document.grid
    looks = {"font_name": template.measure_font, "font_size": MEASURE_FONT_SIZE_PT}
    workbook = Workbook(buffer, {"in_memory": True, "default_format_properties": looks})
    workbook.set_properties(
        {
            "title": printable(document.title),
            "author": printable(copy_of),
            "comments": printable(document.own_mark),
            "created": document.made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0),
        }
    )
    sheet = workbook.add_worksheet(template.sheet_name)
    styles = make_styles(workbook, template)
    meter = TextMeter.of_size(template.body_size_pt)
    for index, column in enumerate(grid.columns):
        sheet.set_column(index, index, column.width - _PADDING_UNITS)
    head_pt = _write_head(sheet, document, styles)
    header_pt = _write_header(sheet, grid, styles, meter)
    heights = [_block_heights(grid, block, meter) for block in grid.blocks]
    next_row = _write_body(sheet, grid, heights, styles)
    foot_pt = _write_foot(sheet, document, styles, meter, next_row)
    set_page(
        sheet,
        header_rows=(GROUP_ROW, HEADER_ROW),
        n_frozen=grid.n_frozen,
        page_number=template.page_number,
        copy_of=printable(copy_of),
    )
    breaks = breaks_between_blocks(
        heights,
        widths=[column.width for column in grid.columns],
        first_page_head_pt=head_pt + header_pt,
        header_pt=header_pt,
        foot_pt=foot_pt,
        page_starts=grid.page_starts,
    )
    sheet.set_h_pagebreaks([FIRST_BODY_ROW + n_rows for n_rows in breaks])
    workbook.close()
    return buffer.getvalue()


def _write_head(sheet: Worksheet, document: FormDocument, styles: Styles) -> float:
    last = len(document.grid.columns) - 1
    _merged(sheet, ANNEX_ROW, 0, last, document.annex, styles.annex)
    _merged(sheet, TITLE_ROW, 0, last, document.title, styles.title)
    half = _column_at(document.grid, 0.5)
    _merged(sheet, UNIT_ROW, 0, half, document.unit, styles.line_left)
    _merged(sheet, UNIT_ROW, half + 1, last, document.date, styles.line_right)
    heights = {ANNEX_ROW: _LINE_HEIGHT_PT, TITLE_ROW: _TITLE_HEIGHT_PT, UNIT_ROW: _LINE_HEIGHT_PT}
    for row, height in heights.items():
        sheet.set_row(row, height)
    return sum(heights.values())


def _write_header(sheet: Worksheet, grid: FormGrid, styles: Styles, meter: TextMeter) -> float:
    lines = {GROUP_ROW: 1, HEADER_ROW: 1}
    for group, first, last in grid.groups:
        if group is None:
            column = grid.columns[first]
            _merge(sheet, (GROUP_ROW, first, HEADER_ROW, first), column.header, styles.header)
            # Spread over both rows.
            needed = meter.lines(column.header, column.width)
            lines[HEADER_ROW] = max(lines[HEADER_ROW], needed - 1)
            continue
        _merged(sheet, GROUP_ROW, first, last, group, styles.header)
        width = sum(grid.columns[index].width for index in range(first, last + 1))
        lines[GROUP_ROW] = max(lines[GROUP_ROW], meter.lines(group, width))
        for index in range(first, last + 1):
            column = grid.columns[index]
            put(sheet, HEADER_ROW, index, column.header, styles.header)
            lines[HEADER_ROW] = max(lines[HEADER_ROW], meter.lines(column.header, column.width))
    heights = {row: meter.height_pt(count) for row, count in lines.items()}
    for row, height in heights.items():
        sheet.set_row(row, height)
    return sum(heights.values())


def _write_body(sheet: Worksheet, grid: FormGrid, heights: Sequence[Sequence[float]], styles: Styles) -> int:
    """Write every block and return the row after the last one."""
    looks = [styles.left if column.is_left_aligned else styles.centred for column in grid.columns]
    own = [index for index, column in enumerate(grid.columns) if not column.is_shared]
    shared = [index for index, column in enumerate(grid.columns) if column.is_shared]
    row = FIRST_BODY_ROW
    for block, block_heights in zip(grid.blocks, heights, strict=True):
        for offset, line in enumerate(block):
            sheet.set_row(row + offset, block_heights[offset])
            for index in own:
                put(sheet, row + offset, index, line[index], looks[index])
        for index in shared:
            _merge(sheet, (row, index, row + len(block) - 1, index), block[0][index], looks[index])
        row += len(block)
    return row


def _block_heights(grid: FormGrid, block: Block, meter: TextMeter) -> list[float]:
    """Heights of the rows of a block; what is merged over the block is spread over its rows."""
    merged, own = 1, [1] * len(block)
    for index, column in enumerate(grid.columns):
        if column.is_shared:
            merged = max(merged, meter.lines(str(block[0][index]), column.width))
        else:
            for offset, line in enumerate(block):
                own[offset] = max(own[offset], meter.lines(str(line[index]), column.width))
    per_row = -(-merged // len(block))
    return [meter.height_pt(max(per_row, count)) for count in own]


def _write_foot(sheet: Worksheet, document: FormDocument, styles: Styles, meter: TextMeter, row: int) -> float:
    """Notes, signatures and the line of the mark; returns their height."""
    grid = document.grid
    last = len(grid.columns) - 1
    notes = document.notes_line
    _merged(sheet, row, 0, last, notes, styles.line_left)
    n_lines = meter.lines(notes, sum(column.width for column in grid.columns))
    begin = 0
    for number, text in enumerate(document.sign_off, start=1):
        end = last if number == len(document.sign_off) else _column_at(grid, number / len(document.sign_off))
        end = max(end, begin)
        _merged(sheet, row + 1, begin, end, text, styles.line_left)
        begin = end + 1
    _merged(sheet, row + 2, 0, last, document.own_mark, styles.line_left)
    heights = [max(_LINE_HEIGHT_PT, meter.height_pt(n_lines)), _LINE_HEIGHT_PT, _LINE_HEIGHT_PT]
    for offset, height in enumerate(heights):
        sheet.set_row(row + offset, height)
    return sum(heights)


def _column_at(grid: FormGrid, share: float) -> int:
    """The column (from 0) whose right edge comes nearest to this share of the width; never the last."""
    total = sum(column.width for column in grid.columns)
    edges, sum_so_far = [], 0.0
    for column in grid.columns[:-1]:
        sum_so_far += column.width
        edges.append(abs(sum_so_far - share * total))
    return edges.index(min(edges))


def _merged(sheet: Worksheet, row: int, first: int, last: int, value: str, style: Style) -> None:
    _merge(sheet, (row, first, row, last), value, style)


def _merge(sheet: Worksheet, cells: tuple[int, int, int, int], value: str | int, style: Style) -> None:
    first_row, first, last_row, last = cells
    if (first_row, first) != (last_row, last):
        sheet.merge_range(first_row, first, last_row, last, "", style.plain)
    put(sheet, first_row, first, value, style)
