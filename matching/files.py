"""Facts as JSON, both ways, and their hash: the snapshot that makes a run repeatable.

Sets are written sorted, pairs as ``"a|b"`` keys; equal facts give equal bytes whatever the order of sets and mappings.
The order of tuples is kept: it is data of the caller.
"""

import hashlib
import json
from collections.abc import Hashable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from matching.errors import InvalidFactsError
from matching.facts import Exclusion, Facts, Geography, Kinship, Mentee, Mentor, Pin, Place, Preference

_Record = TypeVar("_Record")
_PAIR = "|"


def facts_to_json(facts: Facts) -> dict[str, Any]:
    """Return facts as plain JSON values; ``facts_from_json`` reads them back to equal facts."""
    value = _plain(facts)
    assert isinstance(value, dict)
    return value


def facts_bytes(facts: Facts) -> bytes:
    """Return the canonical bytes of facts: sorted keys, no spaces, UTF-8."""
    text = json.dumps(facts_to_json(facts), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def facts_hash(facts: Facts) -> str:
    """Return the SHA-256 of the canonical bytes."""
    return hash_of_bytes(facts_bytes(facts))


def hash_of_bytes(canonical: bytes) -> str:
    """Return the hash of facts whose canonical bytes are known."""
    return hashlib.sha256(canonical).hexdigest()


def facts_from_json(obj: Mapping[str, Any]) -> Facts:
    """Read facts that ``facts_to_json`` wrote.

    Raises
    ------
    InvalidFactsError
        With the dotted path of the first value that does not fit.
    """
    known = {field.name for field in fields(Facts)}
    for key in sorted(obj):
        if key not in known:
            raise InvalidFactsError(key, "facts have no such part; remove it")
    geography = dict(_part(obj, "geography", dict))
    minutes = _part({"travel_minutes": {}, **geography}, "travel_minutes", dict)
    geography["travel_minutes"] = {tuple(key.split(_PAIR)): value for key, value in minutes.items()}
    _check_keys(geography, Geography, "geography")
    for code, place in _part({"places": {}, **geography}, "places", dict).items():
        _check_keys(place, Place, f"geography.places.{code}")
    return Facts(
        reference_date=_part(obj, "reference_date", str),
        mentees=_read(_MENTEES, obj.get("mentees", []), "mentees"),
        mentors=_read(_MENTORS, obj.get("mentors", []), "mentors"),
        geography=_read(_GEOGRAPHY, geography, "geography"),
        kinships=_read(_KINSHIPS, obj.get("kinships", []), "kinships"),
        exclusions=_read(_EXCLUSIONS, obj.get("exclusions", []), "exclusions"),
        preferences=_read(_PREFERENCES, obj.get("preferences", []), "preferences"),
        pins=_read(_PINS, obj.get("pins", []), "pins"),
        published=_read(_PUBLISHED, obj.get("published", []), "published"),
    )


_MENTEES = TypeAdapter(tuple[Mentee, ...])
_MENTORS = TypeAdapter(tuple[Mentor, ...])
_GEOGRAPHY = TypeAdapter(Geography)
_KINSHIPS = TypeAdapter(tuple[Kinship, ...])
_EXCLUSIONS = TypeAdapter(tuple[Exclusion, ...])
_PREFERENCES = TypeAdapter(tuple[Preference, ...])
_PINS = TypeAdapter(tuple[Pin, ...])
_PUBLISHED = TypeAdapter(tuple[tuple[str, str, str], ...])
_RECORDS: Mapping[str, type] = {
    "mentees": Mentee,
    "mentors": Mentor,
    "kinships": Kinship,
    "exclusions": Exclusion,
    "preferences": Preference,
    "pins": Pin,
}


def _check_keys(record: object, kind: type, path: str) -> None:
    """Refuse a value that no field of ``kind`` takes; pydantic would drop it in silence."""
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(record) - known) if isinstance(record, Mapping) else []
    if unknown:
        raise InvalidFactsError(f"{path}.{unknown[0]}", f"a {kind.__name__} has no such value; remove it")


def _read(adapter: TypeAdapter[_Record], value: object, path: str) -> _Record:
    if isinstance(value, list) and path in _RECORDS:
        for index, record in enumerate(value):
            _check_keys(record, _RECORDS[path], f"{path}.{index}")
    try:
        return adapter.validate_python(value)
    except ValidationError as failure:
        fault = failure.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join((path, *(str(part) for part in fault["loc"])))
        raise InvalidFactsError(place, fault["msg"]) from failure


def _part(obj: Mapping[str, Any], name: str, kind: type[_Record]) -> _Record:
    value = obj.get(name)
    if not isinstance(value, kind):
        raise InvalidFactsError(name, f"this part is missing or not a {kind.__name__}; write it with facts_to_json")
    return value


def _plain(value: object) -> Any:
    kind: Any = type(value)
    if kind in _ATOMS:
        return value
    names = _names(kind)
    if names:
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {_key(key): _plain(entry) for key, entry in sorted(value.items(), key=lambda item: _key(item[0]))}
    if isinstance(value, frozenset | set):
        return sorted(_plain(entry) for entry in value)
    if isinstance(value, tuple | list):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)  # 15 and 15.0 are equal facts, so they are written alike
    return value


_ATOMS = frozenset({str, int, bool, type(None)})


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    """Return the names of the fields of a record, none for another type; asking for every value would take long."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def _key(key: object) -> str:
    return _PAIR.join(key) if isinstance(key, tuple) else str(key)
