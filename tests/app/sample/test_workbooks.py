"""County workbooks look like those of real counties and are the same to the byte for the same seed."""

import io
import re
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from app.sample.catalog import PROGRAMS, Sample
from app.sample.load import write_workbooks
from app.sample.wording import DATE_FORMS
from app.sample.workbooks import CountyWorkbooks


def columns(names: str) -> list[str]:
    return names.replace("\n", "").split(",")


CANDIDATE_COLUMNS = columns("""序号,乡镇（街道）,村（社区）,姓名,性别,民族,出生年月,籍贯,学历,毕业院校及专业,政治面貌,
入党时间,参加工作时间,现任职务,任职经历,来源渠道,培养方向,入库时间,审查进度,能力需求,身份证号,联系电话,备注""")
MENTOR_COLUMNS = columns("""序号,乡镇（街道）,姓名,性别,民族,出生年月,学历,政治面貌,单位及职务,类别,任职经历,从业年限,
专业特长/擅长,专业特长/熟悉,近三年考核/2022年,近三年考核/2023年,近三年考核/2024年,可帮带人数,包联村,居住地,处分影响期,
身份证号,联系电话,备注""")
CADRE_COLUMNS = columns("""序号,乡镇（街道）,村（社区）,姓名,性别,民族,出生年月,学历,政治面貌,选派单位,原单位及职务,
选派时间,任期至,任职经历,能力需求,身份证号,联系电话,备注""")
CAREER_LINE = re.compile(r"\d{4}\.\d{2}-(\d{4}\.\d{2}|至今) \S+ \S+")


@pytest.fixture(scope="module")
def tongren() -> CountyWorkbooks:
    return CountyWorkbooks(Sample("tongren"))


@pytest.fixture(scope="module")
def books(tongren: CountyWorkbooks) -> dict[str, Workbook]:
    return {c.code: load_workbook(io.BytesIO(tongren.render(c))) for c in tongren.counties[:4]}


def headers(sheet: Worksheet) -> list[str]:
    """Header paths of rows 3 and 4, merged groups spread over their columns."""
    paths = []
    group = ""
    spread = {r.min_col: r.max_col for r in sheet.merged_cells.ranges if r.min_row == 3 and r.max_col > r.min_col}
    until = 0
    for column in range(1, sheet.max_column + 1):
        top, below = sheet.cell(3, column).value, sheet.cell(4, column).value
        if column in spread:
            group, until = str(top), spread[column]
        name = f"{group}/{below}" if column <= until else str(top)
        paths.append(re.sub(r"\s", "", name))
    return paths


def data(sheet: Worksheet) -> list[dict[str, object]]:
    columns = headers(sheet)
    rows = [dict(zip(columns, row, strict=True)) for row in sheet.iter_rows(min_row=5, values_only=True)]
    return [row for row in rows if isinstance(row["序号"], int)]


def test_the_columns_are_those_agreed_with_the_importer(books: dict[str, Workbook]) -> None:
    kinds = {
        "后备力量": CANDIDATE_COLUMNS,
        "导师": MENTOR_COLUMNS,
        "回避关系": ["序号", "甲方/姓名", "甲方/身份证号", "乙方/姓名", "乙方/身份证号", "关系", "备注"],
        "禁止结对": ["序号", "帮带对象/姓名", "帮带对象/身份证号", "导师/姓名", "导师/身份证号", "原因", "备注"],
        "帮带意愿": columns("""序号,填报人/姓名,填报人/身份证号,意愿对象/姓名,意愿对象/身份证号,意愿顺序,理由,
批准人,备注"""),
    }
    seen = set()
    for book in books.values():
        for sheet in book.worksheets:
            kind = next(kind for kind in kinds if kind in sheet.title)
            assert headers(sheet) == kinds[kind], sheet.title
            seen.add(kind)
    assert {"后备力量", "导师", "帮带意愿"} <= seen


def test_headers_are_two_level_merged_and_hold_line_breaks_and_spaces(books: dict[str, Workbook]) -> None:
    sheet = books["520602000000"]["导师库"]
    merged = {str(cells) for cells in sheet.merged_cells.ranges}
    assert {"A1:X1", "M3:N3", "O3:Q3", "A3:A4"} <= merged
    assert sheet["C3"].value == "姓  名"
    assert sheet["H3"].value == "政治\n面貌"
    assert str(sheet["A2"].value).startswith("填报单位（盖章）：")


