"""The code list and what counties add to it are stored once, checked, and only inside the viewer's territory."""

from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import Session, col, select

from app.access import SYSTEM_VIEWER, Viewer
from app.db import Database
from app.errors import DuplicateError, ForbiddenError, InvalidInputError, NotFoundError
from app.models import (
    Division,
    DivisionAlias,
    DivisionPredecessor,
    TownshipAdjacency,
    TravelTime,
    VillageCondition,
    Zone,
    ZoneTownship,
)
from app.models.vocabulary import DivisionLevel, Role, Terrain, VillageConditionKind
from app.services.neighbourhoods import (
    TravelTimeRecord,
    VillageConditionRecord,
    ZoneRecord,
    add_adjacencies,
    add_travel_times,
    add_village_conditions,
    add_zones,
)
from app.services.places import DivisionRecord, load_divisions

SINCE = date(2023, 6, 30)
READER = Viewer(subject="reader", role=Role.READER)
OF_JIANGKOU = Viewer(subject="county", role=Role.COUNTY_ADMIN, code_prefix="520621")


def record(code: str, name: str, level: DivisionLevel, parent: str | None) -> DivisionRecord:
    return DivisionRecord(code=code, name=name, level=level, parent_code=parent, valid_from=SINCE)


RECORDS = (
    record("520000000000", "贵州省", DivisionLevel.PROVINCE, None),
    record("520600000000", "铜仁市", DivisionLevel.PREFECTURE, "520000000000"),
    replace(record("520624000000", "思南县", DivisionLevel.COUNTY, "520600000000"), terrain=Terrain.MOUNTAIN),
    record("520624105000", "板桥镇", DivisionLevel.TOWNSHIP, "520624000000"),
    record("520624106000", "大坝场镇", DivisionLevel.TOWNSHIP, "520624000000"),
    record("520624105201", "桂花村民委员会", DivisionLevel.VILLAGE, "520624105000"),
    replace(
        record("520624203000", "三星乡", DivisionLevel.TOWNSHIP, "520624000000"),
        valid_from=date(2020, 6, 30),
        valid_to=date(2023, 6, 29),
        successor_code="520624106000",
    ),
)


def by_code(session: Session) -> dict[str, Division]:
    return {row.code: row for row in session.exec(select(Division))}


def test_a_code_list_becomes_a_tree_with_counties_and_official_order(database: Database) -> None:
    with database.write() as session:
        load_divisions(session, SYSTEM_VIEWER, reversed(RECORDS))
    with database.read() as session:
        rows = by_code(session)
        county, township = rows["520624000000"], rows["520624105000"]
        village = rows["520624105201"]
        assert len(rows) == 7
        assert county.county_id == county.id
        assert township.county_id == village.county_id == county.id
        assert village.parent_id == township.id
        assert rows["520600000000"].county_id is None
        assert (township.display_order, village.display_order, county.display_order) == (105, 201, 24)
        assert county.terrain is Terrain.MOUNTAIN
        assert county.created_by == "system"


def test_a_former_township_is_kept_revoked_and_found_by_its_old_name(database: Database) -> None:
    with database.write() as session:
        load_divisions(session, SYSTEM_VIEWER, RECORDS)
    with database.read() as session:
        rows = by_code(session)
        link = session.exec(select(DivisionPredecessor)).one()
        assert (link.division_id, link.predecessor_id) == (rows["520624106000"].id, rows["520624203000"].id)
        assert rows["520624203000"].valid_to == date(2023, 6, 29)
        aliases = session.exec(
            select(DivisionAlias.normalized_alias).where(col(DivisionAlias.division_id) == rows["520624106000"].id)
        )
        assert set(aliases) == {"大坝场镇", "大坝场", "三星乡"}
        village_alias = session.exec(
            select(DivisionAlias).where(col(DivisionAlias.division_id) == rows["520624105201"].id)
        ).one()
        assert (village_alias.alias, village_alias.normalized_alias) == ("桂花村民委员会", "桂花")


