"""Names that people give to their files: they are kept in clear, so no number of a person stays in them."""

import pytest
from sqlmodel import select

from app.models import ImportIssue, ImportRow
from app.rosters.importer import receive_and_read
from app.services.imports.corrections import CorrectionDraft
from tests.app.imports.conftest import Desk, candidates
from tests.app.rosters.conftest import candidate_row
from tests.workbooks import CANDIDATE_HEADERS, add_sheet, new_workbook, to_bytes


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("板桥镇2024年台账20240315.xlsx", "板桥镇2024年台账20240315.xlsx"),
        ("张三520624198506120010电话138-1234-5678.xlsx", "张三******************电话*************.xlsx"),
        ("C:\\台账\\张三１３８１２３４５６７８.xlsx", "张三***********.xlsx"),
        ("0856-7223456.xlsx", "************.xlsx"),
    ],
)
def test_numbers_of_people_do_not_stay_in_the_name_of_a_file(lite_desk: Desk, given: str, kept: str) -> None:
    desk = lite_desk
    batch = receive_and_read(
        desk.database,
        desk.viewer,
        desk.cipher,
        county_code="520624",
        file_name=given,
        data=candidates([candidate_row(1)]),
    )
    assert batch.file_name == kept
    assert desk.commit(batch).counts["new"] == 1


def test_numbers_of_people_do_not_stay_in_the_name_of_a_sheet(lite_desk: Desk) -> None:
    desk = lite_desk
    book = new_workbook()
    for number in (1, 2):
        add_sheet(book, f"1381234567{number}", CANDIDATE_HEADERS, [candidate_row(number, 性别="？")])
    batch = desk.upload(to_bytes(book))
    names = ["***********（1）", "***********（2）"]
    with desk.database.read() as session:
        for table in (ImportRow, ImportIssue):
            assert sorted(set(session.exec(select(table.sheet).where(table.batch_id == batch.id)))) == names
    cells = [cell for cell, _ in desk.issues(batch)]
    assert len(set(cells)) == 1
    drafts = (CorrectionDraft(sheet=name, cell=cells[0], text="男") for name in names)
    assert desk.commit(desk.correct(batch, *drafts)).counts["new"] == 2
