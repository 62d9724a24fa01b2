"""The command line: the whole job on the Fushan sample, and refusals with exit code 1."""

import re
from pathlib import Path

import openpyxl
import pytest
from click.testing import Result
from sqlalchemy import func
from sqlmodel import select
from typer.testing import CliRunner

from app.cli import cli
from app.config import get_settings
from app.db import Database
from app.models import MatchPlan, MatchRun, Mentee, Person, Roster
from app.models.vocabulary import RunState
from tests.servers import TEST_DATA_KEY

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Shell:
    """Runs ``touyan`` against one database file in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "touyan.db"

    def run(self, *arguments: str, code: int = 0) -> str:
        result: Result = CliRunner(env={"COLUMNS": "200"}).invoke(
            cli, [*arguments, "--database", str(self.database)], catch_exceptions=False
        )
        assert result.exit_code == code, result.output
        return result.output

    def count(self, table: type) -> int:
        database = Database(f"sqlite:///{self.database}")
        with database.read() as session:
            found = session.exec(select(func.count()).select_from(table)).one()
        database.dispose()
        return found

    def first_id(self, text: str) -> str:
        found = re.search(UUID, text)
        assert found is not None, text
        return found[0]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.delenv("TOUYAN_DATABASE_URL", raising=False)
    get_settings.cache_clear()
    made = Shell(tmp_path)
    made.run("migrate")
    return made


@pytest.fixture
def fushan(shell: Shell) -> Path:
    shell.run("sample", "fushan", "--out", str(shell.folder / "workbooks"))
    (workbook,) = (shell.folder / "workbooks").glob("*.xlsx")
    return workbook


def test_fushan_goes_from_workbook_to_published_and_exported_roster(shell: Shell, fushan: Path) -> None:
    preview = shell.run("import", str(fushan), "--county", "141027")
    assert "new 98, changed 0, unchanged 0, recorded 2" in preview
    assert "preview only" in preview
    assert shell.count(Person) == 0
    assert "committed" in shell.run("import", str(fushan), "--county", "141027", "--commit")
    assert shell.count(Mentee) == 30
    again = shell.run("import", str(fushan), "--county", "141027", "--commit")
    assert "new 0, changed 0" in again

    program_id = shell.first_id(shell.run("program", "fushan"))
    dry = shell.run("match", program_id)
    assert "SEATS_FILLED" in dry
    assert re.search(r"SEATS_FILLED\s*│\s*30\s*│\s*30", dry)
    plan_id = re.search(rf"plan ({UUID})", shell.run("match", program_id, "--final"))
    assert plan_id is not None
    published = shell.run("publish", plan_id[1], "--approver", "李批准")
    assert "version 1" in published
    roster_id = re.search(rf"roster ({UUID})", published)
    assert roster_id is not None
    shell.run("export", roster_id[1], "--purpose", "核对", "--out", str(shell.folder / "out"))
    (file,) = (shell.folder / "out").glob("*.xlsx")
    sheet = openpyxl.load_workbook(file).active
    assert sheet is not None
    assert [row[0] for row in sheet.iter_rows(values_only=True) if isinstance(row[0], int)] == list(range(1, 31))

    folder = str(shell.folder / "forms")
    pool = ("--form", "MENTOR_POOL", "--division", "141027", "--format", "PDF")
    shell.run("export", *pool, "--purpose", "核对", "--out", folder)
    shell.run(
        "export", roster_id[1], "--form", "PUBLIC_NOTICE", "--format", "CSV", "--purpose", "公示", "--out", folder
    )
    names = sorted(path.name for path in (shell.folder / "forms").iterdir())
    assert [name.partition("_")[2].partition(".")[2] for name in names] == ["csv", "pdf"]
    assert "INVALID_INPUT" in shell.run("export", "--purpose", "核对", code=1)

    refused = shell.run("publish", plan_id[1], "--approver", "李批准", code=1)
    assert "INVALID_STATE" in refused
    assert "is PUBLISHED" in refused
    assert shell.count(Roster) == 1


def test_a_final_plan_with_shortfalls_needs_the_approvers_word(shell: Shell, fushan: Path) -> None:
    shell.run("import", str(fushan), "--county", "141027", "--commit")
    program_id = shell.first_id(shell.run("program", "fushan"))
    database = Database(f"sqlite:///{shell.database}")
    with database.write() as session:
        from app.models import Mentor
        from app.models.vocabulary import MentorState

        for mentor in session.exec(select(Mentor)).all()[:45]:
            mentor.state = MentorState.SUSPENDED
            session.add(mentor)
    database.dispose()
    plan_id = re.search(rf"plan ({UUID})", shell.run("match", program_id, "--final"))
    assert plan_id is not None
    refused = shell.run("publish", plan_id[1], "--approver", "李批准", code=1)
    assert "unfilled" in refused
    database = Database(f"sqlite:///{shell.database}")
    with database.read() as session:
        assert session.exec(select(MatchRun)).one().state is RunState.SOLVED_WITH_SHORTFALL
        assert session.exec(select(MatchPlan)).one().state == "PROPOSED"
    database.dispose()
    shell.run("publish", plan_id[1], "--approver", "李批准", "--approve-shortfalls")


def test_a_file_that_is_no_workbook_is_refused_by_name(shell: Shell, fushan: Path) -> None:
    fake = shell.folder / "名单.xlsx"
    fake.write_text("姓名,电话\n张三,1\n", encoding="utf-8")
    refused = shell.run("import", str(fake), "--county", "141027", "--commit", code=1)
    assert "UNREADABLE_WORKBOOK" in refused
    assert "名单.xlsx" in refused
    assert shell.count(Person) == 0


def test_an_unknown_village_is_refused_at_its_cell_and_nothing_is_written(shell: Shell, fushan: Path) -> None:
    workbook = openpyxl.load_workbook(fushan)
    sheet = workbook["选派干部"]
    cell = next(
        row[2] for row in sheet.iter_rows(min_row=5, max_row=20) if isinstance(row[2].value, str) and row[0].value
    )
    cell.value = "无此村"
    faulty = shell.folder / "faulty.xlsx"
    workbook.save(faulty)
    refused = shell.run("import", str(faulty), "--county", "141027", "--commit", code=1)
    assert f"选派干部!{cell.coordinate}" in refused
    assert shell.count(Person) == 0


def test_unknown_ids_counties_and_samples_are_refused(shell: Shell, fushan: Path) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    assert "NOT_FOUND" in shell.run("match", unknown, code=1)
    assert "NOT_FOUND" in shell.run("publish", unknown, "--approver", "李", code=1)
    assert "NOT_FOUND" in shell.run("export", unknown, "--purpose", "核对", code=1)
    assert "NOT_FOUND" in shell.run("import", str(fushan), "--county", "999999", code=1)
    assert "SAMPLE_EXISTS" in shell.run("sample", "fushan", "--out", str(shell.folder / "twice"), code=1)
    shell.run("sample", "beijing", code=2)


def test_a_programme_without_people_is_not_run(shell: Shell, fushan: Path) -> None:
    program_id = shell.first_id(shell.run("program", "fushan"))
    assert "EMPTY_POOL" in shell.run("match", program_id, code=1)
    assert shell.count(MatchRun) == 0


def test_tokens_are_printed_once_and_need_their_division(shell: Shell, fushan: Path) -> None:
    token = shell.run("token", "create", "--role", "COUNTY_ADMIN", "--division", "141027").strip()
    assert token.startswith("ty_")
    assert "INVALID_INPUT" in shell.run("token", "create", "--role", "COUNTY_ADMIN", code=1)
    assert "NOT_FOUND" in shell.run("token", "create", "--role", "COUNTY_ADMIN", "--division", "99", code=1)


def test_a_last_day_that_is_none_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    given = ["user", "create", "li.na", "--name", "李娜", "--role", "READER", "--until", "2026/12/31"]
    done = CliRunner(env={"COLUMNS": "500"}).invoke(cli, [*given, "--database", str(tmp_path / "none.db")])
    assert (done.exit_code, "2026/12/31" in done.output, "%Y-%m-%d" in done.output) == (2, True, True)
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_cannot_be_used_is_refused_without_a_traceback_or_a_password(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUYAN_DATA_KEYS", TEST_DATA_KEY)
    get_settings.cache_clear()

    def refuse(url: str) -> str:
        result = CliRunner(env={"COLUMNS": "200"}).invoke(
            cli, ["program", "fushan", "--database", url], catch_exceptions=False
        )
        assert result.exit_code == 1
        assert "geheim" not in result.output
        return " ".join(result.output.split())  # where the console breaks lines depends on the length of the path

    assert "must begin with sqlite:///" in refuse("mysql://u:geheim@host/db")
    assert "UNAVAILABLE The database cannot be reached" in refuse("postgresql+psycopg://u:geheim@127.0.0.1:1/db")
    assert "touyan migrate" in refuse(str(tmp_path / "empty.db"))
    assert "folder that exists" in refuse(str(tmp_path / "missing" / "x.db"))


def test_a_programme_before_its_places_is_refused(shell: Shell) -> None:
    assert "load places first" in shell.run("program", "fushan", code=1)


def test_templates_of_every_kind_are_written_and_read_back_as_empty(shell: Shell, fushan: Path) -> None:
    folder = shell.folder / "templates"
    told = shell.run("template", "all", "--county", "141027", "--out", str(folder))
    assert len(list(folder.glob("*.xlsx"))) == len(told.split()) == 14
    (candidates,) = folder.glob("*村级后备力量信息台账*.xlsx")
    assert "new 0, changed 0, unchanged 0, recorded 0, rejected 0" in shell.run(
        "import", str(candidates), "--county", "141027"
    )
    shell.run("template", "nothing", "--county", "141027", code=2)
    assert "NOT_FOUND" in shell.run("template", "mentors", "--county", "999999", code=1)
