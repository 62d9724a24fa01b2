"""Single cells: every form of the contract, with the exact value or the exact issue code."""

import time
from datetime import date

import pytest

from app.models.vocabulary import DatePrecision, Specialty
from app.rosters.files.csvfile import open_csv
from app.rosters.parsing import (
    CellError,
    parse_date,
    parse_id_number,
    parse_name,
    parse_needs,
    parse_number,
    parse_phone,
    parse_specialties,
    split_school_and_major,
)
from app.rosters.words import degree, education, education_and_degree
from app.rosters.workbook import Cell
from app.services.people import NeedDraft, PartialDate
from app.services.places import normalize_division_name
from tests.factories import id_number

JUNE = PartialDate(value=date(1985, 6, 1), precision=DatePrecision.MONTH)


def cell(value: object, number_format: str = "General") -> Cell:
    return Cell(value=value, number_format=number_format, address="A1")


def refusal(parse: object, *arguments: object, **options: object) -> str:
    with pytest.raises(CellError) as error:
        parse(*arguments, **options)  # type: ignore[operator]
    return error.value.code


@pytest.mark.parametrize(
    ("value", "number_format"),
    [
        ("1985.06", "@"),
        ("1985.6", "@"),
        ("1985-06", "@"),
        ("1985/06", "@"),
        ("1985年6月", "@"),
        ("1985年06月", "@"),
        ("198506", "@"),
        (" 1985。06 ", "@"),
        ("１９８５．０６", "@"),
        ("1985.06(39岁)", "@"),
        ("1985.06（39岁）", "@"),
        (198506, "General"),
        (1985.06, "General"),
        (1985.6, "General"),
        (1985.06, "0.00"),
        (date(1985, 6, 1), "yyyy.mm"),
        (date(1985, 6, 1), 'yyyy"年"m"月"'),
    ],
)
def test_a_month_is_read_in_every_form(value: object, number_format: str) -> None:
    assert parse_date(cell(value, number_format)) == JUNE


@pytest.mark.parametrize(
    ("value", "number_format"),
    [
        ("1985.06.12", "@"),
        ("1985-6-12", "@"),
        ("1985年6月12日", "@"),
        ("19850612", "@"),
        (19850612, "General"),
        (date(1985, 6, 12), "yyyy-mm-dd"),
        (31210, "General"),
        ("1985-06-12 00:00:00", "@"),
    ],
)
def test_a_day_is_read_in_every_form(value: object, number_format: str) -> None:
    assert parse_date(cell(value, number_format)) == PartialDate(value=date(1985, 6, 12), precision=DatePrecision.DAY)


@pytest.mark.parametrize(
    "value", ["不详", "1985", 1985, "1985.13", "1985.00", "85.06", "1985.02.30", 1985.123, True, "1799.01", 12]
)
def test_what_is_no_date_is_refused(value: object) -> None:
    assert refusal(parse_date, cell(value)) == "INVALID_DATE"


def test_the_number_1985_1_is_ambiguous_unless_format_or_id_number_decides() -> None:
    october = PartialDate(value=date(1985, 10, 1), precision=DatePrecision.MONTH)
    january = PartialDate(value=date(1985, 1, 1), precision=DatePrecision.MONTH)
    assert refusal(parse_date, cell(1985.1)) == "AMBIGUOUS_MONTH"
    assert parse_date(cell(1985.1, "0.00")) == october
    assert parse_date(cell(1985.1), id_number=id_number(date(1985, 10, 3))) == october
    assert parse_date(cell(1985.1), id_number=id_number(date(1985, 1, 3))) == january
    assert refusal(parse_date, cell(1985.1), id_number=id_number(date(1985, 6, 3))) == "AMBIGUOUS_MONTH"
    assert parse_date(cell("1985.10")) == october
    assert parse_date(cell(1985.11)).value == date(1985, 11, 1)


