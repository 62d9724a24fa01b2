"""Loading the code list of divisions, and what is known of their neighbourhood."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from app.access import CODE_LENGTH, Permission, Viewer, covers_division
from app.errors import DuplicateError, InvalidInputError, NotFoundError
from app.models import Division, DivisionAlias, DivisionPredecessor
from app.models.vocabulary import CoordinateSource, DivisionLevel, Terrain
from app.services.place_names import bare_name, division_kind, local_label, normalize_division_name, short_names

_LEVELS = tuple(DivisionLevel)


@dataclass(frozen=True, slots=True, kw_only=True)
class DivisionRecord:
    """One line of a code list.

    ``valid_to`` is the last day of a revoked division; such a record may name the present division it went into as
    ``successor_code``. ``aliases`` are further names to find the division by. ``terrain`` is given for counties.
    """

    code: str
    name: str
    level: DivisionLevel
    parent_code: str | None
    valid_from: date
    valid_to: date | None = None
    latitude: float | None = None
    longitude: float | None = None
    coordinate_source: CoordinateSource | None = None
    terrain: Terrain | None = None
    successor_code: str | None = None
    aliases: tuple[str, ...] = ()


def load_divisions(session: Session, viewer: Viewer, records: Iterable[DivisionRecord]) -> tuple[Division, ...]:
    """Store a code list: divisions, predecessor links and the names to find them by.

    Parents may be in the list or stored already. A code with the same first day of validity is refused.
    """
    viewer.require(Permission.RUN)
    ordered = sorted(records, key=lambda record: (_LEVELS.index(record.level), record.code, record.valid_from))
    for record in ordered:
        _check_record(viewer, record)
    present = _stored_divisions(session, ordered)
    names: dict[UUID, list[str]] = {}
    rows = []
    for record in ordered:
        row = new_division(viewer, record, present)
        if record.valid_to is None:
            present[record.code] = row
        county = present.get(record.code[:6].ljust(12, "0"))
        names[row.id] = [record.name, *record.aliases]
        names[row.id] += short_names(record.level, record.name, county.name if county else None)
        rows.append(row)
    _add_bare_names(rows, names)
    session.add_all(rows)
    session.flush()
    for record, row in zip(ordered, rows, strict=True):
        if record.successor_code is not None:
            successor = _present(present, record.successor_code)
            session.add(DivisionPredecessor(division_id=successor.id, predecessor_id=row.id))
            names.setdefault(successor.id, []).append(record.name)
    _store_aliases(session, names, made={row.id for row in rows})
    session.flush()
    return tuple(rows)


def division_by_code(session: Session, code: str) -> Division:
    """The valid division with this code, given in full or as leading digits; else ``NotFoundError``."""
    full = code.ljust(12, "0")
    query = select(Division).where(Division.code == full, col(Division.valid_to).is_(None))
    division = session.exec(query).first()
    if division is None:
        raise NotFoundError(
            f"No division with code {code}; load places first (touyan sample) or check the digits.",
            f"没有代码为 {code} 的区划，请先加载区划或核对代码。",
        )
    return division


def _check_record(viewer: Viewer, record: DivisionRecord) -> None:
    if not covers_division(viewer, record.code):
        raise NotFoundError(f"Code {record.code} is outside your territory.", f"代码 {record.code} 不在您的辖区内。")
    length = CODE_LENGTH[record.level]
    if len(record.code) != 12 or not record.code.isdigit() or record.code[length:].strip("0"):
        raise InvalidInputError(
            f"Code {record.code} is not a 12-digit code of level {record.level}.",
            f"代码 {record.code} 不是 {record.level} 级的 12 位区划代码。",
            path=("code",),
        )
    if record.valid_to is not None and record.valid_to < record.valid_from:
        raise InvalidInputError(
            f"Division {record.code} ends before it begins.",
            f"区划 {record.code} 的失效日期早于生效日期。",
            path=("valid_to",),
        )


def _stored_divisions(session: Session, records: Sequence[DivisionRecord]) -> dict[str, Division]:
    """Present divisions that the records may point at, by code; refuses records that are stored already."""
    counted = Counter((record.code, record.valid_from) for record in records)
    roots = {record.code[:2] for record in records}
    stored = [
        row
        for root in sorted(roots)
        for row in session.exec(select(Division).where(col(Division.code).startswith(root)))
    ]
    counted.update((row.code, row.valid_from) for row in stored)
    twice = [key for key, count in counted.items() if count > 1]
    if twice:
        code, start = min(twice)
        raise DuplicateError(
            f"Division {code} valid from {start} exists already ({len(twice)} such codes).",
            f"自 {start} 起有效的区划 {code} 已存在（共 {len(twice)} 条）。",
            path=("code",),
        )
    return {row.code: row for row in stored if row.valid_to is None}


def _present(present: Mapping[str, Division], code: str) -> Division:
    division = present.get(code)
    if division is None:
        raise NotFoundError(f"No present division has the code {code}.", f"没有代码为 {code} 的现行区划。")
    return division


def new_division(viewer: Viewer, record: DivisionRecord, present: Mapping[str, Division]) -> Division:
    """The row of one line of a code list; ``present`` has its parent."""
    parent = _present(present, record.parent_code) if record.parent_code is not None else None
    kind = division_kind(record.level, record.name, record.code)
    own_id = uuid4()
    county_id: UUID | None = None
    if record.level is DivisionLevel.COUNTY:
        county_id = own_id
    elif parent is not None:
        county_id = parent.county_id
    length = CODE_LENGTH[record.level]
    return Division(
        id=own_id,
        code=record.code,
        name=record.name,
        level=record.level,
        kind=kind,
        local_label=local_label(record.level, kind, record.name),
        parent_id=parent.id if parent else None,
        county_id=county_id,
        # The digits of the own level: official order (建制顺序) among the children of one parent.
        display_order=int(record.code[length - (3 if length > 6 else 2) : length]),
        valid_from=record.valid_from,
        valid_to=record.valid_to,
        latitude=record.latitude,
        longitude=record.longitude,
        coordinate_source=record.coordinate_source,
        terrain=record.terrain,
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )


def _add_bare_names(rows: Sequence[Division], names: dict[UUID, list[str]]) -> None:
    """Add 板桥 for 板桥镇 where only one present township of the county is called so."""
    townships = [row for row in rows if row.level is DivisionLevel.TOWNSHIP and row.valid_to is None]
    bare = {row.id: bare_name(row.name) for row in townships}
    counted = Counter((row.county_id, bare[row.id]) for row in townships)
    for row in townships:
        short = bare[row.id]
        if short is not None and counted[row.county_id, short] == 1:
            names[row.id].append(short)


def _store_aliases(session: Session, names: Mapping[UUID, Sequence[str]], *, made: set[UUID]) -> None:
    older = [division_id for division_id in names if division_id not in made]
    known = {
        (row.division_id, row.normalized_alias)
        for row in session.exec(select(DivisionAlias).where(col(DivisionAlias.division_id).in_(older)))
    }
    for division_id, aliases in names.items():
        for alias in aliases:
            key = (division_id, normalize_division_name(alias))
            if key not in known:
                known.add(key)
                session.add(DivisionAlias(division_id=division_id, alias=alias, normalized_alias=key[1]))
