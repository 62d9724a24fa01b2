"""The zip container of an .xlsx workbook: refused when it is hostile or damaged, then opened part by part."""

import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from posixpath import dirname, join, normpath
from typing import Any
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from app.rosters.files.raw import refuse

MAX_ENTRIES = 5_000
MAX_UNPACKED_BYTES = 500 * 1024 * 1024
"""All parts together; photographs are stored as they are, so that a large honest file does not grow much."""
MAX_PART_BYTES = 200 * 1024 * 1024
"""One part that is read; 500,000 cells with style take about 40 MB."""
MAX_RATIO = 250
"""Unpacked to packed bytes of a part; the XML of spreadsheet programs packs 5 to 60 times, a bomb 1,000 times."""
RATIO_FREE_BYTES = 8 * 1024 * 1024
"""Parts below this size may pack as they like."""
MAX_TAGS = 20_000_000
"""Tags of all parts that are read: three for each cell, and as many cells as a sheet may have."""
MAX_LIST_BYTES = 10 * 1024 * 1024
"""The lists of what is in the package: types, relations, sheets; those of 500 sheets take 1 MB."""
MAX_TOKEN_BYTES = 1 << 20
"""A tag, comment or other unit of XML; the longest text of a cell is 32,767 characters, and is not one unit."""
_CHUNK_BYTES = 1 << 16
_ENCODINGS = frozenset({"utf-8", "utf8", "utf-16", "us-ascii", "ascii"})
_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRICT_SPREADSHEET = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_PACKAGE_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_PACKAGE_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_PREFIXES = tuple(f"{one} " for one in (_SPREADSHEET, _STRICT_SPREADSHEET, _PACKAGE_RELATIONS, _PACKAGE_TYPES))

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


class DamagedError(Exception):
    """A file that is not what its format says."""


class TooLargeError(Exception):
    """A file that would take more memory or time than any honest one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """An arrow from one part to another; ``kind`` is the last word of its type."""

    id: str
    kind: str
    target: str
    is_external: bool


class Package:
    """The parts of a workbook by name."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._n_tags = 0
        self._entries: dict[str, ZipInfo] = {}
        for entry in archive.infolist():
            name = entry.filename.replace("\\", "/").lstrip("/").lower()
            if name in self._entries:
                raise DamagedError("two parts of one name")
            self._entries[name] = entry

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._entries

    @property
    def names(self) -> list[str]:
        """The names of all parts in lower case."""
        return list(self._entries)

    def parse(
        self,
        name: str,
        *,
        start: Start,
        end: End | None = None,
        text: Text | None = None,
        max_bytes: int = MAX_PART_BYTES,
    ) -> None:
        """Run through the XML of a part; names of tags come without their namespace, those of foreign ones not at all.

        Raises ``DamagedError`` when the part is missing or no XML, ``TooLargeError`` when it is too large.
        """
        entry = self._entries.get(name.lower())
        if entry is None:
            raise DamagedError("a part is missing")
        if entry.file_size > max_bytes:
            raise TooLargeError(name)
        parser = _parser(start, end, text, self._count_tag)
        n_fed = 0
        for chunk in self._chunks(entry):
            _feed(parser, chunk, is_final=False)
            n_fed += len(chunk)
            # The parser would read an unfinished unit from its start again with every chunk.
            if n_fed - max(parser.CurrentByteIndex, 0) > MAX_TOKEN_BYTES:
                raise TooLargeError(name)
        _feed(parser, b"", is_final=True)

    def _count_tag(self) -> None:
        self._n_tags += 1
        if self._n_tags > MAX_TAGS:
            raise TooLargeError("tags")

    def _chunks(self, entry: ZipInfo) -> Iterator[bytes]:
        with _zip_errors():
            stream = self._archive.open(entry)
        with stream:
            while True:
                with _zip_errors():
                    chunk = stream.read(_CHUNK_BYTES)
                if not chunk:
                    return
                yield chunk

    def relations(self, name: str) -> list[Relation]:
        """The relations of a part, ``""`` for the package; none when there is no such list."""
        folder, base = dirname(name), name.rpartition("/")[2]
        part = join(folder, "_rels", f"{base}.rels")
        found: list[Relation] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag != "Relationship":
                return
            target = attributes.get("Target", "")
            is_external = attributes.get("TargetMode") == "External"
            if not is_external:
                target = normpath(target.lstrip("/") if target.startswith("/") else join(folder, target))
            kind = attributes.get("Type", "").rpartition("/")[2]
            found.append(Relation(id=attributes.get("Id", ""), kind=kind, target=target, is_external=is_external))

        if part in self:
            self.parse(part, start=start, max_bytes=MAX_LIST_BYTES)
        return found


