"""Tells rows that are no data: totals, notes, signatures, examples, section titles."""

import re

_REMARKS: tuple[re.Pattern[str], ...] = (
    re.compile(r"^(合计|总计|小计|共计)"),
    re.compile(r"^(注|说明|备注|填表说明|填表须知|填报说明|填写说明)([:：\d一二三四]|$)"),
    re.compile(r"^(填表人|填报人|填报单位|审核人|制表人|单位名称|统计日期|填报时间|联系人)[:：]"),
    re.compile(r"^[(（【\[]?(示例|样例|填写示例|举例|范例|例如|例)[)）】\]]?([:：]|\d*$)"),
)
"""First cells of rows that are no data: totals, notes, signatures, examples."""


def is_remark(texts: list[str]) -> bool:
    """Whether a row inside the table is a total, a note, a signature line or an example."""
    if not texts:
        return False
    first = "".join(texts[0].split())
    return any(pattern.match(first) for pattern in _REMARKS) or len(set(texts)) == 1 < len(texts)
