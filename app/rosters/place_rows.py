"""From one row to its record: pools, posts, needs, zones, neighbours, travel times and divisions."""

import re
from collections.abc import Sequence
from uuid import UUID

from app.models import Division
from app.models.vocabulary import DivisionLevel
from app.rosters import words
from app.rosters.career import read_posts
from app.rosters.datums import is_in_china, wgs84_from_gcj02
from app.rosters.parsing import (
    SEPARATORS,
    CellError,
    parse_date,
    parse_name,
    parse_number,
    parse_text,
    parse_weighted,
    parse_word,
)
from app.rosters.reader import RowReader, read_id_number
from app.rosters.workbook import Cell, Sheet
from app.services.imports.gazetteer import Gazetteer, PlaceProblemError
from app.services.imports.records import (
    AdjacencyRecord,
    AppointmentsRecord,
    DivisionRowRecord,
    LegRecord,
    MentorPoolRecord,
    NeedsRecord,
    PersonReference,
    Record,
    SheetKind,
    TravelRecord,
    WeightedNeed,
    ZoneRecord,
)

_OPEN_ENDS = frozenset({"至今", "今", "现在", "目前", "留空", "-", "—"})
_NO_MINUTES = frozenset({"-", "—", "/", "\\", "x", "X", "×", "无"})
_MOST_MINUTES = 1_440
"""A day."""
_CODE_DIGITS = re.compile(r"\d{6}|\d{9}|\d{12}", re.ASCII)
_COORDINATE_DIGITS = 6
"""Decimals of stored degrees: a tenth of a metre."""


def township_of(reader: RowReader, key: str = "township") -> Division | None:
    """The township of a column that must name one."""
    found = reader.read(key, lambda c: reader.gazetteer.township(c.text), is_required=True)
    if found is not None and found.level is not DivisionLevel.TOWNSHIP:
        reader.problem(key, "NOT_A_TOWNSHIP")
        return None
    return found


def announce_divisions(sheets: Sequence[Sheet], gazetteer: Gazetteer) -> None:
    """Tell the gazetteer what the tables of divisions in the file would create, so that other rows can be told why."""
    for sheet in sheets:
        if sheet.layout is not None and sheet.layout.kind is SheetKind.DIVISIONS:
            for row in sheet.rows:
                gazetteer.announce(
                    *(cell.text for key in ("code", "division_name") if (cell := row.cells.get(key)) and cell.text)
                )


def read_mentor_pool(reader: RowReader) -> Record | None:
    """A pool of a township, or of the county."""
    division = reader.read("township", lambda c: reader.gazetteer.township(c.text), is_required=True)
    name = reader.read("pool_name", lambda c: parse_text(c, 120), is_required=True)
    return MentorPoolRecord(division_id=division.id, name=name) if division is not None and name is not None else None


def _reference(reader: RowReader) -> tuple[PersonReference | None, Division | None]:
    """The person that a row of posts or needs names, and the township it gives, if it does."""
    name = reader.read("name", parse_name, is_required=True)
    id_number = read_id_number(reader, "id_number")
    code = reader.read("person_code", lambda c: parse_text(c, 20))
    township = reader.read("township", lambda c: reader.gazetteer.township(c.text))
    village = None
    if township is not None:
        own = township
        village = reader.read("village", lambda c: reader.gazetteer.village(c.text, own))
    home = village or township
    if name is None:
        return None, township
    reference = PersonReference(
        name=name, id_number=id_number, code=code, division_id=home.id if home is not None else None
    )
    return reference, township


def read_appointments(reader: RowReader) -> Record | None:
    """The posts of one person over one period; a post that has no end is still held."""
    person, township = _reference(reader)
    title = reader.read("post", lambda c: parse_text(c, 120), is_required=True)
    place = reader.read("workplace", lambda c: parse_text(c, 120)) or ""
    start = reader.read("post_start", parse_date, is_required=True)
    end_cell = reader.cell("post_end")
    is_open = end_cell is not None and words.fold(end_cell.text) in _OPEN_ENDS
    end = None if is_open else reader.read("post_end", parse_date)
    if start and end and end.value.replace(day=1) < start.value.replace(day=1):
        reader.problem("post_end", "REVERSED_PERIOD")
    if person is None or title is None or start is None:
        return None
    period = (start.value.replace(day=1), end.value.replace(day=1) if end else None)
    posts, is_missing = read_posts(place, title, period, township or reader.gazetteer.county, reader.gazetteer)
    if is_missing:
        reader.problem("workplace", "UNKNOWN_CAREER_PLACE", "1")
    return AppointmentsRecord(person=person, posts=tuple(posts))


