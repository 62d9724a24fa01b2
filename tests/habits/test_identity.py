"""ID numbers stored as numbers, padded and foreign names, rare characters, phones."""

from datetime import date

from openpyxl import Workbook

from app.models import ImportIssue, Person
from tests.factories import id_number
from tests.habits.books import candidates, with_changes
from tests.habits.conftest import CLEAN, Desk, candidate_row
from tests.habits.files import text_table
from tests.workbooks import CANDIDATE_HEADERS

WITH_X = next(n for s in range(1, 60, 2) if (n := id_number(date(1985, 6, 12), s)).endswith("X"))
PLAIN = id_number(date(1985, 6, 12), 3)


def id_numbers_stored_as_numbers() -> Workbook:
    book = with_changes("身份证号", [520624198506120013, 5.2062419850612e17, 520624198506120000])
    for row, number_format in ((2, "0"), (3, "General"), (4, "@")):
        book["台账"].cell(row, 21).number_format = number_format
    return book


def test_id_numbers_stored_as_numbers_are_errors_and_never_padded(desk: Desk) -> None:
    batch = desk.receive(id_numbers_stored_as_numbers(), "身份证号为数字")
    assert desk.office.issues(batch) == [(f"U{row}", "NUMERIC_ID_NUMBER") for row in (2, 3, 4)]
    assert batch.counts == CLEAN | {"rejected": 3}
    message = desk.all(ImportIssue)[0]
    assert "digits are lost" in message.message
    assert "以数字格式存储，末位已丢失" in message.message_zh


def id_numbers_with_apostrophe_spaces_small_x_and_15_digits() -> Workbook:
    fifteen = PLAIN[:6] + PLAIN[8:17]
    return candidates(
        candidate_row(1, 身份证号=f"'{WITH_X.lower()}"),
        candidate_row(2, 身份证号=f" {id_number(date(1985, 6, 12), 5)[:6]} {id_number(date(1985, 6, 12), 5)[6:]} "),
        candidate_row(3, 身份证号=fifteen),
    )


def test_id_numbers_are_brought_into_one_form(desk: Desk) -> None:
    batch = desk.receive(id_numbers_with_apostrophe_spaces_small_x_and_15_digits(), "身份证号带撇号空格小写x与15位")
    assert desk.office.issues(batch) == [("U4", "OLD_ID_NUMBER")]
    desk.office.commit(batch)
    cipher = desk.office.cipher
    numbers = [
        cipher.decrypt(desk.person(name).id_number_encrypted or "") for name in ("张乙", "张丙", "张丁")
    ]  # fmt: skip
    assert numbers == [WITH_X, id_number(date(1985, 6, 12), 5), PLAIN]


def padded_minority_and_rare_names() -> tuple[Workbook, list[str]]:
    written = {
        "张  三": "张三",
        "李\u3000四": "李四",
        "阿不都·买买提": "阿不都·买买提",
        "买买提•阿不都": "买买提·阿不都",
        "古丽・阿依": "古丽·阿依",
        "吾守尔．卡德尔": "吾守尔·卡德尔",
        "王㛃": "王㛃",
        "\U00020bb7田䶮": "\U00020bb7田䶮",
        "刘\U0002a700": "刘\U0002a700",
        "陈\U0002b740": "陈\U0002b740",
        "赵\U00030000": "赵\U00030000",
    }
    return with_changes("姓名", list(written)), list(written.values())


def test_names_have_one_spelling_and_all_planes_of_han_characters_are_names(desk: Desk) -> None:
    book, names = padded_minority_and_rare_names()
    batch = desk.receive(book, "姓名空格间隔号与生僻字")
    assert (desk.office.issues(batch), batch.counts) == ([], CLEAN | {"new": len(names)})
    desk.office.commit(batch)
    assert sorted(person.name for person in desk.all(Person)) == sorted(names)


def phones_as_numbers_with_signs_and_landlines() -> Workbook:
    return with_changes(
        "联系电话",
        [13812341234, "138-1234-1235", "+86 138 1234 1236", "19912341237", "0856-7221234", "（0856）7221235",
         "13812341238、13912341239", "12812341234", "7221234"],
    )  # fmt: skip


def test_phones_are_read_whatever_their_signs_and_their_years(desk: Desk) -> None:
    book = phones_as_numbers_with_signs_and_landlines()
    batch = desk.receive(book, "联系电话各种写法")
    assert desk.office.issues(batch) == [
        ("V10", "INVALID_PHONE"), ("V8", "FURTHER_PHONES"), ("V9", "INVALID_PHONE"),
    ]  # fmt: skip
    book["台账"].delete_rows(9, 2)
    desk.office.commit(desk.receive(book, "联系电话已更正"))
    cipher = desk.office.cipher
    assert sorted(cipher.decrypt(person.phone_encrypted or "") for person in desk.all(Person)) == [
        "0856-7221234", "0856-7221235", "13812341234", "13812341235", "13812341236", "13812341238", "19912341237",
    ]  # fmt: skip


def test_an_id_number_rounded_by_a_spreadsheet_program_is_told_in_a_text_table_too(xlsx_desk: Desk) -> None:
    rows = [candidate_row(1, 身份证号="5.20624E+17"), candidate_row(2)]
    table = [list(CANDIDATE_HEADERS), *([str(row.get(h, "")) for h in CANDIDATE_HEADERS] for row in rows)]
    batch = xlsx_desk.receive_bytes(text_table(table), "身份证号科学计数.csv")
    assert xlsx_desk.office.issues(batch) == [("U2", "NUMERIC_ID_NUMBER")]
    assert batch.counts == CLEAN | {"new": 1, "rejected": 1}
