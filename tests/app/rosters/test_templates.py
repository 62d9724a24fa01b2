"""Empty workbooks: recognised as what they are, empty when read, and read whole when filled in."""

import shutil
import subprocess
from collections.abc import Mapping
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from app.access import SYSTEM_VIEWER
from app.errors import ForbiddenError, NotFoundError
from app.models.vocabulary import ImportState, Role
from app.rosters.columns import layout_of
from app.rosters.layout import INSTRUCTIONS, LISTS
from app.rosters.templates import template_columns, template_for
from app.rosters.workbook import read_sheets
from app.services.imports.records import SheetKind
from tests.app.rosters.conftest import ImportOffice, candidate_row, mentor_row

TODAY = date(2025, 3, 15)
_PERSON = candidate_row(1)
_MENTOR = mentor_row(1)
FILLED: dict[SheetKind, Mapping[str, object]] = {
    SheetKind.CANDIDATES: _PERSON,
    SheetKind.MENTORS: _MENTOR | {"包联村": "桂花村", "处分影响期": "否"},
    SheetKind.ASSIGNED_CADRES: {
        key: value
        for key, value in candidate_row(2).items()
        if key not in ("来源渠道", "培养方向", "入库时间", "审查进度")
    }
    | {"选派单位": "县水利局", "选派时间": "2024.05"},
    SheetKind.KINSHIPS: {"甲方/姓名": _PERSON["姓名"], "乙方/姓名": _MENTOR["姓名"], "关系": "近姻亲"},
    SheetKind.EXCLUSIONS: {"帮带对象/姓名": _PERSON["姓名"], "导师/姓名": _MENTOR["姓名"], "原因": "其他"},
    SheetKind.PREFERENCES: {"填报人/姓名": _PERSON["姓名"], "意愿对象/姓名": _MENTOR["姓名"], "意愿顺序": "第一"},
    SheetKind.MENTOR_POOLS: {"乡镇（街道）": "板桥镇", "库名": "产业导师库"},
    SheetKind.APPOINTMENTS: {
        "姓名": _PERSON["姓名"],
        "任职单位/村": "板桥镇桂花村",
        "职务": "文书",
        "任职起": "2019.03",
    },
    SheetKind.NEEDS: {"姓名": _PERSON["姓名"], "能力需求": "党建", "权重": 2},
    SheetKind.ZONES: {"片区": "东片区", "类别": "战区", "乡镇（街道）": "板桥镇"},
    SheetKind.ADJACENCY: {"乡镇（街道）": "板桥镇", "相邻乡镇": "塘头镇"},
    SheetKind.TRAVEL_TIMES: {"起点": "板桥镇", "终点": "塘头镇", "分钟": 25},
    SheetKind.TRAVEL_MATRIX: {"塘头镇": 25},
    SheetKind.DIVISIONS: {"代码": "520624101299", "名称": "新立村民委员会"},
}
_PEOPLE = (SheetKind.CANDIDATES, SheetKind.MENTORS)


def made(office: ImportOffice, kind: SheetKind) -> bytes:
    return template_for(office.session, office.viewer, kind, "520624", today=TODAY).content


def opened(data: bytes) -> tuple[Workbook, Worksheet]:
    book = load_workbook(BytesIO(data))
    sheet = book.worksheets[0]
    assert isinstance(sheet, Worksheet)
    return book, sheet


def filled(data: bytes, kind: SheetKind) -> bytes:
    """The template with one row in it, below the example."""
    book, sheet = opened(data)
    if kind is SheetKind.TRAVEL_MATRIX:
        sheet["C3"] = FILLED[kind]["塘头镇"]
    else:
        columns = template_columns(layout_of(kind), TODAY)
        letters = {column.path: at for at, column in enumerate(columns, start=1)}
        assert FILLED[kind].keys() <= letters.keys() | {"序号"}
        first = 4 if any(column.group for column in columns) else 3
        for path, value in FILLED[kind].items():
            sheet.cell(first + 1, letters[path]).value = value  # type: ignore[assignment]
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("kind", SheetKind)
def test_an_empty_template_is_recognised_as_its_kind_and_says_nothing(office: ImportOffice, kind: SheetKind) -> None:
    data = made(office, kind)
    (sheet,) = read_sheets("模板.xlsx", data)
    assert sheet.layout is not None
    assert sheet.layout.kind is kind
    assert {note[1] for note in sheet.notes} <= {"SKIPPED_ROW"}
    before = office.counts()
    batch = office.upload(data)
    assert batch.state is ImportState.READY
    # The towns of a matrix stand there already; without minutes they say nothing.
    n_rows = 2 if kind is SheetKind.TRAVEL_MATRIX else 0
    assert batch.counts | {"skipped": 0} == {
        "new": 0, "changed": 0, "unchanged": n_rows, "recorded": 0, "rejected": 0, "skipped": 0,
    }  # fmt: skip
    assert office.counts() == before


