"""What a form is made of before it is filled in: columns and words, which a county may change."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.models.vocabulary import ExportForm, MaskLevel

PLACE = re.compile(r"\{(\w+)\}")
"""Where a text is filled in when printing, such as ``{unit}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormColumn:
    """One column of a form: its header, and its width in digits of Arial 11.

    ``is_sensitive`` columns show phones or ID numbers in their masked form; strict masking leaves them out.
    """

    header: str
    width: float
    is_left_aligned: bool = False
    is_sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FormTemplate:
    """One printed form.

    ``columns`` are named by paths; those that stand together share what is before the dot (``mentee.name``).
    ``phrases`` are sentences of the table itself. Texts in braces are filled in when printing.
    """

    form: ExportForm
    columns: Mapping[str, FormColumn]
    groups: Mapping[str, str] = field(default_factory=dict)
    phrases: Mapping[str, str] = field(default_factory=dict)
    annex: str = "附件1"
    title: str = "{title}"
    unit: str = "填报单位（盖章）：{unit}"
    date: str = "填报时间：{date}"
    notes: tuple[str, ...] = ()
    sign_off: tuple[str, ...] = ("填表人：", "审核人：", "单位负责人（签字）：", "联系电话：")
    page_number: str = "第 {page} 页 共 {pages} 页"
    sheet_name: str = "花名册"
    # Licensed fonts are named, never embedded; a county without them names its own here.
    title_font: str = "方正小标宋简体"
    title_size_pt: float = 20
    header_font: str = "黑体"
    body_font: str = "仿宋_GB2312"
    body_size_pt: float = 10
    # Column widths count digits of the workbook's Normal font, so that one must be at hand, or have a twin of equal
    # widths (Liberation Sans), wherever the file is opened; no cell of the form uses it.
    measure_font: str = "Arial"

    def under(self, group: str, mask_level: MaskLevel = MaskLevel.STANDARD) -> dict[str, FormColumn]:
        """The columns of a group by what comes after the dot, without those that the mask leaves out."""
        start = f"{group}."
        return {
            path.removeprefix(start): column
            for path, column in self.columns.items()
            if path.startswith(start) and not (column.is_sensitive and mask_level is MaskLevel.STRICT)
        }


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its places filled in; a place without a value stays as it is written.

    >>> filled("填报单位：{unit}", {"unit": "组织部"})
    '填报单位：组织部'
    """
    return PLACE.sub(lambda match: values.get(match[1], match[0]), text)
