"""Small files that would take minutes or gigabytes to read, each refused by what it holds, or read without it."""

import struct
from io import BytesIO

import pytest
import xlwt

from app.errors import WorkbookError
from app.rosters.files.biff import workbook_records
from app.rosters.roster_file import read_roster
from app.rosters.workbook import read_sheets
from tests.app.rosters.conftest import candidate_row
from tests.app.rosters.hostile import MAIN, SHEET, TEXTS, biff_stream, good_xls, in_container, with_part
from tests.workbooks import CANDIDATE_HEADERS

TOO_MUCH = (
    "a has too many cells or too long texts; delete the unused rows and columns and upload it again.",
    "a 单元格过多或内容过长，请删除多余的行和列后重新上传。",
)
TOO_LONG_ROWS = ("a has too long rows; save it as .xlsx.", "a 行过长，请另存为 .xlsx。")
LONG = "好" * 30_000
"""As long as a cell may be."""


def refusal_of(data: bytes) -> tuple[str, str]:
    with pytest.raises(WorkbookError) as refusal:
        read_sheets("a", data)
    return refusal.value.message, refusal.value.message_zh


def with_rows(rows: str, *, after: str = "") -> bytes:
    """A workbook with more rows, and what follows them."""
    end = b"</sheetData>"
    return with_part(SHEET, lambda part: part.replace(end, rows.encode() + end + after.encode(), 1))


def test_a_long_text_that_many_cells_share_counts_in_each_of_them() -> None:
    shown = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(100, 767))
    texts = f'<sst xmlns="{MAIN}"><si><t>{LONG}</t></si></sst>'.encode()
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>%s</sheetData></worksheet>'
    data = with_part(TEXTS, lambda _: texts)
    assert len(with_part(SHEET, lambda _: (sheet % shown).encode(), data=data)) < 20_000
    assert refusal_of(with_part(SHEET, lambda _: (sheet % shown).encode(), data=data)) == TOO_MUCH
    fewer = shown[: shown.index('<row r="766">')]
    (read,) = read_sheets("a", with_part(SHEET, lambda _: (sheet % fewer).encode(), data=data))
    assert read.layout is None


def test_a_long_text_merged_over_many_rows_counts_in_each_of_them() -> None:
    long_cell = f'<row r="90"><c r="AZ90" t="inlineStr"><is><t>{LONG}</t></is></c></row>'
    merged = '<mergeCells><mergeCell ref="AZ90:AZ{last}"/></mergeCells>'
    assert refusal_of(with_rows(long_cell, after=merged.format(last=90 + 666))) == TOO_MUCH
    (read,) = read_sheets("a", with_rows(long_cell, after=merged.format(last=90 + 600)))
    assert [row.cells["name"].text for row in read.rows] == ["张乙"]


def test_more_shared_texts_than_all_cells_may_hold_are_refused_though_no_cell_shows_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.rosters.files.texts.MAX_SHARED_CHARACTERS", 100_000)

    def sharing(times: int) -> bytes:
        more = f"<si><t>{LONG}</t></si>" * times + "</sst>"
        return with_part(TEXTS, lambda part: part.replace(b"</sst>", more.encode()))

    (read,) = read_sheets("a", sharing(3))
    assert len(read.rows) == 1
    assert refusal_of(sharing(4)) == TOO_MUCH


def test_a_sheet_that_hides_its_columns_again_and_again_is_damaged() -> None:
    hidden = b'<col min="1" max="16384" hidden="1"/>'

    def hiding(times: int) -> bytes:
        return with_part(
            SHEET, lambda part: part.replace(b"<sheetData>", b"<cols>" + hidden * times + b"</cols><sheetData>", 1)
        )

    (read,) = read_sheets("a", hiding(1))
    assert [code for _, code, _ in read.notes if code == "HIDDEN_COLUMN"] == ["HIDDEN_COLUMN"] * len(read.columns)
    assert refusal_of(hiding(2)) == (
        "a is not an .xlsx workbook, or is damaged and cannot be read; save it again.",
        "a 不是 .xlsx 工作簿，或已损坏，无法读取，请重新保存。",
    )


def test_tags_that_mean_nothing_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.rosters.files.package.MAX_TAGS", 5_000)
    (read,) = read_sheets("a", with_rows("", after="<x/>" * 3_000))
    assert len(read.rows) == 1
    assert refusal_of(with_rows("", after="<x/>" * 5_000)) == TOO_MUCH


