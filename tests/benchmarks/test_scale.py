"""The measurement of a province through the queue still runs: two programmes of two counties with ten mentees each."""

import re
from pathlib import Path

import pytest

from app.db import Database
from tests.benchmarks.province import ProvinceShape
from tests.benchmarks.scale import Prepared, prepare, tell_prepared, tell_worked, work


@pytest.mark.slow
def test_a_small_province_is_worked_on_to_its_end_and_every_figure_is_told(
    sqlite_database: Database, tmp_path: Path
) -> None:
    shape = ProvinceShape(n_programs=2, n_counties=2, n_mentees=10, n_townships=3, n_villages=4)
    prepared: Prepared = prepare(sqlite_database, shape)
    worked = work(sqlite_database, prepared, shape, tmp_path, 1)
    assert len(set(prepared.run_ids)) == 2
    assert worked.n_items + worked.n_shortfalls == 80
    assert worked.n_items >= 72
    assert worked.shares.n_shares == 4
    assert 0 < worked.shares.solve_s <= worked.shares.step_s
    assert worked.cpu_s > 0
    assert worked.resident_mib >= worked.own_mib > 0
    lines: list[str] = []
    tell_prepared("SQLite", shape, prepared, lines.append)
    tell_worked("SQLite", shape, worked, lines.append)
    text = "\n".join(lines)
    assert f"40 mentees, 80 mentors, 4 counties: {prepared.n_rows} rows in " in text
    assert f"{worked.n_items} of 80 seats filled" in text
    for figure in ("rows/s", "runs/min", "mentees/s", "MiB resident", "ms in its step"):
        assert re.search(rf"\d {re.escape(figure)}", text), figure
