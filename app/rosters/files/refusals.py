"""What is said of whole workbooks that are not read, whatever their format."""

from app.errors import WorkbookError
from app.rosters.files.raw import refuse


def external_links(file_name: str) -> WorkbookError:
    """The refusal of a workbook with links to others."""
    return refuse(
        file_name,
        "takes values from other files; break the links (paste as values) and upload it again.",
        "引用了其他文件，请断开链接（粘贴为数值）后重新上传。",
    )


def macros(file_name: str) -> WorkbookError:
    """The refusal of a workbook with a program in it."""
    return refuse(file_name, "contains macros; save it as .xlsx.", "含有宏，请另存为 .xlsx。")


def spread(file_name: str) -> WorkbookError:
    """The refusal of a workbook that merges whole rows or columns."""
    return refuse(
        file_name,
        "merges whole rows or columns; unmerge them and upload it again.",
        "合并了整行整列，请取消合并后重新上传。",
    )
