"""What a server with a worker inside costs while nothing happens."""

import time
from pathlib import Path

import psutil
import pytest

from app.db import Database
from tests.jobs.machine import machine

pytestmark = pytest.mark.bench

SECONDS = 60.0
MOST = 0.03


def test_an_idle_server_takes_at_most_three_percent_of_a_core(database: Database, tmp_path: Path) -> None:
    with machine(database, tmp_path, n_candidates=2) as office:
        server = psutil.Process(office.server().popen.pid)
        time.sleep(5.0)
        before = server.cpu_times()
        time.sleep(SECONDS)
        after = server.cpu_times()
        share = (after.user + after.system - before.user - before.system) / SECONDS
        memory = server.memory_info().rss / 2**20
    kind = database.engine.dialect.name
    print(f"\nidle embedded server on {kind}: {share:.1%} of a core, {memory:.0f} MiB")  # noqa: T201
    assert share <= MOST
