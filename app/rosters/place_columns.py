"""What the sheets about places, pools, posts and needs look like: everything in a county's workbook but its rosters."""

from app.rosters.layout import Layout, column
from app.services.imports.records import SheetKind

NUMBER = column("number", "No.", "序号", "编号", "序列", "顺序号")
TOWNSHIP = column(
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
VILLAGE = column(
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
NAME = column("name", "name", "姓名", "名字", "人员姓名")
ID_NUMBER = column("id_number", "ID number", "身份证号", "身份证号码", "公民身份号码", "身份证", "证件号码")
NOTE = column("note", "note", "备注", "说明")
_LINE_NUMBER = column("number", "No.", "序号", "序列", "顺序号")
_CODE_OF_PERSON = column("person_code", "编号 of the person", "人员编号", "编号", "人员代码")
_MINUTES = column("minutes", "minutes", "分钟", "时间（分钟）", "行程时间", "行程时间（分钟）", "车程（分钟）", "用时")
_GENERIC = (
    "所在|所属|下辖|管辖|所辖|自然|行政|重点|示范|试点|挂点|挂钩|包联|联系|帮扶|贫困|脱贫|薄弱|相邻|邻近|原|现|新|本"
)
_ENDS_OF_PLACES = "镇|乡|街道|苏木|村|社区|嘎查|村委会|居委会|办事处|农场|牧场|园区"

_MENTOR_POOLS = Layout(
    kind=SheetKind.MENTOR_POOLS,
    title_zh="帮带导师库名册",
    title="Mentor pools",
    columns=(
        NUMBER,
        TOWNSHIP,
        column("pool_name", "name of the pool", "库名", "导师库名称", "帮带导师库名称", "库名称"),
        NOTE,
    ),
    marks=frozenset({"pool_name"}),
    required=frozenset({"township", "pool_name"}),
    minimum=2,
    anchors=frozenset({"pool_name"}),
)
_APPOINTMENTS = Layout(
    kind=SheetKind.APPOINTMENTS,
    title_zh="任职经历表",
    title="Posts held",
    columns=(
        _LINE_NUMBER, TOWNSHIP, VILLAGE, NAME, ID_NUMBER, _CODE_OF_PERSON,
        column("workplace", "unit or village of the post", "任职单位/村", "任职单位", "任职单位（村）", "任职地点"),
        column("post", "post", "职务", "担任职务", "所任职务", "职务名称"),
        column("post_start", "start of the post", "任职起", "任职起始", "任职开始时间", "任职起始时间", "起始时间"),
        column("post_end", "end of the post", "任职止", "任职截止", "任职结束时间", "任职终止时间", "截止时间"),
        NOTE,
    ),
    marks=frozenset({"workplace", "post_start", "post_end"}),
    required=frozenset({"name", "post", "post_start"}),
    minimum=4,
)  # fmt: skip
_NEEDS = Layout(
    kind=SheetKind.NEEDS,
    title_zh="需求清单",
    title="Needs of people and villages",
    columns=(
        _LINE_NUMBER, TOWNSHIP, VILLAGE, NAME, ID_NUMBER, _CODE_OF_PERSON,
        column("needs", "need of the person", "能力需求", "能力短板", "培养需求", "帮带需求"),
        column("village_needs", "need of the village", "发展需求", "村发展需求", "产业需求", "发展短板"),
        column("weight", "weight", "权重", "需求权重", "重要程度"),
        NOTE,
    ),
    marks=frozenset({"village_needs", "weight"}),
    required=frozenset(),
    minimum=3,
    anchors=frozenset({"needs", "village_needs"}),
)  # fmt: skip
_ZONES = Layout(
    kind=SheetKind.ZONES,
    title_zh="片区划分表",
    title="Zones",
    columns=(
        NUMBER,
        column("zone", "zone", "片区", "片区名称", "战区", "战区名称", "督查片区"),
        column("zone_kind", "kind of zone", "类别", "片区类别", "片区类型", "类型"),
        TOWNSHIP,
        column("zone_start", "first day", "起", "起始日期", "开始日期", "起始", "生效日期"),
        column("zone_end", "last day", "止", "截止日期", "结束日期", "截止", "失效日期"),
        NOTE,
    ),
    marks=frozenset({"zone"}),
    required=frozenset({"zone", "township"}),
    minimum=2,
    anchors=frozenset({"zone"}),
)
_ADJACENCY = Layout(
    kind=SheetKind.ADJACENCY,
    title_zh="乡镇相邻表",
    title="Neighbouring townships",
    columns=(
        NUMBER,
        TOWNSHIP,
        column("neighbours", "neighbours", "相邻乡镇", "相邻乡镇（街道）", "毗邻乡镇", "邻近乡镇", "接壤乡镇"),
        NOTE,
    ),
    marks=frozenset({"neighbours"}),
    required=frozenset({"township", "neighbours"}),
    minimum=2,
    anchors=frozenset({"neighbours"}),
)
_TRAVEL_TIMES = Layout(
    kind=SheetKind.TRAVEL_TIMES,
    title_zh="行程时间表",
    title="Travel times, one pair in a row",
    columns=(
        NUMBER,
        column("from", "from", "起点", "出发地", "起点名称"),
        column("to", "to", "终点", "到达地", "目的地", "终点名称"),
        _MINUTES,
        column("km", "kilometres", "公里", "里程", "里程（公里）", "距离（公里）", "公里数"),
        NOTE,
    ),
    marks=frozenset({"minutes"}),
    required=frozenset({"from", "to", "minutes"}),
    minimum=3,
    anchors=frozenset({"from"}),
)
_DIVISIONS = Layout(
    kind=SheetKind.DIVISIONS,
    title_zh="区划代码表",
    title="Administrative divisions",
    columns=(
        NUMBER,
        column("code", "code", "代码", "区划代码", "行政区划代码", "统计用区划代码", "区划编码"),
        column("division_name", "name of the division", "名称", "区划名称", "行政区划名称", "单位名称"),
        column("level", "level", "级别", "层级", "区划级别"),
        column("parent_code", "code of the parent", "上级代码", "上级区划代码", "父级代码"),
        column("aliases", "former and other names", "曾用名/别名", "曾用名", "别名", "曾用名、别名", "其他名称"),
        column("former_code", "former code", "原代码", "旧代码", "原区划代码", "变更前代码"),
        column("valid_from", "in force from", "生效日期", "启用日期", "设立日期"),
        column("valid_to", "revoked on", "撤销日期", "停用日期", "废止日期"),
        column("longitude", "longitude", "经度", "lng", "lon"),
        column("latitude", "latitude", "纬度", "lat"),
        column("coordinate_system", "coordinate system", "坐标系", "坐标系统", "坐标参考系"),
        NOTE,
    ),
    marks=frozenset({"code"}),
    required=frozenset({"code", "division_name"}),
    minimum=2,
    anchors=frozenset({"code"}),
)
PLACE_LAYOUTS = (_MENTOR_POOLS, _APPOINTMENTS, _NEEDS, _ZONES, _ADJACENCY, _TRAVEL_TIMES, _DIVISIONS)


def travel_matrix(excluded: frozenset[str]) -> Layout:
    """The layout of a travel matrix: a column for each place; ``excluded`` are headers of other tables."""
    return Layout(
        kind=SheetKind.TRAVEL_MATRIX,
        title_zh="行程时间矩阵",
        title="Travel times, a matrix of minutes",
        columns=(
            column(
                "from", "from", "起点＼终点", "乡镇＼乡镇", "出发地＼到达地", "乡镇", "乡镇（街道）", "地点", "分钟"
            ),
            column(
                "to",
                "minutes to a place",
                "到各地分钟数",
                pattern=rf"(?!(?:{_GENERIC})(?:乡?镇|乡|村|社区)$)(.+(?:{_ENDS_OF_PLACES})(?:\d{{12}})?|\d{{9}}|\d{{12}})",
                excluded=excluded,
            ),
        ),
        marks=frozenset({"from"}),
        required=frozenset({"from"}),
        minimum=3,
        anchors=frozenset({"from"}),
    )
