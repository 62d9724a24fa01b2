"""Files that must be refused: bombs, programs, secrets, damage, and other documents under a false name."""

import re
import struct
from collections.abc import Callable
from io import BytesIO
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile

import xlwt
from xlwt.CompoundDoc import XlsDoc

from tests.app.rosters.conftest import candidate_row
from tests.workbooks import CANDIDATE_HEADERS, add_sheet, new_workbook, to_bytes

SHEET, TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"

_TEXTS_RELATION = (
    b'<Relationship Id="texts" Target="sharedStrings.xml" '
    b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"/>'
)

_TEXTS_TYPE = (
    b'<Override PartName="/xl/sharedStrings.xml" '
    b'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)


def good_xlsx(*rows: dict[str, object]) -> bytes:
    book = new_workbook()
    add_sheet(book, "台账", CANDIDATE_HEADERS, rows or (candidate_row(1),))
    return with_shared_texts(to_bytes(book))


def good_xls(*rows: dict[str, object]) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("台账")
    for line, row in enumerate(({header: header for header in CANDIDATE_HEADERS}, *(rows or (candidate_row(1),)))):
        for column, header in enumerate(CANDIDATE_HEADERS):
            if row.get(header) is not None:
                sheet.write(line, column, row[header])
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_shared_texts(data: bytes) -> bytes:
    """The workbook with its texts in one list, as spreadsheet programs write them."""
    texts: list[str] = []

    def number(match: re.Match[str]) -> str:
        texts.append(match[2])
        return f'{match[1]} t="s"><v>{len(texts) - 1}</v></c>'

    def share(part: bytes) -> bytes:
        return re.sub(r'(<c [^>]*?) t="inlineStr"><is>(.*?)</is></c>', number, part.decode(), flags=re.DOTALL).encode()

    stream = BytesIO()
    with ZipFile(BytesIO(data)) as source, ZipFile(stream, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == TEXTS:
                continue
            if name == "xl/_rels/workbook.xml.rels":
                content = content.replace(b"</Relationships>", _TEXTS_RELATION + b"</Relationships>")
            if name == "[Content_Types].xml" and b"sharedStrings" not in content:
                content = content.replace(b"</Types>", _TEXTS_TYPE + b"</Types>")
            target.writestr(name, share(content) if name.startswith("xl/worksheets/sheet") else content)
        items = "".join(f"<si>{text}</si>" for text in texts)
        target.writestr(TEXTS, f'<sst xmlns="{MAIN}" uniqueCount="{len(texts)}">{items}</sst>')
    return stream.getvalue()


def with_part(name: str, change: Callable[[bytes], bytes] | None, *, data: bytes | None = None) -> bytes:
    """A workbook with one part changed, or without it."""
    stream = BytesIO()
    with ZipFile(BytesIO(data or good_xlsx())) as source, ZipFile(stream, "w", ZIP_DEFLATED) as target:
        for entry in source.namelist():
            content = source.read(entry)
            if entry != name:
                target.writestr(entry, content)
            elif change is not None:
                target.writestr(entry, change(content))
    return stream.getvalue()


def with_entry(name: str, content: bytes, *, packing: int = ZIP_DEFLATED) -> bytes:
    stream = BytesIO(good_xlsx())
    with ZipFile(stream, "a", packing) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def zipped(**parts: bytes) -> bytes:
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return stream.getvalue()


def many_large_parts() -> bytes:
    """Parts each of which is small enough, and together are not."""
    stream, part = BytesIO(), b"\0" * 8_000_000
    with ZipFile(stream, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(70):
            archive.writestr(f"part{number}", part)
    return stream.getvalue()


def overlapping_entries() -> bytes:
    """An archive whose list names the same packed bytes again and again."""
    data = with_entry("xl/media/a.bin", bytes(range(256)) * 40, packing=ZIP_STORED)
    with ZipFile(BytesIO(data)) as archive:
        entry = archive.getinfo("xl/media/a.bin")
        begin = archive.start_dir
    end = data.rindex(b"PK\x05\x06")
    header = data[begin:end]
    one = header[header.rindex(b"PK\x01\x02") :]
    copies = b"".join(one.replace(b"xl/media/a.bin", f"xl/media/{n:05d}"[:14].encode()) for n in range(50))
    assert entry.compress_size == 10_240
    n_entries = struct.unpack_from("<H", data, end + 10)[0] + 50
    tail = bytearray(data[end:])
    struct.pack_into("<HHI", tail, 8, n_entries, n_entries, len(header) + len(copies))
    return data[:end] + copies + bytes(tail)


def doctype(declaration: bytes) -> Callable[[bytes], bytes]:
    return lambda part: b'<?xml version="1.0"?>' + declaration + part[part.index(b"<worksheet") :]


BILLION_LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "haha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]>"
)
EXTERNAL_ENTITY = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
EXTERNAL_DTD = b'<!DOCTYPE x SYSTEM "http://example.invalid/x.dtd">'


def with_record(code: int, content: bytes) -> bytes:
    """A .xls workbook with one more record near its beginning; the places of its sheets are moved along."""
    stream = bytearray(biff_stream(good_xls()))
    record = struct.pack("<HH", code, len(content)) + content
    place = 0
    while place + 4 <= len(stream):
        found, length = struct.unpack_from("<HH", stream, place)
        if found == 0x0085:
            struct.pack_into("<I", stream, place + 4, struct.unpack_from("<I", stream, place + 4)[0] + len(record))
        place += 4 + length
    first = 4 + struct.unpack_from("<H", stream, 2)[0]
    return in_container(bytes(stream[:first]) + record + bytes(stream[first:]))


def biff_stream(data: bytes) -> bytes:
    """The records of a .xls file of xlwt, which writes them in one piece behind the header."""
    length = struct.unpack_from("<i", data, data.index("Workbook".encode("utf-16-le")) + 120)[0]
    return data[512 : 512 + length]


def in_container(stream: bytes) -> bytes:
    target = BytesIO()
    XlsDoc().save(target, stream)
    return target.getvalue()


def ole_document(*names: str) -> bytes:
    """A container of streams of these names."""
    data = in_container(b"\0" * 8192)
    for name in names:
        data = data.replace("Workbook".encode("utf-16-le"), name.encode("utf-16-le")[:16].ljust(16, b"\0"), 1)
    return data


def encrypted_xlsx() -> bytes:
    """The container in which office programs put an encrypted workbook."""
    data = in_container(b"\x01" * 8192)
    place = data.index("Workbook".encode("utf-16-le"))
    name = "EncryptedPackage".encode("utf-16-le")
    return data[:place] + name.ljust(64, b"\0") + struct.pack("<H", len(name) + 2) + data[place + 66 :]


def macro_types(part: bytes) -> bytes:
    plain = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    assert plain in part
    return part.replace(plain, b"application/vnd.ms-excel.sheet.macroEnabled.main+xml")


HTML = "<html><body><table><tr><td>姓名</td><td>乡镇</td></tr></table></body></html>"
REFUSED: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "空文件": (lambda: b"", "is empty", "空文件"),
    "全零文件": (lambda: b"\0" * 9_000, "is empty", "空文件"),
    "压缩炸弹-倍率": (lambda: with_entry("xl/media/big.bin", b"\0" * 20_000_000), "unpacks to far more", "解压后远超"),
    "压缩炸弹-总量": (many_large_parts, "unpacks to far more", "解压后远超"),
    "压缩炸弹-重叠": (overlapping_entries, "unpacks to far more", "解压后远超"),
    "压缩炸弹-嵌套": (lambda: zipped(inner_dot_xlsx=with_entry("a", b"\0" * 7_000_000)), "zip archive", "压缩包"),
    "压缩方式异常": (lambda: with_entry("xl/a", b"x" * 99, packing=ZIP_BZIP2), "damaged", "已损坏"),
    "实体炸弹": (lambda: with_part(SHEET, doctype(BILLION_LAUGHS)), "damaged", "已损坏"),
    "外部实体": (lambda: with_part(SHEET, doctype(EXTERNAL_ENTITY)), "damaged", "已损坏"),
    "外部DTD": (lambda: with_part(TEXTS, lambda p: EXTERNAL_DTD + p[p.index(b"<sst") :]), "damaged", "已损坏"),
    "超长标签": (
        lambda: with_part(SHEET, lambda p: p.replace(b"<sheetData>", b'<sheetData a="' + b"x" * 3_000_000 + b'">')),
        "too many cells or too long texts",
        "内容过长",
    ),
    "超长文本": (
        lambda: with_part(TEXTS, lambda p: p.replace(b"<t>", b"<t>" + b"x" * 50_000, 1)),
        "too many cells or too long texts",
        "内容过长",
    ),
    "含宏": (lambda: with_entry("xl/vbaProject.bin", b"x"), "macros", "含有宏"),
    "含宏-改名xlsm": (lambda: with_part("[Content_Types].xml", macro_types), "macros", "含有宏"),
    "含宏-4.0宏表": (lambda: with_entry("xl/macrosheets/sheet1.xml", b"<x/>"), "macros", "含有宏"),
    "外部链接": (lambda: with_entry("xl/externalLinks/externalLink1.xml", b"<x/>"), "other files", "引用了其他文件"),
    "加密xlsx": (encrypted_xlsx, "encrypted", "已加密"),
    "加密xls": (lambda: with_record(0x002F, b"\1\0" * 27), "encrypted", "已加密"),
    "含宏xls": (lambda: with_record(0x00D3, b""), "macros", "含有宏"),
    "含宏表xls": (lambda: with_record(0x0085, b"\0\0\0\0\0\1\1\0A"), "macros", "含有宏"),
    "外部链接xls": (lambda: with_record(0x01AE, b"\1\0\5\0\0\1a.xls"), "other files", "引用了其他文件"),
    "表位置不符xls": (lambda: with_record(0x0085, b"\5\0\0\0\0\0\1\0A"), "damaged", "已损坏"),
    "损坏xls": (lambda: good_xls()[:1200], "damaged", "已损坏"),
    "截断xls": (lambda: in_container(biff_stream(good_xls())[:3000].ljust(5000, b"\1")), "damaged", "已损坏"),
    "Word文档": (lambda: ole_document("WordDocu"), "another office document", "其他办公文档"),
    "截断xlsx": (lambda: good_xlsx()[:-200], "damaged", "已损坏"),
    "截去一半xlsx": (lambda: good_xlsx()[:2_000], "damaged", "已损坏"),
    "坏XML": (lambda: with_part(SHEET, lambda part: part[: len(part) // 2]), "damaged", "已损坏"),
    "缺工作表": (lambda: with_part(SHEET, None), "damaged", "已损坏"),
    "缺共享文本": (lambda: with_part(TEXTS, None), "damaged", "已损坏"),
    "缺工作簿": (lambda: with_part("xl/workbook.xml", None), "not an .xlsx", "不是 .xlsx"),
    "缺类型表": (lambda: with_part("[Content_Types].xml", None), "not an .xlsx", "不是 .xlsx"),
    "docx": (
        lambda: zipped(**{"[Content_Types].xml": f'<Types xmlns="{MAIN}"/>'.encode(), "word__document.xml": b"<x/>"}),
        "not an .xlsx",
        "不是 .xlsx",
    ),
    "xlsb": (
        lambda: zipped(**{"[Content_Types].xml": b"<Types/>", "xl__workbook.bin": b"x"}), "xlsb", "xlsb"
    ),
    "ods": (lambda: zipped(**{"content.xml": b"<x/>", "mimetype": b"x"}), ".ods", ".ods"),
    "网页xls": (HTML.encode, "web page", "网页文件"),
    "网页xls-GBK": (lambda: HTML.encode("gbk"), "web page", "网页文件"),
    "网页xls-UTF16": (lambda: HTML.encode("utf-16"), "web page", "网页文件"),
    "单个网页文件": (lambda: b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n", "web page", "网页文件"),
    "XML表格": (
        lambda: b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
        "XML table",
        "XML 表格",
    ),
    "pdf": (lambda: b"%PDF-1.7\n" + bytes(range(256)), "document, picture or archive", "文档、图片"),
    "图片": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "document, picture or archive", "文档、图片"),
    "乱码": (lambda: bytes(range(256)) * 40, "neither a workbook nor a text table", "既不是工作簿"),
    "引号不成对csv": (lambda: '姓名,乡镇\n"张三,板桥镇\n'.encode(), "quotation mark", "引号不成对"),
    "超长单元格csv": (lambda: b"a,b\n" + b"x" * 60_000 + b",1\n", "overlong", "过长"),
    "列过多csv": (lambda: b"a," * 2_000 + b"\n", "too many rows or columns", "行或列过多"),
    "没有表头": (lambda: b"a,b\n1,2\n", "known header", "可识别的表头"),
}  # fmt: skip
