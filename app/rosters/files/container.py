"""What kind of file was uploaded: told by its content, never by its name."""

from typing import BinaryIO

from app.rosters.files.csvfile import open_csv
from app.rosters.files.raw import RawSheet, refuse
from app.rosters.files.xls import open_xls
from app.rosters.files.xlsx import open_xlsx

MAX_FILE_BYTES = 50 * 1024 * 1024
"""Bytes of an upload; 4,000 rows with 30 columns take less than 2 MB."""
_CHUNK_BYTES = 1 << 20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def read_upload(file_name: str, stream: BinaryIO) -> bytes:
    """All bytes of an upload; raises ``WorkbookError`` as soon as there are too many, without reading the rest."""
    chunks: list[bytes] = []
    n_bytes = 0
    while chunk := stream.read(_CHUNK_BYTES):
        n_bytes += len(chunk)
        if n_bytes > MAX_FILE_BYTES:
            chunks.clear()
            raise refuse(file_name, "is larger than 50 MB; split it by township.", "超过50 MB，请按乡镇拆分。")
        chunks.append(chunk)
    return b"".join(chunks)


def open_book(file_name: str, data: bytes) -> list[RawSheet]:
    """All sheets of a file; raises ``WorkbookError`` when it is not one that can be read safely."""
    if len(data) > MAX_FILE_BYTES:
        raise refuse(file_name, "is larger than 50 MB; split it by township.", "超过50 MB，请按乡镇拆分。")
    if not data.strip(b"\0 \t\r\n"):
        raise refuse(file_name, "is empty.", "是空文件。")
    if data.startswith(_OLE):
        return open_xls(file_name, data)
    if data.startswith(_ZIP):
        return open_xlsx(file_name, data)
    _refuse_markup(file_name, data)
    return open_csv(file_name, data)


def _refuse_markup(file_name: str, data: bytes) -> None:
    """Refuse web pages and XML tables, which many systems hand out under the name .xls, in words that help."""
    head = data[:4096]
    for mark in _MARKS:
        head = head.removeprefix(mark)
    text = head.replace(b"\0", b"").lstrip().lower()
    if text.startswith(b"<?xml") and b"spreadsheet" in text:
        raise refuse(
            file_name,
            "is an XML table, not a workbook; open it in a spreadsheet program and save it as .xlsx.",
            "是 XML 表格，不是工作簿，请用表格软件打开后另存为 .xlsx。",
        )
    if text.startswith((b"<", b"mime-version:")):
        raise refuse(
            file_name,
            "is a web page saved under another name, not a workbook; open it in a spreadsheet program and save it as "
            ".xlsx.",
            "是网页文件（仅更改了扩展名），不是工作簿，请用表格软件打开后另存为 .xlsx。",
        )
    if text.startswith((b"%pdf", b"{\\rtf", b"\x89png", b"\xff\xd8\xff", b"gif8", b"rar!", b"7z\xbc\xaf")):
        raise refuse(
            file_name,
            "is a document, picture or archive, not a workbook; upload an .xlsx, .xls or .csv file.",
            "是文档、图片或压缩包，不是工作簿，请上传 .xlsx、.xls 或 .csv 文件。",
        )