@contextmanager
def open_package(file_name: str, data: bytes) -> Iterator[Package]:
    """The package in a zip file; raises ``WorkbookError`` for archives that unpack to too much.

    Raises ``DamagedError`` when the archive cannot be read.
    """
    with _zip_errors():
        archive = ZipFile(BytesIO(data))
    with archive:
        entries = archive.infolist()
        n_unpacked = sum(entry.file_size for entry in entries)
        n_packed = sum(entry.compress_size for entry in entries)
        is_bomb = any(
            entry.file_size > RATIO_FREE_BYTES and entry.file_size > MAX_RATIO * max(entry.compress_size, 1)
            for entry in entries
        )
        # Parts that overlap in the file are a bomb too: together they are larger than it.
        if len(entries) > MAX_ENTRIES or n_unpacked > MAX_UNPACKED_BYTES or is_bomb or n_packed > len(data):
            raise refuse(
                file_name,
                "unpacks to far more than a workbook holds (500 MB, or 250 times its size); it was not opened.",
                "解压后远超正常工作簿（超过500 MB或压缩比超过250倍），未打开。",
            )
        if any(entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED) or entry.flag_bits & 1 for entry in entries):
            raise DamagedError("a part is packed in a way that workbooks are not")
        yield Package(archive)


@contextmanager
def _zip_errors() -> Iterator[None]:
    """Turn what the zip reader raises for damaged archives into ``DamagedError``."""
    try:
        yield
    except (BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError, struct.error, IndexError) as error:
        raise DamagedError(type(error).__name__) from None


def _feed(parser: Any, chunk: bytes, *, is_final: bool) -> None:
    try:
        parser.Parse(chunk, is_final)
    except (expat.ExpatError, LookupError, UnicodeError) as error:
        raise DamagedError(type(error).__name__) from None


def _parser(start: Start, end: End | None, text: Text | None, count: Callable[[], None]) -> Any:
    """A parser that knows no document types and no entities, and reports tags of the known namespaces only."""
    parser: Any = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    local: dict[str, str | None] = {}

    def local_name(name: str) -> str | None:
        found = next((name.removeprefix(prefix) for prefix in _PREFIXES if name.startswith(prefix)), None)
        if len(local) < 1_000:
            local[name] = found
        return found

    def on_start(name: str, attributes: dict[str, str]) -> None:
        count()
        tag = local[name] if name in local else local_name(name)
        if tag is not None:
            start(tag, attributes)

    def on_end(name: str) -> None:
        tag = local[name] if name in local else local_name(name)
        if tag is not None and end is not None:
            end(tag)

    def on_declaration(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise DamagedError("encoding")

    def on_doctype(*_: object) -> None:
        raise DamagedError("document type")

    parser.StartElementHandler = on_start
    if end is not None:
        parser.EndElementHandler = on_end
    if text is not None:
        parser.CharacterDataHandler = text
    parser.XmlDeclHandler = on_declaration
    parser.StartDoctypeDeclHandler = on_doctype
    parser.EntityDeclHandler = on_doctype
    parser.ExternalEntityRefHandler = on_doctype
    return parser
