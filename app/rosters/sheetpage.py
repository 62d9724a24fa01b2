"""The printed page of a roster: A4 landscape, all columns on one width, header rows and page number on every page."""

from collections.abc import Sequence

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from app.rosters.sheetstyle import PIXELS_PER_POINT, PIXELS_PER_WIDTH_UNIT

_A4 = "9"
_A4_LANDSCAPE_PT = (841.89, 595.28)
_POINTS_PER_INCH = 72
_SIDE_MARGIN_IN = 0.3
_TOP_MARGIN_IN = 0.35
_BOTTOM_MARGIN_IN = 0.55
_FOOTER_MARGIN_IN = 0.2
# Printers and substitute fonts shrink the page a little; a break that comes too late would leave nearly empty pages.
_USABLE_SHARE = 0.95
_DEFAULT_ROW_HEIGHT_PT = 15.0


def set_page(
    sheet: Worksheet, *, header_rows: tuple[int, int], frozen_columns: int, page_number: str, copy_of: str
) -> None:
    """Paper, margins, repeated and frozen header rows, page number in the middle of the footer, whose copy at right."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = _A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_options.horizontalCentered = True
    margins = sheet.page_margins
    margins.left = margins.right = _SIDE_MARGIN_IN
    margins.top = _TOP_MARGIN_IN
    margins.bottom = _BOTTOM_MARGIN_IN
    margins.header = margins.footer = _FOOTER_MARGIN_IN
    sheet.print_title_rows = f"{header_rows[0]}:{header_rows[1]}"
    sheet.freeze_panes = f"{get_column_letter(frozen_columns + 1)}{header_rows[1] + 1}"
    sheet.HeaderFooter.oddFooter = HeaderFooterItem(
        center=_HeaderFooterPart(text=page_number),
        # & begins a code in footers
        right=_HeaderFooterPart(text=copy_of.replace("&", "&&")),
    )


def break_between_blocks(
    sheet: Worksheet, block_sizes: Sequence[int], *, body_row: int, header_row: int, n_foot_rows: int
) -> None:
    """Break pages between blocks of several rows, whose merged cells would otherwise be cut in two.

    The notes and signatures stay on the page of the last block. Rosters with one row per mentee need no breaks: no
    program cuts a row.
    """
    if all(size == 1 for size in block_sizes):
        return
    capacity = _page_height_pt(sheet)
    header = _height_pt(sheet, header_row, body_row - header_row)
    used = _height_pt(sheet, 1, body_row - 1)
    row, is_page_empty = body_row, True
    for number, size in enumerate(block_sizes, start=1):
        height = _height_pt(sheet, row, size + (n_foot_rows if number == len(block_sizes) else 0))
        if used + height > capacity and not is_page_empty:
            sheet.row_breaks.append(Break(id=row - 1))
            used = header
        used += height
        row += size
        is_page_empty = False


def _page_height_pt(sheet: Worksheet) -> float:
    """Height of rows that a page takes, before the sheet is scaled to the width of the page."""
    paper_width, paper_height = _A4_LANDSCAPE_PT
    units = sum(dimension.width for dimension in sheet.column_dimensions.values())
    width = units * PIXELS_PER_WIDTH_UNIT / PIXELS_PER_POINT
    printable_width = paper_width - 2 * _SIDE_MARGIN_IN * _POINTS_PER_INCH
    printable_height = paper_height - (_TOP_MARGIN_IN + _BOTTOM_MARGIN_IN) * _POINTS_PER_INCH
    return _USABLE_SHARE * printable_height / min(1.0, printable_width / width)


def _height_pt(sheet: Worksheet, first_row: int, count: int) -> float:
    return sum(
        sheet.row_dimensions[row].height or _DEFAULT_ROW_HEIGHT_PT for row in range(first_row, first_row + count)
    )