@pytest.mark.parametrize("kind", SheetKind)
def test_a_filled_template_is_read(office: ImportOffice, kind: SheetKind) -> None:
    if kind not in _PEOPLE:
        for people in _PEOPLE:
            office.commit(office.upload(filled(made(office, people), people)))
    batch = office.upload(filled(made(office, kind), kind))
    assert office.errors(batch) == []
    assert (batch.state, batch.counts["new"] + batch.counts["recorded"]) == (ImportState.READY, 1)


def test_every_kind_has_lists_texts_a_frozen_header_and_print_settings(office: ImportOffice) -> None:
    book, sheet = opened(made(office, SheetKind.CANDIDATES))
    assert book.sheetnames == ["村级后备力量信息台账", INSTRUCTIONS, LISTS]
    assert book[LISTS].sheet_state == "hidden"
    columns = {
        column.key: sheet.cell(2, at).column_letter
        for at, column in enumerate(template_columns(layout_of(SheetKind.CANDIDATES), TODAY), start=1)
    }
    rules = {str(rule.sqref).split(":")[0][:-1]: rule.formula1 for rule in sheet.data_validations.dataValidation}
    listed = {"township", "village", "sex", "ethnicity", "education", "degree", "political_status"}
    listed |= {"source", "target_post"}
    assert {columns[key] for key in listed} | {columns["review_level"]} == rules.keys()
    assert rules[columns["village"]] == f'INDIRECT("村_"&${columns["township"]}3)'
    assert "村_板桥镇" in book.defined_names
    for key in ("id_number", "phone", "birth", "pool_date", "party_join"):
        assert sheet[f"{columns[key]}10"].number_format == "@"
        assert sheet.column_dimensions[columns[key]].number_format == "@"
    assert sheet["B2"].value == "*乡镇（街道）"
    assert sheet["A3"].value == "示例"
    assert (sheet.freeze_panes, sheet.print_title_rows) == ("A3", "$2:$2")
    assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize or 0)) == ("landscape", 9)
    _, mentors = opened(made(office, SheetKind.MENTORS))
    groups = {mentors[str(area).split(":")[0]].value: area.size["columns"] for area in mentors.merged_cells.ranges}
    assert (groups["专业特长"], groups["近三年考核"]) == (2, 3)
    assert {mentors.cell(3, at).value for at in range(1, 30)} >= {"擅长", "熟悉", "2022年", "2023年", "2024年"}


def test_villages_in_the_lists_are_read_as_what_they_are(office: ImportOffice) -> None:
    book, _ = opened(made(office, SheetKind.CANDIDATES))
    reference = book.defined_names["村_板桥镇"].attr_text
    assert reference is not None
    letter = reference.split("$")[1]
    assert [cell.value for cell in book[LISTS][letter][1:3]] == ["桂花村", "垌心村"]


def test_a_township_officer_gets_the_own_places_and_others_nothing(office: ImportOffice) -> None:
    township = office.places.officer(office.session, Role.TOWNSHIP_OFFICER, of=office.places.tangtou)
    template = template_for(office.session, township, SheetKind.CANDIDATES, "520624000000", today=TODAY)
    book, _ = opened(template.content)
    assert [name for name in book.defined_names if name.startswith("村_")] == ["村_塘头镇"]
    foreign = office.places.officer(office.session, of=office.places.foreign_county)
    with pytest.raises(NotFoundError):
        template_for(office.session, foreign, SheetKind.CANDIDATES, "520624", today=TODAY)
    reader = office.places.officer(office.session, Role.READER)
    with pytest.raises(ForbiddenError):
        template_for(office.session, reader, SheetKind.CANDIDATES, "520624", today=TODAY)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SheetKind)
def test_an_office_program_opens_every_template(office: ImportOffice, kind: SheetKind, tmp_path: Path) -> None:
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("LibreOffice (soffice) is not installed: the templates were not opened")
    template = template_for(office.session, SYSTEM_VIEWER, kind, "520624", today=TODAY)
    path = tmp_path / "template.xlsx"
    path.write_bytes(template.content)
    arguments = ["--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "ods", "--outdir"]
    subprocess.run([soffice, *arguments, str(tmp_path), str(path)], check=True, capture_output=True, timeout=120)
    again = [
        "--headless",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
    ]
    (tmp_path / "back").mkdir()
    subprocess.run(
        [soffice, *again, "--outdir", str(tmp_path / "back"), str(tmp_path / "template.ods")],
        check=True,
        capture_output=True,
        timeout=120,
    )
    data = (tmp_path / "back" / "template.xlsx").read_bytes()
    (sheet,) = read_sheets("template.xlsx", data)
    assert sheet.layout is not None
    assert sheet.layout.kind is kind
    rules = load_workbook(BytesIO(template.content)).worksheets[0].data_validations  # type: ignore[union-attr]
    assert len(load_workbook(BytesIO(data)).worksheets[0].data_validations.dataValidation) == len(  # type: ignore[union-attr]
        rules.dataValidation
    )
