"""The xlsx form: exact cells, merged ranges, print settings, and a file that differs only in its mark."""

import shutil
import subprocess
import time
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from app.models.vocabulary import ExportForm, MaskLevel, RosterLayout
from app.rosters.forms.roster import build_grid
from app.rosters.forms.template import FormTemplate
from app.rosters.forms.words import default_template
from app.rosters.grid import CHINA_TIME, fill_document
from app.rosters.xlsxform import write_xlsx
from tests.app.rosters.export_samples import HEADER, NOW, ONE_TO_ONE_HEADER, TITLE, content, one_to_one_content

TWO_PLUS_ONE = default_template(ExportForm.TWO_PLUS_ONE_ROSTER)
MARK = "导出人：思南县组织科　导出时间：2025-03-15 10:30:00　版本：第1版"


def file_of(
    contents: list[dict[str, Any]],
    *,
    template: FormTemplate = TWO_PLUS_ONE,
    header: dict[str, Any] = HEADER,
    layout: RosterLayout = RosterLayout.WIDE,
    who: str = "思南县组织科",
    document_no: str | None = None,
) -> bytes:
    grid = build_grid(template, header, contents, layout=layout, mask_level=MaskLevel.STANDARD)
    values = {key: header[key] for key in ("title", "unit", "date", "reference_date")} | {"order": "建制顺序、村"}
    document = fill_document(
        template,
        grid,
        values,
        own_mark=MARK.replace("思南县组织科", who),
        made_at=NOW.astimezone(CHINA_TIME),
        more_notes=(f"文号：{document_no}。",) if document_no else (),
    )
    return write_xlsx(document, copy_of=f"{who} 2025-03-15 10:30")


def sheet_of(data: bytes) -> Worksheet:
    sheet = load_workbook(BytesIO(data)).active
    assert isinstance(sheet, Worksheet)
    return sheet


def ranges(sheet: Worksheet) -> set[str]:
    return {cell_range.coord for cell_range in sheet.merged_cells.ranges}


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_head_of_the_form_stands_as_on_paper() -> None:
    sheet = sheet_of(file_of([content(1), content(2)]))
    assert sheet["A1"].value == "附件1"
    assert sheet["A2"].value == TITLE
    assert (sheet["A2"].font.name, sheet["A2"].font.size) == ("方正小标宋简体", 20)
    assert sheet["A3"].value == "填报单位（盖章）：中共铜仁市委组织部"
    assert sheet["O3"].value == "填报时间：2025年3月15日"
    assert sheet["O3"].alignment.horizontal == "right"
    assert [sheet.cell(4, column).value for column in (1, 2, 3, 4, 13, 17, 21, 22)] == [
        "序号", "乡镇\n（街道）", "村\n（社区）", "村级后备力量", "帮带干部（一）", "帮带干部（二）",
        "帮带\n起止时间", "备注",
    ]  # fmt: skip
    assert [sheet.cell(5, column).value for column in range(4, 13)] == [
        "编号", "姓名", "性别", "民族", "出生年月", "学历", "政治面貌", "培养\n方向", "联系电话",
    ]  # fmt: skip


def test_the_merged_ranges_of_the_wide_form_are_title_header_and_foot() -> None:
    assert ranges(sheet_of(file_of([content(1), content(2)]))) == {
        "A1:V1", "A2:V2", "A3:N3", "O3:V3",
        "A4:A5", "B4:B5", "C4:C5", "D4:L4", "M4:P4", "Q4:T4", "U4:U5", "V4:V5",
        "A8:V8", "A9:G9", "H9:N9", "O9:R9", "S9:V9", "A10:V10",
    }  # fmt: skip


def test_the_body_is_bordered_wrapped_and_centred() -> None:
    sheet = sheet_of(file_of([content(1)]))
    assert [sheet.cell(6, column).value for column in (1, 4, 5, 13, 14, 17, 21)] == [
        1, "520624-00001", "冉光明", "520624-10001", "欧阳建国", "520624-20001", "2025.03-2026.02",
    ]  # fmt: skip
    for column in range(1, 23):
        cell = sheet.cell(6, column)
        assert (cell.font.name, cell.font.size) == ("仿宋_GB2312", 10)
        assert cell.alignment.wrap_text is True
        assert cell.alignment.vertical == "center"
        sides = (cell.border.left, cell.border.right, cell.border.top, cell.border.bottom)
        assert {side.style for side in sides} == {"thin"}
    assert sheet["A6"].alignment.horizontal == "center"
    assert sheet["O6"].alignment.horizontal == "left"


