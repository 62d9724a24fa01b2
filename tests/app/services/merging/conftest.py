"""A county in which two records may be of one person."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session

from app.crypto import PersonalDataCipher
from app.db import Database
from tests.app.services.world import World, make_world


@pytest.fixture
def world(database: Database, cipher: PersonalDataCipher) -> World:
    return make_world(database, cipher)


@pytest.fixture
def session(world: World) -> Iterator[Session]:
    with world.database.write() as open_session:
        yield open_session
