"""What people decide about a file: mappings of sheets, remembered headers, corrected cells, rows left out."""

import pytest
from openpyxl.worksheet.worksheet import Worksheet

from app.errors import InvalidInputError, WorkbookError
from app.rosters.workbook import SKIP_ROW, Sheet, SheetMapping, read_sheets, require_known_table
from app.services.imports.records import SheetKind
from tests.app.rosters.conftest import candidate_row
from tests.workbooks import CANDIDATE_HEADERS, MENTOR_HEADERS, add_sheet, new_workbook, to_bytes

ODD_HEADERS = ("组别", "属地", "称谓", "渠道", "培养岗位意向", "身份号")
ODD_ROW = {
    "组别": "板桥镇", "属地": "桂花村", "称谓": "张乙", "渠道": "摸排储备", "培养岗位意向": "村党组织书记",
    "身份号": "520624198506120013",
}  # fmt: skip
ODD_KEYS = {"A": "township", "B": "village", "C": "name", "D": "source", "E": "target_post", "F": "id_number"}


def odd_file(*, title: str | None = None) -> bytes:
    book = new_workbook()
    add_sheet(book, "台账", ODD_HEADERS, [ODD_ROW], title=title)
    return to_bytes(book)


def texts(sheet: Sheet) -> list[dict[str, str]]:
    return [{key: cell.text for key, cell in row.cells.items() if not cell.is_blank} for row in sheet.rows]


def test_a_sheet_of_no_known_kind_comes_back_with_its_headers() -> None:
    data = odd_file(title="后备力量")
    (sheet,) = read_sheets("a.xlsx", data)
    assert (sheet.layout, sheet.header_row, sheet.rows) == (None, 2, [])
    assert sheet.headers == dict(zip("ABCDEF", ODD_HEADERS, strict=True))
    assert sheet.notes == [("A1", "UNRECOGNISED_SHEET", "")]
    with pytest.raises(WorkbookError, match="known header"):
        require_known_table("a.xlsx", [sheet])


@pytest.mark.parametrize("header_row", [2, None])
def test_a_mapping_says_what_a_sheet_and_its_columns_are(header_row: int | None) -> None:
    mapping = SheetMapping(kind=SheetKind.CANDIDATES, header_row=2, columns=ODD_KEYS)
    (sheet,) = read_sheets("a.xlsx", odd_file(title="后备力量"), mappings={"台账": mapping})
    require_known_table("a.xlsx", [sheet])
    assert sheet.layout is not None
    assert (sheet.layout.kind, sheet.header_row, sheet.n_skipped, sheet.notes) == (SheetKind.CANDIDATES, 2, 1, [])
    assert sheet.columns == {key: letter for letter, key in ODD_KEYS.items()}
    assert [row.number for row in sheet.rows] == [3]
    assert texts(sheet) == [
        {
            "township": "板桥镇", "village": "桂花村", "name": "张乙", "source": "摸排储备",
            "target_post": "村党组织书记", "id_number": "520624198506120013",
        }
    ]  # fmt: skip


def test_a_mapping_without_columns_reads_known_headers_in_a_given_row() -> None:
    book = new_workbook()
    add_sheet(book, "台账", MENTOR_HEADERS, [{"姓名": "李乙", "类别": "乡镇干部"}], title="导师")
    mapping = SheetMapping(kind=SheetKind.MENTORS, header_row=2)
    (sheet,) = read_sheets("a.xlsx", to_bytes(book), mappings={"台账": mapping})
    assert (sheet.header_row, sheet.notes, texts(sheet)) == (2, [], [{"name": "李乙", "category": "乡镇干部"}])
    assert (sheet.headers["M"], sheet.headers["P"]) == ("专业特长/擅长", "近三年考核/2023年")


def test_a_mapped_column_takes_the_place_of_one_recognised_by_its_header() -> None:
    book = new_workbook()
    row = candidate_row(1) | {"籍贯": "贵州思南", "备注": "四川"}
    add_sheet(book, "台账", CANDIDATE_HEADERS, [row])
    mapping = SheetMapping(kind=SheetKind.CANDIDATES, columns={"W": "native_place", "V": None})
    (sheet,) = read_sheets("a.xlsx", to_bytes(book), mappings={"台账": mapping})
    assert (sheet.columns["native_place"], "phone" in sheet.columns) == ("W", False)
    assert sheet.notes == [("H1", "UNKNOWN_COLUMN", "")]
    assert texts(sheet)[0]["native_place"] == "四川"


