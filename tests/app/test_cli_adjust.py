"""``touyan adjust``: by 编号, with a preview, and back again."""

import re
from pathlib import Path

import pytest
from click.testing import Result
from sqlmodel import col, select
from typer.testing import CliRunner

from app.cli import cli
from app.config import get_settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.models import MatchPlan, Mentor, MentorPool, Person, PlanAdjustment, PlanItem, ReserveCandidate
from app.models.vocabulary import MentorCategory
from tests.app.services.world import make_world, populate
from tests.conftest import TEST_DATA_KEY

FIRST, SECOND = "TOWNSHIP_MENTOR", "VILLAGE_MENTOR"


class Office:
    """A plan of three pairings in one file, and the command line on it."""

    def __init__(self, database: Database, cipher: PersonalDataCipher) -> None:
        self.database = database
        self.world = make_world(database, cipher)
        populate(self.world, n=3)
        run_id = self.world.run(self.world.program())
        with database.read() as session:
            self.plan = str(session.exec(select(MatchPlan.id).where(MatchPlan.run_id == run_id)).one())

    def run(self, *arguments: str, code: int = 0) -> str:
        url = self.database.engine.url.render_as_string(hide_password=False)
        result: Result = CliRunner(env={"COLUMNS": "200"}).invoke(
            cli, ["adjust", *arguments, "--database", url], catch_exceptions=False
        )
        assert result.exit_code == code, result.output
        return result.output

    def seats(self) -> dict[tuple[str, str], str]:
        """编号 of the mentor in every seat, by 编号 of the mentee."""
        mentee, mentor = Person.__table__.alias(), Person.__table__.alias()  # type: ignore[attr-defined]
        query = (
            select(mentee.c.code, PlanItem.slot_code, mentor.c.code)
            .join(ReserveCandidate, col(ReserveCandidate.id) == col(PlanItem.mentee_id))
            .join(mentee, mentee.c.id == col(ReserveCandidate.person_id))
            .join(Mentor, col(Mentor.id) == col(PlanItem.mentor_id))
            .join(mentor, mentor.c.id == col(Mentor.person_id))
        )
        with self.database.read() as session:
            return {(code, slot): other for code, slot, other in session.exec(query)}


@pytest.fixture
def office(sqlite_database: Database, cipher: PersonalDataCipher, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("TOUYAN_DATA_KEYS", TEST_DATA_KEY)
    get_settings.cache_clear()
    return Office(sqlite_database, cipher)


def row(*cells: str) -> str:
    return r"\s*│\s*".join(re.escape(cell) for cell in cells)


def test_a_swap_is_previewed_made_listed_and_undone(office: Office, tmp_path: Path) -> None:
    before = office.seats()
    a, b, _ = sorted({mentee for mentee, _ in before})
    x, y = before[a, FIRST], before[b, FIRST]
    swap = ("--swap", f"{a}:{FIRST}={b}:{FIRST}")
    shown = office.run(office.plan, *swap, "--preview")
    assert "preview, nothing is written" in shown
    assert re.search(row(a, FIRST, x, y), shown)
    assert re.search(row(b, FIRST, y, x), shown)
    assert "4 people have another partner" in shown
    assert office.seats() == before
    refused = office.run(office.plan, *swap, code=1)
    assert "INVALID_INPUT" in refused
    made = office.run(office.plan, *swap, "--reason", "会议研究决定")
    assert "adjustment 1" in made
    assert re.search(row("PINS", "0", "2"), made)
    assert office.seats() == {**before, (a, FIRST): y, (b, FIRST): x}
    listed = office.run("list", office.plan)
    assert f"{a}:{FIRST} = {y}, {b}:{FIRST} = {x}" in listed
    assert "in force" in listed
    office.run("undo", office.plan, "1", "--preview")
    assert office.seats() == {**before, (a, FIRST): y, (b, FIRST): x}
    undone = office.run("undo", office.plan, "1")
    assert re.search(row(a, FIRST, y, x), undone)
    assert office.seats() == before
    assert "undone by system" in office.run("list", office.plan)
    assert "INVALID_STATE" in office.run("undo", office.plan, "1", code=1)
    assert "NOT_FOUND" in office.run("undo", office.plan, "2", code=1)


def test_pins_and_forbidden_pairs_are_made_together_or_not_at_all(office: Office) -> None:
    before = office.seats()
    a, b, c = sorted({mentee for mentee, _ in before})
    y, z = before[b, FIRST], before[c, FIRST]
    clash = office.run(
        office.plan, "--pin", f"{a}={y}:{FIRST}", "--pin", f"{c}={y}", "--reason", "x", code=1
    )  # fmt: skip
    assert "PIN_CLASH" in clash
    assert "adjustment 1" in clash
    assert office.seats() == before
    made = office.run(office.plan, "--pin", f"{a}={y}:{FIRST}", "--forbid", f"{b}={z}", "--reason", "x")
    assert "adjustment 1, 2" in made
    after = office.seats()
    assert after[a, FIRST] == y
    assert after[b, FIRST] == before[a, FIRST]
    assert after[c, FIRST] == z
    with office.database.read() as session:
        assert session.exec(select(PlanAdjustment.number).order_by(col(PlanAdjustment.number))).all() == [1, 2]


def test_a_seat_that_becomes_empty_is_told_with_its_reasons(office: Office) -> None:
    before = office.seats()
    a, *_ = sorted({mentee for mentee, _ in before})
    others = [mentor for (_, slot), mentor in before.items() if slot == FIRST]
    forbidden = [text for mentor in others for text in ("--forbid", f"{a}={mentor}")]
    told = office.run(office.plan, *forbidden, "--preview")
    assert f"empty 空缺 {a} {FIRST}" in told
    assert "回避/组织原因" in told


def test_people_who_are_not_there_and_words_that_say_nothing_are_refused(office: Office) -> None:
    before = office.seats()
    a, b, _ = sorted({mentee for mentee, _ in before})
    assert "has no mentee 520624-99999" in office.run(office.plan, "--pin", f"520624-99999={b}", code=1)
    assert "There is no mentor 520624-99999" in office.run(office.plan, "--forbid", f"{a}=520624-99999", code=1)
    office.run(office.plan, "--pin", a, "--reason", "x", code=2)
    office.run(office.plan, "--swap", f"{a}={b}", "--reason", "x", code=2)
    assert "INVALID_INPUT" in office.run(office.plan, "--reason", "x", code=1)
    assert office.seats() == before


def test_a_person_in_several_pools_is_named_by_the_record(office: Office) -> None:
    before = office.seats()
    a, b, _ = sorted({mentee for mentee, _ in before})
    y = before[b, FIRST]
    with office.database.write() as session:
        person = session.exec(select(Person).where(Person.code == y)).one()
        record = session.exec(select(Mentor.id).where(Mentor.person_id == person.id)).one()
        office.world.mentor(
            session, office.world.places.tangtou.id, MentorCategory.TOWNSHIP_OFFICER, person_id=person.id
        )
        assert len(session.exec(select(MentorPool)).all()) == 2
    refused = office.run(office.plan, "--pin", f"{a}={y}", "--reason", "x", code=1)
    assert "several mentor pools" in refused
    office.run(office.plan, "--pin", f"{a}={record}:{FIRST}", "--reason", "x")
    assert office.seats()[a, FIRST] == y
