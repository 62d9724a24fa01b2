"""Words for education, political status, yes and no."""

from openpyxl import Workbook

from app.models import PersonFlag
from app.models.vocabulary import PersonFlagKind
from tests.habits.books import mentors_with, with_changes
from tests.habits.conftest import CLEAN, Desk, candidate_row

EDUCATION: dict[str, tuple[str, bool | None]] = {
    "大学": ("21", None),
    "本科": ("21", None),
    "大专": ("31", None),
    "专科": ("31", None),
    "中专": ("41", None),
    "高中": ("61", None),
    "职高": ("44", None),
    "初中": ("71", None),
    "在职大专": ("31", False),
    "中央党校大学": ("21", False),
    "全日制本科": ("21", True),
    "大 专": ("31", None),
}
POLITICAL = {"党员": "01", "中共党员": "01", "预备党员": "02", "群众": "13", "团员": "03", "共青团员": "03"}


def education_in_all_words() -> Workbook:
    return with_changes("学历", list(EDUCATION))


def test_words_for_education_lead_to_codes_and_to_how_it_was_got(desk: Desk) -> None:
    batch = desk.receive(education_in_all_words(), "学历各种写法")
    assert (desk.office.issues(batch), batch.counts) == ([], CLEAN | {"new": len(EDUCATION)})
    desk.office.commit(batch)
    for number, expected in enumerate(EDUCATION.values(), start=1):
        person = desk.person(str(candidate_row(number)["姓名"]))
        assert (person.education_code, person.is_education_full_time) == expected


def political_status_in_all_words() -> Workbook:
    return with_changes("政治面貌", [*POLITICAL, "入党积极分子", "积极分子"])


def test_words_for_political_status_lead_to_codes_and_stages_are_no_status(desk: Desk) -> None:
    batch = desk.receive(political_status_in_all_words(), "政治面貌各种写法")
    rows = (len(POLITICAL) + 2, len(POLITICAL) + 3)
    assert desk.office.issues(batch) == [(f"K{row}", "STAGE_NOT_STORED") for row in rows]
    assert batch.counts == CLEAN | {"new": len(POLITICAL) + 2}
    desk.office.commit(batch)
    for number, code in enumerate([*POLITICAL.values(), "13", "13"], start=1):
        assert desk.person(str(candidate_row(number)["姓名"])).political_status_code == code


def yes_and_no_in_words_and_signs() -> Workbook:
    return mentors_with("处分影响期", ["是", "否", "√", "×", 1, 0, "●", "", "无", True, False])


def test_yes_and_no_are_read_from_words_and_signs(desk: Desk) -> None:
    batch = desk.receive(yes_and_no_in_words_and_signs(), "是否各种写法")
    assert (desk.office.issues(batch), batch.counts) == ([], CLEAN | {"new": 11})
    desk.office.commit(batch)
    flags = desk.all(PersonFlag)
    expected = {desk.person(f"李{sign}").id for sign in ("乙", "丁", "己", "辛", "甲甲")}
    assert {flag.person_id for flag in flags if flag.kind is PersonFlagKind.DISCIPLINE_IN_FORCE} == expected


def test_a_word_that_is_not_known_is_an_error_that_lists_the_known_ones(desk: Desk) -> None:
    batch = desk.receive(with_changes("学历", ["肄业"]), "学历无法识别")
    assert desk.office.issues(batch) == [("I2", "UNKNOWN_WORD")]
    assert batch.counts == CLEAN | {"rejected": 1}
