"""One archived file for each form of a version: the same for ever, and every hand-out is it with a mark."""

import zipfile
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from io import BytesIO

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlmodel import select

from app.access import SYSTEM_VIEWER, Permission
from app.db import Database
from app.errors import ArchiveDamagedError
from app.models import ExportJob, RosterMaster
from app.models.vocabulary import ExportForm, ExportFormat, MaskLevel, RosterLayout
from app.rosters import exporter
from app.rosters.exporter import ExportDraft
from app.rosters.formtexts import FormTextDraft, set_form_text
from tests.app.rosters.export_samples import NOW, Territory, content, store_territory
from tests.exports import exported

LATER = NOW + timedelta(days=3_700)
OTHER = replace(SYSTEM_VIEWER, subject="江口县&组织科<1>")


def stored(database: Database) -> Territory:
    with database.write() as session:
        return store_territory(session, [content(number) for number in range(1, 4)], [content(9)])


def draft_for(territory: Territory, file_format: ExportFormat, **changes: object) -> ExportDraft:
    draft = ExportDraft(roster_id=territory.roster_id, format=file_format, purpose="报市委组织部备案")
    return replace(draft, **changes)  # type: ignore[arg-type]


def master_of(database: Database, job: ExportJob) -> RosterMaster:
    with database.read() as session:
        return session.get_one(RosterMaster, job.master_id)


def texts_of_pages(data: bytes) -> list[str]:
    """What can be selected on each page; of two-byte codes this reader returns the upper halves as well."""
    return [page.extract_text().replace("\0", "") for page in PdfReader(BytesIO(data)).pages]


