"""The contract with clients: what has changed since the last release, and which breaking changes nobody has named."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graphql import build_schema
from graphql.utilities import find_breaking_changes, find_dangerous_changes

RELEASED_FILE = Path(__file__).with_name("released.graphql")
"""The schema of the last release; `touyan schema --release` writes it."""
_PLACE = re.compile(r"@?\w+\.\w+(?:\(\w+:\))?|@\w+(?:\(\w+:\))?")
_UNION = re.compile(r"removed from union type (\w+)")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the schema: the coordinate of what changed, as in ``Query.cadre(code:)``, and what happened."""

    coordinate: str
    description: str


def breaking_changes(released: str, current: str) -> list[Change]:
    """Changes that can make an operation fail that worked with the released schema."""
    found = find_breaking_changes(build_schema(released), build_schema(current))
    return [Change(_coordinate(each.description), each.description) for each in found]


def dangerous_changes(released: str, current: str) -> list[Change]:
    """Changes that leave operations valid and can surprise their clients: enum values, defaults, optional inputs."""
    found = find_dangerous_changes(build_schema(released), build_schema(current))
    return [Change(_coordinate(each.description), each.description) for each in found]


def unnamed(changes: Sequence[Change], changelog: str) -> list[Change]:
    """The changes whose coordinate stands in no line under the heading of unreleased changes."""
    section = unreleased(changelog)
    return [each for each in changes if not re.search(rf"(?<![\w.@]){re.escape(each.coordinate)}(?![\w.(])", section)]


def unreleased(changelog: str) -> str:
    """What stands under `## Unreleased`; refuses a changelog without that heading."""
    parts = re.split(r"^## (.+)$", changelog, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    return sections["Unreleased"]


def _coordinate(description: str) -> str:
    union, place = _UNION.search(description), _PLACE.search(description)
    if union is not None:
        return union.group(1)
    if place is not None:
        return place.group(0)
    return description.removeprefix("Standard scalar ").split(" ", 1)[0]