def test_a_sheet_can_be_left_out() -> None:
    book = new_workbook()
    add_sheet(book, "台账", CANDIDATE_HEADERS, [candidate_row(1)])
    add_sheet(book, "旧表", CANDIDATE_HEADERS, [candidate_row(1)])
    kept, left = read_sheets("a.xlsx", to_bytes(book), mappings={"旧表": SheetMapping(kind=None)})
    assert (len(kept.rows), left.layout, left.is_left_out, left.rows, left.notes) == (1, None, True, [], [])
    assert left.headers["D"] == "姓名"


@pytest.mark.parametrize("columns", [{"A": "no_such_key"}, {"1": "name"}, {"ABCD": "name"}, {"": "name"}])
def test_a_mapping_of_what_does_not_exist_is_refused(columns: dict[str, str | None]) -> None:
    mapping = SheetMapping(kind=SheetKind.CANDIDATES, columns=columns)
    with pytest.raises(InvalidInputError):
        read_sheets("a.xlsx", odd_file(), mappings={"台账": mapping})


def test_remembered_headers_are_known_from_then_on() -> None:
    kind = SheetKind.CANDIDATES
    remembered = {(kind, header): ODD_KEYS[letter] for letter, header in zip("ABCDEF", ODD_HEADERS, strict=True)}
    remembered[kind, "身份号"] = None
    (sheet,) = read_sheets("a.xlsx", odd_file(), remembered=remembered)
    assert sheet.layout is not None
    assert (sheet.layout.kind, sheet.header_row, sheet.notes) == (kind, 1, [])
    assert sheet.columns == {key: letter for letter, key in ODD_KEYS.items() if letter != "F"}


def test_what_is_remembered_goes_before_the_words_and_before_it_goes_the_mapping() -> None:
    book = new_workbook()
    add_sheet(book, "台账", CANDIDATE_HEADERS, [candidate_row(1) | {"备注": "贵州"}])
    kind = SheetKind.CANDIDATES
    remembered: dict[tuple[SheetKind, str], str | None] = {(kind, "备注"): "native_place", (kind, "籍贯"): None}
    (sheet,) = read_sheets("a.xlsx", to_bytes(book), remembered=remembered)
    assert (sheet.columns["native_place"], sheet.notes) == ("W", [])
    mapping = SheetMapping(kind=kind, columns={"W": "note", "H": "native_place"})
    (sheet,) = read_sheets("a.xlsx", to_bytes(book), remembered=remembered, mappings={"台账": mapping})
    assert (sheet.columns["native_place"], sheet.columns["note"], sheet.notes) == ("H", "W", [])


def test_a_remembered_key_that_no_longer_exists_is_not_followed() -> None:
    book = new_workbook()
    add_sheet(book, "台账", CANDIDATE_HEADERS, [candidate_row(1)])
    (sheet,) = read_sheets("a.xlsx", to_bytes(book), remembered={(SheetKind.CANDIDATES, "姓名"): "nickname"})
    assert sheet.columns["name"] == "D"


def test_corrections_replace_cells_and_leave_out_rows() -> None:
    book = new_workbook()
    rows = [candidate_row(n, 身份证号=520624198506120013 if n == 1 else "x") for n in (1, 2, 3)]
    add_sheet(book, "台账", CANDIDATE_HEADERS, rows)
    corrections = {
        ("台账", "U2"): "520624198506120013",
        ("台账", "H3"): "贵州",
        ("台账", "U3"): " ",
        ("台账", "4"): SKIP_ROW,
        ("别的", "D2"): "无关",
    }
    (sheet,) = read_sheets("a.xlsx", to_bytes(book), corrections=corrections)
    first, second = (row.cells for row in sheet.rows)
    assert (first["id_number"].value, first["id_number"].number_format) == ("520624198506120013", "@")
    assert (second["native_place"].text, second["id_number"].is_blank) == ("贵州", True)
    assert (sheet.n_skipped, [row.number for row in sheet.rows]) == (1, [2, 3])
    assert first["name"].text == "张乙"


