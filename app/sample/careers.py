"""Careers: posts with gaps, overlaps, double posts and open ends, made backwards from today."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from app.models.vocabulary import MentorCategory
from app.sample.catalog import REFERENCE_DATE
from app.sample.identity import first_day, month_of
from app.sample.places import Place
from app.sample.records import SamplePost

NOW = month_of(REFERENCE_DATE)
_VILLAGE_JUNIOR = ("文书", "村委委员", "支委", "监委会主任")
_VILLAGE_SENIOR = ("副书记", "副主任", "监委会主任")
_OFFICER = ("科员", "党建办干部", "党政办公室主任", "综治办干部")
_STATION = ("农业服务中心技术员", "林业站站长", "水利站干事", "财政所所长", "文化站站长")
_HELD_BY_ONE = frozenset(
    {
        *("镇长", "乡长", "党委书记", "人大主席", "组织委员", "党政办公室主任"),
        *("林业站站长", "财政所所长", "文化站站长", "监委会主任", "文书", "第一书记"),
    }
)
_BUREAUS = ("农业农村局", "乡村振兴局", "林业局", "水务局", "民政局", "教育局", "财政局", "自然资源局")
_BUREAU_TITLES = ("科员", "股长", "副股长", "副局长")
_AWAY = ("宁波宏达电子公司", "东莞兴隆鞋业公司", "杭州利民建筑公司", "天津滨海物流公司")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The places a career can lead through: the own village if any, the township and its villages, the county.

    ``taken`` are the posts (division, title) that somebody of the sample holds already.
    """

    county: Place
    township: Place
    village: Place | None
    other_villages: Sequence[Place]
    other_townships: Sequence[Place]
    trades: Sequence[str]
    taken: set[tuple[str, str]]

    def take(self, random: Random, division_code: str, titles: Sequence[str]) -> str:
        """A title for a post held now: one that can be held by one person only is given once per division."""
        free = [title for title in titles if (division_code, title) not in self.taken]
        title = random.choice(free or [title for title in titles if title not in _HELD_BY_ONE] or list(titles))
        if title in _HELD_BY_ONE:
            self.taken.add((division_code, title))
        return title


@dataclass(frozen=True, slots=True)
class _Step:
    title: str
    division_code: str | None
    organisation: str | None = None


