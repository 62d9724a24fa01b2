"""Empty workbooks to be filled in by a county, one for each kind of table; what is filled in is read back as it is."""

from dataclasses import dataclass
from datetime import date
from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet
from sqlmodel import Session, col, select

from app.access import Permission, Viewer
from app.errors import NotFoundError
from app.models import Division
from app.models.vocabulary import DivisionLevel
from app.rosters.columns import layout_of
from app.rosters.layout import INSTRUCTIONS, LISTS, Column, Layout
from app.rosters.template_words import (
    EXAMPLES,
    EXCLUSION_REASONS,
    FIXED_LISTS,
    HINTS,
    LISTS_BY_KEY,
    TEXT_KEYS,
    WIDTHS,
)
from app.rosters.words import first_words
from app.services.imports.gazetteer import Gazetteer, PlaceProblemError, load_gazetteer
from app.services.imports.records import SheetKind
from app.services.place_names import printed_village_name

FORMATTED_ROWS = 30
"""Rows that are drawn with borders; further ones are read as well."""
LISTED_ROWS = 4_000
"""Rows that offer lists."""
APPRAISED_YEARS = 3
_TITLE_FONT = Font(name="方正小标宋简体", size=18)
_HEADER_FONT = Font(name="黑体", size=11)
_BODY_FONT = Font(name="仿宋", size=11)
_CENTRE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_LEFT = Alignment(horizontal="left", vertical="center", wrap_text=True)
_THIN = Side(style="thin")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_MARGIN_INCHES = 0.5
_LIST_ERROR = ("请从列表选择", "所填内容不在列表中；确认无误可继续，导入时再核对。")


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateColumn:
    """A column of a template: its key, the parts of its header, and whether it must be filled in."""

    key: str
    group: str
    title: str
    is_required: bool

    @property
    def path(self) -> str:
        """The header as one text."""
        return f"{self.group}/{self.title}" if self.group else self.title


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A workbook that can be handed out."""

    file_name: str
    content: bytes


def template_columns(layout: Layout, today: date) -> list[TemplateColumn]:
    """The columns that a template of this layout has; appraisals are asked for the last three years."""
    found: list[TemplateColumn] = []
    for column in layout.columns:
        if not column.is_offered:
            continue
        if column.pattern is None:
            found.append(_column(layout, column))
        elif column.key == "appraisal":
            years = range(today.year - APPRAISED_YEARS, today.year)
            found += [
                TemplateColumn(key=f"appraisal_{year}", group=column.title_zh, title=f"{year}年", is_required=False)
                for year in years
            ]
    return found


def _column(layout: Layout, column: Column) -> TemplateColumn:
    group, _, title = column.title_zh.rpartition("/")
    # A stroke that no neighbour shares is a part of the title, as in 曾用名/别名.
    if sum(other.title_zh.startswith(f"{group}/") for other in layout.columns) < 2:
        group, title = "", column.title_zh
    return TemplateColumn(key=column.key, group=group, title=title, is_required=column.key in layout.required)


def template_for(session: Session, viewer: Viewer, kind: SheetKind, county_code: str, *, today: date) -> Template:
    """The empty workbook of a kind for a county in the viewer's territory, with the lists of its places."""
    viewer.require(Permission.EDIT_PEOPLE)
    code = county_code.strip()
    statement = select(Division).where(
        col(Division.level) == DivisionLevel.COUNTY, col(Division.code).in_([code, f"{code}000000"])
    )
    county = session.exec(statement.order_by(col(Division.valid_from).desc())).first()
    if county is None or (viewer.county_ids is not None and county.id not in viewer.county_ids):
        raise NotFoundError("No county of this code in your territory.", "辖区内没有该代码的县。", path=("county",))
    gazetteer = load_gazetteer(session, county, today=today)
    layout = layout_of(kind)
    return Template(
        file_name=f"{county.name}{layout.title_zh}（模板）.xlsx",
        content=build_template(layout, gazetteer, _own_townships(viewer, gazetteer), today=today),
    )


def _own_townships(viewer: Viewer, gazetteer: Gazetteer) -> list[Division]:
    """The townships that the viewer enters people of."""
    prefix = viewer.code_prefix[:9]
    return [each for each in gazetteer.townships() if each.code.startswith(prefix)]


