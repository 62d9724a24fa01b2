"""Tables of places, pools, posts and needs: what they say gets in once, and nothing more."""

from collections.abc import Sequence
from datetime import date

import pytest
from sqlmodel import select

from app.models import (
    Appointment,
    DevelopmentNeed,
    Division,
    DivisionAlias,
    DivisionPredecessor,
    MentorPool,
    Person,
    TownshipAdjacency,
    TravelTime,
    Zone,
    ZoneTownship,
)
from app.models.vocabulary import (
    CoordinateSource,
    DivisionKind,
    DivisionLevel,
    ImportState,
    PostKind,
    Role,
    Severity,
    Specialty,
    ZoneKind,
)
from tests.app.rosters.conftest import ImportOffice, candidate_row, mentor_row
from tests.factories import make_division
from tests.workbooks import CANDIDATE_HEADERS, MENTOR_HEADERS, add_sheet, new_workbook, to_bytes

POOLS = ("序号", "乡镇", "库名")
POSTS = ("姓名", "身份证号", "编号", "乡镇", "村", "任职单位/村", "职务", "任职起", "任职止")
NEEDS = ("乡镇", "村", "姓名", "身份证号", "能力需求", "发展需求", "权重")
ZONES = ("片区", "类别", "乡镇", "起", "止")
NEIGHBOURS = ("乡镇", "相邻乡镇")
TIMES = ("起点", "终点", "分钟", "公里")
DIVISIONS = (
    "代码", "名称", "级别", "上级代码", "曾用名/别名", "原代码", "生效日期", "撤销日期", "经度", "纬度", "坐标系",
)  # fmt: skip


def sheet_of(headers: Sequence[str], rows: Sequence[Sequence[object]], *, people: int = 0) -> bytes:
    """A workbook with one table, in front of it candidates if asked for; the cells in the order of the headers."""
    book = new_workbook()
    if people:
        add_sheet(book, "台账", CANDIDATE_HEADERS, [candidate_row(number) for number in range(1, people + 1)])
    sheet = book.create_sheet("表")
    sheet.append(list(headers))
    for row in rows:
        sheet.append(list(row))
    return to_bytes(book)


def counts(batch: object) -> tuple[int, int, int, int]:
    found = batch.counts  # type: ignore[attr-defined]
    return found["new"], found["changed"], found["unchanged"], found["rejected"]


def test_every_table_of_a_county_gets_in_and_a_second_import_changes_nothing(office_on_both: ImportOffice) -> None:
    office = office_on_both
    candidate = candidate_row(1)
    tables = [
        sheet_of(DIVISIONS, [["520624103000", "大坝场镇"], ["520624103201", "尧上村", None, None, "窑上村"]]),
        sheet_of(POOLS, [[1, "板桥镇", "板桥镇产业导师库"], [2, "塘头镇", "塘头镇帮带导师库"]]),
        sheet_of(ZONES, [["东片区", "战区", "板桥镇、塘头镇", "2024-01-01", None]]),
        sheet_of(NEIGHBOURS, [["板桥镇", "塘头镇、大坝场镇"]]),
        sheet_of(TIMES, [["板桥镇", "塘头镇", 25, 14.5], ["板桥镇桂花村", "大坝场镇", "40分钟", None]]),
        sheet_of(
            POSTS,
            [
                [
                    candidate["姓名"],
                    candidate["身份证号"],
                    None,
                    None,
                    None,
                    "板桥镇桂花村",
                    "文书",
                    "2019.03",
                    "2021.01",
                ]
            ],
            people=1,
        ),
        sheet_of(
            NEEDS,
            [
                ["板桥镇", "桂花村", candidate["姓名"], candidate["身份证号"], "党建", None, 2],
                ["板桥镇", "桂花村", None, None, None, "产业发展、矛盾调解(3)", None],
            ],
        ),
    ]
    expected = [(2, 0, 0, 0), (2, 0, 0, 0), (1, 0, 0, 0), (1, 0, 0, 0), (2, 0, 0, 0), (2, 0, 0, 0), (2, 0, 0, 0)]
    found = []
    for table in tables:
        batch = office.upload(table)
        assert office.errors(batch) == []
        found.append(counts(office.commit(batch)))
    assert found == expected
    before = office.counts(with_imports=False)
    for table, (n_new, *_) in zip(tables, expected, strict=True):
        batch = office.upload(table)
        assert office.errors(batch) == []
        assert counts(office.commit(batch)) == (0, 0, n_new, 0)
    after = office.counts(with_imports=False)
    assert {name: n for name, n in after.items() if name != "audit_event"} == {
        name: n for name, n in before.items() if name != "audit_event"
    }


