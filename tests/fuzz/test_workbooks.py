"""Mutated workbooks: each becomes a batch or is refused, never anything else, in bounded time, and leaves no trace."""

import time
from collections import Counter
from io import BytesIO
from pathlib import Path
from random import Random
from zipfile import ZipFile

import pytest

from app.errors import WorkbookError
from tests.app.rosters.conftest import ImportOffice, candidate_row
from tests.app.rosters.conftest import office as office
from tests.app.rosters.hostile import with_shared_texts
from tests.app.rosters.test_county_workbook import county_workbook
from tests.fuzz.mutants import MUTATORS
from tests.habits.books import candidates
from tests.habits.files import save_xls, text_table
from tests.habits.test_headers import three_header_rows_with_groups_in_groups
from tests.habits.test_rows import example_row_and_merged_instructions_in_the_data_area
from tests.workbooks import CANDIDATE_HEADERS, to_bytes

N_MUTANTS = 600
SHARES = ("xlsx", "xlsx", "xlsx", "xls", "xls", "csv")
MOST_SECONDS = 10.0
"""Process time of one upload; the samples take a tenth of a second."""

pytestmark = pytest.mark.slow


def samples(folder: Path) -> dict[str, list[bytes]]:
    """Real files of every kind, small enough to be read many hundred times."""
    books = [county_workbook(), three_header_rows_with_groups_in_groups(),
             example_row_and_merged_instructions_in_the_data_area(),
             candidates(*(candidate_row(n) for n in range(1, 6)))]  # fmt: skip
    found: dict[str, list[bytes]] = {"xlsx": [], "xls": [], "csv": []}
    for number, book in enumerate(books):
        data = to_bytes(book)
        found["xlsx"].append(with_shared_texts(data) if number % 2 else data)
        save_xls(book, folder / "sample.xls")
        found["xls"].append((folder / "sample.xls").read_bytes())
    rows = [{header: header for header in CANDIDATE_HEADERS}, *(candidate_row(n) for n in range(1, 6))]
    table = [[str(row.get(header, "")) for header in CANDIDATE_HEADERS] for row in rows]
    found["csv"].append(text_table(table))
    return found


def test_the_samples_are_read_without_damage(office: ImportOffice, tmp_path: Path) -> None:
    for kind, files in samples(tmp_path).items():
        for data in files:
            assert office.upload(data, file_name=f"a.{kind}").counts["new"] >= 1


def test_a_mutated_workbook_is_a_batch_or_is_refused(office: ImportOffice, tmp_path: Path) -> None:
    files = samples(tmp_path)
    outcomes: Counter[str] = Counter()
    before = office.counts(with_imports=True)
    slowest = 0.0
    for seed in range(N_MUTANTS):
        random = Random(seed)
        kind = SHARES[seed % len(SHARES)]
        mutate = random.choice(MUTATORS[kind])
        data = mutate(random.choice(files[kind]), random)
        begin = time.process_time()
        with office.session.begin_nested() as trial:
            try:
                batch = office.upload(data, file_name=f"{seed}.{kind}")
            except WorkbookError as refusal:
                outcomes["refused" if f"{seed}.{kind}" in refusal.message_zh else "refused without a name"] += 1
            except Exception as error:
                error.add_note(f"seed {seed}: {mutate.__name__} of {kind}")
                raise
            else:
                outcomes[batch.state] += 1
                trial.rollback()
        slowest = max(slowest, time.process_time() - begin)
        assert slowest <= MOST_SECONDS, seed
        if seed % 25 == 0:
            assert office.counts(with_imports=True) == before, seed
    assert office.counts(with_imports=True) == before
    print(f"{dict(outcomes)}, slowest {slowest:.2f} s")  # noqa: T201
    assert outcomes["refused without a name"] == 0
    # Neither are all mutants refused, nor do they all pass.
    assert min(outcomes["refused"], outcomes["READY"] + outcomes["HAS_ERRORS"]) >= N_MUTANTS // 10


def test_mutants_of_a_seed_are_the_same_each_time(tmp_path: Path) -> None:
    for kind, (data, *_) in samples(tmp_path).items():
        for mutate in MUTATORS[kind]:
            first, second = mutate(data, Random(1)), mutate(data, Random(1))
            assert first == second or parts(first) == parts(second), mutate.__name__


def parts(data: bytes) -> dict[str, bytes]:
    """The parts of a whole workbook, without the one that holds the instant of saving."""
    with ZipFile(BytesIO(data)) as package:
        return {name: package.read(name) for name in package.namelist() if name != "docProps/core.xml"}
