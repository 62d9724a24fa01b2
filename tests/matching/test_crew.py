"""Worker processes begin at once: what a program imports is imported for all of them together."""

import os
import subprocess
import sys
from pathlib import Path

import matching

HEAVY = """
with open("imports.txt", "a") as log:
    log.write("once\\n")

def nothing():
    pass
"""

PROGRAM = """
import gc
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from heavy import nothing
from matching import PRESETS, solve
from matching.control import Control
from matching.generate import generate_facts

if __name__ == "__main__":
    for seed in (7, 8, 9):
        result = solve(generate_facts(seed), PRESETS["TONGREN_2_PLUS_1"], control=Control(is_cancelled=lambda: False))
        print(result.status.value)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver")) as pool:
        print(pool.submit(gc.get_freeze_count).result() > 10_000)
"""


def test_workers_neither_import_the_program_again_nor_look_at_the_objects_they_begin_with(tmp_path: Path) -> None:
    (tmp_path / "heavy.py").write_text(HEAVY)
    (tmp_path / "program.py").write_text(PROGRAM)
    root = Path(matching.__file__).parents[1]
    path = os.pathsep.join((str(tmp_path), str(root)))
    told = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert told.stdout.split() == ["OPTIMAL", "OPTIMAL", "OPTIMAL", "True"], told.stderr
    # Once by the program, once by the process that its four workers come from.
    assert (tmp_path / "imports.txt").read_text().split() == ["once", "once"]
