"""The grid of a roster: which texts stand in which column, for any number of seats."""

from typing import Any

import pytest

from app.labels import AVOIDANCE_LABEL
from app.models.vocabulary import ExportForm, MaskLevel, MenteeKind, ReasonCode, RosterLayout
from app.rosters.csvform import flat_header, write_csv
from app.rosters.forms.roster import build_grid
from app.rosters.forms.template import FormTemplate
from app.rosters.forms.words import default_template
from app.rosters.formtexts import with_texts
from app.rosters.grid import FormGrid, fill_document
from tests.app.rosters.export_samples import HEADER, NOW, ONE_TO_ONE_HEADER, content, mentor, one_to_one_content

TWO_PLUS_ONE = default_template(ExportForm.TWO_PLUS_ONE_ROSTER)
ONE_TO_ONE = default_template(ExportForm.ONE_TO_ONE_ROSTER)


def grid_of(
    contents: list[dict[str, Any]],
    *,
    template: FormTemplate = TWO_PLUS_ONE,
    header: dict[str, Any] = HEADER,
    layout: RosterLayout = RosterLayout.WIDE,
    mask_level: MaskLevel = MaskLevel.STANDARD,
) -> FormGrid:
    return build_grid(template, header, contents, layout=layout, mask_level=mask_level)


def headers(grid: FormGrid) -> list[str]:
    return [flat_header(column) for column in grid.columns]


def test_the_wide_form_has_the_columns_of_the_2_plus_1_roster_with_a_code_for_every_person() -> None:
    assert headers(grid_of([content(1)])) == [
        "序号", "乡镇（街道）", "村（社区）",
        "村级后备力量/编号", "村级后备力量/姓名", "村级后备力量/性别", "村级后备力量/民族", "村级后备力量/出生年月",
        "村级后备力量/学历", "村级后备力量/政治面貌", "村级后备力量/培养方向", "村级后备力量/联系电话",
        "帮带干部（一）/编号", "帮带干部（一）/姓名", "帮带干部（一）/单位及职务", "帮带干部（一）/联系电话",
        "帮带干部（二）/编号", "帮带干部（二）/姓名", "帮带干部（二）/单位及职务", "帮带干部（二）/联系电话",
        "帮带起止时间", "备注",
    ]  # fmt: skip


def test_a_wide_row_prints_mentee_both_mentors_and_period() -> None:
    ((line,),) = grid_of([content(1)]).blocks
    unit = "中共思南县板桥镇委员会副书记、镇人民政府镇长，兼任镇综合行政执法大队大队长"
    assert line == (
        1, "板桥镇", "桂花2村",
        "520624-00001", "冉光明", "男", "土家族", "1990.06", "大专", "中共党员", "村党组织书记", "138****0001",
        "520624-10001", "欧阳建国", unit, "139****0001",
        "520624-20001", "安毅", unit, "139****0001",
        "2025.03-2026.02", "",
    )  # fmt: skip


def test_the_one_to_one_form_has_the_columns_of_assigned_cadre_and_single_mentor() -> None:
    grid = grid_of([one_to_one_content(1)], template=ONE_TO_ONE, header=ONE_TO_ONE_HEADER)
    assert headers(grid) == [
        "序号", "乡镇（街道）", "村（社区）",
        "选派干部/编号", "选派干部/姓名", "选派干部/性别", "选派干部/出生年月", "选派干部/学历", "选派干部/政治面貌",
        "选派干部/选派单位", "选派干部/原单位及职务", "选派干部/选派时间", "选派干部/联系电话",
        "帮带导师/编号", "帮带导师/姓名", "帮带导师/单位及职务", "帮带导师/类别", "帮带导师/专业特长",
        "帮带导师/联系电话",
        "帮带起止时间", "备注",
    ]  # fmt: skip
    ((line,),) = grid.blocks
    assert line[9:12] == ("浮山县自然资源局", "浮山县自然资源局不动产登记中心副主任", "2024.05")
    assert line[16:18] == ("乡镇干部", "党建、矛盾调解")


def test_either_kind_of_programme_prints_either_kind_of_mentee() -> None:
    template = default_template(ExportForm.ONE_TO_ONE_ROSTER, MenteeKind.RESERVE_CANDIDATE)
    assert template.groups["mentee"] == "村级后备力量"
    assert template.under("mentor") == ONE_TO_ONE.under("mentor")
    assert "ethnicity" in template.under("mentee")


def test_the_stacked_form_has_one_line_per_seat_with_the_name_of_the_seat() -> None:
    grid = grid_of([content(1), content(2)], layout=RosterLayout.STACKED)
    assert headers(grid)[12:18] == [
        "帮带干部/帮带岗位", "帮带干部/编号", "帮带干部/姓名", "帮带干部/单位及职务", "帮带干部/类别",
        "帮带干部/联系电话",
    ]  # fmt: skip
    assert [len(block) for block in grid.blocks] == [2, 2]
    assert [line[12:15] for line in grid.blocks[0]] == [
        ("帮带干部（一）", "520624-10001", "欧阳建国"),
        ("帮带干部（二）", "520624-20001", "安毅"),
    ]
    assert grid.blocks[0][0][:12] == grid.blocks[0][1][:12]
    assert [column.is_shared for column in grid.columns] == [True] * 12 + [False] * 6 + [True] * 2