def build_template(layout: Layout, gazetteer: Gazetteer, townships: list[Division], *, today: date) -> bytes:
    """The file: the table, how to fill it in, and the lists."""
    book = Workbook()
    sheet = book.active
    if not isinstance(sheet, Worksheet):
        raise TypeError("A new workbook has a worksheet.")
    sheet.title = layout.title_zh
    columns = template_columns(layout, today)
    title = f"{gazetteer.county.name}{layout.title_zh}"
    if layout.kind is SheetKind.TRAVEL_MATRIX:
        n_columns, first_row = _matrix(sheet, townships)
    else:
        n_columns, first_row = len(columns), _header(sheet, columns)
        _body(sheet, columns, first_row, townships)
        _lists(book, sheet, layout, columns, first_row, gazetteer, townships)
    sheet.cell(1, 1, title).font = _TITLE_FONT
    sheet.cell(1, 1).alignment = _CENTRE
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=max(n_columns, 2))
    sheet.row_dimensions[1].height = 36
    sheet.freeze_panes = f"{'B' if layout.kind is SheetKind.TRAVEL_MATRIX else 'A'}{first_row}"
    _print_settings(sheet, f"2:{first_row - 1}")
    _instructions(book, layout, columns)
    book.move_sheet(INSTRUCTIONS, offset=-(len(book.sheetnames) - 2))
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def _header(sheet: Worksheet, columns: list[TemplateColumn]) -> int:
    """Write the header from row 2; the first row below it."""
    is_grouped = any(column.group for column in columns)
    last = 3 if is_grouped else 2
    for at, column in enumerate(columns, start=1):
        title = f"*{column.title}" if column.is_required else column.title
        if not column.group:
            sheet.cell(2, at, title)
            if is_grouped:
                sheet.merge_cells(start_row=2, start_column=at, end_row=3, end_column=at)
        else:
            sheet.cell(3, at, title)
            if at == 1 or columns[at - 2].group != column.group:
                width = sum(other.group == column.group for other in columns)
                sheet.cell(2, at, column.group)
                sheet.merge_cells(start_row=2, start_column=at, end_row=2, end_column=at + width - 1)
        width_in_digits = WIDTHS.get(column.key, max(10, 2 * len(title) + 2))
        sheet.column_dimensions[get_column_letter(at)].width = width_in_digits
        for row in range(2, last + 1):
            cell = sheet.cell(row, at)
            cell.font, cell.alignment, cell.border = _HEADER_FONT, _CENTRE, _BOX
    for row in range(2, last + 1):
        sheet.row_dimensions[row].height = 30
    return last + 1


def _body(sheet: Worksheet, columns: list[TemplateColumn], first_row: int, townships: list[Division]) -> None:
    """The row of the example and empty rows; columns of text stay so below them."""
    for at, column in enumerate(columns, start=1):
        is_text = column.key in TEXT_KEYS
        if is_text:
            sheet.column_dimensions[get_column_letter(at)].number_format = "@"
        example = EXAMPLES.get("appraisal" if column.key.startswith("appraisal_") else column.key)
        if column.key == "township" and townships:
            example = townships[0].name
        for row in range(first_row, first_row + FORMATTED_ROWS):
            cell = sheet.cell(row, at)
            cell.font, cell.border = _BODY_FONT, _BOX
            cell.alignment = _LEFT if column.key in ("career", "note", "unit_and_post") else _CENTRE
            if is_text:
                cell.number_format = "@"
        if example is not None:
            sheet.cell(first_row, at).value = example


def _matrix(sheet: Worksheet, townships: list[Division]) -> tuple[int, int]:
    """Townships across and down; only one of the two halves need be filled in."""
    names = ["起点＼终点", *(township.name for township in townships)]
    for at, name in enumerate(names, start=1):
        for cell in (sheet.cell(2, at, name), sheet.cell(at + 1, 1, name)):
            cell.font, cell.alignment, cell.border = _HEADER_FONT, _CENTRE, _BOX
        sheet.column_dimensions[get_column_letter(at)].width = max(10, 2 * len(name) + 2)
    for row in range(3, len(names) + 2):
        for at in range(2, len(names) + 1):
            cell = sheet.cell(row, at, "-" if row == at + 1 else None)
            cell.font, cell.alignment, cell.border = _BODY_FONT, _CENTRE, _BOX
    return len(names), 3


def _lists(
    book: Workbook,
    sheet: Worksheet,
    layout: Layout,
    columns: list[TemplateColumn],
    first_row: int,
    gazetteer: Gazetteer,
    townships: list[Division],
) -> None:
    """Lists to choose from; they stand in a hidden sheet, because a rule itself takes 255 characters only."""
    lists = book.create_sheet(LISTS)
    lists.sheet_state = "hidden"
    villages = _villages(gazetteer, townships)
    letters = {column.key: get_column_letter(at) for at, column in enumerate(columns, start=1)}
    for key, letter in letters.items():
        words = _words_of(layout.kind, key)
        if key == "township":
            words = tuple(township.name for township in townships)
            if layout.kind is SheetKind.MENTORS:
                words = ("县直", *words)
        if key == "village":
            if "township" in letters:
                _dependent(book, lists, sheet, letter, letters["township"], first_row, villages)
        elif words:
            _offer(sheet, letter, first_row, f"={_write_list(lists, key, words)}")


