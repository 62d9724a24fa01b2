"""What a sender's headers mean: said once, remembered for the next file, changed at any time."""

from dataclasses import replace

import pytest
from sqlmodel import select

from app.errors import BatchHasErrorsError, InvalidInputError, NotFoundError
from app.models import AuditEvent, ImportMapping
from app.models.vocabulary import AuditAction, ImportState, Role
from app.rosters.headers import has_column
from app.services.imports.evaluation import sheets_of
from app.services.imports.mappings import ColumnMeaning, SheetMeaning, change_mapping, forget_mapping
from app.services.imports.records import SheetKind
from tests.app.imports.conftest import Desk, candidates
from tests.app.rosters.conftest import candidate_row
from tests.workbooks import CANDIDATE_HEADERS

OWN_WORDS = {
    "乡镇（街道）": "所属单位",
    "村（社区）": "自然寨",
    "姓名": "同志",
    "来源渠道": "何处来",
    "培养方向": "何处去",
    "入库时间": "何时来",
    "审查进度": "到哪步",
    "出生年月": "生辰",
}
"""Headers that nobody could guess."""


def strange(number: int = 1) -> bytes:
    """A workbook of candidates under headers of its own."""
    headers = [OWN_WORDS.get(header, header) for header in CANDIDATE_HEADERS]
    row = {OWN_WORDS.get(header, header): value for header, value in candidate_row(number).items()}
    return candidates([row], headers)


def letter(header: str) -> str:
    return chr(ord("A") + CANDIDATE_HEADERS.index(header))


MEANING = SheetMeaning(
    sheet="台账",
    kind=SheetKind.CANDIDATES,
    header_row=1,
    columns=tuple(
        ColumnMeaning(letter=letter(header), key=key)
        for header, key in (
            ("乡镇（街道）", "township"),
            ("村（社区）", "village"),
            ("姓名", "name"),
            ("来源渠道", "source"),
            ("培养方向", "target_post"),
            ("入库时间", "pool_date"),
            ("审查进度", "review_level"),
            ("出生年月", "birth"),
        )
    ),
)


def test_headers_that_nobody_knows_wait_until_somebody_says_what_they_are(desk: Desk) -> None:
    batch = desk.upload(strange())
    assert batch.state is ImportState.PARSED
    (sheet,) = sheets_of(batch, desk.cipher)
    assert (sheet.name, sheet.kind) == ("台账", None)
    assert {column.letter: column.header for column in sheet.columns}["D"] == "同志"
    with pytest.raises(BatchHasErrorsError):
        desk.commit(batch)
    batch = desk.say(batch, MEANING)
    assert (batch.state, desk.issues(batch)) == (ImportState.READY, [])
    (sheet,) = sheets_of(batch, desk.cipher)
    assert (sheet.kind, sheet.n_rows) == ("CANDIDATES", 1)
    assert {column.letter: column.key for column in sheet.columns}["D"] == "name"


def test_the_next_file_of_the_same_sender_is_read_without_a_question_and_of_another_is_not(desk: Desk) -> None:
    sender = desk.places.banqiao.code
    desk.say(desk.upload(strange(1), sender=sender), MEANING)
    assert desk.upload(strange(2), sender=sender).state is ImportState.READY
    assert desk.upload(strange(3), sender=desk.places.tangtou.code).state is ImportState.PARSED


def test_what_is_said_for_one_file_only_is_not_remembered(lite_desk: Desk) -> None:
    batch = lite_desk.say(lite_desk.upload(strange(1)), replace(MEANING, is_remembered=False))
    assert batch.state is ImportState.READY
    assert lite_desk.upload(strange(2)).state is ImportState.PARSED


def test_a_sheet_can_be_left_out(lite_desk: Desk) -> None:
    batch = lite_desk.say(lite_desk.upload(strange()), SheetMeaning(sheet="台账", kind=None))
    assert (batch.state, batch.counts["new"]) == (ImportState.READY, 0)


