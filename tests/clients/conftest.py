"""Fixtures of the tests with public clients: Node with its packages, and a real server with a county."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db import Database
from tests.clients.toolbox import NodeMissingError, Toolbox, open_toolbox
from tests.jobs.machine import Machine, machine
from tests.servers import TEST_SEAL_KEYS


def opened() -> Toolbox:
    """Node with the packages of the lock; skips the test where there is no Node, unless it is required, as in CI."""
    try:
        return open_toolbox()
    except NodeMissingError as missing:
        if os.environ.get("TOUYAN_NODE_REQUIRED"):
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def toolbox() -> Toolbox:
    """Node with the packages of the lock, installed once for all test processes."""
    return opened()


@pytest.fixture(scope="session")
def office(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A server in the development profile, with a worker inside, over a county of its own."""
    folder = tmp_path_factory.mktemp("clients")
    path = folder / "touyan.db"
    shutil.copyfile(sqlite_template, path)
    path.chmod(0o600)  # production wants its database for itself
    database = Database(f"sqlite:///{path}", seal_keys=TEST_SEAL_KEYS)
    with machine(database, folder) as made:
        made.server(TOUYAN_PROFILE="development")
        yield made
    database.dispose()
