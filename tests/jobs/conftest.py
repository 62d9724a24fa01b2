"""Databases for real processes: they stand in files and servers of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db import Database
from tests.jobs.machine import Machine, machine


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Iterator[Machine]:
    """A machine with one small county, on both databases."""
    with machine(database, tmp_path) as made:
        yield made


@pytest.fixture
def lite_office(sqlite_database: Database, tmp_path: Path) -> Iterator[Machine]:
    """As ``office``, on SQLite only."""
    with machine(sqlite_database, tmp_path) as made:
        yield made
