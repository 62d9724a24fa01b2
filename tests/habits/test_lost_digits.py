"""What programs have left out or rounded before a file comes in: formats known by number, digits that are gone."""

from datetime import date
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from app.models.vocabulary import DatePrecision
from app.rosters.files.csvfile import open_csv
from app.rosters.files.styles import format_of
from app.rosters.parsing import CellError, parse_date, parse_id_number, parse_phone
from app.rosters.workbook import Cell, read_sheets
from app.services.people.identity import id_number_check_character
from tests.factories import id_number
from tests.habits.books import candidates
from tests.habits.conftest import CLEAN, Desk, candidate_row
from tests.workbooks import to_bytes

ROUNDED = "520624198506122"
"""Its last three digits lost, as 15 are kept; with 000 in their place the checksum fits."""


def with_format_known_by_number(number: int) -> bytes:
    """The birth of the row in a format that the file names by its number and does not write down."""
    book = candidates(candidate_row(1, 出生年月=31199))
    book["台账"]["G2"].number_format = "0.000%"
    stream = BytesIO()
    with ZipFile(BytesIO(to_bytes(book))) as source, ZipFile(stream, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            part = source.read(name).decode()
            if name == "xl/styles.xml":
                begin, end = part.index("<numFmts"), part.index("</numFmts>") + len("</numFmts>")
                part = (part[:begin] + part[end:]).replace('numFmtId="164"', f'numFmtId="{number}"')
            target.writestr(name, part)
    return stream.getvalue()


@pytest.mark.parametrize("number", [27, 36, 50, 52, 57])
def test_a_month_in_a_format_of_chinese_programs_is_a_month(number: int) -> None:
    (sheet,) = read_sheets("a", with_format_known_by_number(number))
    found = parse_date(sheet.rows[0].cells["birth"])
    assert (found.value, found.precision) == (date(1985, 6, 1), DatePrecision.MONTH)


@pytest.mark.parametrize(("number", "precision"), [(14, "DAY"), (17, "MONTH"), (31, "DAY"), (58, "DAY")])
def test_other_formats_known_by_number_are_read_as_they_show(number: int, precision: str) -> None:
    (sheet,) = read_sheets("a", with_format_known_by_number(number))
    found = parse_date(sheet.rows[0].cells["birth"])
    assert (found.value, found.precision) == (date(1985, 6, 1), DatePrecision(precision))


def test_a_number_without_a_format_has_none() -> None:
    assert [format_of(number) for number in (0, 2, 23, 49, 163)] == ["General", "0.00", "General", "@", "General"]


def test_a_phone_that_a_text_table_has_rounded_is_refused() -> None:
    (sheet,) = open_csv("a.csv", "联系电话\n1.38E+10\n13812345678\n".encode())
    with pytest.raises(CellError) as refusal:
        parse_phone(sheet.cells[2, 1])
    assert refusal.value.code == "INVALID_PHONE"
    assert parse_phone(sheet.cells[3, 1]) == "13812345678"
    assert parse_phone(Cell(value=13812345678, number_format="General", address="A1")) == "13812345678"


@pytest.mark.parametrize("number_format", ["@", "csv", "General"])
def test_an_id_number_that_ends_like_a_rounded_one_is_to_be_checked(number_format: str) -> None:
    numbers = [f"{ROUNDED[:14]}{digit}00" for digit in range(10)]
    (fitting,) = [number for number in numbers if id_number_check_character(number) == "0"]
    cell = Cell(value=f"{fitting}0", number_format=number_format, address="A1")
    assert parse_id_number(cell) == (f"{fitting}0", ["ROUNDED_ID_NUMBER"])


def test_a_rounded_id_number_is_told_at_its_cell(desk: Desk) -> None:
    number = next(
        f"{first}0" for digit in range(10) if id_number_check_character(first := f"{ROUNDED[:14]}{digit}00") == "0"
    )
    row = candidate_row(1, 身份证号=number, 出生年月="1985.06", 性别="男" if int(number[16]) % 2 else "女")
    batch = desk.receive(candidates(row), "末三位为零")
    assert desk.office.issues(batch) == [("U2", "ROUNDED_ID_NUMBER")]
    assert batch.counts == CLEAN | {"new": 1}


def test_a_day_of_birth_that_is_not_that_of_the_id_number_is_told(desk: Desk) -> None:
    rows = [
        candidate_row(n, 身份证号=id_number(date(1985, 6, 12), n), 出生年月=text, 性别=None)
        for n, text in enumerate(("1985-06-12", "1985-06-13", "1985.06", "1985.07"), start=1)
    ]
    batch = desk.receive(candidates(*rows), "出生日与身份证号不同")
    assert desk.office.issues(batch) == [("G3", "BIRTH_DIFFERS_FROM_ID"), ("G5", "BIRTH_DIFFERS_FROM_ID")]
