"""How a county writes things down: words for codes, forms of dates, names of villages, lines of a career."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from random import Random

from app.codes import ETHNICITY_BY_CODE
from app.models.vocabulary import (
    AppraisalGrade,
    CandidateSource,
    ExclusionReason,
    KinshipRelation,
    MentorCategory,
    ReviewLevel,
    Sex,
    Specialty,
    TargetPost,
)
from app.sample.places import Place, SamplePlaces
from app.sample.records import SamplePerson, SamplePost

DATE_FORMS: tuple[Callable[[date], str], ...] = (
    lambda day: f"{day.year}.{day.month:02d}",
    lambda day: f"{day.year}年{day.month}月",
    lambda day: f"{day.year}-{day.month:02d}",
    lambda day: f"{day.year}{day.month:02d}",
)
"""The forms in which counties write months."""

SEXES = {Sex.MALE: "男", Sex.FEMALE: "女"}
SPECIALTIES = {
    Specialty.PARTY_BUILDING: "党建",
    Specialty.INDUSTRY: "产业发展",
    Specialty.GOVERNANCE: "乡村治理",
    Specialty.MEDIATION: "矛盾调解",
    Specialty.COLLECTIVE_FINANCE: "集体经济",
    Specialty.PROJECTS: "项目建设",
    Specialty.ECOLOGY: "生态环保",
    Specialty.ETHNIC_UNITY: "民族团结",
    Specialty.DIGITAL: "数字技能",
    Specialty.POLICY: "政策法规",
}
SOURCES = {
    CandidateSource.SURVEYED_LOCAL: "摸排储备",
    CandidateSource.ADJUSTED: "从严管理调整",
    CandidateSource.TOWNSHIP_HIRED: "乡招村用",
    CandidateSource.RETURNED_TALENT: "引凤还巢",
    CandidateSource.UNIT_ASSIGNED: "机关单位选派",
}
TARGETS = {
    TargetPost.SECRETARY: "村党组织书记",
    TargetPost.DIRECTOR: "村委会主任",
    TargetPost.COMMITTEE_MEMBER: "两委委员",
}
REVIEWS = {
    ReviewLevel.NONE: "",
    ReviewLevel.TOWNSHIP_SELECTED: "乡镇推选",
    ReviewLevel.COUNTY_VETTED: "县级把关",
    ReviewLevel.PREFECTURE_REVIEWED: "市级复审",
}
CATEGORIES = {
    MentorCategory.TOWNSHIP_LEADER: "乡镇领导",
    MentorCategory.TOWNSHIP_OFFICER: "乡镇干部",
    MentorCategory.STATION_EXPERT: "站所骨干",
    MentorCategory.VILLAGE_SECRETARY: "村党组织书记",
    MentorCategory.VILLAGE_COMMITTEE: "村两委干部",
    MentorCategory.INDUSTRY_LEADER: "致富带头人",
    MentorCategory.RETIRED_CADRE: "离退休干部",
    MentorCategory.COUNTY_OFFICER: "县直干部",
    MentorCategory.FIRST_SECRETARY: "第一书记",
    MentorCategory.SCIENCE_ENVOY: "科技特派员",
}
ONE_TO_ONE_CATEGORIES = CATEGORIES | {
    MentorCategory.TOWNSHIP_OFFICER: "乡镇业务骨干",
    MentorCategory.INDUSTRY_LEADER: "产业发展带头人",
}
"""The words of the one-to-one programme."""
OFFICIAL_GRADES = {
    AppraisalGrade.EXCELLENT: "优秀",
    AppraisalGrade.COMPETENT: "称职",
    AppraisalGrade.BASIC: "基本称职",
    AppraisalGrade.INCOMPETENT: "不称职",
    AppraisalGrade.NOT_GRADED: "未定等次",
}
VILLAGE_GRADES = OFFICIAL_GRADES | {
    AppraisalGrade.COMPETENT: "合格",
    AppraisalGrade.BASIC: "基本合格",
    AppraisalGrade.INCOMPETENT: "不合格",
}
RELATIONS = {
    KinshipRelation.SPOUSE: "夫妻",
    KinshipRelation.LINEAL: "直系血亲",
    KinshipRelation.COLLATERAL: "三代以内旁系血亲",
    KinshipRelation.CLOSE_IN_LAW: "近姻亲",
}
EXCLUSION_REASONS = {
    ExclusionReason.COMPLAINT: "投诉",
    ExclusionReason.CONFLICT: "利益冲突",
    ExclusionReason.SAME_OFFICE: "同一科室",
    ExclusionReason.OTHER: "其他",
}
RANKS = {1: "第一", 2: "第二", 3: "第三", 0: "否决"}
_EDUCATION = {
    "14": ("硕士研究生", "硕士研究生"),
    "21": ("大学", "本科"),
    "31": ("大专", "专科"),
    "41": ("中专", "中专"),
    "44": ("职高", "职高"),
    "61": ("高中", "高中"),
    "71": ("初中", "初中"),
}
_POLITICAL = {
    "01": ("中共党员", "党员"),
    "02": ("中共预备党员", "预备党员"),
    "03": ("共青团员", "团员"),
    "13": ("群众", "群众"),
}
_COMMITTEES = ("村民委员会", "社区居民委员会", "居民委员会", "村委会", "居委会")


def village_label(name: str) -> str:
    """A village's everyday name: 桂花村 for 桂花村民委员会, 东街社区 for 东街社区居民委员会."""
    if "嘎查" in name:
        return name[: name.index("嘎查")] + "嘎查"
    ending = "社区" if "社区" in name or name.endswith(("居民委员会", "居委会")) else "村"
    for committee in _COMMITTEES:
        if name.endswith(committee):
            name = name.removesuffix(committee)
            break
    return name if name.endswith(ending) else name.removesuffix("社区") + ending