def test_a_pool_without_mentors_is_made_and_a_mentor_row_finds_it(office: ImportOffice) -> None:
    book = new_workbook()
    add_sheet(book, "导师", MENTOR_HEADERS, [mentor_row(1)])
    pools = book.create_sheet("库")
    pools.append(["乡镇", "库名"])
    pools.append(["板桥镇", "板桥镇产业导师库"])
    office.commit(office.upload(to_bytes(book)))
    assert [(pool.division_id, pool.name) for pool in office.all(MentorPool)] == [  # type: ignore[attr-defined]
        (office.places.banqiao.id, "板桥镇产业导师库")
    ]


def test_a_township_officer_enters_own_pools_but_no_table_of_the_county(office: ImportOffice) -> None:
    office.viewer = office.places.officer(office.session, Role.TOWNSHIP_OFFICER, of=office.places.banqiao)
    pools = office.upload(sheet_of(POOLS, [[1, "板桥镇", "甲库"], [2, "塘头镇", "乙库"]]))
    assert office.errors(pools) == [("B3", "OUTSIDE_TERRITORY")]
    for headers, row, cell in (
        (ZONES, ["东片区", "战区", "板桥镇"], "A2"),
        (NEIGHBOURS, ["板桥镇", "塘头镇"], "A2"),
        (TIMES, ["板桥镇", "塘头镇", 25], "A2"),
        (DIVISIONS, ["520624101299", "新村"], "A2"),
    ):
        assert office.errors(office.upload(sheet_of(headers, [row]))) == [(cell, "COUNTY_SHEET")]
    villages = office.upload(sheet_of(NEEDS, [["塘头镇", "青杠坝村", None, None, None, "党建", 1]]))
    assert office.errors(villages) == [("B2", "OUTSIDE_TERRITORY")]


def test_people_of_another_township_read_as_absent_in_posts_and_needs(office: ImportOffice) -> None:
    office.commit(office.upload_candidates([candidate_row(1, **{"乡镇（街道）": "塘头镇"})]))
    person = office.session.exec(select(Person)).one()
    office.viewer = office.places.officer(office.session, Role.TOWNSHIP_OFFICER, of=office.places.banqiao)
    for identity in ([person.name, None, None], [person.name, None, person.code]):
        batch = office.upload(sheet_of(POSTS, [[*identity, None, None, "板桥镇桂花村", "文书", "2019.03", None]]))
        assert office.errors(batch) == [("A2", "PERSON_NOT_FOUND")]


def test_posts_are_added_split_and_ended_but_never_removed(office: ImportOffice) -> None:
    career = "2012.07-2016.03 板桥镇桂花村 村委会副主任"
    office.commit(office.upload_candidates([candidate_row(1, 任职经历=career)]))
    person = office.session.exec(select(Person)).one()
    rows = [
        [person.name, None, person.code, None, None, "板桥镇桂花村", "党支部书记、村委会主任", "2016.04", None],
        [person.name, None, None, "板桥镇", "桂花村", "板桥镇农业服务中心", "干部", "2010.01", "2012.06"],
    ]
    assert counts(office.commit(office.upload(sheet_of(POSTS, rows)))) == (2, 0, 0, 0)
    found = {(row.post, row.start_date, row.end_date) for row in office.session.exec(select(Appointment))}
    assert found == {
        (PostKind.VILLAGE_COMMITTEE_MEMBER, date(2012, 7, 1), date(2016, 3, 1)),
        (PostKind.VILLAGE_SECRETARY, date(2016, 4, 1), None),
        (PostKind.VILLAGE_DIRECTOR, date(2016, 4, 1), None),
        (PostKind.STATION_STAFF, date(2010, 1, 1), date(2012, 6, 1)),
    }
    # The roster comes again: its career is complete for itself, the listed posts stay.
    assert counts(office.commit(office.upload_candidates([candidate_row(1, 任职经历=career)]))) == (0, 0, 1, 0)
    # An end makes the post end; a blank end leaves it.
    rows[0][-1] = "2024.12"
    assert counts(office.commit(office.upload(sheet_of(POSTS, rows)))) == (0, 1, 1, 0)
    rows[0][-1] = "至今"
    assert counts(office.commit(office.upload(sheet_of(POSTS, rows)))) == (0, 0, 2, 0)
    ends = {row.end_date for row in office.session.exec(select(Appointment)) if row.start_date == date(2016, 4, 1)}
    assert ends == {date(2024, 12, 1)}


