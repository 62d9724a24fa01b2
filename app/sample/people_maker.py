"""Makes one person after the other: the shared state of mentees and mentors of a sample."""

from random import Random

from app.models.vocabulary import Sex
from app.sample.allocation import usable_villages
from app.sample.careers import Surroundings
from app.sample.catalog import REFERENCE_DATE
from app.sample.identity import (
    NumberRegister,
    first_day,
    make_birth_date,
    make_party_membership,
    make_schooling,
    month_of,
)
from app.sample.names import REGIONS, make_ethnicity, make_name
from app.sample.places import Place, SamplePlaces
from app.sample.records import SamplePerson, SamplePost

_COUNTY_ENDINGS = (
    "土家族苗族自治县",
    "土家族自治县",
    "苗族自治县",
    "侗族自治县",
    "县",
    "区",
    "旗",
)


def short_county_name(name: str) -> str:
    """沿河 for 沿河土家族自治县, as native places are written; two characters stay at least."""
    for ending in _COUNTY_ENDINGS:
        if name.endswith(ending) and len(name) >= len(ending) + 2:
            return name.removesuffix(ending)
    return name


class PeopleMaker:
    """The people of one sample share one random source and one register of numbers."""

    def __init__(self, places: SamplePlaces) -> None:
        self.places = places
        self.random: Random = places.random("people")
        self.region = REGIONS[places.sample.name]
        self._numbers = NumberRegister(places.random("numbers"))
        self._taken: set[tuple[str, str]] = set()
        self._villages: dict[str, list[Place]] = {}

    def villages(self, township_code: str) -> list[Place]:
        """Villages of a township in which people can live."""
        if township_code not in self._villages:
            self._villages[township_code] = usable_villages(self.places, township_code)
        return self._villages[township_code]

    def surroundings(self, code: str) -> Surroundings:
        """What lies around a village or township."""
        place = self.places.by_code[code]
        township = self.places.by_code[place.township]
        townships = self.places.children(place.county)
        return Surroundings(
            county=self.places.by_code[place.county],
            township=township,
            village=place if place.code != township.code else None,
            other_villages=[village for village in self.villages(township.code) if village.code != code],
            other_townships=[other for other in townships if other.code != township.code],
            trades=self.region.trades,
            taken=self._taken,
        )

    def person(
        self,
        home_code: str,
        *,
        sex: Sex,
        age_years: int,
        posts: tuple[SamplePost, ...],
        is_member: bool,
        is_official: bool = False,
    ) -> SamplePerson:
        """One person with the given career; everything else is drawn."""
        random = self.random
        county = self.places.by_code[home_code[:6].ljust(12, "0")]
        county_short = short_county_name(county.name)
        birth_date = make_birth_date(random, age_years, REFERENCE_DATE)
        ethnicity = make_ethnicity(random, self.region)
        schooling = make_schooling(random, self.region, county_short, age_years, is_official=is_official)
        # Nobody leads a branch of the Party before joining it.
        last_start = month_of(posts[-1].start) if posts else month_of(REFERENCE_DATE)
        status, joined = make_party_membership(
            random, birth_date, REFERENCE_DATE, is_member=is_member, latest_month=last_start
        )
        of_age = month_of(birth_date) + 18 * 12 + 1
        began = min([month_of(post.start) for post in posts] + [of_age + random.randint(2, 40)])
        return SamplePerson(
            home_code=home_code,
            name=make_name(random, self.region, sex, ethnicity),
            sex=sex,
            birth_date=birth_date,
            ethnicity_code=ethnicity,
            native_place=self.region.province_short + county_short,
            political_status_code=status,
            party_join_date=joined,
            education_code=schooling.education_code,
            is_education_full_time=schooling.is_full_time,
            school=schooling.school,
            major=schooling.major,
            work_start_date=first_day(max(of_age, began)),
            id_number=self._numbers.id_number(county.code, birth_date, sex),
            phone=self._numbers.phone(),
            posts=posts,
        )
