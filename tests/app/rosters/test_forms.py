"""What stands in each form, read back from its csv file, and what its people may not be told by it."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import pytest
from sqlmodel import select

from app.access import Permission, viewer_for_division
from app.crypto import PersonalDataCipher
from app.errors import ForbiddenError, InvalidInputError, InvalidStateError, NotFoundError
from app.labels import AVOIDANCE_LABEL
from app.models import ExportJob, Person
from app.models.vocabulary import ExportForm, ExportFormat, MaskLevel, Role, RosterLayout, RowOrder, Sex, TargetPost
from app.rosters.forms.structure import Counted, grid_of
from app.rosters.forms.words import default_template
from app.rosters.strokes import stroke_key
from tests.app.rosters.form_office import NOW, FormOffice, open_form_office
from tests.exports import exported
from tests.servers import opened


@pytest.fixture(scope="module")
def office(
    sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory, cipher: PersonalDataCipher
) -> Iterator[FormOffice]:
    path = tmp_path_factory.mktemp("forms") / "touyan.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = opened(f"sqlite:///{path}")
    yield open_form_office(database, cipher)
    database.dispose()


def rows_of(job: ExportJob) -> list[list[str]]:
    """The lines of a csv file, without the last one, which is the mark."""
    return list(csv.reader(io.StringIO((job.content or b"").decode("utf-8-sig"))))[:-1]


def table(office: FormOffice, form: ExportForm, **changes: object) -> list[list[str]]:
    draft = office.draft(form, format=ExportFormat.CSV, **changes)
    return rows_of(exported(office.database, office.officer, draft, now=NOW))


def test_the_adjustment_table_tells_who_went_who_came_why_and_when(office: FormOffice) -> None:
    header, *rows = table(office, ExportForm.ADJUSTMENT_TABLE)
    assert header == [
        "序号", "乡镇（街道）", "村（社区）", "帮带对象/编号", "帮带对象/姓名", "帮带岗位",
        "原帮带人/编号", "原帮带人/姓名", "原帮带人/单位及职务", "现帮带人/编号", "现帮带人/姓名",
        "现帮带人/单位及职务",
        "调整原因", "调整时间", "备注",
    ]  # fmt: skip
    ended = next(row for row in rows if row[6] and not row[9] and row[12] == AVOIDANCE_LABEL)
    assert (ended[5], ended[13]) == ("帮带干部（一）", "2025.05")
    new = [row for row in rows if row[12] == "新增结对"]
    assert {row[1] for row in new} == {"塘头镇"}
    assert {(row[7], row[13]) for row in new} == {("空缺", "2025.06")}
    assert [row[0] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    # Why the mentor really went is of class A.
    assert not [cell for row in rows for cell in row if "处" in cell or "审" in cell]


def test_the_first_version_has_no_adjustment_table(office: FormOffice) -> None:
    with pytest.raises(InvalidStateError, match="first version"):
        table(office, ExportForm.ADJUSTMENT_TABLE, roster_id=office.first)


def test_empty_seats_are_listed_with_their_reasons_by_mentee_or_by_seat(office: FormOffice) -> None:
    header, *wide = table(office, ExportForm.SHORTFALL_LIST)
    assert header[6:] == ["空缺/应配", "空缺岗位", "未配原因", "审批", "备注"]
    assert {row[6] for row in wide} == {"1/2"}
    assert {(row[1], row[8]) for row in wide if row[1] == "塘头镇"} == {
        ("塘头镇", "范围内无符合条件的导师；不符合乡镇范围要求")
    }
    assert {row[9] for row in wide} == {"已批准"}
    stacked = table(office, ExportForm.SHORTFALL_LIST, layout=RosterLayout.STACKED)[1:]
    assert [row[:8] for row in stacked] == [row[:8] for row in wide]
    of_plan = table(office, ExportForm.SHORTFALL_LIST, roster_id=None, plan_id=office.plan_id)[1:]
    assert [row[:5] for row in of_plan] == [row[:5] for row in wide]
    assert all("（7人）" in row[8] for row in of_plan)


def test_a_roster_without_empty_seats_has_no_list_of_them(office: FormOffice) -> None:
    with pytest.raises(InvalidStateError, match="No seat is empty"):
        table(office, ExportForm.SHORTFALL_LIST, roster_id=office.first)


def test_the_pool_is_printed_with_years_appraisals_capacity_and_load(office: FormOffice) -> None:
    header, *rows = table(office, ExportForm.MENTOR_POOL)
    assert header == [
        "序号", "乡镇（街道）", "编号", "姓名", "性别", "出生年月", "学历", "政治面貌", "单位及职务", "类别",
        "农村工作年限",
        "专业特长", "近三年考核", "可帮带人数", "已帮带人数", "联系电话", "备注",
    ]  # fmt: skip
    assert len(rows) == 7
    gone = next(row for row in rows if row[13] == "0")
    assert gone[1:] == [
        "板桥镇", "520624-00002", gone[3], "", "1985.05", "", "", "板桥镇党建办", "乡镇干部", "10", "",
        "2024称职、2023称职、2022称职", "0", "0", "138****0002", "",
    ]  # fmt: skip
    assert {row[13] for row in rows} == {"0", "按政策"}
    assert sum(int(row[14]) for row in rows) == 6
    assert "联系电话" not in table(office, ExportForm.MENTOR_POOL, mask_level=MaskLevel.STRICT)[0]


def test_the_ledger_lists_who_is_in_the_pool_with_masked_numbers_and_mentors(office: FormOffice) -> None:
    header, *rows = table(office, ExportForm.CANDIDATE_LEDGER)
    assert header[:9] == ["序号", "乡镇（街道）", "村（社区）", "编号", "姓名", "性别", "民族", "出生年月", "籍贯"]
    assert header[9:11] == ["学历/全日制", "学历/在职"]
    assert header[-4:] == ["身份证号", "联系电话", "帮带人", "备注"]
    assert [row[2] for row in rows] == ["桂花村"] * 3 + ["青杠坝村"] * 2
    assert all(row[-3].startswith("138****") for row in rows)
    assert [bool(row[-2]) for row in rows] == [True] * 5
    strict = table(office, ExportForm.CANDIDATE_LEDGER, mask_level=MaskLevel.STRICT)[0]
    assert "身份证号" not in strict
    assert "联系电话" not in strict


def test_a_township_prints_its_own_people_only(office: FormOffice) -> None:
    rows = table(office, ExportForm.CANDIDATE_LEDGER, division_id=office.world.places.tangtou.id)[1:]
    assert {row[1] for row in rows} == {"塘头镇"}
    assert [row[0] for row in rows] == ["1", "2"]


def test_rows_by_strokes_follow_the_names_and_are_numbered_anew(office: FormOffice) -> None:
    official, strokes = (
        table(office, ExportForm.TWO_PLUS_ONE_ROSTER, order=order)[1:]
        for order in (RowOrder.OFFICIAL, RowOrder.SURNAME_STROKES)
    )
    names = [row[4] for row in strokes]
    assert names == sorted((row[4] for row in official), key=stroke_key)
    assert [row[0] for row in strokes] == ["1", "2", "3", "4", "5"]


def test_names_are_ordered_by_stroke_count_then_by_the_first_strokes() -> None:
    names = ["赵大", "丁一", "马三", "王五", "冯二", "欧阳建国", "冉光明", "田维军", "安毅", "杨秀芝", "丁丁"]
    # 2 strokes; 3; 4; 5 (丨 before 丶): 田 冉 冯; 6; 7; 8; 9
    assert sorted(names, key=stroke_key) == [
        "丁一", "丁丁", "马三", "王五", "田维军", "冉光明", "冯二", "安毅", "杨秀芝", "欧阳建国", "赵大",
    ]  # fmt: skip


def test_the_public_notice_holds_names_units_and_posts_alone(office: FormOffice) -> None:
    header, *rows = table(office, ExportForm.PUBLIC_NOTICE)
    assert header == [
        "序号", "村级后备力量/姓名", "村级后备力量/单位", "村级后备力量/单位及职务",
        "帮带干部（一）/姓名", "帮带干部（一）/单位及职务", "帮带干部（二）/姓名", "帮带干部（二）/单位及职务",
    ]  # fmt: skip
    text = "".join(cell for row in rows for cell in row)
    assert "1985" not in text
    assert "****" not in text
    assert "520624" not in text
    with office.database.read() as session:
        masked = [phone for phone in session.exec(select(Person.phone_masked)) if phone]
    assert masked
    assert not [phone for phone in masked if phone in text]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"roster_id": None}, ("rosterId",)),
        ({"plan_id": "second"}, ("rosterId",)),
        ({"division_id": "second"}, ("rosterId",)),
        ({"reference_date": date(2025, 1, 1)}, ("referenceDate",)),
    ],
)
def test_a_roster_form_is_made_of_one_roster(
    office: FormOffice, changes: dict[str, Any], path: tuple[str, ...]
) -> None:
    values = {key: office.second if value == "second" else value for key, value in changes.items()}
    with pytest.raises(InvalidInputError) as caught:
        table(office, ExportForm.PUBLIC_NOTICE, **values)
    assert caught.value.path == path


def test_forms_of_present_data_have_one_layout_and_a_division(office: FormOffice) -> None:
    for changes in (
        {"layout": RosterLayout.STACKED},
        {"division_id": None},
        {"county_id": office.world.places.county.id},
    ):
        with pytest.raises(InvalidInputError):
            table(office, ExportForm.MENTOR_POOL, **changes)
    with pytest.raises(InvalidInputError, match="form is TWO_PLUS_ONE_ROSTER"):
        table(office, ExportForm.ONE_TO_ONE_ROSTER)


def test_another_county_finds_neither_roster_nor_plan_nor_division(office: FormOffice) -> None:
    with office.database.read() as session:
        foreign = viewer_for_division(
            session, subject="x", role=Role.COUNTY_ADMIN, division=office.world.places.foreign_county
        )
    drafts = [
        office.draft(form, format=ExportFormat.CSV) for form in ExportForm if form is not ExportForm.ONE_TO_ONE_ROSTER
    ]
    drafts.append(
        office.draft(ExportForm.SHORTFALL_LIST, format=ExportFormat.CSV, roster_id=None, plan_id=office.plan_id)
    )
    drafts.append(
        office.draft(ExportForm.PUBLIC_NOTICE, format=ExportFormat.CSV, roster_id=None, program_id=office.program_id)
    )
    for draft in drafts:
        with pytest.raises(NotFoundError):
            exported(office.database, foreign, draft, now=NOW)


def test_a_list_of_a_plan_needs_the_permission_to_read_plans(office: FormOffice) -> None:
    scopes = frozenset(Permission) - {Permission.READ_PLANS}
    draft = office.draft(ExportForm.SHORTFALL_LIST, format=ExportFormat.CSV, roster_id=None, plan_id=office.plan_id)
    with pytest.raises(ForbiddenError, match="READ_PLANS"):
        exported(office.database, replace(office.officer, scopes=scopes), draft, now=NOW)


class TestStructure:
    """Counts and shares of 45 people, 5 of them women, 18 with high school or more."""

    DAY = date(2025, 3, 1)

    @staticmethod
    def people() -> list[Counted]:
        return [
            Counted(
                sex=Sex.FEMALE if number < 5 else Sex.MALE,
                ethnicity_code="15" if number < 43 else "01",
                political_status_code="01",
                education_code=("61", "31", "21")[number % 3] if number < 18 else "71",
                degree_code="4" if number % 3 == 2 and number < 18 else None,
                birth_date=date(2025 - (30, 31, 40, 41, 56)[number % 5], 3, 1),
                target_post=TargetPost.SECRETARY if number % 2 else TargetPost.DIRECTOR,
            )
            for number in range(45)
        ]

    def lines(self, mask_level: MaskLevel) -> dict[tuple[str, str], tuple[object, ...]]:
        template = default_template(ExportForm.STRUCTURE_TABLE)
        grid = grid_of(template, self.people(), day=self.DAY, mask_level=mask_level)
        return {(str(line[0]), str(line[1])): line[2:] for block in grid.blocks for line in block}

    def test_counts_and_shares_are_exact(self) -> None:
        lines = self.lines(MaskLevel.STANDARD)
        assert lines["总人数", ""][:6] == (45, "100%", 40, "100%", 5, "100%")
        assert lines["性别", "女"][:2] == (5, "11.11%")
        assert lines["学历", "其中：高中及以上"][:2] == (18, "40%")
        assert lines["学位", "学士"][:2] == (6, "13.33%")
        assert lines["学位", "无学位或未填写"][:2] == (39, "86.67%")
        assert lines["民族", "汉族"][:4] == (2, "4.44%", 2, "5%")
        bands = [(item, cells[0]) for (topic, item), cells in lines.items() if topic == "年龄分布"]
        assert bands == [("30岁及以下", 9), ("31—35岁", 9), ("36—40岁", 9), ("41—45岁", 9), ("55岁以上", 9)]
        assert lines["平均年龄", ""][0] == "39.6"

    def test_the_public_table_has_totals_only_and_no_row_of_one_or_two(self) -> None:
        lines = self.lines(MaskLevel.STRICT)
        assert {len(cells) for cells in lines.values()} == {2}
        # Two Han alone could be had by subtraction, so the others of the topic go with them.
        assert [(item, cells) for (topic, item), cells in lines.items() if topic == "民族"] == [
            ("其他（合并）", (45, "100%"))
        ]
        assert all(int(cells[0]) >= 3 for (topic, _), cells in lines.items() if topic != "平均年龄")

    def test_a_public_table_of_two_people_is_refused(self) -> None:
        template = default_template(ExportForm.STRUCTURE_TABLE)
        with pytest.raises(InvalidStateError, match="fewer than 3"):
            grid_of(template, self.people()[:2], day=self.DAY, mask_level=MaskLevel.STRICT)


@pytest.mark.parametrize(
    ("form", "file_format"),
    list(product([f for f in ExportForm if f is not ExportForm.ONE_TO_ONE_ROSTER], ExportFormat)),
)
def test_equal_drafts_give_equal_bytes(office: FormOffice, form: ExportForm, file_format: ExportFormat) -> None:
    draft = office.draft(form, format=file_format)
    first, second = (exported(office.database, office.officer, draft, now=NOW) for _ in range(2))
    if first.master_id is not None:
        assert first.content == second.content
        assert first.master_id == second.master_id
    else:
        # Only the number of the file differs, which hand-outs of present data have instead of an archive.
        assert (first.row_count, first.file_name) == (second.row_count, second.file_name)