def read_needs(reader: RowReader) -> Record | None:
    """Needs of the person named, and of the village where the column of villages is filled in."""
    weight = reader.read("weight", lambda c: parse_number(c, minimum=0.1, maximum=100))
    needs = _weighted(reader, "needs", weight)
    village_needs = _weighted(reader, "village_needs", weight)
    if reader.cell("needs") is None and reader.cell("village_needs") is None:
        reader.problem("needs", "MISSING_VALUE")
    person = None
    if needs or reader.cell("name") is not None:
        person, _ = _reference(reader)
        if not needs and reader.cell("needs") is None:
            # A name beside a need of the village: the need would have two owners.
            reader.problem("needs", "MISSING_VALUE")
    village_id: UUID | None = None
    if village_needs:
        township = township_of(reader)
        if township is not None:
            village = reader.read("village", lambda c: reader.gazetteer.village(c.text, township), is_required=True)
            village_id = village.id if village is not None else None
    if reader.has_errors:
        return None
    return NeedsRecord(person=person, needs=needs, village_id=village_id, village_needs=village_needs)


def _weighted(reader: RowReader, key: str, weight: float | None) -> tuple[WeightedNeed, ...]:
    """The needs of a cell; the weight in brackets counts before the one of the column."""
    found = reader.read(key, parse_weighted)
    if found is None:
        return ()
    if found[1]:
        reader.problem(key, "REPEATED_WORD")
    return tuple(WeightedNeed(specialty=s, weight=weight if own is None else own) for s, own in found[0].items())


def read_zone(reader: RowReader) -> Record | None:
    """Townships of a zone for a period."""
    name = reader.read("zone", lambda c: parse_text(c, 80), is_required=True)
    kind = reader.read("zone_kind", lambda c: parse_word(c, words.ZONE_KIND))
    townships = reader.read("township", lambda c: _townships(reader, c), is_required=True)
    start, end = reader.read("zone_start", parse_date), reader.read("zone_end", parse_date)
    if start and end and end.value < start.value:
        reader.problem("zone_end", "REVERSED_PERIOD")
    if name is None or not townships:
        return None
    return ZoneRecord(
        name=name,
        kind=kind,
        township_ids=townships,
        start_date=start.value if start else None,
        end_date=end.value if end else None,
    )


def _townships(reader: RowReader, cell: Cell) -> tuple[UUID, ...]:
    found = [reader.gazetteer.township(part) for part in SEPARATORS.split(cell.text) if part.strip()]
    if any(division.level is not DivisionLevel.TOWNSHIP for division in found):
        raise CellError("NOT_A_TOWNSHIP")
    return tuple(dict.fromkeys(division.id for division in found))


def read_adjacency(reader: RowReader) -> Record | None:
    """A township and its neighbours, several in one cell."""
    township = township_of(reader)
    neighbours = reader.read("neighbours", lambda c: _townships(reader, c), is_required=True)
    if township is not None and neighbours and township.id in neighbours:
        reader.problem("neighbours", "SAME_PLACE")
    if township is None or not neighbours:
        return None
    return AdjacencyRecord(township_id=township.id, neighbour_ids=neighbours)


def _place(reader: RowReader, key: str) -> Division | None:
    return reader.read(key, lambda c: reader.gazetteer.place(c.text, reader.gazetteer.county), is_required=True)


def _minutes(cell: Cell) -> float | None:
    if words.fold(cell.text) in _NO_MINUTES:
        return None
    bare = re.sub(r"(?:分钟|分|min)$", "", words.fold(cell.text))
    return parse_number(Cell(value=bare, number_format="", address=""), minimum=0, maximum=_MOST_MINUTES)


def read_travel_time(reader: RowReader) -> Record | None:
    """The way from one place to another."""
    start, end = _place(reader, "from"), _place(reader, "to")
    minutes = reader.read("minutes", _minutes, is_required=True)
    km = reader.read("km", _kilometres)
    if start is not None and end is not None and start.id == end.id:
        reader.problem("to", "SAME_PLACE")
    if start is None or end is None or minutes is None:
        return None
    return TravelRecord(
        from_id=start.id, legs=(LegRecord(to_id=end.id, minutes=minutes, distance_km=km, column="minutes"),)
    )


def _kilometres(cell: Cell) -> float:
    bare = re.sub(r"(?:公里|千米|km)$", "", words.fold(cell.text).lower())
    return parse_number(Cell(value=bare, number_format="", address=""), minimum=0, maximum=5_000)


