"""Mutated rosters that come back: each is read or refused in words, never anything else."""

from collections import Counter
from random import Random

import pytest

from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import WorkbookError
from app.models.vocabulary import ExportFormat, RosterLayout
from app.rosters.roster_file import read_roster
from app.services.roster_edits import compare_roster
from tests.app.rosters.round_trips import open_office
from tests.fuzz.mutants import MUTATORS

N_MUTANTS = 300

pytestmark = pytest.mark.slow


def test_a_mutated_roster_is_compared_or_refused(sqlite_database: Database, cipher: PersonalDataCipher) -> None:
    office = open_office(sqlite_database, cipher)
    files = {
        kind: [office.file(file_format, layout) for layout in RosterLayout]
        for kind, file_format in (("xlsx", ExportFormat.XLSX), ("csv", ExportFormat.CSV))
    }
    outcomes: Counter[str] = Counter()
    for seed in range(N_MUTANTS):
        random = Random(seed)
        kind = random.choice(sorted(files))
        mutate = random.choice(MUTATORS[kind])
        data = mutate(random.choice(files[kind]), random)
        try:
            file = read_roster(f"{seed}.{kind}", data)
            compared = compare_roster(office.database, office.world.officer, office.roster_id, file)
        except WorkbookError as refusal:
            # By the name of the file, or by the cell.
            is_named = f"{seed}.{kind}" in refusal.message_zh or "!" in refusal.message_zh
            outcomes["refused" if is_named else "refused without a name"] += 1
        except Exception as error:
            error.add_note(f"seed {seed}: {mutate.__name__} of {kind}")
            raise
        else:
            outcomes["identical" if compared.is_identical else "different"] += 1
    print(f"\n{dict(outcomes)}")  # noqa: T201
    assert outcomes["refused without a name"] == 0
    # Neither are all mutants refused, nor do they all pass.
    assert min(outcomes["refused"], outcomes["identical"], outcomes["different"]) >= N_MUTANTS // 20
