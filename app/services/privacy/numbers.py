"""Personal numbers inside texts: what an unmasked ID number or mobile number looks like."""

import re
import unicodedata

_PERSONAL_NUMBERS = re.compile(
    # 18-digit ID number, also in the usual groups of 6, 8 and 4
    r"(?<!\d)\d{6}[ -]?\d{8}[ -]?\d{3}[\dXx](?![\dA-Za-z])"
    # ID number of the first generation: region, yymmdd, three digits
    r"|(?<!\d)\d{8}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}(?!\d)"
    # mobile number, also with country code and in groups of 3, 4 and 4
    r"|(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"
)
_INVISIBLE = dict.fromkeys([*range(0x200B, 0x2010), 0x2060, 0xFEFF])
_LANDLINE = re.compile(r"(?<!\d)0\d{2,3}[ -]?\d{7,8}(?!\d)")


def count_personal_numbers(text: str) -> int:
    """How many unmasked ID and mobile numbers a text holds; full-width digits and invisible characters do not help."""
    return len(_PERSONAL_NUMBERS.findall(_plain(text)))


def has_personal_number(text: str) -> bool:
    """Whether a text holds an ID number, a mobile number or a landline."""
    plain = _plain(text)
    return _PERSONAL_NUMBERS.search(plain) is not None or _LANDLINE.search(plain) is not None


def without_personal_numbers(text: str) -> str:
    """The text with stars in the place of every ID number, mobile number and landline.

    >>> without_personal_numbers("张三13812345678.xlsx")
    '张三***********.xlsx'
    """
    if not has_personal_number(text):
        return text
    plain = _plain(text)
    for numbers in (_PERSONAL_NUMBERS, _LANDLINE):
        plain = numbers.sub(lambda found: "*" * len(found[0]), plain)
    return plain


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_INVISIBLE)
