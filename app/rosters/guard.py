"""The last look at a file before it is handed out: no unmasked ID number or mobile number may be in it."""

import re
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping
from io import BytesIO

from app.errors import PersonalDataInExportError
from app.rosters.grid import FormDocument, FormGrid
from app.services.privacy.numbers import count_personal_numbers as count_personal_numbers
from app.services.privacy.numbers import has_personal_number

_MARKUP = re.compile(r"<[^>]*>")
_MAX_ROWS_NAMED = 10
_CHINESE_DIGITS = str.maketrans("〇零○一二三四五六七八九", "000123456789")
_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(?:"
    r"\s*[.\-/年．]\s*(?:1[0-2]|0?[1-9]|十[一二12]?)(?!\d)"
    r"|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])?(?!\d)"
    r")"
)
"""A year with its month: 1990.06, 1990-6, 1990年6月, 一九九〇年六月, 199006, 19900612."""
_SEPARATORS = re.compile(r"(?<=\d)[\W_]{1,3}(?=\d)")
"""What stands between the groups of a number: 138.1234.5678, 138 — 1234 — 5678."""
_BIRTH_WORDS = ("出生", "生日", "身份证")
_YOUNGEST_YEARS = 16
"""Whoever is on a roster is older; a date that far back, outside the table too, is taken for a birth date."""


def require_clean_grid(grid: FormGrid) -> None:
    """Refuse a grid with unmasked numbers, naming the rows by their printed number, never by their content."""
    rows = [
        position
        for position, block in enumerate(grid.blocks, start=1)
        # A space between cells would join the groups of a number that is none.
        if count_personal_numbers("\n".join(str(cell) for line in block for cell in line))
    ]
    if rows:
        named = ", ".join(str(row) for row in rows[:_MAX_ROWS_NAMED]) + (" …" if len(rows) > _MAX_ROWS_NAMED else "")
        raise PersonalDataInExportError(
            f"{len(rows)} row(s) hold an unmasked ID or mobile number (rows {named}); no file was made. Correct the"
            " people concerned and publish a new version.",
            f"有 {len(rows)} 行含未脱敏的身份证号或手机号（序号 {named}），未生成文件。请更正相关人员信息后重新发布。",
        )


def require_clean_texts(texts: Iterable[str]) -> None:
    """Refuse a finished file whose visible or hidden texts hold unmasked numbers."""
    found = sum(count_personal_numbers(text) for text in texts)
    if found:
        raise PersonalDataInExportError(
            f"The file would hold {found} unmasked ID or mobile number(s) in its title, notes or properties;"
            " no file was made. Correct the header of the roster or the label of the exporting account.",
            f"文件表头、附注或属性中含 {found} 处未脱敏的身份证号或手机号，未生成文件。"
            "请更正花名册表头或导出账号名称。",
        )


def texts_of_parts(parts: Mapping[str, bytes]) -> list[str]:
    """What can be read in the parts of an xlsx file: every text between the tags."""
    return [_MARKUP.sub("\n", part.decode("utf-8")) for name, part in parts.items() if name.endswith((".xml", ".rels"))]


def parts_of_archive(data: bytes) -> dict[str, bytes]:
    """The parts of an xlsx file by name, in the order in which they stand."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def require_public(document: FormDocument, year: int) -> None:
    """Refuse a public form with a number or a birth date in it, wherever it stands; ``year`` is that of the form.

    In the table every month of a year is refused. Around it, where the days of the notice stand, only those that lie
    as far back as a birth.
    """
    rows = [
        position
        for position, block in enumerate(document.grid.blocks, start=1)
        if any(_is_private(str(cell), latest=None) for line in block for cell in line[1:])
    ]
    if rows:
        named = ", ".join(str(row) for row in rows[:_MAX_ROWS_NAMED]) + (" …" if len(rows) > _MAX_ROWS_NAMED else "")
        raise PersonalDataInExportError(
            f"{len(rows)} row(s) of the public notice hold an ID number, a phone or a birth date (rows {named});"
            " no file was made. Correct the unit and post of the people concerned and publish a new version.",
            f"公示版有 {len(rows)} 行含身份证号、电话或出生日期（序号 {named}），未生成文件。"
            "请更正相关人员的单位及职务后重新发布。",
        )
    # Digits of a checksum in our own mark can look like any year.
    around = [text for text in document.texts if text != document.own_mark]
    if has_personal_number(document.own_mark) or any(_is_private(t, latest=year - _YOUNGEST_YEARS) for t in around):
        raise PersonalDataInExportError(
            "The words of the public notice hold an ID number, a phone or a birth date, or ask for one; no file was"
            " made. Correct the texts of the form or the header of the roster.",
            "公示版的表头、附注等文字中含身份证号、电话或出生日期（或相应栏目），未生成文件。请更正表册文字或花名册表头。",
        )


def require_public_mark(line: str, year: int) -> None:
    """Refuse a mark with a number or a birth date: it stands on every copy of the public form, with the purpose."""
    if _is_private(line, latest=year - _YOUNGEST_YEARS):
        raise PersonalDataInExportError(
            "The purpose, or the label of the exporting account, holds an ID number, a phone or a birth date, and"
            " stands on every copy of the public notice; no file was made. Name the occasion only.",
            "导出用途或导出账号名称中含身份证号、电话或出生日期，会印在公示版上，未生成文件。用途请只填写事由。",
        )


def _is_private(text: str, *, latest: int | None) -> bool:
    if has_personal_number(text) or any(word in text for word in _BIRTH_WORDS):
        return True
    plain = unicodedata.normalize("NFKC", text).translate(_CHINESE_DIGITS)
    if latest is None and has_personal_number(_SEPARATORS.sub("", plain)):
        return True
    return any(latest is None or int(match[1]) <= latest for match in _DATE.finditer(plain))