def test_a_name_that_two_people_have_is_told_apart_by_village(office: ImportOffice) -> None:
    other = candidate_row(2, 姓名="张乙", 村="桂花村", **{"乡镇（街道）": "塘头镇"})
    office.commit(office.upload_candidates([candidate_row(1, 姓名="张乙"), other]))
    post = ["板桥镇桂花村", "文书", "2019.03", None]
    unclear = office.upload(sheet_of(POSTS, [["张乙", None, None, None, None, *post]]))
    assert office.errors(unclear) == [("A2", "AMBIGUOUS_PERSON")]
    office.commit(office.upload(sheet_of(POSTS, [["张乙", None, None, "塘头镇", "桂花村", *post]])))
    owner = office.session.exec(
        select(Person.division_id).join(Appointment, Appointment.person_id == Person.id)  # type: ignore[arg-type]
    ).one()
    assert owner == office.places.other_guihua.id


def test_each_need_has_one_owner_and_a_blank_weight_leaves_the_stored_one(office: ImportOffice) -> None:
    office.commit(office.upload_candidates([candidate_row(1)]))
    person = office.session.exec(select(Person)).one()
    rows = [
        [None, None, person.name, None, "党建、产业发展(3)", None, 2],
        ["板桥镇", "桂花村", None, None, None, "党建", 5],
    ]
    assert counts(office.commit(office.upload(sheet_of(NEEDS, rows)))) == (2, 0, 0, 0)
    stored = {(n.person_id, n.village_id, n.specialty, n.weight) for n in office.session.exec(select(DevelopmentNeed))}
    assert stored == {
        (person.id, None, Specialty.PARTY_BUILDING, 2.0),
        (person.id, None, Specialty.INDUSTRY, 3.0),
        (None, office.places.guihua.id, Specialty.PARTY_BUILDING, 5.0),
    }
    rows = [
        [None, None, person.name, None, "党建、产业发展", None, None],
        ["板桥镇", "桂花村", None, None, None, "党建", 4],
    ]
    assert counts(office.commit(office.upload(sheet_of(NEEDS, rows)))) == (0, 1, 1, 0)
    two_owners = office.upload(sheet_of(NEEDS, [["板桥镇", "桂花村", person.name, None, None, "党建", 1]]))
    assert office.errors(two_owners) == [("E2", "MISSING_VALUE")]
    no_owner = office.upload(
        sheet_of(NEEDS, [[None, None, None, None, "党建", None, 1], [None, None, None, None, None, "党建", 1]])
    )
    assert office.errors(no_owner) == [("A3", "MISSING_VALUE"), ("C2", "MISSING_VALUE")]


def test_rosters_and_a_list_of_needs_in_one_file_add_up_and_stay(office: ImportOffice) -> None:
    book = new_workbook()
    add_sheet(book, "台账", CANDIDATE_HEADERS, [candidate_row(1, 能力需求="党建")])
    needs = book.create_sheet("需求")
    needs.append(["姓名", "身份证号", "能力需求", "权重"])
    needs.append([candidate_row(1)["姓名"], candidate_row(1)["身份证号"], "矛盾调解", 2])
    data = to_bytes(book)
    office.commit(office.upload(data))
    assert {(n.specialty, n.weight) for n in office.session.exec(select(DevelopmentNeed))} == {
        (Specialty.PARTY_BUILDING, 1.0),
        (Specialty.MEDIATION, 2.0),
    }
    assert counts(office.commit(office.upload(data))) == (0, 0, 2, 0)


def test_zones_keep_their_kind_and_periods(office: ImportOffice) -> None:
    rows = [
        ["东片区", "督查片区", "板桥镇", None, None],
        ["东片区", "督查片区", "塘头镇", "2024.01", "2024-12-31"],
        ["一战区", "战区", "板桥镇", None, None],
        ["其他片", "其他", "板桥镇", None, None],
    ]
    office.commit(office.upload(sheet_of(ZONES, rows)))
    zones = {zone.name: zone.kind for zone in office.session.exec(select(Zone))}
    assert zones == {"东片区": ZoneKind.INSPECTION_ZONE, "一战区": ZoneKind.BATTLE_ZONE, "其他片": ZoneKind.ZONE}
    # A date that becomes known is no second membership; one that overlaps another is refused.
    later = office.upload(sheet_of(ZONES, [["东片区", None, "板桥镇", "2023-05-01", None]]))
    assert counts(office.commit(later)) == (0, 1, 0, 0)
    assert len(office.all(ZoneTownship)) == 4
    overlapping = office.upload(sheet_of(ZONES, [["东片区", None, "塘头镇", "2024-06-01", None]]))
    assert office.errors(overlapping) == [("D2", "ZONE_PERIOD_OVERLAPS")]
    village = office.upload(sheet_of(ZONES, [["东片区", None, "县直", None, None]]))
    assert office.errors(village) == [("C2", "NOT_A_TOWNSHIP")]


