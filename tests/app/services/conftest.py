"""Offices to enter people in, on one database or on both."""

from collections.abc import Iterator

import pytest

from app.crypto import PersonalDataCipher
from app.db import Database
from tests.app.services.office import Office, open_office


@pytest.fixture
def office(sqlite_database: Database, cipher: PersonalDataCipher) -> Iterator[Office]:
    yield from open_office(sqlite_database, cipher)


@pytest.fixture
def office_on_both(database: Database, cipher: PersonalDataCipher) -> Iterator[Office]:
    yield from open_office(database, cipher)