@pytest.mark.parametrize(
    "meaning",
    [
        replace(MEANING, sheet="没有"),
        replace(MEANING, columns=(ColumnMeaning(letter="D", key="shoe_size"),)),
        replace(MEANING, columns=(ColumnMeaning(letter="D", key="name"), ColumnMeaning(letter="D", key="sex"))),
        replace(MEANING, columns=(ColumnMeaning(letter="D", key="name"), ColumnMeaning(letter="E", key="name"))),
    ],
)
def test_what_cannot_be_meant_is_refused(lite_desk: Desk, meaning: SheetMeaning) -> None:
    batch = lite_desk.upload(strange())
    with pytest.raises(InvalidInputError):
        lite_desk.say(batch, meaning)
    assert lite_desk.upload(strange()).state is ImportState.PARSED


def test_a_remembered_header_is_changed_and_forgotten_and_both_are_recorded(desk: Desk) -> None:
    desk.say(desk.upload(strange(1)), MEANING)
    with desk.database.read() as session:
        rows = {row.header: row for row in session.exec(select(ImportMapping))}
    assert {header: row.column_key for header, row in rows.items()}["同志"] == "name"
    assert len(rows) == len(OWN_WORDS)
    viewer = desk.viewer
    desk.write(
        lambda session: change_mapping(session, viewer, rows["生辰"].id, column_key="work_start", has_column=has_column)
    )
    assert ("C1", "MISSING_COLUMN") not in desk.issues(desk.upload(strange(2)))
    desk.write(lambda session: forget_mapping(session, viewer, rows["同志"].id))
    assert desk.upload(strange(3)).state is not ImportState.READY
    with desk.database.read() as session:
        found = session.exec(select(AuditEvent).where(AuditEvent.action == AuditAction.IMPORT_MAPPING_CHANGED)).all()
    assert [event.detail.get("step") for event in found] == [None, "changed", "forgotten"]


def test_headers_of_another_territory_look_unknown(desk: Desk) -> None:
    desk.say(desk.upload(strange(1)), MEANING)
    with desk.database.read() as session:
        row = session.exec(select(ImportMapping)).first()
        township = desk.places.officer(session, Role.TOWNSHIP_OFFICER, of=desk.places.banqiao)
        stranger = desk.places.officer(session, of=desk.places.foreign_county)
    assert row is not None
    for viewer in (township, stranger):
        with pytest.raises(NotFoundError):
            desk.write(lambda session, by=viewer: forget_mapping(session, by, row.id))


def test_a_column_that_a_kind_does_not_have_cannot_be_remembered(lite_desk: Desk) -> None:
    lite_desk.say(lite_desk.upload(strange(1)), MEANING)
    with lite_desk.database.read() as session:
        row = session.exec(select(ImportMapping)).first()
    assert row is not None
    with pytest.raises(InvalidInputError):
        lite_desk.write(
            lambda session: change_mapping(
                session, lite_desk.viewer, row.id, column_key="shoe_size", has_column=has_column
            )
        )


def test_yearly_columns_are_known_by_their_year() -> None:
    assert has_column(SheetKind.MENTORS, "appraisal_2024")
    assert not has_column(SheetKind.MENTORS, "appraisal_last")
    assert not has_column(SheetKind.CANDIDATES, "appraisal_2024")


def remembered(desk: Desk) -> set[str]:
    with desk.database.read() as session:
        return {row.header for row in session.exec(select(ImportMapping))}


def headless() -> bytes:
    """A workbook whose first row is a person, followed by another."""
    first, second = candidate_row(1), candidate_row(2)
    headers = [str(first.get(header) or f"无{place}") for place, header in enumerate(CANDIDATE_HEADERS)]
    return candidates([dict(zip(headers, (second.get(header) for header in CANDIDATE_HEADERS), strict=True))], headers)


def test_what_may_be_data_is_not_remembered_as_a_header(lite_desk: Desk) -> None:
    columns = tuple(
        ColumnMeaning(letter=letter(h), key=k) for h, k in (("身份证号", "id_number"), ("出生年月", "birth"))
    )
    lite_desk.say(lite_desk.upload(headless()), replace(MEANING, header_row=None, columns=columns))
    assert remembered(lite_desk) == set()


def test_where_there_is_no_header_the_first_row_is_read_and_nothing_is_remembered(lite_desk: Desk) -> None:
    batch = lite_desk.say(lite_desk.upload(headless()), replace(MEANING, header_row=0))
    assert [row for row, _ in lite_desk.changes(batch)] == [1, 2]
    assert remembered(lite_desk) == set()
