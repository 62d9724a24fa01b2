"""The words, columns and widths of the printed rosters; a county changes a form here without touching the writers.

Header words differ from county to county, so nothing that is printed stands in the writers: a ``FormTemplate`` is
data, and ``dataclasses.replace`` makes a county's own form from a default one.
"""

from dataclasses import dataclass

from app.models.vocabulary import MenteeKind, ProgramKind


@dataclass(frozen=True, slots=True, kw_only=True)
class FormColumn:
    """One column of a form: its header, the key of the content it prints, its width in digits of Arial 11."""

    header: str
    key: str
    width: float
    is_left_aligned: bool = False
    is_phone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FormTemplate:
    """One printed form.

    ``mentor`` are the columns of one seat in the wide layout, where the group header is the seat's name;
    ``stacked_mentor`` those of the stacked layout, where seats are rows under one group header. Texts in braces are
    filled in when printing.
    """

    annex: str = "附件1"
    unit: str = "填报单位（盖章）：{unit}"
    date: str = "填报时间：{date}"
    position: FormColumn
    county: FormColumn
    """Printed only where a roster covers several counties."""
    township: FormColumn
    village: FormColumn
    mentee_group: str
    mentee: tuple[FormColumn, ...]
    mentor: tuple[FormColumn, ...]
    stacked_group: str
    stacked_mentor: tuple[FormColumn, ...]
    period: FormColumn
    note: FormColumn
    missing: str = "缺"
    shortfall: str = "{slot}缺：{reasons}"
    notes: tuple[str, ...] = ("出生年月计算截至{reference_date}。", "本表按建制顺序、村排序。")
    sign_off: tuple[str, ...] = ("填表人：", "审核人：", "单位负责人（签字）：", "联系电话：")
    mark: str = "导出人：{who}　导出时间：{when}　版本：第{roster_version}版"
    page_number: str = "第 &P 页 共 &N 页"
    sheet_name: str = "花名册"
    # Licensed fonts are named, never embedded; a county without them names its own here.
    title_font: str = "方正小标宋简体"
    title_size_pt: float = 20
    header_font: str = "黑体"
    body_font: str = "仿宋_GB2312"
    body_size_pt: float = 10
    # Column widths count digits of the workbook's Normal font, so that one must be at hand, or have a twin of equal
    # widths (Liberation Sans), wherever the file is opened; no cell of the form uses it.
    measure_font: str = "Arial"


# Widths hold the usual content on one line (three-character names, masked phones) and let long units wrap.
POSITION = FormColumn(header="序号", key="position", width=5)
COUNTY = FormColumn(header="县\n（区）", key="county", width=7.5)
TOWNSHIP = FormColumn(header="乡镇\n（街道）", key="township", width=7.5)
VILLAGE = FormColumn(header="村\n（社区）", key="village", width=7.5)
CODE = FormColumn(header="编号", key="code", width=7.7)
NAME = FormColumn(header="姓名", key="name", width=6)
SEX = FormColumn(header="性别", key="sex", width=2.9)
ETHNICITY = FormColumn(header="民族", key="ethnicity", width=6)
BIRTH = FormColumn(header="出生年月", key="birth", width=7.7)
EDUCATION = FormColumn(header="学历", key="education", width=4.4)
POLITICAL_STATUS = FormColumn(header="政治面貌", key="political_status", width=4.3)
TARGET_POST = FormColumn(header="培养\n方向", key="target_post", width=6)
SENDING_UNIT = FormColumn(header="选派单位", key="sending_unit", width=11, is_left_aligned=True)
FORMER_POST = FormColumn(header="原单位及职务", key="unit_and_post", width=15, is_left_aligned=True)
ASSIGNED_FROM = FormColumn(header="选派时间", key="assigned_from", width=7.7)
PHONE = FormColumn(header="联系电话", key="phone", width=11.5, is_phone=True)
UNIT_AND_POST = FormColumn(header="单位及职务", key="unit_and_post", width=16.5, is_left_aligned=True)
CATEGORY = FormColumn(header="类别", key="category", width=7.5)
SPECIALTIES = FormColumn(header="专业特长", key="specialties", width=11, is_left_aligned=True)
SEAT = FormColumn(header="帮带岗位", key="slot_name", width=12.6)
PERIOD = FormColumn(header="帮带\n起止时间", key="period", width=8.7)
NOTE = FormColumn(header="备注", key="note", width=13.5, is_left_aligned=True)

RESERVE_CANDIDATE_COLUMNS = (
    CODE,
    NAME,
    SEX,
    ETHNICITY,
    BIRTH,
    EDUCATION,
    POLITICAL_STATUS,
    TARGET_POST,
    PHONE,
)
ASSIGNED_CADRE_COLUMNS = (
    CODE,
    NAME,
    SEX,
    BIRTH,
    EDUCATION,
    POLITICAL_STATUS,
    SENDING_UNIT,
    FORMER_POST,
    ASSIGNED_FROM,
    PHONE,
)
_MENTEE_COLUMNS = {
    MenteeKind.RESERVE_CANDIDATE: ("村级后备力量", RESERVE_CANDIDATE_COLUMNS),
    MenteeKind.ASSIGNED_CADRE: ("选派干部", ASSIGNED_CADRE_COLUMNS),
}
_USUAL_MENTEE = {
    ProgramKind.TWO_PLUS_ONE: MenteeKind.RESERVE_CANDIDATE,
    ProgramKind.ONE_TO_ONE: MenteeKind.ASSIGNED_CADRE,
}
_MENTOR_COLUMNS = {
    # Several mentors share the width of the sheet, so each says only who and where; a single mentor says more.
    ProgramKind.TWO_PLUS_ONE: ("帮带干部", (CODE, NAME, UNIT_AND_POST, PHONE)),
    ProgramKind.ONE_TO_ONE: ("帮带导师", (CODE, NAME, UNIT_AND_POST, CATEGORY, SPECIALTIES, PHONE)),
}


def default_template(kind: ProgramKind, mentee_kind: MenteeKind | None = None) -> FormTemplate:
    """The form of a programme of this kind; either kind of programme can pair either kind of mentee."""
    mentee_group, mentee = _MENTEE_COLUMNS[mentee_kind or _USUAL_MENTEE[kind]]
    mentor_group, mentor = _MENTOR_COLUMNS[kind]
    return FormTemplate(
        position=POSITION,
        county=COUNTY,
        township=TOWNSHIP,
        village=VILLAGE,
        mentee_group=mentee_group,
        mentee=mentee,
        mentor=mentor,
        stacked_group=mentor_group,
        stacked_mentor=(SEAT, CODE, NAME, UNIT_AND_POST, CATEGORY, PHONE),
        period=PERIOD,
        note=NOTE,
    )
