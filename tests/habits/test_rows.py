"""Merged cells, instructions, examples, totals, notes and blank rows among the data."""

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from sqlmodel import select

from app.models import Appointment, Mentee, Person
from app.rosters.workbook import read_sheets
from tests.habits.books import candidates
from tests.habits.conftest import CLEAN, Desk, candidate_row

TOWNSHIP, VILLAGE = "乡镇（街道）", "村（社区）"


def township_and_village_merged_downwards() -> Workbook:
    def merge(sheet: Worksheet) -> None:
        sheet.merge_cells("B2:B4")
        sheet.merge_cells("C2:C3")

    blank: dict[str, object] = {TOWNSHIP: None, VILLAGE: None}
    return candidates(
        candidate_row(1), candidate_row(2, **blank), candidate_row(3, **blank | {VILLAGE: "垌心村"}), arrange=merge
    )


def test_merged_townships_and_villages_are_filled_down(desk: Desk) -> None:
    batch = desk.receive(township_and_village_merged_downwards(), "乡镇村名竖向合并")
    assert (desk.office.issues(batch), batch.counts) == ([], CLEAN | {"new": 3})
    desk.office.commit(batch)
    names = {person.id: person.name for person in desk.all(Person)}
    places = desk.office.places
    assert {names[mentee.person_id]: mentee.village_id for mentee in desk.all(Mentee)} == {
        "张乙": places.guihua.id, "张丙": places.guihua.id, "张丁": places.dongxin.id,
    }  # fmt: skip


def candidate_merged_over_two_mentor_rows() -> Workbook:
    def merge(sheet: Worksheet) -> None:
        for column in range(1, 23):
            if column != 15:
                sheet.merge_cells(start_row=2, end_row=3, start_column=column, end_column=column)
                sheet.merge_cells(start_row=4, end_row=5, start_column=column, end_column=column)

    return candidates(
        candidate_row(1, 任职经历="2012.07-2016.03 桂花村 村会计", 备注="导师甲"),
        {"任职经历": "2016.03-至今 桂花村 村委会主任", "备注": "导师乙"},
        candidate_row(2, 备注="导师丙"),
        arrange=merge,
    )


def test_a_candidate_merged_over_two_rows_is_one_person(desk: Desk) -> None:
    batch = desk.receive(candidate_merged_over_two_mentor_rows(), "一人占两行")
    assert desk.office.issues(batch) == [("A3", "CONTINUED_ROW")]
    assert batch.counts == CLEAN | {"new": 2, "skipped": 1}
    desk.office.commit(batch)
    posts = sorted((str(post.start_date), post.title) for post in desk.all(Appointment))
    assert posts == [("2012-07-01", "村会计"), ("2016-03-01", "村委会主任")]


def township_written_once_and_left_blank_below() -> Workbook:
    return candidates(candidate_row(1), candidate_row(2, **{TOWNSHIP: None}))


def test_blank_cells_are_filled_down_only_when_asked_for(desk: Desk) -> None:
    batch = desk.receive(township_written_once_and_left_blank_below(), "乡镇只写一次")
    assert desk.office.issues(batch) == [("B3", "MISSING_VALUE")]
    assert batch.counts == CLEAN | {"new": 1, "rejected": 1}
    data = (desk.folder / f"乡镇只写一次.{desk.container}").read_bytes()
    (sheet,) = read_sheets("乡镇只写一次", data, fills_down=True)
    assert [row.cells["township"].text for row in sheet.rows] == ["板桥镇", "板桥镇"]


def example_row_and_merged_instructions_in_the_data_area() -> Workbook:
    def arrange(sheet: Worksheet) -> None:
        sheet.cell(2, 1, "示例")
        sheet.cell(5, 4, "填表须知：1.身份证号须为文本格式；2.出生年月按1985.06填写；3.村名写全称，不得合并单元格。")
        sheet.merge_cells("D5:G13")

    return candidates(candidate_row(9), candidate_row(1), candidate_row(2), arrange=arrange)


def test_instructions_and_examples_inside_the_data_are_left_out_and_counted(desk: Desk) -> None:
    batch = desk.receive(example_row_and_merged_instructions_in_the_data_area(), "示例行与填表须知")
    assert desk.office.issues(batch) == [("A2", "SKIPPED_ROW"), ("D5", "SKIPPED_BLOCK")]
    assert batch.counts == CLEAN | {"new": 2, "skipped": 2}
    assert desk.office.changes(batch) == [("台账", 3, "NEW"), ("台账", 4, "NEW")]


