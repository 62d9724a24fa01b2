"""Damages files in the ways of broken disks, odd programs and hostile people; the same seed gives the same damage."""

import re
import struct
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from io import BytesIO
from random import Random
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.styles import PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from tests.app.rosters.hostile import biff_stream, in_container

ODD_NUMBERS = (b"", b"-1", b"0", b"99999999999", b"1e309", b"NaN", b"x", b"1048577", b"0x10", "１２".encode(), b"1_0")
ODD_VALUES: tuple[object, ...] = (
    None, -1, 0, 1e308, 10**18, 0.1, True, False, "", " ", "=1+1", "=", "+", "@x", "-", "\u202e倒", "𠮷" * 50,
    "x" * 32_767, "_x0000_", "_xD800_", "a\nb\rc", "'", '"', "1985.1", 1985.1, 60, -60.5, 2_958_466, 43_000.999_999_9,
    date(1900, 1, 1), datetime(9999, 12, 31, 23, 59, 59), time(1, 2, 3), timedelta(days=-1),  # noqa: DTZ001
    "#REF!", "示例", "合计", "注：", "姓名", "至今", "•", "😀", "NULL", "..", "//", "()", "（）", "0" * 400, "9" * 40,
)  # fmt: skip
SIGNS = ('"', "'", ",", ";", "\t", "\n", "\r", "\0", "\ufeff", "\u2028", "=", "E+17", "😀", "，")


