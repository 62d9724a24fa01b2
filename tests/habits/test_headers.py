"""Titles, header rows, groups, spaces and synonyms: the header is found by what it says, not where it stands."""

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from app.models import AnnualAppraisal, ReserveCandidate
from app.models.vocabulary import TargetPost
from app.rosters.files.raw import column_letter
from app.rosters.workbook import read_sheets
from app.services.imports.records import SheetKind
from tests.habits.books import candidates, mentors
from tests.habits.conftest import CLEAN, Desk, candidate_row, mentor_row
from tests.workbooks import CANDIDATE_HEADERS, new_workbook, to_bytes


def merged_title_with_two_subtitles_above_one_header_row() -> Workbook:
    def arrange(sheet: Worksheet) -> None:
        sheet.insert_rows(2, 2)
        sheet.cell(2, 1, "单位名称：板桥镇人民政府")
        sheet.cell(2, 9, "统计日期：2025年3月3日")
        sheet.cell(3, 1, "按姓氏笔划排序")
        sheet.merge_cells("A3:W3")

    return candidates(candidate_row(1), candidate_row(2), title="村级后备力量信息台账", arrange=arrange)


def test_title_and_subtitles_are_counted_and_left_out(desk: Desk) -> None:
    batch = desk.receive(merged_title_with_two_subtitles_above_one_header_row(), "合并标题与副标题")
    assert desk.office.issues(batch) == []
    assert batch.counts == CLEAN | {"new": 2, "skipped": 3}
    assert desk.office.changes(batch) == [("台账", 5, "NEW"), ("台账", 6, "NEW")]


def test_two_header_rows_with_merged_groups_are_read_as_paths(desk: Desk) -> None:
    batch = desk.receive(mentors(mentor_row(1, **{"近三年考核/2023年": "称职"})), "两行合并表头")
    assert (desk.office.issues(batch), batch.counts) == ([], CLEAN | {"new": 1})
    desk.office.commit(batch)
    assert sorted((row.year, row.grade) for row in desk.all(AnnualAppraisal)) == [
        (2023, "COMPETENT"), (2024, "EXCELLENT"),
    ]  # fmt: skip


def three_header_rows_with_groups_in_groups() -> Workbook:
    book = new_workbook()
    sheet = book.create_sheet("台账")
    groups = [("基本情况", 1, 11), ("培养情况", 12, 16), ("联系方式", 17, 18)]
    for title, first, last in groups:
        sheet.cell(2, first, title)
        sheet.merge_cells(start_row=2, end_row=2, start_column=first, end_column=last)
    leaves = ["序号", "乡镇", "村", "姓名", "性别", "民族", "出生年月", "籍贯", "学历学位", None, "政治面貌",
              "来源渠道", "培养", None, "审查进度", "能力需求", "身份证号", "联系电话"]  # fmt: skip
    for column, leaf in enumerate(leaves, start=1):
        if leaf in ("学历学位", "培养"):
            sheet.cell(3, column, leaf)
            sheet.merge_cells(start_row=3, end_row=3, start_column=column, end_column=column + 1)
        elif leaf is not None:
            sheet.cell(3, column, leaf)
            sheet.merge_cells(start_row=3, end_row=4, start_column=column, end_column=column)
    for column, leaf in ((9, "学历"), (10, "毕业院校及专业"), (13, "培养方向"), (14, "入库时间")):
        sheet.cell(4, column, leaf)
    sheet.cell(1, 1, "后备力量台账")
    sheet.merge_cells("A1:R1")
    row = candidate_row(1)
    keys = ["序号", "乡镇（街道）", "村（社区）", "姓名", "性别", "民族", "出生年月", "籍贯", "学历", "毕业院校及专业",
            "政治面貌", "来源渠道", "培养方向", "入库时间", "审查进度", "能力需求", "身份证号", "联系电话"]  # fmt: skip
    for column, key in enumerate(keys, start=1):
        sheet.cell(5, column, row.get(key))
    return book