def test_a_list_of_relations_without_end_is_refused() -> None:
    relation = b'<Relationship Id="r%d" Type="x" Target="x.xml"/>'
    many = b"".join(relation % number for number in range(210_000))
    name = "xl/_rels/workbook.xml.rels"
    data = with_part(name, lambda part: part.replace(b"</Relationships>", many + b"</Relationships>"))
    assert refusal_of(data) == TOO_MUCH


def xls_with(records: bytes) -> bytes:
    """A workbook with more records at the beginning of its sheet."""
    stream = biff_stream(good_xls())
    sheet = stream.index(b"\x09\x08", 10)
    first = sheet + 4 + stream[sheet + 2]
    return in_container(stream[:first] + records + stream[first:])


def test_a_link_over_a_whole_xls_sheet_is_not_spread_over_its_cells() -> None:
    """The reader of these files would keep a link for each of 16 million cells, in 1.9 GB."""
    link = struct.pack("<HHHHHH", 0x01B8, 32, 0, 0, 0, 0) + bytes(16) + struct.pack("<II", 2, 0)
    tip = struct.pack("<HHHHHHH", 0x0800, 12, 0x0800, 0, 0, 0, 0) + b"\0\0"
    data = xls_with(link + tip)
    records = workbook_records("a", data)
    assert link not in records
    assert tip not in records
    (read,) = read_sheets("a", data)
    assert [row.cells["name"].text for row in read.rows] == ["张乙"]


def test_an_xls_describes_no_more_columns_than_its_sheets_have() -> None:
    column = struct.pack("<8H", 0x007D, 12, 0, 255, 2_000, 15, 1, 0)
    (read,) = read_sheets("a", xls_with(column))
    assert [code for _, code, _ in read.notes if code == "HIDDEN_COLUMN"] == ["HIDDEN_COLUMN"] * len(read.columns)
    assert refusal_of(xls_with(column * 64_001)) == (
        "a has too many cells; delete the unused rows and columns and upload it again.",
        "a 单元格过多，请删除多余的行和列后重新上传。",
    )


def test_blank_rows_of_all_sheets_of_an_xls_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    for name in ("一", "二"):
        book.add_sheet(name).write(65_535, 0, "x")
    stream = BytesIO()
    book.save(stream)
    assert len(read_sheets("a", stream.getvalue())) == 2
    monkeypatch.setattr("app.rosters.files.xls.MAX_ROWS", 131_071)
    assert refusal_of(stream.getvalue()) == (
        "a has too many cells; delete the unused rows and columns and upload it again.",
        "a 单元格过多，请删除多余的行和列后重新上传。",
    )


@pytest.mark.parametrize("row", [b"," * 1_000_000, b'"a\n",' * 200_001, "好".encode() * 1_000_001])
def test_a_row_of_a_text_table_that_is_longer_than_any_is_refused_before_it_is_taken_apart(row: bytes) -> None:
    headers = ",".join(CANDIDATE_HEADERS).encode()
    assert refusal_of(headers + b"\n" + row + b"\n") == TOO_LONG_ROWS


def test_lines_of_a_text_table_may_end_in_every_way() -> None:
    row = candidate_row(1)
    cells = ",".join(str(row.get(header) or "") for header in CANDIDATE_HEADERS)
    for end in ("\n", "\r\n", "\r"):
        (read,) = read_sheets("a", (",".join(CANDIDATE_HEADERS) + end + cells + end).encode())
        assert [one.cells["name"].text for one in read.rows] == ["张乙"]


def stacked_roster(n_mentors: int) -> bytes:
    """One mentee, and mentors below each other."""
    head = "序号,村级后备力量/编号,村级后备力量/姓名,帮带干部/姓名\n1,520624-00001,张三,李四\n"
    return (head + ",,,王五\n" * (n_mentors - 1)).encode()


def test_a_roster_in_which_mentees_are_missing_is_refused_before_its_rows_pile_up() -> None:
    (row,) = read_roster("a.csv", stacked_roster(50)).rows
    assert len(row.seats) == 50
    with pytest.raises(WorkbookError) as refusal:
        read_roster("a.csv", stacked_roster(51))
    assert refusal.value.message_zh == ("a.csv 的 a!C2 之后超过50行未填帮带对象，请补填，或使用本系统导出的文件。")
