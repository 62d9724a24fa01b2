"""Who may read class A, and the record that somebody did."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlmodel import Session

from app.access import CODE_LENGTH, Permission, Viewer, record
from app.models import Exclusion, KinshipDeclaration, PersonFlag
from app.models.columns import Pii, Row
from app.models.vocabulary import AuditAction, DivisionLevel

PERMISSION_BY_CLASS = {
    Pii.CADRE: Permission.READ_CADRE_DATA,
    Pii.SENSITIVE: Permission.READ_MASKED_DATA,
    Pii.RESTRICTED: Permission.READ_RESTRICTED_DATA,
}
"""What opens each class; duty data (class D) comes with the object itself."""
RESTRICTED_TABLES: tuple[type[Row], ...] = (PersonFlag, KinshipDeclaration, Exclusion)
"""Tables of which already the number of rows tells something of class A: such rows are in no count of the trail."""
RESTRICTED_TABLE_NAMES = frozenset(str(table.__tablename__) for table in RESTRICTED_TABLES)


def may_read_class(viewer: Viewer, pii: Pii, county_id: UUID | None = None) -> bool:
    """Whether the viewer may read a value of a class; one of class A only in the viewer's own county.

    The viewer's own county is the one that the office is for: neither a township nor a prefecture reads class A.
    """
    if pii is Pii.DUTY:
        return True
    if not viewer.may(PERMISSION_BY_CLASS[pii]):
        return False
    if pii is not Pii.RESTRICTED:
        return True
    is_of_one_county = len(viewer.code_prefix) == CODE_LENGTH[DivisionLevel.COUNTY]
    return is_of_one_county and viewer.county_ids is not None and county_id in viewer.county_ids


def record_restricted_reads(session: Session, viewer: Viewer, reads: Iterable[tuple[str, str]]) -> None:
    """Record which values of class A one operation has read: pairs of a field and the 编号 or id of the record."""
    by_field: dict[str, set[str]] = defaultdict(set)
    for field, subject in reads:
        by_field[field].add(subject)
    detail = {field: sorted(subjects) for field, subjects in sorted(by_field.items())}
    record(
        session, viewer, AuditAction.RESTRICTED_DATA_READ, f"{sum(map(len, detail.values()))} record(s)", fields=detail
    )
