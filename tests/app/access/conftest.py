"""Passwords of these tests are hashed at little cost."""

import pytest

from tests.hashing import hash_cheaply


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_cheaply(monkeypatch)
