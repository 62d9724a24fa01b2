"""Handing out a form as a file: seen in one read, written outside any transaction, recorded in a second one."""

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid4

from sqlmodel import Session

from app.access import Permission, Viewer, record
from app.db import Database, run_in_transaction, utc_now
from app.models import ExportJob
from app.models.vocabulary import AuditAction, DivisionLevel, ExportForm, ExportFormat, ExportState
from app.rosters.csvform import write_csv
from app.rosters.drafts import ExportDraft as ExportDraft
from app.rosters.drafts import check_subject, checked_purpose
from app.rosters.grid import CHINA_TIME, FormDocument
from app.rosters.guard import (
    parts_of_archive,
    require_clean_grid,
    require_clean_texts,
    require_public,
    require_public_mark,
    texts_of_parts,
)
from app.rosters.marks import Mark, OwnMark, marked
from app.rosters.masters import Master, archive_master
from app.rosters.pdffont import FontChain
from app.rosters.pdfform import write_pdf
from app.rosters.printing import Printable, see
from app.rosters.xlsxform import write_xlsx

_MAX_TITLE_IN_FILE_NAME = 150
_NOT_IN_FILE_NAMES = re.compile(r'[\\/:*?"<>|“”‘’\s\x00-\x1f]')


@dataclass(frozen=True, slots=True, kw_only=True)
class _HandOut:
    master: Master
    content: bytes


def export_form(
    database: Database, viewer: Viewer, draft: ExportDraft, *, chain: FontChain, now: datetime | None = None
) -> ExportJob:
    """Make the viewer's part of a form a file, store it with its checksum, and record that it was handed out.

    A form of a published roster is made once and archived; every hand-out is that file with a mark. Nothing is stored
    when the file would hold an unmasked ID or mobile number, or, made for the public, a birth date.
    """
    require_form_classes(viewer)
    viewer.require(Permission.EXPORT)
    purpose = checked_purpose(draft.purpose)
    check_subject(draft)
    instant = now or utc_now()
    job_id = uuid4()
    with database.read() as session:
        wanted = see(session, viewer, draft, instant, job_id.hex[:12])
        session.expunge_all()
    mark = _mark(viewer, wanted, purpose, instant)
    require_clean_texts([mark.line])
    if wanted.form is ExportForm.PUBLIC_NOTICE:
        require_public_mark(mark.line, wanted.year)
    master = wanted.archived or _made(wanted, draft.format, chain)
    content = _marked(master, draft.format, mark, chain)
    made = _HandOut(master=master, content=content)
    return run_in_transaction(
        database, lambda session: _keep(session, viewer, draft, wanted, made, mark, purpose, job_id, chain)
    )


def require_form_classes(viewer: Viewer) -> None:
    """Refuse whoever may not read what an internal form prints: cadre data, and phones in their masked form."""
    viewer.require(Permission.READ_CADRE_DATA)
    viewer.require(Permission.READ_MASKED_DATA)


def file_name(title: str, version: str, file_format: ExportFormat) -> str:
    """``铜仁市2025年…花名册_v1.xlsx``: the title without what file systems refuse, and the version."""
    return f"{_NOT_IN_FILE_NAMES.sub('', title)[:_MAX_TITLE_IN_FILE_NAME]}_{version}.{file_format.lower()}"


def _mark(viewer: Viewer, wanted: Printable, purpose: str, instant: datetime) -> Mark:
    local = instant.astimezone(CHINA_TIME)
    return Mark(
        line=f"导出人：{viewer.subject}　导出时间：{local:%Y-%m-%d %H:%M:%S}　用途：{purpose}　{wanted.remark}",
        short=f"{viewer.subject} {local:%Y-%m-%d %H:%M}",
        who=viewer.subject,
        made_at=instant,
    )


def _made(wanted: Printable, file_format: ExportFormat, chain: FontChain) -> Master:
    document, own = wanted.document, wanted.own
    assert document is not None
    assert own is not None
    require_clean_grid(document.grid)
    require_clean_texts(document.texts)
    if wanted.form is ExportForm.PUBLIC_NOTICE:
        require_public(document, wanted.year)
    return Master(
        title=document.title,
        own=own,
        row_count=len(document.grid.blocks),
        content=_written(document, own, file_format, chain),
    )


def _written(document: FormDocument, own: OwnMark, file_format: ExportFormat, chain: FontChain) -> bytes:
    if file_format is ExportFormat.CSV:
        return write_csv(document)
    if file_format is ExportFormat.XLSX:
        return write_xlsx(document, copy_of=own.short)
    return write_pdf(document, chain)


def _marked(master: Master, file_format: ExportFormat, mark: Mark, chain: FontChain) -> bytes:
    content = marked(master.content, file_format, master.own, mark, chain)
    # The texts of a PDF file were looked at before it was made: they are not in it as texts any more.
    if file_format is ExportFormat.CSV:
        require_clean_texts([content.decode("utf-8")])
    if file_format is ExportFormat.XLSX:
        require_clean_texts(texts_of_parts(parts_of_archive(content)))
    return content


def _keep(
    session: Session,
    viewer: Viewer,
    draft: ExportDraft,
    wanted: Printable,
    made: _HandOut,
    mark: Mark,
    purpose: str,
    job_id: UUID,
    chain: FontChain,
) -> ExportJob:
    master, content = made.master, made.content
    if wanted.key is not None and master.id is None:
        master = archive_master(session, viewer, wanted.key, made.master)
        if master.content != made.master.content:
            # Somebody else was faster, by another release: theirs is the one that is handed out.
            content = _marked(master, draft.format, mark, chain)
    checksum = sha256(content).hexdigest()
    county_id = wanted.division.id if wanted.division.level is DivisionLevel.COUNTY else wanted.division.county_id
    job = ExportJob(
        id=job_id,
        form=wanted.form,
        roster_id=wanted.roster_id,
        program_id=wanted.program_id,
        plan_id=wanted.plan_id,
        master_id=master.id,
        division_id=wanted.division.id,
        county_id=county_id,
        format=draft.format,
        layout=draft.layout,
        row_order=draft.order,
        mask_level=wanted.mask_level,
        purpose=purpose,
        state=ExportState.DONE,
        file_name=file_name(master.title, wanted.version, draft.format),
        file_sha256=checksum,
        row_count=master.row_count,
        content=content,
        created_at=mark.made_at,
        updated_at=mark.made_at,
        created_by=viewer.subject,
        updated_by=viewer.subject,
    )
    session.add(job)
    action, target = _event(job)
    record(
        session,
        viewer,
        action,
        target,
        county_id=county_id,
        export_id=str(job.id),
        form=job.form.value,
        format=draft.format.value,
        layout=draft.layout.value,
        order=draft.order.value,
        mask_level=job.mask_level.value,
        county=county_id,
        division=job.division_id,
        purpose=purpose,
        row_count=job.row_count,
        sha256=checksum,
        master_sha256=master.checksum if master.id is not None else None,
    )
    session.flush()
    return job


def _event(job: ExportJob) -> tuple[AuditAction, str]:
    if job.roster_id is not None:
        return AuditAction.ROSTER_EXPORTED, f"Roster {job.roster_id}"
    if job.plan_id is not None:
        return AuditAction.FORM_EXPORTED, f"MatchPlan {job.plan_id}"
    return AuditAction.FORM_EXPORTED, f"Division {job.division_id}"
