"""From the text of one cell to a typed value; what cannot be read raises ``CellError`` with an issue code."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TypeVar

from app.models.vocabulary import AppraisalGrade, DatePrecision, Specialty
from app.rosters.files.raw import UNTYPED
from app.rosters.words import GRADE, SPECIALTY, choices, fold, options
from app.rosters.workbook import Cell
from app.services.people import NeedDraft, PartialDate
from app.services.people.identity import (
    birth_date_of,
    id_number_check_character,
    is_valid_id_number,
    normalize_name,
    normalize_phone,
)

MeaningT = TypeVar("MeaningT")
SEPARATORS = re.compile(r"[、,，;；/\n]+")


class CellError(Exception):
    """A cell that cannot be read: the code of the issue and harmless details for its message.

    ``choices`` are texts that, put into the cell, would be read.
    """

    def __init__(self, code: str, options: str = "", choices: tuple[str, ...] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.options = options
        self.choices = choices


def parse_name(cell: Cell) -> str:
    """A name without spaces and with the middle dot U+00B7."""
    try:
        return normalize_name(cell.text)
    except ValueError:
        raise CellError("INVALID_NAME") from None


def parse_word(cell: Cell, words: Mapping[str, MeaningT]) -> MeaningT:
    """The meaning of a word from a closed list."""
    word = fold(cell.text)
    try:
        return words[word if word in words else word.upper()]
    except KeyError:
        raise unknown_word(word, words) from None


def unknown_word(word: str, words: Mapping[str, object]) -> CellError:
    """The refusal of a word, with those that would be read."""
    return CellError("UNKNOWN_WORD", options(words), choices(word, words))


def parse_text(cell: Cell, limit: int) -> str:
    """Free text with single spaces."""
    text = " ".join(cell.text.split())
    if len(text) > limit:
        raise CellError("TEXT_TOO_LONG", str(limit))
    return text


def parse_number(cell: Cell, *, minimum: float, maximum: float, is_whole: bool = False) -> float:
    """A number within bounds; a unit such as 年 or 人 may follow it."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(?:年|人|名|个)?", fold(cell.text))
    number = float(match[1]) if match else -1.0
    if not minimum <= number <= maximum or (is_whole and not number.is_integer()):
        raise CellError("INVALID_NUMBER", f"{minimum:g}-{maximum:g}")
    return number


def parse_id_number(cell: Cell) -> tuple[str, list[str]]:
    """The 18 characters and warnings. A numeric cell is refused: its last digits are lost beyond repair."""
    if not isinstance(cell.value, str):
        raise CellError("NUMERIC_ID_NUMBER")
    text = fold(cell.text).lstrip("'’‘`").upper()
    warnings = []
    if re.fullmatch(r"\d{15}", text, re.ASCII):
        first_17 = f"{text[:6]}19{text[6:]}"
        text = first_17 + id_number_check_character(first_17)
        warnings.append("OLD_ID_NUMBER")
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", text, re.ASCII):
        raise CellError("INVALID_ID_NUMBER")
    if not is_valid_id_number(text):
        is_checksum = id_number_check_character(text[:17]) != text[17]
        raise CellError("ID_NUMBER_CHECKSUM" if is_checksum else "INVALID_ID_NUMBER")
    if text.endswith("000"):
        # As spreadsheet programs leave a number of 18 digits; in a text nothing else tells, and 1 in 11 has a checksum
        # that fits. Of real numbers it is 1 in 1,100.
        warnings.append("ROUNDED_ID_NUMBER")
    return text, warnings


def parse_phone(cell: Cell) -> str:
    """A mobile number or a landline with area code; of several in one cell the first."""
    if cell.number_format == UNTYPED and not isinstance(cell.value, str):
        raise CellError("INVALID_PHONE")  # 1.38E+10: its last digits are gone
    try:
        return normalize_phone(_phones(cell)[0])
    except ValueError:
        raise CellError("INVALID_PHONE") from None


def has_further_phones(cell: Cell) -> bool:
    """Whether more than one phone stands in the cell."""
    return len([part for part in _phones(cell) if part.strip()]) > 1


def _phones(cell: Cell) -> list[str]:
    return re.split(r"[、,，;；/\n]|(?<=\d{11})\s+", cell.text)


LONGEST_DATE = 60
"""Characters of a date with its remarks, without white space; patterns are not tried on longer texts."""
_LONGEST_FORMAT = 255
"""Characters of a number format; spreadsheet programs allow no more."""
_BRACKETS = re.compile(r"(?:\([^()]*\))+$")
_YEAR_MONTH_DAY = re.compile(
    r"(\d{4})(?:年|[.\-/])(\d{1,2})(?:月|(?:月|[.\-/])(\d{1,2})日?)?(?:00:00(?::00)?)?\.?", re.ASCII
)
_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})?", re.ASCII)
_SHORTENED = re.compile(r"\d{4}\.1", re.ASCII)
"""What spreadsheet programs write into text tables for the number 1985.10."""
_SERIAL_DAYS = range(10_000, 80_000)
"""Serial day numbers of 1927 to 2119; as bare numbers they can be nothing else."""


def parse_date(cell: Cell, *, id_number: str | None = None) -> PartialDate:
    """A month or a day in any of the forms people use.

    ``id_number`` is given for the date of birth: it decides whether the number 1985.1 means January or October.
    """
    value = cell.value
    if isinstance(value, datetime | date):
        # A month typed as 1985.06 becomes the first day of the month, shown without a day.
        if not re.search(r"d", re.sub(r'"[^"]*"|\[[^\]]*\]', "", cell.number_format[:_LONGEST_FORMAT].lower())):
            return _month(value.year, value.month)
        return _day(value.year, value.month, value.day)
    if isinstance(value, bool) or value is None:
        raise CellError("INVALID_DATE")
    if isinstance(value, int | float):
        return _number_as_date(float(value), cell.number_format, id_number)
    if cell.number_format == UNTYPED and _SHORTENED.fullmatch(cell.text):
        return _number_as_date(float(cell.text), cell.number_format, id_number)
    return parse_date_text(str(value))