def test_neighbours_that_a_sample_made_up_give_way(office: ImportOffice) -> None:
    places = office.places
    third = make_division(
        office.session, "520624103000", "大坝场镇", DivisionLevel.TOWNSHIP, parent=places.county, kind=DivisionKind.TOWN
    )
    for other in (places.tangtou, third):
        office.session.add(
            TownshipAdjacency(township_a_id=places.banqiao.id, township_b_id=other.id, is_synthetic=True)
        )
    office.session.flush()
    assert counts(office.commit(office.upload(sheet_of(NEIGHBOURS, [["塘头镇", "板桥镇"]])))) == (0, 1, 0, 0)
    assert counts(office.commit(office.upload(sheet_of(NEIGHBOURS, [["板桥镇", "塘头镇"]])))) == (0, 1, 0, 0)
    kept = [(row.township_a_id, row.township_b_id, row.is_synthetic) for row in office.all(TownshipAdjacency)]  # type: ignore[attr-defined]
    assert kept == [(places.banqiao.id, places.tangtou.id, False)]
    own = office.upload(sheet_of(("序号", *NEIGHBOURS), [[1, "板桥镇", "板桥镇"]]))
    assert office.errors(own) == [("C2", "SAME_PLACE")]


def test_a_matrix_gives_each_pair_once_and_reports_ways_that_differ(office: ImportOffice) -> None:
    headers = ["乡镇", "板桥镇", "塘头镇", "板桥镇桂花村"]
    rows = [["板桥镇", 0, 25, 12], ["塘头镇", 26, "-", None], ["板桥镇桂花村", 12, 33, None]]
    batch = office.upload(sheet_of(headers, rows))
    assert office.issues(batch) == [("B3", "ASYMMETRIC_TIME")]
    assert counts(office.commit(batch)) == (2, 0, 1, 0)
    codes = {row.id: row.code for row in office.session.exec(select(Division))}
    found = {
        (codes[t.from_division_id], codes[t.to_division_id], t.minutes, t.source)
        for t in office.session.exec(select(TravelTime))
    }
    assert found == {
        ("520624101000", "520624102000", 25.0, "IMPORT"),
        ("520624101000", "520624101201", 12.0, "IMPORT"),
        ("520624101201", "520624102000", 33.0, "IMPORT"),
    }
    assert counts(office.commit(office.upload(sheet_of(headers, rows)))) == (0, 0, 3, 0)


def test_an_upper_triangle_is_enough_and_an_unknown_place_in_the_header_is_told(office: ImportOffice) -> None:
    batch = office.upload(sheet_of(["乡镇＼乡镇", "板桥镇", "塘头镇"], [["板桥镇", None, 25], ["塘头镇", None, None]]))
    assert counts(office.commit(batch)) == (1, 0, 1, 0)
    unknown = office.upload(sheet_of(["乡镇", "板桥镇", "不存在镇"], [["板桥镇", None, 25], ["塘头镇", 25, None]]))
    assert office.errors(unknown) == [("C2", "UNKNOWN_DESTINATION")]
    wrong = office.upload(sheet_of(TIMES, [["板桥镇", "塘头镇", "半小时", None], ["板桥镇", "板桥镇", 3, None]]))
    assert office.errors(wrong) == [("B3", "SAME_PLACE"), ("C2", "INVALID_NUMBER")]


def test_divisions_are_renamed_revoked_and_recoded_and_people_find_them_by_old_names(office: ImportOffice) -> None:
    places = office.places
    rows = [
        ["520624101201", "金桂村"],
        ["520624101500", "垌心社区", "村级", "520624101000", "老垌心、垌心大队", "520624101202", "2024-01-01"],
        ["520624102202", "桂花村", None, None, None, None, None, "2023-12-31"],
    ]
    batch = office.upload(sheet_of(DIVISIONS, rows))
    assert office.errors(batch) == []
    assert counts(office.commit(batch)) == (1, 2, 0, 0)
    new = office.session.exec(select(Division).where(Division.code == "520624101500")).one()
    assert (new.kind, new.parent_id, new.valid_from) == (DivisionKind.COMMUNITY, places.banqiao.id, date(2024, 1, 1))
    assert places.guihua.name == "金桂村"
    assert places.dongxin.valid_to == date(2023, 12, 31)
    assert places.other_guihua.valid_to == date(2023, 12, 31)
    links = [(row.division_id, row.predecessor_id) for row in office.session.exec(select(DivisionPredecessor))]
    assert links == [(new.id, places.dongxin.id)]
    aliases = {(row.division_id, row.alias) for row in office.session.exec(select(DivisionAlias))}
    assert {(places.guihua.id, "桂花村"), (new.id, "老垌心"), (new.id, "垌心大队")} <= aliases
    people = office.upload_candidates(
        [
            candidate_row(1),
            candidate_row(2, **{"村（社区）": "老垌心"}),
            candidate_row(3, **{"村（社区）": "520624101202"}),
        ]
    )
    assert office.errors(people) == []
    assert counts(office.commit(office.upload(sheet_of(DIVISIONS, rows)))) == (0, 0, 3, 0)


