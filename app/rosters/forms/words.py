"""The words, columns and widths that the forms have unless a county changes them."""

from collections.abc import Mapping
from typing import Any

from app.models.vocabulary import ExportForm, MenteeKind
from app.rosters.forms.template import FormColumn, FormTemplate


def _column(header: str, width: float, **how: bool) -> FormColumn:
    return FormColumn(header=header, width=width, **how)


def _left(header: str, width: float) -> FormColumn:
    return _column(header, width, is_left_aligned=True)


# Widths hold the usual content on one line (three-character names, masked phones) and let long units wrap.
_POSITION = _column("序号", 5)
_CODE = _column("编号", 7.7)
_NAME = _column("姓名", 6)
_SEX = _column("性别", 2.9)
_ETHNICITY = _column("民族", 6)
_MONTH = 7.7
_BIRTH = _column("出生年月", _MONTH)
_EDUCATION = _column("学历", 4.4)
_STATUS = _column("政治面貌", 4.3)
_PHONE = _column("联系电话", 11.5, is_sensitive=True)
_UNIT_AND_POST = _left("单位及职务", 16.5)
_CATEGORY = _column("类别", 7.5)
_SPECIALTIES = _left("专业特长", 11)
_NOTE = _left("备注", 13.5)
_PLACES = {
    "position": _POSITION,
    # Printed only where a form covers several counties.
    "county": _column("县\n（区）", 7.5),
    "township": _column("乡镇\n（街道）", 7.5),
    "village": _column("村\n（社区）", 7.5),
}
_ORDER_NOTE = "本表按{order}排序。"
_REFERENCE_NOTE = "出生年月计算截至{reference_date}。"

_MENTEES: Mapping[MenteeKind, Mapping[str, FormColumn]] = {
    MenteeKind.RESERVE_CANDIDATE: {
        "code": _CODE,
        "name": _NAME,
        "sex": _SEX,
        "ethnicity": _ETHNICITY,
        "birth": _BIRTH,
        "education": _EDUCATION,
        "political_status": _STATUS,
        "target_post": _column("培养\n方向", 6),
        "phone": _PHONE,
    },
    MenteeKind.ASSIGNED_CADRE: {
        "code": _CODE,
        "name": _NAME,
        "sex": _SEX,
        "birth": _BIRTH,
        "education": _EDUCATION,
        "political_status": _STATUS,
        "sending_unit": _left("选派单位", 11),
        "unit_and_post": _left("原单位及职务", 15),
        "assigned_from": _column("选派时间", _MONTH),
        "phone": _PHONE,
    },
}
_MENTEE_GROUP = {MenteeKind.RESERVE_CANDIDATE: "村级后备力量", MenteeKind.ASSIGNED_CADRE: "选派干部"}
USUAL_MENTEE = {
    ExportForm.TWO_PLUS_ONE_ROSTER: MenteeKind.RESERVE_CANDIDATE,
    ExportForm.ONE_TO_ONE_ROSTER: MenteeKind.ASSIGNED_CADRE,
}
"""Whom a form speaks of unless told; either kind of programme can pair either kind of mentee."""
_DUO_MENTOR = {"code": _CODE, "name": _NAME, "unit_and_post": _UNIT_AND_POST, "phone": _PHONE}
# Several mentors share the width of the sheet, so each says only who and where; a single mentor says more.
_SINGLE_MENTOR = {
    "code": _CODE,
    "name": _NAME,
    "unit_and_post": _UNIT_AND_POST,
    "category": _CATEGORY,
    "specialties": _SPECIALTIES,
    "phone": _PHONE,
}
_STACKED_MENTOR = {
    "slot_name": _column("帮带岗位", 12.6),
    "code": _CODE,
    "name": _NAME,
    "unit_and_post": _UNIT_AND_POST,
    "category": _CATEGORY,
    "phone": _PHONE,
}
_SEAT_PHRASES = {"missing": "缺", "shortfall": "{slot}缺：{reasons}"}


def _under(group: str, columns: Mapping[str, FormColumn]) -> dict[str, FormColumn]:
    return {f"{group}.{key}": column for key, column in columns.items()}