def parse_date_text(text: str) -> PartialDate:
    """A month or a day from text; remarks in brackets such as (39岁) are left out."""
    folded = fold(text)
    if len(folded) > LONGEST_DATE:
        raise CellError("INVALID_DATE")
    bare = _BRACKETS.sub("", folded.replace("—", "-").replace("。", "."))
    match = _YEAR_MONTH_DAY.fullmatch(bare) or _DIGITS.fullmatch(bare)
    if match is None:
        raise CellError("INVALID_DATE")
    year, month, day = match.groups()
    return _day(int(year), int(month), int(day)) if day else _month(int(year), int(month))


def _number_as_date(value: float, number_format: str, id_number: str | None) -> PartialDate:
    if value.is_integer():
        whole = int(value)
        if whole in _SERIAL_DAYS:
            day = date(1899, 12, 30) + timedelta(days=whole)
            return _day(day.year, day.month, day.day)
        return parse_date_text(str(whole))
    year, _, decimals = f"{value:.6f}".rstrip("0").partition(".")
    if len(decimals) == 2:
        return _month(int(year), int(decimals))
    if len(decimals) == 1 and decimals != "1":
        return _month(int(year), int(decimals))
    if decimals != "1":
        raise CellError("INVALID_DATE")
    # 1985.10 and 1985.1 are one number; only how it is shown, or the ID number, tells them apart.
    if re.search(r"0\.00(?!0)", number_format):
        return _month(int(year), 10)
    if id_number is not None:
        birth = birth_date_of(id_number)
        if birth.year == int(year) and birth.month in (1, 10):
            return _month(birth.year, birth.month)
    raise CellError("AMBIGUOUS_MONTH", choices=(f"{int(year)}.01", f"{int(year)}.10"))


def _month(year: int, month: int) -> PartialDate:
    found = _day(year, month, 1)
    return PartialDate(value=found.value, precision=DatePrecision.MONTH)


def _day(year: int, month: int, day: int) -> PartialDate:
    try:
        value = date(year, month, day)
    except ValueError:
        raise CellError("INVALID_DATE") from None
    if not 1900 <= year <= 2100:
        raise CellError("INVALID_DATE")
    return PartialDate(value=value, precision=DatePrecision.DAY)


def parse_specialties(cell: Cell) -> list[Specialty]:
    """The specialties of one cell in the order in which they are written, also twice."""
    return [_specialty(word) for word in _words(cell)]


def parse_needs(cell: Cell) -> tuple[tuple[NeedDraft, ...], bool]:
    """Specialties with an optional weight in brackets, ``党建、矛盾调解(2)``, and whether one stood twice."""
    found, is_repeated = parse_weighted(cell)
    return tuple(NeedDraft(specialty=s, weight=1.0 if w is None else w) for s, w in found.items()), is_repeated


def parse_weighted(cell: Cell) -> tuple[dict[Specialty, float | None], bool]:
    """Specialties with the weight in brackets where there is one, and whether a specialty stood twice."""
    found: dict[Specialty, float | None] = {}
    is_repeated = False
    for word in _words(cell):
        match = re.fullmatch(r"(.+?)\((\d+(?:\.\d+)?)\)", word)
        weight = float(match[2]) if match else None
        if weight is not None and not 0 < weight <= 100:
            raise CellError("INVALID_NUMBER", "0.1-100")
        specialty = _specialty(match[1] if match else word)
        is_repeated |= specialty in found
        found.setdefault(specialty, weight)
    return found, is_repeated


def _words(cell: Cell) -> list[str]:
    return [word for part in SEPARATORS.split(unicodedata.normalize("NFKC", cell.text)) if (word := fold(part))]


def _specialty(word: str) -> Specialty:
    try:
        return SPECIALTY[word]
    except KeyError:
        raise CellError("UNKNOWN_WORD", options(SPECIALTY)) from None


_YEAR_AND_GRADE = re.compile(r"(20\d\d)(?:年度?)?:?(\D+)", re.ASCII)
_SCHOOL = re.compile(r"^(.*(?:大学|学院|学校|党校|电大|中专|中学|[一二三四五六七八九十]中))(.*)$")


def parse_appraisals(cell: Cell) -> dict[int, AppraisalGrade]:
    """``2023年优秀、2024年称职`` as years and grades; without years nobody can tell which grade is whose."""
    found: dict[int, AppraisalGrade] = {}
    for part in SEPARATORS.split(cell.text):
        match = _YEAR_AND_GRADE.fullmatch(fold(part))
        if match is None or match[2] not in GRADE or int(match[1]) in found:
            raise CellError("UNREADABLE_APPRAISALS")
        found[int(match[1])] = GRADE[match[2]]
    return found


def split_school_and_major(text: str) -> tuple[str | None, str | None]:
    """``贵州大学农学专业`` as school and major."""
    parts = text.split(maxsplit=1)
    if len(parts) == 1:
        match = _SCHOOL.match(text)
        parts = [match[1], match[2]] if match else [text]
    major = parts[1].strip().strip("、，,/") if len(parts) > 1 else ""
    return parts[0] or None, re.sub(r"专业$", "", major) or None