def _lay_out(random: Random, start: int, end: int | None, steps: Sequence[_Step]) -> tuple[SamplePost, ...]:
    """Spread steps over the months from ``start`` to ``end`` (``None``: still held), with some gaps and overlaps."""
    last = NOW if end is None else end
    length = max(last - start, len(steps) * 6)
    cuts = [start + length * (i + 1) // len(steps) + random.randint(-2, 2) for i in range(len(steps) - 1)]
    starts = [start, *cuts]
    posts = []
    for index, step in enumerate(steps):
        if index == len(steps) - 1:
            until = end
        else:
            until = starts[index + 1]
            chance = random.random()
            if chance < 0.15:
                until -= min(random.randint(1, 8), max(0, until - starts[index] - 3))
            elif chance < 0.30:
                until = min(last, until + random.randint(3, 12))
        posts.append(
            SamplePost(
                start=first_day(starts[index]),
                end=None if until is None else first_day(until),
                title=step.title,
                division_code=step.division_code,
                organisation=step.organisation,
            )
        )
    return tuple(posts)


def bureau(random: Random, county: Place) -> str:
    """A department of the county government."""
    return county.name + random.choice(_BUREAUS)


def _leader_titles(township: Place) -> Sequence[str]:
    if township.name.endswith("镇"):
        return ("镇长", "副镇长", "副镇长", "党委委员", "人大主席", "组织委员")
    if township.name.endswith("乡"):
        return ("乡长", "副乡长", "副乡长", "党委委员", "人大主席", "组织委员")
    if township.name.endswith("苏木"):
        return ("党委书记", "党委委员", "人大主席", "组织委员")
    return ("组织委员", "党委委员")


def _secretary_title(random: Random, village: Place) -> str:
    """Secretary, in villages often with the director's post in one hand (一肩挑)."""
    is_plain_village = "嘎查" not in village.name and "社区" not in village.name and "居委会" not in village.name
    return "党支部书记、村委会主任" if is_plain_village and random.random() < 0.6 else "党支部书记"


def posted_title(random: Random, around: Surroundings) -> str:
    """First secretary for the first official sent to a village, member of the work team for the others."""
    assert around.village is not None
    is_taken = (around.village.code, "第一书记") in around.taken
    return around.take(random, around.village.code, ("驻村工作队员",) if is_taken else ("第一书记",))


def township_career(
    random: Random, category: MentorCategory, around: Surroundings, months: int, end: int | None = None
) -> tuple[SamplePost, ...]:
    """A career of ``months`` at township level, ending in the own township."""
    start = (NOW if end is None else end) - months
    here = around.township
    steps: list[_Step] = []
    if months > 96 and around.other_townships and random.random() < 0.45:
        before = random.choice(around.other_townships)
        steps.append(_Step(random.choice(_OFFICER), before.code))
    if category is MentorCategory.STATION_EXPERT:
        if months > 84:
            steps.append(_Step("农业服务中心技术员", here.code))
        steps.append(_Step(around.take(random, here.code, _STATION), here.code))
    elif category is MentorCategory.TOWNSHIP_LEADER:
        earlier = random.sample(_OFFICER, 2 if months > 150 else 1)
        steps += [_Step(title, here.code) for title in earlier]
        steps.append(_Step(around.take(random, here.code, _leader_titles(here)), here.code))
    else:
        if months > 72 and around.other_villages and random.random() < 0.35:
            steps.append(_Step("驻村工作队员", random.choice(around.other_villages).code))
        title = random.choice(_OFFICER) if end is not None else around.take(random, here.code, _OFFICER)
        steps.append(_Step(title, here.code))
    return _lay_out(random, start, end, steps)


def village_career(
    random: Random, around: Surroundings, months: int, *, is_secretary: bool, end: int | None = None
) -> tuple[SamplePost, ...]:
    """A career of ``months`` in village posts; now and then it began in another village of the township."""
    assert around.village is not None
    here = around.village.code
    steps: list[_Step] = []
    if months > 120 and around.other_villages and random.random() < 0.1:
        steps.append(_Step(random.choice(_VILLAGE_JUNIOR), random.choice(around.other_villages).code))
    if months > 48:
        steps.append(_Step(random.choice(_VILLAGE_JUNIOR), here))
    if months > 110:
        steps.append(_Step(random.choice(_VILLAGE_SENIOR[:2]), here))
    held = {step.title for step in steps}
    senior = [title for title in _VILLAGE_SENIOR if title not in held]
    title = _secretary_title(random, around.village) if is_secretary else around.take(random, here, senior)
    steps.append(_Step(title, here))
    return _lay_out(random, (NOW if end is None else end) - months, end, steps)


def county_career(
    random: Random, around: Surroundings, months: int, unit: str, *, is_first_secretary: bool
) -> tuple[SamplePost, ...]:
    """A county official's career with ``months`` at the grassroots, before the bureau or as first secretary."""
    if is_first_secretary:
        assert around.village is not None
        before = _lay_out(
            random,
            NOW - months - random.randint(30, 120),
            NOW - months,
            [_Step(random.choice(_BUREAU_TITLES[:3]), None, unit)],
        )
        return (
            *before,
            *_lay_out(random, NOW - months, None, [_Step(posted_title(random, around), around.village.code)]),
        )
    in_bureau = random.randint(24, 96)
    below = _lay_out(
        random, NOW - in_bureau - months, NOW - in_bureau, [_Step(random.choice(_OFFICER), around.township.code)]
    )
    return (*below, *_lay_out(random, NOW - in_bureau, None, [_Step(random.choice(_BUREAU_TITLES), None, unit)]))


def trade_career(random: Random, around: Surroundings, months: int) -> tuple[SamplePost, ...]:
    """Years in a trade at home: a big grower or the chair of a cooperative, perhaps after work far away."""
    assert around.village is not None
    trade = random.choice(around.trades)
    here = around.village.code
    steps = [_Step(f"{trade}专业合作社理事长", here)]
    if months > 60:
        steps.insert(0, _Step(f"{trade}种植大户" if "养殖" not in trade else f"{trade}经营户", here))
    return _lay_out(random, NOW - months, None, steps)


def away_career(random: Random, months: int, end: int) -> tuple[SamplePost, ...]:
    """Work for a company far away, before the return home."""
    return _lay_out(random, end - months, end, [_Step("公司员工", None, random.choice(_AWAY))])
