"""A sample's divisions and neighbourhood load into both databases, once, and look like the real thing."""

from collections import Counter

import pytest
from sqlmodel import col, func, select

from app.access import SYSTEM_VIEWER
from app.db import Database
from app.errors import SampleExistsError
from app.models import (
    Division,
    DivisionAlias,
    DivisionPredecessor,
    TownshipAdjacency,
    TravelTime,
    VillageCondition,
    ZoneTownship,
)
from app.models.vocabulary import CoordinateSource, DivisionKind, DivisionLevel
from app.sample.catalog import SAMPLES, Sample
from app.sample.load import county_codes, load_places
from app.sample.places import SamplePlaces
from app.sample.wording import village_label
from app.services.place_names import normalize_division_name


@pytest.mark.parametrize(("name", "n_counties"), [("tongren", 10), ("fushan", 1), ("chifeng", 12)])
def test_county_codes_are_in_official_order(name: str, n_counties: int) -> None:
    codes = county_codes(Sample(name))
    assert len(codes) == n_counties
    assert list(codes) == sorted(codes)


def test_fushan_loads_with_predecessors_and_old_names(database: Database) -> None:
    with database.write() as session:
        assert load_places(session, SYSTEM_VIEWER, Sample("fushan")) == 137
    with database.read() as session:
        divisions = {row.id: row for row in session.exec(select(Division))}
        levels = Counter(row.level for row in divisions.values() if row.valid_to is None)
        assert levels[DivisionLevel.TOWNSHIP] == 7
        assert levels[DivisionLevel.VILLAGE] == 127
        went_into = {
            divisions[link.predecessor_id].name: divisions[link.division_id].name
            for link in session.exec(select(DivisionPredecessor))
        }
        assert went_into == {"张庄乡": "张庄镇", "北王乡": "北王镇", "米家垣乡": "张庄镇", "北韩乡": "北王镇"}
        old = session.exec(select(DivisionAlias).where(col(DivisionAlias.normalized_alias) == "米家垣乡")).all()
        assert {divisions[alias.division_id].name for alias in old} == {"米家垣乡", "张庄镇"}


def test_tongren_loads_with_its_neighbourhood(database: Database) -> None:
    with database.write() as session:
        assert load_places(session, SYSTEM_VIEWER, Sample("tongren")) == 3140
    with database.read() as session:
        levels = dict(session.exec(select(Division.level, func.count()).group_by(col(Division.level))).all())
        assert levels[DivisionLevel.COUNTY] == 10
        assert levels[DivisionLevel.TOWNSHIP] == 181
        assert levels[DivisionLevel.VILLAGE] == 2947
        lowest = session.exec(
            select(Division).where(col(Division.level).in_([DivisionLevel.TOWNSHIP, DivisionLevel.VILLAGE]))
        ).all()
        assert {row.coordinate_source for row in lowest} == {CoordinateSource.SYNTHETIC}
        assert all(row.county_id is not None for row in lowest)
        assert {row.is_synthetic for row in session.exec(select(TownshipAdjacency))} == {True}
        assert len(session.exec(select(TravelTime)).all()) == 45 + 378 + 378
        n_zoned = len(session.exec(select(ZoneTownship)).all())
        assert 150 < n_zoned < 181
        conditions = session.exec(select(VillageCondition)).all()
        assert 0.15 < len(conditions) / 2947 < 0.25
        assert {row.end_date is None for row in conditions} == {True, False}


def test_a_second_load_is_refused_and_changes_nothing(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        load_places(session, SYSTEM_VIEWER, Sample("fushan"))
        before = session.exec(select(func.count()).select_from(Division)).one()
    with pytest.raises(SampleExistsError), sqlite_database.write() as session:
        load_places(session, SYSTEM_VIEWER, Sample("fushan", seed=1))
    with sqlite_database.read() as session:
        assert session.exec(select(func.count()).select_from(Division)).one() == before


def test_chifeng_knows_sumu_gacha_and_communities(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        load_places(session, SYSTEM_VIEWER, Sample("chifeng"))
    with sqlite_database.read() as session:
        present = session.exec(select(Division).where(col(Division.valid_to).is_(None))).all()
        labels = Counter((row.kind, row.local_label) for row in present)
        assert labels[DivisionKind.SUMU, "苏木"] == 19
        assert labels[DivisionKind.GACHA, "嘎查"] == 317
        assert labels[DivisionKind.COUNTY, "旗"] == 7


@pytest.mark.parametrize("name", SAMPLES)
def test_every_township_has_a_neighbour_and_zones_do_not_overlap(name: str) -> None:
    places = SamplePlaces(Sample(name))
    townships = {town.code for county in places.counties for town in places.children(county.code)}
    pairs = places.adjacent_townships()
    assert {code for pair in pairs for code in pair} == townships
    assert all(a < b for a, b in pairs)
    # The mean number of neighbours in a Gabriel graph of scattered points is just under four.
    assert 2.5 < 2 * len(pairs) / len(townships) < 4.5
    zoned = [code for zone in places.zones for code in zone.township_codes]
    assert len(zoned) == len(set(zoned)) < len(townships)
    assert all(2 <= n <= 4 for n in Counter(zone.county_code for zone in places.zones).values())
    assert all(code.startswith(zone.county_code[:6]) for zone in places.zones for code in zone.township_codes)


@pytest.mark.parametrize("name", SAMPLES)
def test_everyday_names_of_villages_find_the_official_ones(name: str) -> None:
    villages = [place for place in SamplePlaces(Sample(name)).all if place.level is DivisionLevel.VILLAGE]
    for village in villages:
        assert normalize_division_name(village_label(village.name)) == normalize_division_name(village.name)


def test_an_unknown_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="tongren, fushan, chifeng"):
        Sample("atlantis")
