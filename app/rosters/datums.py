"""Coordinates as maps of China show them (GCJ-02) and as they are stored (WGS 84).

The shift of GCJ-02 was never published by its makers; the formula below is the one that PRCoords (CC0), eviltransform
(MIT) and geoChina give alike. It has no closed inverse: the inverse is found by iterating on the difference.
"""

from math import cos, pi, sin, sqrt

_SEMI_MAJOR_M = 6_378_245.0
"""Semi-major axis of the Krasovsky 1940 ellipsoid, in metres."""
_ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943
_ENOUGH_DEGREES = 1e-9
"""A tenth of a millimetre on the ground."""
_MOST_STEPS = 20
LONGITUDES, LATITUDES = (72.004, 137.8347), (0.8293, 55.8271)
"""The rectangle in which the shift applies, in degrees."""


def is_in_china(longitude: float, latitude: float) -> bool:
    """Whether the point lies in the rectangle around China."""
    return LONGITUDES[0] <= longitude <= LONGITUDES[1] and LATITUDES[0] <= latitude <= LATITUDES[1]


def gcj02_from_wgs84(longitude: float, latitude: float) -> tuple[float, float]:
    """Where a map in GCJ-02 shows the point, in degrees."""
    x, y = longitude - 105.0, latitude - 35.0
    waves = 20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north_m += (waves + 20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north_m += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y / 30.0 * pi)) * 2.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east_m += (waves + 20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east_m += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    angle = latitude * pi / 180.0
    squeeze = 1.0 - _ECCENTRICITY_SQUARED * sin(angle) ** 2
    metres_north = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY_SQUARED) / (squeeze * sqrt(squeeze)) * pi / 180.0
    metres_east = _SEMI_MAJOR_M / sqrt(squeeze) * cos(angle) * pi / 180.0
    return longitude + east_m / metres_east, latitude + north_m / metres_north


def wgs84_from_gcj02(longitude: float, latitude: float) -> tuple[float, float]:
    """The point that a map in GCJ-02 shows there, in degrees; raises ``ArithmeticError`` where none is found.

    >>> [round(value, 5) for value in wgs84_from_gcj02(116.42703, 39.90245)]
    [116.4208, 39.90105]
    """
    guess = (longitude, latitude)
    for _ in range(_MOST_STEPS):
        shown = gcj02_from_wgs84(*guess)
        off = (shown[0] - longitude, shown[1] - latitude)
        guess = (guess[0] - off[0], guess[1] - off[1])
        if max(abs(off[0]), abs(off[1])) < _ENOUGH_DEGREES:
            return guess
    raise ArithmeticError(f"No WGS 84 point within {_MOST_STEPS} steps.")
