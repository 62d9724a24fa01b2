"""The sheets of a county's workbook: columns and rows, not yet their looks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.models.vocabulary import MentorCategory
from app.sample.mentors import APPRAISAL_YEARS
from app.sample.records import (
    SampleAssignedCadre,
    SampleCandidate,
    SampleExclusion,
    SampleKinship,
    SampleMentee,
    SampleMentor,
    SamplePerson,
    SamplePreference,
)
from app.sample.wording import (
    CATEGORIES,
    EXCLUSION_REASONS,
    OFFICIAL_GRADES,
    ONE_TO_ONE_CATEGORIES,
    RANKS,
    RELATIONS,
    REVIEWS,
    SEXES,
    SOURCES,
    SPECIALTIES,
    TARGETS,
    VILLAGE_GRADES,
    Wording,
)

Cell = str | int | None
TOWNSHIP = "乡镇（街道）"
VILLAGE = "村（社区）"
TEXT_COLUMNS = frozenset({"身份证号", "联系电话"})
"""Columns of digits that must be text cells; group headers in front do not matter."""
_VILLAGE_CATEGORIES = frozenset({MentorCategory.VILLAGE_SECRETARY, MentorCategory.VILLAGE_COMMITTEE})


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetContent:
    """One table: column headers, ``group/column`` where a column stands under a group, and the rows."""

    tab: str
    title: str
    reporting_unit: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def _sheet(tab: str, title: str, unit: str, rows: Sequence[dict[str, Cell]]) -> SheetContent:
    """A sheet from rows of one shape, with 序号 in front and 备注 at the end."""
    columns = ("序号", *rows[0], "备注")
    numbered = tuple((number, *row.values(), None) for number, row in enumerate(rows, start=1))
    return SheetContent(tab=tab, title=title, reporting_unit=unit, columns=columns, rows=numbered)


def mentee_sheet(words: Wording, mentees: Sequence[SampleMentee], tab: str, place: str, unit: str) -> SheetContent:
    """村级后备力量信息台账 or 选派干部名册."""
    candidates = [mentee for mentee in mentees if isinstance(mentee, SampleCandidate)]
    cadres = [mentee for mentee in mentees if isinstance(mentee, SampleAssignedCadre)]
    if cadres:
        return _sheet(tab, f"{place}选派干部名册", unit, [_cadre_row(words, cadre) for cadre in cadres])
    return _sheet(tab, f"{place}村级后备力量信息台账", unit, [_candidate_row(words, one) for one in candidates])


def _needs(mentee: SampleMentee) -> str | None:
    return (
        "、".join(SPECIALTIES[need] + (f"({weight})" if weight != 1 else "") for need, weight in mentee.needs) or None
    )


def _candidate_row(words: Wording, candidate: SampleCandidate) -> dict[str, Cell]:
    person = candidate.person
    return {
        TOWNSHIP: words.township(candidate.village_code),
        VILLAGE: words.village(candidate.village_code, own_township=candidate.village_code[:9].ljust(12, "0")),
        "姓名": words.name(person.name),
        "性别": SEXES[person.sex],
        "民族": words.ethnicity(person.ethnicity_code),
        "出生年月": words.month(person.birth_date),
        "籍贯": person.native_place,
        "学历": words.education(person),
        "毕业院校及专业": f"{person.school} {person.major}".strip(),
        "政治面貌": words.political_status(person),
        "入党时间": words.month(person.party_join_date),
        "参加工作时间": words.month(person.work_start_date),
        "现任职务": words.current_post(person, otherwise="务农"),
        "任职经历": words.career(person),
        "来源渠道": SOURCES[candidate.source],
        "培养方向": TARGETS[candidate.target_post],
        "入库时间": words.month(candidate.pool_date),
        "审查进度": REVIEWS[candidate.review_level],
        "能力需求": _needs(candidate),
        "身份证号": person.id_number,
        "联系电话": person.phone,
    }


def _cadre_row(words: Wording, cadre: SampleAssignedCadre) -> dict[str, Cell]:
    person = cadre.person
    return {
        TOWNSHIP: words.township(cadre.village_code),
        VILLAGE: words.village(cadre.village_code, own_township=cadre.village_code[:9].ljust(12, "0")),
        "姓名": words.name(person.name),
        "性别": SEXES[person.sex],
        "民族": words.ethnicity(person.ethnicity_code),
        "出生年月": words.month(person.birth_date),
        "学历": words.education(person),
        "政治面貌": words.political_status(person),
        "选派单位": cadre.sending_unit,
        "原单位及职务": cadre.sending_unit + person.posts[0].title,
        "选派时间": words.month(cadre.assigned_from),
        "任期至": words.month(cadre.term_end),
        "任职经历": words.career(person),
        "能力需求": _needs(cadre),
        "身份证号": person.id_number,
        "联系电话": person.phone,
    }


def mentor_sheet(
    words: Wording, mentors: Sequence[SampleMentor], tab: str, place: str, unit: str, *, is_one_to_one: bool
) -> SheetContent:
    """帮带导师库."""
    categories = ONE_TO_ONE_CATEGORIES if is_one_to_one else CATEGORIES
    rows = [_mentor_row(words, mentor, categories[mentor.category]) for mentor in mentors]
    return _sheet(tab, f"{place}帮带导师库", unit, rows)


def _mentor_row(words: Wording, mentor: SampleMentor, category: str) -> dict[str, Cell]:
    person = mentor.person
    township = words.township(mentor.pool_code)
    grades = dict(mentor.grades)
    grade_words = VILLAGE_GRADES if mentor.category in _VILLAGE_CATEGORIES else OFFICIAL_GRADES
    is_retired = mentor.category is MentorCategory.RETIRED_CADRE
    appraisals: dict[str, Cell] = {
        f"近三年考核/{year}年": grade_words[grades[year]] if year in grades else None for year in APPRAISAL_YEARS
    }
    row: dict[str, Cell] = {
        TOWNSHIP: township,
        "姓名": words.name(person.name),
        "性别": SEXES[person.sex],
        "民族": words.ethnicity(person.ethnicity_code),
        "出生年月": words.month(person.birth_date),
        "学历": words.education(person),
        "政治面貌": words.political_status(person),
        "单位及职务": words.current_post(person, otherwise=f"{township}{'退休' if is_retired else ''}干部"),
        "类别": category,
        "任职经历": words.career(person),
        "从业年限": mentor.trade_years,
        "专业特长/擅长": "、".join(SPECIALTIES[skill] for skill in mentor.good),
        "专业特长/熟悉": "、".join(SPECIALTIES[skill] for skill in mentor.familiar) or None,
    }
    return (
        row
        | appraisals
        | {
            "可帮带人数": mentor.capacity,
            "包联村": "、".join(
                words.village(code, own_township=mentor.pool_code) for code in mentor.linked_village_codes
            )
            or None,
            "居住地": words.village(mentor.residence_code) if mentor.residence_code else None,
            "处分影响期": "是" if mentor.has_discipline_in_force else "否",
            "身份证号": person.id_number,
            "联系电话": person.phone,
        }
    )


def _pair(words: Wording, first: tuple[str, SamplePerson], second: tuple[str, SamplePerson]) -> dict[str, Cell]:
    row: dict[str, Cell] = {}
    for group, person in (first, second):
        row |= {f"{group}/姓名": words.name(person.name), f"{group}/身份证号": person.id_number}
    return row


def tie_sheets(
    words: Wording,
    county: str,
    unit: str,
    kinships: Iterable[SampleKinship],
    exclusions: Iterable[SampleExclusion],
    preferences: Iterable[SamplePreference],
) -> list[SheetContent]:
    """回避关系登记表, 禁止结对登记表 and 帮带意愿登记表, each only if the county has anything to report."""
    tables: dict[str, list[dict[str, Cell]]] = {
        "回避关系登记表": [
            _pair(words, ("甲方", tie.mentee), ("乙方", tie.mentor)) | {"关系": RELATIONS[tie.relation]}
            for tie in kinships
        ],
        "禁止结对登记表": [
            _pair(words, ("帮带对象", tie.mentee), ("导师", tie.mentor)) | {"原因": EXCLUSION_REASONS[tie.reason]}
            for tie in exclusions
        ],
        "帮带意愿登记表": [
            _pair(words, ("填报人", wish.wisher), ("意愿对象", wish.wished))
            | {"意愿顺序": RANKS[wish.rank], "理由": wish.reason, "批准人": wish.approved_by}
            for wish in preferences
        ],
    }
    return [_sheet(name, county + name, unit, rows) for name, rows in tables.items() if rows]
