"""Takes the records of an .xls workbook out of its OLE container, and refuses what is encrypted, alive or hostile."""

import struct
from collections import Counter
from collections.abc import Iterator
from io import StringIO

from xlrd.compdoc import CompDoc, CompDocError

from app.errors import WorkbookError
from app.rosters.files.package import DamagedError, TooLargeError
from app.rosters.files.raw import refuse
from app.rosters.files.refusals import external_links, macros

MAX_XLS_BYTES = 20 * 1024 * 1024
"""4,000 rows with 30 columns take 4 MB."""
MAX_STORED_CELLS = 2_000_000
"""Blank ones too."""
MAX_SHARED_TEXTS = 500_000
_BOUNDSHEET, _XF, _FONT, _FORMAT, _STYLE, _MERGED = 0x0085, 0x00E0, 0x0031, 0x041E, 0x0293, 0x00E5
_COLUMNS, _NOTE = 0x007D, 0x001C
_MOST = {
    _BOUNDSHEET: 250, _XF: 5_000, _FONT: 1_500, _FORMAT: 5_000, _STYLE: 5_000, _MERGED: 1_000,
    _COLUMNS: 250 * 256, _NOTE: 50_000,
}  # fmt: skip
"""Records of one kind; spreadsheet programs allow 4,000 styles, 512 fonts and 256 columns in these files."""
_UNREAD = frozenset({0x01B8, 0x0800, 0x015F})
"""Links, their tips, and ranges of labels: the reader would spread each over all of its cells."""
_NAME, _EXTERNNAME, _EXTERNSHEET, _SUPBOOK = 0x0018, 0x0023, 0x0017, 0x01AE
_FILEPASS, _VBA_PROJECT, _SST, _BOF, _EOF = 0x002F, 0x00D3, 0x00FC, 0x0809, 0x000A
_MULTIPLE = {0x00BD: 6, 0x00BE: 2}
"""Records of several cells, and the bytes of each cell."""
_SINGLE = frozenset({0x0006, 0x0201, 0x0203, 0x0204, 0x0205, 0x00D6, 0x00FD, 0x027E, 0x0001, 0x0003, 0x0004, 0x0005})
_ENCRYPTED, _PROJECT = "EncryptedPackage".encode("utf-16-le"), "_VBA_PROJECT".encode("utf-16-le")
_UNUSED = 0x7F00
_MACRO_SHEETS = (1, 6)
_CONTAINER_DAMAGE = (
    CompDocError, struct.error, IndexError, ValueError, TypeError, AssertionError, OverflowError, RecursionError,
    MemoryError, NotImplementedError,
)  # fmt: skip
"""What the reader of OLE containers raises for damaged ones; it checks little of what it reads."""


def workbook_records(file_name: str, data: bytes) -> bytes:
    """The stream of records, without names of ranges, which would be evaluated, and links.

    Raises ``WorkbookError`` for what is no plain workbook, ``DamagedError`` or ``TooLargeError`` for the rest.
    """
    if len(data) > MAX_XLS_BYTES:
        raise refuse(
            file_name,
            "is an .xls file of more than 20 MB; save it as .xlsx.",
            "是超过20 MB的 .xls 文件，请另存为 .xlsx。",
        )
    stream = bytearray(_stream(file_name, data))
    counts: Counter[int] = Counter()
    n_cells = 0
    begins: set[int] = set()
    sheets: list[int] = []
    for place, code, content in _records(bytes(stream)):
        counts[code] += 1
        if code in _MULTIPLE:
            n_cells += len(content) // _MULTIPLE[code]
        elif code in _SINGLE:
            n_cells += 1
        elif code in (_NAME, _EXTERNNAME) or code in _UNREAD:
            struct.pack_into("<H", stream, place, _UNUSED)
        elif code == _BOF:
            begins.add(place)
        else:
            _check_record(file_name, code, content)
            if code == _BOUNDSHEET:
                sheets.append(int.from_bytes(content[:4], "little"))
        if n_cells > MAX_STORED_CELLS or counts[code] > _MOST.get(code, n_cells + counts[code]):
            raise TooLargeError("records")
    # Every sheet must be one of those that were just looked through, and none may be read twice.
    if not begins.issuperset(sheets) or len(set(sheets)) < len(sheets):
        raise DamagedError("sheets")
    return bytes(stream)


def encrypted(file_name: str) -> WorkbookError:
    """The refusal of a workbook with a password."""
    return refuse(file_name, "is encrypted; remove the password and upload it again.", "已加密，请取消密码后重新上传。")


def _stream(file_name: str, data: bytes) -> bytes:
    """The stream with the workbook; other documents are kept in containers of the same kind."""
    # The names stand in the file as they are, even where the container is damaged.
    if _ENCRYPTED in data:
        raise encrypted(file_name)
    if _PROJECT in data:
        raise macros(file_name)
    try:
        container = CompDoc(data, logfile=StringIO())
        for name in ("Workbook", "Book"):
            found = container.get_named_stream(name)
            if found:
                return bytes(found)
    except _CONTAINER_DAMAGE as error:
        raise DamagedError(type(error).__name__) from None
    raise refuse(
        file_name,
        "is not a workbook but another office document; upload an .xlsx, .xls or .csv file.",
        "是其他办公文档，不是工作簿，请上传 .xlsx、.xls 或 .csv 文件。",
    )


def _records(stream: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Each record with its place, code and content; raises ``DamagedError`` when a part of the stream has no end."""
    place = depth = 0
    while place + 4 <= len(stream):
        code, length = struct.unpack_from("<HH", stream, place)
        if depth == 0 and code != _BOF:
            # The container fills the rest of the stream with zeros.
            if stream[place:].strip(b"\0"):
                raise DamagedError("records")
            return
        depth += (code == _BOF) - (code == _EOF)
        if place + 4 + length > len(stream):
            break
        yield place, code, stream[place + 4 : place + 4 + length]
        place += 4 + length
    if depth > 0 or stream[place:].strip(b"\0"):
        raise DamagedError("records")


def _check_record(file_name: str, code: int, content: bytes) -> None:
    if code == _FILEPASS:
        raise encrypted(file_name)
    if code == _VBA_PROJECT or (code == _BOUNDSHEET and content[5:6] and content[5] in _MACRO_SHEETS):
        raise macros(file_name)
    # A list of own sheets is marked 01 04, one of functions 01 3A; in BIFF 5 other files begin with 01.
    if code == _SUPBOOK and content[2:4] not in (b"\x01\x04", b"\x01\x3a"):
        raise external_links(file_name)
    if code == _SST and len(content) >= 8 and struct.unpack_from("<I", content, 4)[0] > MAX_SHARED_TEXTS:
        raise TooLargeError("texts")
