"""The preview of an import says which columns of a row differ from what is on file."""

import pytest
from sqlmodel import col, select

from app.models import ImportBatch, ImportRow
from tests.app.imports.conftest import Desk, candidates, mentors
from tests.app.rosters.conftest import candidate_row, mentor_row
from tests.app.rosters.test_place_kinds import DIVISIONS, NEIGHBOURS, TIMES, ZONES, sheet_of


def changed(desk: Desk, batch: ImportBatch) -> list[list[str]]:
    with desk.database.read() as session:
        rows = session.exec(
            select(ImportRow).where(col(ImportRow.batch_id) == batch.id).order_by(col(ImportRow.position))
        ).all()
    return [row.changed_columns for row in rows]


def test_the_preview_names_the_columns_of_a_candidate_that_change(lite_desk: Desk) -> None:
    career = "2012.07-2016.03 板桥镇桂花村 村委会主任"
    old = candidate_row(1, 任职经历=career, 审查进度="乡镇推选")
    first = lite_desk.upload(candidates([old, candidate_row(2)]))
    assert changed(lite_desk, first) == [[], []]
    lite_desk.commit(first)
    assert changed(lite_desk, lite_desk.upload(candidates([old]))) == [[]]
    new = old | {
        "村（社区）": "垌心村",
        "学历": "大学",
        "出生年月": "1985.06.12",
        "联系电话": "13900000077",
        "任职经历": career + "、2016.03-至今 板桥镇桂花村 党支部书记",
        "培养方向": "村委会主任",
        "审查进度": "县级把关",
        "能力需求": "党建",
    }
    batch = lite_desk.upload(candidates([new, candidate_row(2)]))
    assert changed(lite_desk, batch) == [
        ["birth", "career", "education", "needs", "phone", "review_level", "target_post", "village"],
        [],
    ]
    moved = old | {"乡镇（街道）": "塘头镇", "村（社区）": "青杠坝村", "任职经历": None}
    assert changed(lite_desk, lite_desk.upload(candidates([moved]))) == [["township", "village"]]


def test_the_preview_names_the_columns_of_a_mentor_that_change_but_never_discipline(lite_desk: Desk) -> None:
    old = mentor_row(1, 包联村="桂花村", **{"专业特长/熟悉": "产业发展"})
    lite_desk.commit(lite_desk.upload(mentors([old, mentor_row(2)])))
    new = old | {
        "类别": "离退休干部",
        "可帮带人数": 3,
        "专业特长/擅长": "党建",
        "近三年考核/2023年": "称职",
        "近三年考核/2024年": "称职",
        "包联村": "垌心村",
        "处分影响期": "是",
    }
    batch = lite_desk.upload(mentors([new, mentor_row(2, 处分影响期="是")]))
    assert lite_desk.changes(batch) == [(3, "CHANGED"), (4, "UNCHANGED")]
    assert changed(lite_desk, batch) == [
        ["appraisal_2023", "appraisal_2024", "capacity", "category", "linked_villages", "specialty_good"],
        [],
    ]


@pytest.mark.parametrize(
    ("headers", "old", "new", "columns"),
    [
        (TIMES, ["板桥镇", "塘头镇", 25, 14.5], ["板桥镇", "塘头镇", 30, 14.5], ["minutes"]),
        (TIMES, ["板桥镇", "塘头镇", 25, None], ["塘头镇", "板桥镇", 25, 15], ["km"]),
        (
            ZONES, ["东片区", "战区", "板桥镇", "2024.01", None], ["东片区", "战区", "板桥镇", "2024.01", "2025-12-31"],
            ["zone_end"],
        ),
        (
            DIVISIONS,
            ["520624101299", "新村"],
            ["520624101299", "新村社区", None, None, "老村", None, "2024-05-01", None, 108.2, 27.9, "WGS84"],
            ["aliases", "coordinate_system", "division_name", "latitude", "longitude", "valid_from"],
        ),
    ],
)  # fmt: skip
def test_the_preview_names_the_columns_of_places_that_change(
    lite_desk: Desk, headers: tuple[str, ...], old: list[object], new: list[object], columns: list[str]
) -> None:
    lite_desk.commit(lite_desk.upload(sheet_of(headers, [old])))
    assert changed(lite_desk, lite_desk.upload(sheet_of(headers, [old]))) == [[]]
    assert changed(lite_desk, lite_desk.upload(sheet_of(headers, [new]))) == [columns]


def test_a_new_neighbour_makes_a_row_of_neighbours_new(lite_desk: Desk) -> None:
    batch = lite_desk.upload(sheet_of(NEIGHBOURS, [["板桥镇", "塘头镇"]]))
    assert (lite_desk.changes(batch), changed(lite_desk, batch)) == ([(2, "NEW")], [[]])