@pytest.mark.parametrize(("layout", "columns", "lines"), [(RosterLayout.WIDE, 26, 1), (RosterLayout.STACKED, 20, 3)])
def test_a_third_seat_adds_columns_when_wide_and_lines_when_stacked(
    layout: RosterLayout, columns: int, lines: int
) -> None:
    entry = content(1)
    entry["mentors"].append(mentor("COUNTY_MENTOR", 30_001))
    header = HEADER | {"slots": [*HEADER["slots"], {"code": "COUNTY_MENTOR", "name": "帮带干部（三）"}]}
    grid = grid_of([entry], header=header, layout=layout)
    assert len(grid.columns) == columns
    assert [len(block) for block in grid.blocks] == [lines]


def test_seats_of_the_same_name_keep_their_own_group() -> None:
    header = HEADER | {"slots": [{"code": code, "name": "帮带干部"} for code in ("TOWNSHIP_MENTOR", "VILLAGE_MENTOR")]}
    groups = [group for group in grid_of([content(1)], header=header).groups if group[0]]
    assert groups == [("村级后备力量", 3, 11), ("帮带干部", 12, 15), ("帮带干部", 16, 19)]


def test_an_empty_seat_prints_its_absence_and_the_reasons_in_the_note() -> None:
    entry = content(5, note="退役军人", shortfall=("本乡镇无符合条件的导师", "符合条件的导师名额已满"))
    ((line,),) = grid_of([entry]).blocks
    assert line[16:20] == ("", "缺", "", "")
    assert line[21] == "退役军人；帮带干部（二）缺：本乡镇无符合条件的导师、符合条件的导师名额已满"


def test_a_seat_without_mentor_and_without_reason_is_still_named() -> None:
    entry = content(5)
    del entry["mentors"][1]
    ((line,),) = grid_of([entry]).blocks
    assert line[17] == "缺"
    assert line[21] == "帮带干部（二）缺"


@pytest.mark.parametrize("code", [ReasonCode.KINSHIP, ReasonCode.DISCIPLINE, ReasonCode.EXCLUDED])
def test_no_note_tells_of_kinship_discipline_or_complaints(code: ReasonCode) -> None:
    entry = content(5, shortfall=(code.value, AVOIDANCE_LABEL, "处分影响期内", "亲属回避"))
    ((line,),) = grid_of([entry]).blocks
    assert line[21] == f"帮带干部（二）缺：{AVOIDANCE_LABEL}"


@pytest.mark.parametrize("layout", list(RosterLayout))
def test_strict_masking_leaves_the_phone_columns_out(layout: RosterLayout) -> None:
    grid = grid_of([content(1)], layout=layout, mask_level=MaskLevel.STRICT)
    assert not [name for name in headers(grid) if "电话" in name]
    assert not [cell for block in grid.blocks for line in block for cell in line if "****" in str(cell)]
    assert len(grid.blocks[0][0]) == len(grid.columns)


def test_rows_keep_the_order_given_and_are_numbered_from_one() -> None:
    grid = grid_of([content(9), content(3), content(40)])
    assert [(block[0][0], block[0][3]) for block in grid.blocks] == [
        (1, "520624-00009"), (2, "520624-00003"), (3, "520624-00040"),
    ]  # fmt: skip


def test_header_words_come_from_the_template() -> None:
    texts = {"group.mentee": "后备干部", "phrase.missing": "暂缺", "phrase.shortfall": "{slot}暂缺（{reasons}）"}
    template = with_texts(TWO_PLUS_ONE, texts, {})
    grid = grid_of([content(5, shortfall=("资料缺失",))], template=template)
    assert headers(grid)[4] == "后备干部/姓名"
    assert grid.blocks[0][0][17] == "暂缺"
    assert grid.blocks[0][0][21] == "帮带干部（二）暂缺（资料缺失）"


def csv_of(grid: FormGrid, mark: str) -> bytes:
    values = {"title": "花名册", "unit": "", "date": "", "reference_date": "", "order": ""}
    return write_csv(fill_document(TWO_PLUS_ONE, grid, values, own_mark=mark, made_at=NOW))


def test_csv_begins_with_the_byte_order_mark_and_ends_with_the_export_mark() -> None:
    data = csv_of(grid_of([content(1), content(2)]), "导出人：思南县组织科")
    assert data.startswith(b"\xef\xbb\xbf")
    lines = data.decode("utf-8-sig").split("\r\n")
    assert len(lines) == 5
    assert lines[0].startswith("序号,乡镇（街道）,村（社区）,村级后备力量/编号,")
    assert lines[1].startswith("1,板桥镇,桂花2村,520624-00001,冉光明,")
    assert lines[3:] == ["导出人：思南县组织科", ""]


def test_stacked_csv_repeats_the_mentee_on_every_line() -> None:
    lines = csv_of(grid_of([content(1)], layout=RosterLayout.STACKED), "m").decode("utf-8-sig").split("\r\n")
    assert len(lines) == 5
    assert [line.split(",")[:5] for line in lines[1:3]] == [["1", "板桥镇", "桂花2村", "520624-00001", "冉光明"]] * 2


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_csv_puts_an_apostrophe_before_what_would_be_a_formula(start: str) -> None:
    entry = content(1)
    entry["mentee"]["name"] = f"{start}HYPERLINK(0)"
    text = csv_of(grid_of([entry]), "m").decode("utf-8-sig")
    assert f"'{start}HYPERLINK(0)" in text
    assert f",{start}HYPERLINK" not in text


def test_a_roster_of_several_counties_names_the_county_of_every_row() -> None:
    rows = [content(1) | {"county": "思南县"}, content(2) | {"county": "江口县"}]
    several, one = grid_of(rows), grid_of(rows[:1])
    assert headers(several)[:4] == ["序号", "县（区）", "乡镇（街道）", "村（社区）"]
    assert headers(one)[:3] == ["序号", "乡镇（街道）", "村（社区）"]
    assert [block[0][1] for block in several.blocks] == ["思南县", "江口县"]
