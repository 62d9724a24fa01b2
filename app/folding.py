"""Names folded for search: what people write differently and mean alike becomes one text."""

import unicodedata
from functools import cache

from opencc import OpenCC

_SEPARATORS = frozenset("·•・‧∙⋅●.⸱")
"""Dots that stand between the parts of minority names, in all the ways in which keyboards write them."""

_MERGED = {"着": "著", "瞭": "了"}
"""Simplified characters that share a traditional one which the tables keep as it is (著, 瞭): they are found by it."""


@cache
def _to_simplified() -> OpenCC:
    return OpenCC("t2s")


@cache
def _simplified(character: str) -> str:
    """The simplified form of one character, whatever stands beside it.

    Conversion of whole phrases would keep 乾 in 乾隆 and change it alone: a part of a name would not be found in it.
    """
    while (further := _to_simplified().convert(character)) != character:
        character = further
    return _MERGED.get(character, character)


def simplified(text: str) -> str:
    """The text in half width and in simplified characters, each converted on its own.

    >>> simplified("幫帶導師庫（鄉鎮）")
    '帮带导师库(乡镇)'
    """
    return "".join(_simplified(character) for character in unicodedata.normalize("NFKC", text))


def folded(text: str) -> str:
    """The form of a name in which it is stored for search, and in which it is searched for.

    Traditional characters become simplified ones, each on its own; wide and narrow forms, upper and lower case
    become one; spaces of every kind, invisible characters and the dots of minority names go.

    >>> folded("張　鍾書"), folded("阿不都•买买提"), folded("ＬＩ　Ming"), folded("520624－00012")
    ('张钟书', '阿不都买买提', 'liming', '520624-00012')
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(
        _simplified(character)
        for character in plain
        if character not in _SEPARATORS and unicodedata.category(character) not in ("Zs", "Zl", "Zp", "Cc", "Cf")
    )
