"""What the sheets of a county workbook look like: kinds, columns and the words people use for them.

A new spelling of a header is one more entry in ``names``; nothing else has to change.
"""

import re
import unicodedata
from dataclasses import dataclass

from app.services.imports.records import SheetKind

_IGNORED = re.compile(r"[\s\W_]+")


def normalize_header(text: str) -> str:
    """A header without white space and punctuation, in half width."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its key, its titles in both languages, and the header paths by which it is recognised.

    ``pattern`` recognises a family of columns by a regular expression with one group, the year.
    """

    key: str
    title_zh: str
    title: str
    names: frozenset[str]
    pattern: re.Pattern[str] | None = None

    def match(self, path: str) -> str | None:
        """The key under which a column with this header path is stored, or ``None``."""
        if path in self.names:
            return self.key
        if self.pattern is not None and (found := self.pattern.fullmatch(path)):
            return f"{self.key}_{found[1]}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One kind of sheet: ``marks`` are the columns that tell it from others, ``required`` those it cannot lack."""

    kind: SheetKind
    title_zh: str
    columns: tuple[Column, ...]
    marks: frozenset[str]
    required: frozenset[str]
    minimum: int

    def column(self, key: str) -> Column | None:
        """The column of a key; yearly columns are found by the part before the year."""
        return next(
            (c for c in self.columns if c.key == key or (c.pattern is not None and key.startswith(f"{c.key}_"))), None
        )


def _column(key: str, title: str, *names: str, pattern: str | None = None) -> Column:
    return Column(
        key=key,
        title_zh=names[0],
        title=title,
        names=frozenset() if pattern else frozenset(normalize_header(name) for name in names),
        pattern=re.compile(pattern) if pattern else None,
    )


_NUMBER = _column("number", "No.", "序号", "编号", "序列", "顺序号")
_TOWNSHIP = _column(
    "township",
    "township",
    "乡镇（街道）",
    "乡镇",
    "乡(镇)",
    "街道",
    "所在乡镇",
    "乡镇街道办",
    "镇（乡）",
    "苏木乡镇",
    "镇街",
)
_VILLAGE = _column(
    "village",
    "village",
    "村（社区）",
    "村",
    "社区",
    "村名",
    "所在村",
    "所在村（社区）",
    "嘎查村",
    "村居",
    "行政村",
    "任职村",
    "嘎查（村）",
)
_NAME = _column("name", "name", "姓名", "名字", "人员姓名")
_SEX = _column("sex", "sex", "性别")
_ETHNICITY = _column("ethnicity", "ethnicity", "民族")
_BIRTH = _column("birth", "date of birth", "出生年月", "出生日期", "出生时间", "出生年月日", "出生")
_NATIVE_PLACE = _column("native_place", "native place", "籍贯")
_EDUCATION = _column("education", "education", "学历", "文化程度", "最高学历", "文化水平", "学历层次")
_SCHOOL = _column(
    "school_and_major", "school and major", "毕业院校及专业", "毕业学校及专业", "毕业院校", "毕业院校系及专业"
)
_POLITICAL_STATUS = _column("political_status", "political status", "政治面貌", "政治面目")
_PARTY_JOIN = _column("party_join", "date of joining the Party", "入党时间", "入党年月", "入党日期")
_WORK_START = _column("work_start", "start of work", "参加工作时间", "参工时间", "参加工作年月", "工作时间")
_CAREER = _column("career", "posts held", "任职经历", "工作经历", "工作简历", "简历", "个人简历", "任职履历")
_NEEDS = _column("needs", "needs", "能力需求", "能力短板", "培养需求", "帮带需求")
_ID_NUMBER = _column("id_number", "ID number", "身份证号", "身份证号码", "公民身份号码", "身份证", "证件号码")
_PHONE = _column("phone", "phone", "联系电话", "手机号码", "联系方式", "手机号", "电话", "手机", "电话号码")
_NOTE = _column("note", "note", "备注", "说明")
_UNIT_NAMES = (
    "单位及职务",
    "所在单位及职务",
    "工作单位及职务",
    "现任职务",
    "职务",
    "现任职务身份类别",
    "原单位及职务",
    "现单位及职务",
)

