"""A form as a PDF file: A4 landscape, header rows on every page, rows and blocks kept whole, selectable text."""

from collections.abc import Sequence
from dataclasses import dataclass

from fpdf import FPDF

from app.rosters.grid import Block, FormDocument
from app.rosters.pdffont import FontChain
from app.rosters.pdfpen import LINE_EM, PAGE_HEIGHT_PT, PAGE_WIDTH_PT, Pen

PRODUCER = "Touyan"
_SIDE_PT = 21.6
_TOP_PT = 26.0
_BOTTOM_PT = 40.0
_PAGE_NUMBER_PT = 24.0
"""From the lower edge to the baseline of the page number; below it a hand-out has its mark."""
_PT_PER_WIDTH_UNIT = 6.0
"""As in the sheet, where a unit is 8 pixels at 96 dpi."""
_PADDING_PT = 1.5
_SMALL_PT = 8.0
_TITLE_MIN_PT = 12.0
_BODY_WIDTH_PT = PAGE_WIDTH_PT - 2 * _SIDE_PT
_LEAST_SIZE_PT = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """Where the columns stand, and how large the text is."""

    lefts: tuple[float, ...]
    widths: tuple[float, ...]
    size_pt: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """Blocks of one page by their numbers."""

    blocks: tuple[int, ...]
    has_foot: bool


def write_pdf(document: FormDocument, chain: FontChain) -> bytes:
    """The file; equal inputs give equal bytes, as its only time stamp is ``document.made_at``."""
    cells = {str(cell) for block in document.grid.blocks for line in block for cell in line}
    chain.require_glyphs([*document.texts, *cells, document.notes_line, document.template.page_number, "0123456789"])
    pdf = FPDF(orientation="landscape", unit="pt", format="A4")
    pdf.set_auto_page_break(False)
    pdf.set_title(document.title)
    pdf.set_producer(PRODUCER)
    pdf.set_creation_date(document.made_at)
    with chain.of(pdf):
        _Writer(document, Pen(pdf, chain)).write()
        return bytes(pdf.output())


