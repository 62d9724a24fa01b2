"""Names in the order of their strokes (按姓氏笔画): stroke count, then 横竖撇点折, character by character."""

from functools import cache
from importlib.resources import files


@cache
def _ranks() -> dict[str, int]:
    """The place of each of 20,897 characters in the stroke order; where the table comes from stands in NOTICE."""
    text = files("app.rosters").joinpath("data/strokes.txt").read_text("utf-8")
    return {character: rank for rank, character in enumerate(text.replace("\n", ""))}


def stroke_key(name: str) -> tuple[int, ...]:
    """What to sort names by; characters outside the table come after all others, by their code points.

    >>> sorted(["赵一", "王二", "丁三", "王一", "欧阳甲"], key=stroke_key)
    ['丁三', '王一', '王二', '欧阳甲', '赵一']
    """
    ranks = _ranks()
    return tuple(ranks.get(character, len(ranks) + ord(character)) for character in name)
