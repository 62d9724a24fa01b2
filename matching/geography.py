"""Administrative closeness and travel minutes of every (mentee, mentor) pair (domain 4.5, Geography).

A mentor works from anchors and from every linked village. Per pair the best one counts: by relation class, or by
score when the policy uses travel minutes. Minutes come from the table (exact pair of divisions first, then township
level), else from coordinates (estimated 估算), else 15 minutes within one township, else from the class alone.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.facts import Geography, Mentee, Mentor, Place
from matching.policy import Policy
from matching.vocabulary import Relation, Terrain, TravelSource

RELATIONS = tuple(Relation)
SOURCES = tuple(TravelSource)
CLASS_SCORE = np.array([1.0, 1.0, 0.9, 0.6, 0.6, 0.25, 0.0])
"""Score per relation class, in the order of ``Relation`` (domain 4.5); OUTSIDE is not allowed."""

SAME_TOWNSHIP_MINUTES = 15.0
LEAST_KM = 0.5
EARTH_RADIUS_KM = 6371.0088
WINDING_AND_SPEED = {Terrain.PLAIN: (1.3, 40.0), Terrain.HILLS: (1.45, 35.0), Terrain.MOUNTAIN: (1.7, 28.0)}
"""Winding factor and km/h per terrain (domain 4.5, assumption to be calibrated)."""

_LINKED, _SAME_VILLAGE, _SAME_TOWNSHIP, _ADJACENT, _ZONE, _COUNTY, _OUTSIDE = range(7)
_TABLE, _COORDINATES, _TOWNSHIP_DEFAULT, _CLASS = range(4)

F8 = npt.NDArray[np.float64]
U1 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairGeography:
    """Closeness of all pairs of one component, every array of shape (mentees, mentors).

    Attributes
    ----------
    relation
        Index into ``Relation`` of the best class over all anchors.
    anchor
        Position of the anchor that counts in ``anchors_of(mentor)``; -1 for a mentor without any place.
    minutes
        Travel minutes from that anchor, NaN when unknown.
    source
        Index into ``TravelSource`` of where the minutes came from.
    score
        Geography score in [0, 1].
    shares_zone
        Whether any anchor lies in the mentee's township or in a zone that it belongs to.
    """

    relation: U1
    anchor: npt.NDArray[np.int16]
    minutes: F8
    source: U1
    score: F8
    shares_zone: npt.NDArray[np.bool_]


def anchors_of(mentor: Mentor) -> tuple[str, ...]:
    """Return every place a mentor works from: the anchors in their order, then other linked villages by code."""
    return (*mentor.anchors, *sorted(mentor.linked_villages.difference(mentor.anchors)))


def anchor_of(mentor: Mentor, position: int) -> str:
    """Return ``anchors_of(mentor)[position]``, without sorting links that come later."""
    return mentor.anchors[position] if position < len(mentor.anchors) else anchors_of(mentor)[position]


def minutes_score(minutes: F8) -> F8:
    """Return the score of travel minutes: 1.0 up to 15, linear to 0.2 at 60, 0.1 beyond (domain 4.5)."""
    score: F8 = np.where(minutes <= 15.0, 1.0, np.where(minutes <= 60.0, 1.0 - 0.8 * (minutes - 15.0) / 45.0, 0.1))
    return score


def estimated_minutes(latitude: float, longitude: float, to_latitude: F8, to_longitude: F8, terrain: Terrain) -> F8:
    """Return minutes between coordinates in degrees: max(0.5 km, haversine) × winding ÷ speed (domain 4.5)."""
    phi, phi_to = np.radians(latitude), np.radians(to_latitude)
    half = np.sin((phi_to - phi) / 2) ** 2
    half = half + np.cos(phi) * np.cos(phi_to) * np.sin(np.radians(to_longitude - longitude) / 2) ** 2
    km = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    winding, speed = WINDING_AND_SPEED[terrain]
    minutes: F8 = np.maximum(LEAST_KM, km) * winding / speed * 60.0
    return minutes


def shares_zone(geography: Geography, township: str, other: str) -> bool:
    """Whether two townships are the same or belong to one zone."""
    if township == other:
        return True
    nothing: frozenset[str] = frozenset()
    zones = geography.zones_by_township
    return not zones.get(township, nothing).isdisjoint(zones.get(other, nothing))


def place_relation(village: Place, place: Place, geography: Geography) -> int:
    """Return the index of the relation class of one place to the service village, links aside."""
    if place.county != village.county:
        return _OUTSIDE
    if place.code == village.code:
        return _SAME_VILLAGE
    if place.township == village.township:
        return _SAME_TOWNSHIP
    a, b = sorted((place.township, village.township))
    if (a, b) in geography.adjacent_townships:
        return _ADJACENT
    return _ZONE if shares_zone(geography, village.township, place.township) else _COUNTY


def pair_geography(
    mentees: Sequence[Mentee], mentors: Sequence[Mentor], geography: Geography, policy: Policy
) -> PairGeography:
    """Compute the closeness of all pairs of one component."""
    villages = sorted({mentee.village for mentee in mentees})
    row = {code: index for index, code in enumerate(villages)}
    rows = np.array([row[mentee.village] for mentee in mentees], dtype=np.int64)
    anchors = [anchors_of(mentor) for mentor in mentors]
    codes = sorted({code for own in anchors for code in own})
    here = [geography.places[code] for code in villages]
    there = [geography.places[code] for code in codes]
    # Mentors without any place work from nowhere in their county: one nameless place per such county.
    nowhere = sorted({mentor.county for mentor, own in zip(mentors, anchors, strict=True) if not own})
    there += [Place(code=f"nowhere {county}", township="", county=county) for county in nowhere]
    column = {place.code: index for index, place in enumerate(there)}

    relation, zone = _place_classes(here, there, geography)
    minutes, source = _place_minutes(here, there, relation, geography)
    use_minutes = policy.geography.use_travel_minutes
    timed = (source != _CLASS) & use_minutes
    score = np.where(timed, minutes_score(np.nan_to_num(minutes)), CLASS_SCORE[relation])

    n_anchors = np.array([max(1, len(own)) for own in anchors], dtype=np.int64)
    starts = np.cumsum(n_anchors) - n_anchors
    entries = np.array(
        [
            column[code]
            for mentor, own in zip(mentors, anchors, strict=True)
            for code in (own or (f"nowhere {mentor.county}",))
        ],
        dtype=np.int64,
    )
    position = np.arange(len(entries)) - np.repeat(starts, n_anchors)
    best = _best_entries(relation, score, minutes, entries, position, starts, use_minutes=use_minutes)
    if not len(mentors):
        return _expand(rows, best, relation, minutes, source, score, zone, has_place=np.zeros(0, dtype=bool))
    place = np.take_along_axis(np.broadcast_to(entries, (len(here), len(entries))), starts + best, axis=1)
    best_relation = np.minimum.reduceat(relation[:, entries], starts, axis=1)
    linked = np.array([[v in mentor.linked_villages for mentor in mentors] for v in villages], dtype=bool)
    best_relation = np.where(linked, _LINKED, best_relation).astype(np.uint8)
    best_score = np.take_along_axis(score, place, axis=1)
    if not use_minutes:
        best_score = CLASS_SCORE[best_relation]
    return _expand(
        rows,
        best,
        best_relation,
        np.take_along_axis(minutes, place, axis=1),
        np.take_along_axis(source, place, axis=1),
        best_score,
        np.logical_or.reduceat(zone[:, entries], starts, axis=1),
        has_place=np.array([bool(own) for own in anchors], dtype=bool),
    )


def _place_classes(
    here: Sequence[Place], there: Sequence[Place], geography: Geography
) -> tuple[U1, npt.NDArray[np.bool_]]:
    """Return relation class and shared zone, shape (villages, places): decided per pair of townships, but for
    places that are the service village itself."""
    rows, homes = _townships(here, "of a village")
    columns, others = _townships(there, "of a place")
    shape = (len(homes), len(others))
    classes = [[place_relation(home, other, geography) for other in others] for home in homes]
    zones = [[shares_zone(geography, home.township, other.township) for other in others] for home in homes]
    relation = np.array(classes, dtype=np.uint8).reshape(shape)[np.ix_(rows, columns)]
    column = {place.code: index for index, place in enumerate(there)}
    for index, village in enumerate(here):
        if village.code in column:
            relation[index, column[village.code]] = place_relation(village, there[column[village.code]], geography)
    return relation, np.array(zones, dtype=bool).reshape(shape)[np.ix_(rows, columns)]


def _townships(places: Sequence[Place], code: str) -> tuple[list[int], list[Place]]:
    """Return the number of each place's township, and a place of each township with the given code."""
    number: dict[tuple[str, str], int] = {}
    rows = [number.setdefault((place.county, place.township), len(number)) for place in places]
    return rows, [Place(code=code, township=township, county=county) for county, township in number]


