"""A database on disk that is backed up and restored."""

from pathlib import Path

import pytest

from app.db import Database


@pytest.fixture
def live(sqlite_database: Database, tmp_path: Path) -> Path:
    return tmp_path / "touyan.db"