@pytest.mark.parametrize("file_format", list(ExportFormat))
def test_years_later_the_archived_file_is_handed_out_whatever_has_changed(
    database: Database, file_format: ExportFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    territory = stored(database)
    draft = draft_for(territory, file_format)
    first = exported(database, SYSTEM_VIEWER, draft, now=NOW)
    with database.write() as session:
        texts = FormTextDraft(
            division_id=territory.prefecture.id,
            form=ExportForm.TWO_PLUS_ONE_ROSTER,
            texts={"annex": "附件9"},
            widths={},
        )
        set_form_text(session, SYSTEM_VIEWER, texts)

    def fail(*_: object) -> bytes:
        raise AssertionError("the file was made again")

    monkeypatch.setattr(exporter, "_written", fail)
    again = exported(database, SYSTEM_VIEWER, draft, now=NOW)
    later = exported(database, OTHER, draft, now=LATER)
    assert again.content == first.content
    assert later.content != first.content
    assert later.file_sha256 == sha256(later.content or b"").hexdigest()
    assert {first.master_id, again.master_id, later.master_id} == {first.master_id}
    master = master_of(database, first)
    assert master.sha256 == sha256(master.content).hexdigest()
    with database.read() as session:
        assert len(session.exec(select(RosterMaster)).all()) == 1


def test_each_layout_mask_and_part_has_its_own_file(sqlite_database: Database) -> None:
    territory = stored(sqlite_database)
    changes: tuple[dict[str, object], ...] = (
        {},
        {"layout": RosterLayout.STACKED},
        {"mask_level": MaskLevel.STRICT},
        {"county_id": territory.county.id},
        {"form": ExportForm.PUBLIC_NOTICE},
    )
    jobs = [
        exported(sqlite_database, SYSTEM_VIEWER, draft_for(territory, ExportFormat.CSV, **each), now=NOW)
        for each in changes
    ]
    assert len({job.master_id for job in jobs}) == len(changes)
    with sqlite_database.read() as session:
        viewer = territory.viewer(session, territory.county)
    # The officer of the county and the prefecture that asks for it get copies of the same file.
    own = exported(sqlite_database, viewer, draft_for(territory, ExportFormat.CSV), now=NOW)
    assert own.master_id == jobs[3].master_id


def test_the_mark_of_a_sheet_says_who_and_when_in_its_last_line_page_heads_and_properties(
    sqlite_database: Database,
) -> None:
    territory = stored(sqlite_database)
    job = exported(sqlite_database, OTHER, draft_for(territory, ExportFormat.XLSX), now=NOW)
    line = "导出人：江口县&组织科<1>　导出时间：2025-03-15 10:30:00　用途：报市委组织部备案　版本：第1版"
    book = load_workbook(BytesIO(job.content or b""))
    sheet = book.active
    assert sheet is not None
    assert sheet.cell(sheet.max_row, 1).value == line
    assert (book.properties.creator, book.properties.description) == (OTHER.subject, line)
    assert book.properties.modified == NOW.replace(tzinfo=None)
    with zipfile.ZipFile(BytesIO(job.content or b"")) as archive:
        page = archive.read("xl/worksheets/sheet1.xml").decode("utf-8")
    short = "江口县&amp;&amp;组织科&lt;1&gt; 2025-03-15 10:30"
    assert f"&amp;R{short}</oddFooter>" in page
    assert f"&amp;C&amp;8&amp;KBFBFBF{short}</oddHeader>" in page
    own = master_of(sqlite_database, job)
    with zipfile.ZipFile(BytesIO(job.content or b"")) as archive:
        assert not [name for name in archive.namelist() if own.own_short.encode() in archive.read(name)]


def test_a_pdf_hand_out_is_the_archived_file_and_an_update_with_the_mark_on_every_page(
    sqlite_database: Database,
) -> None:
    with sqlite_database.write() as session:
        territory = store_territory(session, [content(number) for number in range(1, 30)], [])
    job = exported(sqlite_database, OTHER, draft_for(territory, ExportFormat.PDF), now=NOW)
    master = master_of(sqlite_database, job)
    assert (job.content or b"").startswith(master.content)
    pages = texts_of_pages(job.content or b"")
    assert len(pages) > 2
    for number, text in enumerate(pages, start=1):
        assert "导出人：江口县&组织科<1>　导出时间：2025-03-15 10:30:00　用途：报市委组织部备案　版本：第1版" in text
        assert "江口县&组织科<1> 2025-03-15 10:30" in text
        assert f"第 {number} 页 共 {len(pages)} 页" in text
        # The header rows come again on every page.
        assert "单位及职务" in text
    assert "田维军" in pages[0]
    assert master.own_line in pages[-1]
    assert not [text for text in pages[:-1] if "填表人" in text]
    assert not [text for text in texts_of_pages(master.content) if "导出人" in text]


def test_an_archived_file_that_has_changed_is_not_handed_out(sqlite_database: Database) -> None:
    territory = stored(sqlite_database)
    job = exported(sqlite_database, SYSTEM_VIEWER, draft_for(territory, ExportFormat.CSV), now=NOW)
    with sqlite_database.write() as session:
        row = session.get_one(RosterMaster, job.master_id)
        row.content = row.content.replace("冉光明".encode(), "冉光暗".encode())
        session.add(row)
    with pytest.raises(ArchiveDamagedError, match="backup"):
        exported(sqlite_database, SYSTEM_VIEWER, draft_for(territory, ExportFormat.CSV), now=NOW)


def test_when_somebody_else_was_faster_theirs_is_the_file(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    territory = stored(database)
    draft = draft_for(territory, ExportFormat.CSV)
    made, calls = exporter._written, []

    def slow(*args: object) -> bytes:
        if not calls:
            calls.append(1)
            exported(database, OTHER, draft, now=NOW)
        return made(*args).replace("板桥镇".encode(), "板桥乡".encode())  # type: ignore[arg-type]

    monkeypatch.setattr(exporter, "_written", slow)
    job = exported(database, SYSTEM_VIEWER, draft, now=NOW)
    monkeypatch.undo()
    with database.read() as session:
        (master,) = session.exec(select(RosterMaster)).all()
    assert master.created_by == OTHER.subject
    assert job.master_id == master.id
    assert (job.content or b"").startswith(master.content[:200])


def test_scopes_without_export_get_nothing(sqlite_database: Database) -> None:
    territory = stored(sqlite_database)
    narrow = replace(SYSTEM_VIEWER, scopes=frozenset(Permission) - {Permission.EXPORT})
    with pytest.raises(Exception, match="EXPORT"):
        exported(sqlite_database, narrow, draft_for(territory, ExportFormat.CSV), now=NOW)
