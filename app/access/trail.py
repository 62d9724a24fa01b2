"""The record of what was done."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlmodel import Session

from app.access.chain import keep
from app.access.viewers import Viewer
from app.db import utc_now
from app.errors import InvalidInputError
from app.models.vocabulary import AuditAction
from app.request_id import request_id

_PERSONAL_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:\d{17}[0-9Xx]|1[3-9]\d{9})(?![0-9A-Za-z])")
"""An ID number or a mobile number that stands by itself; checksums and UUIDs have no such part."""


def record(
    session: Session,
    viewer: Viewer,
    action: AuditAction,
    target: str,
    *,
    county_id: UUID | None = None,
    **detail: object,
) -> None:
    """Record one event in the caller's transaction: it becomes an entry of the trail if and when that commits.

    ``target`` names the object by its kind and its id or 编号. ``detail`` says what was decided, in ids, codes, counts
    and fingerprints, never in personal values and never in class A facts. ``county_id`` is the county that the object
    lies in, which need not be given where the viewer has one county only.
    """
    values = {
        "id": uuid4(),
        "at": utc_now(),
        "actor": viewer.subject,
        "role": viewer.role,
        "action": AuditAction(action),
        "target": target,
        "detail": {name: _plain(name, value) for name, value in detail.items()},
        "territory_code": viewer.code_prefix,
        "county_id": county_id or _only_county(viewer),
        "request_id": request_id.get(),
    }
    _refuse_personal_numbers(target)
    keep(session, values)


def _only_county(viewer: Viewer) -> UUID | None:
    counties = viewer.county_ids or frozenset()
    return next(iter(counties)) if len(counties) == 1 else None


def _plain(name: str, value: object) -> object:
    """The value as JSON that both databases give back as it is.

    No binary fractions among them: PostgreSQL would give back another text for some, and the hash of the entry would
    no longer fit.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        _refuse_personal_numbers(value)
        return str(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(name, each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(name, each) for each in value]
    raise TypeError(f"audit detail {name!r} is a {type(value).__name__}; give ids, codes, texts or whole numbers")


def _refuse_personal_numbers(text: str) -> None:
    if _PERSONAL_NUMBER.search(text):
        raise InvalidInputError(
            "What would go into the audit trail holds an ID number or a mobile number; name the occasion, not the "
            "person.",
            "将写入审计日志的内容含身份证号或手机号；请填写事由，不填写个人号码。",
        )
