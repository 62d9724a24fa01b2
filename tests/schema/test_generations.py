"""Reads in generations: who shares a read, and what a failure or a cancelled question does to the others."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlmodel import Session

from app.access import SYSTEM_VIEWER, Viewer
from app.db import Database
from schema.generations import Generations


class Squares:
    """A read that remembers for which keys it ran."""

    def __init__(self) -> None:
        self.runs: list[list[int]] = []

    def __call__(self, session: Session, viewer: Viewer, keys: Sequence[int]) -> dict[int, int]:
        self.runs.append(list(keys))
        return {key: key * key for key in keys}


def broken(session: Session, viewer: Viewer, keys: Sequence[int]) -> dict[int, int]:
    raise ValueError(keys)


def test_early_and_late_questions_share_one_read_and_each_key_is_read_once(sqlite_database: Database) -> None:
    read = Squares()

    async def ask(reads: Generations, key: int, n_turns: int) -> Any:
        for _ in range(n_turns):
            await asyncio.sleep(0)
        return await reads.load(read, read, key)

    async def operation() -> list[Any]:
        reads = Generations(sqlite_database, SYSTEM_VIEWER)
        answers = await asyncio.gather(ask(reads, 2, 0), ask(reads, 3, 9), ask(reads, 2, 30))
        return [*answers, await ask(reads, 3, 0)]

    assert asyncio.run(operation()) == [4, 9, 4, 9]
    assert read.runs == [[2, 3]]


def test_a_failed_read_fails_for_its_own_askers_only(sqlite_database: Database) -> None:
    read = Squares()

    async def operation() -> list[Any]:
        reads = Generations(sqlite_database, SYSTEM_VIEWER)
        questions = (reads.load(broken, broken, 1), reads.load(read, read, 2), reads.load(broken, broken, 3))
        return await asyncio.gather(*questions, return_exceptions=True)

    first, second, third = asyncio.run(operation())
    assert (type(first), second, type(third)) == (ValueError, 4, ValueError)


def test_a_cancelled_question_does_not_cancel_the_same_question_of_others(sqlite_database: Database) -> None:
    read = Squares()

    async def operation() -> Any:
        reads = Generations(sqlite_database, SYSTEM_VIEWER)
        given_up = asyncio.create_task(reads.load(read, read, 5))
        kept = asyncio.create_task(reads.load(read, read, 5))
        await asyncio.sleep(0)
        given_up.cancel()
        return await kept

    assert asyncio.run(operation()) == 25


def test_without_a_session_everybody_is_told_and_the_next_question_is_read(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Squares()

    def no_session() -> Any:
        raise OSError("no database")

    async def operation() -> list[Any]:
        reads = Generations(sqlite_database, SYSTEM_VIEWER)
        with monkeypatch.context() as patch:
            patch.setattr(sqlite_database, "read", no_session)
            lost = await asyncio.gather(reads.load(read, read, 1), reads.load(read, read, 2), return_exceptions=True)
        return [*lost, await reads.load(read, read, 1)]

    first, second, third = asyncio.run(operation())
    assert (type(first), type(second), third) == (OSError, OSError, 1)
