"""What a county or prefecture prints otherwise than a form is delivered: checked, stored, and put over the form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from sqlmodel import Session, col, select

from app.access import Permission, Viewer, record, require_division
from app.errors import AppError, InvalidInputError, NotFoundError, VersionConflictError
from app.models import Division, FormText
from app.models.vocabulary import AuditAction, DivisionLevel, ExportForm, MenteeKind
from app.rosters.csvform import FORMULA_STARTS
from app.rosters.forms.template import PLACE, FormColumn, FormTemplate
from app.rosters.forms.words import default_template
from app.services.people.records import stamp
from app.services.privacy.numbers import has_personal_number
from app.services.versions import expect_version

LINES = ("notes", "sign_off")
"""Texts of several lines: one sentence, or one signature, in each."""
_LINE_KEYS = ("annex", "title", "unit", "date", "page_number", "sheet_name", "title_font", "header_font", "body_font")
_MAY_BE_EMPTY = ("annex", "unit", "date", *LINES)
_LONGEST = {"notes": 600, "sign_off": 200, "sheet_name": 31, "title_font": 31, "header_font": 31, "body_font": 31}
"""Characters; names of sheets and fonts are as long as Excel and Windows take them."""
_LONGEST_OTHER = 120
_MOST_LINES = 8
_LEAST_WIDTH, _MOST_WIDTH = 2.0, 80.0
_FONT = re.compile(r"[\w][\w \-]*")
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\']")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffe\uffff]")
PLACES = {
    "title": {"title", "subject", "division", "year", "program"},
    "annex": {"division", "year"},
    "unit": {"unit", "division"},
    "date": {"date"},
    "notes": {"reference_date", "order", "roster_version", "former_version", "division", "year"},
    "page_number": {"page", "pages"},
}
"""Which texts can be filled in where; the phrases of a table keep those that they have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormTextDraft:
    """The texts and widths of a form in one division; they replace all that were set before."""

    division_id: UUID
    form: ExportForm
    texts: Mapping[str, str]
    widths: Mapping[str, float]
    expected_version: int | None = None


def texts_of(template: FormTemplate) -> dict[str, str]:
    """Every text of a form that can be changed, by key."""
    named = {key: str(getattr(template, key)) for key in _LINE_KEYS}
    lines = {key: "\n".join(getattr(template, key)) for key in LINES}
    headers = {f"header.{path}": column.header for path, column in template.columns.items()}
    groups = {f"group.{name}": text for name, text in template.groups.items()}
    phrases = {f"phrase.{name}": text for name, text in template.phrases.items()}
    return named | lines | headers | groups | phrases


def widths_of(template: FormTemplate) -> dict[str, float]:
    """The width of every column, by its path."""
    return {path: column.width for path, column in template.columns.items()}


def with_texts(template: FormTemplate, texts: Mapping[str, str], widths: Mapping[str, float]) -> FormTemplate:
    """The form with other texts and widths; those of columns that it does not have are left out."""
    columns = {
        path: replace(column, header=texts.get(f"header.{path}", column.header), width=widths.get(path, column.width))
        for path, column in template.columns.items()
    }
    changed: dict[str, object] = {key: texts[key] for key in _LINE_KEYS if key in texts}
    changed |= {key: tuple(line for line in texts[key].split("\n") if line) for key in LINES if key in texts}
    groups = {name: texts.get(f"group.{name}", text) for name, text in template.groups.items()}
    phrases = {name: texts.get(f"phrase.{name}", text) for name, text in template.phrases.items()}
    return replace(template, columns=columns, groups=groups, phrases=phrases, **changed)  # type: ignore[arg-type]


def template_for(
    session: Session, form: ExportForm, division: Division, mentee_kind: MenteeKind | None = None
) -> FormTemplate:
    """The form as a division prints it: what it has set goes before what the division above it has set."""
    template = default_template(form, mentee_kind)
    for row in _rows_above(session, form, division):
        template = with_texts(template, row.texts, row.widths)
    return template


def _rows_above(session: Session, form: ExportForm, division: Division) -> list[FormText]:
    """What is set for the form, from the highest division down to this one."""
    line = [division]
    while (parent_id := line[-1].parent_id) is not None:
        line.append(session.get_one(Division, parent_id))
    keys = [each.id for each in reversed(line)]
    rows = select(FormText).where(FormText.form == form, col(FormText.division_id).in_(keys))
    return sorted(session.exec(rows), key=lambda row: keys.index(row.division_id))


def effective_template(session: Session, form: ExportForm, division: Division) -> FormTemplate:
    """As ``template_for``, with the columns of either kind of mentee."""
    template = _whole(form)
    for row in _rows_above(session, form, division):
        template = with_texts(template, row.texts, row.widths)
    return template


def find_form_text(session: Session, division_id: UUID, form: ExportForm) -> FormText | None:
    """What a division itself has set for a form."""
    return session.exec(select(FormText).where(FormText.division_id == division_id, FormText.form == form)).first()


