"""The preview of an import says which columns of a row differ from what is on file."""

from sqlmodel import col, select

from app.models import ImportBatch, ImportRow
from tests.app.imports.conftest import Desk, candidates, mentors
from tests.app.rosters.conftest import candidate_row, mentor_row


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