def test_faults_of_a_table_of_divisions_are_told_at_their_cells(office: ImportOffice) -> None:
    rows = [
        ["52062410120", "甲村"],
        ["520621101209", "乙村"],
        ["520624109201", "丙村"],
        ["520624101203", "丁村", "乡级"],
        ["520624101204", "戊村", None, "520624102000"],
        ["520624101205", "己村", None, None, None, "520624101299"],
        ["520624101206", "庚村", None, None, None, None, "2024-05-01", "2024-01-01"],
        ["520624101207", "辛村"],
        ["520624101207", "壬村"],
    ]
    assert office.errors(office.upload(sheet_of(DIVISIONS, rows))) == [
        ("A10", "DUPLICATE_CODE"),
        ("A2", "INVALID_DIVISION_CODE"),
        ("A3", "INVALID_DIVISION_CODE"),
        ("A4", "DIVISION_NOT_ON_FILE"),
        ("C5", "LEVEL_DIFFERS_FROM_CODE"),
        ("D6", "LEVEL_DIFFERS_FROM_CODE"),
        ("F7", "DIVISION_NOT_ON_FILE"),
        ("H8", "REVERSED_PERIOD"),
    ]


@pytest.mark.parametrize("system", ["WGS84", "GCJ02", "火星坐标"])
def test_coordinates_are_stored_in_wgs84(office: ImportOffice, system: str) -> None:
    given = (113.912316, 22.543847) if system == "WGS84" else (113.9171764808363, 22.540796131694766)
    row = ["520624101201", "桂花村", None, None, None, None, None, None, *given, system]
    office.commit(office.upload(sheet_of(DIVISIONS, [row])))
    village = office.places.guihua
    assert (village.longitude, village.latitude) == (113.912316, 22.543847)
    assert village.coordinate_source is CoordinateSource.UPLOADED
    assert counts(office.commit(office.upload(sheet_of(DIVISIONS, [row])))) == (0, 0, 1, 0)


def test_coordinates_without_a_stated_system_are_refused(office: ImportOffice) -> None:
    blank = ["520624101201", "桂花村", None, None, None, None, None, None]
    unstated = office.upload(sheet_of(DIVISIONS, [[*blank, 108.25, 27.94, None]]))
    assert office.errors(unstated) == [("K2", "MISSING_COORDINATE_SYSTEM")]
    elsewhere = office.upload(sheet_of(DIVISIONS, [[*blank, 27.94, 88.25, "WGS84"], [*blank, 108.25, None, "WGS84"]]))
    assert office.errors(elsewhere) == [("I2", "INVALID_COORDINATES"), ("I3", "INVALID_COORDINATES")]
    assert office.places.guihua.longitude is None


def test_a_revoked_division_that_still_has_people_is_a_warning(office: ImportOffice) -> None:
    office.commit(office.upload_candidates([candidate_row(1)]))
    row = ["520624101201", "桂花村", None, None, None, None, None, "2024-12-31"]
    batch = office.upload(sheet_of(DIVISIONS, [row]))
    assert office.issues(batch) == [("H2", "REVOKED_DIVISION_IN_USE")]
    assert batch.state is ImportState.READY
    assert office.errors(batch) == office.issues(batch, severity=Severity.ERROR) == []


def test_rows_that_name_a_division_of_the_same_file_are_told_to_import_it_first(office: ImportOffice) -> None:
    book = new_workbook()
    add_sheet(book, "台账", CANDIDATE_HEADERS, [candidate_row(1, **{"村（社区）": "新立村"})])
    sheet = book.create_sheet("区划")
    sheet.append(["代码", "名称"])
    sheet.append(["520624101299", "新立村民委员会"])
    assert office.errors(office.upload(to_bytes(book))) == [("C2", "DIVISION_NOT_ON_FILE")]
    office.commit(office.upload(sheet_of(("代码", "名称"), [["520624101299", "新立村民委员会"]])))
    assert office.errors(office.upload(to_bytes(book))) == []
