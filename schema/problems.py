"""Refusals as data: the user errors of mutations, and the extensions of errors of queries."""

from enum import StrEnum
from typing import Any, Self

import strawberry

from app.errors import AppError
from app.observe import metrics
from schema.cost import RateLimitedError
from schema.enums import register


class UserErrorCode(StrEnum):
    """Why something was refused, one for each refusal of the service; a test holds the two lists together."""

    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    INVALID_INPUT = "INVALID_INPUT"
    INVALID_STATE = "INVALID_STATE"
    DUPLICATE = "DUPLICATE"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    INVALID_POLICY = "INVALID_POLICY"
    PIN_CLASH = "PIN_CLASH"
    EMPTY_POOL = "EMPTY_POOL"
    TOO_MANY_RUNS = "TOO_MANY_RUNS"
    TOO_COSTLY = "TOO_COSTLY"
    RATE_LIMITED = "RATE_LIMITED"
    TIMED_OUT = "TIMED_OUT"
    TOO_MANY = "TOO_MANY"
    UNREADABLE_WORKBOOK = "UNREADABLE_WORKBOOK"
    BATCH_HAS_ERRORS = "BATCH_HAS_ERRORS"
    SAMPLE_EXISTS = "SAMPLE_EXISTS"
    PERSONAL_DATA_IN_EXPORT = "PERSONAL_DATA_IN_EXPORT"
    MISSING_GLYPHS = "MISSING_GLYPHS"
    ARCHIVE_DAMAGED = "ARCHIVE_DAMAGED"
    REVEAL_LIMIT = "REVEAL_LIMIT"
    UNAVAILABLE = "UNAVAILABLE"
    STORAGE_FULL = "STORAGE_FULL"
    SLOT_TAKEN = "SLOT_TAKEN"
    SIGN_IN_REFUSED = "SIGN_IN_REFUSED"
    NO_OFFICE = "NO_OFFICE"
    AUDIT_TRAIL_BROKEN = "AUDIT_TRAIL_BROKEN"


register(
    UserErrorCode,
    "Why something was refused; stable.",
    {
        "NOT_FOUND": "不存在或不在辖区内 / The item does not exist, or lies outside the territory.",
        "FORBIDDEN": "角色无此权限 / The role may not do this.",
        "UNAUTHENTICATED": "未登录 / The request carries no valid token.",
        "INVALID_INPUT": "输入有误 / A value is malformed or out of range; `path` names its field.",
        "INVALID_STATE": "当前状态不允许 / The item is not in a state that allows this step.",
        "DUPLICATE": "记录已存在 / The item exists already.",
        "VERSION_CONFLICT": "记录已被他人修改 / Somebody changed the record since it was read; read it again.",
        "INVALID_POLICY": "匹配政策不可用 / The match policy cannot be used.",
        "PIN_CLASH": "锁定相互冲突 / The pins cannot all hold.",
        "EMPTY_POOL": "无帮带对象或无导师 / The programme has no mentees or no mentors.",
        "TOO_MANY_RUNS": "匹配任务过多 / As many runs as may wait or work at a time do so already.",
        "TOO_COSTLY": "查询过大 / The operation asks for more than one answer may hold.",
        "RATE_LIMITED": "请求过于频繁 / The user has spent the budget of this moment; wait, then repeat.",
        "TOO_MANY": "连接过多 / As many connections as one may hold are open already.",
        "TIMED_OUT": "操作超时 / The operation took longer than it may; ask for less.",
        "UNREADABLE_WORKBOOK": "无法读取的文件 / The file cannot be read as a workbook of people.",
        "BATCH_HAS_ERRORS": "导入批次有错误 / The import has open problems.",
        "SAMPLE_EXISTS": "数据库已有数据 / Sample data would be written over other data.",
        "PERSONAL_DATA_IN_EXPORT": "文件含未脱敏信息 / The file would hold an unmasked number.",
        "MISSING_GLYPHS": "字体缺字 / No font for PDF has some of the characters; name one that has them.",
        "ARCHIVE_DAMAGED": "存档文件损坏 / An archived file does not fit its checksum; restore it from a backup.",
        "REVEAL_LIMIT": "今日查看明文已达上限 / As many values as one person may reveal in a day are revealed.",
        "UNAVAILABLE": "数据库暂不可用 / The database cannot be reached at the moment; repeat the step.",
        "STORAGE_FULL": "存储空间已满 / The database has no room left.",
        "SLOT_TAKEN": "工作进程名已占用 / Another live process holds the worker slot.",
        "SIGN_IN_REFUSED": "登录名或密码错误 / Login or password is wrong, or the login is locked.",
        "NO_OFFICE": "没有任职 / The user has no office in the service today.",
        "AUDIT_TRAIL_BROKEN": "审计日志不完整，无法记录 / The audit trail cannot be continued; nothing was written.",
    },
)


def camel_case(name: str) -> str:
    """The name of a field as clients write it.

    >>> camel_case("division_id"), camel_case("divisionId")
    ('divisionId', 'divisionId')
    """
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


@strawberry.type(description="One reason why a mutation was refused. Nothing has been written when there is one.")
class UserError:
    code: UserErrorCode = strawberry.field(description="Why, as a stable code.")
    message: str = strawberry.field(description="What is wrong, which item, and what to do, in English.")
    message_zh: str = strawberry.field(description="The same in Chinese.")
    path: list[str] = strawberry.field(
        description="Path of the faulty field inside `input`; empty when no single one is."
    )

    @classmethod
    def of(cls, error: AppError, *, inside: tuple[str, ...] = ()) -> Self:
        """The user error for a refusal of the service; its path begins at the field ``inside`` of the input."""
        metrics.errors.labels(error.code).inc()
        path = [camel_case(name) for name in (*inside, *error.path)]
        return cls(code=UserErrorCode(error.code), message=error.message, message_zh=error.message_zh, path=path)


@strawberry.type(description="What every mutation answers.")
class Payload:
    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why nothing was written; empty when the mutation succeeded."
    )


def extensions_of(error: AppError) -> dict[str, Any]:
    """The ``extensions`` of the GraphQL error for a refusal of the service."""
    told = {"code": error.code, "messageZh": error.message_zh, "inputPath": [camel_case(name) for name in error.path]}
    return told | ({"retryAfterS": error.retry_after_s} if isinstance(error, RateLimitedError) else {})
