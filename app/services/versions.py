"""Versions of records: two clients that read the same one cannot both change it."""

from sqlmodel import Session

from app.errors import VersionConflictError
from app.models import Person
from app.models.columns import TrackedRow


def require_version(session: Session, row: TrackedRow, expected_version: int | None) -> None:
    """Raise ``VersionConflictError`` when somebody else changed the row since the caller read it.

    The row stays locked until the transaction ends: two callers with the same version cannot both pass.
    """
    session.refresh(row, with_for_update=True)
    expect_version(session, row, expected_version)


def expect_version(session: Session, row: TrackedRow, expected_version: int | None) -> None:
    """As ``require_version``, for a row that the caller holds locked; nothing is asked where no version is given."""
    if expected_version is None or row.version == expected_version:
        return
    item = f"{type(row).__name__} {_code_or_id(session, row)}"
    raise VersionConflictError(
        f"{item} is at version {row.version}, the change was made for version {expected_version}: somebody else "
        "changed it. Read it again and repeat the change.",
        f"{item} 已是第{row.version}版，而修改基于第{expected_version}版（他人已修改）；请重新读取后再修改。",
        path=("expected_version",),
    )


def _code_or_id(session: Session, row: TrackedRow) -> str:
    """编号 of the person behind a record, or the id of a record without one."""
    person_id = row.id if isinstance(row, Person) else getattr(row, "person_id", None)
    person = None if person_id is None else session.get(Person, person_id)
    return str(row.id) if person is None else person.code