def _roster(form: ExportForm, mentee: MenteeKind) -> FormTemplate:
    is_duo = form is ExportForm.TWO_PLUS_ONE_ROSTER
    return FormTemplate(
        form=form,
        columns={
            **_PLACES,
            **_under("mentee", _MENTEES[mentee]),
            **_under("mentor", _DUO_MENTOR if is_duo else _SINGLE_MENTOR),
            **_under("stacked", _STACKED_MENTOR),
            "period": _column("帮带\n起止时间", 8.7),
            "note": _NOTE,
        },
        groups={"mentee": _MENTEE_GROUP[mentee], "stacked": "帮带干部" if is_duo else "帮带导师"},
        phrases=_SEAT_PHRASES,
        notes=(_REFERENCE_NOTE, _ORDER_NOTE),
    )


def _public(mentee: MenteeKind) -> FormTemplate:
    # Names, units and posts and nothing else: no code, no birth, no phone (domain 6).
    person = {"name": _column("姓名", 8), "unit": _left("单位", 20), "unit_and_post": _left("单位及职务", 24)}
    return FormTemplate(
        form=ExportForm.PUBLIC_NOTICE,
        columns={
            "position": _POSITION,
            **_under("mentee", person),
            **_under("mentor", {"name": person["name"], "unit_and_post": person["unit_and_post"]}),
            **_under(
                "stacked",
                {
                    "slot_name": _column("帮带岗位", 14),
                    "name": person["name"],
                    "unit_and_post": person["unit_and_post"],
                },
            ),
        },
        groups={"mentee": _MENTEE_GROUP[mentee], "stacked": "帮带干部"},
        phrases={"missing": "暂缺"},
        annex="",
        title="{title}（公示）",
        unit="公示单位（盖章）：{unit}",
        date="公示时间：{date}",
        notes=(_ORDER_NOTE,),
        sign_off=("填表人：", "审核人：", "单位负责人（签字）：", "监督电话："),
        sheet_name="公示",
    )


