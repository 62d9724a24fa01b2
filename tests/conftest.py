"""Fixtures shared by all tests: migrated databases of both kinds, made by copying a template."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from app.crypto import PersonalDataCipher
from app.db import Database
from tests.leaks.plugin import (
    pytest_runtest_makereport as pytest_runtest_makereport,
)
from tests.leaks.plugin import (
    pytest_runtest_setup as pytest_runtest_setup,
)
from tests.leaks.plugin import (
    pytest_sessionstart as pytest_sessionstart,
)
from tests.leaks.plugin import (
    pytest_terminal_summary as pytest_terminal_summary,
)
from tests.servers import TEST_DATA_KEY as TEST_DATA_KEY
from tests.servers import migrated, opened, postgresql_server

# Tables of the command line are as wide as the console is when their module is imported.
os.environ["COLUMNS"] = "400"


@pytest.fixture(scope="session")
def cipher() -> PersonalDataCipher:
    """The cipher of personal columns under a key of this test session."""
    return PersonalDataCipher([TEST_DATA_KEY])


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = migrated(f"sqlite:///{path}")
    with database.engine.connect() as connection:
        connection.connection.dbapi_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The URL of a PostgreSQL server that has a migrated database ``template_touyan``."""
    with postgresql_server() as url:
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        template = f"template_touyan_{uuid4().hex[:8]}"
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {template}"))
        template_url = make_url(url).set(database=template).render_as_string(False)
        migrated(template_url).dispose()
        yield template_url
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {template} WITH (FORCE)"))
        admin.dispose()


def _sqlite_database(template: Path, folder: Path) -> Database:
    path = folder / "touyan.db"
    shutil.copyfile(template, path)
    return opened(f"sqlite:///{path}")


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty SQLite database of its own for one test."""
    database = _sqlite_database(sqlite_template, tmp_path)
    yield database
    database.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty database of its own for one test, once on each kind."""
    if request.param == "sqlite":
        database = _sqlite_database(request.getfixturevalue("sqlite_template"), tmp_path)
        yield database
        database.dispose()
        return
    template_url = make_url(request.getfixturevalue("postgresql_url"))
    name = f"t_{uuid4().hex}"
    admin = create_engine(template_url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template_url.database}"))
    database = opened(template_url.set(database=name).render_as_string(False))
    yield database
    database.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()
