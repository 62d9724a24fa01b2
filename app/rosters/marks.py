"""A hand-out is a master and a mark: who got it, when and what for, put onto a finished file.

The mark of a sheet replaces the master's own mark in its parts, that of a csv file its last line. A PDF file gets an
incremental update: the bytes of the master stay as they are, and what draws the mark on every page follows them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from fpdf import FPDF
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, StreamObject

from app.models.vocabulary import ExportFormat
from app.rosters.csvform import mark_line
from app.rosters.guard import parts_of_archive
from app.rosters.pdffont import FontChain
from app.rosters.pdfpen import PAGE_HEIGHT_PT, PAGE_WIDTH_PT, Pen
from app.rosters.sheetstyle import printable

_PROPERTIES = "docProps/core.xml"
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_ZIP_STAMP = (1980, 1, 1, 0, 0, 0)
"""The earliest time that the format knows."""
_MARK_SIZE_PT = 7.0
_MARK_BASELINE_PT = 10.0
_SIDE_PT = 21.6
_WATERMARK_SIZE_PT = 30.0
_WATERMARK_DEGREES = 24.0
_WATERMARK_OPACITY = 0.12
_NAME = "/TouyanMark"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMark:
    """What a master carries where hand-outs have their mark: a line of text, and a short form for page heads."""

    line: str
    short: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The mark of one hand-out: its line, whose copy it is in short, and when it was made."""

    line: str
    short: str
    who: str
    made_at: datetime


def marked(master: bytes, file_format: ExportFormat, own: OwnMark, mark: Mark, chain: FontChain) -> bytes:
    """The file that is handed out."""
    if file_format is ExportFormat.CSV:
        return _marked_csv(master, own, mark)
    if file_format is ExportFormat.XLSX:
        return _marked_xlsx(master, own, mark)
    return _marked_pdf(master, mark, chain)


def _marked_csv(master: bytes, own: OwnMark, mark: Mark) -> bytes:
    last = mark_line(own.line)
    if not master.endswith(last):
        raise ValueError("the master does not end with its own mark")
    return master.removesuffix(last) + mark_line(mark.line)


def _marked_xlsx(master: bytes, own: OwnMark, mark: Mark) -> bytes:
    texts = {
        _in_xml(own.line): _in_xml(mark.line),
        # In page heads and feet & begins a code.
        _in_xml(own.short): _in_xml(mark.short.replace("&", "&&")),
    }
    instant = mark.made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    stamp = f"{instant.isoformat()}Z".encode()
    parts: dict[str, bytes] = {}
    n_replaced = 0
    for name, part in parts_of_archive(master).items():
        if name == _PROPERTIES:
            part = part.replace(_in_xml(own.short), _in_xml(mark.who))
            part = _MODIFIED.sub(lambda match: match[1] + stamp + match[2], part)
        for text, replacement in texts.items():
            n_replaced += part.count(text)
            part = part.replace(text, replacement)
        parts[name] = part
    if not n_replaced:
        raise ValueError("the master does not hold its own mark")
    return _archive(parts)


def _in_xml(text: str) -> bytes:
    # _x0041_ would be shown as A, and a number written so would be seen by nobody before.
    return _ESCAPE.sub("_x005F_", escape(printable(text))).encode("utf-8")


def _archive(parts: Mapping[str, bytes]) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            info = ZipInfo(name, _ZIP_STAMP)
            info.compress_type = ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


def _marked_pdf(master: bytes, mark: Mark, chain: FontChain) -> bytes:
    writer = PdfWriter(BytesIO(master), incremental=True)
    overlay = PdfReader(BytesIO(_overlay(mark, chain))).pages[0]
    form = StreamObject()
    form.set_data(overlay.get_contents().get_data())  # type: ignore[union-attr]
    form.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Form"),
            NameObject("/BBox"): overlay.mediabox,
            NameObject("/Resources"): _resources(overlay).clone(writer),
        }
    )
    drawn = writer._add_object(form.flate_encode())
    call = StreamObject()
    call.set_data(f"q {_NAME} Do Q".encode())
    called = writer._add_object(call)
    for page in writer.pages:
        resources = _resources(page)
        objects: Any = resources.setdefault(NameObject("/XObject"), DictionaryObject()).get_object()
        objects[NameObject(_NAME)] = drawn
        contents = page.raw_get("/Contents")
        before = contents if isinstance(contents, ArrayObject) else ArrayObject([contents])
        page[NameObject("/Contents")] = ArrayObject([*before, called])
    buffer = BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def _resources(page: Any) -> Any:
    """The resources of a page, which may be given by reference."""
    return page["/Resources"].get_object()


def _overlay(mark: Mark, chain: FontChain) -> bytes:
    """One page with the mark: faint across the page, and its line under the page number."""
    chain.require_glyphs([mark.line, mark.short])
    pdf = FPDF(orientation="landscape", unit="pt", format="A4")
    pdf.set_auto_page_break(False)
    pdf.set_creation_date(mark.made_at)
    with chain.of(pdf):
        pen = Pen(pdf, chain)
        pen.new_page()
        room = PAGE_WIDTH_PT - 2 * _SIDE_PT
        size = round(min(_MARK_SIZE_PT, room / pen.em_width(mark.line)), 2)
        pen.write(_SIDE_PT, PAGE_HEIGHT_PT - _MARK_BASELINE_PT, mark.line, size)
        size = round(min(_WATERMARK_SIZE_PT, 0.8 * room / pen.em_width(mark.short)), 2)
        middle = PAGE_WIDTH_PT / 2, PAGE_HEIGHT_PT / 2
        with pdf.local_context(fill_opacity=_WATERMARK_OPACITY), pdf.rotation(_WATERMARK_DEGREES, *middle):
            pen.forget_font()
            pen.write(middle[0] - pen.em_width(mark.short) * size / 2, middle[1], mark.short, size)
        return bytes(pdf.output())
