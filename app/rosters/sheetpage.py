"""The printed page of a sheet: A4 landscape, all columns on one width, header rows and page number on every page."""

from collections.abc import Collection, Sequence

from xlsxwriter.worksheet import Worksheet

from app.rosters.sheetstyle import PIXELS_PER_POINT, PIXELS_PER_WIDTH_UNIT

_A4 = 9
_A4_LANDSCAPE_PT = (841.89, 595.28)
_POINTS_PER_INCH = 72
_SIDE_MARGIN_IN = 0.3
_TOP_MARGIN_IN = 0.4
_BOTTOM_MARGIN_IN = 0.55
_FOOTER_MARGIN_IN = 0.2
# Printers and substitute fonts shrink the page a little; a break that comes too late would leave nearly empty pages.
_USABLE_SHARE = 0.95
_FAINT = "&8&KBFBFBF"
"""Size and colour of the watermark in the head of the page."""


def set_page(sheet: Worksheet, *, header_rows: tuple[int, int], n_frozen: int, page_number: str, copy_of: str) -> None:
    """Paper, margins, repeated and frozen header rows (from 0), page number in the middle of the footer.

    Whose copy it is stands at the right of the footer, and faint in the head of every page.
    """
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.center_horizontally()
    sheet.set_margins(left=_SIDE_MARGIN_IN, right=_SIDE_MARGIN_IN, top=_TOP_MARGIN_IN, bottom=_BOTTOM_MARGIN_IN)
    sheet.repeat_rows(*header_rows)
    sheet.freeze_panes(header_rows[1] + 1, n_frozen)
    pages = page_number.replace("{page}", "&P").replace("{pages}", "&N")
    # & begins a code in headers and footers
    plain = copy_of.replace("&", "&&")
    sheet.set_header(f"&C{_FAINT}{plain}", {"margin": _FOOTER_MARGIN_IN})
    sheet.set_footer(f"&C{pages}&R{plain}", {"margin": _FOOTER_MARGIN_IN})


def breaks_between_blocks(
    heights: Sequence[Sequence[float]],
    *,
    widths: Sequence[float],
    first_page_head_pt: float,
    header_pt: float,
    foot_pt: float,
    page_starts: Collection[int],
) -> list[int]:
    """After how many body rows pages break: between blocks of several rows, and where a block asks for a new page.

    ``heights`` are those of the rows of each block. The notes and signatures stay on the page of the last block.
    Blocks of one row need no breaks of their own: no program cuts a row.
    """
    cuts_blocks = any(len(block) > 1 for block in heights)
    if not cuts_blocks and not page_starts:
        return []
    capacity = _page_height_pt(widths)
    breaks: list[int] = []
    used, n_rows, is_page_empty = first_page_head_pt, 0, True
    for number, block in enumerate(heights):
        height = sum(block) + (foot_pt if number == len(heights) - 1 else 0)
        is_full = cuts_blocks and used + height > capacity
        if (is_full or number in page_starts) and not is_page_empty:
            breaks.append(n_rows)
            used = header_pt
        used += height
        n_rows += len(block)
        is_page_empty = False
    return breaks


def _page_height_pt(widths: Sequence[float]) -> float:
    """Height of rows that a page takes, before the sheet is scaled to the width of the page."""
    paper_width, paper_height = _A4_LANDSCAPE_PT
    width = sum(widths) * PIXELS_PER_WIDTH_UNIT / PIXELS_PER_POINT
    printable_width = paper_width - 2 * _SIDE_MARGIN_IN * _POINTS_PER_INCH
    printable_height = paper_height - (_TOP_MARGIN_IN + _BOTTOM_MARGIN_IN) * _POINTS_PER_INCH
    return _USABLE_SHARE * printable_height / min(1.0, printable_width / width)
