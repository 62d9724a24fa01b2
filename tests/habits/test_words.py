"""Words for education, political status, yes and no."""

from collections.abc import Callable

import pytest
from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from app.models import AnnualAppraisal, Person, PersonFlag
from app.models.vocabulary import PersonFlagKind
from tests.app.rosters.conftest import mentor_row
from tests.habits.books import candidates, mentors_with, with_changes
from tests.habits.conftest import CLEAN, Desk, candidate_row
from tests.workbooks import CANDIDATE_HEADERS, MENTOR_HEADERS, add_sheet, new_workbook

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


def education_and_degree_in_one_column() -> Workbook:
    def arrange(sheet: Worksheet) -> None:
        sheet.cell(1, CANDIDATE_HEADERS.index("学历") + 1, "最高学历\n学位")

    words = ("大学、农学学士", "研究生（法学硕士）", "大专")
    return candidates(*(candidate_row(n, 学历=word) for n, word in enumerate(words, start=1)), arrange=arrange)


def degrees_in_a_column_of_their_own() -> Workbook:
    words = ("工学学士", "硕士", "无", None)
    rows = [candidate_row(number, 学位=word) for number, word in enumerate(words, start=1)]
    return candidates(*rows, headers=(*CANDIDATE_HEADERS, "学位"))


@pytest.mark.parametrize(
    ("make", "codes"),
    [
        (education_and_degree_in_one_column, ["4", "3", None]),
        (degrees_in_a_column_of_their_own, ["4", "3", None, None]),
    ],
)
def test_degrees_are_kept_from_their_own_column_or_from_behind_the_education(
    desk: Desk, make: Callable[[], Workbook], codes: list[str | None]
) -> None:
    batch = desk.receive(make(), "学历学位")
    assert (desk.office.issues(batch), batch.counts) == ([], CLEAN | {"new": len(codes)})
    desk.office.commit(batch)
    assert [desk.person(str(candidate_row(n)["姓名"])).degree_code for n in range(1, len(codes) + 1)] == codes


WAYS = (
    ("全日制教育/学历学位", "全日制教育/毕业院校系及专业", "在职教育/学历学位", "在职教育/毕业院校系及专业"),
    ("学历/全日制", "毕业院校/全日制", "学历/在职", "毕业院校/在职"),
)


def both_ways_of_study_side_by_side(ways: tuple[str, ...]) -> Workbook:
    headers = [header for header in CANDIDATE_HEADERS if header not in ("学历", "毕业院校及专业")]
    place = headers.index("政治面貌")
    groups = [way.split("/")[0] for way in ways]
    grouped = sorted(ways, key=lambda way: groups.index(way.split("/")[0]))
    studies = [
        ("中专", "铜仁农校 种植", "大学、农学学士", "贵州大学 农学"),
        ("大专", "铜仁学院 会计", None, None),
        ("大学", "贵州大学 农学", "大学", "贵州党校 法律"),
        (None, None, "省委党校研究生", None),
    ]
    rows = [candidate_row(n, **dict(zip(ways, each, strict=True))) for n, each in enumerate(studies, start=1)]
    return candidates(*rows, headers=(*headers[:place], *grouped, *headers[place:]))


@pytest.mark.parametrize("ways", WAYS)
def test_of_full_time_and_in_service_study_the_higher_one_counts(desk: Desk, ways: tuple[str, ...]) -> None:
    batch = desk.receive(both_ways_of_study_side_by_side(ways), "全日制与在职学历")
    assert (desk.office.issues(batch), batch.counts) == ([], CLEAN | {"new": 4})
    desk.office.commit(batch)
    people = [desk.person(str(candidate_row(number)["姓名"])) for number in range(1, 5)]
    assert [(p.education_code, p.is_education_full_time, p.degree_code, p.school, p.major) for p in people] == [
        ("21", False, "4", "贵州大学", "农学"),
        ("31", True, None, "铜仁学院", "会计"),
        ("21", True, None, "贵州大学", "农学"),
        ("14", False, None, None, None),
    ]


def both_ways_of_study_with_one_column_of_schools() -> Workbook:
    headers = [header for header in CANDIDATE_HEADERS if header != "学历"]
    place = headers.index("毕业院校及专业")
    rows = [candidate_row(1, **{"学历/全日制": "中专", "学历/在职": "大专", "毕业院校及专业": "铜仁学院 会计"})]
    return candidates(*rows, headers=(*headers[:place], "学历/全日制", "学历/在职", *headers[place:]))


def test_one_column_of_schools_beside_both_ways_of_study_is_kept(desk: Desk) -> None:
    desk.office.commit(desk.receive(both_ways_of_study_with_one_column_of_schools(), "一列毕业院校"))
    (person,) = desk.all(Person)
    assert (person.education_code, person.is_education_full_time, person.school, person.major) == (
        "31", False, "铜仁学院", "会计",
    )  # fmt: skip


def appraisals_of_three_years_in_one_cell() -> Workbook:
    words = ("2022年称职、2023优秀，2024年度：称职", "优秀、称职、称职", "2023优秀、2023称职", "2024年 优 秀")
    rows = [
        {key: value for key, value in mentor_row(n).items() if not key.startswith("近三年考核")} | {"近三年考核": word}
        for n, word in enumerate(words, start=1)
    ]
    headers = [header for header in MENTOR_HEADERS if not header.startswith("近三年考核")]
    book = new_workbook()
    add_sheet(book, "导师", (*headers, "近三年考核"), rows)
    return book


def test_appraisals_of_several_years_in_one_cell_need_their_years(desk: Desk) -> None:
    batch = desk.receive(appraisals_of_three_years_in_one_cell(), "近三年考核一格")
    column = get_column_letter(len(MENTOR_HEADERS) - 2)
    assert desk.office.issues(batch) == [(f"{column}{row}", "UNREADABLE_APPRAISALS") for row in (4, 5)]
    assert batch.counts == CLEAN | {"new": 4}
    desk.office.commit(batch)
    names = {person.id: person.name for person in desk.all(Person)}
    assert sorted((names[each.person_id], each.year, each.grade.value) for each in desk.all(AnnualAppraisal)) == sorted(
        [
            (str(mentor_row(1)["姓名"]), 2022, "COMPETENT"),
            (str(mentor_row(1)["姓名"]), 2023, "EXCELLENT"),
            (str(mentor_row(1)["姓名"]), 2024, "COMPETENT"),
            (str(mentor_row(4)["姓名"]), 2024, "EXCELLENT"),
        ]
    )


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
