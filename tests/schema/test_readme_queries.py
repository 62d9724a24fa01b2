"""The queries in README.md are run, and answer what stands there.

A text ``<name>`` in an answer stands for an id or a cursor: the first answer gives it, later ones must repeat it, and
it is the variable ``$name`` of the queries that follow.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import col, select

from app.access import create_token
from app.config import Profile, Settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.main import create_app
from app.models import MatchPlan, Person
from app.models.vocabulary import MentorCategory, Role
from tests.app.services.world import make_world, populate
from tests.factories_graph import World
from tests.schema.door import Door

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"```graphql\n(.*?)```\n+```json\n(.*?)```", re.DOTALL)
NAMES = ("钟书华", "刘德明", "张建国", "安晓东", "冉光明", "田茂林", "石秀英", "杨再兴")


def blocks() -> list[tuple[str, Any]]:
    section = README.read_text(encoding="utf-8").split("\n## Queries\n")[1].split("\n## ")[0]
    return [(query, json.loads(answer)) for query, answer in BLOCK.findall(section)]


@pytest.fixture
def county(database: Database, cipher: PersonalDataCipher) -> Door:
    """A county with a published roster: three candidates, two township officers, three village secretaries."""
    office = make_world(database, cipher)
    populate(office, n=2)
    places = office.places
    with database.write() as session:
        office.candidate(session, places.guihua.id)
        secretary = MentorCategory.VILLAGE_SECRETARY
        office.mentor(session, places.dongxin.id, secretary, pool_id=places.banqiao.id, capacity=3)
    with database.write() as session:
        for person, name in zip(session.exec(select(Person).order_by(col(Person.code))).all(), NAMES, strict=True):
            person.name = name
    run_id = office.run(office.program())
    with database.read() as session:
        plan = session.exec(select(MatchPlan).where(MatchPlan.run_id == run_id)).one()
    office.publish(plan)
    world = World(cipher=cipher)
    with database.write() as session:
        world.tokens["county"] = create_token(
            session, role=Role.COUNTY_ADMIN, label="经办人", division=office.places.county
        )
    settings = Settings(profile=Profile.DEVELOPMENT, data_keys=SecretStr("not used: the cipher is passed in"))
    return Door(application=create_app(settings, database, cipher), world=world, database=database)


def same(written: Any, got: Any, known: dict[str, str]) -> bool:
    """Whether an answer is the written one; names of placeholders are learnt on the way."""
    if isinstance(written, str) and re.fullmatch(r"<\w+>", written):
        return isinstance(got, str) and known.setdefault(written[1:-1], got) == got
    if isinstance(written, dict):
        return (
            isinstance(got, dict) and list(written) == list(got) and all(same(written[k], got[k], known) for k in got)
        )
    if isinstance(written, list):
        return (
            isinstance(got, list)
            and len(written) == len(got)
            and all(same(a, b, known) for a, b in zip(written, got, strict=True))
        )
    return type(written) is type(got) and written == got


def test_ten_queries_answer_what_stands_in_the_readme(county: Door) -> None:
    known: dict[str, str] = {}
    found = blocks()
    assert len(found) == 10
    for query, answer in found:
        variables = {name: known[name] for name in re.findall(r"\$(\w+):", query)}
        got = county.ask(query, **variables)
        assert same(answer, got["data"], known), f"{query}\n{json.dumps(got, ensure_ascii=False, indent=2)}"
        assert "errors" not in got
    assert len(set(known.values())) == len(known) >= 5


@pytest.mark.parametrize(
    ("written", "got"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": 1, "b": 2}),
        ([1], []),
        ({"a": "<x>"}, {"a": 1}),
        (["<x>", "<x>"], ["1", "2"]),
    ],
)
def test_another_answer_is_noticed(written: Any, got: Any) -> None:
    assert not same(written, got, {})
