"""Workbooks as a whole: many sheets, hidden parts, filters, formulas, comments, colours, and the same file again."""

import re
from copy import copy

import pytest
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from app.models import ImportIssue, Mentee, Person
from tests.habits.books import candidates
from tests.habits.conftest import CLEAN, Desk, candidate_row, mentor_row
from tests.habits.files import text_table, with_results
from tests.workbooks import CANDIDATE_HEADERS, MENTOR_HEADERS, add_sheet, new_workbook, to_bytes

TOWNSHIP, VILLAGE = "乡镇（街道）", "村（社区）"
RED = PatternFill("solid", fgColor="FFFF0000")


def one_sheet_per_township() -> Workbook:
    book = new_workbook()
    cover = book.create_sheet("封面")
    cover["B3"] = "思南县村级后备力量信息台账"
    add_sheet(book, "板桥镇", CANDIDATE_HEADERS, [candidate_row(1), candidate_row(2)], title="板桥镇台账")
    other = {TOWNSHIP: "塘头镇", VILLAGE: "青杠坝村"}
    add_sheet(book, "塘头镇", CANDIDATE_HEADERS, [candidate_row(3, **other)], title="塘头镇台账")
    add_sheet(book, "导师库", MENTOR_HEADERS, [mentor_row(4)])
    book.create_sheet("Sheet3")
    return book


def test_every_sheet_with_a_known_header_is_read(desk: Desk) -> None:
    batch = desk.receive(one_sheet_per_township(), "每个乡镇一张表")
    assert desk.office.issues(batch) == [("A1", "UNRECOGNISED_SHEET")]
    assert batch.counts == CLEAN | {"new": 4, "skipped": 2}
    assert desk.office.changes(batch) == [
        ("塘头镇", 3, "NEW"), ("导师库", 3, "NEW"), ("板桥镇", 3, "NEW"), ("板桥镇", 4, "NEW"),
    ]  # fmt: skip
    desk.office.commit(batch)
    assert (len(desk.all(Person)), len(desk.all(Mentee))) == (4, 3)


def hidden_rows_columns_and_sheets() -> Workbook:
    def hide(sheet: Worksheet) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["U"].hidden = True

    book = candidates(candidate_row(1), candidate_row(2), arrange=hide)
    add_sheet(book, "旧表", CANDIDATE_HEADERS, [candidate_row(3)]).sheet_state = "hidden"
    return book


def test_what_is_hidden_is_read_and_told(desk: Desk) -> None:
    batch = desk.receive(hidden_rows_columns_and_sheets(), "隐藏行列与工作表")
    assert desk.office.issues(batch) == [("A1", "HIDDEN_SHEET"), ("A3", "HIDDEN_ROW"), ("U1", "HIDDEN_COLUMN")]
    assert batch.counts == CLEAN | {"new": 3}
    texts = {issue.code: issue.message_zh for issue in desk.all(ImportIssue)}
    assert texts["HIDDEN_COLUMN"] == "“身份证号”列被隐藏，仍已读取。"


def filter_left_on() -> Workbook:
    def arrange(sheet: Worksheet) -> None:
        sheet.auto_filter.ref = "A1:W4"
        sheet.auto_filter.add_filter_column(2, ["桂花村"])
        sheet.row_dimensions[4].hidden = True

    return candidates(candidate_row(1), candidate_row(2), candidate_row(3, **{VILLAGE: "垌心村"}), arrange=arrange)


def test_rows_that_a_filter_hides_are_read_and_told(desk: Desk) -> None:
    batch = desk.receive(filter_left_on(), "筛选未取消")
    assert (desk.office.issues(batch), batch.counts["new"]) == ([("A4", "HIDDEN_ROW")], 3)


def formulas() -> Workbook:
    return candidates(candidate_row(1, 出生年月='=MID(U2,7,4)&"."&MID(U2,11,2)', 备注='=""'), candidate_row(2))


def test_formulas_give_their_stored_result_and_are_never_evaluated(xlsx_desk: Desk) -> None:
    data = with_results(to_bytes(formulas()), {"G2": "1985.06", "W2": ""})
    batch = xlsx_desk.receive_bytes(data, "公式有缓存值.xlsx")
    assert (xlsx_desk.office.issues(batch), batch.counts) == ([], CLEAN | {"new": 2})
    xlsx_desk.office.commit(batch)
    assert str(xlsx_desk.person("张乙").birth_date) == "1985-06-01"


def test_a_formula_without_stored_result_is_an_error_at_its_cell(xlsx_desk: Desk) -> None:
    batch = xlsx_desk.receive(formulas(), "公式无缓存值")
    assert xlsx_desk.office.errors(batch) == [("G2", "FORMULA_WITHOUT_VALUE")]
    assert batch.counts == CLEAN | {"new": 1, "rejected": 1}


