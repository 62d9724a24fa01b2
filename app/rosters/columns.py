"""What the sheets of a county workbook look like: kinds, columns and the words people use for them.

A new spelling of a header is one more entry in ``names``; nothing else has to change.
"""

from app.rosters.layout import Column as Column
from app.rosters.layout import Layout as Layout
from app.rosters.layout import column as _column
from app.rosters.layout import normalize_header as normalize_header
from app.rosters.place_columns import ID_NUMBER as _ID_NUMBER
from app.rosters.place_columns import NAME as _NAME
from app.rosters.place_columns import NOTE as _NOTE
from app.rosters.place_columns import NUMBER as _NUMBER
from app.rosters.place_columns import PLACE_LAYOUTS, travel_matrix
from app.rosters.place_columns import TOWNSHIP as _TOWNSHIP
from app.rosters.place_columns import VILLAGE as _VILLAGE
from app.services.imports.records import SheetKind

_SEX = _column("sex", "sex", "性别")
_ETHNICITY = _column("ethnicity", "ethnicity", "民族")
_BIRTH = _column("birth", "date of birth", "出生年月", "出生日期", "出生时间", "出生年月日", "出生")
_NATIVE_PLACE = _column("native_place", "native place", "籍贯")
_BOTH = ("学历学位", "最高学历学位", "学历及学位", "最高学历及学位", "学历和学位")
_EDUCATION = _column("education", "education", "学历", "文化程度", "最高学历", "文化水平", "学历层次", *_BOTH)
_DEGREE = _column("degree", "degree", "学位", "最高学位", "学位层次")
_SCHOOL = _column(
    "school_and_major", "school and major", "毕业院校及专业", "毕业学校及专业", "毕业院校", "毕业院校系及专业"
)
_LEAVES = {
    "education": ("", "学历", *_BOTH),
    "school_and_major": ("毕业院校", "毕业院校及专业", "毕业院校系及专业", "毕业学校及专业"),
}


def _by_way(key: str, title: str, way: str, *names: str) -> Column:
    """A column for one of two ways of study, 全日制教育 or 在职教育, as personnel forms have them side by side."""
    groups = [f"{group}{name}" for group in ("", "学历") for name in names]
    words = [f"{group}/{leaf}" for leaf in _LEAVES[key] for group in groups]
    words += [f"{leaf}/{name}" for leaf in _LEAVES[key] if leaf for name in names]
    return _column(f"{key}_{way}", title, *words, is_offered=False)


_WAYS = tuple(
    _by_way(key, f"{title}, {words}", way, *names)
    for way, words, names in (
        ("full_time", "full time", ("全日制教育", "全日制")),
        ("in_service", "in service", ("在职教育", "在职")),
    )
    for key, title in (("education", "education"), ("school_and_major", "school and major"))
)
_POLITICAL_STATUS = _column("political_status", "political status", "政治面貌", "政治面目")
_PARTY_JOIN = _column("party_join", "date of joining the Party", "入党时间", "入党年月", "入党日期")
_WORK_START = _column("work_start", "start of work", "参加工作时间", "参工时间", "参加工作年月", "工作时间")
_CAREER = _column("career", "posts held", "任职经历", "工作经历", "工作简历", "简历", "个人简历", "任职履历")
_NEEDS = _column("needs", "needs", "能力需求", "能力短板", "培养需求", "帮带需求")
_PHONE = _column("phone", "phone", "联系电话", "手机号码", "联系方式", "手机号", "电话", "手机", "电话号码")
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
    title="Reserve candidates",
    columns=(
        _NUMBER, _TOWNSHIP, _VILLAGE, _NAME, _SEX, _ETHNICITY, _BIRTH, _NATIVE_PLACE, _EDUCATION, _DEGREE, _SCHOOL,
        *_WAYS, _POLITICAL_STATUS, _PARTY_JOIN, _WORK_START,
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
    title="Mentors",
    columns=(
        _NUMBER, _TOWNSHIP, _NAME, _SEX, _ETHNICITY, _BIRTH, _NATIVE_PLACE, _EDUCATION, _DEGREE, _SCHOOL,
        *_WAYS, _POLITICAL_STATUS, _PARTY_JOIN, _WORK_START,
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
        _column(
            "appraisals", "appraisals of several years",
            "近三年考核", "近三年考核结果", "近三年考核情况", "近三年考核等次", "近三年年度考核",
            "近三年年度考核结果", "近三年年度考核情况", "年度考核", "年度考核结果", "年度考核情况",
            is_offered=False,
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
    title="Assigned cadres",
    columns=(
        _NUMBER, _TOWNSHIP, _VILLAGE, _NAME, _SEX, _ETHNICITY, _BIRTH, _NATIVE_PLACE, _EDUCATION, _DEGREE, _SCHOOL,
        *_WAYS, _POLITICAL_STATUS, _PARTY_JOIN, _WORK_START,
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


def _pair(
    kind: SheetKind, title_zh: str, title: str, a: tuple[str, ...], b: tuple[str, ...], rest: tuple[Column, ...]
) -> Layout:
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
        title=title,
        columns=(_NUMBER, *sides, *rest, _NOTE),
        marks=required,
        required=required,
        minimum=3,
        anchors=frozenset({"a_name"}),
    )


_PEOPLE_LAYOUTS: tuple[Layout, ...] = (
    _CANDIDATES,
    _MENTORS,
    _ASSIGNED_CADRES,
    _pair(
        SheetKind.KINSHIPS,
        "回避关系登记表",
        "Kinship",
        ("甲方",),
        ("乙方",),
        (_column("relation", "relation", "关系", "亲属关系", "回避关系"),),
    ),
    _pair(
        SheetKind.EXCLUSIONS,
        "禁止结对登记表",
        "Exclusions",
        ("帮带对象", "徒弟"),
        ("导师", "帮带导师", "师傅"),
        (_column("reason", "reason", "原因", "禁止原因"),),
    ),
    _pair(
        SheetKind.PREFERENCES,
        "帮带意愿登记表",
        "Wishes",
        ("填报人",),
        ("意愿对象",),
        (
            _column("rank", "rank of the wish", "意愿顺序", "意愿", "志愿顺序"),
            _column("reason", "reason", "理由", "原因"),
            _column("approved_by", "approver", "批准人", "审批人"),
        ),
    ),
)
_WORDS = frozenset(
    name for layout in (*_PEOPLE_LAYOUTS, *PLACE_LAYOUTS) for column in layout.columns for name in column.names
)
LAYOUTS: tuple[Layout, ...] = (*_PEOPLE_LAYOUTS, *PLACE_LAYOUTS, travel_matrix(_WORDS))


def layout_of(kind: SheetKind) -> Layout:
    """The layout of a kind of sheet."""
    return next(layout for layout in LAYOUTS if layout.kind is kind)
