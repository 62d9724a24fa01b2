"""Workbooks as counties send them: titles, merged two-level headers, habits of each county; the same to the byte."""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from app.models.vocabulary import MenteeKind
from app.sample.catalog import Sample
from app.sample.people import generate_people
from app.sample.places import Place, SamplePlaces
from app.sample.records import SamplePeople, SamplePerson
from app.sample.sheets import (
    TEXT_COLUMNS,
    TOWNSHIP,
    VILLAGE,
    Cell,
    SheetContent,
    mentee_sheet,
    mentor_sheet,
    tie_sheets,
)
from app.sample.wording import CountyStyle, Wording

_FIXED_STAMP = (2025, 3, 3, 9, 0, 0)
_FIXED_TIME = b"2025-03-03T09:00:00Z"
_TIME_PROPERTIES = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")
_REPORT_DAY = "2025年3月3日"
_HEADER_WORDS = {
    "姓名": "姓  名",
    "政治面貌": "政治\n面貌",
    "出生年月": "出生\n年月",
    "参加工作时间": "参加工\n作时间",
    "毕业院校及专业": "毕业院校\n及专业",
    "可帮带人数": "可帮带\n人数",
    "入党时间": "入党\n时间",
    "处分影响期": "处分\n影响期",
}
_WIDE_COLUMNS = {"任职经历": 44.0, "单位及职务": 26.0, "身份证号": 22.0, "联系电话": 14.0, "毕业院校及专业": 22.0}
_TITLE_FONT = Font(name="方正小标宋简体", size=18)
_HEADER_FONT = Font(name="黑体", size=10)
_CENTRE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_LEFT = Alignment(horizontal="left", vertical="center", wrap_text=True)
_THIN = Side(style="thin")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
TITLE_ROWS = 2
"""Title and subtitle stand above the header."""


class CountyWorkbooks:
    """The workbooks of one sample, county by county."""

    def __init__(self, sample: Sample) -> None:
        self._places = SamplePlaces(sample)
        self._people = generate_people(sample, self._places)
        self._is_one_to_one = sample.shape.program.mentee_kind is MenteeKind.ASSIGNED_CADRE

    @property
    def people(self) -> SamplePeople:
        """The people that the workbooks are about."""
        return self._people

    def file_name(self, county: Place) -> str:
        """Name of a county's file; it begins with the six digits of the county."""
        return f"{county.code[:6]}{county.name}结对帮带信息台账.xlsx"

    @property
    def counties(self) -> tuple[Place, ...]:
        """Counties in official order."""
        return self._places.counties

    def render(self, county: Place) -> bytes:
        """The file of one county."""
        index = self.counties.index(county)
        style = CountyStyle.of_county(self._places.random(f"style/{county.code}"), index)
        book = Workbook()
        del book["Sheet"]
        for content in self._sheets(county, Wording(self._places, style)):
            _write_sheet(book.create_sheet(content.tab), content, style)
        book.properties.creator = f"中共{county.name}委组织部"
        buffer = io.BytesIO()
        book.save(buffer)
        return _with_fixed_times(buffer.getvalue())

    def _sheets(self, county: Place, words: Wording) -> Iterator[SheetContent]:
        mentees = [m for m in self._people.mentees if m.village_code.startswith(county.code[:6])]
        mentors = [m for m in self._people.mentors if m.pool_code.startswith(county.code[:6])]
        unit = f"中共{county.name}委组织部"
        tab = "选派干部" if self._is_one_to_one else "后备力量"
        if words.style.has_sheet_per_township:
            for township in self._places.children(county.code):
                own = [m for m in mentees if m.village_code.startswith(township.code[:9])]
                if own:
                    yield mentee_sheet(
                        words, own, f"{township.name}{tab}", township.name, _party_committee(township.name)
                    )
            for pool in sorted({mentor.pool_code for mentor in mentors}):
                own_pool = [mentor for mentor in mentors if mentor.pool_code == pool]
                is_county = pool == county.code
                name = "县直" if is_county else self._places.by_code[pool].name
                reporting = unit if is_county else _party_committee(name)
                yield mentor_sheet(words, own_pool, f"{name}导师", name, reporting, is_one_to_one=self._is_one_to_one)
        else:
            yield mentee_sheet(words, mentees, tab, county.name, unit)
            yield mentor_sheet(words, mentors, "导师库", county.name, unit, is_one_to_one=self._is_one_to_one)

        def is_here(person: SamplePerson) -> bool:
            return person.home_code.startswith(county.code[:6])

        yield from tie_sheets(
            words,
            county.name,
            unit,
            [tie for tie in self._people.kinships if is_here(tie.mentee)],
            [tie for tie in self._people.exclusions if is_here(tie.mentee)],
            [wish for wish in self._people.preferences if is_here(wish.wisher)],
        )