def _words_of(kind: SheetKind, key: str) -> tuple[str, ...]:
    key = "appraisal" if key.startswith("appraisal_") else key
    if key in FIXED_LISTS:
        return FIXED_LISTS[key]
    if key == "reason" and kind is SheetKind.EXCLUSIONS:
        return EXCLUSION_REASONS
    return tuple(first_words(LISTS_BY_KEY[key])) if key in LISTS_BY_KEY else ()


def _write_list(lists: Worksheet, title: str, words: tuple[str, ...]) -> str:
    """Write a list into the next free column; the reference to it."""
    at = lists.max_column + 1 if lists.cell(1, 1).value else 1
    lists.cell(1, at, title)
    for row, word in enumerate(words, start=2):
        lists.cell(row, at, word)
    letter = get_column_letter(at)
    return f"'{LISTS}'!${letter}$2:${letter}${len(words) + 1}"


def _offer(sheet: Worksheet, letter: str, first_row: int, formula: str) -> None:
    rule = DataValidation(type="list", formula1=formula.removeprefix("="), allow_blank=True, showErrorMessage=True)
    # Other words are understood as well, so the list advises and does not forbid.
    rule.errorStyle, (rule.errorTitle, rule.error) = "warning", _LIST_ERROR
    rule.add(f"{letter}{first_row}:{letter}{first_row + LISTED_ROWS - 1}")
    sheet.add_data_validation(rule)


def _dependent(
    book: Workbook,
    lists: Worksheet,
    sheet: Worksheet,
    letter: str,
    township_letter: str,
    first_row: int,
    villages: dict[str, tuple[str, ...]],
) -> None:
    """The villages of the township that stands in the same row, by a name for each list."""
    for township, names in villages.items():
        name = f"村_{township}"
        book.defined_names[name] = DefinedName(name, attr_text=_write_list(lists, township, names))
    _offer(sheet, letter, first_row, f'=INDIRECT("村_"&${township_letter}{first_row})')


def _villages(gazetteer: Gazetteer, townships: list[Division]) -> dict[str, tuple[str, ...]]:
    """The villages of each township by names that are read as what they are, with the code where that takes it."""
    found: dict[str, list[str]] = {township.name: [] for township in townships}
    own = {township.id: township for township in townships}
    villages = [each for each in gazetteer.divisions.values() if each.level is DivisionLevel.VILLAGE]
    for village in sorted(villages, key=lambda each: (each.display_order, each.code)):
        township = own.get(village.parent_id) if village.parent_id is not None else None
        if township is not None:
            found[township.name].append(_readable(gazetteer, village, township))
    return {township: tuple(names) for township, names in found.items() if names}


def _readable(gazetteer: Gazetteer, village: Division, township: Division) -> str:
    for name in (printed_village_name(village.name), village.name):
        try:
            if gazetteer.village(name, township).id == village.id:
                return name
        except PlaceProblemError:
            continue
    return gazetteer.label(village)


def _print_settings(sheet: Worksheet, header_rows: str) -> None:
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = header_rows
    sheet.print_options.horizontalCentered = True
    sheet.page_margins.left = sheet.page_margins.right = _MARGIN_INCHES
    sheet.page_margins.top = sheet.page_margins.bottom = _MARGIN_INCHES
    if sheet.oddFooter is not None:
        sheet.oddFooter.center.text = "第 &P 页 共 &N 页"


def _instructions(book: Workbook, layout: Layout, columns: list[TemplateColumn]) -> None:
    """How to fill in the table; the importer does not read this sheet."""
    sheet = book.create_sheet(INSTRUCTIONS)
    lines = [
        f"{layout.title_zh}：填表须知",
        "一、带*的列必须填写；列名可以调整顺序，不要删除或合并数据行。",
        "二、“示例”行仅供参考，导入时自动跳过，可以删除。",
        "三、空白单元格不会清除系统中已有的内容；同一文件重复导入不会产生重复记录。",
        "四、身份证号、电话、日期各列已设为文本格式，请勿改为数字格式。",
    ]
    for row, line in enumerate(lines, start=1):
        sheet.cell(row, 1, line)
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=3)
    sheet.cell(1, 1).font = _TITLE_FONT
    first = len(lines) + 2
    for at, (title, width) in enumerate((("列名", 24), ("是否必填", 10), ("填写说明", 80)), start=1):
        cell = sheet.cell(first, at, title)
        cell.font, cell.alignment, cell.border = _HEADER_FONT, _CENTRE, _BOX
        sheet.column_dimensions[get_column_letter(at)].width = width
    for row, column in enumerate(columns, start=first + 1):
        hint = HINTS.get(column.key, "")
        words = _words_of(layout.kind, column.key)
        if words and not hint:
            hint = "可填：" + "、".join(words)
        for at, text in enumerate((column.path, "是" if column.is_required else "否", hint), start=1):
            cell = sheet.cell(row, at, text)
            cell.font, cell.alignment, cell.border = _BODY_FONT, _LEFT, _BOX
    _print_settings(sheet, f"{first}:{first}")
