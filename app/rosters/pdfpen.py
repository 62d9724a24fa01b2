"""Writing on the pages of a PDF file: measured and wrapped texts, boxes, and page furniture."""

from dataclasses import dataclass, field
from typing import Any

from fpdf import FPDF

from app.rosters.pdffont import FontChain

PAGE_WIDTH_PT, PAGE_HEIGHT_PT = 841.89, 595.28
"""A4 landscape."""
LINE_EM = 1.3
_BASELINE_EM = 0.98
"""From the top of a line to its baseline: Chinese glyphs fill their em, and stand in the middle of the line."""
_THIN_PT = 0.5


_NOT_FIRST = "·，。、；：）》」！？”’,.;:)"
"""Characters that begin no line."""


def _break_before(text: str, begin: int, index: int) -> int:
    """Where a line from ``begin`` ends when the character at ``index`` does not fit.

    >>> _break_before("2025.03-2026.02", 0, 9), _break_before("（街道）", 0, 3), _break_before("党支部书记", 0, 3)
    (8, 2, 3)
    """
    if text[index].isascii() and text[index].isalnum():
        # Numbers and codes are broken where they have a hyphen.
        hyphen = text.rfind("-", begin, index)
        if hyphen > begin and text[hyphen + 1 : index].replace(".", "").isalnum() and text[hyphen:index].isascii():
            return hyphen + 1
    if text[index] in _NOT_FIRST and index - 1 > begin:
        return index - 1
    return index


@dataclass(slots=True)
class Pen:
    """A document that is being written; it remembers how texts were wrapped, as most come often."""

    pdf: FPDF
    chain: FontChain
    _known: dict[tuple[str, float, float], list[str]] = field(default_factory=dict)
    _widths: dict[str, float] = field(default_factory=dict)
    _set: tuple[int, float] | None = None

    def new_page(self) -> None:
        """Begin a page."""
        self.pdf.add_page()
        self.pdf.set_line_width(_THIN_PT)
        self._set = None

    def forget_font(self) -> None:
        """Set the font anew with the next text: another graphics state begins or has ended."""
        self._set = None

    def em_width(self, text: str) -> float:
        """Width of a text in em."""
        return sum(self._em(character) for character in text)

    def _em(self, character: str) -> float:
        width = self._widths.get(character)
        if width is None:
            (run,) = self.chain.runs(character)
            font: Any = self.pdf.fonts[f"f{run.font}"]
            width = self._widths[character] = font.cw[ord(character)] / 1000
        return width

    def wrapped(self, text: str, width_pt: float, size_pt: float) -> list[str]:
        """The lines of a text, broken where a character does not fit."""
        key = (text, round(width_pt, 2), size_pt)
        lines = self._known.get(key)
        if lines is None:
            room = width_pt / size_pt
            lines = [line for paragraph in text.split("\n") for line in self._broken(paragraph, room)]
            self._known[key] = lines
        return lines

    def _broken(self, text: str, room: float) -> list[str]:
        lines, begin, used = [], 0, 0.0
        for index, character in enumerate(text):
            width = self._em(character)
            if used + width > room and index > begin:
                end = _break_before(text, begin, index)
                lines.append(text[begin:end])
                begin, used = end, sum(self._em(each) for each in text[end:index])
            used += width
        return [*lines, text[begin:]]

    def write(self, x: float, baseline: float, text: str, size_pt: float) -> None:
        """A text on one line."""
        for run in self.chain.runs(text):
            if self._set != (run.font, size_pt):
                self.pdf.set_font(f"f{run.font}", size=size_pt)
                self._set = (run.font, size_pt)
            self.pdf.text(x, baseline, run.text)
            x += self.em_width(run.text) * size_pt

    def write_lines(self, lines: list[str], box: tuple[float, float, float, float], size_pt: float, align: str) -> None:
        """Lines in the middle of a box (x, y, width, height); ``align`` is L, C or R."""
        x, y, width, height = box
        top = y + (height - len(lines) * size_pt * LINE_EM) / 2
        for number, line in enumerate(lines):
            if not line:
                continue
            space = width - self.em_width(line) * size_pt
            left = x + {"L": 0.0, "C": space / 2, "R": space}[align]
            self.write(left, top + number * size_pt * LINE_EM + _BASELINE_EM * size_pt, line, size_pt)

    def box(self, x: float, y: float, width: float, height: float) -> None:
        """A thin frame."""
        self.pdf.rect(x, y, width, height)