def test_the_foot_holds_notes_signatures_and_the_visible_mark() -> None:
    sheet = sheet_of(file_of([content(1)], document_no="铜组通〔2025〕12号"))
    assert (
        sheet["A7"].value
        == "注：1. 出生年月计算截至2025年3月1日。2. 本表按建制顺序、村排序。3. 文号：铜组通〔2025〕12号。"
    )
    signatures = [cell.value for cell in sheet[8] if cell.value]
    assert signatures == ["填表人：", "审核人：", "单位负责人（签字）：", "联系电话："]
    assert sheet["A9"].value == MARK
    assert sheet.max_row == 9


def test_the_page_is_a4_landscape_one_page_wide_with_repeated_header_and_page_number() -> None:
    sheet = sheet_of(file_of([content(1)]))
    assert sheet.page_setup.orientation == "landscape"
    assert int(sheet.page_setup.paperSize or 0) == 9
    # One page across is what the format means where nothing is said.
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.sheet_properties.pageSetUpPr is not None
    assert sheet.sheet_properties.pageSetUpPr.fitToPage is True
    assert sheet.print_title_rows == "$4:$5"
    assert sheet.print_options.horizontalCentered is True
    assert sheet.freeze_panes == "F6"
    assert not sheet.row_breaks.brk
    footer = parts(file_of([content(1)], who="R&D"))["xl/worksheets/sheet1.xml"].decode("utf-8")
    assert "&amp;C第 &amp;P 页 共 &amp;N 页&amp;RR&amp;&amp;D 2025-03-15 10:30</oddFooter>" in footer


def test_row_heights_grow_with_wrapped_text() -> None:
    long = content(1)
    long["mentors"][0]["unit_and_post"] = "中共思南县板桥镇委员会副书记" * 5
    short = content(2)
    for seat in short["mentors"]:
        seat |= {"unit_and_post": "板桥镇镇长", "name": "田维军"}
    sheet = sheet_of(file_of([long, short]))
    # 70 characters in a column that holds 9 of them take 8 lines; codes take 2.
    assert sheet.row_dimensions[6].height == 123
    assert sheet.row_dimensions[7].height == 36


def test_a_stacked_block_merges_what_speaks_of_the_mentee() -> None:
    sheet = sheet_of(file_of([content(1), content(2)], layout=RosterLayout.STACKED))
    merged = ranges(sheet)
    assert {"A6:A7", "L6:L7", "S6:S7", "T6:T7", "A8:A9", "T8:T9", "M4:R4"} <= merged
    assert not [coord for coord in merged if coord.startswith(("M6", "N6", "R6"))]
    assert [sheet.cell(row, 15).value for row in (6, 7)] == ["欧阳建国", "安毅"]
    assert [sheet.cell(row, 5).value for row in (6, 7)] == ["冉光明", None]
    bottom = sheet.cell(7, 5).border
    assert (bottom.bottom.style, bottom.left.style) == ("thin", "thin")


def test_pages_of_the_stacked_form_break_between_mentees_only() -> None:
    sheet = sheet_of(file_of([content(number) for number in range(60)], layout=RosterLayout.STACKED))
    breaks = [page_break.id for page_break in sheet.row_breaks.brk]
    assert len(breaks) > 5
    assert all((row - 5) % 2 == 0 for row in breaks)
    assert breaks == sorted(set(breaks))