def test_counties_differ_in_their_habits(books: dict[str, Workbook]) -> None:
    n_sheets = {code: len(book.worksheets) for code, book in books.items()}
    assert n_sheets["520602000000"] <= 5
    assert n_sheets["520603000000"] > 10
    shapes = set()
    for book in books.values():
        dates = [str(row["出生年月"]) for row in data(book.worksheets[0])]
        shapes.add(re.sub(r"\d", "9", dates[0]))
    assert len(shapes) >= 3
    assert any(
        cells.min_col == 2 and cells.max_row > cells.min_row >= 5
        for cells in books["520602000000"]["后备力量"].merged_cells.ranges
    )
    padded = [row["姓名"] for sheet in books["520603000000"].worksheets[:5] for row in data(sheet)]
    assert any("  " in str(name) for name in padded)


def test_each_sheet_ends_with_a_total_and_a_note(books: dict[str, Workbook]) -> None:
    for book in books.values():
        for sheet in book.worksheets:
            assert sheet.cell(sheet.max_row - 1, 1).value == "合计"
            assert sheet.cell(sheet.max_row - 1, 3).value in (f"{len(data(sheet))}人", f"{len(data(sheet))}对")
            assert str(sheet.cell(sheet.max_row, 1).value).startswith("注：")


def test_numbers_are_text_and_careers_are_readable(books: dict[str, Workbook]) -> None:
    for book in books.values():
        for sheet in book.worksheets:
            for row in data(sheet):
                for column, value in row.items():
                    if column.endswith("身份证号"):
                        assert isinstance(value, str)
                        assert re.fullmatch(r"\d{17}[\dX]", value)
                    if column == "联系电话":
                        assert isinstance(value, str)
                career = row.get("任职经历")
                if isinstance(career, str):
                    assert all(CAREER_LINE.fullmatch(line) for line in re.split("[\n；]", career)), career


def test_everybody_of_a_county_is_in_its_workbook_once(books: dict[str, Workbook], tongren: CountyWorkbooks) -> None:
    for code, book in books.items():
        listed = [row["身份证号"] for sheet in book.worksheets for row in data(sheet) if "联系电话" in row]
        people = [*tongren.people.mentees, *tongren.people.mentors]
        known = [one.person.id_number for one in people if one.person.home_code.startswith(code[:6])]
        assert sorted(map(str, listed)) == sorted(known)


def test_fushan_lists_its_assigned_cadres() -> None:
    books = CountyWorkbooks(Sample("fushan"))
    book = load_workbook(io.BytesIO(books.render(books.counties[0])))
    assert headers(book["选派干部"]) == CADRE_COLUMNS
    assert len(data(book["选派干部"])) == 30
    words = {row["类别"] for row in data(book["导师库"])}
    assert words == {"乡镇业务骨干", "产业发展带头人", "离退休干部"}


def test_files_are_written_in_county_order_and_the_same_to_the_byte(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    first = write_workbooks(Sample("fushan"), tmp_path / "a", lambda done, total: told.append((done, total)))
    second = write_workbooks(Sample("fushan"), tmp_path / "b")
    assert [path.name for path in first] == ["141027浮山县结对帮带信息台账.xlsx"]
    assert first[0].read_bytes() == second[0].read_bytes()
    assert told == [(1, 1)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tongren", "chifeng"])
def test_large_samples_are_the_same_to_the_byte(name: str, tmp_path: Path) -> None:
    first = write_workbooks(Sample(name), tmp_path / "a")
    second = write_workbooks(Sample(name), tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_every_sample_has_a_programme_and_months_have_four_forms() -> None:
    assert PROGRAMS["tongren"].name == "铜仁市2025年村级后备力量“2+1”结对帮带"
    assert PROGRAMS["fushan"].preset == "FUSHAN_ONE_TO_ONE"
    assert [form(PROGRAMS["tongren"].start_date) for form in DATE_FORMS] == [
        "2025.03",
        "2025年3月",
        "2025-03",
        "202503",
    ]