def _best_entries(
    relation: U1,
    score: F8,
    minutes: F8,
    entries: npt.NDArray[np.int64],
    position: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    *,
    use_minutes: bool,
) -> npt.NDArray[np.int64]:
    """Return, per village and mentor, the position of the best anchor; ties go to the one named first."""
    if not len(entries):
        return np.zeros((relation.shape[0], 0), dtype=np.int64)
    hundredths = np.rint(np.nan_to_num(minutes, nan=1e5) * 100).clip(0, 2**26 - 1).astype(np.int64)
    lost = np.rint((1.0 - score) * 1e6).astype(np.int64) if use_minutes else relation.astype(np.int64)
    key = ((lost << 26) | hundredths)[:, entries] << 12 | position
    best: npt.NDArray[np.int64] = np.minimum.reduceat(key, starts, axis=1) & (2**12 - 1)
    return best


def _expand(
    rows: npt.NDArray[np.int64],
    best: npt.NDArray[np.int64],
    relation: U1,
    minutes: F8,
    source: U1,
    score: F8,
    zone: npt.NDArray[np.bool_],
    *,
    has_place: npt.NDArray[np.bool_],
) -> PairGeography:
    n_mentors = len(has_place)
    anchor = np.where(has_place, best, -1).astype(np.int16)
    return PairGeography(
        relation=relation[rows, :n_mentors],
        anchor=anchor[rows],
        minutes=minutes[rows, :n_mentors],
        source=source[rows, :n_mentors],
        score=score[rows, :n_mentors],
        shares_zone=zone[rows, :n_mentors],
    )


