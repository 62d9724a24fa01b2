"""Password hashes that cost a test next to nothing; one test looks at the real parameters."""

import pytest
from argon2 import PasswordHasher

from app.access import passwords


def hash_cheaply(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the weakest parameters of Argon2id instead of 64 MiB and three passes."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", cheap)
    # The service has imported it by name.
    monkeypatch.setattr("app.services.access.signing.NOBODY", cheap.hash("the password of nobody"))