def _party_committee(township_name: str) -> str:
    """The Party organ of a township: a working committee in subdistricts."""
    return township_name + ("党工委" if township_name.endswith("街道") else "党委")


def _write_sheet(sheet: Worksheet, content: SheetContent, style: CountyStyle) -> None:
    width = len(content.columns)
    _merge(sheet, 1, 1, 1, width, content.title, _CENTRE)
    sheet.cell(1, 1).font = _TITLE_FONT
    middle = max(1, width // 2)
    _merge(sheet, 2, 1, 2, middle, f"填报单位（盖章）：{content.reporting_unit}", _LEFT)
    _merge(sheet, 2, middle + 1, 2, width, f"填报时间：{_REPORT_DAY}", _LEFT)
    first_row = _write_header(sheet, content.columns)
    for row_number, values in enumerate(content.rows, start=first_row):
        for column, value in enumerate(values, start=1):
            if value is not None:
                cell = sheet.cell(row_number, column, value)
                if content.columns[column - 1].rpartition("/")[2] in TEXT_COLUMNS:
                    cell.number_format = "@"
    last_row = first_row + len(content.rows) - 1
    if style.merges_places:
        _merge_places(sheet, content, first_row)
    _merge(sheet, last_row + 1, 1, last_row + 1, 2, "合计", _CENTRE)
    sheet.cell(last_row + 1, 3, f"{len(content.rows)}人" if TOWNSHIP in content.columns else f"{len(content.rows)}对")
    note = "注：1. 本表按乡镇建制顺序、村排序。2. 出生年月以居民身份证为准。"
    _merge(sheet, last_row + 2, 1, last_row + 2, width, note, _LEFT)
    sheet.freeze_panes = f"A{first_row}"
    for column, name in enumerate(content.columns, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = _WIDE_COLUMNS.get(name, 11.0)


def _merge(sheet: Worksheet, top: int, left: int, bottom: int, right: int, value: str, alignment: Alignment) -> None:
    sheet.cell(top, left, value).alignment = alignment
    if (top, left) != (bottom, right):
        sheet.merge_cells(start_row=top, start_column=left, end_row=bottom, end_column=right)


def _write_header(sheet: Worksheet, columns: Sequence[str]) -> int:
    """Two header rows, groups merged across and single columns merged down; returns the first row of data."""
    top = TITLE_ROWS + 1
    column = 1
    while column <= len(columns):
        group, _, name = columns[column - 1].rpartition("/")
        if not group:
            _header_cell(sheet, top, column, top + 1, column, name)
            column += 1
            continue
        last = column
        while last < len(columns) and columns[last].startswith(group + "/"):
            last += 1
        _header_cell(sheet, top, column, top, last, group)
        for member in range(column, last + 1):
            _header_cell(sheet, top + 1, member, top + 1, member, columns[member - 1].rpartition("/")[2])
        column = last + 1
    return top + 2


def _header_cell(sheet: Worksheet, top: int, left: int, bottom: int, right: int, name: str) -> None:
    _merge(sheet, top, left, bottom, right, _HEADER_WORDS.get(name, name), _CENTRE)
    sheet.cell(top, left).font = _HEADER_FONT
    sheet.cell(top, left).border = _BOX


def _merge_places(sheet: Worksheet, content: SheetContent, first_row: int) -> None:
    """Merge runs of one township, and within it of one village, downwards."""
    keys: list[list[Cell]] = [[] for _ in content.rows]
    for name in (TOWNSHIP, VILLAGE):
        if name not in content.columns:
            continue
        index = content.columns.index(name)
        for key, row in zip(keys, content.rows, strict=True):
            key.append(row[index])
        start = 0
        for position in range(1, len(keys) + 1):
            if position == len(keys) or keys[position] != keys[start]:
                if position - start > 1:
                    sheet.merge_cells(
                        start_row=first_row + start,
                        start_column=index + 1,
                        end_row=first_row + position - 1,
                        end_column=index + 1,
                    )
                start = position


def _with_fixed_times(data: bytes) -> bytes:
    """The same archive with fixed time stamps: saving twice gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "docProps/core.xml":
                content = _TIME_PROPERTIES.sub(rb"\g<1>" + _FIXED_TIME + rb"\g<3>", content)
            fixed = zipfile.ZipInfo(entry.filename, date_time=_FIXED_STAMP)
            fixed.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(fixed, content)
    return out.getvalue()