def set_form_text(session: Session, viewer: Viewer, draft: FormTextDraft) -> FormText:
    """Store what a county or prefecture prints otherwise; it holds for what is printed from now on."""
    division = _require_office(session, viewer, draft.division_id)
    _check(draft)
    row = find_form_text(session, division.id, draft.form)
    if row is None:
        if draft.expected_version is not None:
            raise VersionConflictError(
                f"Division {division.code} has set nothing for {draft.form} any more; read it again.",
                f"区划 {division.code} 对该表的设定已被恢复默认，请重新读取后再修改。",
                path=("expected_version",),
            )
        row = FormText(division_id=division.id, form=draft.form, created_by=viewer.subject, updated_by=viewer.subject)
    else:
        expect_version(session, row, draft.expected_version)
        stamp(row, viewer)
    row.texts, row.widths = dict(draft.texts), dict(draft.widths)
    session.add(row)
    session.flush()
    _record(session, viewer, AuditAction.FORM_TEXT_SET, division, draft.form, sorted({*row.texts, *row.widths}))
    return row


def reset_form_text(session: Session, viewer: Viewer, division_id: UUID, form: ExportForm) -> Division:
    """Print a form as it is delivered, or as the division above has set it."""
    division = _require_office(session, viewer, division_id)
    row = find_form_text(session, division.id, form)
    if row is None:
        raise NotFoundError(
            f"Division {division.code} has set nothing for {form}.",
            f"区划 {division.code} 未修改过该表。",
            path=("form",),
        )
    session.delete(row)
    session.flush()
    _record(session, viewer, AuditAction.FORM_TEXT_RESET, division, form, [])
    return division


def _record(
    session: Session, viewer: Viewer, action: AuditAction, division: Division, form: ExportForm, keys: list[str]
) -> None:
    county_id = division.id if division.level is DivisionLevel.COUNTY else None
    record(session, viewer, action, f"Division {division.id}", county_id=county_id, form=form.value, keys=keys)


def _require_office(session: Session, viewer: Viewer, division_id: UUID) -> Division:
    viewer.require(Permission.EXPORT)
    division = require_division(session, viewer, division_id, path=("divisionId",))
    if division.level not in (DivisionLevel.COUNTY, DivisionLevel.PREFECTURE):
        raise InvalidInputError(
            f"Forms are worded by counties and prefectures; {division.code} is a {division.level}.",
            f"表册文字由县级或市级设定；{division.code} 不是。",
            path=("divisionId",),
        )
    return division


def _whole(form: ExportForm) -> FormTemplate:
    """The form with the columns of either kind of mentee."""
    first, second = (default_template(form, kind) for kind in MenteeKind)
    columns: dict[str, FormColumn] = {**second.columns, **first.columns}
    return replace(first, columns=columns)


def _check(draft: FormTextDraft) -> None:
    template = _whole(draft.form)
    known, columns = texts_of(template), widths_of(template)
    for key, text in draft.texts.items():
        if key not in known:
            raise _refusal(key, "is no text of this form", "不是该表的文字项")
        _check_text(key, text, known[key])
    for path, width in draft.widths.items():
        if path not in columns:
            raise _refusal(path, "is no column of this form", "不是该表的栏目")
        if not _LEAST_WIDTH <= width <= _MOST_WIDTH:
            raise _refusal(
                path,
                f"must be {_LEAST_WIDTH:g} to {_MOST_WIDTH:g} characters wide",
                f"栏宽须为{_LEAST_WIDTH:g}至{_MOST_WIDTH:g}个字符",
            )


def _check_text(key: str, text: str, default: str) -> None:
    longest = _LONGEST.get(key, _LONGEST_OTHER)
    lines = text.split("\n")
    if len(text) > longest:
        raise _refusal(key, f"is longer than {longest} characters", f"超过{longest}字")
    if not text.strip() and key not in _MAY_BE_EMPTY:
        raise _refusal(key, "must not be empty", "不能为空")
    if _CONTROL.search(text) or (len(lines) > 1 and key not in LINES and not key.startswith("header.")):
        raise _refusal(key, "holds characters that do not print, or line breaks", "含不可打印字符或多余换行")
    if len(lines) > _MOST_LINES:
        raise _refusal(key, f"has more than {_MOST_LINES} lines", f"超过{_MOST_LINES}行")
    if any(line.startswith(FORMULA_STARTS) for line in lines):
        raise _refusal(key, "begins like a formula", "以公式符号开头")
    if has_personal_number(text):
        raise _refusal(key, "holds an ID number or a phone", "含身份证号或电话号码")
    used = set(PLACE.findall(text))
    allowed = set(PLACE.findall(default)) if key.startswith("phrase.") else PLACES.get(key, set())
    if not used <= allowed or "{" in PLACE.sub("", text) or "}" in PLACE.sub("", text):
        places = "、".join(f"{{{name}}}" for name in sorted(allowed)) or "-"
        raise _refusal(key, f"may be filled in with {places} only", f"仅可使用占位符：{places}")
    if key == "page_number" and ("page" not in used or "&" in text):
        raise _refusal(key, "must show {page}, and hold no &", "须含{page}，且不得含 &")
    if key == "sheet_name" and _NOT_IN_SHEET_NAMES.search(text):
        raise _refusal(key, "holds characters that Excel does not take in names of sheets", "含工作表名称不允许的字符")
    if key.endswith("_font") and not _FONT.fullmatch(text):
        raise _refusal(key, "is no name of a font", "不是字体名称")


def _refusal(key: str, english: str, chinese: str) -> AppError:
    shown = key if key.isprintable() and len(key) <= _LONGEST_OTHER else "?"
    return InvalidInputError(f"`{shown}` {english}.", f"“{shown}”{chinese}。", path=("texts",))