def test_comments_are_not_read_and_this_is_told(xlsx_desk: Desk) -> None:
    def arrange(sheet: Worksheet) -> None:
        sheet["D2"].comment = Comment("已调离", "组织部")

    batch = xlsx_desk.receive(candidates(candidate_row(1), arrange=arrange), "批注")
    assert (xlsx_desk.office.issues(batch), batch.counts["new"]) == ([("A1", "COMMENTS_IGNORED")], 1)


def error_values() -> Workbook:
    return candidates(candidate_row(1, 籍贯="#REF!", 身份证号="#N/A"), candidate_row(2))


def test_error_values_are_errors_at_their_cells(desk: Desk) -> None:
    batch = desk.receive(error_values(), "错误值")
    assert desk.office.errors(batch) == [("H2", "ERROR_VALUE"), ("U2", "ERROR_VALUE")]
    assert batch.counts == CLEAN | {"new": 1, "rejected": 1}


def paint(kind: str) -> Workbook:
    def arrange(sheet: Worksheet) -> None:
        for cell in sheet[1]:
            cell.fill = PatternFill("solid", fgColor="FFFFFF00")
        for row in (3, 4):
            for cell in sheet[row]:
                if kind == "fill":
                    cell.fill = copy(RED)
                elif kind == "font":
                    cell.font = Font(color="FFFF0000")
                else:
                    cell.font = Font(strike=True)

    return candidates(candidate_row(1), candidate_row(2), candidate_row(3), arrange=arrange)


@pytest.mark.parametrize("kind", ["fill", "font", "strike"])
def test_colours_as_meaning_are_ignored_and_this_is_told_once(desk: Desk, kind: str) -> None:
    batch = desk.receive(paint(kind), "红色表示已退出")
    assert desk.office.issues(batch) == [("A3", "COLOURS_IGNORED")]
    assert batch.counts == CLEAN | {"new": 3}


def a_coloured_header_and_a_coloured_column() -> Workbook:
    def arrange(sheet: Worksheet) -> None:
        for row in (1, 2, 3):
            sheet.cell(row, 21).fill = copy(RED)
        for cell in sheet[1]:
            cell.fill = PatternFill("solid", fgColor="FFFFFF00")

    return candidates(candidate_row(1), candidate_row(2), arrange=arrange)


def test_colours_of_headers_and_of_whole_columns_mean_nothing(desk: Desk) -> None:
    batch = desk.receive(a_coloured_header_and_a_coloured_column(), "表头与整列底色")
    assert desk.office.issues(batch) == []


def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    desk.office.commit(desk.receive(one_sheet_per_township(), "再次导入"))
    before = desk.office.counts()
    again = desk.receive(one_sheet_per_township(), "再次导入")
    assert again.counts == CLEAN | {"unchanged": 4, "skipped": 2}
    desk.office.commit(again)
    assert again.counts == CLEAN | {"unchanged": 4, "skipped": 2}
    assert desk.office.counts() == before | {"audit_event": before["audit_event"] + 1}


@pytest.mark.parametrize(
    ("encoding", "separator"),
    [("utf-8", ","), ("utf-8-sig", ","), ("gb18030", ","), ("utf-16", "\t"), ("utf-8", ";"), ("gb18030", "\t")],
)
def test_text_tables_are_read_in_every_usual_encoding_and_separator(
    xlsx_desk: Desk, encoding: str, separator: str
) -> None:
    career = '2012.07-2016.03 桂花村 "代理"村会计\n2016.03-至今 桂花村 党支部书记'
    rows = [candidate_row(1, 任职经历=career, 备注="无,有;\t"), candidate_row(2, 姓名="𠮷田")]
    table = [["村级后备力量台账"], list(CANDIDATE_HEADERS)]
    table += [[str(row.get(header, "")) for header in CANDIDATE_HEADERS] for row in rows]
    data = text_table(table, encoding=encoding, separator=separator)
    batch = xlsx_desk.receive_bytes(data, "台账.csv")
    assert xlsx_desk.office.issues(batch) == []
    assert batch.counts == CLEAN | {"new": 2, "skipped": 1}
    assert xlsx_desk.office.changes(batch) == [("台账", 3, "NEW"), ("台账", 4, "NEW")]
    xlsx_desk.office.commit(batch)
    assert sorted(person.name for person in xlsx_desk.all(Person)) == ["张乙", "𠮷田"]
    assert re.search("^520624", xlsx_desk.office.cipher.decrypt(xlsx_desk.person("𠮷田").id_number_encrypted or ""))


@pytest.mark.parametrize("name", ["台账.xlsx", "台账.xls", "台账"])
def test_the_kind_of_a_file_is_told_by_its_content(xlsx_desk: Desk, name: str) -> None:
    table = [list(CANDIDATE_HEADERS), [str(candidate_row(1).get(header, "")) for header in CANDIDATE_HEADERS]]
    batch = xlsx_desk.receive_bytes(text_table(table), name)
    assert batch.counts == CLEAN | {"new": 1}
    book = to_bytes(candidates(candidate_row(2)))
    assert xlsx_desk.receive_bytes(book, "改名.csv").counts == CLEAN | {"new": 1}
