"""Corrections of an uploaded file: cells replaced and rows left out, while the file stays as it came."""

from dataclasses import replace

import pytest
from sqlmodel import select

from app.db import Database
from app.errors import AppError, BatchHasErrorsError, InvalidInputError, InvalidStateError, NotFoundError
from app.models import AuditEvent, ImportBatch, ImportCorrection, ImportSource, Person
from app.models.vocabulary import AuditAction, ImportState, Role
from app.services.imports.corrections import CorrectionDraft
from tests.app.imports.conftest import Desk, candidates
from tests.app.rosters.conftest import candidate_row


def fix(cell: str, text: str | None) -> CorrectionDraft:
    return CorrectionDraft(sheet="台账", cell=cell, text=text)


def names(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(row.name for row in session.exec(select(Person)))


def test_a_corrected_cell_is_read_like_one_of_the_file_and_committed(desk: Desk) -> None:
    batch = desk.upload(candidates([candidate_row(1, 出生年月="八五年"), candidate_row(2)]))
    assert (batch.state, desk.issues(batch)) == (ImportState.HAS_ERRORS, [("G2", "INVALID_DATE")])
    batch = desk.correct(batch, fix("g2", "1985.06"))
    assert (batch.state, desk.issues(batch)) == (ImportState.READY, [])
    assert desk.commit(batch).counts == {
        "new": 2,
        "changed": 0,
        "unchanged": 0,
        "recorded": 0,
        "rejected": 0,
        "skipped": 0,
    }
    assert names(desk.database) == ["张丙", "张乙"]


def test_a_row_that_is_left_out_counts_as_skipped_and_comes_back_when_that_is_withdrawn(desk: Desk) -> None:
    batch = desk.upload(candidates([candidate_row(1, 出生年月="八五年"), candidate_row(2)]))
    batch = desk.correct(batch, CorrectionDraft(sheet="台账", row=2))
    assert (batch.state, batch.counts["new"], batch.counts["skipped"]) == (ImportState.READY, 1, 1)
    batch = desk.correct(batch, CorrectionDraft(sheet="台账", row=2, is_withdrawn=True))
    assert (batch.state, desk.issues(batch)) == (ImportState.HAS_ERRORS, [("G2", "INVALID_DATE")])


def test_an_emptied_cell_is_blank(lite_desk: Desk) -> None:
    batch = lite_desk.upload(candidates([candidate_row(1, 入库时间="很早")]))
    assert lite_desk.issues(batch) == [("R2", "INVALID_DATE")]
    assert lite_desk.correct(batch, fix("R2", None)).state is ImportState.READY


def test_what_is_put_into_a_cell_is_judged_as_well(lite_desk: Desk) -> None:
    batch = lite_desk.upload(candidates([candidate_row(1, 性别="x")]))
    batch = lite_desk.correct(batch, fix("E2", "女"), fix("D2", "=cmd|' /C calc'!A0"))
    assert batch.state is ImportState.HAS_ERRORS
    assert lite_desk.issues(batch) == [("D2", "INVALID_NAME")]


@pytest.mark.parametrize(
    "draft",
    [
        CorrectionDraft(sheet="台账"),
        CorrectionDraft(sheet="台账", cell="E2", row=2),
        CorrectionDraft(sheet="台账", cell="2E", text="女"),
        CorrectionDraft(sheet="台账", row=0),
        CorrectionDraft(sheet="", cell="E2", text="女"),
        CorrectionDraft(sheet="台账", cell="E2", text="女" * 501),
        CorrectionDraft(sheet="台账", row=2, text="女"),
    ],
)
def test_a_correction_that_names_no_place_is_refused_with_all_others(lite_desk: Desk, draft: CorrectionDraft) -> None:
    batch = lite_desk.upload(candidates([candidate_row(1, 性别="x")]))
    with pytest.raises(InvalidInputError):
        lite_desk.correct(batch, fix("E2", "女"), draft)
    with lite_desk.database.read() as session:
        assert session.exec(select(ImportCorrection)).all() == []
        assert session.get_one(ImportBatch, batch.id).state is ImportState.HAS_ERRORS


def test_what_is_corrected_is_kept_encrypted_and_never_told(desk: Desk) -> None:
    batch = desk.upload(candidates([candidate_row(1, 联系电话="1")]))
    desk.correct(batch, fix("V2", "13811112222"))
    with desk.database.read() as session:
        (stored,) = session.exec(select(ImportCorrection))
        (source,) = session.exec(select(ImportSource))
        events = session.exec(select(AuditEvent).where(AuditEvent.action == AuditAction.IMPORT_CORRECTED)).all()
    assert "13811112222" not in (stored.text_encrypted or "")
    assert desk.cipher.decrypt(stored.text_encrypted or "") == "13811112222"
    assert (source.content_encrypted or "").startswith("gAAAA")
    assert [event.detail["n_corrections"] for event in events] == [1]


def test_a_discarded_batch_keeps_nothing_of_its_file_and_takes_no_correction(desk: Desk) -> None:
    batch = desk.upload(candidates([candidate_row(1, 性别="x")]))
    desk.correct(batch, fix("E2", "y"))
    desk.discard(batch)
    with desk.database.read() as session:
        assert session.exec(select(ImportCorrection)).all() == []
        assert [row.content_encrypted for row in session.exec(select(ImportSource))] == [None]
        assert session.get_one(ImportBatch, batch.id).sheets_encrypted is None
    with pytest.raises(InvalidStateError) as refusal:
        desk.correct(batch, fix("E2", "女"))
    assert refusal.value.message_zh == "该批次已放弃，不能再作此操作；如需重新导入，请再次上传文件。"


def test_a_file_that_was_corrected_but_not_read_again_is_not_committed(lite_desk: Desk) -> None:
    batch = lite_desk.upload(candidates([candidate_row(1)]))

    def forget_reading(session: object) -> None:
        row = session.get_one(ImportBatch, batch.id)  # type: ignore[attr-defined]
        row.state = ImportState.UPLOADED

    lite_desk.write(forget_reading)
    with pytest.raises(BatchHasErrorsError):
        lite_desk.commit(batch)


def test_a_township_corrects_its_own_files_only(desk: Desk) -> None:
    with desk.database.read() as session:
        township = desk.places.officer(session, Role.TOWNSHIP_OFFICER, of=desk.places.banqiao)
    other = replace(township, subject="somebody else")
    batch = desk.upload(candidates([candidate_row(1, 性别="x")]), by=township)
    assert batch.sender_code == desk.places.banqiao.code
    with pytest.raises(NotFoundError):
        desk.correct(batch, fix("E2", "女"), by=other)
    assert desk.correct(batch, fix("E2", "女"), by=township).state is ImportState.READY


def test_an_unreadable_file_leaves_no_batch(desk: Desk) -> None:
    with pytest.raises(AppError):
        desk.upload(b"PK\x03\x04 not a workbook")
    with desk.database.read() as session:
        assert session.exec(select(ImportBatch)).all() == []
        assert session.exec(select(ImportSource)).all() == []
