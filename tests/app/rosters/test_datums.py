"""GCJ-02 against the points that open implementations are tested with, and against itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rosters.datums import gcj02_from_wgs84, is_in_china, wgs84_from_gcj02

POINTS = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
]
"""Test points of eviltransform (MIT): WGS 84 and GCJ-02, longitude first."""


@pytest.mark.parametrize(("wgs84", "gcj02"), POINTS)
def test_known_points_are_shifted_as_published(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    assert gcj02_from_wgs84(*wgs84) == pytest.approx(gcj02, abs=1e-12)
    assert wgs84_from_gcj02(*gcj02) == pytest.approx(wgs84, abs=1e-9)


@given(st.floats(73.5, 135.0), st.floats(18.0, 53.5))
def test_the_inverse_leads_back_to_the_map(longitude: float, latitude: float) -> None:
    """Seen on the map, the point found lies within a millimetre (1e-8 degrees) of the one asked for."""
    assert gcj02_from_wgs84(*wgs84_from_gcj02(longitude, latitude)) == pytest.approx((longitude, latitude), abs=1e-8)


def test_latitude_and_longitude_given_the_wrong_way_round_are_not_in_china() -> None:
    assert is_in_china(108.25, 27.94)
    assert not is_in_china(27.94, 108.25)
