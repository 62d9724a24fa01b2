"""The words people write in cells and what they stand for. A new word is one more entry here."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from app.codes import DEGREE_BY_CODE, EDUCATION_BY_CODE, ETHNICITY_BY_CODE, ETHNICITY_LETTERS, POLITICAL_STATUS_BY_CODE
from app.folding import simplified
from app.models.vocabulary import (
    AppraisalGrade,
    CandidateSource,
    DivisionLevel,
    ExclusionReason,
    KinshipRelation,
    MentorCategory,
    ReviewLevel,
    Sex,
    Specialty,
    TargetPost,
    ZoneKind,
)


def fold(text: str) -> str:
    """The word in half width, in simplified characters and without white space, as the tables below are keyed."""
    return "".join(simplified(text).split())


SEX = {
    "男": Sex.MALE, "女": Sex.FEMALE, "男性": Sex.MALE, "女性": Sex.FEMALE, "未说明": Sex.NOT_STATED,
    "未说明的性别": Sex.NOT_STATED, "未知": Sex.UNKNOWN, "未知的性别": Sex.UNKNOWN,
    "1": Sex.MALE, "2": Sex.FEMALE, "9": Sex.NOT_STATED, "0": Sex.UNKNOWN,
}  # fmt: skip
"""GB/T 2261.1, names and codes."""
YES_NO = {
    "是": True, "√": True, "✓": True, "1": True, "●": True, "有": True, "Y": True, "TRUE": True,
    "否": False, "×": False, "✗": False, "0": False, "○": False, "无": False, "N": False, "FALSE": False, "-": False,
}  # fmt: skip
TARGET_POST = {
    "村党组织书记": TargetPost.SECRETARY,
    "书记": TargetPost.SECRETARY,
    "村书记": TargetPost.SECRETARY,
    "村支书": TargetPost.SECRETARY,
    "支部书记": TargetPost.SECRETARY,
    "党支部书记": TargetPost.SECRETARY,
    "村委会主任": TargetPost.DIRECTOR,
    "主任": TargetPost.DIRECTOR,
    "村主任": TargetPost.DIRECTOR,
    "两委委员": TargetPost.COMMITTEE_MEMBER,
    "村两委委员": TargetPost.COMMITTEE_MEMBER,
    "两委成员": TargetPost.COMMITTEE_MEMBER,
    "村两委成员": TargetPost.COMMITTEE_MEMBER,
    "委员": TargetPost.COMMITTEE_MEMBER,
}
SOURCE = {
    "摸排储备": CandidateSource.SURVEYED_LOCAL,
    "从严管理调整": CandidateSource.ADJUSTED,
    "乡招村用": CandidateSource.TOWNSHIP_HIRED,
    "乡招村用锻炼": CandidateSource.TOWNSHIP_HIRED,
    "引凤还巢": CandidateSource.RETURNED_TALENT,
    "引凤还巢吸引": CandidateSource.RETURNED_TALENT,
    "机关单位选派": CandidateSource.UNIT_ASSIGNED,
    "机关选派": CandidateSource.UNIT_ASSIGNED,
}
REVIEW_LEVEL = {
    "乡镇推选": ReviewLevel.TOWNSHIP_SELECTED,
    "县级把关": ReviewLevel.COUNTY_VETTED,
    "区县把关": ReviewLevel.COUNTY_VETTED,
    "市级复审": ReviewLevel.PREFECTURE_REVIEWED,
}
CATEGORY = {
    "乡镇领导": MentorCategory.TOWNSHIP_LEADER,
    "乡镇班子成员": MentorCategory.TOWNSHIP_LEADER,
    "乡镇干部": MentorCategory.TOWNSHIP_OFFICER,
    "乡镇业务骨干": MentorCategory.TOWNSHIP_OFFICER,
    "站所骨干": MentorCategory.STATION_EXPERT,
    "村党组织书记": MentorCategory.VILLAGE_SECRETARY,
    "村书记": MentorCategory.VILLAGE_SECRETARY,
    "村两委干部": MentorCategory.VILLAGE_COMMITTEE,
    "村干部": MentorCategory.VILLAGE_COMMITTEE,
    "致富带头人": MentorCategory.INDUSTRY_LEADER,
    "产业发展带头人": MentorCategory.INDUSTRY_LEADER,
    "离退休干部": MentorCategory.RETIRED_CADRE,
    "离退休": MentorCategory.RETIRED_CADRE,
    "县直干部": MentorCategory.COUNTY_OFFICER,
    "第一书记": MentorCategory.FIRST_SECRETARY,
    "科技特派员": MentorCategory.SCIENCE_ENVOY,
}
GRADE = {
    "优秀": AppraisalGrade.EXCELLENT,
    "称职": AppraisalGrade.COMPETENT,
    "合格": AppraisalGrade.COMPETENT,
    "基本称职": AppraisalGrade.BASIC,
    "基本合格": AppraisalGrade.BASIC,
    "不称职": AppraisalGrade.INCOMPETENT,
    "不合格": AppraisalGrade.INCOMPETENT,
    "未定等次": AppraisalGrade.NOT_GRADED,
    "不定等次": AppraisalGrade.NOT_GRADED,
    "未确定等次": AppraisalGrade.NOT_GRADED,
}
SPECIALTY = {
    "党建": Specialty.PARTY_BUILDING,
    "党务": Specialty.PARTY_BUILDING,
    "产业发展": Specialty.INDUSTRY,
    "产业": Specialty.INDUSTRY,
    "乡村治理": Specialty.GOVERNANCE,
    "治理": Specialty.GOVERNANCE,
    "矛盾调解": Specialty.MEDIATION,
    "矛盾纠纷调解": Specialty.MEDIATION,
    "调解": Specialty.MEDIATION,
    "集体经济(财务)": Specialty.COLLECTIVE_FINANCE,
    "集体经济": Specialty.COLLECTIVE_FINANCE,
    "财务": Specialty.COLLECTIVE_FINANCE,
    "集体经济财务": Specialty.COLLECTIVE_FINANCE,
    "项目建设": Specialty.PROJECTS,
    "项目": Specialty.PROJECTS,
    "生态环保": Specialty.ECOLOGY,
    "民族团结": Specialty.ETHNIC_UNITY,
    "数字技能": Specialty.DIGITAL,
    "政策法规": Specialty.POLICY,
    "政策": Specialty.POLICY,
}
KINSHIP = {
    "夫妻": KinshipRelation.SPOUSE,
    "夫妻关系": KinshipRelation.SPOUSE,
    "直系血亲": KinshipRelation.LINEAL,
    "直系血亲关系": KinshipRelation.LINEAL,
    "三代以内旁系血亲": KinshipRelation.COLLATERAL,
    "旁系血亲": KinshipRelation.COLLATERAL,
    "近姻亲": KinshipRelation.CLOSE_IN_LAW,
    "近姻亲关系": KinshipRelation.CLOSE_IN_LAW,
}
EXCLUSION_REASON = {
    "投诉": ExclusionReason.COMPLAINT,
    "利益冲突": ExclusionReason.CONFLICT,
    "同一科室": ExclusionReason.SAME_OFFICE,
    "其他": ExclusionReason.OTHER,
}
ZONE_KIND = {
    "片区": ZoneKind.ZONE,
    "其他": ZoneKind.ZONE,
    "战区": ZoneKind.BATTLE_ZONE,
    "督查片区": ZoneKind.INSPECTION_ZONE,
    "督查": ZoneKind.INSPECTION_ZONE,
    "督察片区": ZoneKind.INSPECTION_ZONE,
    "联合党委": ZoneKind.PARTY_ALLIANCE,
    "党建联合体": ZoneKind.PARTY_ALLIANCE,
    "党建联盟": ZoneKind.PARTY_ALLIANCE,
}
LEVEL = {
    "县级": DivisionLevel.COUNTY,
    "县": DivisionLevel.COUNTY,
    "乡级": DivisionLevel.TOWNSHIP,
    "乡镇级": DivisionLevel.TOWNSHIP,
    "乡镇": DivisionLevel.TOWNSHIP,
    "街道": DivisionLevel.TOWNSHIP,
    "镇": DivisionLevel.TOWNSHIP,
    "乡": DivisionLevel.TOWNSHIP,
    "村级": DivisionLevel.VILLAGE,
    "村": DivisionLevel.VILLAGE,
    "社区": DivisionLevel.VILLAGE,
    "嘎查": DivisionLevel.VILLAGE,
}
COORDINATE_SYSTEM = {
    "WGS84": True, "WGS-84": True, "CGCS2000": True, "国家2000": True, "2000国家大地坐标系": True,
    "4490": True, "4326": True,
    "GCJ02": False, "GCJ-02": False, "火星坐标": False, "高德": False, "腾讯": False,
}  # fmt: skip
"""Whether coordinates are those of WGS 84; CGCS 2000 differs from it by centimetres."""
RANK = {
    "第一": 1, "第二": 2, "第三": 3, "否决": 0, "第一意愿": 1, "第二意愿": 2, "第三意愿": 3, "1": 1, "2": 2, "3": 3,
}  # fmt: skip


def _coded(names: Mapping[str, str]) -> dict[str, str]:
    """The codes themselves as words; a number cell shows them without the leading zero."""
    return {code: code for code in names} | {code.lstrip("0"): code for code in names}


ETHNICITY = (
    {name: code for code, name in ETHNICITY_BY_CODE.items()}
    | _coded(ETHNICITY_BY_CODE)
    | {letters: code for code, letters in ETHNICITY_LETTERS.items()}
    | {"毛难族": "36", "崩龙族": "46", "外国血统": "98", "其他民族": "97", "未识别民族": "97"}
    | {name.removesuffix("族"): code for code, name in ETHNICITY_BY_CODE.items() if len(name) > 2}
    | {
        "汉": "01",
        "回": "03",
        "藏": "04",
        "苗": "06",
        "彝": "07",
        "壮": "08",
        "满": "11",
        "侗": "12",
        "瑶": "13",
        "白": "14",
    }
)
POLITICAL_STATUS = (
    {name: code for code, name in POLITICAL_STATUS_BY_CODE.items()}
    | _coded(POLITICAL_STATUS_BY_CODE)
    | {
        "党员": "01",
        "中国共产党党员": "01",
        "正式党员": "01",
        "预备党员": "02",
        "团员": "03",
        "共青团": "03",
        "共产党员": "01",
        "中共正式党员": "01",
        "中国共产党预备党员": "02",
        "中国共产主义青年团团员": "03",
        "民革": "04",
        "民革会员": "04",
        "民盟": "05",
        "民建": "06",
        "民进": "07",
        "农工党": "08",
        "农工": "08",
        "致公党": "09",
        "九三学社": "10",
        "九三": "10",
        "台盟": "11",
        "无党派": "12",
        "无党派民主人士": "12",
        "普通群众": "13",
        "普通公民": "13",
        "群众(普通居民)": "13",
        "无": "13",
    }
)
DEVELOPMENT_STAGES = ("入党积极分子", "积极分子", "发展对象", "入党申请人")
"""Stages on the way into the Party; they are no code of GB/T 4762."""
EDUCATION = (
    {name: code for code, name in EDUCATION_BY_CODE.items()}
    | _coded(EDUCATION_BY_CODE)
    | {
        "研究生": "14",
        "硕士": "14",
        "博士": "11",
        "本科": "21",
        "大学本科结业": "22",
        "本科结业": "22",
        "大学本科肄业": "23",
        "本科肄业": "23",
        "大学本科": "21",
        "党校研究生": "14",
        "党校大学": "21",
        "党校本科": "21",
        "专科": "31",
        "高职": "31",
        "高职高专": "31",
        "大学专科结业": "32",
        "大学专科肄业": "33",
        "大学专科": "31",
        "党校大专": "31",
        "中等专科": "41",
        "中师": "41",
        "中等专科结业": "42",
        "中等专科肄业": "43",
        "职业高中": "44",
        "技工学校": "47",
        "普通高中": "61",
        "普通高中结业": "62",
        "普通高中肄业": "63",
        "初级中学": "71",
    }
)
_FULL_TIME = re.compile(r"全日制")
_IN_SERVICE = re.compile(r"在职|函授|自考|电大|成人|党校|远程|业余|非全日制|中央|省委")


def education(text: str) -> tuple[str, bool | None]:
    """The GB/T 4658 code and whether it was full time, ``None`` when the word does not say; ``KeyError`` if unknown."""
    word = fold(text)
    is_full_time = None
    if _IN_SERVICE.search(word):
        is_full_time = False
    elif _FULL_TIME.search(word):
        is_full_time = True
    bare = re.sub(
        r"非全日制|全日制|国民教育|在职|函授|自考|电大|成人|远程教育|业余|中央|省委|[()\-/]|学历|毕业$|教育", "", word
    )
    return EDUCATION[bare], is_full_time


DEGREES = {name: code for code, name in DEGREE_BY_CODE.items()}
NO_DEGREE = frozenset({"无", "无学位", "未取得学位", "未获学位", "-", "--", "—", "——", "/", "\\"})
_DEGREE = re.compile(
    r"(?:(?:哲|经济|法|教育|文|历史|理|工|农|医|军事|管理|艺术)学|法律|工程|农业|工商管理|公共管理)*"
    r"(名誉博士|博士|硕士|学士)(?:专业)?(?:学位)?"
)
"""A degree, with the branch of learning in front: 农学学士, 公共管理硕士专业学位."""
_LONGEST_DEGREE = 30
_DEGREE_SEPARATORS = "、,/;+("


def degree(text: str) -> str:
    """The first digit of the GB/T 6864 code of a degree, whatever the branch of learning; ``KeyError`` if unknown."""
    found = _DEGREE.fullmatch(fold(text))
    if found is None:
        raise KeyError(text)
    return DEGREES[found[1]]


def education_and_degree(text: str) -> tuple[str, bool | None, str | None]:
    """As ``education``, and the degree that stands behind: 大学、农学学士, 研究生（硕士）; ``KeyError`` if unknown."""
    word = fold(text).rstrip(")")
    for nothing in NO_DEGREE:
        if (level := word.removesuffix(nothing)) != word and level[-1:] in _DEGREE_SEPARATORS:
            return *education(level.rstrip(_DEGREE_SEPARATORS)), None
    for end in _DEGREE.finditer(word, max(0, len(word) - _LONGEST_DEGREE)):
        level = word[: end.start()].rstrip(_DEGREE_SEPARATORS)
        if end.end() == len(word) and level:
            try:
                code, is_full_time = education(level)
            except KeyError:
                break  # 全日制硕士: the word tells the level, and no more.
            if level.endswith("研究生") and end[1] in EDUCATION:
                code = EDUCATION[end[1]]
            return code, is_full_time, DEGREES[end[1]]
    return *education(text), None


def first_words(words: Mapping[str, object]) -> list[str]:
    """The first word of each meaning."""
    first: dict[object, str] = {}
    for word, meaning in words.items():
        first.setdefault(meaning, word)
    return list(first.values())


def options(words: Mapping[str, object]) -> str:
    """The first word of each meaning, for messages."""
    return "、".join(first_words(words)[:MOST_CHOICES])


def choices(word: str, words: Mapping[str, object]) -> tuple[str, ...]:
    """Words that would be read: those most like the given one first, then the first of each meaning."""
    first = dict.fromkeys(get_close_matches(word, list(words), n=3, cutoff=0.5))
    seen = {words[each] for each in first}
    for each, meaning in words.items():
        if meaning not in seen:
            seen.add(meaning)
            first[each] = None
    return tuple(first)[:MOST_CHOICES]


MOST_CHOICES = 12
