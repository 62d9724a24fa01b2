"""Files that must be refused, each with a message in both languages, and nothing written."""

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from app.errors import WorkbookError
from app.rosters.files.container import MAX_FILE_BYTES, read_upload
from app.rosters.workbook import read_sheets, require_known_table
from tests.app.rosters.conftest import ImportOffice, candidate_row
from tests.app.rosters.hostile import (
    MAIN,
    REFUSED,
    SHEET,
    TEXTS,
    biff_stream,
    good_xls,
    good_xlsx,
    in_container,
    with_part,
    with_record,
    with_shared_texts,
)
from tests.workbooks import CANDIDATE_HEADERS, add_sheet, new_workbook, to_bytes

MIB = 1024 * 1024


@pytest.mark.parametrize("defect", list(REFUSED))
def test_a_file_is_refused_in_words_of_both_languages(defect: str) -> None:
    build, english, chinese = REFUSED[defect]
    with pytest.raises(WorkbookError) as refusal:
        require_known_table(defect, read_sheets(defect, build()))
    assert english in refusal.value.message
    assert chinese in refusal.value.message_zh
    assert defect in refusal.value.message
    assert defect in refusal.value.message_zh
    assert refusal.value.path == ("file",)


def test_nothing_of_a_refused_file_is_written(office: ImportOffice) -> None:
    before = office.counts(with_imports=True)
    for defect, (build, _, _) in REFUSED.items():
        with pytest.raises(WorkbookError):
            office.upload(build(), file_name=defect)
    assert office.counts(with_imports=True) == before


def test_the_hostile_files_are_good_ones_but_for_their_defect() -> None:
    for data in (good_xlsx(), good_xls(), in_container(biff_stream(good_xls()))):
        (sheet,) = read_sheets("a", data)
        assert [row.cells["name"].text for row in sheet.rows] == ["张乙"]


def test_names_of_ranges_in_an_xls_are_not_evaluated() -> None:
    (sheet,) = read_sheets("a", with_record(0x0018, b"\xff" * 40))
    assert [row.cells["name"].text for row in sheet.rows] == ["张乙"]


class Endless:
    """A stream that never ends, and knows how much was taken from it."""

    n_read = 0

    def read(self, size: int = -1) -> bytes:
        assert 0 < size <= 4 * MIB
        self.n_read += size
        return b"PK\x03\x04".ljust(size, b"x")


def test_an_upload_is_refused_while_it_streams_in() -> None:
    stream = Endless()
    with pytest.raises(WorkbookError, match="larger than 50 MB") as refusal:
        read_upload("大.xlsx", stream)  # type: ignore[arg-type]
    assert "超过50 MB" in refusal.value.message_zh
    assert MAX_FILE_BYTES < stream.n_read <= MAX_FILE_BYTES + 4 * MIB
    with pytest.raises(WorkbookError, match="larger than 50 MB"):
        read_sheets("大.xlsx", b"PK\x03\x04" + b"\0" * (100 * MIB))
    data = good_xlsx()
    assert read_upload("a.xlsx", BytesIO(data)) == data


_MEASURE = """
import json, re, sys, time
from pathlib import Path
import app.rosters.importer
from app.errors import WorkbookError
from app.rosters.workbook import read_sheets
data = Path(sys.argv[1]).read_bytes()
def peak():
    # Not ru_maxrss: a child begins with that of its parent.
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before = peak()
begin = time.process_time()
try:
    outcome = sum(len(sheet.rows) for sheet in read_sheets("a", data))
except WorkbookError as refusal:
    outcome = refusal.message
after = peak()
print(json.dumps([outcome, (after - before) // 1024, after // 1024, time.process_time() - begin]))
"""


def measured(path: Path) -> tuple[object, int, int, float]:
    """Outcome, added and whole peak memory in MiB, and seconds of process time, of reading in a fresh process."""
    answer = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path)], capture_output=True, check=True, timeout=120, text=True
    )
    outcome, added_mib, peak_mib, seconds = json.loads(answer.stdout)
    print(f"{path.name}: {added_mib} MiB added, {peak_mib} MiB in all, {seconds:.1f} s")  # noqa: T201
    return outcome, added_mib, peak_mib, seconds