def test_id_numbers_are_checked_as_text_only() -> None:
    number = id_number(date(1985, 6, 12), 1)
    assert parse_id_number(cell(f" '{number[:6]} {number[6:]}")) == (number, [])
    with_x = next(n for s in range(1, 60) if (n := id_number(date(1985, 6, 12), s)).endswith("X"))
    assert parse_id_number(cell(with_x.lower())) == (with_x, [])
    assert refusal(parse_id_number, cell(int(number[:17] + "0"))) == "NUMERIC_ID_NUMBER"
    assert refusal(parse_id_number, cell(5.20624198506120013e17)) == "NUMERIC_ID_NUMBER"
    wrong = number[:-1] + ("1" if number[-1] != "1" else "2")
    assert refusal(parse_id_number, cell(wrong)) == "ID_NUMBER_CHECKSUM"
    assert refusal(parse_id_number, cell(number[:-1])) == "INVALID_ID_NUMBER"
    impossible = id_number(date(1985, 6, 12)).replace("19850612", "19851312")
    assert refusal(parse_id_number, cell(impossible)) in {"INVALID_ID_NUMBER", "ID_NUMBER_CHECKSUM"}
    old = number[:6] + number[8:17]
    assert parse_id_number(cell(old)) == (number, ["OLD_ID_NUMBER"])


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("张  三", "张三"),
        ("张\u3000三", "张三"),
        ("阿不都·买买提", "阿不都·买买提"),
        ("阿不都•买买提", "阿不都·买买提"),
        ("阿不都・买买提", "阿不都·买买提"),
        ("阿不都．买买提", "阿不都·买买提"),
        ("𠮷田䶮", "𠮷田䶮"),
    ],
)
def test_names_have_one_spelling(written: str, name: str) -> None:
    assert parse_name(cell(written)) == name


@pytest.mark.parametrize("written", ["张3", "张三(女)", "·张三", "1", "张三、李四"])
def test_what_is_no_name_is_refused(written: str) -> None:
    assert refusal(parse_name, cell(written)) == "INVALID_NAME"


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        (13812341234, "13812341234"),
        (13812341234.0, "13812341234"),
        ("138 1234 1234", "13812341234"),
        ("+86-13812341234", "13812341234"),
        ("138-1234-1234", "13812341234"),
        ("0856-7221234", "0856-7221234"),
        ("（0856）7221234", "0856-7221234"),
        ("13812341234、13912341234", "13812341234"),
    ],
)
def test_phones_have_one_spelling(written: object, phone: str) -> None:
    assert parse_phone(cell(written)) == phone


@pytest.mark.parametrize("written", ["12812341234", "1381234123", "138123412345", "7221234", "无"])
def test_what_is_no_phone_is_refused(written: str) -> None:
    assert refusal(parse_phone, cell(written)) == "INVALID_PHONE"


def test_needs_and_specialties() -> None:
    party, mediation = Specialty.PARTY_BUILDING, Specialty.MEDIATION
    assert parse_needs(cell("党建、矛盾调解（2），党建(3)")) == (
        (NeedDraft(specialty=party, weight=1.0), NeedDraft(specialty=mediation, weight=2.0)),
        True,
    )
    assert refusal(parse_needs, cell("党建(0)")) == "INVALID_NUMBER"
    assert refusal(parse_needs, cell("唱歌")) == "UNKNOWN_WORD"
    assert parse_specialties(cell("矛盾调解；党建、 矛盾调解")) == [mediation, party, mediation]
    assert refusal(parse_specialties, cell("唱歌")) == "UNKNOWN_WORD"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("大学", ("21", None)),
        ("本科", ("21", None)),
        ("大专", ("31", None)),
        ("专科", ("31", None)),
        ("中专", ("41", None)),
        ("高中", ("61", None)),
        ("职高", ("44", None)),
        ("初中", ("71", None)),
        ("在职大专", ("31", False)),
        ("大专（在职）", ("31", False)),
        ("全日制本科", ("21", True)),
        ("中央党校大学", ("21", False)),
        ("研究生", ("14", None)),
    ],
)
def test_education_words(word: str, expected: tuple[str, bool | None]) -> None:
    assert education(word) == expected


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("学士", "4"), ("农学学士", "4"), ("经济学学士学位", "4"), ("文学硕士", "3"), ("公共管理硕士专业学位", "3"),
        ("工商管理硕士", "3"), ("医学 博士", "2"), ("博士", "2"), ("名誉博士", "1"),
    ],
)  # fmt: skip
def test_degrees_are_read_whatever_the_branch_of_learning(word: str, code: str) -> None:
    assert degree(word) == code