def test_a_later_list_hangs_below_stored_divisions(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        load_divisions(session, SYSTEM_VIEWER, RECORDS)
    with sqlite_database.write() as session:
        (row,) = load_divisions(
            session, SYSTEM_VIEWER, [record("520624105202", "新村村委会", DivisionLevel.VILLAGE, "520624105000")]
        )
    with sqlite_database.read() as session:
        assert row.county_id == by_code(session)["520624000000"].id


def test_faulty_lists_are_refused_and_store_nothing(sqlite_database: Database) -> None:
    village = record("520624105201", "桂花村", DivisionLevel.VILLAGE, "520624105000")
    faults = [
        (InvalidInputError, SYSTEM_VIEWER, [replace(village, code="52062410520")]),
        (InvalidInputError, SYSTEM_VIEWER, [replace(village, level=DivisionLevel.TOWNSHIP)]),
        (InvalidInputError, SYSTEM_VIEWER, [*RECORDS, replace(village, valid_to=date(2020, 1, 1))]),
        (NotFoundError, SYSTEM_VIEWER, [village]),
        (NotFoundError, OF_JIANGKOU, list(RECORDS)),
        (ForbiddenError, READER, list(RECORDS)),
        (DuplicateError, SYSTEM_VIEWER, [*RECORDS, RECORDS[3]]),
    ]
    for error, viewer, records in faults:
        with pytest.raises(error), sqlite_database.write() as session:
            load_divisions(session, viewer, records)
    with sqlite_database.read() as session:
        assert by_code(session) == {}


def test_a_stored_code_is_refused_a_second_time(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        load_divisions(session, SYSTEM_VIEWER, RECORDS)
    with pytest.raises(DuplicateError), sqlite_database.write() as session:
        load_divisions(session, SYSTEM_VIEWER, [RECORDS[3]])
    with sqlite_database.read() as session:
        assert len(by_code(session)) == 7


def test_a_neighbourhood_is_stored_by_code(database: Database) -> None:
    with database.write() as session:
        load_divisions(session, SYSTEM_VIEWER, RECORDS)
        zone = ZoneRecord(
            county_code="520624000000", name="东片区", township_codes=("520624105000",), start_date=date(2024, 1, 1)
        )
        add_zones(session, SYSTEM_VIEWER, [zone])
        assert add_adjacencies(session, SYSTEM_VIEWER, [("520624106000", "520624105000")], is_synthetic=True) == 1
        add_travel_times(
            session,
            SYSTEM_VIEWER,
            [TravelTimeRecord(from_code="520624106000", to_code="520624105000", minutes=25, source="测绘")],
        )
        add_village_conditions(
            session,
            SYSTEM_VIEWER,
            [
                VillageConditionRecord(
                    village_code="520624105201", kind=VillageConditionKind.WEAK_ECONOMY, start_date=date(2022, 1, 1)
                )
            ],
        )
    with database.read() as session:
        rows = by_code(session)
        first, second = rows["520624105000"].id, rows["520624106000"].id
        assert session.exec(select(Zone)).one().county_id == rows["520624000000"].id
        assert session.exec(select(ZoneTownship)).one().township_id == first
        adjacency = session.exec(select(TownshipAdjacency)).one()
        assert (adjacency.township_a_id, adjacency.township_b_id, adjacency.is_synthetic) == (first, second, True)
        travel = session.exec(select(TravelTime)).one()
        assert (travel.from_division_id, travel.to_division_id, travel.minutes) == (first, second, 25)
        assert session.exec(select(VillageCondition)).one().village_id == rows["520624105201"].id


def test_a_neighbourhood_outside_the_territory_or_of_the_wrong_level_is_refused(sqlite_database: Database) -> None:
    zone = ZoneRecord(
        county_code="520624000000", name="东片区", township_codes=("520624105201",), start_date=date(2024, 1, 1)
    )
    condition = VillageConditionRecord(
        village_code="520624105000", kind=VillageConditionKind.KEY, start_date=date(2022, 1, 1)
    )
    travel = TravelTimeRecord(from_code="520624106000", to_code="520624105000", minutes=25, source="测绘")
    back = replace(travel, from_code=travel.to_code, to_code=travel.from_code)
    with sqlite_database.write() as session:
        load_divisions(session, SYSTEM_VIEWER, RECORDS)
    with pytest.raises(InvalidInputError), sqlite_database.write() as session:
        add_zones(session, SYSTEM_VIEWER, [zone])
    with pytest.raises(InvalidInputError), sqlite_database.write() as session:
        add_village_conditions(session, SYSTEM_VIEWER, [condition])
    with pytest.raises(DuplicateError), sqlite_database.write() as session:
        add_travel_times(session, SYSTEM_VIEWER, [travel, back])
    with pytest.raises(NotFoundError), sqlite_database.write() as session:
        add_travel_times(session, OF_JIANGKOU, [travel])
    with pytest.raises(NotFoundError), sqlite_database.write() as session:
        add_adjacencies(session, SYSTEM_VIEWER, [("520624105000", "520624999000")])
    with pytest.raises(ForbiddenError), sqlite_database.write() as session:
        add_adjacencies(session, READER, [("520624105000", "520624106000")])
    with sqlite_database.read() as session:
        for table in (Zone, ZoneTownship, VillageCondition, TravelTime, TownshipAdjacency):
            assert session.exec(select(table)).all() == []