def test_the_one_to_one_form_is_named_and_grouped_for_its_people() -> None:
    template = default_template(ExportForm.ONE_TO_ONE_ROSTER)
    sheet = sheet_of(file_of([one_to_one_content(1)], template=template, header=ONE_TO_ONE_HEADER))
    assert sheet["A2"].value == "浮山县2025年选派干部导师帮带花名册"
    assert [cell.value for cell in sheet[4] if cell.value] == [
        "序号", "乡镇\n（街道）", "村\n（社区）", "选派干部", "帮带导师", "帮带\n起止时间", "备注",
    ]  # fmt: skip


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_looks_like_a_formula_stays_text(start: str) -> None:
    entry = content(1)
    entry["mentee"]["name"] = f"{start}1+1"
    data = file_of([entry])
    cell = sheet_of(data)["E6"]
    assert cell.data_type == "s"
    assert cell.quotePrefix is True
    assert b"<f>" not in parts(data)["xl/worksheets/sheet1.xml"]


def test_control_characters_are_left_out_where_the_format_cannot_hold_them() -> None:
    entry = content(1)
    entry["mentee"]["name"] = "\x0b=1+1"
    entry["mentors"][0]["unit_and_post"] = "板桥镇\x01党建办"
    data = file_of([entry], header=HEADER | {"title": "花名\x00册", "unit": "组织\x1f部"}, who="思南县\x02组织科")
    sheet = sheet_of(data)
    assert (sheet["A2"].value, sheet["E6"].value, sheet["E6"].quotePrefix) == ("花名册", "=1+1", True)
    assert "板桥镇党建办" in [cell.value for cell in sheet[6]]
    assert load_workbook(BytesIO(data)).properties.creator == "思南县组织科 2025-03-15 10:30"


def test_the_hidden_mark_stands_in_the_document_properties() -> None:
    properties = load_workbook(BytesIO(file_of([content(1)]))).properties
    assert properties.creator == "思南县组织科 2025-03-15 10:30"
    assert properties.description == MARK
    assert properties.created == NOW.replace(tzinfo=None)
    assert properties.modified == NOW.replace(tzinfo=None)


def test_equal_exports_are_equal_to_the_byte_and_others_differ_only_in_the_mark() -> None:
    rows = [content(number) for number in range(5)]
    for layout in RosterLayout:
        assert file_of(rows, layout=layout) == file_of(rows, layout=layout)
    first, second = parts(file_of(rows)), parts(file_of(rows, who="江口县组织科"))
    assert {name for name in first if first[name] != second[name]} == {
        "docProps/core.xml",
        "xl/sharedStrings.xml",
        "xl/worksheets/sheet1.xml",
    }
    replaced = {name: part.replace("江口县".encode(), "思南县".encode()) for name, part in second.items()}
    assert replaced == first


@pytest.mark.bench
@pytest.mark.parametrize("layout", list(RosterLayout))
def test_a_prefecture_of_1216_rows_is_written_within_two_seconds(layout: RosterLayout) -> None:
    rows = [content(number) for number in range(1216)]
    start = time.process_time()
    data = file_of(rows, layout=layout)
    seconds = time.process_time() - start
    assert seconds < 2
    lines = 1 if layout is RosterLayout.WIDE else 2
    assert sheet_of(data).max_row == 5 + 1216 * lines + 3


@pytest.mark.slow
@pytest.mark.parametrize("layout", list(RosterLayout))
def test_libreoffice_prints_the_file_on_one_page_width(layout: RosterLayout, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice (soffice) is not installed: the printed pages were not checked")
    path = tmp_path / "roster.xlsx"
    path.write_bytes(file_of([content(number) for number in range(60)], layout=layout))
    for target in ("pdf", "csv:Text - txt - csv (StarCalc):44,34,76"):
        profile = f"-env:UserInstallation=file://{tmp_path}/profile"
        command = [office, profile, "--headless", "--convert-to", target, "--outdir", str(tmp_path), str(path)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    pdf = (tmp_path / "roster.pdf").read_bytes()
    pages = pdf.count(b"/Type/Page/") + pdf.count(b"/Type /Page\n")
    # A second page across would double the count: 60 rows of this sample fill 6 pages wide and 15 stacked.
    assert pages in (range(5, 9) if layout is RosterLayout.WIDE else range(12, 20))
    text = (tmp_path / "roster.csv").read_text("utf-8")
    assert TITLE in text
    assert "520624-00059" in text
