"""A county's largest workbook through the whole import, in a process of its own; tells its figures as JSON."""

import json
import random
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from app.crypto import PersonalDataCipher, new_data_key
from app.db import Database, run_in_transaction
from app.rosters.importer import correct_and_read, receive_and_read
from app.sealing import SealKeys
from app.services.imports import commit_import, undo_import
from app.services.imports.corrections import CorrectionDraft
from migrations.runner import upgrade
from tests.app.rosters.conftest import candidate_row
from tests.factories import id_number, make_places
from tests.workbooks import CANDIDATE_HEADERS, add_sheet, new_workbook, to_bytes

N_ROWS, N_FAULTS = 4_000, 300
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建国"
CAREER = "2012.07-2016.03 板桥镇桂花村 村委会主任\n2016.03-至今 板桥镇桂花村 党支部书记"
FAULTS = (
    ("性别", "x", "男"),
    ("出生年月", "八五年", None),
    ("身份证号", "52062419850612001", ""),
    ("村（社区）", "不存在村", "桂花村"),
    ("联系电话", "123", ""),
)
"""Column, faulty text, and what corrects it; ``None``: the right value of the row."""

ResultT = TypeVar("ResultT")


def rows() -> list[dict[str, object]]:
    """Faultless rows of different people."""
    made = []
    for number in range(1, N_ROWS + 1):
        born = date(1960 + number % 40, 1 + number % 12, 1 + number % 28)
        letters = (SURNAMES[number % 32], GIVEN[number // 32 % 30], GIVEN[number // 960 % 30])
        person = {
            "序号": number,
            "姓名": "".join(letters),
            "出生年月": f"{born:%Y.%m}",
            "身份证号": id_number(born, number % 900 + 1),
            "联系电话": f"138{number:08d}",
            "任职经历": CAREER,
        }
        made.append(candidate_row(number % 400 + 1) | person)
    return made


def workbook(content: list[dict[str, object]]) -> bytes:
    """One sheet of candidates."""
    book = new_workbook()
    add_sheet(book, "台账", CANDIDATE_HEADERS, content)
    return to_bytes(book)


def faulty(content: list[dict[str, object]]) -> tuple[bytes, list[CorrectionDraft]]:
    """The workbook with faults in different rows, and what corrects them."""
    spoilt = [dict(row) for row in content]
    corrections = []
    for place, number in enumerate(sorted(random.Random(1).sample(range(N_ROWS), N_FAULTS))):
        header, text, right = FAULTS[place % len(FAULTS)]
        corrected = str(content[number][header]) if right is None else right
        spoilt[number][header] = text
        cell = f"{chr(ord('A') + CANDIDATE_HEADERS.index(header))}{number + 2}"
        corrections.append(CorrectionDraft(sheet="台账", cell=cell, text=corrected))
    return workbook(spoilt), corrections


def peak_mb() -> int:
    """The most memory that the process has held, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def main(folder: Path) -> dict[str, Any]:
    """Import, correct, commit and take back."""
    key = new_data_key()
    cipher = PersonalDataCipher([key])
    database = Database(f"sqlite:///{folder / 'touyan.db'}", seal_keys=SealKeys.of([key]))
    upgrade(database.engine, cipher=cipher, seal_keys=database.seal_keys)
    with database.write() as session:
        viewer = make_places(session).officer(session)
    data, corrections = faulty(rows())
    figures: dict[str, Any] = {"start_mb": peak_mb()}

    def timed(name: str, step: Callable[[], ResultT]) -> ResultT:
        cpu = time.process_time()
        result = step()
        figures[name] = {"cpu_s": round(time.process_time() - cpu, 2), "peak_mb": peak_mb()}
        return result

    batch = timed(
        "listed",
        lambda: receive_and_read(database, viewer, cipher, county_code="520624", file_name="台账.xlsx", data=data),
    )
    figures["counts"] = batch.counts
    batch = timed("corrected", lambda: correct_and_read(database, viewer, cipher, batch.id, corrections))
    figures["corrected_counts"] = batch.counts
    timed("committed", lambda: run_in_transaction(database, lambda s: commit_import(s, viewer, cipher, batch.id)))
    timed("taken_back", lambda: run_in_transaction(database, lambda s: undo_import(s, viewer, cipher, batch.id)))
    return figures


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))  # noqa: T201