def test_three_header_rows_with_groups_in_groups_are_read(desk: Desk) -> None:
    batch = desk.receive(three_header_rows_with_groups_in_groups(), "三行合并表头")
    assert desk.office.issues(batch) == []
    assert batch.counts == CLEAN | {"new": 1, "skipped": 1}
    desk.office.commit(batch)
    (candidate,) = desk.all(ReserveCandidate)
    assert (candidate.target_post, str(candidate.pool_date)) == (TargetPost.SECRETARY, "2024-03-01")
    assert desk.person("张乙").education_code == "31"


def headers_with_line_breaks_and_spaces() -> tuple[Workbook, list[str]]:
    broken = {"政治面貌": "政治\n面貌", "姓名": "姓  名", "性别": "性\u3000别", "现任职务": "现 任\r\n职  务",
              "出生年月": "出生\n年月", "联系电话": " 联系电话： ", "身份证号": "身份证号*",
              "入党时间": "入党时间（格式：2008.07）", "备注": "备注（注：200字以内）"}  # fmt: skip
    headers = [broken.get(header, header) for header in CANDIDATE_HEADERS]
    row = {broken.get(key, key): value for key, value in candidate_row(1, 现任职务="村会计").items()}
    return candidates(row, headers=headers), headers


def test_line_breaks_spaces_and_signs_in_headers_do_not_matter(desk: Desk) -> None:
    book, _ = headers_with_line_breaks_and_spaces()
    batch = desk.receive(book, "表头换行与空格")
    assert (desk.office.issues(batch), batch.counts) == ([], CLEAN | {"new": 1})
    desk.office.commit(batch)
    person = desk.person("张乙")
    assert (person.unit_and_post, person.political_status_code, person.phone_masked) == ("村会计", "01", "138****0001")


def headers_with_synonyms() -> Workbook:
    other = {"出生年月": "出生时间", "学历": "文化程度", "联系电话": "手机号码", "现任职务": "工作单位及职务",
             "身份证号": "公民身份号码", "村（社区）": "所在村", "乡镇（街道）": "乡（镇）",
             "来源渠道": "来源"}  # fmt: skip
    headers = [other.get(header, header) for header in CANDIDATE_HEADERS]
    row = {other.get(key, key): value for key, value in candidate_row(1, 现任职务="村会计").items()}
    return candidates(row, headers=headers)


def test_headers_have_synonyms(desk: Desk) -> None:
    batch = desk.receive(headers_with_synonyms(), "表头同义词")
    assert (desk.office.issues(batch), batch.counts) == ([], CLEAN | {"new": 1})
    desk.office.commit(batch)
    person = desk.person("张乙")
    assert (str(person.birth_date), person.education_code, person.phone_masked, person.unit_and_post) == (
        "1985-06-01", "31", "138****0001", "村会计",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "header", "key"),
    [
        (SheetKind.CANDIDATES, "学历（全日制/在职）", "education"),
        (SheetKind.CANDIDATES, "培养方向（书记/主任/两委委员）", "target_post"),
        (SheetKind.CANDIDATES, "出生年月（年龄）", "birth"),
        (SheetKind.MENTORS, "类别（乡镇干部/村干部/离退休/致富带头人/站所骨干）", "category"),
        (SheetKind.MENTORS, "专业特长（党建、产业）", "specialty_good"),
    ],
)
def test_what_may_stand_in_a_column_is_no_part_of_its_header(kind: SheetKind, header: str, key: str) -> None:
    headers = {SheetKind.CANDIDATES: CANDIDATE_HEADERS, SheetKind.MENTORS: ("乡镇", "姓名", "类别", "可帮带人数")}[kind]
    kept = [one for one in headers if header[:2] not in one]
    book = new_workbook()
    book.create_sheet("表").append([*kept, header])
    (sheet,) = read_sheets("a", to_bytes(book))
    assert sheet.layout is not None
    assert sheet.layout.kind is kind
    assert sheet.columns[key] == column_letter(len(kept) + 1)