_CANDIDATES = Layout(
    kind=SheetKind.CANDIDATES,
    title_zh="村级后备力量信息台账",
    columns=(
        _NUMBER, _TOWNSHIP, _VILLAGE, _NAME, _SEX, _ETHNICITY, _BIRTH, _NATIVE_PLACE, _EDUCATION, _SCHOOL,
        _POLITICAL_STATUS, _PARTY_JOIN, _WORK_START,
        _column("unit_and_post", "present post", "现任职务", *_UNIT_NAMES),
        _CAREER,
        _column("source", "source", "来源渠道", "来源", "人选来源"),
        _column("target_post", "target post", "培养方向", "培养岗位", "拟任职务", "培养目标"),
        _column("pool_date", "date of entry", "入库时间", "入库日期", "入库年月"),
        _column("review_level", "review stage", "审查进度", "审核进度", "审查情况", "联审进度"),
        _NEEDS, _ID_NUMBER, _PHONE, _NOTE,
    ),
    marks=frozenset({"source", "target_post", "pool_date", "review_level"}),
    required=frozenset({"township", "village", "name", "source", "target_post"}),
    minimum=4,
)  # fmt: skip
_MENTORS = Layout(
    kind=SheetKind.MENTORS,
    title_zh="帮带导师库",
    columns=(
        _NUMBER, _TOWNSHIP, _NAME, _SEX, _ETHNICITY, _BIRTH, _NATIVE_PLACE, _EDUCATION, _SCHOOL,
        _POLITICAL_STATUS, _PARTY_JOIN, _WORK_START,
        _column("unit_and_post", "unit and post", "单位及职务", *_UNIT_NAMES),
        _column("category", "category", "类别", "导师类别", "人员类别"),
        _CAREER,
        _column("trade_years", "years in the trade", "从业年限", "产业从业年限"),
        _column("specialty_good", "specialties (good)", "专业特长/擅长", "专业特长", "擅长", "特长", "擅长领域"),
        _column("specialty_familiar", "specialties (familiar)", "专业特长/熟悉", "熟悉", "熟悉领域"),
        _column(
            "appraisal", "appraisal", "近三年考核",
            pattern=r"(?:近三年)?(?:年度)?(?:考核)?(?:等次|结果|情况)?(20\d\d)年?度?(?:考核)?(?:等次|结果|情况)?",
        ),
        _column("capacity", "capacity", "可帮带人数", "帮带人数上限", "可带人数"),
        _column("linked_villages", "linked villages", "包联村", "包村", "联系村", "包联村社区", "联村"),
        _column("residence", "place of residence", "居住地", "现居住地", "常住地"),
        _column("discipline", "discipline in force", "处分影响期", "是否在处分影响期", "处分影响期内"),
        _ID_NUMBER, _PHONE, _NOTE,
    ),
    marks=frozenset({"category", "capacity", "specialty_good", "specialty_familiar", "linked_villages"}),
    required=frozenset({"township", "name", "category"}),
    minimum=4,
)  # fmt: skip
_ASSIGNED_CADRES = Layout(
    kind=SheetKind.ASSIGNED_CADRES,
    title_zh="选派干部名册",
    columns=(
        _NUMBER, _TOWNSHIP, _VILLAGE, _NAME, _SEX, _ETHNICITY, _BIRTH, _NATIVE_PLACE, _EDUCATION, _SCHOOL,
        _POLITICAL_STATUS, _PARTY_JOIN, _WORK_START,
        _column("sending_unit", "sending unit", "选派单位", "派出单位", "选派机关"),
        _column("unit_and_post", "former unit and post", "原单位及职务", *_UNIT_NAMES),
        _column("assigned_from", "start of the posting", "选派时间", "选派日期", "到村时间", "任职时间"),
        _column("term_end", "end of the term", "任期至", "任期截止", "任期结束时间", "选派期满时间"),
        _CAREER, _NEEDS, _ID_NUMBER, _PHONE, _NOTE,
    ),
    marks=frozenset({"sending_unit", "assigned_from", "term_end"}),
    required=frozenset({"township", "village", "name", "sending_unit", "assigned_from"}),
    minimum=4,
)  # fmt: skip


def _pair(kind: SheetKind, title_zh: str, a: tuple[str, ...], b: tuple[str, ...], rest: tuple[Column, ...]) -> Layout:
    """A table of pairs: name and ID number of two sides, and what there is between them."""
    sides = [
        _column(f"{side}_{key}", f"{title} of {names[0]}", *(f"{n}/{h}" for n in names for h in heads))
        for side, names in (("a", a), ("b", b))
        for key, title, heads in (
            ("name", "name", ("姓名", "名字")),
            ("id_number", "ID number", ("身份证号", "身份证号码", "公民身份号码")),
        )
    ]
    required = frozenset({"a_name", "b_name", rest[0].key})
    return Layout(
        kind=kind,
        title_zh=title_zh,
        columns=(_NUMBER, *sides, *rest, _NOTE),
        marks=required,
        required=required,
        minimum=3,
    )


LAYOUTS: tuple[Layout, ...] = (
    _CANDIDATES,
    _MENTORS,
    _ASSIGNED_CADRES,
    _pair(
        SheetKind.KINSHIPS,
        "回避关系登记表",
        ("甲方",),
        ("乙方",),
        (_column("relation", "relation", "关系", "亲属关系", "回避关系"),),
    ),
    _pair(
        SheetKind.EXCLUSIONS,
        "禁止结对登记表",
        ("帮带对象", "徒弟"),
        ("导师", "帮带导师", "师傅"),
        (_column("reason", "reason", "原因", "禁止原因"),),
    ),
    _pair(
        SheetKind.PREFERENCES,
        "帮带意愿登记表",
        ("填报人",),
        ("意愿对象",),
        (
            _column("rank", "rank of the wish", "意愿顺序", "意愿", "志愿顺序"),
            _column("reason", "reason", "理由", "原因"),
            _column("approved_by", "approver", "批准人", "审批人"),
        ),
    ),
)
