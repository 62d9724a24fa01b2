"""Places of a sample: the official divisions, and an invented neighbourhood of zones, roads and conditions."""

import csv
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.resources import files
from itertools import combinations
from random import Random

import numpy as np

from app.models.vocabulary import CoordinateSource, DivisionLevel, Terrain, VillageConditionKind
from app.sample.catalog import Sample
from app.services.neighbourhoods import TravelTimeRecord, VillageConditionRecord, ZoneRecord
from app.services.place_names import normalize_division_name
from app.services.places import DivisionRecord

LIST_DATE = date(2023, 6, 30)
"""The list of divisions is that of June 2023; the one before, with the former townships, of June 2020."""
FORMER_LIST_DATE = date(2020, 6, 30)
FORMER_LAST_DAY = date(2023, 6, 29)
ZONES_SINCE = date(2024, 1, 1)

WINDING_AND_SPEED_KMH = {Terrain.PLAIN: (1.3, 40.0), Terrain.HILLS: (1.45, 35.0), Terrain.MOUNTAIN: (1.7, 28.0)}
"""Road length over straight line, and mean speed; assumptions, to be calibrated on known roads."""
EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True, slots=True)
class Place:
    """One present division of the sample."""

    code: str
    level: DivisionLevel
    parent: str
    name: str
    longitude: float | None
    latitude: float | None

    @property
    def county(self) -> str:
        """Code of the county the place lies in."""
        return self.code[:6].ljust(12, "0")

    @property
    def township(self) -> str:
        """Code of the township the place lies in."""
        return self.code[:9].ljust(12, "0")


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (files("app.sample") / "data" / name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


class SamplePlaces:
    """The places of one sample; everything invented depends only on the sample's name and seed."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.all = tuple(
            Place(
                row["code"],
                DivisionLevel(row["level"]),
                row["parent"],
                row["name"],
                float(row["lon"]) if row["lon"] else None,
                float(row["lat"]) if row["lat"] else None,
            )
            for row in _rows(f"divisions_{sample.name}.csv")
        )
        self.by_code = {place.code: place for place in self.all}
        self._children: dict[str, list[Place]] = defaultdict(list)
        for place in self.all:
            self._children[place.parent].append(place)

    @cached_property
    def counties(self) -> tuple[Place, ...]:
        """Counties in code order."""
        return tuple(place for place in self.all if place.level is DivisionLevel.COUNTY)

    def children(self, code: str) -> Sequence[Place]:
        """The divisions directly below ``code``, in code order."""
        return self._children[code]

    def terrain(self, county_code: str) -> Terrain:
        """Terrain of a county."""
        return self.sample.shape.other_terrain.get(county_code, self.sample.shape.terrain)

    def random(self, topic: str) -> Random:
        """A random source of its own for each topic, so that one topic never shifts another."""
        return Random(f"{self.sample.seed}/{self.sample.name}/{topic}")

    def division_records(self) -> list[DivisionRecord]:
        """The code list, former townships included."""
        records = [
            DivisionRecord(
                code=place.code,
                name=place.name,
                level=place.level,
                parent_code=place.parent or None,
                valid_from=LIST_DATE,
                latitude=place.latitude,
                longitude=place.longitude,
                coordinate_source=None if place.latitude is None else CoordinateSource.SYNTHETIC,
                terrain=self.terrain(place.code) if place.level is DivisionLevel.COUNTY else None,
            )
            for place in self.all
        ]
        return records + [
            DivisionRecord(
                code=row["former_code"],
                name=row["former_name"],
                level=DivisionLevel.TOWNSHIP,
                parent_code=row["county"],
                valid_from=FORMER_LIST_DATE,
                valid_to=FORMER_LAST_DAY,
                successor_code=row["successor_code"] or self._township_of_seat(row["county"], row["former_name"]),
            )
            for row in _rows("former_townships.csv")
            if row["county"] in self.by_code
        ]

    def _township_of_seat(self, county: str, former_name: str) -> str | None:
        """The present township of the village that bears a former township's name (米家垣 lies in 张庄镇)."""
        bare = former_name.removesuffix("乡")
        seats = {
            village.township
            for township in self.children(county)
            for village in self.children(township.code)
            if normalize_division_name(village.name) == bare
        }
        return seats.pop() if len(seats) == 1 else None

    def adjacent_townships(self) -> list[tuple[str, str]]:
        """Gabriel neighbours: no third township lies in the circle over the line between two."""
        townships = [place for county in self.counties for place in self.children(county.code)]
        points = np.array([self._plane_km(place) for place in townships])
        squares = ((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
        pairs = []
        for a in range(len(townships)):
            for b in range(a + 1, len(townships)):
                through = squares[a] + squares[b]
                through[[a, b]] = np.inf
                if float(through.min()) >= squares[a, b]:
                    pairs.append((townships[a].code, townships[b].code))
        return pairs

    def _plane_km(self, place: Place) -> tuple[float, float]:
        """Position on a plane that is true to distance near the sample's middle latitude."""
        assert place.longitude is not None
        assert place.latitude is not None
        middle = np.mean([county.latitude for county in self.counties if county.latitude is not None])
        scale = math.radians(1) * EARTH_RADIUS_KM
        return place.longitude * scale * math.cos(math.radians(float(middle))), place.latitude * scale

    @cached_property
    def zones(self) -> tuple[ZoneRecord, ...]:
        """Two to four zones per county around far apart townships; a few outlying townships are in none."""
        found = []
        for county in self.counties:
            townships = list(self.children(county.code))
            n_zones = 2 if len(townships) < 12 else 3 if len(townships) < 20 else 4
            points = {place.code: np.array(self._plane_km(place)) for place in townships}
            seats = [townships[0]]
            while len(seats) < n_zones:
                seats.append(max(townships, key=lambda place: min(_span(points, place, seat) for seat in seats)))
            nearest = {place.code: min(seats, key=lambda seat: _span(points, place, seat)) for place in townships}
            n_outside = max(1, len(townships) // 12)
            outside = sorted(townships, key=lambda place: -_span(points, place, nearest[place.code]))[:n_outside]
            for seat in seats:
                members = [place.code for place in townships if nearest[place.code] is seat and place not in outside]
                name = seat.name.removeprefix(county.name) + "片区"
                found.append(
                    ZoneRecord(
                        county_code=county.code, name=name, township_codes=tuple(members), start_date=ZONES_SINCE
                    )
                )
        return tuple(found)

    def travel_times(self) -> list[TravelTimeRecord]:
        """Minutes between the townships of the counties that have measured their roads; the others have none."""
        random = self.random("travel")
        records = []
        for county_code in self.sample.shape.counties_with_travel_table:
            winding, speed = WINDING_AND_SPEED_KMH[self.terrain(county_code)]
            for a, b in combinations(self.children(county_code), 2):
                road_km = max(0.5, _haversine_km(a, b)) * winding * random.uniform(0.85, 1.25)
                records.append(
                    TravelTimeRecord(
                        from_code=a.code,
                        to_code=b.code,
                        minutes=float(max(3, round(road_km / speed * 60))),
                        distance_km=round(road_km, 1),
                        source="SAMPLE",
                    )
                )
        return records

    def village_conditions(self) -> list[VillageConditionRecord]:
        """Weak organisation in about 8 % of the villages, a weak economy in 12 %; a fifth of them ended."""
        random = self.random("conditions")
        records = []
        shares = ((VillageConditionKind.WEAK_ORGANISATION, 0.08), (VillageConditionKind.WEAK_ECONOMY, 0.12))
        for village in (place for place in self.all if place.level is DivisionLevel.VILLAGE):
            for kind, share in shares:
                if random.random() >= share:
                    continue
                start = date(random.randint(2021, 2024), random.choice((1, 4, 7)), 1)
                ended = random.random() < 0.2
                end = date(start.year, 12, 31) if ended else None
                records.append(
                    VillageConditionRecord(village_code=village.code, kind=kind, start_date=start, end_date=end)
                )
        return records


def _span(points: dict[str, np.ndarray], a: Place, b: Place) -> float:
    return float(np.hypot(*(points[a.code] - points[b.code])))


def _haversine_km(a: Place, b: Place) -> float:
    assert a.latitude is not None
    assert a.longitude is not None
    assert b.latitude is not None
    assert b.longitude is not None
    north = math.radians(b.latitude - a.latitude) / 2
    east = math.radians(b.longitude - a.longitude) / 2
    half = (
        math.sin(north) ** 2
        + math.cos(math.radians(a.latitude)) * math.cos(math.radians(b.latitude)) * math.sin(east) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half))
