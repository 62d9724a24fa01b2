"""Taking a committed import back: what it wrote is noted at the commit, and undone while nothing builds on it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, TypeAdapter
from sqlalchemy import delete, inspect
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col, select

from app.access import Permission, Viewer, covers_division, record
from app.crypto import PersonalDataCipher, WrongDataKeyError
from app.db import utc_now
from app.errors import ForbiddenError, InvalidStateError
from app.models import Division, ImportBatch, ImportUndo, PersonCodeCounter, metadata
from app.models.columns import Row, TrackedRow
from app.models.vocabulary import AuditAction, ImportState
from app.services.imports.state import get_batch, wrong_state
from app.services.people.records import lock_county, stamp
from app.services.privacy.restricted import RESTRICTED_TABLE_NAMES

_TRACKING = frozenset({"updated_at", "updated_by", "version"})
_KEPT = (ImportBatch, PersonCodeCounter)
"""Rows that go on: a 编号 is never given twice, also when its person is taken back."""
_AT_ONCE = 500
"""Rows that one statement names: databases limit parameters."""


class Inserted(BaseModel):
    """A row that the commit made, with the version and the fingerprint of the content that it had afterwards."""

    table: str
    id: UUID
    version: int | None
    content: str


class Changed(BaseModel):
    """A row that the commit changed: what it was afterwards, and the former values of what changed."""

    table: str
    id: UUID
    version: int | None
    content: str
    before: dict[str, Any]


class Deleted(BaseModel):
    """A row that the commit deleted, whole."""

    table: str
    values: dict[str, Any]


ItemT = TypeVar("ItemT", bound=Inserted | Changed | Deleted)


class Writes(BaseModel):
    """Everything that one commit wrote."""

    inserted: list[Inserted] = []
    changed: list[Changed] = []
    deleted: list[Deleted] = []


@contextmanager
def recorded(
    session: Session,
    cipher: PersonalDataCipher,
    batch: ImportBatch,
    about: list[str],
    *,
    added: Sequence[Row],
    deleted: Sequence[Row],
) -> Iterator[None]:
    """Note what the block writes: the rows to add and to delete, and every loaded row that was changed.

    ``about`` names the people and places of the file.
    """
    gone = {row.id for row in deleted}
    new = {row.id for row in added}
    passed = gone | new
    touched = [
        row
        for row in session.dirty
        if isinstance(row, Row) and not isinstance(row, _KEPT) and row.id not in passed and session.is_modified(row)
    ]
    before = [(row, _former_values(row)) for row in touched]
    whole = [Deleted(table=_table(row), values=_values(row)) for row in deleted]
    yield
    writes = Writes(
        inserted=[
            Inserted(table=_table(row), id=row.id, version=_version(row), content=_fingerprint(row)) for row in added
        ],
        changed=[
            Changed(table=_table(row), id=row.id, version=_version(row), content=_fingerprint(row), before=values)
            for row, values in before
        ],
        deleted=whole,
    )
    content = cipher.encrypt(writes.model_dump_json())
    session.add(ImportUndo(batch_id=batch.id, about=about, content_encrypted=content))


def undo_import(session: Session, viewer: Viewer, cipher: PersonalDataCipher, batch_id: UUID) -> ImportBatch:
    """Take a committed batch back: what it made goes, what it changed or deleted is as before.

    Refused, with nothing done, when a row was changed since, when something else refers to what would go, or when a
    later import is about the same people or places.
    """
    viewer.require(Permission.EDIT_PEOPLE)
    batch = get_batch(session, viewer, batch_id, lock=True)
    kept = session.exec(select(ImportUndo).where(col(ImportUndo.batch_id) == batch.id)).first()
    if batch.state is not ImportState.COMMITTED or batch.county_id is None:
        raise wrong_state(batch)
    county = session.get_one(Division, batch.county_id)
    # Whoever committed it is the last who touched it. What the county wrote is not a township's to take back.
    if batch.updated_by != viewer.subject and not covers_division(viewer, county.code):
        raise ForbiddenError(
            "Somebody else committed this file; ask the county to take it back.",
            "该文件由他人确认入库，请联系县级撤销。",
            path=("batch_id",),
        )
    if kept is None or kept.content_encrypted is None:
        raise InvalidStateError(
            "What this import wrote is not kept any more, so it cannot be taken back; correct the records one by one.",
            "该批次的写入记录已不再保留，无法整体撤销；请逐条更正。",
            path=("batch_id",),
        )
    lock_county(session, batch.county_id)
    _require_last(session, batch, kept.about)
    try:
        writes = Writes.model_validate_json(cipher.decrypt(kept.content_encrypted))
        _require_readable(cipher, writes)
    except WrongDataKeyError:
        raise InvalidStateError(
            "What this import wrote cannot be decrypted with the present data keys.",
            "现有密钥无法解密该批次的写入记录。",
            path=("batch_id",),
        ) from None
    try:
        with session.begin_nested():
            _take_back(session, viewer, writes)
    except IntegrityError:
        raise InvalidStateError(
            "Something else refers to people or records of this import, such as a pairing, a plan, an account or a "
            "later entry; take that back first. Nothing was changed.",
            "已有其他记录（如结对、方案、账号或后续录入）引用了本次导入的内容；请先处理这些记录。未作任何更改。",
            path=("batch_id",),
        ) from None
    kept.content_encrypted = None
    batch.state, batch.undone_at = ImportState.UNDONE, utc_now()
    stamp(batch, viewer)
    session.add_all((kept, batch))
    record(
        session,
        viewer,
        AuditAction.IMPORT_UNDONE,
        f"ImportBatch {batch.id}",
        county_id=batch.county_id,
        n_removed=_n_told(writes.inserted),
        n_changed_back=_n_told(writes.changed),
        n_restored=_n_told(writes.deleted),
        file_sha256=batch.file_sha256,
    )
    session.flush()
    return batch


def _n_told(items: Sequence[ItemT]) -> int:
    """How many rows the trail counts."""
    return sum(item.table not in RESTRICTED_TABLE_NAMES for item in items)


def _require_last(session: Session, batch: ImportBatch, about: Sequence[str]) -> None:
    """Refuse while a later import stands that is about the same: what it found as it says would be gone or old."""
    later = (
        select(ImportBatch.id, ImportUndo.about)
        .join(ImportUndo, col(ImportUndo.batch_id) == col(ImportBatch.id))
        .where(
            ImportBatch.county_id == batch.county_id,
            ImportBatch.state == ImportState.COMMITTED,
            col(ImportBatch.committed_at) > batch.committed_at,
        )
        .order_by(col(ImportBatch.committed_at).desc())
    )
    for other_id, others in session.exec(later):
        # Of an import of an earlier release nobody knows any more whom it is about: it may be the same.
        if not about or not others or not set(about).isdisjoint(others):
            raise InvalidStateError(
                f"The later import {other_id} is about people or places of this one; take that one back first. Nothing "
                "was changed.",
                f"之后的导入批次 {other_id} 涉及本次导入的人员或区划；请先撤销该批次。未作任何更改。",
                path=("batch_id",),
            )


def _require_readable(cipher: PersonalDataCipher, writes: Writes) -> None:
    """Refuse former values under a data key that has left since: restored, nobody could read them any more.

    A rotation brings what is noted under a new key, but not the encrypted values inside it.
    """
    for values in (*(change.before for change in writes.changed), *(row.values for row in writes.deleted)):
        for name, value in values.items():
            if name.endswith("_encrypted") and value is not None:
                cipher.decrypt(value)


def _take_back(session: Session, viewer: Viewer, writes: Writes) -> None:
    order = {table.name: place for place, table in enumerate(metadata.sorted_tables)}
    inserted, changed, deleted = _by_table(writes.inserted), _by_table(writes.changed), _by_table(writes.deleted)
    # First the lists, then their owners: what others point at goes last.
    for name in sorted(inserted, key=order.__getitem__, reverse=True):
        model = _models()[name]
        # Of rows that point at rows of their own table the last ones go first: villages before their townships.
        for items in _pieces(inserted[name][::-1]):
            _unchanged(session, model, items)
            session.connection().execute(delete(model).where(col(model.id).in_([item.id for item in items])))
    for name in sorted(deleted, key=order.__getitem__):
        model = _models()[name]
        session.add_all(model(**_typed(model, item.values)) for item in deleted[name])
        session.flush()
    for name, all_changes in changed.items():
        for changes in _pieces(all_changes):
            rows = _unchanged(session, _models()[name], changes)
            for change in changes:
                row = rows[change.id]
                for column, value in _typed(type(row), change.before).items():
                    setattr(row, column, value)
                if isinstance(row, TrackedRow):
                    stamp(row, viewer)
                session.add(row)
    session.flush()


def _by_table(items: Sequence[ItemT]) -> dict[str, list[ItemT]]:
    groups: dict[str, list[ItemT]] = {}
    for item in items:
        groups.setdefault(item.table, []).append(item)
    return groups


def _pieces(items: Sequence[ItemT]) -> Iterator[Sequence[ItemT]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]


def _unchanged(session: Session, model: type[Row], items: Sequence[Inserted | Changed]) -> dict[UUID, Row]:
    """The rows as they stand, locked; refused when one of them is not as the commit left it."""
    ids = [item.id for item in items]
    statement = select(model).where(col(model.id).in_(ids)).with_for_update()
    rows = {row.id: row for row in session.exec(statement.execution_options(populate_existing=True))}
    if any(item.id not in rows or not _is_as_left(rows[item.id], item) for item in items):
        raise InvalidStateError(
            "Records of this import were changed or removed since, so it cannot be taken back as a whole; correct them "
            "one by one. Nothing was changed.",
            "本次导入的记录之后又有修改或删除，无法整体撤销；请逐条更正。未作任何更改。",
            path=("batch_id",),
        )
    return rows


def _is_as_left(row: Row, item: Inserted | Changed) -> bool:
    """Whether nobody has touched the row, or what was done to it was taken back since."""
    is_untouched = item.version is not None and _version(row) == item.version
    return is_untouched or _fingerprint(row) == item.content


def _identity(row: Row) -> dict[str, Any]:
    return {"table": _table(row), "id": row.id, "version": _version(row), "content": _fingerprint(row)}


def _fingerprint(row: Row) -> str:
    content = [getattr(row, name) for name in type(row).model_fields if name not in _TRACKING]
    return sha256(repr(content).encode()).hexdigest()


def _former_values(row: Row) -> dict[str, Any]:
    """What the changed columns held when the row was loaded, as JSON."""
    state = inspect(row)
    former = {
        name: state.attrs[name].history.deleted[0]
        for name in state.mapper.column_attrs.keys()  # noqa: SIM118 - a mapper's collection, no dict
        if name not in _TRACKING and state.attrs[name].history.deleted
    }
    return _dumped(type(row), former)


def _values(row: Row) -> dict[str, Any]:
    return _dumped(type(row), {name: getattr(row, name) for name in type(row).model_fields})


def _version(row: Row) -> int | None:
    return row.version if isinstance(row, TrackedRow) else None


def _table(row: Row) -> str:
    return str(type(row).__tablename__)


@cache
def _models() -> dict[str, type[Row]]:
    """The classes of all tables by the names of the tables."""
    found: dict[str, type[Row]] = {}
    waiting: list[type[SQLModel]] = [Row]
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        if issubclass(model, Row) and getattr(model, "__table__", None) is not None:
            found[str(model.__tablename__)] = model
    return found


@cache
def _adapter(model: type[SQLModel], name: str) -> TypeAdapter[Any]:
    annotation: Any = model.model_fields[name].annotation
    return TypeAdapter(annotation)


def _dumped(model: type[SQLModel], values: dict[str, Any]) -> dict[str, Any]:
    return {name: _adapter(model, name).dump_python(value, mode="json") for name, value in values.items()}


def _typed(model: type[SQLModel], values: dict[str, Any]) -> dict[str, Any]:
    return {name: _adapter(model, name).validate_python(value) for name, value in values.items()}
