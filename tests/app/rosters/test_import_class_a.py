"""What a file of kinship or exclusions never tells: whether a declaration about two people is on file already."""

import pytest
from sqlmodel import col, select

from app.models import Exclusion, ImportBatch, ImportRow, KinshipDeclaration
from app.models.vocabulary import RowChange
from app.services.imports import undo_import
from tests.app.rosters.conftest import ImportOffice, candidate_row, mentor_row
from tests.workbooks import EXCLUSION_HEADERS, KINSHIP_HEADERS, add_sheet, new_workbook, to_bytes

MENTEE = candidate_row(1)
MENTORS = [mentor_row(1), mentor_row(2)]


def told(office: ImportOffice, batch: ImportBatch) -> object:
    """Everything that its sender sees of a file."""
    rows = office.session.exec(select(ImportRow).where(col(ImportRow.batch_id) == batch.id)).all()
    return batch.state, batch.counts, office.issues(batch), [(row.change, row.changed_columns) for row in rows]


def uploaded(office: ImportOffice, headers: list[str], word: str, mentor: int) -> ImportBatch:
    """A file of one row about the mentee and that mentor."""
    first, second = [header.split("/")[0] for header in headers if header.endswith("/姓名")]
    (last,) = [header for header in headers if header in ("关系", "原因")]
    row = {last: word}
    for part, person in ((first, MENTEE), (second, MENTORS[mentor])):
        row |= {f"{part}/{field}": person[field] for field in ("姓名", "身份证号")}
    book = new_workbook()
    add_sheet(book, "登记表", headers, [row])
    return office.upload(to_bytes(book))


@pytest.mark.parametrize(
    ("headers", "word", "other_word", "table"),
    [(KINSHIP_HEADERS, "夫妻", "近姻亲", KinshipDeclaration), (EXCLUSION_HEADERS, "其他", "投诉", Exclusion)],
)
def test_a_guessed_pair_reads_the_same_whether_it_is_on_file_or_not(
    office: ImportOffice,
    headers: list[str],
    word: str,
    other_word: str,
    table: type[KinshipDeclaration] | type[Exclusion],
) -> None:
    office.commit(office.upload_candidates([MENTEE]))
    office.commit(office.upload_mentors(MENTORS))
    office.commit(uploaded(office, headers, word, 0))
    known, changed, unknown = (
        uploaded(office, headers, said, mentor) for said, mentor in ((word, 0), (other_word, 0), (word, 1))
    )
    assert [row.change for row in office.all(ImportRow)][-1] is RowChange.RECORDED
    assert told(office, known) == told(office, changed) == told(office, unknown)
    for batch in (known, changed, unknown):
        office.commit(batch)
    assert told(office, known) == told(office, changed) == told(office, unknown)
    assert len(office.all(table)) == 2


@pytest.mark.parametrize(("headers", "word"), [(KINSHIP_HEADERS, "夫妻"), (EXCLUSION_HEADERS, "其他")])
def test_the_trail_counts_the_same_rows_whether_a_pair_was_on_file_or_not(
    office: ImportOffice, headers: list[str], word: str
) -> None:
    office.commit(office.upload_candidates([MENTEE]))
    office.commit(office.upload_mentors(MENTORS))
    n_before = len(office.recorded())
    unknown = office.commit(uploaded(office, headers, word, 0))
    undo_import(office.session, office.viewer, office.cipher, unknown.id)
    office.commit(uploaded(office, headers, word, 0))
    known = office.commit(uploaded(office, headers, word, 0))
    undo_import(office.session, office.viewer, office.cipher, known.id)
    events = office.recorded()[n_before:]
    written = [event.detail["n_rows_written"] for event in events if event.action == "IMPORT_COMMITTED"]
    undone = [
        (event.detail["n_removed"], event.detail["n_changed_back"], event.detail["n_restored"])
        for event in events
        if event.action == "IMPORT_UNDONE"
    ]
    assert (written, undone) == ([0, 0, 0], [(0, 0, 0), (0, 0, 0)])