@pytest.mark.parametrize("word", ["学", "双学士", "大学学士", "学士以上", "本科", ""])
def test_what_is_no_degree_is_refused(word: str) -> None:
    with pytest.raises(KeyError):
        degree(word)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("大学、农学学士", ("21", None, "4")),
        ("大学学士", ("21", None, "4")),
        ("大学本科/工学学士学位", ("21", None, "4")),
        ("全日制本科（管理学学士）", ("21", True, "4")),
        ("研究生\n法学硕士", ("14", None, "3")),
        ("研究生（博士）", ("11", None, "2")),
        ("博士研究生、理学博士", ("11", None, "2")),
        ("在职研究生 法律硕士", ("14", False, "3")),
        ("硕士研究生", ("14", None, None)),
        ("大学本科/无学位", ("21", None, None)),
        ("大专、无", ("31", None, None)),
        ("大专（无学位）", ("31", None, None)),
        ("省委党校研究生", ("14", False, None)),
        ("国民教育大专", ("31", None, None)),
        ("全日制硕士", ("14", True, None)),
        ("硕士", ("14", None, None)),
        ("大专", ("31", None, None)),
    ],
)
def test_education_and_degree_in_one_cell(word: str, expected: tuple[str, bool | None, str | None]) -> None:
    assert education_and_degree(word) == expected


@pytest.mark.parametrize("word", ["农业" * 4000, "大学" + "学士" * 4000, "学士、大学", "无此学士"])
def test_a_cell_of_education_that_is_none_is_refused_at_once(word: str) -> None:
    with pytest.raises(KeyError):
        education_and_degree(word)


def test_numbers_may_carry_a_unit() -> None:
    assert parse_number(cell("3.5年"), minimum=0, maximum=80) == 3.5
    assert refusal(parse_number, cell("1.5"), minimum=0, maximum=50, is_whole=True) == "INVALID_NUMBER"
    assert refusal(parse_number, cell("-1"), minimum=0, maximum=50) == "INVALID_NUMBER"


def test_school_and_major_are_split() -> None:
    assert split_school_and_major("贵州大学农学专业") == ("贵州大学", "农学")
    assert split_school_and_major("铜仁职业技术学院 畜牧兽医") == ("铜仁职业技术学院", "畜牧兽医")
    assert split_school_and_major("思南中学") == ("思南中学", None)


@pytest.mark.parametrize(
    "name",
    [
        "垌心村委会",
        "垌心村民委员会",
        "垌心村",
        "垌心",
        " 垌 心 村 ",
        "垌心社区",
        "垌心社区居民委员会",
        "垌心嘎查",
        "垌心村村民委员会",
    ],
)
def test_village_names_lose_their_suffix(name: str) -> None:
    assert normalize_division_name(name) == "垌心"


@pytest.mark.parametrize("text", ["(" * 20_000, "1985.06" + "(" * 20_000, "1985.06(" + "备" * 60 + ")"])
def test_an_overlong_date_is_refused_at_once(text: str) -> None:
    begin = time.process_time()
    assert refusal(parse_date, cell(text)) == "INVALID_DATE"
    assert time.process_time() - begin < 1.0


def test_remarks_behind_a_date_are_left_out_however_many() -> None:
    assert parse_date(cell("1985.06（39岁）（属牛）")) == JUNE


def test_in_a_text_table_1985_1_may_be_october() -> None:
    (sheet,) = open_csv("a.csv", b'1985.1,1985.10,1985.01,1985.6,"=""1985.1"""\n')
    short, october, january, june, text = (sheet.cells[1, column] for column in range(1, 6))
    with pytest.raises(CellError) as error:
        parse_date(short)
    assert (error.value.code, error.value.choices) == ("AMBIGUOUS_MONTH", ("1985.01", "1985.10"))
    for month in (1, 10):
        assert parse_date(short, id_number=id_number(date(1985, month, 3))).value == date(1985, month, 1)
    assert [parse_date(each).value.month for each in (october, january, june, text)] == [10, 1, 6, 1]
