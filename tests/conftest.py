"""Fixtures shared by all tests: migrated databases of both kinds, copies of templates (``tests.stock``)."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from app.crypto import PersonalDataCipher
from app.db import Database
from tests.leaks.plugin import (
    pytest_runtest_makereport as pytest_runtest_makereport,
)
from tests.leaks.plugin import (
    pytest_runtest_setup as pytest_runtest_setup,
)
from tests.leaks.plugin import (
    pytest_sessionfinish as pytest_sessionfinish,
)
from tests.leaks.plugin import (
    pytest_sessionstart as pytest_sessionstart,
)
from tests.leaks.plugin import (
    pytest_terminal_summary as pytest_terminal_summary,
)
from tests.leaks.plugin import (
    pytest_testnodedown as pytest_testnodedown,
)
from tests.servers import TEST_DATA_KEY as TEST_DATA_KEY
from tests.servers import postgresql_server
from tests.stock import Files, Server

# Tables of the command line are as wide as the console is when their module is imported.
os.environ["COLUMNS"] = "400"


@pytest.fixture(scope="session")
def cipher() -> PersonalDataCipher:
    """The cipher of personal columns under a key of this test session."""
    return PersonalDataCipher([TEST_DATA_KEY])


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The templates of SQLite."""
    return Files(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def sqlite_template(files: Files) -> Path:
    """A migrated, empty SQLite file."""
    return Path(str(files.tables().database))


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The templates of PostgreSQL, on a server of this session."""
    with postgresql_server(is_lasting=False) as url:
        server = Server(url)
        yield server
        server.close()


@pytest.fixture
def sqlite_database(files: Files, tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty SQLite database of its own for one test."""
    with files.database(make_url(f"sqlite:///{tmp_path / 'touyan.db'}")) as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated, empty database of its own for one test, once on each kind."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    server: Server = request.getfixturevalue("server")
    with server.database(server.new_url()) as database:
        yield database