def big_sheet(path: Path, rows: str, *, part: str = SHEET) -> None:
    """A workbook one part of which is large; written in pieces."""
    body = with_part(part, None)
    with ZipFile(BytesIO(body)) as source, ZipFile(path, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
        with target.open(part, "w") as stream:
            if part == TEXTS:
                stream.write(f'<sst xmlns="{MAIN}">'.encode())
            else:
                stream.write(f'<worksheet xmlns="{MAIN}"><sheetData>'.encode())
            for number in range(1, 60_001):
                stream.write(rows.format(n=number, h=hash_of(number)).encode())
            stream.write(b"</sst>" if part == TEXTS else b"</sheetData></worksheet>")


def hash_of(number: int) -> str:
    """Sixteen signs that pack badly, so that the part is no bomb by its ratio."""
    return f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "row", "part", "refusal"),
    [
        ("blank cells", '<row r="{n}">' + "<c/>" * 200 + '<c t="e"><v>{h}</v></c></row>', SHEET, "too many"),
        ("foreign tags", '<row r="{n}">' + '<x xmlns="u"/>' * 80 + '<c t="e"><v>{h}</v></c></row>', SHEET, None),
        ("texts in cells", '<row r="{n}">' + '<c t="str"><v>{h}{h}</v></c>' * 20 + "</row>", SHEET, "too many"),
        ("shared texts", "<si><t>{h}</t></si>" * 45, TEXTS, "too many"),
        ("long shared texts", "<si><t>{h}" + "汉" * 300 + "</t></si>", TEXTS, None),
    ],
)  # fmt: skip
def test_a_bomb_of_more_than_50_mb_costs_little_memory(
    tmp_path: Path, name: str, row: str, part: str, refusal: str | None
) -> None:
    path = tmp_path / f"{name}.xlsx"
    big_sheet(path, row, part=part)
    with ZipFile(path) as archive:
        assert archive.getinfo(part).file_size > 50_000_000 or name == "texts in cells"
    outcome, added_mib, peak_mib, seconds = measured(path)
    if refusal is not None:
        assert refusal in str(outcome)
    assert added_mib <= 200
    assert peak_mib <= 400
    assert seconds <= 30


@pytest.mark.slow
def test_a_huge_sparse_sheet_costs_little_memory(tmp_path: Path) -> None:
    """One cell in each of the last rows and columns, hidden rows and columns without end, and styles everywhere."""
    path = tmp_path / "sparse.xlsx"
    rows = "".join(f'<row r="{n}" hidden="1"><c r="XFD{n}" t="e"><v>x</v></c></row>' for n in range(900_000, 1_048_577))
    body = (
        f'<worksheet xmlns="{MAIN}"><cols><col min="1" max="16384" hidden="1"/></cols><sheetData>{rows}</sheetData>'
        "</worksheet>"
    )
    path.write_bytes(with_part(SHEET, lambda _: body.encode()))
    outcome, added_mib, _, seconds = measured(path)
    assert outcome == 0
    assert added_mib <= 200
    assert seconds <= 30


@pytest.mark.slow
def test_an_xls_of_blank_cells_and_far_cells_costs_little_memory(tmp_path: Path) -> None:
    stream = biff_stream(good_xls())
    sheet = stream.index(b"\x09\x08", 10)
    first = sheet + 4 + stream[sheet + 2]
    blanks = b"".join(
        b"\xbe\x00" + (6 + 2 * 255).to_bytes(2, "little") + row.to_bytes(2, "little") + b"\0\0" + b"\x0f\0" * 255
        + b"\xfe\0"
        for row in range(100, 7_000)
    )  # fmt: skip
    path = tmp_path / "blank cells.xls"
    path.write_bytes(in_container(stream[:first] + blanks + stream[first:]))
    outcome, added_mib, _, seconds = measured(path)
    assert outcome == 1
    assert added_mib <= 200
    assert seconds <= 30
    path.write_bytes(in_container(stream[:first] + blanks * 2 + stream[first:]))
    outcome, added_mib, _, _ = measured(path)
    assert "too many cells" in str(outcome)
    assert added_mib <= 100


@pytest.mark.bench
def test_4000_rows_of_30_columns_are_read_within_4_seconds_and_150_mb(tmp_path: Path) -> None:
    headers = {f"附加{n}": f"内容{n}" for n in range(7)}
    rows = [
        candidate_row(1)
        | {"序号": n, "联系电话": f"138{n:08d}", "籍贯": f"贵州{n}", "备注": f"无{n}"}
        | {key: f"{text}-{n}" for key, text in headers.items()}
        for n in range(1, 4_001)
    ]
    book = new_workbook()
    add_sheet(book, "台账", (*CANDIDATE_HEADERS, *headers), rows)
    for name, data in (("4000.xlsx", with_shared_texts(to_bytes(book))), ("4000.xls", good_xls(*rows))):
        path = tmp_path / name
        path.write_bytes(data)
        outcome, added_mib, _, seconds = measured(path)
        assert outcome == 4_000
        assert added_mib <= 150
        assert seconds <= 4
