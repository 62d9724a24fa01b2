"""What a large workbook costs: all faults of 4,000 rows at once, corrected, committed, taken back."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.import_run import N_FAULTS, N_ROWS

pytestmark = pytest.mark.bench


def test_4000_rows_with_300_faults_are_listed_corrected_committed_and_taken_back(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.import_run", str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    figures = json.loads(done.stdout)
    for name in ("listed", "corrected", "committed", "taken_back"):
        print(f"{name}: {figures[name]['cpu_s']} s CPU, {figures[name]['peak_mb']} MB at most")  # noqa: T201
    assert figures["counts"] == {
        "new": N_ROWS - N_FAULTS,
        "rejected": N_FAULTS,
        "changed": 0,
        "unchanged": 0,
        "recorded": 0,
        "skipped": 0,
    }
    assert figures["corrected_counts"]["new"] == N_ROWS
    assert figures["listed"]["cpu_s"] < 10
    assert figures["committed"]["cpu_s"] < 10
    assert figures["taken_back"]["peak_mb"] < 400