@dataclass(frozen=True, slots=True, kw_only=True)
class CountyStyle:
    """The habits of one county's organisation department."""

    date_form: Callable[[date], str]
    has_sheet_per_township: bool
    merges_places: bool
    pads_names: bool
    separates_posts_by_newline: bool
    repeats_own_township: bool
    word_choice: int

    @classmethod
    def of_county(cls, random: Random, index: int) -> "CountyStyle":
        """Habits that differ from county to county; neighbours in the list never agree in all."""
        return cls(
            date_form=DATE_FORMS[index % len(DATE_FORMS)],
            has_sheet_per_township=index % 3 == 1,
            merges_places=index % 2 == 0,
            pads_names=index % 2 == 1 or random.random() < 0.3,
            separates_posts_by_newline=random.random() < 0.6,
            repeats_own_township=random.random() < 0.7,
            word_choice=random.randrange(2),
        )


class Wording:
    """Writes values of one county in its style."""

    def __init__(self, places: SamplePlaces, style: CountyStyle) -> None:
        self.places = places
        self.style = style

    def name(self, name: str) -> str:
        """A person's name; two characters are padded to the width of three in some counties."""
        return f"{name[0]}  {name[1]}" if self.style.pads_names and len(name) == 2 else name

    def month(self, day: date | None) -> str | None:
        """A month in the county's form."""
        return None if day is None else self.style.date_form(day)

    def ethnicity(self, code: str) -> str:
        """Name of an ethnicity."""
        return ETHNICITY_BY_CODE[code]

    def education(self, person: SamplePerson) -> str:
        """Level of education, in-service study marked."""
        return ("" if person.is_education_full_time else "在职") + _EDUCATION[person.education_code][
            self.style.word_choice
        ]

    def political_status(self, person: SamplePerson) -> str:
        """Political status."""
        return _POLITICAL[person.political_status_code][self.style.word_choice]

    def township(self, code: str) -> str:
        """Name of the township a code lies in; 县直 for a county."""
        place = self.places.by_code[code]
        return "县直" if place.county == code else self.places.by_code[place.township].name

    def village(self, code: str, *, own_township: str | None = None) -> str:
        """Everyday name of a village, with its township in front unless that is ``own_township``."""
        place = self.places.by_code[code]
        prefix = "" if place.township == own_township else self.places.by_code[place.township].name
        return prefix + village_label(place.name)

    def _where(self, post: SamplePost, home: Place) -> str:
        if post.division_code is None:
            return post.organisation or ""
        place = self.places.by_code[post.division_code]
        if place.code == place.township:
            return place.name
        is_own = place.township == home.township and not self.style.repeats_own_township
        return self.village(place.code, own_township=home.township if is_own else None)

    def career(self, person: SamplePerson) -> str | None:
        """All posts, one per line or separated by semicolons; ``None`` for an empty career."""
        home = self.places.by_code[person.home_code]
        lines = [
            f"{post.start:%Y.%m}-{'至今' if post.end is None else f'{post.end:%Y.%m}'} "
            f"{self._where(post, home)} {post.title}"
            for post in person.posts
        ]
        return ("\n" if self.style.separates_posts_by_newline else "；").join(lines) or None

    def current_post(self, person: SamplePerson, *, otherwise: str) -> str:
        """Place and title of the post held now, or ``otherwise``."""
        current = next((post for post in reversed(person.posts) if post.end is None), None)
        if current is None:
            return otherwise
        home = self.places.by_code[person.home_code]
        return self._where(current, home) + current.title
