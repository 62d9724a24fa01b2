"""Builds small workbooks the way counties do, from rows of texts."""

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

CANDIDATE_HEADERS = (
    "序号", "乡镇（街道）", "村（社区）", "姓名", "性别", "民族", "出生年月", "籍贯", "学历", "毕业院校及专业",
    "政治面貌", "入党时间", "参加工作时间", "现任职务", "任职经历", "来源渠道", "培养方向", "入库时间", "审查进度",
    "能力需求", "身份证号", "联系电话", "备注",
)  # fmt: skip
ASSIGNED_HEADERS = (
    "序号", "乡镇（街道）", "村（社区）", "姓名", "性别", "民族", "出生年月", "学历", "政治面貌", "选派单位",
    "原单位及职务", "选派时间", "任期至", "任职经历", "能力需求", "身份证号", "联系电话", "备注",
)  # fmt: skip
MENTOR_HEADERS = (
    "序号", "乡镇（街道）", "姓名", "性别", "民族", "出生年月", "学历", "政治面貌", "单位及职务", "类别", "任职经历",
    "从业年限", "专业特长/擅长", "专业特长/熟悉", "近三年考核/2022年", "近三年考核/2023年", "近三年考核/2024年",
    "可帮带人数", "包联村", "居住地", "处分影响期", "身份证号", "联系电话", "备注",
)  # fmt: skip
KINSHIP_HEADERS = ("甲方/姓名", "甲方/身份证号", "乙方/姓名", "乙方/身份证号", "关系")
EXCLUSION_HEADERS = ("帮带对象/姓名", "帮带对象/身份证号", "导师/姓名", "导师/身份证号", "原因")
PREFERENCE_HEADERS = (
    "填报人/姓名", "填报人/身份证号", "意愿对象/姓名", "意愿对象/身份证号", "意愿顺序", "理由", "批准人",
)  # fmt: skip

Row = Mapping[str, object]


def new_workbook() -> Workbook:
    """A workbook without sheets."""
    book = Workbook()
    book.remove(book.active)
    return book


def add_sheet(
    book: Workbook,
    name: str,
    headers: Sequence[str],
    rows: Sequence[Row],
    *,
    title: str | None = None,
    arrange: Callable[[Worksheet], None] | None = None,
) -> Worksheet:
    """One sheet: an optional merged title, one or two header rows (groups merged), and the rows by header."""
    sheet = book.create_sheet(name)
    line = 1
    if title is not None:
        sheet.cell(1, 1, title)
        sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(headers))
        line = 2
    is_grouped = any("/" in header for header in headers)
    for column, header in enumerate(headers, start=1):
        group, _, leaf = header.rpartition("/")
        if not is_grouped:
            sheet.cell(line, column, header)
        elif group:
            if column == 1 or headers[column - 2].rpartition("/")[0] != group:
                width = sum(1 for other in headers if other.rpartition("/")[0] == group)
                sheet.cell(line, column, group)
                sheet.merge_cells(start_row=line, start_column=column, end_row=line, end_column=column + width - 1)
            sheet.cell(line + 1, column, leaf)
        else:
            sheet.cell(line, column, header)
            sheet.merge_cells(start_row=line, start_column=column, end_row=line + 1, end_column=column)
    line += 2 if is_grouped else 1
    for row in rows:
        for column, header in enumerate(headers, start=1):
            if header in row:
                sheet.cell(line, column, row[header])
        line += 1
    if arrange is not None:
        arrange(sheet)
    return sheet


def to_bytes(book: Workbook) -> bytes:
    """The file."""
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()
