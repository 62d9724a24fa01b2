"""The contract with clients: breaking changes are named, refusals have their code, nullability follows rules."""

from pathlib import Path

import pytest

from app.errors import AppError
from schema.context import NotSignedInError, TooCostlyError
from schema.contract import RELEASED_FILE, Change, breaking_changes, dangerous_changes, unnamed
from schema.export import sdl
from schema.problems import UserErrorCode
from tests.house.test_conventions import error_classes

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
OLD = """
type Query { cadre(id: ID, code: String = "a"): Cadre mentors: [Cadre!]! people: Person share: Float count: Int }
interface Named { name: String! }
type Cadre implements Named { name: String! years: Float! load: Int }
type Mentor { name: String! }
union Person = Cadre | Mentor
enum State { ACTIVE ENDED }
input Filter { state: State }
directive @masked on FIELD
"""
CHANGES = [
    ('id: ID, code: String = "a"', "id: ID", "Query.cadre(code:)"),
    ("id: ID, code: String", "id: ID!, code: String", "Query.cadre(id:)"),
    ("mentors: [Cadre!]!", "mentors: [Cadre!]", "Query.mentors"),
    (" load: Int", "", "Cadre.load"),
    ("years: Float!", "years: String!", "Cadre.years"),
    (" implements Named", "", "Cadre"),
    ("Cadre | Mentor", "Cadre", "Person"),
    (" ENDED", "", "State.ENDED"),
    ("state: State", "state: State age: Int!", "Filter.age"),
    ("state: State", "state: String", "Filter.state"),
    ("directive @masked on FIELD", "", "@masked"),
]


@pytest.mark.parametrize(("before", "after", "coordinate"), CHANGES)
def test_a_breaking_change_must_be_named_by_its_coordinate(before: str, after: str, coordinate: str) -> None:
    changes = breaking_changes(OLD, OLD.replace(before, after))
    assert [each.coordinate for each in changes] == [coordinate]
    head, tail = "# Changelog\n\n## Unreleased\n", "\n## 0.0.9\n"
    assert unnamed(changes, f"{head}- `{coordinate}` is another.{tail}") == []
    for text in ("- Something.", f"- `{coordinate}x` is another.", f"- `x{coordinate}` is another."):
        assert unnamed(changes, f"{head}{text}{tail}- `{coordinate}` is another.") == changes


def test_changes_that_break_nothing_need_no_name() -> None:
    current = OLD.replace("load: Int", "load: Int! more: Int").replace("id: ID,", "id: ID, name: String,")
    assert breaking_changes(OLD, current) == []
    assert dangerous_changes(OLD, current) == [
        Change("Query.cadre(name:)", "An optional argument Query.cadre(name:) was added.")
    ]


def test_a_changelog_without_the_heading_is_no_excuse() -> None:
    with pytest.raises(KeyError, match="Unreleased"):
        unnamed([], "# Changelog\n\n## 1.0\n")


def test_every_breaking_change_since_the_release_is_named_in_the_changelog() -> None:
    released = RELEASED_FILE.read_text(encoding="utf-8")
    missing = unnamed(breaking_changes(released, sdl()), CHANGELOG.read_text(encoding="utf-8"))
    assert missing == [], "name these coordinates in CHANGELOG.md under Unreleased, and say what to do instead"


def test_every_refusal_has_its_code_in_the_schema_and_every_code_its_refusal() -> None:
    refusals = [
        each for each in error_classes() if each is not AppError and each.__module__.startswith(("app", "schema"))
    ]
    assert {NotSignedInError, TooCostlyError} < set(refusals)
    assert sorted(each.code for each in refusals) == sorted(UserErrorCode)
    assert AppError.code not in set(UserErrorCode)  # the base is never raised itself
