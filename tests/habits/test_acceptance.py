"""Everything at once in one file, as a county sends it: titles, groups, examples, totals, merged cells."""

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from app.models import Mentee, Mentor, Person
from tests.habits.conftest import CLEAN, Desk, candidate_row, mentor_row
from tests.workbooks import CANDIDATE_HEADERS, MENTOR_HEADERS, add_sheet, new_workbook


def a_county_in_one_file() -> Workbook:
    book = new_workbook()
    for township, village, first in (("板桥镇", "垌心村委会", 1), ("塘头镇", "青杠坝", 4)):

        def arrange(sheet: Worksheet) -> None:
            sheet.insert_rows(2)
            sheet["A2"], sheet["K2"] = "单位名称：思南县", "统计日期：2025年3月"
            sheet["A4"] = "示例"
            sheet.merge_cells("B5:B7")
            sheet.merge_cells("C5:C7")
            sheet["A8"], sheet["D8"] = "合  计", "3人"
            sheet["A9"] = "注：出生年月按身份证填写"
            sheet.merge_cells("A9:W9")

        place: dict[str, object] = {"乡镇（街道）": township, "村（社区）": village}
        blank: dict[str, object] = dict.fromkeys(place)
        rows = [candidate_row(50), candidate_row(first, **place),
                candidate_row(first + 1, **blank, 姓名="阿不都•买买提" if first == 1 else "张  三"),
                candidate_row(first + 2, **blank, 出生年月=198506)]  # fmt: skip
        add_sheet(book, township, CANDIDATE_HEADERS, rows, title=f"{township}村级后备力量信息台账", arrange=arrange)
    add_sheet(book, "导师库", MENTOR_HEADERS, [mentor_row(7)], title="帮带导师库")
    return book


def test_one_file_with_all_habits_is_read_and_read_again_without_change(desk: Desk) -> None:
    batch = desk.receive(a_county_in_one_file(), "全县一份")
    # Of each township: title, line below it, example, total, note; of the pool its title.
    assert desk.office.issues(batch) == sorted(
        [("A4", "SKIPPED_ROW"), ("A8", "SKIPPED_ROW"), ("A9", "SKIPPED_ROW")] * 2
    )
    assert batch.counts == CLEAN | {"new": 7, "skipped": 11}
    desk.office.commit(batch)
    assert (len(desk.all(Person)), len(desk.all(Mentee)), len(desk.all(Mentor))) == (7, 6, 1)
    places = desk.office.places
    assert {mentee.village_id for mentee in desk.all(Mentee)} == {places.dongxin.id, places.qinggang.id}
    assert {person.name for person in desk.all(Person)} >= {"阿不都·买买提", "张三"}
    before = desk.office.counts()
    again = desk.receive(a_county_in_one_file(), "全县一份")
    assert again.counts == CLEAN | {"unchanged": 7, "skipped": 11}
    desk.office.commit(again)
    assert desk.office.counts() == before | {"audit_event": before["audit_event"] + 1}
