"""Names, ID numbers and phones: their one spelling, their checks and their masked forms."""

import re
import unicodedata
from datetime import date

from app.errors import InvalidInputError
from app.models.vocabulary import Sex

_DOTS = str.maketrans(dict.fromkeys("•・･．‧∙⋅●∘.", "·"))
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff\ud800-\udfff]")
"""Characters that no form prints and that databases or file formats refuse."""
_NAME = re.compile(r"^[^\W\d_]+(?:\u00b7[^\W\d_]+)*$")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_MOBILE = re.compile(r"^1[3-9]\d{9}$")
_LANDLINE = re.compile(r"^(0\d{2,3})-?(\d{7,8})$")


def plain_text(text: str) -> str:
    """The text without control and invisible characters and without white space around it."""
    return _UNSEEN.sub("", text).strip()


def normalize_name(name: str) -> str:
    """The name without spaces and with the middle dot U+00B7; raises ``ValueError`` when it cannot be a name."""
    squeezed = "".join(unicodedata.normalize("NFC", name).split()).translate(_DOTS)
    if not _NAME.match(squeezed) or len(squeezed) > 80:
        raise ValueError("name")
    return squeezed


def id_number_check_character(first_17: str) -> str:
    """The 18th character that GB 11643 prescribes for the first 17 digits.

    >>> id_number_check_character("11010519491231002")
    'X'
    """
    return _CHECK_CHARACTERS[sum(int(d) * w for d, w in zip(first_17, _WEIGHTS, strict=True)) % 11]


def is_valid_id_number(id_number: str) -> bool:
    """Whether the 18 characters are well formed: digits, a real day of birth, and the right check character."""
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", id_number, re.ASCII):
        return False
    try:
        born = birth_date_of(id_number)
    except ValueError:
        return False
    return born.year >= 1900 and id_number_check_character(id_number[:17]) == id_number[17]


def birth_date_of(id_number: str) -> date:
    """The day of birth inside an 18-character ID number; raises ``ValueError`` when it is no day."""
    return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))


def sex_of(id_number: str) -> Sex:
    """The sex inside an 18-character ID number: the 17th digit is odd for men."""
    return Sex.MALE if int(id_number[16]) % 2 else Sex.FEMALE


def normalize_phone(phone: str) -> str:
    """A mobile number as 11 digits or a landline as ``0856-1234567``; raises ``ValueError`` for anything else."""
    squeezed = re.sub(r"[\s()（）]", "", unicodedata.normalize("NFKC", phone)).replace("—", "-").replace("–", "-")
    mobile = re.sub(r"^(\+?86-?)", "", squeezed).replace("-", "")
    if _MOBILE.match(mobile):
        return mobile
    landline = _LANDLINE.match(squeezed)
    if landline is None:
        raise ValueError("phone")
    return f"{landline[1]}-{landline[2]}"


def mask_id_number(id_number: str) -> str:
    """The first six characters, which name a county: ``520624************``.

    The last four stay hidden as well: together with the birth date, which is on file, they would be the whole number.
    """
    return f"{id_number[:6]}{'*' * 12}"


def mask_phone(phone: str) -> str:
    """``138****1234`` for a mobile number, ``0856-***4567`` for a landline."""
    if "-" in phone:
        area, local = phone.split("-")
        return f"{area}-{'*' * (len(local) - 4)}{local[-4:]}"
    return f"{phone[:3]}****{phone[-4:]}"


def checked_name(name: str, path: tuple[str, ...]) -> str:
    """The normalised name, or ``InvalidInputError`` at ``path``."""
    try:
        return normalize_name(name)
    except ValueError:
        raise InvalidInputError(
            "The name is empty, too long, or contains signs that no name has; write it with letters only.",
            "姓名为空、过长或含有非姓名字符，请只填写姓名。",
            path=path,
        ) from None


def checked_id_number(id_number: str, path: tuple[str, ...]) -> str:
    """The 18 characters with a capital X, or ``InvalidInputError`` at ``path``."""
    squeezed = "".join(unicodedata.normalize("NFKC", id_number).split()).upper()
    if not is_valid_id_number(squeezed):
        raise InvalidInputError(
            "The ID number is not valid: it needs 18 characters, a real day of birth and the right check character.",
            "身份证号无效：应为18位，出生日期真实存在，末位校验码正确。",
            path=path,
        )
    return squeezed


def checked_phone(phone: str, path: tuple[str, ...]) -> str:
    """The normalised phone number, or ``InvalidInputError`` at ``path``."""
    try:
        return normalize_phone(phone)
    except ValueError:
        raise InvalidInputError(
            "The phone number is not valid: give 11 digits beginning with 13 to 19, or a landline with area code.",
            "联系电话无效：应为以13-19开头的11位手机号，或带区号的座机号。",
            path=path,
        ) from None