def test_a_correction_of_a_merged_cell_counts_for_the_whole_range_and_one_inside_only_there() -> None:
    book = new_workbook()

    def merge(sheet: Worksheet) -> None:
        sheet.merge_cells("B2:B4")

    add_sheet(book, "台账", CANDIDATE_HEADERS, [candidate_row(n) for n in (1, 2, 3)], arrange=merge)
    corrections = {("台账", "B2"): "塘头镇", ("台账", "B4"): "文家店镇"}
    (sheet,) = read_sheets("a.xlsx", to_bytes(book), corrections=corrections)
    assert [row.cells["township"].text for row in sheet.rows] == ["塘头镇", "塘头镇", "文家店镇"]


def test_a_header_can_be_corrected_too() -> None:
    corrections = dict(zip([("台账", f"{letter}1") for letter in "ABCDEF"],
                           ("乡镇", "村", "姓名", "来源渠道", "培养方向", "身份证号"), strict=True))  # fmt: skip
    (sheet,) = read_sheets("a.xlsx", odd_file(), corrections=corrections)
    assert sheet.columns == {key: letter for letter, key in ODD_KEYS.items()}


@pytest.mark.parametrize(("place", "correction"), [("17E", "x"), ("E0", "x"), ("", "x"), ("E17", SKIP_ROW)])
def test_a_correction_of_no_cell_is_refused(place: str, correction: object) -> None:
    with pytest.raises(InvalidInputError):
        read_sheets("a.xlsx", odd_file(), corrections={("台账", place): correction})  # type: ignore[dict-item]


def test_blank_places_are_filled_down_only_when_asked_for() -> None:
    book = new_workbook()
    blank = {"乡镇（街道）": None, "村（社区）": None}
    rows = [
        candidate_row(1),
        candidate_row(2, **blank),
        candidate_row(3, **blank | {"村（社区）": "垌心村"}),
        candidate_row(4, **blank | {"乡镇（街道）": "塘头镇"}),
        candidate_row(5, **blank, 学历=None),
    ]
    add_sheet(book, "台账", CANDIDATE_HEADERS, rows)
    (sheet,) = read_sheets("a.xlsx", to_bytes(book))
    assert [row.cells["township"].text for row in sheet.rows] == ["板桥镇", "", "", "塘头镇", ""]
    (sheet,) = read_sheets("a.xlsx", to_bytes(book), fills_down=True)
    assert [(row.cells["township"].text, row.cells["village"].text, row.cells["education"].text)
            for row in sheet.rows] == [
        ("板桥镇", "桂花村", "大专"),
        ("板桥镇", "桂花村", "大专"),
        ("板桥镇", "垌心村", "大专"),
        ("塘头镇", "", "大专"),
        ("塘头镇", "", ""),
    ]  # fmt: skip


def test_hints_in_headers_do_not_hide_what_they_are() -> None:
    hinted = [
        h.replace("身份证号", "身份证号（必填）").replace("出生年月", "*出生年月(如1985.06)") for h in CANDIDATE_HEADERS
    ]
    book = new_workbook()
    add_sheet(book, "台账", hinted, [])
    (sheet,) = read_sheets("a.xlsx", to_bytes(book))
    assert (sheet.columns["id_number"], sheet.columns["birth"], sheet.notes) == ("U", "G", [])


def test_rows_of_a_person_who_was_left_out_go_to_nobody_else() -> None:
    def merge(sheet: Worksheet) -> None:
        sheet.merge_cells("D3:D4")

    book = new_workbook()
    other = {"任职经历": "2016.03-至今 桂花村 党支部书记"}
    rows = [candidate_row(1, 任职经历="2012.07-至今 桂花村 文书"), candidate_row(2), other]
    add_sheet(book, "台账", CANDIDATE_HEADERS, rows, arrange=merge)
    (sheet,) = read_sheets("a.xlsx", to_bytes(book), corrections={("台账", "3"): SKIP_ROW})
    assert [(row.number, row.cells["career"].text) for row in sheet.rows] == [(2, "2012.07-至今 桂花村 文书")]
    assert (sheet.n_skipped, sheet.notes) == (2, [("A4", "SKIPPED_ROW", "")])
    (sheet,) = read_sheets("a.xlsx", to_bytes(book))
    assert [row.cells["career"].text.splitlines()[-1] for row in sheet.rows] == [
        "2012.07-至今 桂花村 文书",
        "2016.03-至今 桂花村 党支部书记",
    ]
