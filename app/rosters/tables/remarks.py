"""Tells what is no data: totals, notes, signatures, examples, section titles, blocks of instructions."""

import re
from collections.abc import Sequence

from app.rosters.files.raw import Area, Cell

_REMARKS: tuple[re.Pattern[str], ...] = (
    re.compile(r"^(合计|总计|小计|共计)"),
    re.compile(r"^(注|说明|备注|填表说明|填表须知|填报说明|填写说明|注意事项|填报要求)([:：\d一二三四]|$)"),
    re.compile(r"^[(（【\[]?(示例|样例|填写示例|举例|范例|例如|例)[)）】\]]?([:：]|\d*$)"),
    re.compile(r"^[^:：\d]{2,14}[:：]"),
)
"""Words that begin rows of totals, notes, examples, and lines such as 填表人：… and 单位负责人（签字）：…"""
_EXAMPLE = re.compile(r"^[(（【\[]?(示例|样例|填写示例|范例)[)）】\]]?$")
_ORDINAL = re.compile(r"^[(（]?[\d一二三四五六七八九十]{1,5}[)）、.．]?$")
_LONG_TEXT = 40
"""Characters; no merged place or name is that long, instructions are."""


def is_remark(cells: Sequence[Cell]) -> bool:
    """Whether a row inside the table is a total, a note, a signature line, an example or a section title."""
    texts = [("".join(cell.text.split()), cell) for cell in cells if cell.text]
    while texts and _ORDINAL.match(texts[0][0]):
        del texts[0]
    if not texts:
        return False
    if any(pattern.match(texts[0][0]) for pattern in _REMARKS) or any(_EXAMPLE.match(text) for text, _ in texts):
        return True
    # One text over the whole row: a section title, or a note.
    return len({text for text, _ in texts}) == 1 < len(texts) and sum(not cell.is_filled for _, cell in texts) == 1


def is_instruction(area: Area, text: str) -> bool:
    """Whether a merged range is a block of instructions beside or among the data."""
    if area.width < 2 or area.height < 2:
        return False
    squeezed = "".join(text.split())
    return len(squeezed) > _LONG_TEXT or any(pattern.match(squeezed) for pattern in _REMARKS)