def test_a_note_that_speaks_of_a_model_village_makes_no_example_of_its_row(desk: Desk) -> None:
    batch = desk.receive(candidates(candidate_row(1, 备注="示范"), candidate_row(2)), "备注写示范")
    assert (desk.office.issues(batch), batch.counts) == ([], CLEAN | {"new": 2})


def merged_instructions_beside_the_data() -> Workbook:
    def arrange(sheet: Worksheet) -> None:
        sheet.cell(2, 24, "填表说明：身份证号须为文本格式。")
        sheet.merge_cells("X2:AA9")

    return candidates(candidate_row(1), candidate_row(2), arrange=arrange)


def test_instructions_beside_the_data_do_not_hide_it(desk: Desk) -> None:
    batch = desk.receive(merged_instructions_beside_the_data(), "数据旁的填表说明")
    assert desk.office.issues(batch) == [("X2", "SKIPPED_BLOCK")]
    assert batch.counts == CLEAN | {"new": 2, "skipped": 1}


def totals_notes_signatures_and_numbered_blank_tail() -> Workbook:
    def arrange(sheet: Worksheet) -> None:
        sheet.cell(4, 1, "合   计")
        sheet.merge_cells("A4:C4")
        sheet.cell(4, 4, "2人")
        sheet.cell(5, 1, "注：1.百分比按四舍五入取值；")
        sheet.merge_cells("A5:W5")
        sheet.cell(6, 1, "2.来源渠道按五个一批填写。")
        sheet.cell(7, 1, "填表人：张三")
        sheet.cell(7, 8, "审核人：李四")
        sheet.cell(8, 1, "单位负责人（签字）：")
        for row in range(9, 30):
            sheet.cell(row, 1, row - 6)
        sheet.cell(200, 5, "   ")

    return candidates(candidate_row(1), candidate_row(2), arrange=arrange)


def test_totals_notes_signatures_and_blank_rows_are_left_out_and_counted(desk: Desk) -> None:
    batch = desk.receive(totals_notes_signatures_and_numbered_blank_tail(), "合计行注释行与空行")
    assert desk.office.issues(batch) == [("A4", "SKIPPED_ROW"), ("A5", "SKIPPED_ROW"), ("A7", "SKIPPED_ROW")]
    assert batch.counts == CLEAN | {"new": 2, "skipped": 5}


def section_titles_between_the_people() -> Workbook:
    def arrange(sheet: Worksheet) -> None:
        for row, title in ((2, "一、板桥镇（1人）"), (4, "二、塘头镇（1人）")):
            sheet.cell(row, 1, title)
            sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=23)

    second = candidate_row(2, **{TOWNSHIP: "塘头镇", VILLAGE: "青杠坝村"})
    return candidates({}, candidate_row(1), {}, second, arrange=arrange)


def test_section_titles_over_the_whole_row_are_left_out_and_counted(desk: Desk) -> None:
    batch = desk.receive(section_titles_between_the_people(), "分乡镇小标题")
    assert desk.office.issues(batch) == [("A2", "SKIPPED_ROW"), ("A4", "SKIPPED_ROW")]
    assert batch.counts == CLEAN | {"new": 2, "skipped": 2}


def test_a_name_that_begins_like_a_formula_is_no_name_and_nothing_is_evaluated(xlsx_desk: Desk) -> None:
    names = ["=cmd|' /C calc'!A0", "+张三", "-张三", "@张三"]
    book = candidates(*(candidate_row(number, 姓名=name) for number, name in enumerate(names, start=1)))
    for row in range(2, 6):
        book["台账"].cell(row, 4).data_type = "s"
    batch = xlsx_desk.receive(book, "以等号加号减号开头的姓名")
    assert xlsx_desk.office.issues(batch) == [(f"D{row}", "INVALID_NAME") for row in range(2, 6)]
    assert batch.counts == CLEAN | {"rejected": 4}
    assert xlsx_desk.office.session.exec(select(Person)).all() == []


def test_free_texts_that_begin_like_formulas_stay_texts(xlsx_desk: Desk) -> None:
    book = candidates(candidate_row(1, 现任职务="=1+1"), candidate_row(2, 现任职务="-无-"))
    book["台账"].cell(2, 14).data_type = "s"
    batch = xlsx_desk.receive(book, "以等号开头的文本")
    assert (xlsx_desk.office.issues(batch), batch.counts["new"]) == ([], 2)
    xlsx_desk.office.commit(batch)
    assert [xlsx_desk.person(name).unit_and_post for name in ("张乙", "张丙")] == ["=1+1", "-无-"]
