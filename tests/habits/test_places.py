"""Names of villages and townships: endings, short forms, prefixes, former names, codes, and names that repeat."""

from datetime import date

from openpyxl import Workbook
from sqlmodel import select

from app.models import Division, DivisionAlias, DivisionPredecessor, ImportIssue, Mentee, Person
from app.models.vocabulary import DivisionLevel
from tests.factories import make_division
from tests.habits.books import candidates, with_changes
from tests.habits.conftest import CLEAN, Desk, candidate_row

TOWNSHIP, VILLAGE = "乡镇（街道）", "村（社区）"


def villages_by_name(desk: Desk) -> dict[str, str]:
    names = {person.id: person.name for person in desk.all(Person)}
    codes = {division.id: division.code for division in desk.all(Division)}
    return {names[mentee.person_id]: codes[mentee.village_id] for mentee in desk.all(Mentee)}


def village_names_in_all_forms() -> Workbook:
    return with_changes(
        VILLAGE,
        ["垌心村", "垌心村委会", "垌心村民委员会", "垌心社区", "垌心", "思南县板桥镇垌心村", "板桥镇垌心村",
         "520624101202", 520624101202, "田坝溪", "摆拉村"],
    )  # fmt: skip


def test_village_names_are_found_in_all_their_forms(desk: Desk) -> None:
    session, places = desk.office.session, desk.office.places
    session.add(DivisionAlias(division_id=places.dongxin.id, alias="田坝溪", normalized_alias="田坝溪"))
    old = make_division(session, "520624101250", "摆拉村", DivisionLevel.VILLAGE, parent=places.banqiao,
                        valid_to=date(2022, 1, 1))  # fmt: skip
    session.add(DivisionPredecessor(division_id=places.dongxin.id, predecessor_id=old.id))
    session.flush()
    batch = desk.receive(village_names_in_all_forms(), "村名各种写法")
    assert (desk.office.issues(batch), batch.counts) == ([], CLEAN | {"new": 11})
    desk.office.commit(batch)
    assert set(villages_by_name(desk).values()) == {"520624101202"}


def a_village_that_does_not_exist() -> Workbook:
    return with_changes(VILLAGE, ["桂林村"])


def test_a_village_is_never_created_silently(desk: Desk) -> None:
    before = len(desk.all(Division))
    batch = desk.receive(a_village_that_does_not_exist(), "村名不存在")
    assert desk.office.issues(batch) == [("C2", "UNKNOWN_PLACE")]
    assert "桂花村" in desk.office.session.exec(select(ImportIssue)).one().message_zh
    assert len(desk.all(Division)) == before


def same_village_name_in_several_townships() -> Workbook:
    return candidates(
        candidate_row(1, **{TOWNSHIP: "板桥镇", VILLAGE: "桂花村"}),
        candidate_row(2, **{TOWNSHIP: "塘头镇", VILLAGE: "桂花村"}),
        candidate_row(3, **{TOWNSHIP: None, VILLAGE: "桂花村"}),
    )


def test_the_township_tells_villages_of_one_name_apart(desk: Desk) -> None:
    book = same_village_name_in_several_townships()
    batch = desk.receive(book, "不同乡镇同名村")
    assert desk.office.issues(batch) == [("B4", "MISSING_VALUE")]
    book["台账"].delete_rows(4)
    desk.office.commit(desk.receive(book, "不同乡镇同名村已补乡镇"))
    assert villages_by_name(desk) == {"张乙": "520624101201", "张丙": "520624102202"}


def same_township_name_in_several_counties() -> Workbook:
    return candidates(
        candidate_row(1, **{TOWNSHIP: "板桥", VILLAGE: "桂花村"}),
        candidate_row(2, **{TOWNSHIP: "思南县板桥镇", VILLAGE: "桂花村"}),
        candidate_row(3, **{TOWNSHIP: "太平镇", VILLAGE: "梵净山村"}),
    )


def test_townships_are_looked_for_in_the_own_county_only(desk: Desk) -> None:
    session, places = desk.office.session, desk.office.places
    other = make_division(session, "520621102000", "板桥镇", DivisionLevel.TOWNSHIP, parent=places.foreign_county)
    make_division(session, "520621102201", "桂花村", DivisionLevel.VILLAGE, parent=other)
    book = same_township_name_in_several_counties()
    batch = desk.receive(book, "不同县同名乡镇")
    assert desk.office.issues(batch) == [("B4", "UNKNOWN_PLACE")]
    book["台账"].delete_rows(4)
    desk.office.commit(desk.receive(book, "不同县同名乡镇已更正"))
    assert set(villages_by_name(desk).values()) == {"520624101201"}
