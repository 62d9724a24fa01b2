"""From inputs to the drafts of services: global ids become keys, lists become tuples, absent fields stay absent."""

from dataclasses import fields
from functools import cache
from typing import Any, get_args, get_type_hints

import strawberry

from app.errors import InvalidInputError
from app.services.people import Unset
from schema.ids import key_of
from schema.problems import camel_case

_DIVISIONS = ("Village", "Township", "County", "Prefecture", "Province")
_PERSONS = ("Person", "Cadre")
ID_TYPES: dict[str, tuple[str, ...]] = {
    "division_id": _DIVISIONS,
    "residence_division_id": _DIVISIONS,
    "pool_division_id": _DIVISIONS,
    "county_id": ("County",),
    "village_id": ("Village",),
    "person_id": _PERSONS,
    "mentee_person_id": _PERSONS,
    "mentor_person_id": _PERSONS,
    "from_person_id": _PERSONS,
    "to_person_id": _PERSONS,
    "pool_id": ("MentorPool", "ReservePool"),
    "program_id": ("PairingProgram",),
    "policy_id": ("MatchPolicy",),
    "mentee_id": ("ReserveCandidate", "AssignedCadre"),
    "mentor_id": ("Mentor",),
    "former_mentor_id": ("Mentor",),
    "other_mentee_id": ("ReserveCandidate", "AssignedCadre"),
    "roster_id": ("Roster",),
    "plan_id": ("MatchPlan",),
    "user_id": ("User",),
}
"""Which types the id in a field of this name may belong to."""


def to_draft(draft: type, given: Any, path: tuple[str, ...] = ()) -> Any:
    """The draft for an input; its fields have the names of the draft's. A change keeps what the input leaves out."""
    is_change = any(Unset in get_args(hint) for hint in _hints(draft).values())
    values: dict[str, Any] = {}
    for name in (item.name for item in fields(draft)):
        value = getattr(given, name, strawberry.UNSET)
        if value is strawberry.UNSET:
            continue
        if value is None and type(None) not in get_args(_hints(draft)[name]):
            if is_change:
                raise InvalidInputError(
                    f"`{camel_case(name)}` cannot be emptied; leave it out to keep it.",
                    f"{camel_case(name)} 不能为空；如不修改请勿填写。",
                    path=(*path, name),
                )
            continue
        values[name] = _plain(name, value, (*path, name))
    return draft(**values)


def _plain(name: str, value: Any, path: tuple[str, ...]) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return tuple(_plain(name, item, (*path, str(number))) for number, item in enumerate(value))
    if hasattr(type(value), "DRAFT"):
        return to_draft(type(value).DRAFT, value, path)
    if name in ID_TYPES:
        return key_of(value, *ID_TYPES[name], path=path)
    return value


@cache
def _hints(draft: type) -> dict[str, Any]:
    return get_type_hints(draft)
