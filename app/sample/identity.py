"""Identities of invented people: birth, schooling, Party membership, and numbers that are valid but nobody's."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from app.models.vocabulary import Sex
from app.sample.names import Region

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
_LOWEST_SEQUENCE = 800
"""ID numbers take sequence codes from the top of the range, which counties of this size hardly ever give out."""
_PHONE_SEGMENT = "154"
"""A segment that no operator has in public service: nobody is called by mistake."""
_MAJORS = ("农学", "畜牧兽医", "法学", "会计", "行政管理", "计算机应用", "汉语言文学", "工商管理", "园林", "学前教育")


def check_digit(first_17: str) -> str:
    """The last character of an ID number by GB 11643."""
    return _CHECK_DIGITS[sum(w * int(d) for w, d in zip(_WEIGHTS, first_17, strict=True)) % 11]


def month_of(day: date) -> int:
    """A day as a count of months since year 0."""
    return day.year * 12 + day.month - 1


def first_day(month: int) -> date:
    """The first day of a counted month."""
    return date(month // 12, month % 12 + 1, 1)


@dataclass(slots=True)
class NumberRegister:
    """Gives out ID numbers and phone numbers, each only once."""

    random: Random
    _id_numbers: set[str] = field(default_factory=set)
    _phones: set[str] = field(default_factory=set)

    def id_number(self, county_code: str, birth_date: date, sex: Sex) -> str:
        """An 18-digit number with a correct check digit; the sequence code is odd for men."""
        parity = 1 if sex is Sex.MALE else 0
        while True:
            sequence = self.random.randrange(_LOWEST_SEQUENCE + parity, 1000, 2)
            first_17 = f"{county_code[:6]}{birth_date:%Y%m%d}{sequence:03d}"
            number = first_17 + check_digit(first_17)
            if number not in self._id_numbers:
                self._id_numbers.add(number)
                return number

    def phone(self) -> str:
        """An 11-digit mobile number."""
        while True:
            number = f"{_PHONE_SEGMENT}{self.random.randrange(10**8):08d}"
            if number not in self._phones:
                self._phones.add(number)
                return number


def make_birth_date(random: Random, age_years: int, on: date) -> date:
    """A day of birth that gives this age on the day ``on``."""
    youngest = date(on.year - age_years, on.month, 1)
    return youngest - timedelta(days=random.randrange(1, 360))


@dataclass(frozen=True, slots=True, kw_only=True)
class Schooling:
    """Education of one person."""

    education_code: str
    is_full_time: bool
    school: str
    major: str


def make_schooling(
    random: Random, region: Region, county_short: str, age_years: int, *, is_official: bool
) -> Schooling:
    """Education by generation and by whether the person is an official."""
    if is_official:
        shares = {"14": 2, "21": 62, "31": 34, "41": 2}
    elif age_years < 36:
        shares = {"21": 30, "31": 45, "41": 10, "61": 12, "44": 3}
    else:
        shares = {"21": 8, "31": 27, "41": 15, "61": 33, "71": 17}
    code = random.choices(list(shares), list(shares.values()))[0]
    if code in ("14", "21", "31"):
        return Schooling(
            education_code=code,
            is_full_time=age_years < 36 or random.random() < 0.4,
            school=random.choice(region.schools),
            major=random.choice(_MAJORS),
        )
    school = {"41": "农业学校", "44": "职业高级中学", "61": "第一中学", "71": "初级中学"}[code]
    return Schooling(education_code=code, is_full_time=True, school=county_short + school, major="")


def make_party_membership(
    random: Random, birth_date: date, on: date, *, is_member: bool, latest_month: int
) -> tuple[str, date | None]:
    """Political status code and the month of joining the Party, at the latest ``latest_month`` where age allows."""
    of_age = month_of(birth_date) + 18 * 12 + 1
    if is_member:
        latest = min(month_of(on) - 13, latest_month, of_age + 22 * 12)
        return "01", first_day(random.randint(of_age + 6, max(of_age + 7, latest)))
    if random.random() < 0.12:
        return "02", first_day(month_of(on) - random.randint(2, 10))
    if month_of(on) - month_of(birth_date) < 28 * 12:
        return "03", None
    return "13", None
