"""How many mentees and mentors each township of a sample gets, and in which villages the mentees serve."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from app.sample.places import Place, SamplePlaces
from app.services.place_names import normalize_division_name

COUNTY_LEVEL_SHARE = 0.025
"""Share of a county's mentors who sit in the county's own pool, not in a township's."""
_SHORT_LEVEL = 0.7
"""A short township has this many mentors per mentee, where one for each mentee must come from the township."""
_TIGHT_SHARE = 0.15
"""Share of the other townships that have hardly more mentors than mentees."""
_LEAST_WEIGHT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Villages of the mentees, in order, and the number of mentors by pool (township or county code)."""

    mentee_villages: tuple[str, ...]
    mentors_by_pool: Mapping[str, int]
    short_townships: frozenset[str]


def share_out(total: int, weights: Mapping[str, float]) -> dict[str, int]:
    """Whole numbers in proportion to the weights that add up to ``total`` (largest remainders)."""
    whole = sum(weights.values())
    exact = {key: total * weight / whole for key, weight in weights.items()}
    shares = {key: int(value) for key, value in exact.items()}
    rest = sorted(exact, key=lambda key: (shares[key] - exact[key], key))
    for key in rest[: total - sum(shares.values())]:
        shares[key] += 1
    return shares


def usable_villages(places: SamplePlaces, township_code: str) -> list[Place]:
    """Villages with inhabitants whose name is clear within the township."""
    villages = [v for v in places.children(township_code) if "虚拟" not in v.name and "直属" not in v.name]
    names = Counter(normalize_division_name(v.name) for v in places.children(township_code))
    return [village for village in villages if names[normalize_division_name(village.name)] == 1]


def allocate(places: SamplePlaces) -> Allocation:
    """Distribute the people of a sample over its counties, townships and villages."""
    shape = places.sample.shape
    random = places.random("allocation")
    villages = {
        county.code: [v for town in places.children(county.code) for v in usable_villages(places, town.code)]
        for county in places.counties
    }
    n_villages = shape.n_villages or shape.n_mentees
    by_county = share_out(n_villages, {code: len(found) for code, found in villages.items()})
    chosen = []
    for code, found in villages.items():
        chosen += _choose_villages(random, found, by_county[code])
    served = chosen + random.sample(chosen, shape.n_mentees - n_villages)
    served.sort()
    demand = Counter(code[:9].ljust(12, "0") for code in served)
    short = _short_townships(random, places, demand)
    mentors: dict[str, int] = {}
    demand_by_county = Counter(code[:6].ljust(12, "0") for code in served)
    for county_code, n_mentors in share_out(shape.n_mentors, demand_by_county).items():
        mentors |= _mentors_of_county(random, places, county_code, n_mentors, demand, short)
    return Allocation(mentee_villages=tuple(served), mentors_by_pool=mentors, short_townships=short)


def _choose_villages(random: Random, villages: Sequence[Place], number: int) -> list[str]:
    """Distinct villages; urban communities only as far as the others do not suffice."""
    shuffled = random.sample(list(villages), len(villages))
    shuffled.sort(key=lambda village: "社区" in village.name or "居委会" in village.name)
    return [village.code for village in shuffled[:number]]


def _short_townships(random: Random, places: SamplePlaces, demand: Mapping[str, int]) -> frozenset[str]:
    """Townships that will lack mentors: only such as share a zone with another one, so that help is near."""
    zoned = {code for zone in places.zones if len(zone.township_codes) > 1 for code in zone.township_codes}
    eligible = sorted(code for code, number in demand.items() if number >= 4 and code in zoned)
    return frozenset(random.sample(eligible, min(places.sample.shape.n_short_townships, len(eligible))))


def _mentors_of_county(
    random: Random,
    places: SamplePlaces,
    county_code: str,
    n_mentors: int,
    demand: Mapping[str, int],
    short: frozenset[str],
) -> dict[str, int]:
    n_county_level = round(COUNTY_LEVEL_SHARE * n_mentors) if places.sample.name != "fushan" else 0
    townships = [t.code for t in places.children(county_code) if usable_villages(places, t.code)]
    # A township without mentees keeps a small pool as well.
    weights = {code: max(demand[code], _LEAST_WEIGHT) for code in townships}
    shares = share_out(n_mentors - n_county_level, weights)
    tight = {code for code in townships if code not in short and random.random() < _TIGHT_SHARE}
    wanted = {}
    for code in townships:
        wanted[code] = shares[code]
        if code in short:
            wanted[code] = max(1, int(_SHORT_LEVEL * demand[code]))
        elif code in tight:
            wanted[code] = min(shares[code], demand[code] + 1)
    # What short and tight townships lack is with their neighbours: a county as a whole has enough.
    receivers = [code for code in townships if code not in short and code not in tight] or townships
    freed = sum(shares.values()) - sum(wanted.values())
    for code, number in share_out(freed, {code: weights[code] for code in receivers}).items():
        wanted[code] += number
    if n_county_level:
        wanted[county_code] = n_county_level
    return wanted
