"""Reads .xlsx workbooks part by part: what is in the package, then shared texts, styles and the sheets."""

from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from app.rosters.files.package import MAX_LIST_BYTES, DamagedError, Package, TooLargeError, open_package
from app.rosters.files.raw import MAX_SHEET_NAME, RawSheet, refuse
from app.rosters.files.refusals import external_links, macros, spread
from app.rosters.files.sheetxml import Budget, SheetReader, SpreadError
from app.rosters.files.styles import read_styles
from app.rosters.files.texts import read_shared_texts

MAX_SHEETS = 500
"""A city has about 200 townships."""
_RELATION_ID = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships id",
    "http://purl.oclc.org/ooxml/officeDocument/relationships id",
)


def open_xlsx(file_name: str, data: bytes) -> list[RawSheet]:
    """All sheets of a workbook; raises ``WorkbookError`` when the file is not one that can be read safely."""
    try:
        with open_package(file_name, data) as package:
            _check_contents(file_name, package)
            return _read(file_name, package)
    except DamagedError:
        raise refuse(
            file_name,
            "is not an .xlsx workbook, or is damaged and cannot be read; save it again.",
            "不是 .xlsx 工作簿，或已损坏，无法读取，请重新保存。",
        ) from None
    except SpreadError:
        raise spread(file_name) from None
    except TooLargeError:
        raise refuse(
            file_name,
            "has too many cells or too long texts; delete the unused rows and columns and upload it again.",
            "单元格过多或内容过长，请删除多余的行和列后重新上传。",
        ) from None


def _check_contents(file_name: str, package: Package) -> None:
    """Refuse other documents in a zip, and workbooks that can do or fetch anything."""
    names = package.names
    if "[content_types].xml" not in names:
        if any(name.endswith((".xlsx", ".xls", ".csv")) for name in names):
            raise refuse(
                file_name,
                "is a zip archive; unpack it and upload the workbooks one by one.",
                "是压缩包，请解压后逐个上传工作簿。",
            )
        if "content.xml" in names:
            raise refuse(file_name, "is an .ods document; save it as .xlsx.", "是 .ods 文档，请另存为 .xlsx。")
        raise refuse(file_name, "is not an .xlsx workbook; save it as .xlsx.", "不是 .xlsx 工作簿，请另存为 .xlsx。")
    if "xl/workbook.bin" in names:
        raise refuse(file_name, "is an .xlsb workbook; save it as .xlsx.", "是 .xlsb 格式，请另存为 .xlsx。")
    types: set[str] = set()
    package.parse(
        "[Content_Types].xml",
        start=lambda _, attributes: types.add(attributes.get("ContentType", "")[:200]),
        max_bytes=MAX_LIST_BYTES,
    )
    if any(name.endswith("vbaproject.bin") or name.startswith("xl/macrosheets/") for name in names) or any(
        "macroEnabled" in one or "vbaProject" in one or "macrosheet" in one for one in types
    ):
        raise macros(file_name)
    if any(name.startswith("xl/externallinks/") for name in names):
        raise external_links(file_name)


def _read(file_name: str, package: Package) -> list[RawSheet]:
    main = next((one.target for one in package.relations("") if one.kind == "officeDocument"), "xl/workbook.xml")
    if main not in package:
        raise refuse(file_name, "is not an .xlsx workbook; save it as .xlsx.", "不是 .xlsx 工作簿，请另存为 .xlsx。")
    entries: list[tuple[str, str, bool]] = []
    dates: list[bool] = []
    root: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        root.append(tag)
        if root[0] != "workbook":
            raise DamagedError("root")
        if tag == "sheet":
            key = next((attributes[name] for name in _RELATION_ID if name in attributes), "")
            entries.append((attributes.get("name", ""), key, attributes.get("state", "visible") != "visible"))
        elif tag == "workbookPr":
            dates.append(attributes.get("date1904", "0") in ("1", "true"))
        if len(root) > 100_000:
            raise TooLargeError("workbook")

    package.parse(main, start=start, max_bytes=MAX_LIST_BYTES)
    relations = {one.id: one for one in package.relations(main)}
    if any(one.kind in ("externalLink", "externalLinkPath") for one in relations.values()):
        raise external_links(file_name)
    if not entries or len(entries) > MAX_SHEETS or len({name for name, _, _ in entries}) < len(entries):
        raise DamagedError("sheets")
    if any(not name or len(name) > MAX_SHEET_NAME for name, _, _ in entries):
        raise refuse(file_name, "has a sheet with an overlong name; shorten it.", "工作表名称过长，请缩短。")
    parts = {one.kind: one.target for one in relations.values()}
    texts = read_shared_texts(package, parts["sharedStrings"]) if "sharedStrings" in parts else []
    styles = read_styles(package, parts["styles"]) if "styles" in parts else []
    epoch = MAC_EPOCH if any(dates) else WINDOWS_EPOCH
    budget = Budget()
    sheets = []
    for name, key, is_hidden in entries:
        relation = relations.get(key)
        if relation is None or relation.is_external:
            raise DamagedError("relation")
        if relation.kind == "worksheet":
            reader = SheetReader(texts=texts, styles=styles, epoch=epoch, budget=budget)
            sheets.append(_sheet(package, relation.target, name, reader, is_hidden=is_hidden))
    return sheets


def _sheet(package: Package, part: str, name: str, reader: SheetReader, *, is_hidden: bool) -> RawSheet:
    """One sheet; charts and the like are not opened."""
    tags: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if not tags:
            tags.append(tag)
            if tag != "worksheet":
                raise DamagedError("root")
        reader.start(tag, attributes)

    package.parse(part, start=start, end=reader.end, text=reader.text)
    if not tags:
        raise DamagedError("root")
    reader.repeat_merged()
    return RawSheet(
        name=name,
        cells=reader.cells,
        merged=tuple(reader.merged),
        hidden_rows=frozenset(reader.hidden_rows),
        hidden_columns=frozenset(reader.hidden_columns),
        is_hidden=is_hidden,
        has_comments=any(one.kind in ("comments", "threadedComment") for one in package.relations(part)),
    )