class _Writer:
    def __init__(self, document: FormDocument, pen: Pen) -> None:
        self.document, self.pen = document, pen
        self.grid = document.grid
        units = [column.width for column in self.grid.columns]
        scale = _BODY_WIDTH_PT / (sum(units) * _PT_PER_WIDTH_UNIT)
        widths = [unit * _PT_PER_WIDTH_UNIT * scale for unit in units]
        lefts = [_SIDE_PT + sum(widths[:number]) for number in range(len(widths))]
        size = round(document.template.body_size_pt * min(1.0, scale), 2)
        self.table = _Table(lefts=tuple(lefts), widths=tuple(widths), size_pt=size)
        self.title_pt = self._title_size()

    def write(self) -> None:
        heights = [self._block_heights(block) for block in self.grid.blocks]
        pages = self._paginated(heights)
        for number, page in enumerate(pages, start=1):
            self.pen.new_page()
            y = _TOP_PT + (self._draw_head() if number == 1 else 0.0)
            y += self._draw_header(y)
            for block in page.blocks:
                self._draw_block(self.grid.blocks[block], heights[block], y)
                y += sum(heights[block])
            if page.has_foot:
                self._draw_foot(y)
            self._draw_page_number(number, len(pages))

    # Pages

    def _paginated(self, heights: Sequence[Sequence[float]]) -> list[_Page]:
        room = PAGE_HEIGHT_PT - _TOP_PT - _BOTTOM_PT - self._header_heights_total()
        first = room - self._head_height()
        foot = self._foot_height()
        pages: list[list[int]] = [[]]
        left = first
        for number, block in enumerate(heights):
            height = sum(block)
            if pages[-1] and (height > left or number in self.grid.page_starts):
                pages.append([])
                left = room
            pages[-1].append(number)
            left -= height
        if foot > left:
            # The notes and signatures go with the last block, so that no page has them alone.
            moved = [pages[-1].pop()] if len(pages[-1]) > 1 else []
            pages.append(moved)
        last = len(pages) - 1
        return [_Page(blocks=tuple(page), has_foot=number == last) for number, page in enumerate(pages)]

    # Head

    def _title_size(self) -> float:
        width = self.pen.em_width(self.document.title)
        fitting = _BODY_WIDTH_PT / width if width else self.document.template.title_size_pt
        return max(_TITLE_MIN_PT, min(self.document.template.title_size_pt, fitting))

    def _title_lines(self) -> list[str]:
        return self.pen.wrapped(self.document.title, _BODY_WIDTH_PT, self.title_pt)

    def _head_height(self) -> float:
        return self._line_pt() * 2 + len(self._title_lines()) * self.title_pt * LINE_EM + 8

    def _line_pt(self) -> float:
        return self._around_pt() * LINE_EM + 4

    def _around_pt(self) -> float:
        return max(_SMALL_PT, self.table.size_pt)

    def _draw_head(self) -> float:
        document, size, line = self.document, self._around_pt(), self._line_pt()
        y = _TOP_PT
        self.pen.write_lines([document.annex], (_SIDE_PT, y, _BODY_WIDTH_PT, line), size, "L")
        y += line
        lines = self._title_lines()
        height = len(lines) * self.title_pt * LINE_EM + 8
        self.pen.write_lines(lines, (_SIDE_PT, y, _BODY_WIDTH_PT, height), self.title_pt, "C")
        y += height
        self.pen.write_lines([document.unit], (_SIDE_PT, y, _BODY_WIDTH_PT, line), size, "L")
        self.pen.write_lines([document.date], (_SIDE_PT, y, _BODY_WIDTH_PT, line), size, "R")
        return y + line - _TOP_PT

    # Header rows

    def _cell_lines(self, text: str, width: float, size: float) -> list[str]:
        return self.pen.wrapped(text, width - 2 * _PADDING_PT, size)

    def _row_pt(self, n_lines: int, size: float) -> float:
        return n_lines * size * LINE_EM + 2 * _PADDING_PT

    def _header_heights(self) -> tuple[float, float]:
        upper = lower = single = 1
        size = self.table.size_pt
        for group, first, last in self.grid.groups:
            for index in range(first, last + 1):
                n_lines = len(self._cell_lines(self.grid.columns[index].header, self.table.widths[index], size))
                if group is None:
                    single = max(single, n_lines)
                else:
                    lower = max(lower, n_lines)
            if group is not None:
                upper = max(upper, len(self._cell_lines(group, sum(self.table.widths[first : last + 1]), size)))
        lower = max(lower, single - upper)
        return self._row_pt(upper, size), self._row_pt(lower, size)

    def _header_heights_total(self) -> float:
        return sum(self._header_heights())

    def _draw_header(self, y: float) -> float:
        upper, lower = self._header_heights()
        for group, first, last in self.grid.groups:
            left = self.table.lefts[first]
            if group is None:
                self._draw_cell(self.grid.columns[first].header, (left, y, self.table.widths[first], upper + lower))
                continue
            self._draw_cell(group, (left, y, sum(self.table.widths[first : last + 1]), upper))
            for index in range(first, last + 1):
                box = (self.table.lefts[index], y + upper, self.table.widths[index], lower)
                self._draw_cell(self.grid.columns[index].header, box)
        return upper + lower

    # Body

    def _block_heights(self, block: Block) -> list[float]:
        """Heights of the lines of a block; what is merged over the block is spread over its lines."""
        size = self.table.size_pt
        own = [1] * len(block)
        merged = 1
        for index, column in enumerate(self.grid.columns):
            width = self.table.widths[index]
            if column.is_shared:
                merged = max(merged, len(self._cell_lines(str(block[0][index]), width, size)))
            else:
                for offset, line in enumerate(block):
                    own[offset] = max(own[offset], len(self._cell_lines(str(line[index]), width, size)))
        per_line = -(-merged // len(block))
        heights = [self._row_pt(max(per_line, n_lines), size) for n_lines in own]
        most = PAGE_HEIGHT_PT - _TOP_PT - _BOTTOM_PT - self._header_heights_total() - self._head_height()
        shrink = min(1.0, most / sum(heights))
        return [height * shrink for height in heights]

    def _draw_block(self, block: Block, heights: Sequence[float], y: float) -> None:
        for index, column in enumerate(self.grid.columns):
            left, width = self.table.lefts[index], self.table.widths[index]
            align = "L" if column.is_left_aligned else "C"
            if column.is_shared:
                self._draw_cell(str(block[0][index]), (left, y, width, sum(heights)), align)
                continue
            top = y
            for line, height in zip(block, heights, strict=True):
                self._draw_cell(str(line[index]), (left, top, width, height), align)
                top += height

    def _draw_cell(self, text: str, box: tuple[float, float, float, float], align: str = "C") -> None:
        x, y, width, height = box
        self.pen.box(x, y, width, height)
        if not text:
            return
        size = self.table.size_pt
        lines = self._cell_lines(text, width, size)
        # Only a cell that would fill more than a page is ever too high for its row.
        while self._row_pt(len(lines), size) > height + 0.01 and size > _LEAST_SIZE_PT:
            size = round(size * 0.9, 2)
            lines = self._cell_lines(text, width, size)
        self.pen.write_lines(lines, (x + _PADDING_PT, y, width - 2 * _PADDING_PT, height), size, align)

    # Foot

    def _notes_lines(self) -> list[str]:
        return self.pen.wrapped(self.document.notes_line, _BODY_WIDTH_PT, self._around_pt())

    def _foot_height(self) -> float:
        return len(self._notes_lines()) * self._around_pt() * LINE_EM + 6 + 2 * self._line_pt() + 6

    def _draw_foot(self, y: float) -> None:
        size, line = self._around_pt(), self._line_pt()
        notes = self._notes_lines()
        height = len(notes) * size * LINE_EM + 6
        self.pen.write_lines(notes, (_SIDE_PT, y, _BODY_WIDTH_PT, height), size, "L")
        y += height + 4
        part = _BODY_WIDTH_PT / max(1, len(self.document.sign_off))
        for number, text in enumerate(self.document.sign_off):
            self.pen.write_lines([text], (_SIDE_PT + number * part, y, part, line), size, "L")
        self.pen.write_lines([self.document.own_mark], (_SIDE_PT, y + line, _BODY_WIDTH_PT, line), _SMALL_PT, "L")

    def _draw_page_number(self, number: int, count: int) -> None:
        text = self.document.template.page_number.replace("{page}", str(number)).replace("{pages}", str(count))
        x = (PAGE_WIDTH_PT - self.pen.em_width(text) * _SMALL_PT) / 2
        self.pen.write(x, PAGE_HEIGHT_PT - _PAGE_NUMBER_PT, text, _SMALL_PT)