_PLAIN: Mapping[ExportForm, dict[str, Any]] = {
    ExportForm.MENTOR_POOL: {
        "columns": {
            **{key: column for key, column in _PLACES.items() if key != "village"},
            "code": _CODE,
            "name": _NAME,
            "sex": _SEX,
            "birth": _BIRTH,
            "education": _EDUCATION,
            "political_status": _STATUS,
            "unit_and_post": _left("单位及职务", 18),
            "category": _CATEGORY,
            "grassroots_years": _column("农村工作\n年限", 7.5),
            "specialties": _left("专业特长", 13),
            "appraisals": _left("近三年\n考核", 9.5),
            "capacity": _column("可帮带\n人数", 6.2),
            "load": _column("已帮带\n人数", 6.2),
            "phone": _PHONE,
            "note": _left("备注", 8),
        },
        "phrases": {"default_capacity": "按政策", "by_code": "编号"},
        "annex": "附件3",
        "title": "{division}帮带导师库花名册",
        "notes": (
            "农村工作年限计算截至{reference_date}。",
            "“可帮带人数”为“按政策”的，以匹配政策规定的人数为准；“已帮带人数”含其他项目。",
            "本表按乡镇分页，乡镇内按{order}排序。",
        ),
        "sheet_name": "导师库",
    },
    ExportForm.CANDIDATE_LEDGER: {
        "columns": {
            **_PLACES,
            "code": _CODE,
            "name": _NAME,
            "sex": _SEX,
            "ethnicity": _column("民族", 4.4),
            "birth": _BIRTH,
            "native_place": _column("籍贯", 6),
            "education.full_time": _column("全日制", 5.4),
            "education.in_service": _column("在职", 4.4),
            "school": _left("毕业院校\n及专业", 11),
            "political_status": _STATUS,
            "party_join": _column("入党时间", _MONTH),
            "work_start": _column("参加工作\n时间", _MONTH),
            "unit_and_post": _left("现任职务", 11),
            "source": _column("来源\n渠道", 7.2),
            "target_post": _column("培养\n方向", 6),
            "pool_date": _column("入库时间", _MONTH),
            "review_level": _column("审查\n进度", 7.2),
            "id_number": _column("身份证号", 10, is_sensitive=True),
            "phone": _PHONE,
            "mentors": _left("帮带人", 8.5),
            "note": _left("备注", 6),
        },
        "groups": {"education": "学历"},
        "annex": "附件4",
        "title": "{division}村级后备力量信息台账",
        "notes": ("本台账截至{reference_date}。", _ORDER_NOTE),
        "sheet_name": "后备力量台账",
        "body_size_pt": 9,
    },
    ExportForm.SHORTFALL_LIST: {
        "columns": {
            **_PLACES,
            "mentee.code": _CODE,
            "mentee.name": _NAME,
            "mentee.unit_and_post": _left("现任职务", 16),
            "seats": _column("空缺\n/应配", 7),
            "slot": _column("空缺岗位", 14),
            "reasons": _left("未配原因", 46),
            "approved": _column("审批", 9),
            "note": _NOTE,
        },
        "groups": {"mentee": "帮带对象"},
        "phrases": {
            "reason": "{reason}（{count}人）",
            "counted": "括号内为因该原因不能帮带的导师人数，同一导师可因多个原因计入。",
            "approved": "已批准",
            "open": "待审批",
        },
        "annex": "附件5",
        "title": "{subject}未配岗位清单",
        "notes": (_ORDER_NOTE,),
        "sheet_name": "未配清单",
    },
    ExportForm.ADJUSTMENT_TABLE: {
        "columns": {
            **_PLACES,
            "mentee.code": _CODE,
            "mentee.name": _NAME,
            "slot": _column("帮带岗位", 12.6),
            "former.code": _CODE,
            "former.name": _NAME,
            "former.unit_and_post": _left("单位及职务", 18),
            "present.code": _CODE,
            "present.name": _NAME,
            "present.unit_and_post": _left("单位及职务", 18),
            "reason": _column("调整原因", 13),
            "time": _column("调整时间", 8),
            "note": _left("备注", 9),
        },
        "groups": {"mentee": "帮带对象", "former": "原帮带人", "present": "现帮带人"},
        "phrases": {
            "new": "新增结对",
            "filled": "补配空缺",
            "gone": "停止帮带",
            "vacant": "空缺",
        },
        "annex": "附件6",
        "title": "{subject}调整表",
        "notes": ("本表列出第{roster_version}版与第{former_version}版花名册的差异。", _ORDER_NOTE),
        "sheet_name": "调整表",
    },
    ExportForm.STRUCTURE_TABLE: {
        "columns": {
            "topic": _column("项目", 16),
            "item": _column("类别", 26),
            **{
                f"{group}.{key}": _column(header, 8)
                for group in ("total", "male", "female", "secretary", "director", "member")
                for key, header in (("count", "人数"), ("share", "比率"))
            },
        },
        "groups": {
            "total": "合计",
            "male": "男",
            "female": "女",
            "secretary": "村党组织书记人选",
            "director": "村委会主任人选",
            "member": "两委委员人选",
        },
        "phrases": {
            "people": "总人数",
            "sex": "性别",
            "ethnicity": "民族",
            "political_status": "政治面貌",
            "age": "年龄分布",
            "mean_age": "平均年龄",
            "education": "学历",
            "degree": "学位",
            "no_degree": "无学位或未填写",
            "unknown": "未填写",
            "merged": "其他（合并）",
            "high_school": "其中：高中及以上",
        },
        "annex": "附件9",
        "title": "{division}村级后备力量结构统计表",
        "notes": (
            "百分比按四舍五入取值，保留两位小数。",
            "年龄计算截至{reference_date}。",
            "“高中及以上”指毕业学历，不含结业、肄业。",
        ),
        "sheet_name": "结构统计",
        "body_size_pt": 11,
    },
}


def default_template(form: ExportForm, mentee_kind: MenteeKind | None = None) -> FormTemplate:
    """The form as it is delivered."""
    if form in USUAL_MENTEE:
        return _roster(form, mentee_kind or USUAL_MENTEE[form])
    if form is ExportForm.PUBLIC_NOTICE:
        return _public(mentee_kind or MenteeKind.RESERVE_CANDIDATE)
    return FormTemplate(form=form, **_PLAIN[form])