def _place_minutes(here: Sequence[Place], there: Sequence[Place], relation: U1, geography: Geography) -> tuple[F8, U1]:
    """Return minutes and their source, shape (villages, places)."""
    source = np.where(np.isin(relation, (_SAME_VILLAGE, _SAME_TOWNSHIP)), _TOWNSHIP_DEFAULT, _CLASS).astype(np.uint8)
    minutes = np.where(source == _TOWNSHIP_DEFAULT, SAME_TOWNSHIP_MINUTES, np.nan)
    latitude = np.array([np.nan if p.latitude is None else p.latitude for p in there])
    longitude = np.array([np.nan if p.longitude is None else p.longitude for p in there])
    for index, village in enumerate(here):
        if village.latitude is None or village.longitude is None:
            continue
        terrain = geography.terrain_by_county.get(village.county, Terrain.HILLS)
        estimate = estimated_minutes(village.latitude, village.longitude, latitude, longitude, terrain)
        known = ~np.isnan(estimate)
        minutes[index, known] = estimate[known]
        source[index, known] = _COORDINATES
    table = geography.travel_minutes
    for index, other in _timed_pairs(here, there, table):
        entry = _table_entry(table, here[index], there[other])
        if entry is not None:
            minutes[index, other] = entry
            source[index, other] = _TABLE
    return minutes, source


def _timed_pairs(
    here: Sequence[Place], there: Sequence[Place], table: Mapping[tuple[str, str], float]
) -> Iterable[tuple[int, int]]:
    """Return the pairs of positions that the table may speak of: those its entries name, or all where it is longer."""
    if len(table) > len(here) * len(there):
        return itertools.product(range(len(here)), range(len(there)))
    rows, columns = _positions(here), _positions(there)
    return {
        (index, other)
        for ends in table
        for a, b in (ends, ends[::-1])
        if a in rows and b in columns
        for index in rows[a]
        for other in columns[b]
    }


def _positions(places: Sequence[Place]) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index, place in enumerate(places):
        for code in {place.code, place.township}:
            found.setdefault(code, []).append(index)
    return found


def _table_entry(table: Mapping[tuple[str, str], float], village: Place, place: Place) -> float | None:
    """Return the table's minutes: the exact divisions first, then with townships in their place."""
    for a, b in (
        (village.code, place.code),
        (village.code, place.township),
        (village.township, place.code),
        (village.township, place.township),
    ):
        entry = table.get((a, b) if a < b else (b, a))
        if entry is not None:
            return float(entry)
    return None
