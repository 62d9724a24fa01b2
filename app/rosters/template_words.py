"""What the empty workbooks say: lists to choose from, how to fill in a column, and an example of each."""

from collections.abc import Mapping

from app.rosters import words

LISTS_BY_KEY: dict[str, Mapping[str, object]] = {
    "sex": words.SEX,
    "ethnicity": words.ETHNICITY,
    "education": words.EDUCATION,
    "degree": words.DEGREES,
    "political_status": words.POLITICAL_STATUS,
    "target_post": words.TARGET_POST,
    "source": words.SOURCE,
    "review_level": words.REVIEW_LEVEL,
    "category": words.CATEGORY,
    "appraisal": words.GRADE,
    "discipline": words.YES_NO,
    "relation": words.KINSHIP,
    "rank": words.RANK,
    "zone_kind": words.ZONE_KIND,
    "level": words.LEVEL,
}
"""The words that a column takes, by its key."""
FIXED_LISTS: dict[str, tuple[str, ...]] = {
    "sex": ("男", "女"),
    "discipline": ("是", "否"),
    "rank": ("第一", "第二", "第三", "否决"),
    "level": ("县级", "乡级", "村级"),
    "coordinate_system": ("WGS84", "GCJ02"),
}
"""Shorter lists than the words would make."""
EXCLUSION_REASONS = tuple(words.first_words(words.EXCLUSION_REASON))

TEXT_KEYS = frozenset(
    {
        "id_number", "a_id_number", "b_id_number", "phone", "birth", "party_join", "work_start", "pool_date",
        "assigned_from", "term_end", "post_start", "post_end", "zone_start", "zone_end", "valid_from", "valid_to",
        "code", "parent_code", "former_code", "person_code",
    }
)  # fmt: skip
"""Columns of text: a number there would lose digits, and 1985.10 would become 1985.1."""

WIDTHS = {
    "number": 6, "township": 14, "village": 16, "name": 10, "sex": 6, "ethnicity": 10, "birth": 10, "native_place": 12,
    "education": 10, "degree": 8, "school_and_major": 22, "political_status": 12, "party_join": 10, "work_start": 12,
    "unit_and_post": 24, "career": 40, "source": 14, "target_post": 14, "pool_date": 10, "review_level": 12,
    "needs": 18, "id_number": 21, "phone": 14, "note": 14, "linked_villages": 20, "specialty_good": 18,
    "specialty_familiar": 18, "neighbours": 36, "aliases": 20, "division_name": 24, "workplace": 24, "post": 20,
    "sending_unit": 20, "pool_name": 24, "village_needs": 20, "code": 16, "parent_code": 16, "former_code": 16,
}  # fmt: skip
"""Widths of columns in digits of the default font; others are as wide as their title needs."""

HINTS = {
    "township": "从下拉列表选择，或写全称、代码；县直单位写“县直”。",
    "village": "从下拉列表选择（先选乡镇），或写全称、代码；重名的写代码。",
    "name": "姓名中间不留空格；少数民族姓名用“·”分隔。",
    "birth": "文本格式，如1985.06或1985-06-12；不写年龄。",
    "id_number": "18位，文本格式；不要以数字格式录入。",
    "a_id_number": "18位，文本格式。",
    "b_id_number": "18位，文本格式。",
    "phone": "11位手机号，或带区号的座机号。",
    "education": "从列表选择，在职学历写“在职大专”等；也可写GB/T 4658代码。",
    "degree": "从列表选择，或写“农学学士”等；没有的留空。",
    "ethnicity": "从列表选择；也可写GB/T 3304代码。",
    "political_status": "从列表选择；也可写GB/T 4762代码。",
    "career": "每条一行：2012.07-2016.03 板桥镇桂花村 村委会主任；仍在任写“至今”。",
    "needs": "可填多项，用“、”分隔，括号内为权重，如“党建、矛盾调解(2)”。",
    "village_needs": "村的发展需求，可填多项，用“、”分隔，括号内为权重。",
    "weight": "0.1-100，越大越重要；留空为1，已有的不变。",
    "specialty_good": "可填多项，用“、”分隔。",
    "specialty_familiar": "可填多项，用“、”分隔。",
    "linked_villages": "可填多个村，用“、”分隔。",
    "capacity": "整数，留空按方案规定。",
    "approved_by": "否决须填写批准人和理由。",
    "workplace": "村写“乡镇+村”，单位写全称。",
    "post": "一人同一时期有几个职务的，用“、”分隔。",
    "post_end": "仍在任的留空或写“至今”。",
    "person_code": "系统编号；填写后可不填身份证号。",
    "neighbours": "可填多个乡镇，用“、”分隔；两个乡镇只需填一次。",
    "from": "乡镇，或“乡镇+村”，或代码。",
    "to": "乡镇，或“乡镇+村”，或代码。",
    "minutes": "单程公路行车时间，分钟；往返相同。",
    "code": "12位代码（GB/T 2260、GB/T 10114），文本格式。",
    "aliases": "可填多个，用“、”分隔；按原名填报的表格仍能识别。",
    "former_code": "重新编码的，填变更前的代码。",
    "valid_to": "撤销的，填最后一日。",
    "coordinate_system": "填写经纬度的必须写明 WGS84 或 GCJ02。",
    "zone_start": "留空表示一直属于该片区。",
}
"""How a column is filled in."""

EXAMPLES = {
    "number": "示例",
    "name": "王五",
    "sex": "男",
    "ethnicity": "汉族",
    "birth": "1985.06",
    "education": "大专",
    "political_status": "中共党员",
    "target_post": "村党组织书记",
    "source": "摸排储备",
    "pool_date": "2024.03",
    "review_level": "县级把关",
    "category": "乡镇领导",
    "specialty_good": "党建、矛盾调解",
    "capacity": "2",
    "sending_unit": "县农业农村局",
    "assigned_from": "2024.05",
    "career": "2012.07-至今 村委会主任",
    "needs": "党建、矛盾调解(2)",
    "a_name": "王五",
    "b_name": "赵六",
    "relation": "近姻亲",
    "rank": "第一",
    "pool_name": "产业导师库",
    "post": "党支部书记、村委会主任",
    "post_start": "2016.04",
    "post_end": "至今",
    "village_needs": "产业发展",
    "weight": "2",
    "zone": "东片区",
    "zone_kind": "片区",
    "minutes": "25",
    "km": "14.5",
    "level": "村级",
}
"""The row of the example, which the importer leaves out."""
