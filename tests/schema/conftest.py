"""Fixtures of the tests of the GraphQL door."""

import pytest

from app.crypto import PersonalDataCipher
from app.db import Database
from tests.schema.door import Door, open_door


@pytest.fixture
def door(database: Database, cipher: PersonalDataCipher) -> Door:
    """The application in development over five candidates, on both databases."""
    return open_door(database, cipher)


@pytest.fixture
def lite(sqlite_database: Database, cipher: PersonalDataCipher) -> Door:
    """As ``door``, on SQLite only, for what does not depend on the database."""
    return open_door(sqlite_database, cipher)
