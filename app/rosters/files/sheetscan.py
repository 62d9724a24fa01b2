"""A look through the parts of a workbook before they are parsed: how much is in them, and whether there are formulas.

Parsing makes an object of every cell, and of every cell of a merged range or a linked range; a file of a few kilobytes
can ask for billions of them. Counting tags in the raw text costs next to nothing.
"""

import re
from dataclasses import dataclass
from zipfile import ZipFile

from openpyxl.utils import range_boundaries

_CHUNK_BYTES = 1 << 20
_LONGEST_TAG_BYTES = 1 << 12
_TAG = re.compile(rb"<(?:[\w.-]+:)?(c|f|row|si|xf|mergeCell|hyperlink)(?=[\s/>])([^>]*)>")
_ATTRIBUTE = re.compile(rb"""\s+([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_RANGE = re.compile(rb"[A-Z]{1,3}[1-9]\d{0,6}(?::[A-Z]{1,3}[1-9]\d{0,6})?")
_DECLARED_ENCODING = re.compile(rb"""^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\bencoding\s*=\s*["']([^"']*)["']""")
_ENCODINGS = (b"utf-8", b"utf8", b"us-ascii", b"ascii")
_UTF_16_STARTS = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")


class UnscannableError(ValueError):
    """A part that cannot be judged by its raw text."""


@dataclass(slots=True)
class Scan:
    """What the parts of a workbook hold."""

    has_formulas: bool = False
    n_items: int = 0
    """Cells, rows, shared texts and styles."""
    n_spread_cells: int = 0
    """Cells that merged and linked ranges cover."""


def scan_parts(archive: ZipFile) -> Scan:
    """Count over all parts, as a sheet may have any name; raises ``UnscannableError`` for an unusual encoding."""
    scan = Scan()
    for entry in archive.infolist():
        with archive.open(entry) as stream:
            text = stream.read(_CHUNK_BYTES)
            declared = _DECLARED_ENCODING.match(text)
            if text.startswith(_UTF_16_STARTS) or (declared and declared[1].lower() not in _ENCODINGS):
                raise UnscannableError(entry.filename)
            while text:
                end = _count(scan, text)
                more = stream.read(_CHUNK_BYTES)
                if not more:
                    break
                text = text[max(end, len(text) - _LONGEST_TAG_BYTES) :] + more
    return scan


def _count(scan: Scan, text: bytes) -> int:
    """Count the complete tags and return where the last one ends."""
    end = 0
    for match in _TAG.finditer(text):
        end = match.end()
        tag = match[1]
        if tag == b"f":
            scan.has_formulas = True
        elif tag in (b"mergeCell", b"hyperlink"):
            scan.n_spread_cells += _area(match[2])
        else:
            scan.n_items += 1
    return end


def _area(attributes: bytes) -> int:
    """Cells of the range in the attributes of a tag; what a parser might read in another way is not judged."""
    references = [double or single for name, double, single in _ATTRIBUTE.findall(attributes) if name == b"ref"]
    is_plain = not _ATTRIBUTE.sub(b"", attributes).strip().strip(b"/")
    if not is_plain or len(references) != 1 or not _RANGE.fullmatch(references[0]):
        raise UnscannableError("ref")
    reference = references[0]
    first_column, first_row, last_column, last_row = range_boundaries(reference.decode("ascii"))
    if first_column is None or first_row is None or last_column is None or last_row is None:
        raise UnscannableError("ref")
    return (last_row - first_row + 1) * (last_column - first_column + 1)