def flipped(data: bytes, random: Random) -> bytes:
    """A few bytes changed anywhere."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 2, 8, 40))):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def cut(data: bytes, random: Random) -> bytes:
    """A piece lost, doubled, or zeroed."""
    begin = random.randrange(len(data))
    end = min(len(data), begin + random.choice((1, 7, 100, 512, 5_000)))
    piece = random.choice((b"", data[begin:end] * 2, b"\0" * (end - begin)))
    return data[:begin] + piece + data[end:]


def _in_part(data: bytes, random: Random, change: Callable[[bytes], bytes]) -> bytes:
    """One part of an .xlsx changed, mostly one that is read."""
    stream = BytesIO()
    with ZipFile(BytesIO(data)) as source, ZipFile(stream, "w", ZIP_DEFLATED) as target:
        names = source.namelist()
        read = [
            name for name in names if "sheet" in name or "workbook" in name or "Strings" in name or "styles" in name
        ]
        chosen = random.choice(read if random.random() < 0.9 else names)
        for name in names:
            content = source.read(name)
            target.writestr(name, change(content) if name == chosen and content else content)
    return stream.getvalue()


def damaged_part(data: bytes, random: Random) -> bytes:
    """The text of one part damaged."""
    return _in_part(data, random, lambda part: random.choice((flipped, cut))(part, random))


def odd_attribute(data: bytes, random: Random) -> bytes:
    """One or all attributes of one name with an odd value."""

    def change(part: bytes) -> bytes:
        names = sorted(set(re.findall(rb' ([\w:]+)="', part)))
        if not names:
            return part
        name, value = random.choice(names), random.choice(ODD_NUMBERS)
        pattern = rb" %b=\"[^\"]*\"" % name
        return re.sub(pattern, rb' %b="%b"' % (name, value), part, count=random.choice((0, 1)))

    return _in_part(data, random, change)


def odd_tag(data: bytes, random: Random) -> bytes:
    """One or all tags of one name renamed, or their content replaced."""

    def change(part: bytes) -> bytes:
        names = sorted(set(re.findall(rb"<([\w:]+)", part)))
        name = random.choice(names)
        if random.random() < 0.5:
            other = random.choice([*names, b"x", b"f", b"v", b"is", b"rPh"])
            return re.sub(rb"(</?)%b(?=[\s/>])" % name, rb"\g<1>%b" % other, part)
        value = random.choice((*ODD_NUMBERS, b"&#x10FFFF;", b"&a;", b"<![CDATA[x]]>", b"<x/>", b"<!---->", b"_xFFFF_"))
        return re.sub(rb"(<%b(?:\s[^>]*)?>)[^<]*(?=</%b>)" % (name, name), rb"\g<1>" + value, part, count=1)

    return _in_part(data, random, change)


def lost_part(data: bytes, random: Random) -> bytes:
    """A part missing, empty, doubled, or put in the place of another."""
    stream = BytesIO()
    with ZipFile(BytesIO(data)) as source, ZipFile(stream, "w", ZIP_DEFLATED) as target:
        names = source.namelist()
        chosen, other, fate = random.choice(names), random.choice(names), random.randrange(4)
        for name in names:
            if name != chosen:
                target.writestr(name, source.read(name))
            elif fate == 1:
                target.writestr(name, b"")
            elif fate == 2:
                target.writestr(name, source.read(other))
            elif fate == 3:
                target.writestr(name.upper(), source.read(name))
    return stream.getvalue()


def odd_cells(data: bytes, random: Random) -> bytes:
    """Cells replaced, ranges merged, rows hidden or moved, sheets removed or doubled: still a workbook."""
    book = load_workbook(BytesIO(data))
    for _ in range(random.choice((1, 3, 20))):
        sheet = random.choice(book.worksheets)
        _change_sheet(book, sheet, random)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def _change_sheet(book: Workbook, sheet: Worksheet, random: Random) -> None:
    row, column = random.randint(1, sheet.max_row + 1), random.randint(1, sheet.max_column + 1)
    match random.randrange(9):
        case 0 | 1 | 2:
            cell = sheet.cell(row, column)
            if type(cell).__name__ == "Cell":
                cell.value = random.choice(ODD_VALUES)  # type: ignore[assignment]
                cell.number_format = random.choice(("General", "@", "0.00", "yyyy.mm", "[h]:mm", '"d"0', ";;;"))
        case 3:
            sheet.merge_cells(start_row=row, start_column=column, end_row=row + random.randrange(4),
                              end_column=column + random.randrange(6))  # fmt: skip
        case 4:
            sheet.row_dimensions[row].hidden = True
            sheet.column_dimensions["ABCDEFGH"[column % 8]].hidden = True
        case 5:
            sheet.insert_rows(row)
        case 6:
            sheet.delete_cols(column)
        case 7:
            if len(book.worksheets) > 1:
                book.remove(sheet)
            else:
                book.copy_worksheet(sheet)
        case 8:
            sheet.cell(row, 1).fill = PatternFill("solid", fgColor="FFFF0000")


def odd_record(data: bytes, random: Random) -> bytes:
    """Records of an .xls changed, lost, doubled or in another order; the container stays whole."""
    stream = biff_stream(data)
    records = []
    place = 0
    while place + 4 <= len(stream):
        code, length = struct.unpack_from("<HH", stream, place)
        records.append([code, stream[place + 4 : place + 4 + length]])
        place += 4 + length
    for _ in range(random.choice((1, 1, 2, 6))):
        index = random.randrange(len(records))
        code, content = records[index]
        match random.randrange(6):
            case 0:
                records[index][0] = random.choice(
                    [record[0] for record in records] + [0, 0xFFFF, 0x003C, 0x00E5, 0x0006]
                )
            case 1 | 2 if content:
                records[index][1] = flipped(content, random)
            case 3 if content:
                records[index][1] = cut(content, random)
            case 4:
                del records[index]
            case _:
                records.insert(random.randrange(len(records)), [code, content])
    return in_container(b"".join(struct.pack("<HH", code, len(content)) + content for code, content in records))


def odd_text(data: bytes, random: Random) -> bytes:
    """Signs put into a text table, or lines in another order."""
    text = data.decode("utf-8", errors="replace")
    for _ in range(random.choice((1, 3, 30))):
        place = random.randrange(len(text))
        text = text[:place] + random.choice(SIGNS) + text[place + random.choice((0, 1)) :]
    if random.random() < 0.3:
        lines = text.splitlines(keepends=True)
        random.shuffle(lines)
        text = "".join(lines)
    return text.encode(random.choice(("utf-8", "utf-8-sig", "utf-16", "gb18030")), errors="replace")


MUTATORS: dict[str, tuple[Callable[[bytes, Random], bytes], ...]] = {
    "xlsx": (flipped, cut, damaged_part, damaged_part, odd_attribute, odd_attribute, odd_tag, lost_part, odd_cells,
             odd_cells),
    "xls": (flipped, cut, odd_record, odd_record, odd_record, odd_record),
    "csv": (flipped, cut, odd_text, odd_text),
}  # fmt: skip
