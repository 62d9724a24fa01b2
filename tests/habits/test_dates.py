"""Months, days, periods and ages in every form in which they are written."""

from datetime import date

import pytest
from openpyxl import Workbook

from app.models import Appointment
from app.models.vocabulary import DatePrecision
from tests.factories import id_number
from tests.habits.books import candidates, with_changes
from tests.habits.conftest import CLEAN, Desk, candidate_row

MONTHS: tuple[tuple[object, str], ...] = (
    ("1985.06", "General"),
    ("1985.6", "General"),
    ("1985-06", "@"),
    ("1985/06", "@"),
    ("198506", "@"),
    ("1985年6月", "General"),
    ("1985.06(39岁)", "General"),
    ("1985.06（39岁）", "General"),
    (1985.06, "General"),
    (1985.6, "General"),
    (198506, "General"),
    (date(1985, 6, 1), "yyyy.mm"),
    (date(1985, 6, 1), 'yyyy"年"m"月"'),
)
DAYS: tuple[tuple[object, str], ...] = (
    ("19850612", "@"),
    ("1985-06-12", "@"),
    ("1985年6月12日", "@"),
    (19850612, "General"),
    (31210, "General"),
    (date(1985, 6, 12), "yyyy/m/d"),
)


def months_and_days_in_all_forms() -> Workbook:
    book = with_changes("出生年月", [value for value, _ in (*MONTHS, *DAYS)])
    for row, (_, number_format) in enumerate((*MONTHS, *DAYS), start=2):
        book["台账"].cell(row, 7).number_format = number_format
    return book


def test_dates_are_read_in_all_forms_with_their_precision(desk: Desk) -> None:
    batch = desk.receive(months_and_days_in_all_forms(), "出生年月各种写法")
    assert desk.office.issues(batch) == []
    assert batch.counts == CLEAN | {"new": len(MONTHS) + len(DAYS)}
    desk.office.commit(batch)
    for number in range(1, len(MONTHS) + len(DAYS) + 1):
        person = desk.person(str(candidate_row(number)["姓名"]))
        expected = (
            (date(1985, 6, 1), DatePrecision.MONTH) if number <= len(MONTHS) else (date(1985, 6, 12), DatePrecision.DAY)
        )
        assert (person.birth_date, person.birth_precision) == expected, number


def october_typed_as_a_number() -> Workbook:
    """Rows 2 to 6: bare number; shown with two decimals; ID number of January; of October; no ID number that tells."""
    january, october, june = (id_number(date(1985, month, 12), month) for month in (1, 10, 6))
    book = candidates(
        candidate_row(1, 出生年月=1985.1, 身份证号=None),
        candidate_row(2, 出生年月=1985.1, 身份证号=None),
        candidate_row(3, 出生年月=1985.1, 身份证号=january, 性别=None),
        candidate_row(4, 出生年月=1985.1, 身份证号=october, 性别=None),
        candidate_row(5, 出生年月=1985.1, 身份证号=june, 性别=None),
        candidate_row(6, 入库时间=2024.1),
    )
    book["台账"].cell(3, 7).number_format = "0.00"
    return book


def test_the_number_1985_1_is_asked_about_unless_its_format_or_the_id_number_tells(desk: Desk) -> None:
    batch = desk.receive(october_typed_as_a_number(), "数字1985.1")
    assert desk.office.errors(batch) == [
        ("G2", "AMBIGUOUS_MONTH"),
        ("G6", "AMBIGUOUS_MONTH"),
        ("R7", "AMBIGUOUS_MONTH"),
    ]
    assert batch.counts == CLEAN | {"new": 3, "rejected": 3}
    book = october_typed_as_a_number()
    for row in (7, 6, 2):
        book["台账"].delete_rows(row)
    book["台账"].cell(2, 7).number_format = "0.00"
    for row in (3, 4):
        book["台账"].cell(row, 7).number_format = "General"
    batch = desk.receive(book, "数字1985.1已核")
    desk.office.commit(batch)
    births = [desk.person(str(candidate_row(number)["姓名"])).birth_date for number in (2, 3, 4)]
    assert births == [date(1985, 10, 1), date(1985, 1, 1), date(1985, 10, 1)]


def periods_with_open_ends() -> Workbook:
    entries = [
        "2019.03-至今 桂花村 村委会主任",
        "2019.03- 桂花村 村委会主任",
        "2019年3月—至今 桂花村 村委会主任",
        "2019.03至今 桂花村 村委会主任",
        "2015.03-2019.03 桂花村 村会计\n2019.03～现在 桂花村 村委会主任",
    ]
    return with_changes("任职经历", entries)


def test_periods_may_be_open_by_word_or_left_blank(desk: Desk) -> None:
    batch = desk.receive(periods_with_open_ends(), "任职起止与至今")
    assert (desk.office.issues(batch), batch.counts) == ([], CLEAN | {"new": 5})
    desk.office.commit(batch)
    posts = desk.all(Appointment)
    assert sorted((post.title, str(post.start_date), str(post.end_date)) for post in posts) == [
        ("村会计", "2015-03-01", "2019-03-01"), *[("村委会主任", "2019-03-01", "None")] * 5,
    ]  # fmt: skip


def several_posts_in_one_cell() -> Workbook:
    titles = ["党支部书记、村委会主任", "党支部书记,村委会主任", "党支部书记/村委会主任", "书记主任一肩挑"]
    return with_changes("任职经历", [f"2019.03-至今 桂花村 {title}" for title in titles])


def test_several_posts_in_one_cell_are_several_appointments(desk: Desk) -> None:
    batch = desk.receive(several_posts_in_one_cell(), "一格多职与一肩挑")
    assert (desk.office.issues(batch), batch.counts) == ([], CLEAN | {"new": 4})
    desk.office.commit(batch)
    names = {person.id: person.name for person in map(desk.person, ("张乙", "张丙", "张丁", "张戊"))}
    found = sorted((names[post.person_id], post.post) for post in desk.all(Appointment))
    assert found == sorted(
        (name, post) for name in names.values() for post in ("VILLAGE_SECRETARY", "VILLAGE_DIRECTOR")
    )


@pytest.mark.parametrize("separator", ["；", ";", "\n"])
def test_posts_may_stand_in_lines_or_be_parted_by_semicolons(xlsx_desk: Desk, separator: str) -> None:
    entries = separator.join(["2012.07-2016.03 桂花村 村会计", "2016.03-至今 桂花村 党支部书记"])
    batch = xlsx_desk.receive(with_changes("任职经历", [entries]), "多段经历")
    xlsx_desk.office.commit(batch)
    assert sorted(post.title for post in xlsx_desk.all(Appointment)) == ["党支部书记", "村会计"]
