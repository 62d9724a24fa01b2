"""Names that people give to their files: they are kept in clear, so no number of a person stays in them."""

import pytest

from app.rosters.importer import receive_and_read
from tests.app.imports.conftest import Desk, candidates
from tests.app.rosters.conftest import candidate_row


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