def read_travel_matrix(reader: RowReader) -> Record | None:
    """The ways from one place to those that the header names; the diagonal and blank cells say nothing."""
    start = _place(reader, "from")
    legs = []
    for key in reader.row.cells:
        if start is None or not key.startswith("to_") or reader.cell(key) is None:
            continue
        minutes = reader.read(key, _minutes)
        if minutes is None:
            continue
        try:
            end = reader.gazetteer.place(key.removeprefix("to_"), reader.gazetteer.county)
        except PlaceProblemError:
            reader.problem(key, "UNKNOWN_DESTINATION")
            continue
        if end.id != start.id:
            legs.append(LegRecord(to_id=end.id, minutes=minutes, distance_km=None, column=key))
    return TravelRecord(from_id=start.id, legs=tuple(legs)) if start is not None else None


def read_division(reader: RowReader) -> Record | None:
    """A division of the county, with the digits of GB/T 2260 and GB/T 10114; its parent follows from the code."""
    code = reader.read("code", lambda c: _division_code(reader, c), is_required=True)
    name = reader.read("division_name", lambda c: parse_text(c, 80), is_required=True)
    level = reader.read("level", lambda c: parse_word(c, words.LEVEL))
    parent = reader.read("parent_code", lambda c: _division_code(reader, c))
    former = reader.read("former_code", lambda c: _division_code(reader, c))
    start, end = reader.read("valid_from", parse_date), reader.read("valid_to", parse_date)
    if start and end and end.value < start.value:
        reader.problem("valid_to", "REVERSED_PERIOD")
    aliases = reader.read("aliases", _names) or ()
    longitude, latitude = _coordinates(reader)
    if code is None or name is None:
        return None
    if level is not None and level is not _level(code):
        reader.problem("level", "LEVEL_DIFFERS_FROM_CODE")
    own_parent = _parent(code)
    if parent is not None and parent != own_parent:
        reader.problem("parent_code", "LEVEL_DIFFERS_FROM_CODE")
    if former is not None and (former == code or _level(former) is not _level(code)):
        reader.problem("former_code", "LEVEL_DIFFERS_FROM_CODE")
    return DivisionRowRecord(
        code=code,
        name=name,
        level=_level(code),
        parent_code=own_parent,
        aliases=aliases,
        former_code=former,
        valid_from=start.value if start else None,
        valid_to=end.value if end else None,
        longitude=longitude,
        latitude=latitude,
    )


def _division_code(reader: RowReader, cell: Cell) -> str:
    text = words.fold(cell.text)
    code = text.ljust(12, "0")
    if not _CODE_DIGITS.fullmatch(text) or code[:6] != reader.gazetteer.county.code[:6]:
        raise CellError("INVALID_DIVISION_CODE")
    return code


def _level(code: str) -> DivisionLevel:
    if code.endswith("000000"):
        return DivisionLevel.COUNTY
    return DivisionLevel.TOWNSHIP if code.endswith("000") else DivisionLevel.VILLAGE


def _parent(code: str) -> str | None:
    """The code of the division above; that of a county is not in a county's table."""
    level = _level(code)
    if level is DivisionLevel.COUNTY:
        return None
    return code[: 9 if level is DivisionLevel.VILLAGE else 6].ljust(12, "0")


def _names(cell: Cell) -> tuple[str, ...]:
    names = [" ".join(part.split()) for part in SEPARATORS.split(cell.text) if part.strip()]
    if any(len(name) > 80 for name in names):
        raise CellError("TEXT_TOO_LONG", "80")
    return tuple(dict.fromkeys(names))


def _coordinates(reader: RowReader) -> tuple[float | None, float | None]:
    """Longitude and latitude in WGS 84; without a stated system they are refused, 500 metres are at stake."""
    longitude = reader.read("longitude", lambda c: parse_number(c, minimum=0, maximum=180))
    latitude = reader.read("latitude", lambda c: parse_number(c, minimum=0, maximum=90))
    if reader.cell("longitude") is None and reader.cell("latitude") is None:
        return None, None
    is_wgs84 = reader.read("coordinate_system", lambda c: parse_word(c, words.COORDINATE_SYSTEM))
    if is_wgs84 is None:
        if reader.cell("coordinate_system") is None:
            reader.problem("coordinate_system", "MISSING_COORDINATE_SYSTEM", choices=("WGS84", "GCJ02"))
        return None, None
    if longitude is None or latitude is None or not is_in_china(longitude, latitude):
        reader.problem("longitude", "INVALID_COORDINATES")
        return None, None
    point = (longitude, latitude) if is_wgs84 else wgs84_from_gcj02(longitude, latitude)
    return round(point[0], _COORDINATE_DIGITS), round(point[1], _COORDINATE_DIGITS)
