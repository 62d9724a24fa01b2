"""The last look at a file before it is handed out: no unmasked ID number or mobile number may be in it."""

import re
import zipfile
from collections.abc import Iterable, Mapping
from io import BytesIO

from app.errors import PersonalDataInExportError
from app.rosters.grid import FormGrid
from app.services.privacy.numbers import count_personal_numbers as count_personal_numbers

_MARKUP = re.compile(r"<[^>]*>")
_MAX_ROWS_NAMED = 10


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
